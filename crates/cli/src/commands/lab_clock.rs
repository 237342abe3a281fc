//! `lab clock`: what was typed as a moment, and the lab's time in words.

use serde_json::Value;
use trustwalk_foreign::visible;
use trustwalk_trust_policy::date;

use crate::exit::UsageError;

/// Units of a move, seconds each.
const UNITS: [(char, i64); 6] =
    [('y', 365 * 86_400), ('w', 7 * 86_400), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// The moment that is meant, Unix seconds; `now` is the lab's.
pub(super) fn moment(text: &str, now: i64) -> Result<i64, UsageError> {
    let wrong = || {
        let typed = visible::line(text);
        UsageError(format!("`{typed}` is no time: write +30d, -2h, 2027-01-01, 2027-01-01T00:00Z or now"))
    };
    if text == "now" {
        return Ok(jiff::Timestamp::now().as_second());
    }
    let way = match text.chars().next() {
        Some('+') => 1,
        Some('-') => -1,
        Some(_) if text.contains('-') => return date(text).map(jiff::Timestamp::as_second).ok_or_else(wrong),
        _ => return Err(wrong()),
    };
    let seconds = length(text.get(1..).unwrap_or_default()).ok_or_else(wrong)?;
    now.checked_add(way * seconds).ok_or_else(wrong)
}

/// A length of time: numbers with their units, one after the other.
fn length(text: &str) -> Option<i64> {
    let (mut seconds, mut number) = (0_i64, String::new());
    for c in text.chars() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        let each = UNITS.iter().find(|(unit, _)| *unit == c)?.1;
        let count: i64 = std::mem::take(&mut number).parse().ok()?;
        seconds = count.checked_mul(each)?.checked_add(seconds)?;
    }
    (number.is_empty() && seconds > 0).then_some(seconds)
}

/// The lab's time in words.
pub(super) fn words(told: &Value) -> String {
    let time = told.get("time").and_then(Value::as_str).unwrap_or_default();
    let moved = told.get("moved").and_then(Value::as_i64).unwrap_or_default();
    let far = match moved.unsigned_abs() {
        0..=1 => return format!("It is {time} in the lab, as on this machine."),
        seconds @ 2..86_400 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} days", (seconds + 43_200) / 86_400),
    };
    let way = if moved > 0 { "ahead of" } else { "behind" };
    format!("It is {time} in the lab, {far} {way} this machine.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_moves_days_and_times() {
        let now = 1_800_000_000;
        for (text, want) in [
            ("+30d", now + 30 * 86_400),
            ("-2h30m", now - 9_000),
            ("+1w1s", now + 604_801),
            ("2027-01-01", 1_798_761_600),
            ("2027-01-01T00:00Z", 1_798_761_600),
            ("2027-01-01T00:00:00+01:00", 1_798_758_000),
        ] {
            assert_eq!(moment(text, now).ok(), Some(want), "{text}");
        }
        for wrong in
            ["", "+", "30d", "+30", "+0d", "tomorrow", "2027", "2027-13-01", "+9999999999999999d", "1800000000"]
        {
            assert!(moment(wrong, now).is_err(), "{wrong}");
        }
    }
}
