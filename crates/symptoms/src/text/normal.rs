//! A raw piece of a log as plain text: colours, container-runtime prefixes and JSON taken off.

use serde_json::Value;

use super::line::{boxed, cri, docker, is_cut, strip_ansi, without_source};
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
    let mut joined = Joined::Apart;
    for line in raw.lines() {
        let line = strip_ansi(line);
        let line = without_source(&line);
        let record = docker(line);
        let cri = cri(line);
        let time = record.as_ref().map(|(_, time)| time.as_deref()).or_else(|| cri.as_ref().map(|c| Some(c.time)));
        ts = ts.or_else(|| time.flatten().and_then(Stamp::find));

        let body = record.as_ref().map_or_else(|| cri.as_ref().map_or(line, |c| c.body), |(log, _)| log.as_str());
        let next = match (&record, &cri, boxed(body)) {
            (Some((log, _)), ..) if is_cut(log) && !log.ends_with('\n') => Joined::Whole,
            (_, Some(c), _) if c.partial => Joined::Whole,
            (.., Some(_)) => Joined::Wrapped,
            _ => Joined::Apart,
        };
        match joined {
            Joined::Apart if !text.is_empty() => text.push('\n'),
            // Terraform breaks its text between words to fit its box.
            Joined::Wrapped if next != Joined::Wrapped => text.push('\n'),
            Joined::Apart | Joined::Wrapped | Joined::Whole => {}
        }
        joined = next;
        if next == Joined::Wrapped && text.is_empty() {
            ts = ts.or_else(|| Stamp::find(body));
        }
        text.push_str(boxed(body).unwrap_or(body).trim_end_matches(['\n', '\r']));
    }
    let json = text.find('{').filter(|at| *at < 64).and_then(|at| text.get(at..)).and_then(json_text);
    if let Some((body, stamp)) = json {
        let found = stamp.or(ts).or_else(|| Stamp::find(&text));
        return Normal { ts: found, text: strip_ansi(&body).replace("\n│ ", " ") };
    }
    let ts = Stamp::find(&text).or(ts);
    if text.contains('\\') {
        text = unescape(&text);
    }
    Normal { text, ts }
}

/// How a line is joined to the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joined {
    /// By a new line.
    Apart,
    /// As it is: the words go on.
    Whole,
    /// As it is, in a box: its margin is a blank.
    Wrapped,
}

/// Microseconds of Unix time, as text (systemd, journal export format).
const JOURNALD: &str = "__REALTIME_TIMESTAMP";

fn json_text(text: &str) -> Option<(String, Option<Stamp>)> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let value = stream.next()?.ok()?;
    let object = value.as_object()?;
    let rest = text.get(stream.byte_offset()..).unwrap_or_default();
    let ts = ["ts", "time", "timestamp", "@timestamp", "eventTime", "date", JOURNALD].iter().find_map(|k| match object
        .get(
        *k,
    )? {
        Value::String(s) if *k == JOURNALD => s.parse::<f64>().ok().and_then(|us| Stamp::from_seconds(us / 1e6)),
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
            // A shipper's record of a runtime's line.
            let s = cri(s).map_or(s.as_str(), |c| c.body);
            if !out.is_empty() {
                out.push_str("; ");
            }
            // A record in a record, as log shippers nest them.
            if depth < 2
                && s.trim_start().starts_with('{')
                && let Ok(inner @ Value::Object(_)) = serde_json::from_str(s)
            {
                strings(&inner, depth + 1, out);
            } else {
                out.push_str(s.trim_end());
            }
        }
        Value::Array(items) if depth < MAX_DEPTH => items.iter().for_each(|v| strings(v, depth + 1, out)),
        Value::Object(map) if depth < MAX_DEPTH => map.values().for_each(|v| strings(v, depth + 1, out)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {}
    }
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
