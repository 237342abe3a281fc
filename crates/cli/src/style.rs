//! Colour and output: colour only on a terminal that wants it, text on standard output,
//! complaints and progress on standard error.

use std::io::{ErrorKind, IsTerminal as _, Write};

use crate::args::Format;

/// A colour with a meaning.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ink {
    /// Sound.
    Good,
    /// Broken.
    Bad,
    /// Unknown, or a warning.
    Odd,
    /// Secondary.
    Faint,
    /// Headings.
    Strong,
}

/// How to write for one stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pen {
    colour: bool,
}

impl Pen {
    /// For standard output.
    pub(crate) fn stdout() -> Self {
        Self { colour: wants_colour(std::io::stdout().is_terminal()) }
    }

    /// Text in an ink.
    pub(crate) fn ink(self, ink: Ink, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match ink {
            Ink::Good => "32",
            Ink::Bad => "31",
            Ink::Odd => "33",
            Ink::Faint => "2",
            Ink::Strong => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// `NO_COLOR` (no-color.org) and dumb terminals are respected.
fn wants_colour(terminal: bool) -> bool {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|t| t == "dumb");
    terminal && !no_color && !dumb
}

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
    pub(crate) fn say(self, text: &str) -> std::io::Result<()> {
        match self {
            Self::Out => say(text),
            Self::Aside => {
                complain(text.trim_end_matches('\n'));
                Ok(())
            }
        }
    }

    /// How to write there.
    pub(crate) fn pen(self) -> Pen {
        Pen { colour: wants_colour(self.is_terminal()) }
    }

    /// Whether it is a terminal on which lines can be rewritten.
    pub(crate) fn is_live(self) -> bool {
        self.is_terminal() && std::env::var_os("TERM").is_some_and(|t| t != "dumb")
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
pub(crate) fn say(text: &str) -> std::io::Result<()> {
    match say_to_reader(text) {
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// The same for what has no end but its reader's.
pub(crate) fn say_to_reader(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Writes to standard error; nobody is left to tell when that fails.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Removes what a stranger's text could do to a terminal: control characters but tab.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_cannot_drive_the_terminal() {
        assert_eq!(harmless("a\u{1b}[2Jb\nc"), "a\u{fffd}[2Jb\u{fffd}c");
    }
}
