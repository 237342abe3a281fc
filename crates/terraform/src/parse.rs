//! Terraform's language, parsed; where a file has a syntax error, the rest of its blocks.

use std::borrow::Cow;
use std::collections::BTreeMap;

use hcl_edit::structure::Body;
use hcl_edit::{Span, parser};
use trustwalk_checkout::Unread;

use super::bounds::{MAX_FILE, MAX_RENAMED, MAX_SYNTAX_ERRORS};
use super::source::{File, Sources, Spot, to_u32};

/// A part of a file that was parsed on its own, and where it begins.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) file: u32,
    pub(crate) base: u32,
    /// One of our own descriptions of a module, which is in no checkout.
    pub(crate) ours: bool,
    pub(crate) body: Body,
    /// Keys of objects that had another name for the parser, by where they begin.
    pub(crate) renamed: BTreeMap<u32, String>,
}

impl Unit {
    pub(crate) fn spot(&self, thing: &impl Span) -> Spot {
        let span = thing.span().unwrap_or_default();
        Spot { file: self.file, start: self.base + to_u32(span.start), end: self.base + to_u32(span.end) }
    }
}

/// Words that a top-level block begins with; each such line is where reading goes on after an error.
const BLOCKS: &[&str] = &[
    "resource",
    "data",
    "variable",
    "output",
    "locals",
    "module",
    "provider",
    "terraform",
    "moved",
    "import",
    "check",
    "removed",
    "ephemeral",
    "action",
];

/// Parses a file.
pub(crate) fn parse(sources: &Sources<'_>, number: u32, file: &File, unread: &mut Vec<Unread>) -> Vec<Unit> {
    let all = Spot { file: number, start: 0, end: 0 };
    if file.text.len() > MAX_FILE {
        let why = format!("the file is not read: it has more than {} MiB", MAX_FILE >> 20);
        unread.push(Unread { at: sources.place(all), why });
        return Vec::new();
    }
    let unit = |base: usize, (body, renamed): Parsed| {
        let renamed = renamed.into_iter().map(|(at, name)| (to_u32(base + at), name)).collect();
        Unit { file: number, base: to_u32(base), ours: false, body, renamed }
    };
    if let Ok(body) = parser::parse_body(&file.text) {
        return vec![unit(0, (body, BTreeMap::new()))];
    }
    let mut units = Vec::new();
    let mut errors = 0;
    for (start, end) in parts(&file.text) {
        let text = file.text.get(start..end).unwrap_or_default();
        match parse_part(text) {
            Ok(parsed) => units.push(unit(start, parsed)),
            Err(error) => {
                errors += 1;
                if errors <= MAX_SYNTAX_ERRORS {
                    let at = to_u32(start + error.location().offset().min(text.len()));
                    let spot = Spot { file: number, start: at, end: at };
                    unread.push(Unread { at: sources.place(spot), why: syntax_error(error.message()) });
                }
            }
        }
    }
    units
}

/// A body and the keys in it that had another name for the parser.
type Parsed = (Body, BTreeMap<usize, String>);

/// Parses a part of a file. A key may stand a second time in an object, for Terraform the last of them counts; the
/// parser refuses it, and is given another name of the same length for it.
fn parse_part(text: &str) -> Result<Parsed, parser::Error> {
    let mut copy = Cow::Borrowed(text);
    let mut renamed = BTreeMap::new();
    let mut names = 0..MAX_RENAMED;
    loop {
        let error = match parser::parse_body(&copy) {
            Ok(body) => return Ok((body, renamed)),
            Err(error) => error,
        };
        let at = error.location().offset();
        // The parser has one type for its errors, and their kind in the words alone.
        let again = error.message().contains("redefined object key").then(|| key_at(text, at)).flatten();
        let (Some((start, key)), Some(name)) = (again, names.next()) else { return Err(error) };
        copy.to_mut().replace_range(start..start + key.len(), &another(name, key.len()));
        renamed.insert(at, key.to_owned());
    }
}

/// The name of a key that begins at an offset, without its quotes, and where it begins.
fn key_at(text: &str, at: usize) -> Option<(usize, &str)> {
    let rest = text.get(at..)?;
    if let Some(quoted) = rest.strip_prefix('"') {
        let key = quoted.get(..quoted.find('"')?)?;
        return (!key.is_empty() && !key.contains(['\\', '$', '%', '\n'])).then_some((at + 1, key));
    }
    let end = rest.find(|c: char| !(c.is_alphanumeric() || "_-".contains(c))).unwrap_or(rest.len());
    (end > 0).then_some((at, rest.get(..end)?))
}

/// A name of so many letters, another for each number as far as there are any.
fn another(mut number: usize, letters: usize) -> String {
    let mut name = String::with_capacity(letters);
    for _ in 0..letters {
        name.push(char::from(b'a' + u8::try_from(25 - number % 26).unwrap_or_default()));
        number /= 26;
    }
    name
}

fn syntax_error(message: &str) -> String {
    format!("a block with a syntax error is not read: {message}; `terraform validate` tells more")
}

/// The ranges from each line that begins a block to the next.
fn parts(text: &str) -> Vec<(usize, usize)> {
    let mut starts = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let word: String = line.chars().take_while(char::is_ascii_alphabetic).collect();
        let rest = line.get(word.len()..).unwrap_or_default();
        if BLOCKS.contains(&word.as_str()) && rest.starts_with([' ', '\t', '{', '"']) && at > 0 {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]).collect::<Vec<_>>();
    starts.into_iter().zip(ends).collect()
}
