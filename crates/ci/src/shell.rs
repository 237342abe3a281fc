//! What a script does about tokens, as far as its words tell: quotes are dropped and nothing is evaluated.

use std::collections::BTreeMap;

use crate::limits::SCRIPT_LETTERS;

/// `aws sts assume-role-with-web-identity` (AWS CLI Command Reference).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Assume {
    pub(crate) role: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) seconds: Option<String>,
    pub(crate) session_name: Option<String>,
}

/// `buildkite-agent oidc request-token` (Buildkite Docs).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct AgentRequest {
    pub(crate) audience: Option<String>,
    pub(crate) lifetime: Option<i64>,
    pub(crate) subject_claim: Option<String>,
}

/// Words, with nothing between commands.
fn words(script: &str) -> Vec<Option<String>> {
    let mut all: Vec<Option<String>> = Vec::new();
    let mut word = String::new();
    let mut letters = script.chars().take(SCRIPT_LETTERS).peekable();
    while let Some(c) = letters.next() {
        let end = match c {
            '"' | '\'' => continue,
            '\\' if matches!(letters.peek(), Some('\n' | '\r')) => {
                letters.next();
                false
            }
            ';' | '|' | '&' | '(' | ')' | '`' | '\n' => true,
            c if c.is_whitespace() => false,
            c => {
                word.push(c);
                continue;
            }
        };
        if !word.is_empty() {
            all.push(Some(std::mem::take(&mut word)));
        }
        if end {
            all.push(None);
        }
    }
    all.push(Some(word).filter(|w| !w.is_empty()));
    all
}

/// Commands, each as its words.
fn commands(script: &str) -> Vec<Vec<String>> {
    words(script).split(Option::is_none).map(|c| c.iter().flatten().cloned().collect()).collect()
}

/// The value of an option, `--name value` or `--name=value`.
fn option(command: &[String], name: &str) -> Option<String> {
    command.iter().enumerate().find_map(|(n, word)| {
        if word == name {
            return command.get(n + 1).cloned();
        }
        word.strip_prefix(name)?.strip_prefix('=').map(str::to_owned)
    })
}

/// Each call that exchanges a token.
pub(crate) fn assumes(script: &str) -> Vec<Assume> {
    commands(script)
        .iter()
        .filter(|c| c.iter().any(|w| w == "assume-role-with-web-identity"))
        .map(|c| Assume {
            role: option(c, "--role-arn"),
            token: option(c, "--web-identity-token"),
            seconds: option(c, "--duration-seconds"),
            session_name: option(c, "--role-session-name"),
        })
        .collect()
}

/// Whether a script writes a variable to a file: `echo $NAME > FILE`.
pub(crate) fn writes(script: &str, variable: &str) -> Vec<String> {
    let of = |c: &Vec<String>| {
        let at = c.iter().position(|w| w.starts_with('>'))?;
        let named = c.get(..at)?.iter().any(|w| names(w, variable));
        let file = c.get(at)?.trim_start_matches('>');
        let file = if file.is_empty() { c.get(at + 1)? } else { file };
        named.then(|| file.to_owned())
    };
    commands(script).iter().filter_map(of).collect()
}

/// Each request for a token of Buildkite's agent.
pub(crate) fn agent_requests(script: &str) -> Vec<AgentRequest> {
    commands(script)
        .iter()
        .filter(|c| c.iter().any(|w| w.ends_with("buildkite-agent")) && c.iter().any(|w| w == "request-token"))
        .map(|c| AgentRequest {
            audience: option(c, "--audience"),
            lifetime: option(c, "--lifetime").and_then(|v| v.parse().ok()),
            subject_claim: option(c, "--subject-claim"),
        })
        .collect()
}

/// Whether a script has the agent put session tags into a token (Buildkite Docs, "buildkite-agent oidc", options).
pub(crate) fn tags_sessions(script: &str) -> bool {
    let asks = |c: &Vec<String>| c.iter().any(|w| w == "request-token") && option(c, "--aws-session-tag").is_some();
    commands(script).iter().any(asks)
}

/// The audience of `circleci run oidc get --claims '{"aud": "…"}'`, where a script calls it; none
/// in it where the audience is not told.
pub(crate) fn circleci_oidc(script: &str) -> Option<Vec<String>> {
    let command = commands(script).into_iter().find(|c| {
        let at = c.iter().position(|w| w == "oidc");
        at.is_some_and(|n| c.get(n + 1).is_some_and(|w| w == "get")) && c.iter().any(|w| w == "circleci")
    })?;
    let claims: String = command.concat();
    let audience = claims.split_once("{aud:").map(|(_, rest)| rest.trim_end_matches('}').to_owned());
    Some(audience.filter(|a| !a.is_empty() && !a.contains(['{', ','])).into_iter().collect())
}

/// `export NAME=VALUE`, and `NAME=VALUE` alone or in front of a command.
pub(crate) fn exports(script: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for command in commands(script) {
        for word in command.iter().skip_while(|w| *w == "export" || *w == "echo") {
            let Some((name, value)) = word.split_once('=') else { break };
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_') {
                break;
            }
            all.insert(name.to_owned(), value.to_owned());
        }
    }
    all
}

/// Whether a script names a variable: `$NAME` or `${NAME}`.
pub(crate) fn names(script: &str, variable: &str) -> bool {
    let mut rest = script;
    while let Some((_, after)) = rest.split_once('$') {
        let name = after.strip_prefix('{').unwrap_or(after);
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
        if name.get(..end) == Some(variable) {
            return true;
        }
        rest = after;
    }
    false
}

/// A text with `$NAME` and `${NAME}` put in where they are known.
pub(crate) fn resolved(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let braced = after.strip_prefix('{');
        let name = braced.unwrap_or(after);
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
        let (name, tail) = name.split_at_checked(end).unwrap_or((name, ""));
        let tail = if braced.is_some() { tail.strip_prefix('}') } else { Some(tail) };
        match (variables.get(name), tail) {
            (Some(value), Some(tail)) if !name.is_empty() => {
                out.push_str(value);
                rest = tail;
            }
            _ => {
                out.push('$');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_in_the_dresses_of_the_documentation() {
        let docs = r#"export $(printf "AWS_ACCESS_KEY_ID=%s" $(aws sts assume-role-with-web-identity
            --role-arn ${ROLE_ARN}"#;
        assert_eq!(assumes(docs).len(), 1);
        let read = "read -r A B <<< \"$(aws sts assume-role-with-web-identity \\\n  --role-arn=arn:x \\\n  \
                    --web-identity-token \"${TOKEN}\" --duration-seconds 3600 | jq .)\"";
        let found = assumes(read);
        assert_eq!(found[0].role.as_deref(), Some("arn:x"));
        assert_eq!(found[0].token.as_deref(), Some("${TOKEN}"));
        assert_eq!(found[0].seconds.as_deref(), Some("3600"));
        assert!(assumes("echo assume-role-with-web-identity-x").is_empty());
    }

    #[test]
    fn requests_of_agents_are_read_with_their_options() {
        let asked = "TOKEN=\"$(buildkite-agent oidc request-token --audience sts.amazonaws.com --lifetime 14400)\"";
        let found = &agent_requests(asked)[0];
        assert_eq!((found.audience.as_deref(), found.lifetime), (Some("sts.amazonaws.com"), Some(14_400)));
        let circle = "T=$(circleci run oidc get --claims '{\"aud\": \"my-audience\"}')";
        assert_eq!(circleci_oidc(circle), Some(vec!["my-audience".to_owned()]));
        assert_eq!(circleci_oidc("circleci run oidc get"), Some(Vec::new()));
        assert_eq!(circleci_oidc("circleci version"), None);
    }

    #[test]
    fn variables_are_put_in_where_they_are_known() {
        let known = BTreeMap::from([("A".to_owned(), "1".to_owned()), ("AB".to_owned(), "2".to_owned())]);
        for (text, expected) in [("$A/${AB}", "1/2"), ("$C-$AB", "$C-2"), ("${A", "${A"), ("$", "$"), ("a$$A", "a$1")] {
            assert_eq!(resolved(text, &known), expected);
        }
        assert!(names("echo \"${X_Y}\"", "X_Y") && !names("echo $X_YZ X_Y", "X_Y"));
        assert_eq!(writes("echo \"$T\" > /tmp/t; printf %s ${T} >$F; echo $TT > /x; echo $T", "T"), ["/tmp/t", "$F"]);
        let set = exports("export A=1 B=2\nC=3 make D=4");
        assert_eq!(set.keys().map(String::as_str).collect::<Vec<_>>(), ["A", "B", "C"]);
    }
}
