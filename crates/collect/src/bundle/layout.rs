//! How a bundle is laid out: one line for each identity and each thing they share, so that a large one is no larger
//! than it must be and can still be looked at line by line.

use std::io;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;
use trustwalk_foreign::visible;

/// Depth down to which a member stands on a line of its own: the bundle's members, and those of what they hold.
const MEMBERS: usize = 2;
/// Depth down to which a list's element does: an identity, and a thing in a table.
const ELEMENTS: usize = 3;

/// The document's text.
pub(super) fn text(document: &impl Serialize) -> serde_json::Result<String> {
    let mut bytes = Vec::new();
    write(document, &mut bytes)?;
    String::from_utf8(bytes).map_err(serde::ser::Error::custom)
}

/// Writes the document as it goes, what is hidden in its texts as `\u` escapes.
pub(super) fn write(document: &impl Serialize, mut to: impl io::Write) -> serde_json::Result<()> {
    document.serialize(&mut Serializer::with_formatter(&mut to, Lines::default()))?;
    to.write_all(b"\n").map_err(serde_json::Error::io)
}

/// Breaks lines down to a depth, and nowhere below it.
#[derive(Default)]
struct Lines {
    depth: usize,
    filled: bool,
}

impl Lines {
    fn open<W: io::Write + ?Sized>(&mut self, to: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.filled = false;
        to.write_all(bracket)
    }

    fn each<W: io::Write + ?Sized>(&mut self, to: &mut W, first: bool, deepest: usize) -> io::Result<()> {
        if !first {
            to.write_all(b",")?;
        }
        if self.depth <= deepest { to.write_all(b"\n") } else { Ok(()) }
    }

    fn close<W: io::Write + ?Sized>(&mut self, to: &mut W, bracket: &[u8], deepest: usize) -> io::Result<()> {
        if self.filled && self.depth <= deepest {
            to.write_all(b"\n")?;
        }
        self.depth -= 1;
        to.write_all(bracket)
    }
}

impl Formatter for Lines {
    fn begin_array<W: io::Write + ?Sized>(&mut self, to: &mut W) -> io::Result<()> {
        self.open(to, b"[")
    }

    fn begin_array_value<W: io::Write + ?Sized>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.each(to, first, ELEMENTS)
    }

    fn end_array_value<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, to: &mut W) -> io::Result<()> {
        self.close(to, b"]", ELEMENTS)
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, to: &mut W) -> io::Result<()> {
        self.open(to, b"{")
    }

    fn begin_object_key<W: io::Write + ?Sized>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.each(to, first, MEMBERS)
    }

    fn end_object_value<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, to: &mut W) -> io::Result<()> {
        self.close(to, b"}", MEMBERS)
    }

    fn write_string_fragment<W: io::Write + ?Sized>(&mut self, to: &mut W, fragment: &str) -> io::Result<()> {
        to.write_all(visible::json(fragment).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trustwalk_foreign::visible;

    #[test]
    fn a_line_holds_one_identity_or_one_thing_they_share() {
        let document = json!({"identities": [{"a": [1, {"b": []}]}, {}], "shared": {"keys": [{"c": {}}], "roles": []}});
        let text = super::text(&document).unwrap();
        let lines = "{\n\"identities\":[\n{\"a\":[1,{\"b\":[]}]},\n{}\n],\n\"shared\":{\n\"keys\":[\n{\"c\":{}}\n],\n\
                     \"roles\":[]\n}\n}\n";
        assert_eq!(text, lines);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), document);
    }

    #[test]
    fn what_is_hidden_in_a_text_is_written_out_and_read_back() {
        let document = json!({"a\u{202e}": "b\u{200b}\u{1b}\"\n\u{7f}\u{10ffff}"});
        let text = super::text(&document).unwrap();
        assert!(!text.chars().any(|c| c != '\n' && visible::is_hidden(c)), "{text:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), document);
    }
}
