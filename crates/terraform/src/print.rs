//! Values as expressions, which is how symbols are named: equal values in equal words.

use std::fmt::Write as _;

use super::bounds::MAX_SYMBOL;
use super::rope::{Rope, Seg};
use super::value::{Kind, Val};

/// The expression of a value, without end where it is long: see [`name`].
pub(crate) fn print(value: &Val) -> String {
    let mut out = String::new();
    put(&mut out, value);
    out
}

/// A symbol's name: what is longer than a reader takes is cut, and told apart by a number made of all of it.
pub(crate) fn name(full: &str) -> String {
    if full.len() <= MAX_SYMBOL {
        return full.to_owned();
    }
    let digest = full
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut end = MAX_SYMBOL / 2;
    while !full.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}… #{digest:016x}", full.get(..end).unwrap_or_default())
}

/// A call of a function, as a name.
pub(crate) fn call(function: &str, arguments: &[Val]) -> String {
    let mut out = format!("{function}(");
    for (number, argument) in arguments.iter().enumerate() {
        out.push_str(if number > 0 { ", " } else { "" });
        put(&mut out, argument);
    }
    out.push(')');
    name(&out)
}

/// Past this nobody reads on, and equal values are not told from others that begin alike.
const LONG: usize = 64 * 1024;

fn put(out: &mut String, value: &Val) {
    if out.len() > LONG {
        return;
    }
    match &value.kind {
        Kind::Null => out.push_str("null"),
        Kind::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Kind::Number(number) => out.push_str(number),
        Kind::Text(rope) => quote(out, rope),
        Kind::Json(inner) => {
            out.push_str("jsonencode(");
            put(out, inner);
            out.push(')');
        }
        Kind::Unknown(sym) | Kind::Fault(sym) => out.push_str(&sym.name),
        Kind::List(items) => {
            out.push('[');
            for (number, item) in items.iter().enumerate() {
                out.push_str(if number > 0 { ", " } else { "" });
                put(out, item);
            }
            out.push(']');
        }
        Kind::Map(members) => {
            out.push('{');
            for (number, (key, item)) in members.iter().enumerate() {
                out.push_str(if number > 0 { ", " } else { "" });
                quote(out, &key.name);
                out.push_str(" = ");
                put(out, item);
            }
            out.push('}');
        }
        // Only whole things come here, which no function takes.
        Kind::Thing(thing) => {
            let _ = write!(out, "{thing:?}");
        }
    }
}

fn quote(out: &mut String, rope: &Rope) {
    out.push('"');
    for seg in rope.segs() {
        match seg {
            Seg::Known { text, .. } => {
                for c in text.chars() {
                    match c {
                        '"' => out.push_str("\\\""),
                        '\\' => out.push_str("\\\\"),
                        '\n' => out.push_str("\\n"),
                        c => out.push(c),
                    }
                }
            }
            Seg::Unknown(sym, _) => {
                let _ = write!(out, "${{{}}}", sym.name);
            }
        }
    }
    out.push('"');
}
