//! Parts the lines of a log from the times that a kubelet puts before them.
//!
//! INVARIANT: the lines and their times depend on the bytes only, never on how they were cut into chunks.

use std::collections::VecDeque;

use memchr::memchr;
use trustwalk_symptoms::Stamp;

/// Most bytes of a time before a line with the blank behind it: `2026-11-23T10:00:00.123456789+01:00 ` (Kubernetes
/// source, `cri-client/pkg/logs`, which writes nine digits and the node's zone).
pub const LONGEST_STAMP: usize = 36;

/// Times of the lines that are not done with, and what was seen of a time that has not ended.
#[derive(Debug, Default)]
pub(super) struct Stamped {
    /// One for each line from the first that is not done with, as far as they came.
    times: VecDeque<Option<Stamp>>,
    /// Whether the line's own words have begun.
    within: bool,
    head: Vec<u8>,
}

impl Stamped {
    /// The program's own bytes of the next ones; the times before its lines are kept.
    pub(super) fn part(&mut self, chunk: &[u8]) -> Vec<u8> {
        let mut own = Vec::with_capacity(chunk.len());
        let mut rest = chunk;
        while !rest.is_empty() {
            if self.within {
                let end = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
                let (line, after) = rest.split_at(end);
                self.within = !line.ends_with(b"\n");
                own.extend_from_slice(line);
                rest = after;
                continue;
            }
            let wanted = (LONGEST_STAMP + 1).saturating_sub(self.head.len());
            let near = rest.get(..wanted.min(rest.len())).unwrap_or_default();
            let end = near.iter().position(|b| matches!(b, b' ' | b'\n')).map(|at| at + 1);
            let (taken, after) = rest.split_at(end.unwrap_or(near.len()));
            self.head.extend_from_slice(taken);
            rest = after;
            if end.is_some() || self.head.len() > LONGEST_STAMP {
                self.begin(&mut own);
            }
        }
        own
    }

    /// What was held back of a line that ended within its time: that is no time, but the line.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        let mut own = Vec::new();
        if !self.head.is_empty() {
            self.begin(&mut own);
        }
        own
    }

    /// A line's beginning is known: what is no time belongs to the line.
    fn begin(&mut self, own: &mut Vec<u8>) {
        let head = std::mem::take(&mut self.head);
        let time = head.strip_suffix(b" ").and_then(time);
        self.times.push_back(time);
        self.within = !head.ends_with(b"\n");
        if time.is_none() {
            own.extend_from_slice(&head);
        }
    }

    /// When the line was written that begins behind these bytes, the first of which is not done with.
    pub(super) fn at(&self, before: &[u8]) -> Option<Stamp> {
        // Of a log without times nothing is counted.
        if self.times.is_empty() {
            return None;
        }
        self.times.get(lines(before)).copied().flatten()
    }

    /// These bytes are done with.
    pub(super) fn pass(&mut self, done: &[u8]) {
        if !self.times.is_empty() {
            let lines = lines(done).min(self.times.len());
            self.times.drain(..lines);
        }
    }
}

fn lines(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

/// The moment, if the whole text is an RFC 3339 time.
fn time(text: &[u8]) -> Option<Stamp> {
    let shape = text.iter().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b':' | b'.' | b'T' | b'Z' | b'+'));
    let zoned =
        text.ends_with(b"Z") || text.get(19..).is_some_and(|rest| rest.iter().any(|b| matches!(b, b'+' | b'-')));
    let whole = text.get(10) == Some(&b'T') && shape && zoned;
    std::str::from_utf8(text).ok().filter(|_| whole).and_then(Stamp::find)
}

#[cfg(test)]
mod tests {
    use super::Stamped;

    fn parted(text: &str, step: usize) -> (String, Vec<Option<String>>) {
        let mut stamped = Stamped::default();
        let mut own = Vec::new();
        for chunk in text.as_bytes().chunks(step) {
            own.extend(stamped.part(chunk));
        }
        own.extend(stamped.rest());
        let times = stamped.times.iter().map(|t| t.map(|t| t.to_string())).collect();
        (String::from_utf8(own).unwrap(), times)
    }

    #[test]
    fn times_are_taken_off_and_kept() {
        let text = "2026-11-23T10:00:00.123456789Z one two\n2026-11-23T11:00:01.000000000+01:00 \tindented\n\
            2026-11-23T10:00:02.000000000Z \nno time here\n2026-11-23 10:00:03 own\n\
            2026-11-23T10:00:04.000000000Z 2026-11-23T09:59:59Z its own\n\n2026-11-23T10:00:05.000000000Z last";
        let own = "one two\n\tindented\n\nno time here\n2026-11-23 10:00:03 own\n2026-11-23T09:59:59Z its own\n\nlast";
        let time = |at: &str| Some(format!("2026-11-23T10:00:{at}Z"));
        let times =
            vec![time("00.123"), time("01.000"), time("02.000"), None, None, time("04.000"), None, time("05.000")];
        for step in 1..text.len() {
            assert_eq!(parted(text, step), (own.to_owned(), times.clone()), "in steps of {step}");
        }
    }

    #[test]
    fn a_line_that_ends_in_its_beginning_is_kept() {
        assert_eq!(parted("2026-11-23T10:0", 4).0, "2026-11-23T10:0");
        assert_eq!(parted("2026-11-23T10:00:00Z", 7).0, "2026-11-23T10:00:00Z");
        assert_eq!(parted("x\n", 1), ("x\n".to_owned(), vec![None]));
    }
}
