//! An audit as documents for programs and for people elsewhere: CSV, DOT, SARIF, one HTML page. Every text of others is
//! escaped for the language it is put into.

mod csv;
mod dot;
mod html;
mod results;

pub use csv::csv;
pub use dot::dot;
pub use html::html;
pub use results::sarif_of;

use trustwalk_foreign::visible;

use crate::limits::VALUE_CHARS;

/// A value that no eye misses a part of, on one line, of a bounded length.
fn shown(text: &str) -> String {
    let gated = visible::line(text);
    match gated.char_indices().nth(VALUE_CHARS) {
        Some((cut, _)) => [gated.get(..cut).unwrap_or_default(), "\u{2026}"].concat(),
        None => gated.into_owned(),
    }
}

/// Several values, or what stands for none.
fn listed(values: &[String], none: &str) -> String {
    if values.is_empty() { none.to_owned() } else { values.join(" | ") }
}
