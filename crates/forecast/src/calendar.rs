//! Days as a calendar that a team's own calendar can hold: iCalendar (RFC 5545), a whole day for each.

use std::fmt::Write as _;

use crate::{DAY, Of};

/// Longest line, bytes without its end (RFC 5545, section 3.1).
const LINE: usize = 75;

/// A calendar of what has a day ahead; `whom` says in words who is concerned.
pub fn calendar(all: &[Of], made: i64, whom: impl Fn(&Of) -> String) -> String {
    let mut text = String::new();
    line(&mut text, "BEGIN:VCALENDAR");
    line(&mut text, "VERSION:2.0");
    line(&mut text, concat!("PRODID:-//trustwalk//", env!("CARGO_PKG_VERSION"), "//EN"));
    for (of, at) in all.iter().filter_map(|of| Some((of, of.what.when.ahead()?))) {
        // A day that no calendar has, or whose next one none has, is no entry: the year 9999 is how certificates say
        // that they have no end.
        let (Some(start), Some(end)) = (form(at, "%Y%m%d"), form(at.saturating_add(DAY), "%Y%m%d")) else { continue };
        let what = &of.what;
        let name = match (&what.code, what.name) {
            (Some(code), Some(name)) => format!("{code} {}", name.name()),
            _ => what.entry.clone().unwrap_or_else(|| what.link.name().to_owned()),
        };
        let who = whom(of);
        line(&mut text, "BEGIN:VEVENT");
        // The same thing keeps its name, so that a calendar read again has it once.
        line(&mut text, &format!("UID:{at}-{}@trustwalk", escaped(&[&name, ".", &who].concat()).replace(' ', "-")));
        line(&mut text, &format!("DTSTAMP:{}", form(made, "%Y%m%dT%H%M%SZ").unwrap_or_default()));
        line(&mut text, &format!("DTSTART;VALUE=DATE:{start}"));
        line(&mut text, &format!("DTEND;VALUE=DATE:{end}"));
        line(&mut text, &format!("SUMMARY:{}", escaped(&format!("{name}: {who}"))));
        let advice = if what.advice.is_empty() { String::new() } else { format!("\nDo: {}", what.advice) };
        line(&mut text, &format!("DESCRIPTION:{}", escaped(&[&what.sentence, advice.as_str()].concat())));
        line(&mut text, "END:VEVENT");
    }
    line(&mut text, "END:VCALENDAR");
    text
}

fn form(at: i64, form: &str) -> Option<String> {
    jiff::Timestamp::from_second(at).ok().map(|t| t.strftime(form).to_string())
}

/// Text as a property's value (RFC 5545, section 3.3.11), without what no text may hold.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// One line, folded where it is long.
fn line(out: &mut String, text: &str) {
    let mut used = 0;
    for c in text.chars() {
        if used + c.len_utf8() > LINE {
            out.push_str("\r\n ");
            used = 1;
        }
        // Writing to a string cannot fail.
        let _ = write!(out, "{c}");
        used += c.len_utf8();
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_folded_between_letters_and_marks_are_escaped() {
        let mut out = String::new();
        line(&mut out, &"é".repeat(60));
        assert!(out.split("\r\n").all(|l| l.len() <= LINE), "{out}");
        assert_eq!(out.replace("\r\n ", ""), format!("{}\r\n", "é".repeat(60)));
        assert_eq!(escaped("a;b,c\\\nd\u{7}"), "a\\;b\\,c\\\\\\nd");
    }
}
