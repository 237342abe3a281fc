//! The moments that a refusal compares: STS writes seconds of Unix time, EKS Auth and others RFC 3339.

use super::extract::after;
use super::stamp::Stamp;
use crate::facts::SaidTimes;

/// Words before the moment that was taken for now, and before the one it was compared with.
const PAIRS: &[(&str, &str)] = &[
    ("current date/time ", "expiration date/time "),
    ("current date/time ", "not-before date/time "),
    ("Signature expired: ", "is now earlier than "),
    ("Signature not yet current: ", "is still later than "),
    // S3 (API reference, "Error responses"), where its document is shown.
    ("<RequestTime>", "<ServerTime>"),
    ("current time ", " is after "),
    ("current time ", " is before "),
];

/// Reads them.
pub(crate) fn times(text: &str) -> Option<SaidTimes> {
    PAIRS.iter().find_map(|(now, limit)| {
        let rest = after(text, now)?;
        let (current, limit) = (moment(rest)?, moment(after(rest, limit)?)?);
        let past_seconds = (current.millis() - limit.millis()) / 1000;
        Some(SaidTimes { current: current.to_string(), limit: limit.to_string(), past_seconds })
    })
}

fn moment(text: &str) -> Option<Stamp> {
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, ';' | ')' | '"' | '\'' | '<')).unwrap_or(text.len());
    let word = text.get(..end)?.trim_end_matches(['.', ',']);
    if !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()) {
        return word.parse().ok().and_then(Stamp::from_seconds);
    }
    Stamp::find(word).or_else(|| Stamp::compact(word))
}

#[cfg(test)]
mod tests {
    use super::times;

    #[test]
    fn moments_are_read_in_each_form() {
        let told = |text| times(text).map(|t| (t.current, t.limit, t.past_seconds));
        let sts = "Token expired: current date/time 1731098245 must be before the expiration date/time 1731095240";
        assert_eq!(
            told(sts),
            Some(("2024-11-08T20:37:25.000Z".to_owned(), "2024-11-08T19:47:20.000Z".to_owned(), 3005))
        );
        let eks = "is expired: current date/time 2025-07-06T07:02:09.314833331Z must be before \
                   the expiration date/time 2025-07-06T04:16:18Z.";
        assert_eq!(told(eks).map(|t| t.2), Some(9951));
        let skew =
            "Signature expired: 20240101T000000Z is now earlier than 20240101T001500Z (20240101T002000Z - 5 min.)";
        assert_eq!(told(skew).map(|t| t.2), Some(-900));
        let ahead = "Signature not yet current: 20220104T000518Z is still later than 20220104T000203Z \
                     (20220103T235703Z + 5 min.)";
        assert_eq!(told(ahead).map(|t| t.2), Some(195));
        let s3 = "<RequestTime>20180424T101518Z</RequestTime><ServerTime>2018-04-24T11:15:18Z</ServerTime>";
        assert_eq!(told(s3).map(|t| t.2), Some(-3600));
        assert_eq!(told("current date/time soon must be before the expiration date/time later"), None);
    }
}
