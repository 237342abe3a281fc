//! Times for people: UTC, always, so that two people read the same.

use jiff::Timestamp;

/// `2022-07-19 13:45:18Z`.
pub fn stamp(seconds: i64) -> String {
    civil(seconds).map_or_else(|| seconds.to_string(), |t| t.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
}

/// `2022-07-19`.
pub fn date(seconds: i64) -> String {
    civil(seconds).map_or_else(|| seconds.to_string(), |t| t.strftime("%Y-%m-%d").to_string())
}

/// The moment by UTC's calendar, to the end of the year 9999, which certificates without an end name (RFC 5280, section
/// 4.1.2.5): no `Timestamp` is as late.
fn civil(seconds: i64) -> Option<jiff::civil::DateTime> {
    jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0).checked_add(jiff::SignedDuration::from_secs(seconds)).ok()
}

/// A time from words: ISO 8601 or Unix seconds.
pub fn parse(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().or_else(|| text.parse::<Timestamp>().ok().map(Timestamp::as_second))
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
        assert_eq!(parse("2022-07-19T13:45:18Z"), Some(1_658_238_318));
        assert_eq!(parse("12"), Some(12));
        assert_eq!(parse("soon"), None);
    }
}
