//! How far a server's clock is ahead of this machine's.

use std::time::SystemTime;

use http::HeaderMap;
use http::header::DATE;

/// Seconds from our time to the `Date` of an answer that has just come (RFC 9110, section 6.6.1).
pub(crate) fn ahead(headers: &HeaderMap) -> Option<i64> {
    let theirs = date(headers.get(DATE)?.to_str().ok()?)?;
    let ours = jiff::Timestamp::try_from(SystemTime::now()).ok()?;
    theirs.checked_sub(ours.as_second())
}

fn date(text: &str) -> Option<i64> {
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(at.as_second())
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn the_date_of_an_answer_is_read() {
        assert_eq!(date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(date("yesterday"), None);
    }
}
