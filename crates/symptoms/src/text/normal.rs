//! A raw piece of a log as plain text: colours, container-runtime prefixes and JSON taken off.

use serde_json::{Map, Value};

use super::line::{boxed, cri, docker, is_cut, strip_ansi, without_source};
use super::stamp::Stamp;
use crate::mention::{self, Dress, Member};

/// How deep a JSON log record is read; deeper values say nothing about a failure.
const MAX_DEPTH: usize = 8;

/// Plain text of one event, and when it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Normal {
    /// The words, unescaped.
    pub text: String,
    /// When.
    pub ts: Option<Stamp>,
    /// Whether it was a record with members.
    pub record: bool,
    /// What members of a record hold that is no answer, and what that is.
    pub apart: Vec<(Dress, String)>,
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
    // A document that is quoted as a whole is no record.
    let open =
        text.find('{').filter(|at| *at < 64 && !mention::is_quoted_as_a_whole(text.get(..*at).unwrap_or_default()));
    let json = open.and_then(|at| text.get(at..)).and_then(json_text);
    if let Some((reading, stamp)) = json {
        let found = stamp.or(ts).or_else(|| Stamp::find(&text));
        let text = strip_ansi(&reading.out).replace("\n│ ", " ");
        return Normal { ts: found, text, record: true, apart: reading.apart };
    }
    let ts = Stamp::find(&text).or(ts);
    if text.contains('\\') {
        text = unescape(&text);
    }
    Normal { text, ts, record: false, apart: Vec::new() }
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

/// Members that say what happened, in the order in which they are read.
const TELLING: [&str; 8] = ["msg", "message", "log", "error", "err", "errorCode", "errorMessage", "exception"];
/// Members that say when, how bad and where.
const AROUND: [&str; 5] = ["ts", "time", "timestamp", "level", "caller"];

fn json_text(text: &str) -> Option<(Reading, Option<Stamp>)> {
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
    let mut reading = Reading { loud: is_loud(object), ..Reading::default() };
    for key in TELLING {
        if let Some(v) = object.get(key) {
            reading.member(key, v, 0);
        }
    }
    for (key, v) in object.iter().filter(|(k, _)| !TELLING.contains(&k.as_str()) && !AROUND.contains(&k.as_str())) {
        reading.member(key, v, 0);
    }
    reading.out.push_str(rest);
    Some((reading, ts))
}

/// Whether a record is of trouble: by its level, or because it has an error.
fn is_loud(object: &Map<String, Value>) -> bool {
    let level = ["level", "severity", "lvl", "levelname", "log.level"].iter().find_map(|k| object.get(*k)?.as_str());
    let loud = level.is_some_and(|level| {
        let level = level.to_ascii_lowercase();
        ["err", "warn", "fatal", "crit", "severe", "panic", "alert", "emerg"].iter().any(|l| level.starts_with(l))
    });
    let error = ["error", "err", "exception", "errorCode", "errorMessage"]
        .iter()
        .any(|k| object.get(*k).is_some_and(|v| !v.is_null()));
    loud || error
}

/// What a record says, and what it only quotes.
#[derive(Debug, Default)]
struct Reading {
    out: String,
    loud: bool,
    apart: Vec<(Dress, String)>,
}

impl Reading {
    fn member(&mut self, name: &str, value: &Value, depth: usize) {
        let quotes = match mention::member(name) {
            Member::Pattern => true,
            Member::Describes => !self.loud && !value.as_str().is_some_and(mention::has_request),
            Member::Any => false,
        };
        if !quotes {
            return self.value(value, depth);
        }
        let mut own = Self { loud: true, ..Self::default() };
        own.value(value, depth);
        self.apart.push((Dress::Pattern, own.out));
    }

    fn value(&mut self, value: &Value, depth: usize) {
        match value {
            Value::String(s) => {
                // A shipper's record of a runtime's line.
                let s = cri(s).map_or(s.as_str(), |c| c.body);
                // A record in a record, as log shippers nest them.
                if depth < 2
                    && s.trim_start().starts_with('{')
                    && let Ok(inner @ Value::Object(_)) = serde_json::from_str(s)
                {
                    self.separate();
                    let loud = std::mem::replace(&mut self.loud, inner.as_object().is_some_and(is_loud));
                    self.value(&inner, depth + 1);
                    self.loud = loud;
                } else {
                    self.words(s.trim_end());
                }
            }
            Value::Array(items) if depth < MAX_DEPTH => items.iter().for_each(|v| self.value(v, depth + 1)),
            Value::Object(map) if depth < MAX_DEPTH => map.iter().for_each(|(k, v)| self.member(k, v, depth + 1)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {}
        }
    }

    fn separate(&mut self) {
        if !self.out.is_empty() {
            self.out.push_str("; ");
        }
    }

    /// Takes in words, without what they only quote.
    fn words(&mut self, words: &str) {
        self.separate();
        let quoted = if self.loud || words.contains('\n') { None } else { mention::quoted(words) };
        let Some((range, dress)) = quoted else {
            self.out.push_str(words);
            return;
        };
        self.out.push_str(words.get(..range.start).unwrap_or_default());
        self.out.push_str(words.get(range.end..).unwrap_or_default());
        self.apart.push((dress, words.get(range).unwrap_or_default().to_owned()));
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
