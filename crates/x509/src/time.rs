//! The two time types of certificates, read to seconds since 1970, with what is odd about their writing.

use crate::der::{DerError, GENERALIZED_TIME, Reader, UTC_TIME};

/// A time as found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Read {
    /// Seconds since 1970.
    pub(crate) seconds: i64,
    /// Not as RFC 5280 section 4.1.2.5 writes it.
    pub(crate) odd: bool,
    /// A `GeneralizedTime` before 2050.
    pub(crate) early: bool,
}

pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Read, DerError> {
    let tlv = reader.next()?;
    let bad = DerError::Value("a time");
    let (year, rest, generalized) = match tlv.tag {
        UTC_TIME => {
            let (digits, rest) = tlv.value.split_at_checked(2).ok_or(bad)?;
            let short = number(digits).ok_or(bad)?;
            // RFC 5280, 4.1.2.5.1: 50 and above is 19YY.
            (if short >= 50 { 1900 + short } else { 2000 + short }, rest, false)
        }
        GENERALIZED_TIME => {
            let (digits, rest) = tlv.value.split_at_checked(4).ok_or(bad)?;
            (number(digits).ok_or(bad)?, rest, true)
        }
        found => return Err(DerError::Tag { expected: UTC_TIME, found }),
    };
    let (digits, rest) = rest.split_at_checked(8).ok_or(bad)?;
    let mut fields = digits.chunks(2).map(number);
    let mut field = || fields.next().flatten().ok_or(bad);
    let (month, day, hour, minute) = (field()?, field()?, field()?, field()?);
    // Seconds may be missing in certificates older than RFC 5280.
    let (second, zone, no_seconds) = match rest.split_at_checked(2) {
        Some((digits, zone)) if digits.iter().all(u8::is_ascii_digit) => (number(digits).ok_or(bad)?, zone, false),
        _ => (0, rest, true),
    };
    let (zone, fraction) = skip_fraction(zone);
    let offset = zone_offset(zone).ok_or(bad)?;
    let in_range = (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !in_range {
        return Err(bad);
    }
    let odd = no_seconds || fraction || zone != b"Z";
    let early = generalized && year < 2050;
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset;
    Ok(Read { seconds, odd, early })
}

/// The day of a time, as ISO 8601 writes it. The way back of [`days_since_1970`].
pub(crate) fn day(seconds: i64) -> String {
    // Years begin in March here, so that the odd day is the last.
    let days = seconds.div_euclid(86_400).saturating_add(719_468);
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{:02}", of_year - (153 * shifted + 2) / 5 + 1)
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0_i64, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

fn skip_fraction(zone: &[u8]) -> (&[u8], bool) {
    match zone {
        [b'.' | b',', rest @ ..] => {
            let end = rest.iter().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
            (rest.get(end..).unwrap_or_default(), true)
        }
        _ => (zone, false),
    }
}

/// Seconds east of UTC; a time without a zone is read as UTC.
fn zone_offset(zone: &[u8]) -> Option<i64> {
    match zone {
        b"Z" | b"" => Some(0),
        [sign @ (b'+' | b'-'), digits @ ..] if digits.len() == 4 => {
            let (hours, minutes) = digits.split_at_checked(2)?;
            let offset = number(hours)? * 3_600 + number(minutes)? * 60;
            Some(if *sign == b'+' { offset } else { -offset })
        }
        _ => None,
    }
}

fn leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let leaps = before / 4 - before / 100 + before / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400);
    let months: i64 = (1..month).map(|m| days_in(year, m)).sum();
    (year - 1970) * 365 + leaps + months + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tag: u8, text: &str) -> Result<Read, DerError> {
        let mut der = vec![tag, u8::try_from(text.len()).unwrap()];
        der.extend(text.as_bytes());
        read(&mut Reader::new(&der))
    }

    #[test]
    fn both_types_are_read() {
        assert_eq!(of(UTC_TIME, "200401000000Z"), Ok(Read { seconds: 1_585_699_200, odd: false, early: false }));
        assert_eq!(of(UTC_TIME, "491231235959Z").unwrap().seconds, 2_524_607_999);
        assert_eq!(of(UTC_TIME, "500101000000Z").unwrap().seconds, -631_152_000);
        assert_eq!(
            of(GENERALIZED_TIME, "20500101000000Z"),
            Ok(Read { seconds: 2_524_608_000, odd: false, early: false })
        );
        assert_eq!(of(GENERALIZED_TIME, "00010101000000Z").unwrap().seconds, -62_135_596_800);
        assert_eq!(of(GENERALIZED_TIME, "99991231235959Z").unwrap().seconds, 253_402_300_799);
    }

    #[test]
    fn odd_writing_is_read_and_noted() {
        for (tag, text) in [
            (UTC_TIME, "2004010000Z"),
            (UTC_TIME, "200401010000+0100"),
            (UTC_TIME, "200401000000"),
            (GENERALIZED_TIME, "20200401000000.5Z"),
        ] {
            let early = tag == GENERALIZED_TIME;
            assert_eq!(of(tag, text), Ok(Read { seconds: 1_585_699_200, odd: true, early }), "{text}");
        }
        let early = Read { seconds: 1_585_699_200, odd: false, early: true };
        assert_eq!(of(GENERALIZED_TIME, "20200401000000Z"), Ok(early));
    }

    #[test]
    fn impossible_times_are_refused() {
        for text in ["200230000000Z", "201301000000Z", "200401240000Z", "", "2004", "20040100000xZ", "200401000000Q"] {
            assert!(of(UTC_TIME, text).is_err(), "{text}");
        }
    }
}
