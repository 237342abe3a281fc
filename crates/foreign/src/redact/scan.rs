//! Looking around in bytes without ever leaving them.

/// A text's bytes. What lies outside reads as NUL, which ends every run.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl Bytes<'_> {
    pub(super) fn at(self, i: usize) -> u8 {
        self.0.get(i).copied().unwrap_or(0)
    }

    /// The byte before a place.
    pub(super) fn before(self, i: usize) -> u8 {
        i.checked_sub(1).map_or(0, |i| self.at(i))
    }

    pub(super) fn len(self) -> usize {
        self.0.len()
    }

    /// Where a run of such bytes ends.
    pub(super) fn run(self, from: usize, is: impl Fn(u8) -> bool) -> usize {
        let rest = self.0.get(from..).unwrap_or_default();
        from.min(self.len()) + rest.iter().position(|b| !is(*b)).unwrap_or(rest.len())
    }

    /// Where a run of such bytes that ends before `to` begins.
    pub(super) fn run_back(self, to: usize, is: impl Fn(u8) -> bool) -> usize {
        let head = self.0.get(..to).unwrap_or_default();
        head.iter().rposition(|b| !is(*b)).map_or(0, |at| at + 1)
    }

    /// Whether these words stand here, case aside.
    pub(super) fn says(self, at: usize, words: &str) -> bool {
        self.0.get(at..at + words.len()).is_some_and(|here| here.eq_ignore_ascii_case(words.as_bytes()))
    }

    /// Where these words stand next, case aside, before `end`.
    pub(super) fn find(self, from: usize, end: usize, words: &str) -> Option<usize> {
        (from..end.min(self.len())).find(|i| self.says(*i, words))
    }

    /// Where the line ends: at its break, or at one written out as `\n` or `\r`.
    pub(super) fn line_end(self, from: usize) -> usize {
        let mut i = from;
        while i < self.len() {
            match self.at(i) {
                b'\n' | b'\r' => return i,
                b'\\' if matches!(self.at(i + 1), b'n' | b'r') => return i,
                _ => i += 1,
            }
        }
        self.len()
    }

    /// Where the line begins, `most` bytes back at the furthest.
    pub(super) fn line_start(self, at: usize, most: usize) -> usize {
        let least = at.saturating_sub(most);
        let near = Bytes(self.0.get(least..at).unwrap_or_default());
        least + near.run_back(near.len(), |b| b != b'\n')
    }

    /// Past the colours that a log written for a terminal has around a name (ECMA-48, 8.3.117), whole or written out.
    pub(super) fn skip_colours(self, mut from: usize) -> usize {
        let escapes = ["\u{1b}[", "\\u001b[", "\\x1b[", "\\u{1b}["];
        while let Some(escape) = escapes.iter().find(|e| self.says(from, e)) {
            let end = self.run(from + escape.len(), |b| b.is_ascii_digit() || b == b';');
            if self.at(end) != b'm' {
                break;
            }
            from = end + 1;
        }
        from
    }

    pub(super) fn skip_blanks(self, from: usize) -> usize {
        self.run(from, |b| b == b' ' || b == b'\t')
    }
}

/// Base64 in both alphabets, with what joins the parts of a token.
pub(super) fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'_' | b'-' | b'.' | b'~')
}

/// What a name is made of, in any language's spelling.
pub(super) fn is_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')
}

/// How often the kind of character changes, in percent of what it could. Words, also those joined as in
/// `WebIdentityTokenFileCredentialsProvider`, stay under 35; random base64 has 63 (RFC 4648, section 4: 26 upper, 26
/// lower, 12 others) with a deviation of 8 at 40 characters.
pub(super) fn changes(word: &[u8]) -> usize {
    let kind = |b: &u8| match b {
        b'A'..=b'Z' => 0,
        b'a'..=b'z' => 1,
        _ => 2_u8,
    };
    let changed = word.iter().zip(word.iter().skip(1)).filter(|(a, b)| kind(a) != kind(b)).count();
    changed * 100 / word.len().saturating_sub(1).max(1)
}
