//! Times in logs, read into UTC. Deliberately absent: klog's form, which has no year.

use std::fmt;

/// A moment, in milliseconds of Unix time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(i64);

/// The longest text a time takes, fractions and zone included.
const LONGEST: usize = 40;

impl Stamp {
    /// From seconds of Unix time, as zap writes them.
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    pub(crate) fn from_seconds(seconds: f64) -> Option<Self> {
        let millis = if seconds > 1e11 { seconds } else { seconds * 1000.0 };
        (millis.is_finite() && (0.0..1e14).contains(&millis)).then_some(Self(millis as i64))
    }

    /// Milliseconds of Unix time.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// `20261123T100000Z`, as signatures carry it (ISO 8601, basic format).
    pub(crate) fn compact(text: &str) -> Option<Self> {
        let b = text.as_bytes();
        if b.len() < 16 || b.get(8) != Some(&b'T') || b.get(15) != Some(&b'Z') {
            return None;
        }
        let part = |from, to| text.get(from..to);
        let (date, time) = ((part(0, 4)?, part(4, 6)?, part(6, 8)?), (part(9, 11)?, part(11, 13)?, part(13, 15)?));
        Self::find(&format!("{}-{}-{}T{}:{}:{}Z", date.0, date.1, date.2, time.0, time.1, time.2))
    }

    /// The first time in the text's first bytes: `2026-11-23T10:00:00.123Z`, with a space or
    /// with slashes instead, any fraction, `Z`, an offset or none (which counts as UTC); or with a month's
    /// name, as `23/Nov/2026:10:00:00 +0100` and `23-Nov-2026 10:00:00 UTC`.
    pub fn find(text: &str) -> Option<Self> {
        let head = text.as_bytes().get(..text.len().min(80)).unwrap_or_default();
        (0..head.len().saturating_sub(18)).find_map(|i| {
            let before = i.checked_sub(1).and_then(|j| head.get(j));
            if before.is_some_and(u8::is_ascii_digit) || !head.get(i).is_some_and(u8::is_ascii_digit) {
                return None;
            }
            let from = head.get(i..head.len().min(i + LONGEST)).unwrap_or_default();
            parse(from).or_else(|| named(from))
        })
    }
}

fn number(bytes: &[u8], from: usize, len: usize) -> Option<i64> {
    let part = bytes.get(from..from + len)?;
    part.iter().try_fold(0i64, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

fn parse(b: &[u8]) -> Option<Stamp> {
    let sep = *b.get(4)?;
    if !matches!(sep, b'-' | b'/') || *b.get(7)? != sep || !matches!(*b.get(10)?, b'T' | b' ' | b't') {
        return None;
    }
    if *b.get(13)? != b':' || *b.get(16)? != b':' {
        return None;
    }
    clock((number(b, 0, 4)?, number(b, 5, 2)?, number(b, 8, 2)?), b)
}

/// A day, a month's name and a year, as web servers, Tomcat, PHP and HTTP write them.
fn named(b: &[u8]) -> Option<Stamp> {
    const MONTHS: [&[u8]; 12] =
        [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
    let digits = b.iter().take(2).take_while(|d| d.is_ascii_digit()).count();
    let sep = *b.get(digits)?;
    let rest = b.get(digits + 1..)?;
    if !matches!(sep, b'/' | b'-' | b' ') || rest.get(3) != Some(&sep) || !matches!(rest.get(8), Some(b':' | b' ')) {
        return None;
    }
    let name = rest.get(..3)?;
    let month = (1..).zip(MONTHS).find(|(_, m)| *m == name)?.0;
    // As long as an ISO date, so that the clock stands at the same place.
    let moved = [b"0000-00-00T".as_slice(), rest.get(9..)?].concat();
    (moved.get(13) == Some(&b':') && moved.get(16) == Some(&b':')).then_some(())?;
    clock((number(rest, 4, 4)?, month, number(b, 0, digits)?), &moved)
}

/// The moment of a date and of the clock that stands after the date in `b`.
fn clock((year, month, day): (i64, i64, i64), b: &[u8]) -> Option<Stamp> {
    let (hour, minute, second) = (number(b, 11, 2)?, number(b, 14, 2)?, number(b, 17, 2)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut at = 19;
    let mut millis = 0;
    if matches!(b.get(at), Some(b'.' | b',')) {
        let digits: Vec<i64> =
            b.iter().skip(at + 1).take_while(|d| d.is_ascii_digit()).map(|d| i64::from(d - b'0')).collect();
        millis = (0..3).fold(0, |n, i| n * 10 + digits.get(i).copied().unwrap_or(0));
        at += 1 + digits.len();
    }
    if b.get(at) == Some(&b' ') && matches!(b.get(at + 1), Some(b'+' | b'-')) && number(b, at + 2, 4).is_some() {
        at += 1;
    }
    let offset = match b.get(at) {
        Some(sign @ (b'+' | b'-')) => {
            let colon = usize::from(b.get(at + 3) == Some(&b':'));
            let minutes = number(b, at + 1, 2)? * 60 + number(b, at + 3 + colon, 2).unwrap_or(0);
            if *sign == b'-' { -minutes } else { minutes }
        }
        _ => 0,
    };
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset * 60;
    Some(Stamp(seconds * 1000 + millis))
}

/// Days since 1970-01-01 of a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (day, milli) = (self.0.div_euclid(86_400_000), self.0.rem_euclid(86_400_000));
        let z = day + 719_468;
        let (era, of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let mp = (5 * of_year + 2) / 153;
        let date = of_year - (153 * mp + 2) / 5 + 1;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let (hour, minute, second, rest) = (milli / 3_600_000, milli / 60_000 % 60, milli / 1000 % 60, milli % 1000);
        write!(f, "{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}.{rest:03}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::Stamp;

    #[test]
    fn reads_the_forms_logs_use() {
        for (text, want) in [
            (r#"{"ts":"2020-06-24T11:33:51.190Z""#, "2020-06-24T11:33:51.190Z"),
            ("2026-11-23 10:00:00,123 - botocore", "2026-11-23T10:00:00.123Z"),
            ("2026/11/23 10:00:00 failed", "2026-11-23T10:00:00.000Z"),
            ("2026-02-28T23:30:00.5-01:00 x", "2026-03-01T00:30:00.500Z"),
            ("time=\"2024-02-29T00:00:00+0530\" level", "2024-02-28T18:30:00.000Z"),
        ] {
            assert_eq!(Stamp::find(text).map(|s| s.to_string()).as_deref(), Some(want), "{text}");
        }
        for text in [
            "10.0.0.1 - - [23/Nov/2026:11:00:00 +0100] \"POST / HTTP/1.1\"",
            "[23-Nov-2026 10:00:00 UTC] PHP Fatal error",
            "23-Nov-2026 10:00:00.000 SEVERE [main]",
            "Date: Mon, 23 Nov 2026 10:00:00 GMT",
        ] {
            assert_eq!(Stamp::find(text).map(|s| s.to_string()).as_deref(), Some("2026-11-23T10:00:00.000Z"), "{text}");
        }
        for text in [
            "23-Nov-2026 25:00:00 x",
            "23-Foo-2026 10:00:00 xx",
            "0-Nov-2026 10:00:00 xxxx",
            "23-Nov-2026 10.00.00 xxx",
        ] {
            assert_eq!(Stamp::find(text), None, "{text}");
        }
        assert_eq!(Stamp::find("E1123 10:00:00.000000 1 main.go"), None);
        assert_eq!(Stamp::find("2026-13-01T00:00:00Z"), None);
        assert_eq!(
            Stamp::from_seconds(1_593_000_000.5).map(|s| s.to_string()).as_deref(),
            Some("2020-06-24T12:00:00.500Z")
        );
        assert_eq!(Stamp::from_seconds(f64::NAN), None);
    }
}
