//! `if:` of a job or step, as far as it decides for which triggers it runs (GitHub Docs, "Evaluate expressions in
//! workflows and actions"). Three answers: it runs, it does not, it depends on the run.

use trustwalk_core::evidence::{Fit, Letters, Refs, Template, Trigger};

/// Expressions in expressions that are followed.
const LEVELS: usize = 32;

/// The triggers for which something with this condition runs, each as narrow as the condition makes it.
pub(super) fn narrowed(triggers: &[Trigger], condition: Option<&str>) -> Vec<Trigger> {
    let Some(condition) = condition.map(bare) else { return triggers.to_vec() };
    let mut all = Vec::new();
    for trigger in triggers {
        match holds(condition, &Run::of(trigger), 0) {
            Some(false) => {}
            Some(true) => all.push(trigger.clone()),
            None => match one_ref(condition, trigger) {
                Some(refs) => {
                    let whole = split(condition, "&&").len() == 1;
                    let conditional = trigger.conditional || !whole;
                    all.push(Trigger { event: trigger.event.clone(), refs, conditional });
                }
                None => all.push(Trigger { conditional: true, ..trigger.clone() }),
            },
        }
    }
    all
}

/// The condition without `${{ }}` around it.
fn bare(condition: &str) -> &str {
    let text = condition.trim();
    text.strip_prefix("${{").and_then(|t| t.strip_suffix("}}")).unwrap_or(text).trim()
}

/// What the contexts hold in a run of a trigger.
struct Run {
    event: String,
    full_ref: Template,
    ref_name: Template,
    ref_type: Option<&'static str>,
}

impl Run {
    fn of(trigger: &Trigger) -> Self {
        let any = |name: &str| Template::default().unknown(name, Letters::Something);
        let one = |only: &[String], name| match only {
            [literal] if !literal.contains(['*', '?', '+', '[', '!', '\\']) => Template::from(literal.as_str()),
            _ => any(name),
        };
        let on = |place: &str, name: Template| (Template::from(place).then(&name), name);
        let ((full_ref, ref_name), ref_type) = match &trigger.refs {
            Refs::Branches { only, .. } => (on("refs/heads/", one(only, "branch")), Some("branch")),
            Refs::Tags { only, .. } => (on("refs/tags/", one(only, "tag")), Some("tag")),
            Refs::DefaultBranch | Refs::PullRequestTarget => (on("refs/heads/", any("branch")), Some("branch")),
            Refs::MergeQueue => {
                let queue = Template::from("gh-readonly-queue/").unknown("branch", Letters::Something);
                (on("refs/heads/", queue), Some("branch"))
            }
            Refs::PullRequest => {
                let merge = Template::default().unknown("number", Letters::Digits).text("/merge");
                (on("refs/pull/", merge), Some("branch"))
            }
            Refs::Caller | Refs::Unknown => ((any("ref"), any("ref")), None),
        };
        // A called workflow has its caller's event.
        let event = if trigger.refs == Refs::Caller { String::new() } else { trigger.event.clone() };
        Self { event, full_ref, ref_name, ref_type }
    }

    fn value(&self, operand: &str) -> Option<Template> {
        if let Some(text) = literal(operand) {
            return Some(Template::from(text.as_str()));
        }
        match operand.trim() {
            "github.event_name" if !self.event.is_empty() => Some(Template::from(self.event.as_str())),
            "github.ref" => Some(self.full_ref.clone()),
            "github.ref_name" => Some(self.ref_name.clone()),
            "github.ref_type" => self.ref_type.map(Template::from),
            _ => None,
        }
    }
}

fn literal(operand: &str) -> Option<String> {
    let inner = operand.trim().strip_prefix('\'')?.strip_suffix('\'')?;
    (!inner.replace("''", "").contains('\'')).then(|| inner.replace("''", "'"))
}

fn holds(text: &str, run: &Run, level: usize) -> Option<bool> {
    let text = text.trim();
    if level > LEVELS || text.is_empty() {
        return None;
    }
    let or = split(text, "||");
    if or.len() > 1 {
        let all: Vec<Option<bool>> = or.iter().map(|part| holds(part, run, level + 1)).collect();
        return if all.contains(&Some(true)) {
            Some(true)
        } else if all.contains(&None) {
            None
        } else {
            Some(false)
        };
    }
    let and = split(text, "&&");
    if and.len() > 1 {
        let all: Vec<Option<bool>> = and.iter().map(|part| holds(part, run, level + 1)).collect();
        return if all.contains(&Some(false)) {
            Some(false)
        } else if all.contains(&None) {
            None
        } else {
            Some(true)
        };
    }
    if let Some(inner) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        return holds(inner, run, level + 1);
    }
    for (operator, equal) in [("==", true), ("!=", false)] {
        if let [left, right] = split(text, operator).as_slice() {
            let found = equals(&run.value(left)?, &run.value(right)?)?;
            return Some(found == equal);
        }
    }
    if let Some(inner) = text.strip_prefix('!') {
        return holds(inner, run, level + 1).map(|b| !b);
    }
    match text {
        "true" | "always()" | "success()" | "!cancelled()" => return Some(true),
        "false" => return Some(false),
        _ => {}
    }
    let (function, arguments) = text.strip_suffix(')')?.split_once('(')?;
    let (value, part) = arguments.split_once(',')?;
    let (value, part) = (run.value(value)?, literal(part)?);
    if part.contains(['*', '?']) {
        return None;
    }
    let lower = part.to_lowercase();
    let pattern = match function.trim() {
        "startsWith" => format!("{lower}*"),
        "endsWith" => format!("*{lower}"),
        "contains" => format!("*{lower}*"),
        _ => return None,
    };
    answer(&value.with_texts(str::to_lowercase).like(&pattern))
}

/// Texts are compared without regard to case (the same page, operators).
fn equals(left: &Template, right: &Template) -> Option<bool> {
    let known = left.known().map(str::to_lowercase);
    let other = |of: &Template, text: &str| answer(&of.clone().with_texts(str::to_lowercase).equals(text));
    match (known, right.known().map(str::to_lowercase)) {
        (Some(text), _) => other(right, &text),
        (None, Some(text)) => other(left, &text),
        (None, None) => None,
    }
}

fn answer(fit: &Fit) -> Option<bool> {
    match fit {
        Fit::Admits => Some(true),
        Fit::Refuses => Some(false),
        Fit::Depends(_) => None,
    }
}

/// Parts between an operator, outside of brackets and texts.
fn split<'a>(text: &'a str, operator: &str) -> Vec<&'a str> {
    let (mut depth, mut quoted, mut from) = (0_i32, false, 0);
    let mut parts = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        if depth == 0 && !quoted && at >= from && text.get(at..).is_some_and(|rest| rest.starts_with(operator)) {
            parts.push(text.get(from..at).unwrap_or_default());
            from = at + operator.len();
        }
    }
    parts.push(text.get(from..).unwrap_or_default());
    parts
}

/// The one ref that a conjunct names: `github.ref == 'refs/heads/main'`.
fn one_ref(condition: &str, trigger: &Trigger) -> Option<Refs> {
    split(condition, "&&").into_iter().find_map(|part| {
        let [left, right] = split(part.trim().trim_matches(['(', ')']), "==").try_into().ok()?;
        let (name, text) = match (literal(left), literal(right)) {
            (None, Some(text)) => (left.trim(), text),
            (Some(text), None) => (right.trim(), text),
            _ => return None,
        };
        let only = |name: &str| vec![name.to_owned()];
        match (name, &trigger.refs) {
            ("github.ref", Refs::Branches { except, .. }) => {
                Some(Refs::Branches { only: only(text.strip_prefix("refs/heads/")?), except: except.clone() })
            }
            ("github.ref", Refs::Tags { except, .. }) => {
                Some(Refs::Tags { only: only(text.strip_prefix("refs/tags/")?), except: except.clone() })
            }
            ("github.ref_name", Refs::Branches { except, .. }) => {
                Some(Refs::Branches { only: only(&text), except: except.clone() })
            }
            ("github.ref_name", Refs::Tags { except, .. }) => {
                Some(Refs::Tags { only: only(&text), except: except.clone() })
            }
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trigger(event: &str, refs: Refs) -> Trigger {
        Trigger { event: event.to_owned(), refs, conditional: false }
    }

    fn branches(only: &[&str]) -> Refs {
        Refs::Branches { only: only.iter().map(|p| (*p).to_owned()).collect(), except: Vec::new() }
    }

    fn kept(condition: &str) -> Vec<(String, bool)> {
        let all = [
            trigger("push", branches(&[])),
            trigger("push", Refs::Tags { only: Vec::new(), except: Vec::new() }),
            trigger("pull_request", Refs::PullRequest),
        ];
        let name = |t: &Trigger| {
            if matches!(t.refs, Refs::Tags { .. }) { format!("{} tag", t.event) } else { t.event.clone() }
        };
        narrowed(&all, Some(condition)).iter().map(|t| (name(t), t.conditional)).collect()
    }

    fn sure(names: &[&str]) -> Vec<(String, bool)> {
        names.iter().map(|n| ((*n).to_owned(), false)).collect()
    }

    #[test]
    fn conditions_choose_triggers() {
        assert_eq!(kept("github.event_name == 'push'"), sure(&["push", "push tag"]));
        assert_eq!(kept("${{ github.event_name != 'pull_request' && always() }}"), sure(&["push", "push tag"]));
        assert_eq!(kept("startsWith(github.ref, 'refs/tags/')"), sure(&["push tag"]));
        assert_eq!(kept("!startsWith(github.ref, 'refs/tags/')"), sure(&["push", "pull_request"]));
        assert_eq!(
            kept("github.ref_type == 'tag' || (github.event_name == 'Pull_Request')"),
            sure(&["push tag", "pull_request"])
        );
        assert_eq!(kept("false"), []);
        // What the run decides is left open.
        assert_eq!(
            kept("needs.x.outputs.y == '1' && github.event_name == 'pull_request'"),
            [("pull_request".to_owned(), true)]
        );
    }

    #[test]
    fn one_branch_is_taken_over() {
        let found = narrowed(&[trigger("push", branches(&[]))], Some("github.ref == 'refs/heads/main'"));
        assert_eq!(found, [trigger("push", branches(&["main"]))]);
        let found = narrowed(&[trigger("push", branches(&[]))], Some("github.ref_name == 'main' && inputs.x"));
        assert_eq!(found, [Trigger { conditional: true, ..trigger("push", branches(&["main"])) }]);
        // A workflow for one branch is on that one.
        let main = trigger("push", branches(&["main"]));
        let on_main = [main];
        assert_eq!(narrowed(&on_main, Some("github.ref == 'refs/heads/main'")), on_main);
        assert!(narrowed(&on_main, Some("github.ref == 'refs/heads/dev'")).is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_a_condition(text in "[ ()!&|='a-z._${}]{0,60}") {
            let all = [trigger("push", branches(&["main"]))];
            prop_assert!(narrowed(&all, Some(&text)).len() <= 1);
        }
    }
}
