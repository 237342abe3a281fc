//! HCP Terraform: the variables of a workspace that ask for dynamic credentials (HCP Terraform Docs, "Dynamic
//! credentials with the AWS provider"). They come as the answer of `GET /api/v2/workspaces/ID/vars`, as lines
//! `NAME=VALUE`, or in Terraform's own language, of which blocks and literals are read and nothing is evaluated.

use std::collections::BTreeMap;

use serde_json::Value;
use trustwalk_core::evidence::{CiJob, Means, Platform, TokenRequest};

use crate::limits::SCRIPT_LETTERS;
use crate::value::{items, member};
use crate::{Job, Role};

/// Whether a JSON document is a list of a workspace's variables.
pub(crate) fn is_answer(value: &Value) -> bool {
    items(value.get("data")).any(|v| v.pointer("/attributes/key").is_some())
}

/// A run's phases: one job where both have one role, else one for each.
pub(crate) fn jobs(path: &str, value: &Value) -> Vec<Job> {
    let (variables, ids) = match value.as_str() {
        Some(text) => of_text(text),
        None => (of_answer(value), BTreeMap::new()),
    };
    let asks = variables.get("TFC_AWS_PROVIDER_AUTH").is_some_and(|v| v == "true");
    let get = |name: &str| variables.get(name).cloned();
    let run = get("TFC_AWS_RUN_ROLE_ARN");
    let phases = [("plan", get("TFC_AWS_PLAN_ROLE_ARN")), ("apply", get("TFC_AWS_APPLY_ROLE_ARN"))];
    let job = |id: &str, role_from, role: Option<String>| {
        let mut ids = ids.clone();
        if id != "run" {
            ids.insert("run_phase".to_owned(), id.to_owned());
        }
        let audience = get("TFC_AWS_WORKLOAD_IDENTITY_AUDIENCE").filter(|a| !a.contains("${"));
        let request = TokenRequest {
            by: Means::TerraformVariables,
            audiences: audience.into_iter().collect(),
            lifetime: None,
            subject_claim: None,
        };
        let mut inputs = BTreeMap::new();
        if let Some(seconds) = get("TFC_AWS_RUN_ROLE_SESSION_DURATION") {
            inputs.insert("role-duration-seconds".to_owned(), seconds);
        }
        let facts = CiJob {
            platform: Platform::TerraformCloud,
            assumes_role: asks && role.is_some(),
            requests: asks.then_some(request).into_iter().collect(),
            env: variables.keys().map(|name| (name.clone(), "set".to_owned())).collect(),
            inputs,
            ids,
            ..CiJob::default()
        };
        let role = Role::of(role);
        Job {
            file: path.to_owned(),
            id: id.to_owned(),
            called_by: None,
            through: Vec::new(),
            role_from,
            role,
            facts,
            beside: Vec::new(),
            by_keys: false,
        }
    };
    if phases.iter().all(|(_, role)| role.is_none()) {
        return vec![job("run", "TFC_AWS_RUN_ROLE_ARN", run)];
    }
    phases
        .into_iter()
        .map(|(phase, role)| {
            let from = match (phase, &role) {
                (_, None) => "TFC_AWS_RUN_ROLE_ARN",
                ("plan", _) => "TFC_AWS_PLAN_ROLE_ARN",
                _ => "TFC_AWS_APPLY_ROLE_ARN",
            };
            job(phase, from, role.or_else(|| run.clone()))
        })
        .collect()
}

fn of_answer(answer: &Value) -> BTreeMap<String, String> {
    let variable = |v: &Value| {
        let attributes = v.get("attributes")?;
        let of_environment = member(attributes, "category").is_none_or(|c| c == "env");
        // A sensitive variable's value is not shown.
        let value = member(attributes, "value").unwrap_or_else(|| "${sensitive}".to_owned());
        of_environment.then(|| Some((member(attributes, "key")?, value)))?
    };
    items(answer.get("data")).filter_map(variable).filter(|(name, _)| ours(name)).collect()
}

fn ours(name: &str) -> bool {
    name.starts_with("TFC_AWS_")
}

/// A token of Terraform's language: a word, a text, or a sign.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Lexeme {
    Word(String),
    Text(String),
    Sign(char),
}

fn lexemes(text: &str) -> Vec<Lexeme> {
    let mut all = Vec::new();
    let mut letters = text.chars().take(SCRIPT_LETTERS).peekable();
    while let Some(c) = letters.next() {
        match c {
            '#' => while letters.next_if(|c| *c != '\n').is_some() {},
            '/' if letters.peek() == Some(&'/') => while letters.next_if(|c| *c != '\n').is_some() {},
            '"' => {
                let mut word = String::new();
                while let Some(c) = letters.next_if(|c| *c != '"' && *c != '\n') {
                    word.push(c);
                    if c == '\\' {
                        word.extend(letters.next());
                    }
                }
                letters.next_if_eq(&'"');
                all.push(Lexeme::Text(word));
            }
            c if c.is_alphanumeric() || c == '_' => {
                let mut word = String::from(c);
                while let Some(c) = letters.next_if(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/'))
                {
                    word.push(c);
                }
                all.push(Lexeme::Word(word));
            }
            c if c.is_whitespace() => {}
            sign => all.push(Lexeme::Sign(sign)),
        }
    }
    all
}

/// The text or word that an attribute is set to. What is neither a text nor `true` or `false` only a run knows.
fn set_to(rest: &[Lexeme]) -> Option<String> {
    match rest {
        [Lexeme::Sign('=' | ':'), Lexeme::Text(text), ..] => Some(text.clone()),
        [Lexeme::Sign('=' | ':'), Lexeme::Word(word), ..] if is_literal(word) => Some(word.clone()),
        [Lexeme::Sign('=' | ':'), Lexeme::Word(word), ..] => Some(format!("${{{word}}}")),
        _ => None,
    }
}

/// Whether a word stands for itself: a boolean, a number, or, in lines of variables, an ARN or a host.
fn is_literal(word: &str) -> bool {
    matches!(word, "true" | "false")
        || word.bytes().all(|b| b.is_ascii_digit())
        || word.starts_with("arn:")
        || word == "aws.workload.identity"
}

/// Variables of the environment, as `tfe_variable` resources, entries of a map or lines; and organization, project
/// and workspace of a `cloud` or `tfe_workspace` block.
fn of_text(text: &str) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let all = lexemes(text);
    let (mut variables, mut ids) = (BTreeMap::new(), BTreeMap::new());
    for (n, lexeme) in all.iter().enumerate() {
        let rest = all.get(n + 1..).unwrap_or_default();
        let (Lexeme::Word(word) | Lexeme::Text(word)) = lexeme else { continue };
        if ours(word)
            && let Some(value) = set_to(rest)
        {
            variables.insert(word.clone(), value);
        }
        if word == "key"
            && let Some(name) = set_to(rest).filter(|name| ours(name))
            && let Some(value) = attribute(block_after(rest), "value")
        {
            variables.insert(name, value);
        }
        if word == "cloud" && rest.first() == Some(&Lexeme::Sign('{')) {
            let inner = block(rest);
            let workspaces = inner.iter().position(|l| *l == Lexeme::Word("workspaces".to_owned()));
            let workspaces = workspaces.map(|at| block(inner.get(at + 1..).unwrap_or_default())).unwrap_or_default();
            let found = [
                ("organization", attribute(inner, "organization")),
                ("workspace", attribute(workspaces, "name")),
                ("project", attribute(workspaces, "project")),
            ];
            for (key, value) in found {
                if let Some(value) = value.filter(|v| !v.contains("${")) {
                    ids.insert(key.to_owned(), value);
                }
            }
        }
    }
    (variables, ids)
}

/// What stands between the first brace and its own.
fn block(lexemes: &[Lexeme]) -> &[Lexeme] {
    let Some(start) = lexemes.iter().position(|l| *l == Lexeme::Sign('{')) else { return &[] };
    let inner = lexemes.get(start + 1..).unwrap_or_default();
    block_after(inner)
}

/// What stands before the brace that closes the block one is in.
fn block_after(inner: &[Lexeme]) -> &[Lexeme] {
    let mut depth = 0_usize;
    for (n, lexeme) in inner.iter().enumerate() {
        match lexeme {
            Lexeme::Sign('{') => depth += 1,
            Lexeme::Sign('}') => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return inner.get(..n).unwrap_or_default(),
            },
            Lexeme::Word(_) | Lexeme::Text(_) | Lexeme::Sign(_) => {}
        }
    }
    inner
}

/// An attribute of a block, those of blocks in it aside.
fn attribute(block: &[Lexeme], name: &str) -> Option<String> {
    let mut depth = 0_usize;
    for (n, lexeme) in block.iter().enumerate() {
        match lexeme {
            Lexeme::Sign('{') => depth += 1,
            Lexeme::Sign('}') => depth = depth.saturating_sub(1),
            Lexeme::Word(word) if depth == 0 && word == name => {
                if let Some(value) = set_to(block.get(n + 1..).unwrap_or_default()) {
                    return Some(value);
                }
            }
            Lexeme::Word(_) | Lexeme::Text(_) | Lexeme::Sign(_) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, text: &str) -> Vec<Job> {
        let file = crate::File { path: path.to_owned(), text: text.as_bytes().to_vec() };
        jobs(path, &crate::value::read(&file).unwrap())
    }

    #[test]
    fn variables_are_read_as_answers_lines_and_language() {
        let answer = r#"{"data": [{"attributes": {"key": "TFC_AWS_PROVIDER_AUTH", "value": "true", "category": "env"}},
            {"attributes": {"key": "TFC_AWS_RUN_ROLE_ARN", "value": "arn:a", "category": "env"}}]}"#;
        let lines = "TFC_AWS_PROVIDER_AUTH=true\nTFC_AWS_RUN_ROLE_ARN=arn:a\n";
        let language = "terraform {\n  cloud {\n    organization = \"acme\"\n    \
            workspaces { name = \"web\" }\n  }\n}\n\
            resource \"tfe_variable\" \"a\" {\n  category = \"env\"\n  key = \"TFC_AWS_PROVIDER_AUTH\"\n  \
            value = \"true\"\n}\n\
            resource \"tfe_variable\" \"b\" {\n  key = \"TFC_AWS_RUN_ROLE_ARN\" # the role\n  value = \"arn:a\"\n}\n";
        for (path, text) in [("vars.json", answer), ("run.env", lines), ("main.tf", language)] {
            let found = read(path, text);
            assert_eq!(found.len(), 1, "{path}");
            assert_eq!(found[0].role, Role::Named("arn:a".to_owned()), "{path}");
            assert!(found[0].facts.assumes_role, "{path}");
            assert_eq!(found[0].facts.audiences(), ["aws.workload.identity"], "{path}");
        }
        let ids = &read("main.tf", language)[0].facts.ids;
        assert_eq!((ids["organization"].as_str(), ids["workspace"].as_str()), ("acme", "web"));
    }

    #[test]
    fn roles_of_the_phases_make_two_jobs_and_a_reference_is_not_a_name() {
        let text = "TFC_AWS_PROVIDER_AUTH = true\nTFC_AWS_PLAN_ROLE_ARN = \"arn:p\"\nTFC_AWS_RUN_ROLE_ARN = \
            aws_iam_role.r.arn\n";
        let found = read("a.tfvars", text);
        assert_eq!(found[0].role, Role::Named("arn:p".to_owned()));
        assert_eq!(found[0].facts.ids["run_phase"], "plan");
        assert_eq!(found[1].role, Role::OfTheRun("${aws_iam_role.r.arn}".to_owned()));
        // Without the switch nothing is asked for.
        let off = read("a.env", "TFC_AWS_RUN_ROLE_ARN=arn:a\n");
        assert!(!off[0].facts.assumes_role && off[0].facts.requests.is_empty());
    }
}
