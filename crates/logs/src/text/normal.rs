//! A raw piece of a log as plain text: colours, container-runtime prefixes and JSON taken off.

use serde_json::Value;

use super::stamp::Stamp;

/// How deep a JSON log record is read; deeper values say nothing about a failure.
const MAX_DEPTH: usize = 8;

/// Plain text of one event, and when it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Normal {
    /// The words, unescaped.
    pub text: String,
    /// When.
    pub ts: Option<Stamp>,
}

/// The event's lines as one plain text.
pub(crate) fn normalise(raw: &str) -> Normal {
    let raw = raw.trim_start_matches('\u{feff}');
    let mut text = String::with_capacity(raw.len());
    let mut ts = None;
    let mut partial = false;
    for line in raw.lines() {
        let line = strip_ansi(line);
        let cri = cri(&line);
        ts = ts.or_else(|| cri.as_ref().and_then(|c| Stamp::find(c.time)));
        let body = cri.as_ref().map_or(line.as_str(), |c| c.body);
        if !text.is_empty() && !partial {
            text.push('\n');
        }
        partial = cri.as_ref().is_some_and(|c| c.partial);
        text.push_str(body);
    }
    let json = text.find('{').filter(|at| *at < 64).and_then(|at| text.get(at..)).and_then(json_text);
    if let Some((body, stamp)) = json {
        return Normal { ts: stamp.or(ts).or_else(|| Stamp::find(&text)), text: body };
    }
    let ts = Stamp::find(&text).or(ts);
    if text.contains('\\') {
        text = unescape(&text);
    }
    Normal { text, ts }
}

/// A container runtime's prefix: time, stream, flag (Kubernetes CRI logging format).
pub(crate) struct Cri<'a> {
    time: &'a str,
    /// Whether the line goes on in the next record.
    pub(crate) partial: bool,
    /// The line without the prefix.
    pub(crate) body: &'a str,
}

/// The container runtime's prefix of a line, if it has one.
pub(crate) fn cri(line: &str) -> Option<Cri<'_>> {
    let mut parts = line.splitn(4, ' ');
    let (time, stream, flag) = (parts.next()?, parts.next()?, parts.next()?);
    if !matches!(stream, "stdout" | "stderr") || !time.contains('T') {
        return None;
    }
    let partial = match flag {
        "F" => false,
        "P" => true,
        _ => return None,
    };
    Some(Cri { time, partial, body: parts.next().unwrap_or_default() })
}

/// The line without terminal control sequences.
pub(crate) fn strip_ansi(line: &str) -> String {
    if !line.contains('\u{1b}') {
        return line.to_owned();
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

fn json_text(text: &str) -> Option<(String, Option<Stamp>)> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let value = stream.next()?.ok()?;
    let object = value.as_object()?;
    let rest = text.get(stream.byte_offset()..).unwrap_or_default();
    let ts =
        ["ts", "time", "timestamp", "@timestamp", "eventTime", "date"].iter().find_map(|k| match object.get(*k)? {
            Value::String(s) => Stamp::find(s),
            Value::Number(n) => n.as_f64().and_then(Stamp::from_seconds),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        });
    let mut out = String::new();
    for key in ["msg", "message", "log", "error", "err", "errorCode", "errorMessage", "exception"] {
        if let Some(v) = object.get(key) {
            strings(v, 0, &mut out);
        }
    }
    for (key, v) in object {
        if ![
            "msg",
            "message",
            "log",
            "error",
            "err",
            "errorCode",
            "errorMessage",
            "exception",
            "ts",
            "time",
            "timestamp",
            "level",
            "caller",
        ]
        .contains(&key.as_str())
        {
            strings(v, 0, &mut out);
        }
    }
    out.push_str(rest);
    Some((out, ts))
}

fn strings(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::String(s) => {
            if !out.is_empty() {
                out.push_str("; ");
            }
            // A record in a record, as log shippers nest them.
            if depth < 2
                && s.trim_start().starts_with('{')
                && let Some((inner, _)) = nested(s)
            {
                out.push_str(&inner);
            } else {
                out.push_str(s.trim_end());
            }
        }
        Value::Array(items) if depth < MAX_DEPTH => items.iter().for_each(|v| strings(v, depth + 1, out)),
        Value::Object(map) if depth < MAX_DEPTH => map.values().for_each(|v| strings(v, depth + 1, out)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {}
    }
}

fn nested(s: &str) -> Option<(String, Option<Stamp>)> {
    let value: Value = serde_json::from_str(s).ok()?;
    let mut out = String::new();
    for v in value.as_object()?.values() {
        if let Value::String(s) = v {
            out.push_str(s);
            out.push_str("; ");
        }
    }
    Some((out, None))
}

/// Backslash escapes of quoted text, as logrus and cut-off JSON have them.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let plain = match (c, chars.peek()) {
            ('\\', Some('n' | 'r')) => '\n',
            ('\\', Some('t')) => '\t',
            ('\\', Some('"')) => '"',
            ('\\', Some('\\')) => '\\',
            _ => {
                out.push(c);
                continue;
            }
        };
        chars.next();
        out.push(plain);
    }
    out
}
