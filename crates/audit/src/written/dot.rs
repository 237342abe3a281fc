//! DOT (Graphviz, "DOT Language"): issuers with their subjects on one side, roles on the other.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{listed, shown, wide};
use crate::audit::{Audit, Standing};
use crate::limits::DRAWN_EDGES;

/// The whole graph; of a very large one the first edges, and a node that says how many are left out.
pub fn dot(audit: &Audit) -> String {
    let mut out = String::from("digraph trust {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n");
    let mut nodes: BTreeMap<(bool, String), usize> = BTreeMap::new();
    let mut node = |out: &mut String, role: bool, name: &str, colour: &str| {
        let number = nodes.len();
        *nodes.entry((role, name.to_owned())).or_insert_with(|| {
            let shape = if role { ", style=rounded" } else { "" };
            let _ = writeln!(out, "  n{number} [label={}{shape}{colour}];", quoted(name));
            number
        })
    };
    let wide = wide(audit);
    for trust in audit.trust.iter().take(DRAWN_EDGES) {
        let subjects = listed(&trust.subjects, "any subject");
        let issuer = trust.issuer.as_deref().unwrap_or(&trust.provider);
        let from = node(&mut out, false, &format!("{issuer}\n{subjects}"), "");
        let to = node(&mut out, true, &trust.role, "");
        let style = match trust.standing {
            Standing::Dead => " [style=dashed, color=gray]",
            Standing::Open if wide.contains(&(trust.role.as_str(), trust.statement)) => " [color=red, penwidth=2]",
            Standing::Open => "",
        };
        let _ = writeln!(out, "  n{from} -> n{to}{style};");
    }
    let left = audit.trust.len().saturating_sub(DRAWN_EDGES);
    if left > 0 {
        let _ = writeln!(out, "  left [label={}, shape=plaintext];", quoted(&format!("{left} more are not drawn")));
    }
    out.push_str("}\n");
    out
}

/// A string of the language: lines end with `\n` in it, quotes and backslashes are escaped.
fn quoted(text: &str) -> String {
    let lines: Vec<String> =
        text.split('\n').map(|line| shown(line).replace('\\', "\\\\").replace('"', "\\\"")).collect();
    format!("\"{}\"", lines.join("\\n"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(quoted("a\"];x\\\nb\u{202e}"), "\"a\\\"];x\\\\\\nb\\\\u{202e}\"");
    }
}
