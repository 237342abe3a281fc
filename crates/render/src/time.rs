//! Times for people: UTC, always, so that two people read the same.

use jiff::Timestamp;

/// `2022-07-19 13:45:18Z`.
pub fn stamp(seconds: i64) -> String {
    Timestamp::from_second(seconds)
        .map_or_else(|_| seconds.to_string(), |t| t.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
}

/// `2022-07-19`.
pub fn date(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |t| t.strftime("%Y-%m-%d").to_string())
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
        assert_eq!(parse("2022-07-19T13:45:18Z"), Some(1_658_238_318));
        assert_eq!(parse("12"), Some(12));
        assert_eq!(parse("soon"), None);
    }
}
