//! Dates as IAM takes them when a policy is saved, which is more than its comparisons are documented to read: parts may
//! be missing, years may be any that fit. Which are refused is reported.

use std::ops::RangeInclusive;

/// Years that IAM takes.
const YEARS: RangeInclusive<i64> = -292_275_054..=292_278_993;

/// Whether a text is a date or seconds since 1970.
pub(super) fn is_date(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    if !text.contains(['t', '-']) {
        return text.parse::<i64>().is_ok_and(|seconds| seconds >= 0);
    }
    let (date, time) = text.split_once('t').unwrap_or((&text, ""));
    is_day(date) && is_time(time)
}

fn within(text: &str, bounds: RangeInclusive<i64>) -> bool {
    text.parse().is_ok_and(|number| bounds.contains(&number))
}

/// Year, or year and month, or all three.
fn is_day(text: &str) -> bool {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let mut parts = rest.split('-');
    let year = parts.next().is_some_and(|year| within(&format!("{sign}{year}"), YEARS));
    let month = parts.next().is_none_or(|month| within(month, 1..=12));
    let day = parts.next().is_none_or(|day| within(day, 1..=31));
    year && month && day && parts.next().is_none()
}

/// Nothing, or hours, minutes and seconds as far as they go, and a zone behind seconds.
fn is_time(text: &str) -> bool {
    let mut parts = text.splitn(3, ':');
    let hours = parts.next().is_none_or(|hours| hours.is_empty() || within(hours, 0..=23));
    let minutes = parts.next().is_none_or(|minutes| within(minutes, 0..=59));
    hours && minutes && parts.next().is_none_or(is_second)
}

fn is_second(text: &str) -> bool {
    let (seconds, zone) = match (text.split_once('z'), text.split_once('+')) {
        (Some((seconds, after)), _) => (seconds, after.is_empty()),
        (None, Some((seconds, zone))) => (seconds, is_zone(zone)),
        (None, None) => (text, true),
    };
    let (whole, fraction) = seconds.split_once('.').map_or((seconds, None), |(whole, after)| (whole, Some(after)));
    zone && within(whole, 0..=59) && fraction.is_none_or(|digits| within(digits, 0..=999_999_999))
}

/// Two digits of hours, and of minutes where there are any.
fn is_zone(text: &str) -> bool {
    let (hours, minutes) = text.split_once(':').map_or((text, None), |(hours, after)| (hours, Some(after)));
    let two = |text: &str, most| text.len() == 2 && within(text, 0..=most);
    two(hours, 23) && minutes.is_none_or(|minutes| two(minutes, 59))
}

#[cfg(test)]
mod tests {
    use super::is_date;

    #[test]
    fn dates_are_taken_as_iam_takes_them() {
        for text in [
            "01T",
            "2019-07-01T13:20:15Z",
            "2016-12-13T21:20:37.593194+00:00",
            "2016-12-13t2:00:00.593194+23",
            "-292275054",
            "2026",
            "2026-07",
            "1782907200",
        ] {
            assert!(is_date(text), "{text}");
        }
        for text in [
            "sdfdsf",
            "b",
            "",
            "tomorrow",
            "234-13",
            "2016-12-13t2:00:00.593194+1",
            "2016-12-13t2:00:00.1999999999+10:59",
            "9223372036854775808",
            "2016-12-13-01",
        ] {
            assert!(!is_date(text), "{text}");
        }
    }
}
