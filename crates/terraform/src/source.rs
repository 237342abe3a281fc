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

/// The files, with where their lines begin.
#[derive(Debug)]
pub(crate) struct Sources<'a> {
    files: Vec<(&'a File, Vec<u32>)>,
    numbers: HashMap<&'a str, u32>,
}

impl<'a> Sources<'a> {
    pub(crate) fn new(files: impl IntoIterator<Item = &'a File>) -> Self {
        let lines = |file: &File| {
            std::iter::once(0)
                .chain(file.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| to_u32(at + 1)))
                .collect()
        };
        let files: Vec<_> = files.into_iter().map(|file| (file, lines(file))).collect();
        let numbers = files.iter().enumerate().map(|(number, (file, _))| (&*file.path, to_u32(number))).collect();
        Self { files, numbers }
    }

    /// The number of the file of a path.
    pub(crate) fn number(&self, path: &str) -> Option<u32> {
        self.numbers.get(path).copied()
    }

    pub(crate) fn file(&self, number: u32) -> Option<&'a File> {
        self.files.get(number as usize).map(|(file, _)| *file)
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = (u32, &'a File)> {
        self.files.iter().enumerate().map(|(number, (file, _))| (to_u32(number), *file))
    }

    /// The text at a spot.
    pub(crate) fn text(&self, spot: Spot) -> &'a str {
        let text = self.file(spot.file).map_or("", |file| file.text.as_str());
        text.get(spot.start as usize..spot.end as usize).unwrap_or_default()
    }

    /// The place of a spot, for people.
    pub(crate) fn place(&self, spot: Spot) -> Place {
        let Some((file, lines)) = self.files.get(spot.file as usize) else {
            return Place { path: "".into(), line: 1, column: 1, end_line: 1, end_column: 1 };
        };
        let at = |offset: u32| {
            let line = lines.partition_point(|start| *start <= offset).max(1);
            let start = lines.get(line - 1).copied().unwrap_or_default() as usize;
            let before = file.text.get(start..offset as usize).unwrap_or_default();
            (to_u32(line), to_u32(before.chars().count() + 1))
        };
        let length = to_u32(file.text.len());
        let (line, column) = at(spot.start.min(length));
        let (end_line, end_column) = at(spot.end.min(length));
        Place { path: Arc::clone(&file.path), line, column, end_line, end_column }
    }
}

/// Offsets are kept in 32 bits; no file that is read is as long.
pub(crate) fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
