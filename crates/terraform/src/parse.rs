//! Terraform's language, parsed; where a file has a syntax error, the rest of its blocks.

use hcl_edit::structure::Body;
use hcl_edit::{Span, parser};
use trustwalk_checkout::Unread;

use super::bounds::{MAX_FILE, MAX_SYNTAX_ERRORS};
use super::source::{File, Sources, Spot, to_u32};

/// A part of a file that was parsed on its own, and where it begins.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) file: u32,
    pub(crate) base: u32,
    /// One of our own descriptions of a module, which is in no checkout.
    pub(crate) ours: bool,
    pub(crate) body: Body,
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
    let unit = |base: usize, body| Unit { file: number, base: to_u32(base), ours: false, body };
    if let Ok(body) = parser::parse_body(&file.text) {
        return vec![unit(0, body)];
    }
    let mut units = Vec::new();
    let mut errors = 0;
    for (start, end) in parts(&file.text) {
        let text = file.text.get(start..end).unwrap_or_default();
        match parser::parse_body(text) {
            Ok(body) => units.push(unit(start, body)),
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
