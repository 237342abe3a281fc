//! What a step changes, line by line: what goes with `-`, what comes with `+`, what stays with a space.
//!
//! Every line of it, however many: lists and policies are of bounded size, and nobody approves what is not shown.

use serde_json::Value;

/// Lines for a list of values.
pub(super) fn of_lists(old: &[String], new: &[String]) -> Vec<String> {
    let gone = old.iter().filter(|o| !new.contains(o)).map(|o| format!("- {o}"));
    let kept = old.iter().filter(|o| new.contains(o)).map(|o| format!("  {o}"));
    let come = new.iter().filter(|n| !old.contains(n)).map(|n| format!("+ {n}"));
    gone.chain(kept).chain(come).collect()
}

/// Lines for one value.
pub(super) fn of_values(old: Option<&str>, new: Option<&str>) -> Vec<String> {
    let line = |sign: char| move |v: &str| format!("{sign} {v}");
    old.map(line('-')).into_iter().chain(new.map(line('+'))).collect()
}

/// Lines for two JSON documents: only the places that differ, each with its path.
pub fn of_documents(old: &str, new: &str) -> Vec<String> {
    let (Ok(a), Ok(b)) = (serde_json::from_str::<Value>(old), serde_json::from_str::<Value>(new)) else {
        return of_values(Some(old), Some(new));
    };
    let (mut before, mut after) = (Vec::new(), Vec::new());
    leaves(&mut Vec::new(), &a, &mut before);
    leaves(&mut Vec::new(), &b, &mut after);
    let gone = before.iter().filter(|l| !after.contains(l)).map(|l| format!("- {}", shown(l)));
    let come = after.iter().filter(|l| !before.contains(l)).map(|l| format!("+ {}", shown(l)));
    gone.chain(come).collect()
}

/// A scalar or an empty container, and the way to it. The way is kept in parts: a key with a dot in it is another
/// place than two keys.
type Leaf<'a> = (Vec<Part<'a>>, &'a Value);

#[derive(Clone, PartialEq, Eq)]
enum Part<'a> {
    Key(&'a str),
    Index(usize),
}

fn shown((path, value): &Leaf<'_>) -> String {
    let mut out = String::new();
    for part in path {
        match part {
            Part::Key(key) if out.is_empty() => out.push_str(key),
            Part::Key(key) => {
                out.push('.');
                out.push_str(key);
            }
            Part::Index(index) => out.push_str(&["[", &index.to_string(), "]"].concat()),
        }
    }
    format!("{out}: {value}")
}

/// Every leaf with its path. The JSON reader's own limit bounds the depth.
fn leaves<'a>(path: &mut Vec<Part<'a>>, value: &'a Value, out: &mut Vec<Leaf<'a>>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, inner) in map {
                path.push(Part::Key(key));
                leaves(path, inner, out);
                path.pop();
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (i, inner) in items.iter().enumerate() {
                path.push(Part::Index(i));
                leaves(path, inner, out);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) | Value::Array(_) => {
            out.push((path.clone(), value));
        }
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
    fn no_difference_is_hidden_by_a_dot_an_empty_block_or_a_long_list() {
        assert_eq!(of_documents(r#"{"a":{"b":1}}"#, r#"{"a.b":1}"#), ["- a.b: 1", "+ a.b: 1"]);
        assert_eq!(of_documents(r#"{"a":{}}"#, "{}"), ["- a: {}", "+ : {}"]);
        let many: Vec<String> = (0..50).map(|n| n.to_string()).collect();
        assert_eq!(of_lists(&[], &many).len(), 50);
    }

    #[test]
    fn what_stays_is_told_from_what_comes_and_goes() {
        let list = |items: &[&str]| items.iter().map(|i| (*i).to_owned()).collect::<Vec<_>>();
        assert_eq!(of_lists(&list(&["a", "b"]), &list(&["c", "b"])), ["- a", "  b", "+ c"]);
        assert_eq!(of_values(None, Some("x")), ["+ x"]);
    }
}
