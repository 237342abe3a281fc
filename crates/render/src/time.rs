//! Times for people: UTC, always, so that two people read the same.

use jiff::Timestamp;
pub use trustwalk_core::moment::{date, stamp};

/// A time from words: ISO 8601 or Unix seconds.
pub fn parse(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().or_else(|| text.parse::<Timestamp>().ok().map(Timestamp::as_second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_from_words() {
        assert_eq!(parse("2022-07-19T13:45:18Z"), Some(1_658_238_318));
        assert_eq!(parse("12"), Some(12));
        assert_eq!(parse("soon"), None);
    }
}
