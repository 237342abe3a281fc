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

use std::collections::{BTreeMap, BTreeSet};

use trustwalk_foreign::visible;

use crate::audit::Audit;
use crate::finding::{About, Finding};
use crate::limits::VALUE_CHARS;
use crate::sarif::Level;

/// A role and the position of its statement.
type Spot<'a> = (&'a str, usize);

fn spot(finding: &Finding) -> Option<Spot<'_>> {
    match (&finding.about, finding.statement) {
        (About::Role(arn), Some(statement)) => Some((arn, statement)),
        (About::Role(_) | About::Provider(_) | About::Account(_), _) => None,
    }
}

/// The codes of findings by where they are.
fn codes(audit: &Audit) -> BTreeMap<Spot<'_>, Vec<&'static str>> {
    let mut all: BTreeMap<Spot<'_>, Vec<&'static str>> = BTreeMap::new();
    for finding in &audit.findings {
        if let Some(spot) = spot(finding) {
            all.entry(spot).or_default().push(finding.rule.code());
        }
    }
    all
}

/// Where the worst findings are.
fn wide(audit: &Audit) -> BTreeSet<Spot<'_>> {
    audit.findings.iter().filter(|f| f.level == Level::Error).filter_map(spot).collect()
}

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
