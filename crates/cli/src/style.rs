//! Streams: colour only on a terminal that wants it, text on standard output, complaints and progress on
//! standard error. Nothing but [`Shown`], which went through the gate, is written to either.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal as _, Write};

use trustwalk_render::{Pen, Shown};

use crate::args::Format;

/// How to write to standard output.
pub(crate) fn pen() -> Pen {
    Voice::Out.pen()
}

/// `NO_COLOR` (no-color.org) and dumb terminals are respected.
fn wants_colour(terminal: bool) -> bool {
    let no_color = trustwalk_collect::env_os("NO_COLOR").is_some();
    let dumb = trustwalk_collect::env_os("TERM").is_none_or(|t| t == "dumb");
    terminal && !no_color && !dumb
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
            Format::Json => Self::Aside,
        }
    }

    /// Writes at once.
    pub(crate) fn say(self, text: &Shown) -> std::io::Result<()> {
        match self {
            Self::Out => say(text),
            Self::Aside => {
                // Nobody is left to tell when that fails.
                let _ = std::io::stderr().lock().write_all(text.as_str().as_bytes());
                Ok(())
            }
        }
    }

    /// Writes one line at once.
    pub(crate) fn line(self, text: impl Display) -> std::io::Result<()> {
        self.say(&Shown::line(text))
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
        Pen::new(wants_colour(self.is_terminal()))
    }

    /// Whether it is a terminal on which lines can be rewritten.
    pub(crate) fn is_live(self) -> bool {
        self.is_terminal() && trustwalk_collect::env_os("TERM").is_some_and(|t| t != "dumb")
    }

    /// How large the terminal is now; as large as the oldest ones where nothing tells.
    pub(crate) fn size(self) -> Size {
        let told = match self {
            Self::Out => rustix::termios::tcgetwinsize(std::io::stdout()),
            Self::Aside => rustix::termios::tcgetwinsize(std::io::stderr()),
        };
        let of = |told: u16, usual: usize| if told == 0 { usual } else { usize::from(told) };
        told.map_or(USUAL, |t| Size { columns: of(t.ws_col, USUAL.columns), rows: of(t.ws_row, USUAL.rows) })
    }

    fn is_terminal(self) -> bool {
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

/// The same for one line.
pub(crate) fn line(text: impl Display) -> std::io::Result<()> {
    say(&Shown::line(text))
}

/// The same as [`say`] for what has no end but its reader's.
pub(crate) fn say_to_reader(text: &Shown) -> std::io::Result<()> {
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
