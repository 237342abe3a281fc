//! JSON that is well-formed and beyond what the parser can hold: numbers out of range, halves of surrogate
//! pairs. Used only after the parser has refused a text.

use serde::de::DeserializeOwned;

/// A document of which not every value counts.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(bytes).or_else(|error| {
        let text = std::str::from_utf8(bytes).ok();
        // The first error has the document's own lines and columns.
        text.and_then(|t| serde_json::from_str(&held(t, true)).ok()).ok_or(error)
    })
}

/// The text with each number that no double holds as a text, and, when `surrogates` is asked for, each half of
/// a pair alone as U+FFFD. What is no JSON stays none.
pub(crate) fn held(text: &str, surrogates: bool) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if from.starts_with('"') {
            let end = string_end(from);
            let (literal, after) = from.split_at(end);
            if surrogates && literal.contains("\\u") {
                mend(literal, &mut out);
            } else {
                out.push_str(literal);
            }
            rest = after;
        } else {
            let number = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
            let end = from.find(|c| !number(c)).unwrap_or(from.len());
            let (literal, after) = from.split_at(end);
            // As a member's name a number is no JSON, and would be made some by the quotes.
            let name = after.trim_start_matches([' ', '\t', '\n', '\r']).starts_with(':');
            let infinite = is_number(literal) && literal.parse::<f64>().is_ok_and(f64::is_infinite);
            let quote = if infinite && !name { "\"" } else { "" };
            out.extend([quote, literal, quote]);
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// Whether a literal is a number as RFC 8259, section 6, has it: `parse` takes more, such as `01` and `1.`.
fn is_number(literal: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let unsigned = literal.strip_prefix('-').unwrap_or(literal);
    let (mantissa, exponent) =
        unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(mantissa, exponent)| (mantissa, Some(exponent)));
    let (whole, fraction) =
        mantissa.split_once('.').map_or((mantissa, None), |(whole, fraction)| (whole, Some(fraction)));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
}

/// Length of the string literal a text begins with, quotes included.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, b) in text.bytes().enumerate().skip(1) {
        if b == b'"' && !escaped {
            return at + 1;
        }
        escaped = b == b'\\' && !escaped;
    }
    text.len()
}

/// A string literal whose lone surrogates become U+FFFD.
fn mend(literal: &str, out: &mut String) {
    let mut rest = literal;
    while let Some(at) = rest.find('\\') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let take = match unit(from) {
            Some(0xd800..=0xdbff) if matches!(from.get(6..).and_then(unit), Some(0xdc00..=0xdfff)) => 12,
            Some(0xd800..=0xdfff) => {
                out.push_str("\\ufffd");
                rest = from.get(6..).unwrap_or_default();
                continue;
            }
            Some(_) => 6,
            None => from.char_indices().nth(2).map_or(from.len(), |(at, _)| at),
        };
        let (kept, after) = from.split_at_checked(take).unwrap_or((from, ""));
        out.push_str(kept);
        rest = after;
    }
    out.push_str(rest);
}

/// The UTF-16 unit of a `\uXXXX` that a text begins with.
fn unit(text: &str) -> Option<u16> {
    u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::held;

    #[test]
    fn only_what_cannot_be_held_changes() {
        for (text, wanted) in [
            (r#"{"a":1e400,"b":-1E+999,"c":1e300}"#, r#"{"a":"1e400","b":"-1E+999","c":1e300}"#),
            (r#"{"1e400":"1e400 \" 1e400"}"#, r#"{"1e400":"1e400 \" 1e400"}"#),
            (r#"["\ud800","\udc00x","\ud83e\udd80","\\ud800"]"#, r#"["\ufffd","\ufffdx","\ud83e\udd80","\\ud800"]"#),
            (r#"{"open":"\ud8"#, r#"{"open":"\ud8"#),
            ("--", "--"),
        ] {
            assert_eq!(held(text, true), wanted);
        }
        assert_eq!(held(r#"["\ud800"]"#, false), r#"["\ud800"]"#);
    }

    #[test]
    fn what_is_no_json_stays_none() {
        for text in [
            "{9999E9999:1}",
            "{ 9999E9999 : 1 }",
            r#"{"a":01e999}"#,
            r#"{"a":1.e999}"#,
            r#"{"a":-e999}"#,
            r#"{"a":+1e999}"#,
            r#"{"a":.1e999}"#,
            r#"{"a":1e999e1}"#,
            r#"{"a":1e}"#,
            r#"{"a":--1e999}"#,
        ] {
            assert!(super::parse::<serde_json::Value>(text.as_bytes()).is_err(), "{text}");
        }
        assert!(super::parse::<serde_json::Value>(br#"{"a":-1.5e+999}"#).is_ok());
    }
}
