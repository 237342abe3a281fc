//! What stands before a line's own words: container runtimes', `kubectl logs`', GitHub's, journald's and
//! Terraform's additions. Times that only stand in front are left in the text, which shows them.

/// Docker's `json-file` driver begins each record so.
const DOCKER: &str = "{\"log\":\"";

/// Levels as loggers write them after a time.
const LEVELS: &[&str] =
    &["INFO", "WARN", "ERROR", "DEBUG", "TRACE", "FATAL", "SEVERE", "info", "warn", "error", "debug", "fatal"];

/// How a line, taken by itself, relates to the lines around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Goes on with what the line before it said: indented.
    Continues,
    /// Names what led to the failure before it, even after a blank line.
    Cause,
    /// Nothing on it.
    Blank,
    /// Python: the exception before led to another one, which follows.
    Chain,
    /// Python: a stack follows, then the exception's own line.
    Traceback,
    /// Anything else.
    Own,
}

/// The kind of a line of which at least the head is given.
pub fn kind(head: &str) -> Kind {
    if head.contains('\u{1b}') || head.contains(RESET) { plain_kind(&strip_ansi(head)) } else { plain_kind(head) }
}

fn plain_kind(head: &str) -> Kind {
    let line = head.trim_end_matches(['\n', '\r']);
    let runtime = cri(line).map_or(line, |c| c.body);
    // Most lines that go on say so at once.
    if runtime.starts_with('\t') {
        return Kind::Continues;
    }
    if runtime.starts_with("caused by:") {
        return Kind::Cause;
    }
    let (body, prefixed) = bare(runtime);
    if let Some(log) = body.strip_prefix(DOCKER) {
        return docker_kind(log);
    }
    // Spring and others write two blanks between a time and a level.
    if prefixed && body.starts_with(' ') && LEVELS.iter().any(|l| body.trim_start().starts_with(l)) {
        return Kind::Own;
    }
    if body.trim().is_empty() {
        return Kind::Blank;
    }
    if body.starts_with(['\t', ' ']) || framed(runtime).is_some() {
        return Kind::Continues;
    }
    of_words(body).unwrap_or(Kind::Own)
}

/// The kind of what Docker's record holds, its escapes as they are.
fn docker_kind(log: &str) -> Kind {
    if log.starts_with("\\n\"") || log.starts_with("\\r\\n\"") {
        return Kind::Blank;
    }
    if log.starts_with([' ', '│']) || log.starts_with("\\t") {
        Kind::Continues
    } else {
        of_words(log).unwrap_or(Kind::Own)
    }
}

fn of_words(body: &str) -> Option<Kind> {
    const CAUSES: &[&str] = &[
        "caused by:",
        "Caused by:",
        "Wrapped by:",
        "--->",
        "---",
        "status code:",
        "Suppressed:",
        "... ",
        "<ErrorResponse",
        // Links of Go 1's chain of sources (`CredentialsChainVerboseErrors`).
        "SharedCredsLoad: ",
        "EC2RoleRequestError: ",
        // Terraform's provider of AWS, between what it says and why.
        "Please see https://",
        "for more information about providing credentials",
    ];
    const CHAINS: &[&str] = &["During handling of the above exception", "The above exception was the direct cause"];
    let begins = |words: &[&str]| words.iter().any(|w| body.starts_with(w));
    if is_source_line(body) {
        Some(Kind::Continues)
    } else if begins(CAUSES) || is_numbered(body) {
        Some(Kind::Cause)
    } else if begins(CHAINS) {
        Some(Kind::Chain)
    } else if body.starts_with("Traceback (most recent call last)") {
        Some(Kind::Traceback)
    } else {
        None
    }
}

/// A place in a program of JavaScript, which Node prints on a line above what stands there: `/app/index.js:5`.
fn is_source_line(body: &str) -> bool {
    let Some((path, line)) = body.trim_end().rsplit_once(':') else { return false };
    let number = !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit());
    let file = [".js", ".mjs", ".cjs", ".ts"].iter().any(|end| path.ends_with(end));
    number && file && (path.starts_with('/') || path.starts_with("file:///")) && !path.contains(' ')
}

/// `Exception 2 of 4: `, as .NET's chain of sources tells what each of them said.
fn is_numbered(body: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.len() < 4 && text.bytes().all(|b| b.is_ascii_digit());
    let told = || {
        let (one, rest) = body.strip_prefix("Exception ")?.split_once(" of ")?;
        let (all, _) = rest.split_once(": ")?;
        Some(number(one) && number(all))
    };
    told() == Some(true)
}

/// Whether Docker may have cut a record's words here: it does so after 16 KiB, less some for what escapes add.
pub(crate) fn is_cut(log: &str) -> bool {
    log.len() >= 16_000
}

/// Whether the words of a record go on in the next one.
pub fn is_partial(line: &str) -> bool {
    match line.strip_prefix(DOCKER) {
        // A shorter record without a line's end is a shipper's, which took it off.
        Some(log) => is_cut(log) && !log.contains("\\n\",\""),
        None => line.contains(" P ") && cri(line).is_some_and(|c| c.partial),
    }
}

/// The line without `kubectl logs --prefix`' or Docker Compose's name of its source.
pub(crate) fn without_source(line: &str) -> &str {
    if let Some(rest) = line.strip_prefix("[pod/")
        && let Some((_, body)) = rest.split_once("] ")
    {
        return body;
    }
    // A service's name is at the start, and short.
    let near = line.as_bytes().iter().take(MAX_SERVICE).any(|b| *b == b'|');
    match line.split_once('|').filter(|_| near) {
        Some((name, body)) if is_service(name) => body.strip_prefix(' ').unwrap_or(body),
        _ => line,
    }
}

/// Bytes in which Docker Compose's name of a service ends.
const MAX_SERVICE: usize = 64;

/// `web-1  `, as Docker Compose names what wrote a line.
fn is_service(name: &str) -> bool {
    let bare = name.trim_end_matches(' ');
    bare.len() < name.len()
        && bare.ends_with(|c: char| c.is_ascii_digit())
        && bare.contains('-')
        && bare.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// The line without source, job and step, time, host and unit; and whether any of these but the source was there.
fn bare(line: &str) -> (&str, bool) {
    let line = without_source(line);
    // `gh run view --log`: job, step, line.
    let line = match line.splitn(3, '\t').nth(2) {
        Some(body) if !line.starts_with('\t') && time_len(body).is_some() => body,
        _ => line,
    };
    let timed = time_len(line).and_then(|len| line.get(len..)).and_then(|rest| rest.strip_prefix(' '));
    let (body, timed) = timed.map_or((line, false), |rest| (rest, true));
    match unit(body, timed) {
        Some(rest) => (rest, true),
        None => (body, timed),
    }
}

/// Length of an RFC 3339 time at the start, as the API server and GitHub's runner put it.
fn time_len(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let shape = |at: usize, b: u8| bytes.get(at) == Some(&b);
    if !(shape(4, b'-') && shape(7, b'-') && shape(10, b'T') && shape(13, b':') && shape(16, b':')) {
        return None;
    }
    let end = bytes.iter().position(|b| *b == b' ').unwrap_or(bytes.len());
    let plain =
        bytes.get(..end)?.iter().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b':' | b'.' | b'T' | b'Z' | b'+'));
    plain.then_some(end)
}

/// The words after `HOST UNIT[PID]: `, as journald prints; without an ISO time a month's name comes before.
fn unit(line: &str, timed: bool) -> Option<&str> {
    const MONTHS: &[&str] =
        &["Jan ", "Feb ", "Mar ", "Apr ", "May ", "Jun ", "Jul ", "Aug ", "Sep ", "Oct ", "Nov ", "Dec "];
    let rest =
        if timed { line } else { MONTHS.iter().find_map(|m| line.strip_prefix(m))?.get("23 10:00:00 ".len()..)? };
    let (before, body) = rest.split_once("]: ")?;
    let (_, unit) = before.split_once(' ')?;
    let (name, pid) = unit.split_once('[')?;
    let whole = !name.contains(' ') && !pid.is_empty() && pid.bytes().all(|b| b.is_ascii_digit());
    whole.then_some(body)
}

/// The words and the time of Docker's record; nothing if the line is none.
pub(crate) fn docker(line: &str) -> Option<(String, Option<String>)> {
    if !line.starts_with(DOCKER) {
        return None;
    }
    let mut record: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).ok()?;
    let mut text = |name: &str| match record.remove(name) {
        Some(serde_json::Value::String(text)) => Some(text),
        _ => None,
    };
    let (log, time, stream) = (text("log")?, text("time"), text("stream"));
    // Another program's record has other members, which count.
    let own = ["msg", "message", "error", "err", "level", "exception"].iter().all(|name| !record.contains_key(*name));
    (time.is_some() && stream.is_some() && own).then_some((log, time))
}

/// The words within Terraform's box; nothing if the line is not in one.
pub(crate) fn boxed(line: &str) -> Option<&str> {
    framed(line).map(str::trim_end)
}

/// The bar of a box, and what is left of its three bytes where a program took them for letters.
const BARS: [&str; 2] = ["│", "\u{fffd}\u{fffd}\u{fffd}"];
/// Bytes that may stand before the bar: a time, a program's name.
const BEFORE_BAR: usize = 80;

/// What stands behind the bar of a margin that a program puts before each line of a text that it wraps, the first of
/// them an item of a list (SOPS, `keyservice` errors).
fn wrapped(line: &str) -> Option<&str> {
    let within = line.trim_start_matches(' ');
    if within.len() == line.len() {
        return None;
    }
    let within = within.strip_prefix("- ").unwrap_or(within);
    let rest = within.strip_prefix('|').filter(|rest| rest.starts_with(' '))?;
    // A second bar makes it a table's row.
    (!rest.trim_end().ends_with('|')).then_some(rest)
}

/// What stands behind the bar of a box.
fn framed(line: &str) -> Option<&str> {
    if line.starts_with(' ')
        && let Some(rest) = wrapped(line)
    {
        return Some(rest);
    }
    let bar = BARS.into_iter().find(|bar| line.contains(bar))?;
    if let Some(rest) = bare(line).0.strip_prefix(bar) {
        return Some(rest);
    }
    let (before, rest) = line.split_once(bar)?;
    // A second bar makes it a table's row.
    (before.len() <= BEFORE_BAR && is_prefix(before) && !rest.contains(bar)).then_some(rest)
}

/// Whether these are words that a runner or a wrapper puts before every line: they end with a time, or with a name and
/// its colon, or in brackets.
fn is_prefix(before: &str) -> bool {
    let Some(trimmed) = before.strip_suffix(' ').map(str::trim_end) else { return false };
    let last = trimmed.rsplit(' ').next().unwrap_or_default();
    let time = last.contains(':')
        && last.starts_with(|c: char| c.is_ascii_digit())
        && last.bytes().all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.' | b',' | b'-' | b'+' | b'T' | b'Z'));
    time || trimmed.ends_with(']') || (last.len() > 1 && last.ends_with(':'))
}

/// A container runtime's prefix: time, stream, flag (Kubernetes CRI logging format).
pub(crate) struct Cri<'a> {
    pub(crate) time: &'a str,
    /// Whether the line goes on in the next record.
    pub(crate) partial: bool,
    /// The line without the prefix.
    pub(crate) body: &'a str,
}

/// The container runtime's prefix of a line, if it has one.
pub(crate) fn cri(line: &str) -> Option<Cri<'_>> {
    let mut parts = line.splitn(4, ' ');
    let (time, stream, flag) = (parts.next()?, parts.next()?, parts.next()?);
    // A shipper's record that holds such a line begins otherwise.
    if !matches!(stream, "stdout" | "stderr") || !time.contains('T') || !time.starts_with(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    let partial = match flag {
        "F" => false,
        "P" => true,
        _ => return None,
    };
    Some(Cri { time, partial, body: parts.next().unwrap_or_default() })
}

/// What a reset of colours leaves where its escape character was lost, as in what is copied from a page.
const RESET: &str = "[0m";

/// The escape character as quoted text has it.
const ESCAPES: [&str; 4] = ["\\u001b", "\\u001B", "\\x1b", "\\033"];

/// The line without terminal control sequences.
pub(crate) fn strip_ansi(line: &str) -> String {
    if !line.contains('\u{1b}') {
        return if line.contains(RESET) { without_colours(line) } else { line.to_owned() };
    }
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            out.push(c);
        } else if chars.next() == Some('[') {
            // A control sequence ends with a byte from `@` to `~` (ECMA-48).
            for c in chars.by_ref() {
                if ('@'..='~').contains(&c) {
                    break;
                }
            }
        }
    }
    out
}

/// The line without `[31m` and the like (ECMA-48, "Select graphic rendition").
fn without_colours(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        let end = after.find(|c: char| !(c.is_ascii_digit() || c == ';')).unwrap_or(after.len());
        match after.get(end..).and_then(|r| r.strip_prefix('m')) {
            // `[5m]` is a span of time in a query.
            Some(next) if end > 0 && !next.starts_with(']') => {
                let escape = ESCAPES.iter().find(|e| out.ends_with(**e)).map_or(0, |e| e.len());
                out.truncate(out.len() - escape);
                rest = next;
            }
            Some(_) | None => {
                out.push('[');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::{Kind, boxed, kind, strip_ansi};

    #[test]
    fn a_box_is_seen_behind_every_prefix() {
        for prefix in [
            "",
            "2026-11-23T10:00:03.100Z ",
            "2026-11-23T10:00:03.100+00:00 ",
            "2026-11-23 10:00:03.100 ",
            "[2026-11-23T10:00:03.100Z] ",
            "Nov 23 10:00:03 ",
            "10:00:03.100 STDERR terraform: ",
            "plan\tTerraform Plan\t2026-11-23T10:00:03.1000000Z ",
        ] {
            for bar in super::BARS {
                let line = format!("{prefix}{bar} perform sts:AssumeRoleWithWebIdentity");
                assert_eq!(boxed(&line), Some(" perform sts:AssumeRoleWithWebIdentity"), "{line}");
                assert_eq!(kind(&line), Kind::Continues, "{line}");
            }
        }
        for line in ["10:00:03 │ ERROR │ no box", "a log of words │ and more", "no bar"] {
            assert_eq!(boxed(line), None, "{line}");
            assert_eq!(kind(line), Kind::Own, "{line}");
        }
    }

    #[test]
    fn colours_go_though_their_escape_is_lost() {
        assert_eq!(strip_ansi("[31m│[0m [0m[1mError: [0mrate(x[5m]) [a]"), "│ Error: rate(x[5m]) [a]");
        assert_eq!(strip_ansi("[31m is kept where nothing resets"), "[31m is kept where nothing resets");
        assert_eq!(kind("[31m│[0m [0mperform"), Kind::Continues);
        assert_eq!(strip_ansi(r#"{"msg":"\u001b[31mNot\u001b[0m it"}"#), r#"{"msg":"Not it"}"#);
    }

    #[test]
    fn lines_go_on_behind_every_prefix() {
        for prefix in [
            "",
            "2026-11-23T10:00:00.000000000Z stderr F ",
            "2026-11-23T10:00:00.000000000Z ",
            "[pod/app-1/app] ",
            "[pod/app-1/app] 2026-11-23T10:00:00.000000000Z ",
            "web-1  | ",
            "Nov 23 10:00:00 ip-10-0-0-1 kubelet[123]: ",
            "2026-11-23T10:00:00+0000 ip-10-0-0-1 kubelet[123]: ",
            "build\tRun it\t2026-11-23T10:00:00.1234567Z ",
        ] {
            for (body, wanted) in [
                ("caused by: x", Kind::Cause),
                ("\tstatus code: 400", Kind::Continues),
                ("    at f", Kind::Continues),
                ("Traceback (most recent call last):", Kind::Traceback),
                ("During handling of the above exception, another exception occurred:", Kind::Chain),
                ("next", Kind::Own),
            ] {
                assert_eq!(kind(&format!("{prefix}{body}\n")), wanted, "{prefix}{body}");
            }
        }
        assert_eq!(kind("2026-11-23T10:00:00.123Z  INFO 1 --- [main] a.b.C : up"), Kind::Own);
        assert_eq!(kind("{\"log\":\"\\tstatus code: 400\\n\",\"stream\":\"stderr\"}"), Kind::Continues);
        assert_eq!(kind("{\"log\":\"\\n\",\"stream\":\"stderr\"}"), Kind::Blank);
        assert_eq!(kind("\r\n"), Kind::Blank);
    }
}
