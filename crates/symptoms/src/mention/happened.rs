//! What happened in the dress of what is quoted: a command with its output behind it, a description that carries what
//! only a happening has.

use super::literal::literals;
use crate::text::extract::request_id;

/// How programs begin what they print of a failure, as they write it. Commands hold none of them outside of quotes.
const OUTPUT: &[&str] = &[
    "An error occurred (",
    "aws: error: ",
    "Unable to locate ",
    "Could not connect ",
    "Connect timeout ",
    "Error when retrieving ",
    "Error: ",
    "ERROR: ",
    "error: ",
    "fatal error: ",
    "Traceback (most recent call last)",
];

/// Where the output begins that was pasted behind a command on the same line.
pub(super) fn output(body: &str) -> Option<usize> {
    let quoted = literals(body);
    let own = |at: usize| {
        let parted = body.get(..at).is_some_and(|before| before.ends_with(char::is_whitespace));
        parted && !quoted.iter().any(|range| range.contains(&at))
    };
    OUTPUT.iter().filter_map(|begin| body.match_indices(begin).map(|(at, _)| at).find(|at| own(*at))).min()
}

/// Whether a description or a note tells of what happened: it has AWS's id of the request that was refused, it is a
/// record with a time, or it begins as the AWS CLI's own words of an answer do. A template tells of what may happen.
pub(super) fn is_told(value: &str, timed: bool) -> bool {
    let value = value.trim_start_matches([' ', '"', '\'']);
    let answer = value.starts_with("An error occurred (") && value.contains(") when calling the ");
    !value.contains("{{") && (timed || answer || has_request(value))
}

/// Whether the words carry AWS's id of a request, which only a request that was made has.
pub(crate) fn has_request(text: &str) -> bool {
    request_id(text, &text.to_ascii_lowercase()).is_some()
}
