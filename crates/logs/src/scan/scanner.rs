//! Splits a stream into events and judges those that hold a core of a known wording.
//!
//! INVARIANT: the summary depends on the bytes only, never on how they were cut into chunks.

use memchr::{memchr, memrchr};

use super::memory::Memory;
use super::stamped::Stamped;
use super::summary::Summary;
use super::trail::{SNIFF, Splitter, is_trail};
use trustwalk_symptoms::Finder;
use trustwalk_symptoms::Stamp;
use trustwalk_symptoms::line::{self, Kind};

/// Bytes of a line that are looked at; the rest is skipped. No logger writes longer failures.
pub const MAX_LINE_BYTES: usize = 256 * 1024;
/// Bytes of one event, a failure with its stack.
pub const MAX_EVENT_BYTES: usize = 64 * 1024;
/// Lines taken one by one while an event is open across a chunk's edge, before the chunk is joined whole.
const EDGE_LINES: usize = 32;

/// Finds failures in a stream fed in chunks of any size, in bounded memory.
///
/// Feed as the log grows to follow it; [`Scanner::finish`] counts a last line without its end.
#[derive(Debug)]
pub struct Scanner {
    cores: Finder,
    memory: Memory,
    /// Lines of an event that may go on, or the head of an unfinished line.
    carry: Vec<u8>,
    /// Whether the rest of the current line is being dropped.
    skipping: bool,
    bytes: u64,
    /// What the stream is, once its beginning was seen.
    form: Form,
    first_line_at: Option<String>,
    /// When each of the lines was written that are not done with, where a runtime tells it.
    stamped: Stamped,
}

/// What a stream holds.
#[derive(Debug)]
enum Form {
    /// Not known yet: its first bytes.
    Open(Vec<u8>),
    /// Lines.
    Lines,
    /// JSON of `CloudTrail`.
    Trail(Splitter),
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new()
    }
}

impl Scanner {
    /// A scanner that has seen nothing.
    pub fn new() -> Self {
        Self::reading(Form::Open(Vec::new()))
    }

    /// A scanner for a later part of a log of lines.
    pub(super) fn of_lines() -> Self {
        Self::reading(Form::Lines)
    }

    fn reading(form: Form) -> Self {
        Self {
            cores: Finder::default(),
            memory: Memory::default(),
            carry: Vec::new(),
            skipping: false,
            bytes: 0,
            form,
            first_line_at: None,
            stamped: Stamped::default(),
        }
    }

    /// Takes the next bytes of the log.
    pub fn feed(&mut self, chunk: &[u8]) {
        self.bytes += chunk.len() as u64;
        match &mut self.form {
            Form::Lines => self.lines(chunk),
            Form::Trail(_) => self.records(chunk),
            Form::Open(head) => {
                let taken = chunk.len().min(SNIFF - head.len().min(SNIFF));
                let (begin, rest) = chunk.split_at(taken);
                head.extend_from_slice(begin);
                if head.len() >= SNIFF {
                    self.decide();
                    self.further(rest);
                }
            }
        }
    }

    /// Takes the next bytes of a log that a kubelet gives with the time of each line before it (`timestamps=true` of
    /// `pods/log`). The times are taken off: what is found reads as the program wrote it, and every bound counts the
    /// program's own bytes. A record without a time of its own has that of its first line.
    pub fn feed_stamped(&mut self, chunk: &[u8]) {
        let own = self.stamped.part(chunk);
        self.feed(&own);
    }

    /// Reads on in the form that was decided on.
    fn further(&mut self, chunk: &[u8]) {
        match self.form {
            Form::Trail(_) => self.records(chunk),
            Form::Lines | Form::Open(_) => self.lines(chunk),
        }
    }

    /// Decides what the stream is, by its first bytes, and reads these.
    fn decide(&mut self) {
        let Form::Open(head) = &mut self.form else { return };
        let head = std::mem::take(head);
        self.form = Form::Lines;
        self.first_line_at = first_time(&head).or_else(|| self.stamped.at(&[]).map(|t| t.to_string()));
        if is_trail(&head) {
            self.form = Form::Trail(Splitter::default());
        }
        self.further(&head);
    }

    fn records(&mut self, chunk: &[u8]) {
        let Form::Trail(splitter) = &mut self.form else { return };
        let memory = &mut self.memory;
        let end = splitter.feed(chunk, &mut |record| memory.trail(record));
        self.stamped.pass(chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default());
        if let Some(end) = end {
            memory.trail_dropped(splitter.dropped);
            self.form = Form::Lines;
            self.lines(chunk.get(end..).unwrap_or_default());
        }
    }

    fn lines(&mut self, chunk: &[u8]) {
        let mut rest = chunk;
        if self.skipping {
            let Some(end) = memchr(b'\n', rest) else { return };
            self.skipping = false;
            self.carry.push(b'\n');
            rest = rest.get(end + 1..).unwrap_or_default();
            self.drain();
        }
        let mut lines = 0;
        while !self.carry.is_empty() && lines < EDGE_LINES {
            let Some(end) = memchr(b'\n', rest) else {
                self.keep(rest);
                return;
            };
            self.carry.extend_from_slice(rest.get(..=end).unwrap_or_default());
            rest = rest.get(end + 1..).unwrap_or_default();
            lines += 1;
            self.drain();
        }
        if self.carry.is_empty() {
            let used = self.process(rest, false);
            self.keep(rest.get(used..).unwrap_or_default());
        } else {
            let mut joined = std::mem::take(&mut self.carry);
            joined.extend_from_slice(rest);
            let used = self.process(&joined, false);
            self.keep(joined.get(used..).unwrap_or_default());
        }
    }

    /// Ends the log.
    pub fn finish(self) -> Summary {
        let mut summary = self.finish_part();
        summary.settle();
        summary
    }

    /// Ends a part of a log.
    pub(super) fn finish_part(mut self) -> Summary {
        let held = self.stamped.rest();
        if !held.is_empty() {
            self.feed(&held);
        }
        self.decide();
        if let Form::Trail(splitter) = &self.form {
            self.memory.trail_dropped(splitter.dropped);
            if splitter.is_open() {
                self.memory.cut();
            }
        }
        let rest = std::mem::take(&mut self.carry);
        self.process(&rest, true);
        self.memory.finish(self.bytes, self.first_line_at)
    }

    /// Holds back what is unfinished, without the part of a line that is too long.
    fn keep(&mut self, rest: &[u8]) {
        self.carry.extend_from_slice(rest);
        let line = memrchr(b'\n', &self.carry).map_or(0, |at| at + 1);
        if self.carry.len() - line > MAX_LINE_BYTES {
            self.carry.truncate(line + MAX_LINE_BYTES);
            self.skipping = true;
        }
    }

    fn drain(&mut self) {
        let joined = std::mem::take(&mut self.carry);
        let used = self.process(&joined, false);
        self.carry.extend_from_slice(joined.get(used..).unwrap_or_default());
    }

    /// Judges the closed events of `data`; gives how many bytes are done with.
    fn process(&mut self, data: &[u8], last: bool) -> usize {
        let used = self.judge(data, last);
        self.stamped.pass(data.get(..used).unwrap_or_default());
        used
    }

    fn judge(&mut self, data: &[u8], last: bool) -> usize {
        let complete = if last { data.len() } else { memrchr(b'\n', data).map_or(0, |at| at + 1) };
        let text = data.get(..complete).unwrap_or_default();
        let mut at = 0;
        while let Some(hit) = self.cores.find(text, at) {
            let start = memrchr(b'\n', text.get(..hit.start).unwrap_or_default()).map_or(0, |n| n + 1).max(at);
            let line_end =
                memchr(b'\n', text.get(hit.start..).unwrap_or_default()).map_or(complete, |n| hit.start + n + 1);
            if hit.end - start > MAX_LINE_BYTES {
                at = line_end;
                continue;
            }
            let (end, open) = event_end(text, start, line_end);
            if open && !last {
                return start;
            }
            let shown = end.min(start + MAX_EVENT_BYTES);
            let written = self.stamped.at(text.get(..start).unwrap_or_default());
            self.memory.event(text.get(start..shown).unwrap_or_default(), written);
            at = end;
        }
        complete
    }
}

/// Where the event that starts at `start` ends, and whether the next line, not yet here, could belong to it.
fn event_end(text: &[u8], start: usize, first_line_end: usize) -> (usize, bool) {
    let mut end = first_line_end;
    let mut partial = is_partial(text.get(start..end).unwrap_or_default());
    // A stack's own frame may be the first line that is looked at: the exception that ends the stack belongs to it.
    let mut chain = if is_frame(text.get(start..end).unwrap_or_default()) { Chain::Stack } else { Chain::None };
    let mut announces = Announced::by(text.get(start..end).unwrap_or_default());
    loop {
        if end - start >= MAX_EVENT_BYTES {
            return (end, false);
        }
        if end >= text.len() {
            return (end, true);
        }
        let next_end = line_end(text, end);
        let line = text.get(end..next_end).unwrap_or_default();
        let taken = match (kind(line), chain) {
            (Kind::Continues | Kind::Cause, _) | (Kind::Blank, Chain::Announced) => true,
            (Kind::Chain, _) => {
                chain = Chain::Announced;
                true
            }
            (Kind::Traceback, Chain::Announced) => {
                chain = Chain::Stack;
                true
            }
            // Python's loggers write the stack right below what was logged (`logging`, `exc_info`).
            (Kind::Traceback, Chain::None) if end == first_line_end => {
                chain = Chain::Stack;
                true
            }
            // The exception's own line ends its stack.
            (Kind::Own, Chain::Stack) => {
                chain = Chain::None;
                true
            }
            (Kind::Blank, _) if next_end >= text.len() => return (end, true),
            (Kind::Blank, _) => {
                let after = text.get(next_end..line_end(text, next_end)).unwrap_or_default();
                let kind = kind(after);
                matches!(kind, Kind::Chain | Kind::Cause) || announces.fits(kind)
            }
            (Kind::Own, _) => announces == Announced::Reason && before_is_blank(text, end),
            (Kind::Traceback, _) => false,
        };
        if !partial && !taken {
            return (end, false);
        }
        partial = is_partial(line);
        announces = if kind(line) == Kind::Blank { announces } else { Announced::by(line) };
        end = next_end;
    }
}

/// What a line says that the lines below an empty one hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Announced {
    Nothing,
    /// A list, indented: the PHP SDK lists what is missing.
    List,
    /// Why it failed: Terraform's provider of AWS says where to read on, and then why it has no credentials.
    Reason,
}

impl Announced {
    fn by(line: &[u8]) -> Self {
        let line = line.trim_ascii_end();
        if line.ends_with(b":") {
            Self::List
        } else if line.ends_with(b"for more information about providing credentials.") {
            Self::Reason
        } else {
            Self::Nothing
        }
    }

    fn fits(self, kind: Kind) -> bool {
        match self {
            Self::Nothing => false,
            Self::List => kind == Kind::Continues,
            Self::Reason => matches!(kind, Kind::Continues | Kind::Own),
        }
    }
}

/// Whether the line that ends here is empty.
fn before_is_blank(text: &[u8], end: usize) -> bool {
    let before = text.get(..end).unwrap_or_default();
    before.strip_suffix(b"\n").is_some_and(|b| b.strip_suffix(b"\r").unwrap_or(b).ends_with(b"\n"))
}

fn line_end(text: &[u8], from: usize) -> usize {
    memchr(b'\n', text.get(from..).unwrap_or_default()).map_or(text.len(), |n| from + n + 1)
}

/// Whether a line is a frame of a stack of Python's (`traceback` of its library).
fn is_frame(line: &[u8]) -> bool {
    line.starts_with(b"  File \"")
}

/// Where a chain of Python's exceptions stands: each one's stack follows the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chain {
    None,
    /// Another exception was announced.
    Announced,
    /// Its stack is being read.
    Stack,
}

/// Bytes of a line that decide whether it continues an event.
const HEAD: usize = 160;

fn is_partial(line: &[u8]) -> bool {
    // Docker's mark is at the record's end, the others' at its beginning.
    if line.starts_with(b"{\"log\":") {
        return line::is_partial(&String::from_utf8_lossy(line));
    }
    let head = head(line);
    memchr::memmem::find(head, b" P ").is_some() && line::is_partial(&String::from_utf8_lossy(head))
}

fn head(line: &[u8]) -> &[u8] {
    line.get(..line.len().min(HEAD)).unwrap_or_default()
}

fn kind(line: &[u8]) -> Kind {
    line::kind(&String::from_utf8_lossy(head(line)))
}

/// The start of the first line that no line before it can go on with: where a log may be split.
pub(super) fn first_event(window: &[u8]) -> Option<usize> {
    let mut start = memchr(b'\n', window)? + 1;
    // Of the line before the window's first whole one nothing is known.
    let mut before_goes_on = true;
    loop {
        let end = start + memchr(b'\n', window.get(start..)?)? + 1;
        let line = window.get(start..end)?;
        let kind = kind(line);
        if !before_goes_on && kind == Kind::Own {
            return Some(start);
        }
        // After a stack, a blank line or a chain's words, this line might be a Python exception's own.
        before_goes_on = is_partial(line) || kind != Kind::Own;
        start = end;
    }
}

/// The time of the first line that has one.
fn first_time(head: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(head);
    text.lines().find_map(|line| Stamp::find(line).or_else(|| trustwalk_symptoms::written(line))).map(|t| t.to_string())
}
