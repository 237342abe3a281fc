//! The query protocols' XML as a small tree.

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::limits::XML_ELEMENTS;

/// Deepest nesting of an answer; real ones stay below ten.
const DEPTH: usize = 64;

/// One element: its name without prefix, its text, its children.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// Local name.
    pub name: String,
    /// Text directly inside: of an element with others inside it trimmed, of any other as it stands, for blanks at the
    /// ends of a value are part of it.
    pub text: String,
    /// Child elements in order.
    pub children: Vec<Element>,
}

impl Element {
    /// Reads a document. The error says what is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "the answer is not UTF-8".to_owned())?;
        let mut reader = Reader::from_str(text);
        let mut stack = vec![Self::default()];
        let mut left = XML_ELEMENTS;
        loop {
            match reader.read_event().map_err(|e| format!("the answer is not XML: {e}"))? {
                Event::Start(tag) => {
                    if stack.len() > DEPTH {
                        return Err(format!("the answer nests deeper than {DEPTH} elements"));
                    }
                    left = one_fewer(left)?;
                    let name = tag.local_name().as_ref().to_owned();
                    stack.push(Self { name, ..Self::default() });
                }
                Event::Empty(tag) => {
                    left = one_fewer(left)?;
                    let name = tag.local_name().as_ref().to_owned();
                    if let Some(parent) = stack.last_mut() {
                        parent.children.push(Self { name, ..Self::default() });
                    }
                }
                Event::Text(t) => {
                    if let Some(open) = stack.last_mut() {
                        open.text.push_str(&t);
                    }
                }
                Event::CData(t) => {
                    if let Some(open) = stack.last_mut() {
                        open.text.push_str(&t);
                    }
                }
                Event::GeneralRef(r) => {
                    if let Some(open) = stack.last_mut() {
                        open.text.push_str(&entity(&r)?);
                    }
                }
                Event::End(_) => {
                    let mut done = stack.pop().unwrap_or_default();
                    if !done.children.is_empty() {
                        done.text = String::from(done.text.trim());
                    }
                    stack.last_mut().ok_or("the answer closes more than it opens")?.children.push(done);
                }
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
        let mut outer = stack.pop().filter(|_| stack.is_empty()).ok_or("the answer ends too early")?;
        if outer.children.is_empty() {
            Err("the answer is no XML document".to_owned())
        } else {
            Ok(outer.children.swap_remove(0))
        }
    }

    /// The first element of this name, at any depth, itself included.
    pub fn find(&self, name: &str) -> Option<&Self> {
        if self.name == name {
            return Some(self);
        }
        self.children.iter().find_map(|c| c.find(name))
    }

    /// Text of the first element of this name below, trimmed.
    pub fn text_of(&self, name: &str) -> Option<String> {
        self.find(name).map(|e| e.text.trim().to_owned())
    }

    /// The `member` elements of a list of this name.
    pub fn members(&self, list: &str) -> Vec<&Self> {
        self.find(list).map(|l| l.children.iter().filter(|c| c.name == "member").collect()).unwrap_or_default()
    }

    /// The same, taken out of the tree.
    pub fn take_members(&mut self, list: &str) -> Vec<Self> {
        let children = self.find_mut(list).map(|l| std::mem::take(&mut l.children)).unwrap_or_default();
        children.into_iter().filter(|c| c.name == "member").collect()
    }

    fn find_mut(&mut self, name: &str) -> Option<&mut Self> {
        if self.name == name {
            return Some(self);
        }
        self.children.iter_mut().find_map(|c| c.find_mut(name))
    }
}

fn one_fewer(left: usize) -> Result<usize, String> {
    left.checked_sub(1).ok_or_else(|| format!("the answer has more than {XML_ELEMENTS} elements"))
}

fn entity(reference: &quick_xml::events::BytesRef<'_>) -> Result<String, String> {
    if let Some(c) = reference.resolve_char_ref().map_err(|e| e.to_string())? {
        return Ok(c.to_string());
    }
    let name: &str = reference;
    quick_xml::escape::resolve_predefined_entity(name)
        .map(str::to_owned)
        .ok_or_else(|| format!("unknown entity `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_texts_and_entities_are_read() {
        let doc =
            b"<A xmlns=\"u\"><R><ClientIDList><member>a &amp; b</member><member>&#99;</member></ClientIDList><E/>\
                   </R></A>";
        let root = Element::parse(doc).unwrap();
        let members: Vec<_> = root.members("ClientIDList").iter().map(|m| m.text.clone()).collect();
        assert_eq!(members, ["a & b", "c"]);
        assert_eq!(root.text_of("E").as_deref(), Some(""));
    }

    #[test]
    fn blanks_at_the_ends_of_a_value_are_part_of_it() {
        let root =
            Element::parse("<R>\n <L>\n  <member>a </member>\n  <member>b\n</member></L>\n</R>".as_bytes()).unwrap();
        let members: Vec<_> = root.members("L").iter().map(|m| m.text.clone()).collect();
        assert_eq!((root.text.as_str(), members), ("", vec!["a ".to_owned(), "b\n".to_owned()]));
        assert_eq!(root.text_of("member").as_deref(), Some("a"));
    }

    #[test]
    fn what_is_not_xml_is_an_error_and_deep_nesting_is_refused() {
        for bad in ["", "<html>", "plain", "</a>", "<a></b>"] {
            assert!(Element::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(Element::parse("<a>".repeat(10_000).as_bytes()).unwrap_err().contains("nests deeper"));
        let many = format!("<r>{}</r>", "<a/>".repeat(XML_ELEMENTS));
        assert!(Element::parse(many.as_bytes()).unwrap_err().contains("more than"));
    }
}
