//! Comparing a request's value with a policy's.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::{self, Date, DateTime};
use jiff::{Timestamp, tz::TimeZone};

use super::operator::{Base, Operator};
use super::pattern::{Pattern, Unit};

/// `arn:partition:service:region:account:resource`.
const ARN_PARTS: usize = 6;

/// Whether a value of a policy can be read for its operator. IAM refuses to save a date that cannot (reported); of
/// the others it is not documented.
pub(crate) fn is_readable(operator: Operator, text: &str) -> bool {
    match operator.base {
        Base::Text { .. } | Base::Arn => true,
        Base::Number(_) => number(text).is_some(),
        Base::Date(_) => date(text).is_some(),
        Base::Bool | Base::Null => flag(text).is_some(),
        Base::Binary => STANDARD.decode(text).is_ok(),
        Base::Address => block(text).is_some(),
    }
}

/// Whether the request's value matches the policy's, before negation. Nothing when either cannot be read for the
/// operator: such a comparison holds neither way.
pub(super) fn matches(base: Base, policy: Vec<Unit>, actual: &str) -> Option<bool> {
    let policy = Pattern::from(policy);
    let text = policy.text();
    Some(match base {
        Base::Text { fold: true, .. } => text.to_lowercase() == actual.to_lowercase(),
        Base::Text { fold: false, .. } => policy.matches(actual),
        Base::Number(order) => order.admits(number(actual)?.partial_cmp(&number(&text)?)?),
        Base::Date(order) => order.admits(date(actual)?.cmp(&date(&text)?)),
        Base::Bool | Base::Null => flag(actual)? == flag(&text)?,
        Base::Binary => STANDARD.decode(&text).ok()? == actual.as_bytes(),
        Base::Address => {
            let (network, mask, v4) = block(&text)?;
            let address: IpAddr = actual.parse().ok()?;
            address.is_ipv4() == v4 && bits(address) & mask == network
        }
        // Each of the six parts is checked separately (IAM User Guide, "Condition operators").
        Base::Arn => {
            let (wanted, parts) = (policy.parts(ARN_PARTS), actual.splitn(ARN_PARTS, ':').collect::<Vec<_>>());
            if wanted.len() < ARN_PARTS {
                return None;
            }
            parts.len() == ARN_PARTS && wanted.iter().zip(parts).all(|(wanted, part)| wanted.matches(part))
        }
    })
}

/// Integers and decimals; no words such as `inf`.
fn number(text: &str) -> Option<f64> {
    let plain = |b: u8| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E');
    text.bytes().all(plain).then(|| text.parse().ok()).flatten().filter(|n: &f64| n.is_finite())
}

/// W3C's profile of ISO 8601, or seconds since 1970 (IAM User Guide, "Condition operators"). Four digits are a year.
fn date(text: &str) -> Option<Timestamp> {
    let midnight = |day: &str| {
        let day: Date = day.parse().ok()?;
        day.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    };
    // No `Timestamp` is later than the day before the year 9999 ends.
    let final_day = |text: &str| {
        let local: DateTime = text.trim_end_matches('Z').parse().ok()?;
        (local >= civil::date(9999, 12, 30).at(0, 0, 0, 0)).then_some(Timestamp::MAX)
    };
    match text.len() {
        4 => midnight(&format!("{text}-01-01")),
        _ if text.bytes().all(|b| b.is_ascii_digit()) => {
            Some(Timestamp::from_second(text.parse().ok()?).unwrap_or(Timestamp::MAX))
        }
        7 => midnight(&format!("{text}-01")),
        10 => midnight(text).or_else(|| final_day(text)),
        _ => text.parse().ok().or_else(|| final_day(text)),
    }
}

fn flag(text: &str) -> Option<bool> {
    [("true", true), ("false", false)].into_iter().find(|(word, _)| text.eq_ignore_ascii_case(word)).map(|(_, is)| is)
}

/// An address or a block: network, mask, and whether it is of version 4. Without a prefix it is one address.
fn block(text: &str) -> Option<(u128, u128, bool)> {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let address: IpAddr = address.parse().ok()?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.map_or(Some(width), |prefix| prefix.parse::<u32>().ok())?;
    let mask = u128::MAX.checked_shl(width.checked_sub(prefix)?).unwrap_or(0);
    Some((bits(address) & mask, mask, address.is_ipv4()))
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(four) => u128::from(u32::from(four)),
        IpAddr::V6(six) => u128::from(six),
    }
}
