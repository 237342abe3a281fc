//! What would be written from a receipt, before anybody approves it.

use trustwalk_core::plan::Outlook;

use crate::finding::changes;
use crate::page::{Ink, Pen};
use crate::shown::Shown;

/// Said of what IAM replaces whole: there is no "only if it is still so" in its calls.
pub(crate) const UNCONDITIONAL: &str = "; IAM has no conditional write, so it is read right before and right after";

/// Where the lines of a change begin.
pub(crate) const MARGIN: &str = "       ";

/// What a receipt would have written, from what is there now.
pub fn outlook(title: &str, steps: &[Outlook], pen: Pen) -> Shown {
    let mut out = pen.page();
    out.line(pen.ink(Ink::Strong, title));
    if steps.is_empty() {
        out.line("  There is nothing left to write.");
    }
    for (i, step) in steps.iter().enumerate() {
        out.line(format_args!("  {}. {}", i + 1, pen.ink(Ink::Strong, &step.words)));
        changes(&mut out, &step.changes, MARGIN, pen);
        if let Some(watched) = &step.only_while {
            out.line(format_args!("     {} {watched} is as shown", pen.ink(Ink::Faint, "only while:")));
        }
        out.line(format_args!("     {} {}", pen.ink(Ink::Faint, "touches:"), step.touches));
        if let Some(why) = &step.impossible {
            out.line(format_args!("     {} {why}", pen.ink(Ink::Bad, "but:")));
        }
    }
    out.shown()
}
