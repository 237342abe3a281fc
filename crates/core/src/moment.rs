//! Moments for people: UTC, always, so that two people read the same.

use jiff::SignedDuration;
use jiff::civil::{DateTime, date as day};

/// `2022-07-19 13:45:18Z`, of Unix seconds; the seconds themselves past the end of the year 9999.
pub fn stamp(seconds: i64) -> String {
    written(seconds, "%Y-%m-%d %H:%M:%SZ")
}

/// `2022-07-19`, of Unix seconds; the seconds themselves past the end of the year 9999.
pub fn date(seconds: i64) -> String {
    written(seconds, "%Y-%m-%d")
}

pub(crate) fn written(seconds: i64, form: &str) -> String {
    civil(seconds).map_or_else(|| seconds.to_string(), |t| t.strftime(form).to_string())
}

/// The moment by UTC's calendar, to the end of the year 9999, which certificates without an end name (RFC 5280, section
/// 4.1.2.5): no `jiff::Timestamp` is as late.
fn civil(seconds: i64) -> Option<DateTime> {
    day(1970, 1, 1).at(0, 0, 0, 0).checked_add(SignedDuration::from_secs(seconds)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_whatever_the_zone() {
        assert_eq!(stamp(0), "1970-01-01 00:00:00Z");
        assert_eq!(stamp(-1), "1969-12-31 23:59:59Z");
        assert_eq!(date(1_835_395_200), "2028-02-29");
        assert_eq!(stamp(253_402_300_799), "9999-12-31 23:59:59Z", "as certificates without an end have it");
        assert_eq!(date(i64::MAX), i64::MAX.to_string());
    }
}
