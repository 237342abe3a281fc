//! A JSON array of which each item is written as soon as it is there, laid out as [`Shown::json`] lays out the whole.

use serde::Serialize;

use crate::Shown;

/// An array that is being written.
#[derive(Debug, Default)]
pub struct JsonList {
    begun: bool,
}

impl JsonList {
    /// The next item, with what stands before it.
    pub fn item(&mut self, document: &impl Serialize) -> serde_json::Result<Shown> {
        let before = if self.begun { ",\n  " } else { "[\n  " };
        self.begun = true;
        // A text has no line breaks of its own in JSON.
        let text = serde_json::to_string_pretty(document)?.replace('\n', "\n  ");
        Ok(Shown::json_text(before.to_owned() + &text))
    }

    /// The end.
    pub fn end(self) -> Shown {
        Shown::json_text(if self.begun { "\n]\n" } else { "[]\n" }.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn what_is_written_item_by_item_is_what_is_written_at_once() {
        for all in [vec![], vec![json!({"a": ["b\n", {}]})], vec![json!(1), json!([]), json!({"c": {"d": null}})]] {
            let mut list = JsonList::default();
            let mut text: String = all.iter().map(|one| list.item(one).unwrap().as_str().to_owned()).collect();
            text += list.end().as_str();
            assert_eq!(text, Shown::json(&Value::Array(all)).unwrap().as_str());
        }
    }
}
