//! Functions that write and read documents.

use std::rc::Rc;

use base64::Engine as _;

use crate::source::Spot;
use crate::value::{Kind, Val};

use super::{Outcome, fault};

pub(super) fn call(name: &str, args: &[Val], at: Spot) -> Outcome {
    match (name, args) {
        // A document keeps its values: whoever reads it, reads these. JSON is YAML.
        ("jsonencode" | "yamlencode", [value]) => match value.kind {
            Kind::Thing(_) => None,
            _ => Some(Val::new(Kind::Json(Rc::new(value.clone())), at)),
        },
        ("jsondecode", [text]) => document(text, name, args, at),
        ("yamldecode", [text]) => match &text.kind {
            Kind::Json(value) => Some((**value).clone()),
            Kind::Text(rope) => {
                crate::yaml::read(rope).and_then(|mut all| (all.len() == 1).then(|| all.pop()).flatten())
            }
            _ => None,
        },
        ("base64encode", [text]) => {
            Some(Val::text(base64::engine::general_purpose::STANDARD.encode(text.known_text()?), at))
        }
        ("base64decode", [text]) => {
            let decoded = base64::engine::general_purpose::STANDARD.decode(text.known_text()?);
            match decoded.ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
                Some(text) => Some(Val::text(text, at)),
                None => fault(name, args, at),
            }
        }
        ("urlencode", [text]) => Some(Val::text(url_encoded(&text.known_text()?), at)),
        _ => None,
    }
}

fn document(text: &Val, name: &str, args: &[Val], at: Spot) -> Outcome {
    match &text.kind {
        Kind::Json(value) => Some((**value).clone()),
        Kind::Text(rope) => match crate::json::read(rope) {
            Ok(value) => Some(value),
            Err(_) if rope.known().is_some() => fault(name, args, at),
            Err(_) => None,
        },
        _ => None,
    }
}

/// As Go's `url.QueryEscape`, which Terraform uses.
fn url_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut all = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => all.push('+'),
            b'-' | b'_' | b'.' | b'~' => all.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => all.push(char::from(byte)),
            byte => {
                let _ = write!(all, "%{byte:02X}");
            }
        }
    }
    all
}
