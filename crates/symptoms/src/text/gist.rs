//! The part of a log's line that says what failed, for where there is room for one row.

/// Marks at which a client's sentence hands over to what the service said (botocore's `ClientError`; aws-sdk-go-v2,
/// smithy's `OperationError`).
const HANDS_OVER: [&str; 2] = ["An error occurred (", "api error "];
/// Levels as loggers write them.
const LEVELS: [&str; 12] =
    ["trace", "debug", "info", "notice", "warn", "warning", "error", "err", "fatal", "critical", "severe", "panic"];
/// Keys of structured logs whose value is not what happened.
const KEYS: [&str; 7] = ["time", "ts", "timestamp", "level", "lvl", "severity", "caller"];

/// What failed, without the time, level and logger before it and, where a service's own words follow, without what the
/// client says around them. The line itself where nothing of that stands in it.
pub fn gist(line: &str) -> &str {
    let mut rest = line.trim_start();
    while let Some(after) = without_first(rest) {
        rest = after;
    }
    if let Some(message) = rest.strip_prefix("msg=").or_else(|| rest.strip_prefix("message=")) {
        rest = message.trim_start_matches('"');
    }
    let after = HANDS_OVER.iter().find_map(|mark| {
        let at = rest.find(mark)?;
        rest.get(if mark.ends_with(' ') { at + mark.len() } else { at }..)
    });
    let rest = after.unwrap_or_else(|| class(rest));
    if rest.is_empty() { line } else { rest }
}

/// What stands after the first word, where that tells no more than when, how bad and by whom.
fn without_first(text: &str) -> Option<&str> {
    let (word, rest) = text.split_once(' ')?;
    let bare = word.trim_matches(|c: char| matches!(c, '[' | ']' | ':' | '|' | '\u{2026}'));
    let keyed = bare.split_once('=').is_some_and(|(key, _)| KEYS.contains(&key));
    let level = LEVELS.iter().any(|level| level.eq_ignore_ascii_case(bare));
    (bare.is_empty() || keyed || level || is_time(bare)).then(|| rest.trim_start())
}

/// Whether a word is of digits and of what stands between the parts of a time.
fn is_time(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let all = word.bytes().all(|b| b.is_ascii_digit() || b"-:.,+TZ/".contains(&b));
    // A single number may be what is told.
    all && digits >= 4 && word.contains(['-', ':', '/'])
}

/// A class without its package: the name tells what it is.
fn class(text: &str) -> &str {
    let Some((word, _)) = text.split_once(": ") else { return text };
    let plain = word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$'));
    match word.rfind('.') {
        Some(dot) if plain => text.get(dot + 1..).unwrap_or(text),
        Some(_) | None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::gist;

    #[test]
    fn what_failed_is_left_and_nothing_before_it() {
        for (line, left) in [
            (
                "2026-11-30T01:02:27.936Z ERROR botocore.exceptions.ProfileNotFound: The config profile (p) \
                 could not be found",
                "ProfileNotFound: The config profile (p) could not be found",
            ),
            (
                "2026-11-30T01:03:10.903Z ERROR botocore.errorfactory.InvalidIdentityTokenException: An error occurred \
              (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: x",
                "An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: x",
            ),
            (
                "\u{2026} https response error StatusCode: 403, RequestID: c51b, api error \
                 UnauthorizedOperation: You are not",
                "UnauthorizedOperation: You are not",
            ),
            (
                "2026-11-30T01:08:25.4838689Z 2026-11-30T02:08:25Z An error occurred (ExpiredToken) when calling it",
                "An error occurred (ExpiredToken) when calling it",
            ),
            ("time=\"2026-11-30T01:00:33Z\" level=error msg=\"no provider\"", "no provider\""),
            ("2026/11/30 01:00:33 [ERROR] boom", "boom"),
            (
                "FileNotFoundError: [Errno 2] No such file or directory: '/var/run/x'",
                "FileNotFoundError: [Errno 2] No such file or directory: '/var/run/x'",
            ),
            ("arn:aws:iam::111122223333:role/x", "arn:aws:iam::111122223333:role/x"),
            ("111122223333 is the account", "111122223333 is the account"),
            ("2026-11-30T01:00:33Z ", "2026-11-30T01:00:33Z "),
            ("", ""),
        ] {
            assert_eq!(gist(line), left, "{line}");
        }
    }
}
