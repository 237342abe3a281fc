//! UTF-16 as UTF-8, for logs that Windows' PowerShell redirected into a file.

use std::io::{self, Read};

/// Bytes read at a time.
const PIECE: usize = 64 * 1024;

/// How UTF-16 puts its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    /// From the first bytes: the mark, or ASCII whose every second byte is zero.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0xff, 0xfe, ..] => Some(Self::Little),
            [0xfe, 0xff, ..] => Some(Self::Big),
            [a, 0, b, 0, ..] if *a != 0 && *b != 0 => Some(Self::Little),
            [0, a, 0, b, ..] if *a != 0 && *b != 0 => Some(Self::Big),
            _ => None,
        }
    }
}

/// Gives UTF-8 from a reader of UTF-16; what is no character becomes U+FFFD.
pub(super) struct Wide<R> {
    source: R,
    order: Order,
    piece: Vec<u8>,
    /// A byte or a surrogate that waits for its other half.
    odd: Option<u8>,
    high: Option<u16>,
    out: Vec<u8>,
    given: usize,
}

impl<R: Read> Wide<R> {
    pub(super) fn new(source: R, order: Order) -> Self {
        Self { source, order, piece: vec![0; PIECE], odd: None, high: None, out: Vec::new(), given: 0 }
    }

    fn push(&mut self, c: char) {
        let mut bytes = [0; 4];
        self.out.extend_from_slice(c.encode_utf8(&mut bytes).as_bytes());
    }

    fn unit(&mut self, unit: u16) {
        let waiting = self.high.take();
        if let Some(high) = waiting {
            let pair = char::decode_utf16([high, unit]).next();
            if let Some(Ok(c)) = pair
                && (0xdc00..0xe000).contains(&unit)
            {
                self.push(c);
                return;
            }
            self.push(char::REPLACEMENT_CHARACTER);
        }
        if (0xd800..0xdc00).contains(&unit) {
            self.high = Some(unit);
        } else {
            self.push(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.out.clear();
        self.given = 0;
        while self.out.is_empty() {
            let mut piece = std::mem::take(&mut self.piece);
            let read = self.source.read(&mut piece);
            for byte in piece.get(..*read.as_ref().unwrap_or(&0)).unwrap_or_default() {
                match self.odd.take() {
                    None => self.odd = Some(*byte),
                    Some(first) if self.order == Order::Little => self.unit(u16::from_le_bytes([first, *byte])),
                    Some(first) => self.unit(u16::from_be_bytes([first, *byte])),
                }
            }
            self.piece = piece;
            if read? == 0 {
                if self.odd.take().is_some() | self.high.take().is_some() {
                    self.push(char::REPLACEMENT_CHARACTER);
                }
                break;
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Wide<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given == self.out.len() {
            self.fill()?;
        }
        let ready = self.out.get(self.given..).unwrap_or_default();
        let n = ready.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..n), ready.get(..n)) {
            to.copy_from_slice(from);
        }
        self.given += n;
        Ok(n)
    }
}
