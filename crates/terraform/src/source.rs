//! Files, and places in them as numbers until somebody wants to see them.

use std::collections::HashMap;
use std::sync::Arc;

use trustwalk_checkout::Place;

/// A file of the checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Path from the root of the checkout, with `/`.
    pub path: Arc<str>,
    /// Its text.
    pub text: String,
}

/// A range of bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Spot {
    pub(crate) file: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Spot {
    /// From the beginning of one to the end of the other, where both are in one file.
    pub(crate) fn to(self, other: Self) -> Self {
        if self.file == other.file && other.end >= self.start { Self { end: other.end, ..self } } else { self }
    }
}

/// How far apart letters are counted, so that a place in a long line costs no more than in a short one.
const BLOCK: usize = 4096;

/// A file, with where its lines begin and how many letters come before each block.
#[derive(Debug)]
struct Indexed<'a> {
    file: &'a File,
    lines: Vec<u32>,
    letters: Vec<u32>,
}

impl<'a> Indexed<'a> {
    fn new(file: &'a File) -> Self {
        let bytes = file.text.as_bytes();
        let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| to_u32(at + 1));
        let lines = std::iter::once(0).chain(ends).collect();
        let mut before = 0;
        let mut letters = vec![0];
        for block in bytes.chunks(BLOCK) {
            before += letters_in(block);
            letters.push(to_u32(before));
        }
        Self { file, lines, letters }
    }

    /// How many letters come before an offset.
    fn before(&self, offset: usize) -> usize {
        let block = offset / BLOCK;
        let counted = self.letters.get(block).copied().unwrap_or_default() as usize;
        counted + self.file.text.as_bytes().get(block * BLOCK..offset).map_or(0, letters_in)
    }

    /// Line and column of an offset.
    fn at(&self, offset: u32) -> (u32, u32) {
        let offset = (offset as usize).min(self.file.text.len());
        let line = self.lines.partition_point(|start| *start as usize <= offset).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or_default() as usize;
        (to_u32(line), to_u32(self.before(offset).saturating_sub(self.before(start)) + 1))
    }
}

/// Letters begin with any byte but those that go on with one.
fn letters_in(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

/// The files.
#[derive(Debug)]
pub(crate) struct Sources<'a> {
    files: Vec<Indexed<'a>>,
    numbers: HashMap<&'a str, u32>,
}

impl<'a> Sources<'a> {
    pub(crate) fn new(files: impl IntoIterator<Item = &'a File>) -> Self {
        let files: Vec<_> = files.into_iter().map(Indexed::new).collect();
        let numbers = files.iter().enumerate().map(|(number, found)| (&*found.file.path, to_u32(number))).collect();
        Self { files, numbers }
    }

    /// The number of the file of a path.
    pub(crate) fn number(&self, path: &str) -> Option<u32> {
        self.numbers.get(path).copied()
    }

    pub(crate) fn file(&self, number: u32) -> Option<&'a File> {
        self.files.get(number as usize).map(|found| found.file)
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = (u32, &'a File)> {
        self.files.iter().enumerate().map(|(number, found)| (to_u32(number), found.file))
    }

    /// The text at a spot.
    pub(crate) fn text(&self, spot: Spot) -> &'a str {
        let text = self.file(spot.file).map_or("", |file| file.text.as_str());
        text.get(spot.start as usize..spot.end as usize).unwrap_or_default()
    }

    /// The place of a spot, for people.
    pub(crate) fn place(&self, spot: Spot) -> Place {
        let Some(found) = self.files.get(spot.file as usize) else {
            return Place { path: "".into(), line: 1, column: 1, end_line: 1, end_column: 1 };
        };
        let (line, column) = found.at(spot.start);
        let (end_line, end_column) = found.at(spot.end.max(spot.start));
        Place { path: Arc::clone(&found.file.path), line, column, end_line, end_column }
    }
}

/// Offsets are kept in 32 bits; no file that is read is as long.
pub(crate) fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
