//! Snippets of configuration that a person will copy into a file: the words are ours, the values may be anybody's.
//!
//! [`hcl`] and [`yaml`] write a value as one string of their language, whatever is in it: nothing in it is
//! evaluated and nothing ends the string. [`workflow`] is the YAML of CI platforms, where that is not enough.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt::Write as _;

use crate::template::fill;
use crate::visible::is_hidden;

/// What goes into a slot.
#[derive(Debug, Clone, Copy)]
pub enum Slot<'a> {
    /// A text.
    Text(&'a str),
    /// Texts, separated by commas; the brackets are the template's.
    List(&'a [String]),
    /// A JSON document of ours, which both languages read as a value of their own.
    Json(&'a str),
}

impl<'a> From<&'a str> for Slot<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

/// Said in a line's place when a CI platform would evaluate a value in it.
pub const EVALUATED: &str = "(no line is given: a value in it would be evaluated as an expression)";

/// A snippet of Terraform's language (HCL native syntax, "Template Expressions").
pub fn hcl(template: &str, values: &[Slot<'_>]) -> String {
    written(template, values, true)
}

/// A snippet of YAML as `CloudFormation` and Kubernetes read it (YAML 1.2, 7.3).
pub fn yaml(template: &str, values: &[Slot<'_>]) -> String {
    written(template, values, false)
}

/// A snippet of a CI platform's YAML. `${{ … }}` is evaluated after the YAML is read, in any kind of string, and
/// cannot be escaped (GitHub Docs, "Evaluate expressions in workflows and actions"): with such a value there is no
/// line.
pub fn workflow(template: &str, values: &[&str]) -> String {
    if values.iter().any(|v| v.contains("{{")) {
        return EVALUATED.to_owned();
    }
    let slots: Vec<Slot<'_>> = values.iter().map(|v| Slot::Text(v)).collect();
    yaml(template, &slots)
}

fn written(template: &str, values: &[Slot<'_>], hcl: bool) -> String {
    let filled: Result<String, Infallible> = fill(template, values, |slot, _| {
        Ok(Cow::Owned(match slot {
            Slot::Text(value) if hcl => string(value, hcl),
            Slot::Text(value) => scalar(value),
            // Lists keep their quotes in both languages.
            Slot::List(all) => all.iter().map(|v| string(v, hcl)).collect::<Vec<_>>().join(", "),
            Slot::Json(document) => json(document, hcl),
        }))
    });
    filled.unwrap_or_default()
}

/// Words that YAML readers take for something else than text (YAML 1.1 types, which `CloudFormation`'s and Go's
/// readers know in part).
const NO_TEXT: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];

/// A YAML scalar, plain where every reader takes it for the same text, in a flow collection too.
fn scalar(value: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_./:@+=-".contains(&b);
    let is_text = value.starts_with(|c: char| c.is_ascii_alphabetic())
        && value.bytes().all(plain)
        && !value.ends_with(':')
        && !NO_TEXT.iter().any(|w| w.eq_ignore_ascii_case(value));
    if is_text { value.to_owned() } else { string(value, false) }
}

/// A string in double quotes, as YAML and HCL share it: `\"`, `\\`, `\uXXXX` and `\UXXXXXXXX`. For HCL what opens
/// a template is written by its number, which is read after templates have been looked for.
fn string(value: &str, hcl: bool) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    let mut rest = value.chars().peekable();
    while let Some(c) = rest.next() {
        let opens = hcl && matches!(c, '$' | '%') && rest.peek() == Some(&'{');
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if opens || is_hidden(c) => number(c, &mut out),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn number(c: char, out: &mut String) {
    let n = u32::from(c);
    let _ = if n > 0xffff { write!(out, "\\U{n:08x}") } else { write!(out, "\\u{n:04x}") };
}

/// The text of a JSON document with its strings as HCL and YAML read them: no pairs of surrogates, no `\b`, `\f` and
/// `\/`, nothing hidden, and for HCL no template.
fn json(document: &str, hcl: bool) -> String {
    let mut out = String::with_capacity(document.len());
    let mut rest = document.chars().peekable();
    while let Some(c) = rest.next() {
        let opens = hcl && matches!(c, '$' | '%') && rest.peek() == Some(&'{');
        match c {
            '\\' => match rest.next() {
                Some('b') => out.push_str("\\u0008"),
                Some('f') => out.push_str("\\u000c"),
                Some('/') => out.push('/'),
                Some('u') => unit(&mut rest, &mut out),
                Some(other) => out.extend(['\\', other]),
                None => {}
            },
            c if opens || (is_hidden(c) && !c.is_ascii_control()) => number(c, &mut out),
            c => out.push(c),
        }
    }
    out
}

/// One `\uXXXX`, with its second half where it is the first of a pair.
fn unit(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) {
    let mut four = || (0..4).filter_map(|_| rest.next()?.to_digit(16)).fold(0, |n, d| n * 16 + d);
    let first = four();
    let mut units = vec![u16::try_from(first).unwrap_or(0xfffd)];
    if matches!(first, 0xd800..0xdc00) && rest.next_if_eq(&'\\').is_some() && rest.next_if_eq(&'u').is_some() {
        let mut four = || (0..4).filter_map(|_| rest.next()?.to_digit(16)).fold(0, |n, d| n * 16 + d);
        units.push(u16::try_from(four()).unwrap_or(0xfffd));
    }
    for c in char::decode_utf16(units) {
        number(c.unwrap_or(char::REPLACEMENT_CHARACTER), out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values_stay_plain() {
        let aud: Slot<'_> = "sts.amazonaws.com".into();
        assert_eq!(
            yaml("Url: {}, ClientIdList: [{}]", &["https://h/id/A".into(), aud]),
            "Url: https://h/id/A, ClientIdList: [sts.amazonaws.com]"
        );
        assert_eq!(hcl("client_id_list = [{}]", &[aud]), "client_id_list = [\"sts.amazonaws.com\"]");
        assert_eq!(workflow("audience: {}", &["https://github.com/acme"]), "audience: https://github.com/acme");
        let list = ["aa".to_owned(), "bb".to_owned()];
        assert_eq!(yaml("[{}]", &[Slot::List(&list)]), "[\"aa\", \"bb\"]");
    }

    #[test]
    fn nothing_is_evaluated_and_nothing_ends_the_string() {
        let hostile = "\"${file(\"x\")}%{ if true }\n\u{202e}\u{e0001}\\";
        let text = r#""\"\u0024{file(\"x\")}\u0025{ if true }\u000a\u202e\U000e0001\\""#;
        assert_eq!(hcl("{}", &[hostile.into()]), text);
        assert_eq!(hcl("{}", &["$${x}".into()]), r#""$\u0024{x}""#);
        let text = r#""\"${file(\"x\")}%{ if true }\u000a\u202e\U000e0001\\""#;
        assert_eq!(yaml("{}", &[hostile.into()]), text);
        for odd in
            ["a: b", "a #b", "-o", "yes", "NO", "12", "1e3", "", "~", "{{x}}", "a,b", "*a", "a:", "2020-01-01", "0x1f"]
        {
            assert!(yaml("{}", &[odd.into()]).starts_with('"'), "{odd}");
        }
        for odd in ["${{ secrets.X }}", "a${{", "{{ x }}"] {
            assert_eq!(workflow("audience: {}", &[odd]), EVALUATED);
        }
    }

    #[test]
    fn a_document_means_the_same_in_both_languages() {
        let document = r#"{"a":"${aws:username}\b\f\ud83d\ude00\u202e\ud800 \"x\""}"#;
        let text = r#"{"a":"\u0024{aws:username}\u0008\u000c\U0001f600\u202e\ufffd \"x\""}"#;
        assert_eq!(hcl("{}", &[Slot::Json(document)]), text);
        assert_eq!(yaml("{}", &[Slot::Json(document)]), text.replace("\\u0024{", "${"));
    }
}
