//! A forecast for people: what is broken already, what comes within the time, what comes later, what is not known.

use trustwalk_forecast::Of;
use trustwalk_render::{Ink, Next, Page, Pen, Shown, Typed, days, ending, foreseen, target_words, time};

use super::Seen;
use crate::style;

/// Of what comes later so many are told.
const LATER: usize = 5;

pub(super) fn words(seen: &Seen<'_>, typed: &Typed) -> Shown {
    let pen = style::pen();
    let mut out = pen.page();
    let what = match seen.identities.as_slice() {
        [only] => target_words(&only.target),
        all => format!("{} identities", all.len()),
    };
    out.line(pen.ink(Ink::Strong, format_args!("trustwalk forecast: {what}")));
    broken(&mut out, seen, pen);
    let (soon, later): (Vec<&Of>, Vec<&Of>) = seen.merged.forthcoming.iter().partition(|of| is_soon(of, seen));
    list(&mut out, (seen, &soon, "Within the time"), pen);
    let more = later.len().saturating_sub(LATER);
    let shown: Vec<&Of> = later.into_iter().take(LATER).collect();
    list(&mut out, (seen, &shown, "Later"), pen);
    if more > 0 {
        out.line(format_args!("  {more} more, which -o json has"));
    }
    let unknown: Vec<&String> = seen.merged.unknown.iter().chain(&seen.missed).collect();
    if !unknown.is_empty() {
        out.gap();
        out.line(pen.ink(Ink::Strong, "Not known"));
        for gap in unknown {
            out.part(format_args!("  {}", pen.ink(Ink::Odd, "?")));
            out.prose(gap, " ", "    ");
        }
    }
    out.gap();
    let (ink, text) = verdict(seen);
    out.append(ending(ink, "Forecast", &text, &next(seen, typed), pen));
    out.shown()
}

/// What has no day counts as near: nobody knows that it is not.
fn is_soon(of: &Of, seen: &Seen<'_>) -> bool {
    of.what.when.ahead().is_none_or(|at| at <= seen.until())
}

fn broken(out: &mut Page, seen: &Seen<'_>, pen: Pen) {
    let all: Vec<_> = seen.broken().collect();
    if all.is_empty() {
        return;
    }
    out.gap();
    out.line(pen.ink(Ink::Strong, "Broken already"));
    for one in all {
        let why = one.root_cause.as_ref().map_or_else(
            || "something fails, and no cause is named".to_owned(),
            |root| format!("{} {}", root.code(), root.name()),
        );
        out.line(format_args!("  {} {}: {why}", pen.ink(Ink::Bad, "\u{d7}"), target_words(&one.target)));
    }
}

fn list(out: &mut Page, (seen, all, heading): (&Seen<'_>, &[&Of], &str), pen: Pen) {
    if all.is_empty() {
        return;
    }
    out.gap();
    out.line(pen.ink(Ink::Strong, heading));
    // Where one identity was looked at, the title has said whom it concerns.
    let several = seen.identities.len() > 1;
    for of in all {
        foreseen(out, &of.what, seen.now, if several { &of.whom } else { &[] }, pen);
    }
}

fn verdict(seen: &Seen<'_>) -> (Ink, String) {
    let until = time::date(seen.until());
    let failing: Vec<&Of> = seen.merged.failing(seen.until()).collect();
    let count = seen.broken().count();
    let already = match count {
        0 => String::new(),
        1 => "1 identity is broken already; ".to_owned(),
        _ => format!("{count} identities are broken already; "),
    };
    let first = failing.first().map(|of| {
        let name = of.what.name.map_or_else(|| of.what.link.name(), trustwalk_core::cause::Cause::name);
        match of.what.when.ahead() {
            Some(at) => format!("the first to break is {name} on {}, {}", time::date(at), days(at, seen.now)),
            None => format!("{name} may come any day"),
        }
    });
    match (first, count) {
        (Some(first), _) => (Ink::Bad, format!("{already}{first}")),
        (None, 0) if seen.is_open() => {
            (Ink::Odd, format!("nothing is known to break until {until}, and not everything could be looked at"))
        }
        (None, 0) => (Ink::Good, format!("nothing is known to break until {until}")),
        (None, _) => (Ink::Bad, format!("{already}nothing else is known to break until {until}")),
    }
}

fn next(seen: &Seen<'_>, typed: &Typed) -> Next {
    let first = seen.broken().next();
    first.map_or_else(Next::default, |one| Next::command(typed.again("diagnose", &one.target)))
}
