//! What a stranger writes into a value to drive a terminal or deceive an eye, and values with it in every place.

use serde_json::Value;

/// A line that would pass for one of ours.
pub const FORGED: &str = "\u{221a} verified: forged";

/// One of each kind; none of them may come out as it is.
pub const HOSTILE: &[&str] = &[
    // Breaks its line, by each character that some terminal or reader takes for an end.
    "\n\u{221a} verified: forged",
    "\r\u{221a} verified: forged",
    "\u{b}\u{221a} verified: forged\u{c}",
    "\u{85}\u{221a} verified: forged",
    "\u{2028}\u{221a} verified: forged\u{2029}",
    // Colours, moves and clears (CSI), in seven and in eight bits.
    "\u{1b}[32m\u{221a}\u{1b}[0m",
    "\u{1b}[2J\u{1b}[1;1H",
    "\u{9b}31m\u{9b}2K",
    // Titles, links and the clipboard (OSC 0, 8 and 52).
    "\u{1b}]0;title\u{7}",
    "\u{1b}]8;;https://evil.example\u{1b}\\text\u{1b}]8;;\u{1b}\\",
    "\u{1b}]52;c;cm0gLXJmIH4=\u{7}",
    "\u{9d}52;c;cm0gLXJmIH4=\u{9c}",
    // Device control, privacy and application strings.
    "\u{1b}P+q544e\u{1b}\\",
    "\u{90}$q\"p\u{9c}",
    "\u{1b}^x\u{1b}\\\u{1b}_y\u{1b}\\",
    // Rings, rubs out.
    "\u{7}\u{8}\u{8}\u{8}\u{7f}",
    // Direction: overrides, embeddings, isolates and marks.
    "\u{202e}nimda\u{202c}\u{202d}\u{202a}\u{202b}",
    "\u{2066}a\u{2067}b\u{2068}c\u{2069}\u{200e}\u{200f}\u{61c}",
    // Nothing to see: zero width, soft hyphen, joiners, fillers, tags, variation selectors.
    "a\u{200b}b\u{200c}c\u{200d}d\u{2060}e\u{feff}f\u{ad}g\u{34f}",
    "\u{115f}\u{1160}\u{3164}\u{ffa0}\u{17b4}\u{180e}\u{2065}",
    "\u{e0001}\u{e0061}\u{e007f}\u{e0100}\u{fe0f}",
    // Blanks that are not the blank.
    "\u{a0}\u{1680}\u{2000}\u{2003}\u{202f}\u{205f}\u{2800}\u{3000}",
    // Of private use, and no characters.
    "\u{e000}\u{f8ff}\u{fdd0}\u{fffe}\u{10ffff}\u{fff9}\u{fffb}",
];

/// How many texts a document holds.
pub fn leaves(document: &Value) -> usize {
    match document {
        Value::String(_) => 1,
        Value::Array(all) => all.iter().map(leaves).sum(),
        Value::Object(all) => all.values().map(leaves).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// The document with something in the middle of one of its texts, counted from 0. In a text that is a document
/// itself it goes into each of that one's texts.
pub fn tainted(document: &Value, leaf: usize, with: &str) -> Value {
    let mut document = document.clone();
    let mut left = leaf;
    taint(&mut document, &mut left, with);
    document
}

fn taint(value: &mut Value, left: &mut usize, with: &str) {
    match value {
        Value::String(text) => {
            if *left == 0 {
                *text = spoiled(text, with);
            }
            *left = left.wrapping_sub(1);
        }
        Value::Array(all) => all.iter_mut().for_each(|v| taint(v, left, with)),
        Value::Object(all) => all.values_mut().for_each(|v| taint(v, left, with)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The text with something in its middle.
pub fn spoiled(text: &str, with: &str) -> String {
    if let Ok(inner @ Value::Object(_)) = serde_json::from_str::<Value>(text) {
        let all = (0..leaves(&inner)).fold(inner, |document, leaf| tainted(&document, leaf, with));
        return all.to_string();
    }
    let middle = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
    let (head, tail) = text.split_at(middle);
    format!("{head}{with}{tail}")
}
