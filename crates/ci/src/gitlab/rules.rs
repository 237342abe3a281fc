//! When a job of GitLab runs, and on which refs (GitLab Docs, "CI/CD YAML syntax reference", `rules`, `only`,
//! `except`).

use serde_json::{Map, Value};
use trustwalk_core::evidence::{Refs, Trigger};

use crate::value::{items, member, texts};

/// What starts a job, as far as `rules`, `only` and `except` tell.
pub(super) fn triggers(job: &Map<String, Value>) -> Vec<Trigger> {
    let mut all = Vec::new();
    if let Some(rules) = job.get("rules") {
        for rule in items(Some(rules)) {
            if member(rule, "when").as_deref() == Some("never") {
                continue;
            }
            let files = rule.get("changes").is_some() || rule.get("exists").is_some();
            let of = rule_triggers(&member(rule, "if").unwrap_or_default()).into_iter();
            all.extend(of.map(|t| Trigger { conditional: t.conditional || files, ..t }));
        }
        return all;
    }
    let Some(only) = job.get("only") else { return all };
    let except = texts(job.get("except").map(|e| e.get("refs").unwrap_or(e)));
    for name in texts(Some(only.get("refs").unwrap_or(only))) {
        let refs = match name.as_str() {
            "tags" => Refs::Tags { only: Vec::new(), except: Vec::new() },
            "branches" => Refs::Branches { only: Vec::new(), except: except.clone() },
            "merge_requests" => Refs::PullRequest,
            "schedules" | "pipelines" | "triggers" | "web" | "api" | "pushes" | "external" | "chat" => Refs::Unknown,
            // A name or a pattern may be a branch's or a tag's.
            pattern => {
                let only = vec![of_pattern(pattern)];
                all.push(trigger(pattern, Refs::Tags { only: only.clone(), except: Vec::new() }));
                Refs::Branches { only, except: Vec::new() }
            }
        };
        all.push(trigger(&name, refs));
    }
    all
}

fn trigger(event: &str, refs: Refs) -> Trigger {
    Trigger { event: event.to_owned(), refs, conditional: true }
}

/// The triggers of one condition: those comparisons of one variable that name a ref; anything else leaves it open.
fn rule_triggers(condition: &str) -> Vec<Trigger> {
    if condition.contains("||") {
        return condition.split("||").flat_map(rule_triggers).collect();
    }
    let mut refs = Refs::Unknown;
    // What says nothing of the ref decides besides it.
    let mut conditional = false;
    for part in condition.split("&&").map(|p| p.trim().trim_matches(['(', ')']).trim()) {
        let value = |operator: &str| {
            let (name, value) = part.split_once(operator)?;
            Some((name.trim().trim_start_matches('$'), value.trim().trim_matches(['"', '\''])))
        };
        let compared =
            value("==").map(|(n, v)| (n, v.to_owned())).or_else(|| value("=~").map(|(n, v)| (n, of_pattern(v))));
        refs = match (compared, part) {
            (Some(("CI_COMMIT_BRANCH", v)), _) if v.contains("CI_DEFAULT_BRANCH") => Refs::DefaultBranch,
            (Some(("CI_COMMIT_BRANCH", v)), _) if !v.contains('$') => {
                Refs::Branches { only: vec![v], except: Vec::new() }
            }
            (Some(("CI_COMMIT_TAG", v)), _) if !v.contains('$') => Refs::Tags { only: vec![v], except: Vec::new() },
            (Some(("CI_PIPELINE_SOURCE", v)), _) if v == "merge_request_event" => Refs::PullRequest,
            (None, "$CI_COMMIT_TAG") => Refs::Tags { only: Vec::new(), except: Vec::new() },
            (None, "$CI_COMMIT_BRANCH") => Refs::Branches { only: Vec::new(), except: Vec::new() },
            _ => {
                conditional = true;
                refs
            }
        };
    }
    let event = if condition.is_empty() { "any pipeline".to_owned() } else { event(&refs).to_owned() };
    vec![Trigger { conditional, ..trigger(&event, refs) }]
}

fn event(refs: &Refs) -> &'static str {
    match refs {
        Refs::PullRequest | Refs::PullRequestTarget => "merge request",
        Refs::DefaultBranch => "default branch",
        Refs::Branches { .. } => "branch",
        Refs::Tags { .. } => "tag",
        Refs::MergeQueue | Refs::Caller | Refs::Unknown => "a rule that is not understood",
    }
}

/// A name, or a regular expression as a filter that takes no less than it.
pub(crate) fn of_pattern(pattern: &str) -> String {
    let Some(expression) = pattern.strip_prefix('/').and_then(|p| p.rsplit_once('/')).map(|(p, _)| p) else {
        return pattern.replace(['*', '?', '+', '['], "**");
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/');
    let Some(anchored) = expression.strip_prefix('^') else { return "**".to_owned() };
    let rest = anchored.find(|c| !plain(c)).unwrap_or(anchored.len());
    let (literal, tail) = anchored.split_at_checked(rest).unwrap_or((anchored, ""));
    match tail {
        "$" => literal.to_owned(),
        _ if expression.contains('|') => "**".to_owned(),
        // What is repeated may be missing.
        _ if tail.starts_with(['*', '?', '{']) => {
            let mut kept = literal.to_owned();
            kept.pop();
            format!("{kept}**")
        }
        _ => format!("{literal}**"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_tell_refs_where_they_name_them() {
        let refs = |rule: &str| rule_triggers(rule).into_iter().map(|t| t.refs).collect::<Vec<_>>();
        let branch = |only: &str| Refs::Branches { only: vec![only.to_owned()], except: Vec::new() };
        assert_eq!(refs("$CI_COMMIT_BRANCH == \"main\""), [branch("main")]);
        assert_eq!(refs("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $X"), [Refs::DefaultBranch]);
        assert_eq!(refs("$CI_PIPELINE_SOURCE == 'merge_request_event'"), [Refs::PullRequest]);
        assert_eq!(refs("$CI_COMMIT_BRANCH =~ /^release-.*$/ || $CI_COMMIT_TAG").len(), 2);
        assert_eq!(refs("$X == \"1\""), [Refs::Unknown]);
        for (pattern, filter) in
            [("/^v1$/", "v1"), ("/^rel.*/", "rel**"), ("/x/", "**"), ("/^ab?/", "a**"), ("main", "main")]
        {
            assert_eq!(of_pattern(pattern), filter);
        }
    }

    #[test]
    fn a_rule_decides_where_it_names_refs_alone() {
        let conditional = |rule: &str| rule_triggers(rule).into_iter().map(|t| t.conditional).collect::<Vec<_>>();
        assert_eq!(conditional("$CI_COMMIT_BRANCH == 'main'"), [false]);
        assert_eq!(conditional("$CI_COMMIT_BRANCH == 'main' && $DEPLOY"), [true]);
        assert_eq!(conditional("$CI_COMMIT_TAG || $X"), [false, true]);
    }
}
