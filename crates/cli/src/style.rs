//! Streams: colour only on a terminal that wants it, text on standard output, complaints and progress on
//! standard error. Nothing but [`Shown`], which went through the gate, is written to either.

mod pager;

pub(crate) use pager::is_open as pager_is_open;

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal as _, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use trustwalk_render::{Pen, Shown};

use crate::args::{Colour, Format, Notation, ScreenArgs};
use crate::line as progress_line;

/// How to write to standard output.
pub(crate) fn pen() -> Pen {
    Voice::Out.pen()
}

/// What the command line says of screens.
static SCREEN: OnceLock<ScreenArgs> = OnceLock::new();

/// Takes in what the command line says of screens, before anything is written.
pub(crate) fn set(screen: ScreenArgs) {
    let _set_already = SCREEN.set(screen);
}

fn screen() -> ScreenArgs {
    SCREEN.get().copied().unwrap_or_default()
}

/// `--color` goes before everything; then `NO_COLOR` (no-color.org), `CLICOLOR_FORCE` and `CLICOLOR`
/// (bixense.com/clicolors), and dumb terminals are respected.
fn wants_colour(terminal: bool) -> bool {
    let set = trustwalk_collect::env_os;
    match screen().color {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto if set("NO_COLOR").is_some() => false,
        Colour::Auto if set("CLICOLOR_FORCE").is_some_and(|v| v != "0") => true,
        Colour::Auto => terminal && !is_dumb() && set("CLICOLOR").is_none_or(|v| v != "0"),
    }
}

/// Whether nothing but text may be sent to the terminal.
fn is_dumb() -> bool {
    trustwalk_collect::env_os("TERM").is_none_or(|t| t == "dumb")
}

/// Whether the locale has nothing but ASCII (POSIX.1-2017, 8.2: the first of the three that is set decides). Where none
/// is set, a terminal is taken at POSIX's word, and what goes elsewhere is UTF-8 as ever.
fn is_ascii(terminal: bool) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(trustwalk_collect::env_os);
    let Some(locale) = locale else { return terminal };
    let name = locale.to_string_lossy().to_ascii_lowercase();
    let codeset = name.split('@').next().and_then(|n| n.split_once('.')).map(|(_, codeset)| codeset.replace('-', ""));
    codeset.as_deref() != Some("utf8")
}

/// What the stream's screen can show of it.
fn legible(text: &Shown, terminal: bool) -> Cow<'_, Shown> {
    if is_ascii(terminal) { Cow::Owned(text.in_ascii()) } else { Cow::Borrowed(text) }
}

/// The size of a terminal, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

/// That of a VT100.
const USUAL: Size = Size { columns: 80, rows: 24 };

/// Where words for people go: to standard output, or beside it when that is for a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voice {
    /// Standard output.
    Out,
    /// Standard error.
    Aside,
}

impl Voice {
    /// The place that a format leaves to words.
    pub(crate) fn beside(format: Format) -> Self {
        match format {
            Format::Human => Self::Out,
            Format::Json | Format::Yaml => Self::Aside,
        }
    }

    /// Writes at once.
    pub(crate) fn say(self, text: &Shown) -> std::io::Result<()> {
        match self {
            Self::Out => say(text),
            Self::Aside => {
                progress_line::make_room();
                // Nobody is left to tell when that fails.
                let text = legible(text, self.is_terminal());
                let _ = std::io::stderr().lock().write_all(text.as_str().as_bytes());
                Ok(())
            }
        }
    }

    /// Writes one line at once.
    pub(crate) fn line(self, text: impl Display) -> std::io::Result<()> {
        self.say(&self.pen().line(text))
    }

    /// Writes in the midst of what must not stop half-way: what standard output does not take goes to standard
    /// error. Says whether it was taken.
    pub(crate) fn tell(self, text: &Shown) -> bool {
        let taken = self.say(text).is_ok();
        if !taken {
            // Nobody is left to tell when that fails too.
            let _ = Self::Aside.say(text);
        }
        taken
    }

    /// How to write there.
    pub(crate) fn pen(self) -> Pen {
        let pen = Pen::new(wants_colour(self.is_terminal()));
        if self.is_terminal() { pen.on_screen(self.size().columns) } else { pen }
    }

    /// Whether it is a terminal on which lines can be rewritten.
    pub(crate) fn is_live(self) -> bool {
        self.is_terminal() && !is_dumb()
    }

    /// How large the terminal is now; where it does not tell, as the shell's variables say, or as the oldest ones.
    pub(crate) fn size(self) -> Size {
        let told = match self {
            Self::Out => rustix::termios::tcgetwinsize(std::io::stdout()),
            Self::Aside => rustix::termios::tcgetwinsize(std::io::stderr()),
        };
        let variable = |name: &str| trustwalk_collect::env_var(name)?.parse().ok().filter(|n| (1..=1_000).contains(n));
        let of = |told: Option<u16>, name: &str, usual: usize| match told {
            None | Some(0) => variable(name).unwrap_or(usual),
            Some(told) => usize::from(told),
        };
        let (columns, rows) = (told.as_ref().ok().map(|t| t.ws_col), told.as_ref().ok().map(|t| t.ws_row));
        Size { columns: of(columns, "COLUMNS", USUAL.columns), rows: of(rows, "LINES", USUAL.rows) }
    }

    pub(crate) fn is_terminal(self) -> bool {
        match self {
            Self::Out => std::io::stdout().is_terminal(),
            Self::Aside => std::io::stderr().is_terminal(),
        }
    }
}

/// Writes to standard output at once. A reader that has gone away (`| head`) is no error, and what was begun
/// goes on to its own exit code: half a repair would be worse than one nobody watches.
pub(crate) fn say(text: &Shown) -> std::io::Result<()> {
    match say_to_reader(text) {
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes what is to be read at leisure: through a pager, where the terminal has fewer rows. Never what others come
/// after: a question, a view that goes on.
pub(crate) fn page(text: &Shown) -> std::io::Result<()> {
    progress_line::make_room();
    let voice = Voice::Out;
    let size = voice.size();
    let rows: usize = text.as_str().lines().map(|line| rows_of(line, size.columns)).sum();
    if screen().no_pager || !voice.is_live() || rows < size.rows || !pager::show(&legible(text, true)) {
        return say(text);
    }
    Ok(())
}

/// Rows that a line takes.
fn rows_of(line: &str, columns: usize) -> usize {
    // What is between an escape and its end takes none.
    let mut bare = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        bare.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    bare.push_str(rest);
    trustwalk_render::columns(&bare).div_ceil(columns.max(1)).max(1)
}

/// Whether anything was written to standard output.
static SPOKEN: AtomicBool = AtomicBool::new(false);

/// Whether anything was written to standard output.
pub(crate) fn has_spoken() -> bool {
    SPOKEN.load(Ordering::Relaxed)
}

/// Whether documents are YAML.
static YAML: AtomicBool = AtomicBool::new(false);

/// From now on documents are written so.
pub(crate) fn write_as(notation: Option<Notation>) {
    YAML.store(notation == Some(Notation::Yaml), Ordering::Relaxed);
}

/// Whether documents are YAML.
pub(crate) fn is_yaml() -> bool {
    YAML.load(Ordering::Relaxed)
}

/// A document, in the notation that was asked for.
pub(crate) fn document(document: &impl serde::Serialize) -> serde_json::Result<Shown> {
    if is_yaml() { Shown::yaml(document) } else { Shown::json(document) }
}

/// Writes a document that may be large: part by part as it is made, where no pager and no YAML wants it whole.
pub(crate) fn large(document: &impl serde::Serialize) -> std::io::Result<()> {
    if is_yaml() || Voice::Out.is_live() {
        return page(&self::document(document)?);
    }
    match trustwalk_render::json_in_parts(document, say_to_reader) {
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// One of several documents: a line of JSON, or a document of YAML's stream.
pub(crate) fn one_document(document: &impl serde::Serialize) -> serde_json::Result<Shown> {
    if !is_yaml() {
        return Shown::json_line(document);
    }
    let mut page = trustwalk_render::Page::new();
    page.line("---");
    page.append(Shown::yaml(document)?);
    Ok(page.shown())
}

/// The same for one line.
pub(crate) fn line(text: impl Display) -> std::io::Result<()> {
    say(&Shown::line(text))
}

/// The same as [`say`] for what has no end but its reader's.
pub(crate) fn say_to_reader(text: &Shown) -> std::io::Result<()> {
    progress_line::make_room();
    SPOKEN.store(true, Ordering::Relaxed);
    let text = legible(text, Voice::Out.is_terminal());
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_str().as_bytes())?;
    out.flush()
}

/// Writes one line to standard error. What was typed may be a token where its file was asked for, and standard
/// error is kept in the logs of CI jobs.
pub(crate) fn complain(text: impl Display) {
    let _ = Voice::Aside.line(trustwalk_foreign::redact(&text.to_string()));
}

/// A tagged value in words: its name, then its fields.
pub(crate) fn tagged(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(serde_json::Value::Object(fields)) => {
            let text = |v: &serde_json::Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
            let name = fields.values().next().map(text).unwrap_or_default();
            let rest: Vec<String> = fields.iter().skip(1).map(|(k, v)| format!("{k} {}", text(v))).collect();
            if rest.is_empty() { name } else { format!("{name}: {}", rest.join(", ")) }
        }
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}
