//! What a step changes, line by line: what goes with `-`, what comes with `+`, what stays with a space.

use serde_json::Value;

/// Most lines shown; a policy rewritten from top to bottom is better read in the plan's JSON.
const MOST: usize = 40;

/// Lines for a list of values.
pub(super) fn of_lists(old: &[String], new: &[String]) -> Vec<String> {
    let gone = old.iter().filter(|o| !new.contains(o)).map(|o| format!("- {o}"));
    let kept = old.iter().filter(|o| new.contains(o)).map(|o| format!("  {o}"));
    let come = new.iter().filter(|n| !old.contains(n)).map(|n| format!("+ {n}"));
    gone.chain(kept).chain(come).take(MOST).collect()
}

/// Lines for one value.
pub(super) fn of_values(old: Option<&str>, new: Option<&str>) -> Vec<String> {
    let line = |sign: char| move |v: &str| format!("{sign} {v}");
    old.map(line('-')).into_iter().chain(new.map(line('+'))).collect()
}

/// Lines for two JSON documents: only the places that differ, each with its path.
pub(super) fn of_documents(old: &str, new: &str) -> Vec<String> {
    let (Ok(a), Ok(b)) = (serde_json::from_str::<Value>(old), serde_json::from_str::<Value>(new)) else {
        return of_values(Some(old), Some(new));
    };
    let (mut before, mut after) = (Vec::new(), Vec::new());
    leaves("", &a, &mut before);
    leaves("", &b, &mut after);
    let gone = before.iter().filter(|l| !after.contains(l)).map(|l| format!("- {l}"));
    let come = after.iter().filter(|l| !before.contains(l)).map(|l| format!("+ {l}"));
    gone.chain(come).take(MOST).collect()
}

/// Every scalar with its path. Documents come from IAM, whose limit of a few kilobytes bounds the depth.
fn leaves(path: &str, value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                leaves(&path, inner, out);
            }
        }
        Value::Array(items) => {
            for (i, inner) in items.iter().enumerate() {
                leaves(&format!("{path}[{i}]"), inner, out);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => out.push(format!("{path}: {value}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{of_documents, of_lists, of_values};

    #[test]
    fn only_what_differs_is_shown() {
        let old = r#"{"Statement":[{"Action":"a","Condition":{"StringEquals":{"x:sub":"one"}}}]}"#;
        let new = r#"{"Statement":[{"Action":"a","Condition":{"StringLike":{"x:sub":"one"}}}]}"#;
        assert_eq!(
            of_documents(old, new),
            [
                "- Statement[0].Condition.StringEquals.x:sub: \"one\"",
                "+ Statement[0].Condition.StringLike.x:sub: \"one\""
            ]
        );
        assert_eq!(of_documents("no json", "{}"), ["- no json", "+ {}"]);
    }

    #[test]
    fn what_stays_is_told_from_what_comes_and_goes() {
        let list = |items: &[&str]| items.iter().map(|i| (*i).to_owned()).collect::<Vec<_>>();
        assert_eq!(of_lists(&list(&["a", "b"]), &list(&["c", "b"])), ["- a", "  b", "+ c"]);
        assert_eq!(of_values(None, Some("x")), ["+ x"]);
    }
}
