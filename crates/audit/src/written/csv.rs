//! CSV (RFC 4180): who can assume what, one grant a line, findings beside it.

use super::{codes, listed, shown};
use crate::audit::{Audit, Standing};

/// What stands in the first line.
const HEAD: &str = "account,role,statement,provider,issuer,subjects,audiences,further,standing,findings\r\n";

/// The whole table.
pub fn csv(audit: &Audit) -> String {
    let mut out = HEAD.to_owned();
    let codes = codes(audit);
    for trust in &audit.trust {
        let of = codes.get(&(trust.role.as_str(), trust.statement)).map_or(&[][..], Vec::as_slice);
        let standing = match trust.standing {
            Standing::Open => "open",
            Standing::Dead => "dead",
        };
        let cells = [
            trust.account.clone().unwrap_or_default(),
            trust.role.clone(),
            trust.statement.to_string(),
            trust.provider.clone(),
            trust.issuer.clone().unwrap_or_default(),
            listed(&trust.subjects, "any"),
            listed(&trust.audiences, "any"),
            trust.further.join(" | "),
            standing.to_owned(),
            of.join(" "),
        ];
        let cells: Vec<String> = cells.iter().map(|c| cell(c)).collect();
        out.push_str(&cells.join(","));
        out.push_str("\r\n");
    }
    out
}

/// One cell. A spreadsheet takes what begins so for a formula (OWASP, "CSV Injection"): an apostrophe makes it text.
fn cell(text: &str) -> String {
    let mut text = shown(text);
    if text.starts_with(['=', '+', '-', '@']) {
        text.insert(0, '\'');
    }
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn no_cell_is_a_formula_or_ends_early() {
        for (text, written) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("a\r\nb", "a\\r\\nb"),
            ("\t=1", "\\t=1"),
        ] {
            assert_eq!(cell(text), written);
        }
    }
}
