//! Scalars that kubectl and Helm read otherwise than YAML 1.2 has them.
//!
//! Both read with `sigs.k8s.io/yaml`, whose reader keeps the words and numbers of YAML 1.1 (sigs.k8s.io/yaml,
//! `goyaml.v2/resolve.go`): `on` is a truth value there, and `0x1f` and `1_000` are numbers. kustomize reads with the
//! same project's third version, for which the words are texts. The tests hold this to kubectl itself.

use std::collections::BTreeSet;

use crate::declared::Unread;
use crate::node::{Node, Value};
use crate::place::Place;

/// Lists in lists that are looked into.
const LISTS: usize = 3;

/// What a plain scalar is for them that is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Other {
    Truth,
    Number,
}

impl Other {
    fn words(self) -> &'static str {
        match self {
            Self::Truth => "true or false",
            Self::Number => "a number",
        }
    }
}

/// Where plain scalars of a file stand that are texts by YAML 1.2 and none for kubectl: line and column.
pub(crate) type Plain = BTreeSet<(u32, u32)>;

/// Whether a plain scalar that is a text by YAML 1.2 is none for kubectl.
pub(crate) fn is_other(text: &str) -> bool {
    other(text).is_some()
}

fn other(text: &str) -> Option<Other> {
    const TRUTHS: [&str; 22] = [
        "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", "n", "N", "no", "No", "NO", "false",
        "False", "FALSE", "off", "Off", "OFF",
    ];
    if TRUTHS.contains(&text) {
        return Some(Other::Truth);
    }
    is_number(text).then_some(Other::Number)
}

fn is_number(text: &str) -> bool {
    let unsigned = |t: &str| t.strip_prefix(['-', '+']).unwrap_or(t).to_owned();
    if matches!(unsigned(text).as_str(), ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
        return false;
    }
    let plain = unsigned(&text.replace('_', ""));
    let of_base = |prefixes: [&str; 2], base| {
        let digits = prefixes.iter().find_map(|p| plain.strip_prefix(p));
        digits.is_some_and(|d| d.starts_with(|c: char| c.is_ascii_hexdigit()) && u64::from_str_radix(d, base).is_ok())
    };
    of_base(["0x", "0X"], 16) || of_base(["0o", "0O"], 8) || of_base(["0b", "0B"], 2) || is_decimal(&plain)
}

/// Digits with a point and an exponent, as far as a number of 64 bits goes.
fn is_decimal(plain: &str) -> bool {
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = plain.split_once(['e', 'E']).map_or((plain, None), |(m, e)| (m, Some(e)));
    let numeric = match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(mantissa),
    };
    let exponent = exponent.is_none_or(|e| digits(e.strip_prefix(['-', '+']).unwrap_or(e)));
    numeric && exponent && plain.parse::<f64>().is_ok_and(f64::is_finite)
}

/// What kubectl refuses of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Where, and why, for people.
    pub(crate) unread: Unread,
    /// Whether kustomize makes a text of it, where it takes the file in.
    pub(crate) kustomize_mends: bool,
}

/// The values of an object that are to be texts and that kubectl reads as something else: it refuses the whole object.
/// Those are looked at that tell who somebody is: names, and what a service account is annotated with.
pub(crate) fn refused(object: &Node, plain: &Plain) -> Vec<Refused> {
    let mut out = Vec::new();
    of_object(object, plain, LISTS, &mut out);
    out
}

fn of_object(object: &Node, plain: &Plain, lists: usize, out: &mut Vec<Refused>) {
    let kind = object.value.get("kind").and_then(|n| n.value.text());
    let kind = kind.as_ref().and_then(|k| k.known()).unwrap_or_default();
    if kind.ends_with("List") {
        let Some(lists) = lists.checked_sub(1) else { return };
        for item in object.value.get("items").map(|n| n.value.items()).unwrap_or_default() {
            of_object(item, plain, lists, out);
        }
        return;
    }
    let names: [&[&str]; 8] = [
        &["metadata", "name"],
        &["metadata", "namespace"],
        &["spec", "serviceAccountName"],
        &["spec", "serviceAccount"],
        &["spec", "template", "spec", "serviceAccountName"],
        &["spec", "template", "spec", "serviceAccount"],
        &["spec", "jobTemplate", "spec", "template", "spec", "serviceAccountName"],
        &["spec", "jobTemplate", "spec", "template", "spec", "serviceAccount"],
    ];
    for node in names.iter().filter_map(|path| object.at_path(path).ok()) {
        out.extend(one(node, plain, matches!(node.value, Value::Text(_))));
    }
    if kind == "ServiceAccount" {
        for name in ["annotations", "labels"] {
            let Ok(Node { value: Value::Map(members), .. }) = object.at_path(&["metadata", name]) else { continue };
            out.extend(members.iter().filter_map(|(_, node)| one(node, plain, true)));
        }
    }
}

fn one(node: &Node, plain: &Plain, kustomize_mends: bool) -> Option<Refused> {
    let reads = read_as(node, plain)?;
    let why = format!(
        "kubectl reads this as {}, and refuses the manifest, for it takes nothing but a text here: write it in quotes",
        reads.words()
    );
    Some(Refused { unread: Unread { at: node.at.clone(), why }, kustomize_mends })
}

/// What kubectl reads a value as, where that is no text.
fn read_as(node: &Node, plain: &Plain) -> Option<Other> {
    match &node.value {
        Value::Bool(_) => Some(Other::Truth),
        Value::Number(number) => other(number),
        Value::Text(text) => other(text.known().filter(|_| is_in(&node.at, plain))?),
        Value::Null | Value::List(_) | Value::Map(_) | Value::Unknown(_) => None,
    }
}

/// Whether a value is a truth for them, be it one by YAML 1.2 or not.
pub(crate) fn is_true(node: &Node, plain: &Plain) -> bool {
    const TRUE: [&str; 8] = ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON"];
    match &node.value {
        Value::Bool(truth) => *truth,
        Value::Text(text) => is_in(&node.at, plain) && text.known().is_some_and(|t| TRUE.contains(&t)),
        Value::Null | Value::Number(_) | Value::List(_) | Value::Map(_) | Value::Unknown(_) => false,
    }
}

/// Whether one of these plain scalars stands at a place.
pub(crate) fn is_in(at: &Place, plain: &Plain) -> bool {
    plain.contains(&(at.line, at.column))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::read_yaml;

    /// As kubectl 1.37 read them: `kubectl label --local -f FILE a=b -o json` of a value.
    #[test]
    fn scalars_are_what_kubectl_reads() {
        for text in ["on", "On", "yes", "y", "Y", "n", "no", "off", "true", "FALSE"] {
            assert_eq!(other(text), Some(Other::Truth), "{text}");
        }
        for text in [
            "012",
            "0o12",
            "0x1f",
            "0b11",
            "1_000",
            "1e3",
            ".5",
            "5.",
            "+5",
            "-0",
            "089",
            "1__0",
            "0x_1f",
            "1_0.5",
            "-0b11",
            "+0x1f",
            "18446744073709551616",
            "-.5",
            "0.",
            "0_1",
            "1E+3",
            ".inf",
            "-.Inf",
            ".NaN",
        ] {
            assert_eq!(other(text), Some(Other::Number), "{text}");
        }
        for text in [
            "oN",
            "12:30:45",
            "2020-01-01",
            "_1",
            "=",
            "<<",
            "0b12",
            "1e1000",
            "0o19",
            "1.2.3",
            ".",
            "-",
            "1e",
            "yess",
            "",
            "x",
            "0x",
            "-0x",
            "0x+1",
            "é",
        ] {
            assert_eq!(other(text), None, "{text}");
        }
    }

    fn told(text: &str) -> Vec<(u32, u32, bool)> {
        let read = read_yaml(&"a.yaml".into(), text);
        let all = read.all.iter().flat_map(|object| refused(object, &read.plain));
        all.map(|r| (r.unread.at.line, r.unread.at.column, r.kustomize_mends)).collect()
    }

    #[test]
    fn names_that_are_no_texts_are_told_with_their_places() {
        let account = |metadata: &str| format!("kind: ServiceAccount\nmetadata: {{{metadata}}}\n");
        assert_eq!(told(&account("name: on")), [(2, 18, true)]);
        assert_eq!(told(&account("name: 12")), [(2, 18, false)]);
        assert_eq!(told(&account("name: a, annotations: {x: yes, y: 12}")), [(2, 38, true), (2, 46, true)]);
        assert_eq!(told(&account("name: 'on', namespace: \"12\", annotations: {on: x}")), []);
        assert_eq!(told(&account("name: !!str on, namespace: 12:30:45")), []);
        let pods = "kind: Deployment\nspec: {template: {spec: {serviceAccountName: off}}}\n";
        assert_eq!(told(pods), [(2, 46, true)]);
        assert_eq!(told("kind: List\nitems:\n  - kind: ServiceAccount\n    metadata: {name: no}\n"), [(4, 22, true)]);
    }
}
