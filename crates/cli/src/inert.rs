//! The gate for JSON that is streamed: whoever makes the lines, none of them drives a terminal.

use std::io::Write;

use trustwalk_foreign::visible;

/// Writes JSON on with `\u` escapes for what is hidden in its strings.
#[derive(Debug)]
pub(crate) struct Inert<W> {
    to: W,
    /// The beginning of a character whose end has not come.
    held: Vec<u8>,
}

impl<W: Write> Inert<W> {
    /// On to another writer.
    pub(crate) fn new(to: W) -> Self {
        Self { to, held: Vec::new() }
    }

    fn pass(&mut self, text: &str) -> std::io::Result<()> {
        self.to.write_all(visible::json(text).as_bytes())
    }
}

impl<W: Write> Write for Inert<W> {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        if self.held.is_empty()
            && let Ok(text) = std::str::from_utf8(data)
        {
            self.pass(text)?;
            return Ok(data.len());
        }
        let mut bytes = std::mem::take(&mut self.held);
        bytes.extend_from_slice(data);
        let whole = match std::str::from_utf8(&bytes) {
            Err(e) if e.error_len().is_none() => e.valid_up_to(),
            Ok(_) | Err(_) => bytes.len(),
        };
        self.held = bytes.split_off(whole);
        self.pass(&String::from_utf8_lossy(&bytes))?;
        Ok(data.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_cut_anywhere_is_the_same_and_inert() {
        let document = serde_json::json!({"host": "a\u{202e}b\u{9b}31m", "name": "Größe \u{e0041}審査"});
        let line = format!("{document}\n");
        for cut in 0..=line.len() {
            let mut writer = Inert::new(Vec::new());
            let (head, tail) = line.as_bytes().split_at(cut);
            writer.write_all(head).unwrap();
            writer.write_all(tail).unwrap();
            let out = String::from_utf8(writer.to).unwrap();
            assert!(!out.trim_end().chars().any(visible::is_hidden), "{out:?}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&out).unwrap(), document, "cut at {cut}");
        }
    }
}
