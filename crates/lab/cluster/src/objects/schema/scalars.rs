//! Texts and numbers of custom resources: patterns, formats and bounds (Kubernetes documentation, "Specifying a
//! structural schema"; the words are those of `k8s.io/kube-openapi`, `pkg/validation/errors`).

use regex::RegexBuilder;
use serde_json::Value;

use crate::objects::{json as j, problems::Problem};

/// Largest compiled pattern, bytes: definitions of well-known charts stay below a tenth of it.
const LARGEST_PATTERN: usize = 1 << 20;

/// A pattern, compiled; the grammar is that of Go's `regexp`, of which RE2's is the base as it is of this crate's.
pub(super) fn pattern(text: &str) -> Result<regex::Regex, String> {
    RegexBuilder::new(text).size_limit(LARGEST_PATTERN).build().map_err(|error| error.to_string())
}

/// What a text breaks.
pub(super) fn text(schema: &Value, text: &str, path: &str, problems: &mut Vec<Problem>) {
    let wanted = j::text(schema, "/pattern");
    // A pattern that does not compile was refused with its definition.
    if !wanted.is_empty() && pattern(wanted).is_ok_and(|pattern| !pattern.is_match(text)) {
        let why = format!("{path} in body should match '{wanted}'");
        problems.push(Problem::invalid(path, &text.into(), &why));
    }
    let format = j::text(schema, "/format");
    if !format.is_empty() && !formatted(format, text) {
        let why = format!("{path} in body must be of type {format}: \"{text}\"");
        problems.push(Problem::invalid(path, &text.into(), &why));
    }
}

/// Whether a text is of a format; one that the API server does not know is ignored, as it does.
pub(super) fn formatted(format: &str, text: &str) -> bool {
    match format {
        "date-time" | "datetime" => text.parse::<jiff::Timestamp>().is_ok(),
        "date" => text.parse::<jiff::civil::Date>().is_ok() && text.len() == 10,
        "duration" => nanoseconds(text).is_some(),
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        "cidr" => text.split_once('/').is_some_and(|(address, bits)| {
            let most = address.parse::<std::net::IpAddr>().map(|ip| if ip.is_ipv4() { 32 } else { 128 });
            most.is_ok_and(|most| bits.parse::<u8>().is_ok_and(|bits| bits <= most))
        }),
        "mac" => {
            let parts: Vec<&str> = text.split([':', '-']).collect();
            matches!(parts.len(), 6 | 8 | 20) && parts.iter().all(|part| part.len() == 2 && hexadecimal(part))
        }
        "uuid" | "uuid3" | "uuid4" | "uuid5" => {
            let bare: String = text.chars().filter(|c| *c != '-').collect();
            bare.len() == 32 && hexadecimal(&bare)
        }
        "byte" => {
            use base64::{Engine, engine::general_purpose::STANDARD};
            STANDARD.decode(text).is_ok()
        }
        "email" => text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty()),
        "hostname" => {
            let label = |part: &str| {
                (1..=63).contains(&part.len())
                    && !part.starts_with('-')
                    && !part.ends_with('-')
                    && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            };
            text.len() <= 255 && text.split('.').all(label)
        }
        "uri" => text.parse::<http::Uri>().is_ok_and(|uri| uri.scheme().is_some() || text.starts_with('/')),
        "hexcolor" => {
            let bare = text.strip_prefix('#').unwrap_or(text);
            matches!(bare.len(), 3 | 6) && hexadecimal(bare)
        }
        _ => true,
    }
}

fn hexadecimal(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Nanoseconds of a duration as Go writes it, or with whole words for units; nothing where it is none, or more than 292
/// years.
pub(super) fn nanoseconds(text: &str) -> Option<i64> {
    const SECOND: f64 = 1e9;
    let unit = |name: &str| {
        Some(match name {
            "ns" | "nano" => 1.0,
            "us" | "\u{b5}s" | "\u{3bc}s" | "micro" => 1e3,
            "ms" | "milli" => 1e6,
            "s" | "sec" | "seconds" => SECOND,
            "m" | "min" | "minutes" => 60.0 * SECOND,
            "h" | "hr" | "hour" | "hours" => 3_600.0 * SECOND,
            "d" | "day" | "days" => 86_400.0 * SECOND,
            "w" | "week" | "weeks" => 604_800.0 * SECOND,
            _ => return None,
        })
    };
    let text = text.trim();
    let mut rest = text.trim_start_matches(['+', '-']);
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut sum = jiff::SignedDuration::ZERO;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (digits, tail) = rest.split_at(number);
        let tail = tail.trim_start();
        let end = tail.find(|c: char| c.is_ascii_digit() || c == ' ').unwrap_or(tail.len());
        let (name, after) = tail.split_at(end);
        let seconds = digits.parse::<f64>().ok()? * unit(name)? / SECOND;
        sum = sum.checked_add(jiff::SignedDuration::try_from_secs_f64(seconds).ok()?)?;
        rest = after.trim_start();
    }
    let whole = i64::try_from(sum.as_nanos()).ok()?;
    Some(if text.starts_with('-') { -whole } else { whole })
}

/// What a number breaks.
pub(super) fn number(schema: &Value, number: f64, path: &str, value: &Value, problems: &mut Vec<Problem>) {
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let strictly = |name: &str| schema.get(name).and_then(Value::as_bool) == Some(true);
    let mut tell =
        |why: String| problems.push(Problem::invalid(path, value, &format!("{path} in body should be {why}")));
    if let Some(least) = bound("minimum") {
        if strictly("exclusiveMinimum") && number <= least {
            tell(format!("greater than {least}"));
        } else if number < least {
            tell(format!("greater than or equal to {least}"));
        }
    }
    if let Some(most) = bound("maximum") {
        if strictly("exclusiveMaximum") && number >= most {
            tell(format!("less than {most}"));
        } else if number > most {
            tell(format!("less than or equal to {most}"));
        }
    }
    if let Some(step) = bound("multipleOf").filter(|step| *step > 0.0)
        && (number / step).fract() != 0.0
    {
        tell(format!("a multiple of {step}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_those_of_the_api_server_and_unknown_ones_are_ignored() {
        for (format, good, bad) in [
            ("date-time", "2026-03-01T12:00:00Z", "yesterday"),
            ("date", "2026-03-01", "2026-3-1"),
            ("duration", "1h30m", "1 fortnight"),
            ("ipv4", "10.0.0.1", "10.0.0"),
            ("ipv6", "::1", "10.0.0.1"),
            ("cidr", "10.0.0.0/8", "10.0.0.0/33"),
            ("mac", "00:11:22:aa:bb:cc", "00:11:22"),
            ("uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7b810"),
            ("byte", "aGk=", "a"),
            ("email", "a@example.com", "example.com"),
            ("hostname", "a.example.com", "-a.example.com"),
            ("uri", "https://example.com/a", "example com"),
            ("hexcolor", "#a1b2c3", "#a1b2c"),
        ] {
            assert!(formatted(format, good), "{format} {good}");
            assert!(!formatted(format, bad), "{format} {bad}");
        }
        assert!(formatted("whatever", "anything"));
        assert_eq!(nanoseconds("1h30m"), Some(5_400_000_000_000));
        assert_eq!((nanoseconds("-1.5s"), nanoseconds("0")), (Some(-1_500_000_000), Some(0)));
        assert_eq!((nanoseconds(""), nanoseconds("1"), nanoseconds("9999999h")), (None, None, None));
    }
}
