//! The short report: what holds in one line, the broken link, the last changes before the failure, and the verdict
//! with its values and one command. It fits a terminal of 24 rows; everything else is told with `-v`.

use trustwalk_core::diagnosis::{Candidate, Change, Diagnosis, LinkReport, LinkState, Looked, Outcome, Place, Turn};
use trustwalk_core::evidence::Target;
use trustwalk_core::finding::{Confidence, Exhibit, Finding};
use trustwalk_core::plan::Cure;
use trustwalk_foreign::shell;

use crate::closing::{ink_of, is_left, verdict};
use crate::finding::{NOTE, command_of};
use crate::forthcoming::soon;
use crate::measure::{columns, pad};
use crate::next::{LONGEST, Next};
use crate::page::{Ink, Page, Pen};
use crate::shown::Shown;
use crate::target::{mark, target_words};
use crate::time;

/// Rows of a report: a terminal has 24, of which the command that was typed and the prompt keep one each.
const ROWS: usize = 22;
/// How much is told of each part, the most first: less where it would take too many rows.
const SHARES: [Share; 9] = [
    Share { changes: 5, values: 4, named: 6, open: 3, terse: false, codes: true },
    Share { changes: 5, values: 2, named: 6, open: 3, terse: false, codes: true },
    Share { changes: 4, values: 2, named: 4, open: 3, terse: false, codes: true },
    Share { changes: 3, values: 2, named: 3, open: 3, terse: true, codes: true },
    Share { changes: 3, values: 2, named: 3, open: 3, terse: true, codes: false },
    Share { changes: 3, values: 2, named: 1, open: 1, terse: true, codes: false },
    Share { changes: 2, values: 2, named: 1, open: 1, terse: true, codes: false },
    Share { changes: 0, values: 2, named: 3, open: 1, terse: true, codes: false },
    Share { changes: 0, values: 2, named: 1, open: 1, terse: true, codes: false },
];
/// Changes told before the failure.
const CHANGES: usize = 3;
/// Causes told where several are possible.
const POSSIBLE: usize = 3;
/// Codes of causes told beside those that are named; there are hardly ever more.
const CODES: usize = 40;
/// Links told one by one whose state is not known.
const OPEN: usize = 3;
/// Lines of a configuration that are told as a fix; a longer one stands in `-v`.
const SNIPPET: usize = 4;
/// Where a link's words begin.
const LINK_MARGIN: usize = 20;
/// Widest label of a value.
const LABEL: usize = 26;

/// How much is told.
#[derive(Clone, Copy)]
struct Share {
    /// Happenings: the failure, changes before it, when it last worked.
    changes: usize,
    /// Values side by side.
    values: usize,
    /// Causes that it may be, by their names.
    named: usize,
    /// Links told one by one whose state is not known.
    open: usize,
    /// Whether how it is fixed is told without the commands of a person.
    terse: bool,
    /// Whether causes beside those that are named are told by their codes.
    codes: bool,
}

/// What is told where others say what is next.
const LEAST: Share = Share { changes: 0, values: 2, named: 3, open: OPEN, terse: true, codes: true };

/// What was asked about, where it was looked, and which links hold: what a report begins with.
pub fn head(d: &Diagnosis, pen: Pen) -> Shown {
    let mut out = pen.page();
    heading(&mut out, d, OPEN, pen);
    out.shown()
}

fn heading(out: &mut Page, d: &Diagnosis, open: usize, pen: Pen) {
    title(out, d, pen);
    out.gap();
    links(out, d, open, pen);
}

/// The whole short report.
pub(crate) fn brief(d: &Diagnosis, next: &Next, pen: Pen) -> Shown {
    let [most, less @ ..] = SHARES;
    let whole = shared(d, next, most, pen);
    let tall = |shown: &Shown| shown.as_str().lines().count() > ROWS;
    // A share that does not help enough is the last one's.
    less.into_iter().fold(whole, |shown, share| if tall(&shown) { shared(d, next, share, pen) } else { shown })
}

fn shared(d: &Diagnosis, next: &Next, share: Share, pen: Pen) -> Shown {
    let mut out = pen.page();
    heading(&mut out, d, share.open, pen);
    out.gap();
    changes(&mut out, d, share.changes, pen);
    out.append(ends(d, next, share, pen));
    out.shown()
}

/// The verdict, its values, and how it is fixed, where others say what is next.
pub(crate) fn end(d: &Diagnosis, pen: Pen) -> Shown {
    ends(d, &Next::default(), LEAST, pen)
}

/// The last lines: the verdict, its values, how it is fixed, and what is next.
fn ends(d: &Diagnosis, next: &Next, share: Share, pen: Pen) -> Shown {
    let mut out = pen.page();
    let (label, text) = verdict(d, false);
    out.labelled(pen.ink(ink_of(d.outcome), &[&label, ":"].concat()), &pen.fitted(&text, 2), "  ");
    match &d.root_cause {
        Some(root) if d.outcome == Outcome::RootCause => values(&mut out, &root.proof, share.values, pen),
        Some(_) | None => possible(&mut out, d, share, pen),
    }
    let cure = d.root_cause.iter().filter(|_| d.outcome == Outcome::RootCause).flat_map(|f| &f.cures).next();
    if let Some(cure) = cure {
        fix(&mut out, cure, next, share.terse, pen);
    }
    soon(&mut out, d, pen);
    next.told(&mut out, pen);
    out.shown()
}

fn title(out: &mut Page, d: &Diagnosis, pen: Pen) {
    out.labelled(pen.ink(Ink::Strong, "trustwalk:"), &pen.fitted(&target_words(&d.target), 2), "  ");
    place(out, &d.looked, pen);
}

/// Where it was looked, and as whom.
pub(crate) fn place(out: &mut Page, looked: &[Looked], pen: Pen) {
    // Of places that are not known for one reason, the last tells it.
    let again = |at: usize, why: &str| looked.iter().skip(at + 1).any(|l| l.not_known.as_deref() == Some(why));
    let name = |at: usize, l: &Looked| match (&l.name, &l.not_known) {
        (Some(_), Some(why)) => why.clone(),
        (Some(name), None) => format!("{} {name}", l.what.word()),
        (None, Some(why)) if !again(at, why) => format!("{} not known ({why})", l.what.word()),
        (None, _) => format!("{} not known", l.what.word()),
    };
    let mut words = String::new();
    for (at, l) in looked.iter().enumerate() {
        // Whose account it is and who asks there are one thing.
        let joint = if words.is_empty() {
            ""
        } else if l.what == Place::Caller {
            " "
        } else {
            ", "
        };
        words.push_str(joint);
        words.push_str(&name(at, l));
    }
    if !words.is_empty() {
        out.labelled(pen.ink(Ink::Faint, "  at:"), &pen.fitted(&words, 6), "    ");
    }
}

fn links(out: &mut Page, d: &Diagnosis, most: usize, pen: Pen) {
    let in_state = |state: LinkState| d.links.iter().filter(move |l| l.state == state);
    let names = |state| in_state(state).map(|l| l.link.name()).collect::<Vec<_>>().join(", ");
    // Of a log alone there is one link, and what was read is all there is to say.
    if let Target::Log { .. } = d.target {
        d.links.iter().filter(|l| l.state != LinkState::NotApplicable).for_each(|l| one(out, l, &l.saw, pen));
        return;
    }
    for (state, after) in [(LinkState::Pass, "hold"), (LinkState::Seen, "seen, and not judged")] {
        let names = names(state);
        if !names.is_empty() {
            let after = if state == LinkState::Pass && !names.contains(',') { "holds" } else { after };
            out.part("  ");
            out.labelled(mark(state, pen), &format!("{names} {after}"), "    ");
        }
    }
    let broken = [LinkState::Warning, LinkState::Violated, LinkState::Consequence];
    for link in d.links.iter().filter(|l| broken.contains(&l.state)) {
        one(out, link, &words_of(link, d), pen);
    }
    let open: Vec<(String, Vec<&str>)> = by_reason(in_state(LinkState::Undetermined), d);
    if d.outcome == Outcome::RootCause && open.len() > 1 {
        let text = format!("{}: not known, -v says why", names(LinkState::Undetermined));
        marked(out, &text, pen);
        return;
    }
    for (reason, links) in open.iter().take(most) {
        let colon = if links.len() > 1 { ":" } else { "" };
        let names = [&links.join(", "), colon].concat();
        let text = pen.one_line(reason, LINK_MARGIN.max(columns(&names) + 5));
        out.line(format_args!("  {} {:<15} {text}", mark(LinkState::Undetermined, pen), names));
    }
    if open.len() > most {
        let rest: Vec<&str> = open.iter().skip(most).flat_map(|(_, links)| links).copied().collect();
        marked(out, &format!("{}: not known either, -v says why", rest.join(", ")), pen);
    }
}

/// A line of what is not known.
fn marked(out: &mut Page, text: &str, pen: Pen) {
    out.part("  ");
    out.labelled(mark(LinkState::Undetermined, pen), text, "    ");
}

/// Links whose state is not known, with the reason that some of them share.
fn by_reason<'a>(open: impl Iterator<Item = &'a LinkReport>, d: &Diagnosis) -> Vec<(String, Vec<&'a str>)> {
    let suspect = |link: &LinkReport| {
        let all = || d.root_cause.iter().chain(&d.possible);
        let possible = |f: &&Finding| f.link() == link.link && f.confidence == Confidence::Possible;
        all().find(possible).map(|f| format!("perhaps {} {}", f.code(), f.name()))
    };
    let mut all: Vec<(String, Vec<&str>)> = Vec::new();
    for link in open {
        let reason = suspect(link).or_else(|| link.missing.first().cloned()).unwrap_or_else(|| link.saw.clone());
        match all.iter_mut().find(|(told, _)| *told == reason) {
            Some((_, links)) => links.push(link.link.name()),
            None => all.push((reason, vec![link.link.name()])),
        }
    }
    all
}

fn one(out: &mut Page, link: &LinkReport, text: &str, pen: Pen) {
    let text = pen.one_line(text, LINK_MARGIN);
    out.line(format_args!("  {} {:<15} {text}", mark(link.state, pen), link.link.name()));
}

/// What was seen there; of what is told below, its name.
fn words_of(link: &LinkReport, d: &Diagnosis) -> String {
    let all = || d.root_cause.iter().chain(&d.also).chain(&d.warnings).filter(|f| f.confidence > Confidence::Possible);
    let told = match link.state {
        LinkState::Warning | LinkState::Violated => all().find(|f| f.link() == link.link),
        LinkState::Pass
        | LinkState::Seen
        | LinkState::NotApplicable
        | LinkState::Undetermined
        | LinkState::Consequence => None,
    };
    told.map_or_else(|| link.saw.clone(), |f| format!("{} {}", f.code(), f.name()))
}

/// The last changes before the first failure that was seen, when it last worked, and the failure.
fn changes(out: &mut Page, d: &Diagnosis, most: usize, pen: Pen) {
    let told = last(d, most);
    if told.is_empty() || !d.outcome.is_broken() {
        return;
    }
    let heading = "Last changes before it (-v has all)";
    out.line(pen.ink(Ink::Strong, heading));
    for c in told {
        let stamp = time::stamp(c.at);
        let who = c.who.as_ref().map(|w| format!(" by {w}")).unwrap_or_default();
        let text = pen.one_line(&[c.what.as_str(), &who].concat(), columns(&stamp) + 4);
        out.line(format_args!("  {}  {text}", pen.ink(Ink::Faint, &stamp)));
    }
    out.gap();
}

fn last(d: &Diagnosis, most: usize) -> Vec<&Change> {
    let failed = d.timeline.iter().find(|c| c.kind == Turn::Failed);
    let before = |c: &&Change| failed.is_none_or(|f| c.at <= f.at);
    let of = |kind: Turn| d.timeline.iter().filter(before).filter(move |c| c.kind == kind);
    let newest = of(Turn::Change).rev().take(CHANGES);
    // What tells most comes first: the failure, what changed right before it, and when it last worked.
    let mut told: Vec<&Change> = failed.into_iter().chain(newest).chain(of(Turn::Worked).next_back()).collect();
    told.truncate(most);
    told.sort_by_key(|c| c.at);
    told
}

/// The values that the verdict rests on, one a line, beside each other.
fn values(out: &mut Page, proof: &[Exhibit], most: usize, pen: Pen) {
    let shown: Vec<&Exhibit> = proof.iter().take(most).collect();
    let width = shown.iter().map(|e| columns(&e.label)).max().unwrap_or_default().min(LABEL);
    for e in shown {
        let label = pad(&pen.one_line(&e.label, 4), width);
        let mut lines = e.value.lines();
        let first = lines.next().filter(|l| !l.is_empty()).unwrap_or("(empty)");
        let more = if lines.next().is_some() { " …" } else { "" };
        let text = pen.one_row(&[first, more].concat(), columns(&label) + 4);
        out.line(format_args!("  {}  {text}", pen.ink(Ink::Faint, label)));
    }
}

/// Causes that it may be, in order: what speaks for itself with its sentence, then the others that can show what was
/// seen, the first by their names, the rest by their codes.
fn possible(out: &mut Page, d: &Diagnosis, share: Share, pen: Pen) {
    let all: Vec<&Finding> =
        d.root_cause.iter().chain(&d.possible).filter(|f| f.confidence == Confidence::Possible).collect();
    for f in all.iter().take(POSSIBLE) {
        let text = pen.one_line(&format!("{}: perhaps {}", f.name(), f.sentence), 8);
        out.line(format_args!("  {} {text}", pen.ink(Ink::Odd, f.code())));
    }
    if d.outcome != Outcome::Broken {
        return;
    }
    let others: Vec<&Candidate> = d.candidates.iter().filter(|c| is_left(c, &all)).collect();
    let named = others.len().min(share.named.saturating_sub(all.len().min(POSSIBLE)));
    for c in others.iter().take(named) {
        let text = pen.one_line(c.cause.name(), 8);
        out.line(format_args!("  {} {text}", pen.ink(Ink::Faint, &c.code)));
    }
    let codes: Vec<&str> = others.iter().skip(named).take(CODES).map(|c| c.code.as_str()).collect();
    if !codes.is_empty() && share.codes {
        out.prose(&codes.join(" "), "  or ", "     ");
    }
}

/// How it is fixed, in words; where a person has to do something first, in the words of the object's own tool as well,
/// if they are short.
fn fix(out: &mut Page, cure: &Cure, next: &Next, terse: bool, pen: Pen) {
    let by_hand = command_of(cure).filter(|(_, text)| next.by_hand && *text != shell::WITHHELD);
    let short = by_hand.filter(|(_, text)| !terse && text.len() <= LONGEST && text.lines().count() <= SNIPPET);
    // A change for people to decide on has its lines, and no step of ours.
    let for_people = cure.actions.is_empty() && !cure.changes.is_empty();
    let more = if (by_hand.is_some() || for_people) && short.is_none() { " (-v shows how)" } else { "" };
    // Names in it are typed by people: it may take a second line, and is not cut.
    let title = pen.fitted(&cure.title, 2);
    out.labelled(pen.ink(Ink::Strong, "Fix:"), &[&title, more].concat(), "  ");
    match short {
        Some((NOTE, text)) => out.prose(&pen.fitted(text, 2), "  ", "  "),
        Some((tool, text)) => {
            let label = format!("  {tool}:");
            out.labelled(pen.ink(Ink::Faint, &label), &pen.fitted(&text.replace('\n', " "), 4), "    ");
        }
        None => {}
    }
}
