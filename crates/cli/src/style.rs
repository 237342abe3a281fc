//! Colour and output: colour only on a terminal that wants it, text on standard output,
//! complaints and progress on standard error.

use std::io::{IsTerminal as _, Write};

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

/// Whether standard output is a terminal on which lines can be rewritten.
pub(crate) fn is_live() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("TERM").is_some_and(|t| t != "dumb")
}

/// Writes to standard output at once.
pub(crate) fn say(text: &str) -> std::io::Result<()> {
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
