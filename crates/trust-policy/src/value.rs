//! One policy value, compiled for its operator.

use crate::answer::Answer;
use crate::context::Context;
use crate::glob::{self, Glob, Unit, same_letter, units};
use crate::operator::{Comparison, Operator};
use crate::template::{Resolved, Template};
use crate::text::Text;
use std::cmp::Ordering;
use std::net::IpAddr;

/// A policy value: its text and how it is compared.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    pub(crate) text: Box<str>,
    pub(crate) test: Test,
}

/// The compiled comparison. A value that cannot be read for its operator never matches.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    Exact,
    IgnoreCase,
    Like(Box<Glob>),
    Arn(Box<[Glob; ARN_PARTS]>),
    Variables(Box<Template>),
    Number(f64),
    Date(jiff::Timestamp),
    Flag(bool),
    Block { network: u128, mask: u128, v4: bool },
    Never,
}

/// `arn:partition:service:region:account:resource`.
const ARN_PARTS: usize = 6;

impl Value {
    pub(crate) fn compile(text: String, operator: Operator, variables: bool) -> Self {
        Self { test: test(&text, operator, variables), text: text.into() }
    }

    /// Whether the value could be read for its operator, its variables included.
    pub(crate) fn is_decidable(&self, context: &Context) -> bool {
        match &self.test {
            Test::Never => false,
            Test::Variables(template) => matches!(template.resolve(context), Resolved::Units(_)),
            Test::Exact
            | Test::IgnoreCase
            | Test::Like(_)
            | Test::Arn(_)
            | Test::Number(_)
            | Test::Date(_)
            | Test::Flag(_)
            | Test::Block { .. } => true,
        }
    }

    /// Whether a variable of the value lacks a value in this request.
    pub(crate) fn lacks_value(&self, context: &Context) -> Answer {
        let Test::Variables(template) = &self.test else { return Answer::No };
        match template.resolve(context) {
            Resolved::NoValue => Answer::Yes,
            Resolved::Unknown => Answer::Unknown,
            Resolved::Units(_) => Answer::No,
        }
    }

    /// Whether an actual value satisfies this one under the comparison, before negation. What has no value equals
    /// nothing.
    pub(crate) fn compare(&self, comparison: Comparison, actual: &str, context: &Context) -> Answer {
        let matched = match &self.test {
            Test::Exact => *self.text == *actual,
            Test::IgnoreCase => {
                self.text.chars().flat_map(char::to_lowercase).eq(actual.chars().flat_map(char::to_lowercase))
            }
            Test::Like(glob) => glob.matches(actual),
            Test::Arn(parts) => arn_matches(parts, actual),
            Test::Variables(template) => match template.resolve(context) {
                Resolved::Units(units) => resolved(&units, comparison, actual),
                Resolved::NoValue => false,
                Resolved::Unknown => return Answer::Unknown,
            },
            Test::Number(policy) => number(actual).is_some_and(|a| ordered(comparison, a.total_cmp(policy))),
            Test::Date(policy) => date(actual).is_some_and(|a| ordered(comparison, a.cmp(policy))),
            Test::Flag(policy) => flag(actual) == Some(*policy),
            Test::Block { network, mask, v4 } => {
                actual.parse::<IpAddr>().is_ok_and(|a| a.is_ipv4() == *v4 && bits(a) & mask == *network)
            }
            Test::Never => false,
        };
        matched.into()
    }

    /// The same for a value of which parts are unknown.
    pub(crate) fn compare_text(&self, comparison: Comparison, actual: &Text, context: &Context) -> Answer {
        if let Some(known) = actual.known() {
            return self.compare(comparison, &known, context);
        }
        let plain = || self.text.chars().map(Unit::Char).collect::<Vec<_>>();
        match &self.test {
            Test::Exact => actual.against(&plain(), |a, b| a == b),
            Test::IgnoreCase => actual.against(&plain(), same_letter),
            Test::Like(_) => actual.matches(&self.text),
            // Holes may hold the colons that part an ARN, so a fit as a whole decides nothing.
            Test::Arn(_) => match actual.matches(&self.text) {
                Answer::No => Answer::No,
                Answer::Yes | Answer::Unknown => Answer::Unknown,
            },
            Test::Variables(template) => match template.resolve(context) {
                Resolved::Units(units) if comparison == Comparison::StringEqualsIgnoreCase => {
                    actual.against(&units, same_letter)
                }
                Resolved::Units(units) if comparison != Comparison::Arn => actual.against(&units, |a, b| a == b),
                Resolved::Units(_) | Resolved::Unknown => Answer::Unknown,
                Resolved::NoValue => Answer::No,
            },
            Test::Number(_) | Test::Date(_) | Test::Flag(_) | Test::Block { .. } => Answer::Unknown,
            Test::Never => Answer::No,
        }
    }
}

fn test(text: &str, operator: Operator, variables: bool) -> Test {
    use Comparison as C;
    let comparison = operator.comparison;
    if variables && operator.takes_variables() {
        let wild = matches!(comparison, C::StringLike | C::Arn);
        if let Some(template) = Template::parse(text, wild) {
            return Test::Variables(Box::new(template));
        }
    }
    match comparison {
        C::StringEquals | C::BinaryEquals => Test::Exact,
        C::StringEqualsIgnoreCase => Test::IgnoreCase,
        C::StringLike => Test::Like(Box::new(Glob::new(&units(text).collect::<Vec<_>>()))),
        C::Arn => arn_parts(&units(text).collect::<Vec<_>>()).map_or(Test::Never, |p| Test::Arn(Box::new(p))),
        C::NumericEquals
        | C::NumericLessThan
        | C::NumericLessThanEquals
        | C::NumericGreaterThan
        | C::NumericGreaterThanEquals => number(text).map_or(Test::Never, Test::Number),
        C::DateEquals | C::DateLessThan | C::DateLessThanEquals | C::DateGreaterThan | C::DateGreaterThanEquals => {
            date(text).map_or(Test::Never, Test::Date)
        }
        C::Bool | C::Null => flag(text).map_or(Test::Never, Test::Flag),
        C::IpAddress => block(text).unwrap_or(Test::Never),
    }
}

/// Whether an actual value so ordered against the policy's satisfies the comparison.
fn ordered(comparison: Comparison, actual: Ordering) -> bool {
    use Comparison as C;
    if matches!(comparison, C::NumericLessThan | C::DateLessThan) {
        actual.is_lt()
    } else if matches!(comparison, C::NumericLessThanEquals | C::DateLessThanEquals) {
        actual.is_le()
    } else if matches!(comparison, C::NumericGreaterThan | C::DateGreaterThan) {
        actual.is_gt()
    } else if matches!(comparison, C::NumericGreaterThanEquals | C::DateGreaterThanEquals) {
        actual.is_ge()
    } else {
        actual.is_eq()
    }
}

/// Splits a pattern at its first five colons; nothing when it has fewer, as no ARN then matches
/// (DOC: IAM User Guide, "Condition operators": each of the six parts is checked separately).
fn arn_parts(all: &[Unit]) -> Option<[Glob; ARN_PARTS]> {
    let mut parts = all.splitn(ARN_PARTS, |u| *u == Unit::Char(':'));
    let mut next = || parts.next().map(Glob::new);
    Some([next()?, next()?, next()?, next()?, next()?, next()?])
}

fn arn_matches(parts: &[Glob; ARN_PARTS], actual: &str) -> bool {
    let mut actual = actual.splitn(ARN_PARTS, ':');
    parts.iter().all(|part| actual.next().is_some_and(|a| part.matches(a)))
}

/// Compares an actual value with a value whose variables have been replaced.
fn resolved(units: &[Unit], comparison: Comparison, actual: &str) -> bool {
    if comparison == Comparison::Arn {
        arn_parts(units).is_some_and(|parts| arn_matches(&parts, actual))
    } else if comparison == Comparison::StringEqualsIgnoreCase {
        glob::matches(units, actual, same_letter)
    } else {
        glob::matches(units, actual, |a, b| a == b)
    }
}

/// Integers and decimals; no words such as `inf`.
fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
    let value = text.parse::<f64>().ok().filter(|v| plain && v.is_finite())?;
    // One zero: a total order tells -0 from 0.
    Some(if value.abs() > 0.0 { value } else { 0.0 })
}

/// ISO 8601 as the W3C profile has it, or seconds since the epoch (DOC: IAM User Guide,
/// "Condition operators"). What lies beyond the moments that the type has is its last one, or its first: the year 9999
/// ends a day later, and is what policies name that are to hold for ever.
pub fn date(text: &str) -> Option<jiff::Timestamp> {
    if let Ok(seconds) = text.parse::<i64>() {
        // Four digits are a year in the profile, not seconds of the first hours of 1970.
        let beyond = if seconds < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        return if text.len() == 4 {
            day(&format!("{text}-01-01"))
        } else {
            Some(jiff::Timestamp::from_second(seconds).unwrap_or(beyond))
        };
    }
    let read = |text: &str| text.parse().ok().or_else(|| day(text)).or_else(|| day(&format!("{text}-01")));
    // Whether the rest is a day and a time another common year tells.
    let last = || read(&["2027", text.strip_prefix("9999")?].concat()).map(|_| jiff::Timestamp::MAX);
    read(text).or_else(last)
}

fn day(text: &str) -> Option<jiff::Timestamp> {
    let day: jiff::civil::Date = (text.len() == 10).then(|| text.parse().ok()).flatten()?;
    day.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|z| z.timestamp())
}

fn flag(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// An address or a block; without a prefix length, one address.
fn block(text: &str) -> Option<Test> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let v4 = address.is_ipv4();
    let width = if v4 { 32 } else { 128 };
    let length = length.unwrap_or(width);
    let host = width.checked_sub(length)?;
    let mask = u128::MAX.checked_shl(host).unwrap_or(0);
    Some(Test::Block { network: bits(address) & mask, mask, v4 })
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}
