//! `trustwalk receipts`: what was done from a folder, by whom, how it stands, and how to go on or back. Reads alone.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;
use trustwalk_apply::{ApplyError, Home, Journal};
use trustwalk_collect::CollectError;
use trustwalk_core::evidence::Target;
use trustwalk_core::plan::{Errand, Event, Hand, Receipt, ReceiptStep, StepState, Undoing};
use trustwalk_render::{self as render, Ink, Page, Pen, Shown};

use super::repair::SCHEMA;
use crate::args::{Format, ReceiptsArgs};
use crate::exit::Exit;
use crate::interrupt::with_receipt;
use crate::style::{self, Voice};

/// Most files of a folder that are looked into.
const MOST_FILES: usize = 10_000;

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Stand {
    /// It came to its end.
    Complete,
    /// It did not: it is under way, or was stopped.
    Open,
    /// It was undone.
    RolledBack,
    /// It was undone in part.
    HalfRolledBack,
}

/// Who took a run up, and when.
#[derive(Debug, Serialize)]
struct Taken<'r> {
    at: i64,
    errand: Errand,
    #[serde(flatten)]
    by: &'r Hand,
}

/// One receipt.
#[derive(Debug, Serialize)]
struct Listed {
    file: String,
    /// Why it is no receipt that can be relied on.
    damage: Option<String>,
    #[serde(flatten)]
    told: Option<serde_json::Value>,
    #[serde(skip)]
    journal: Option<Journal>,
}

/// Runs `receipts`.
pub(crate) fn run(args: &ReceiptsArgs) -> anyhow::Result<Exit> {
    let home = Home::of_user()?;
    let mut all = Vec::new();
    for path in files(&args.folder)? {
        all.extend(listed(&path, &home)?);
    }
    // Oldest first; what cannot be read has no time.
    all.sort_by_key(|one| one.journal.as_ref().map(|j| j.receipt().began));
    let alone = all.iter().all(|one| one.journal.as_ref().is_some_and(|j| is_at_rest(stand(j.receipt()))));
    match args.output {
        Format::Json | Format::Yaml => {
            let folder = args.folder.display().to_string();
            let document = serde_json::json!({"schema": SCHEMA, "folder": folder, "receipts": all});
            style::say(&style::document(&document)?)?;
        }
        Format::Human => style::page(&page(&all, style::pen()))?,
    }
    if args.output == Format::Human && all.is_empty() {
        let here = args.folder == Path::new(".");
        let place = if here { "this folder".to_owned() } else { args.folder.display().to_string() };
        Voice::Out.line(format_args!("No receipts in {place}"))?;
    }
    Ok(if alone { Exit::Sound } else { Exit::Findings })
}

/// The folder's files that may be receipts, by name.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            // What is in the folder one is in is named as one would.
            let path = if folder == Path::new(".") { PathBuf::from(entry?.file_name()) } else { entry?.path() };
            if path.extension().is_some_and(|e| e == "json") {
                found.push(path);
            }
        }
        Ok(found)
    };
    let mut found = read().map_err(|source| CollectError::Read { path: folder.to_owned(), source })?;
    anyhow::ensure!(found.len() <= MOST_FILES, "`{}` has more than {MOST_FILES} JSON files", folder.display());
    found.sort();
    Ok(found)
}

/// A file as it is listed; `None` for one that is no receipt and says so by its content.
fn listed(path: &Path, home: &Home) -> anyhow::Result<Option<Listed>> {
    let file = path.display().to_string();
    match Journal::open(path, home) {
        Ok(journal) => {
            let told = Some(told(&journal));
            Ok(Some(Listed { file, damage: None, told, journal: Some(journal) }))
        }
        Err(ApplyError::NotAReceipt { reason, claims, .. }) => {
            Ok(claims.then(|| Listed { file, damage: Some(reason), told: None, journal: None }))
        }
        Err(error @ ApplyError::Home(_)) => Err(error.into()),
        Err(error) => {
            // A link, a pipe, a folder, or another user's file: nothing that was written here.
            let named = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("trustwalk-receipt-"));
            Ok(named.then(|| Listed { file, damage: Some(error.to_string()), told: None, journal: None }))
        }
    }
}

fn stand(receipt: &Receipt) -> Stand {
    let of = |state| receipt.steps.iter().any(|s| s.state == state);
    let left = |s: &ReceiptStep| matches!(s.state, StepState::Done | StepState::Started | StepState::UndoRefused);
    let undone = of(StepState::Undone) || of(StepState::Undoing) || of(StepState::Gone);
    // A restart is never undone.
    let restart = |s: &&ReceiptStep| s.step.undoing() != Undoing::Nothing;
    let more = of(StepState::Undoing) || receipt.steps.iter().filter(restart).any(left);
    match (undone, more, receipt.ended.is_some()) {
        (true, true, _) => Stand::HalfRolledBack,
        (true, false, _) => Stand::RolledBack,
        (false, _, true) => Stand::Complete,
        (false, _, false) => Stand::Open,
    }
}

/// Whether nobody need do anything about it.
fn is_at_rest(stand: Stand) -> bool {
    match stand {
        Stand::Complete | Stand::RolledBack => true,
        Stand::Open | Stand::HalfRolledBack => false,
    }
}

fn hands(receipt: &Receipt) -> Vec<Taken<'_>> {
    receipt
        .entries
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::TakenUp { errand, by } => Some(Taken { at: entry.at, errand: *errand, by }),
            Event::Found { .. } | Event::Step { .. } | Event::Made { .. } | Event::Ended { .. } => None,
        })
        .collect()
}

fn done(receipt: &Receipt) -> usize {
    receipt
        .steps
        .iter()
        .filter(|s| matches!(s.state, StepState::Done | StepState::AlreadyDone | StepState::UndoRefused))
        .count()
}

/// The commands that go on and back, where there is something to go on with or back from.
fn commands(journal: &Journal) -> (Option<String>, Option<String>) {
    let foreign = if journal.foreign().is_some() { " --foreign-receipt" } else { "" };
    let line = |words: &str| with_receipt(&format!("trustwalk {words} {{}}{foreign}"), journal.path());
    match stand(journal.receipt()) {
        Stand::Open => (Some(line(resume_of(&journal.receipt().target))), Some(line("rollback"))),
        Stand::Complete | Stand::HalfRolledBack => (None, Some(line("rollback"))),
        Stand::RolledBack => (None, None),
    }
}

/// What goes on: of a CI job with its files, of which a receipt says nothing.
fn resume_of(target: &Target) -> &'static str {
    if matches!(target, Target::Job { .. }) { "fix --job PATH --resume" } else { "fix --resume" }
}

fn told(journal: &Journal) -> serde_json::Value {
    let (receipt, place) = (journal.receipt(), journal.place());
    let (resume, undo) = commands(journal);
    let steps: Vec<_> = receipt
        .steps
        .iter()
        .map(|s| {
            let effect = &s.step.effect;
            serde_json::json!({
                "words": effect.words, "state": s.state, "at": s.at, "past": effect.past, "note": s.note,
            })
        })
        .collect();
    serde_json::json!({
        "cures": receipt.cures, "target": receipt.target, "began": receipt.began, "ended": receipt.ended,
        "state": stand(receipt), "done": done(receipt), "steps": steps, "verified": receipt.verified,
        "yours": journal.foreign().is_none(), "foreign": journal.foreign().map(|f| f.to_string()),
        "place": place, "hands": hands(receipt), "digest": journal.last_digest(),
        "resume": resume, "undo": undo,
    })
}

fn page(all: &[Listed], pen: Pen) -> Shown {
    let mut out = pen.page();
    for one in all {
        match (&one.journal, &one.damage) {
            (Some(journal), _) => entry(&mut out, &one.file, journal, pen),
            (None, why) => {
                let why = why.as_deref().unwrap_or_default();
                out.line(format_args!("{} {}", pen.ink(Ink::Bad, "\u{d7}"), one.file));
                out.line(format_args!("    {} {why}", pen.ink(Ink::Bad, "not to be relied on:")));
            }
        }
        out.gap();
    }
    out.shown()
}

fn entry(out: &mut Page, file: &str, journal: &Journal, pen: Pen) {
    let (receipt, place) = (journal.receipt(), journal.place());
    let stand = stand(receipt);
    let (mark, words) = match stand {
        Stand::Complete if receipt.steps.iter().any(|s| s.state == StepState::UndoRefused) => {
            (pen.ink(Ink::Odd, "\u{203c}"), "complete, and undoing it was refused")
        }
        Stand::Complete => (pen.ink(Ink::Good, "\u{221a}"), "complete"),
        Stand::RolledBack => (pen.ink(Ink::Faint, "\u{21b6}"), "rolled back"),
        Stand::Open => (pen.ink(Ink::Odd, "?"), "not ended: under way, or stopped"),
        Stand::HalfRolledBack => (pen.ink(Ink::Odd, "?"), "rolled back in part"),
    };
    out.line(format_args!("{mark} {file}"));
    let faint = |text: &'static str| pen.ink(Ink::Faint, text);
    let target = render::target_words(&receipt.target);
    out.line(format_args!("    {} {}, {target}", faint("for:     "), receipt.cures));
    let of = receipt.steps.len();
    out.line(format_args!("    {} {words}; {} of {of} steps done", faint("state:   "), done(receipt)));
    for step in receipt.steps.iter().map(|s| &s.step) {
        if let Some(owner) = &step.effect.past {
            out.line(format_args!("    {} {owner}, at the user's word: {}", faint("past:    "), step.effect.words));
        }
    }
    for lost in receipt.steps.iter().filter(|s| s.state == StepState::Gone) {
        let why = lost.note.as_deref().unwrap_or("what it changed is gone");
        out.line(format_args!("    {} {}: {why}", faint("not back:"), lost.step.effect.words));
    }
    for kept in receipt.steps.iter().filter(|s| s.state == StepState::UndoRefused) {
        let why = kept.note.as_deref().unwrap_or("its undoing was refused");
        out.line(format_args!("    {} {}: {why}", faint("not back:"), kept.step.effect.words));
    }
    if let Some(verified) = &receipt.verified {
        out.line(format_args!("    {} {verified}", faint("proof:   ")));
    }
    let unknown = "not known".to_owned();
    let known = |name: &Option<String>| name.clone().unwrap_or_else(|| unknown.clone());
    for Taken { at, errand, by } in hands(receipt) {
        let did = match errand {
            Errand::Fix => "fix",
            Errand::Resume => "fix --resume",
            Errand::Rollback => "rollback",
        };
        let who = format!("{}, Kubernetes user {}", known(&by.caller), known(&by.user));
        let from = format!("from {} with {}", known(&by.machine), by.tool);
        out.line(format_args!("    {} {} {did} by {who}, {from}", faint("by:      "), time(at)));
    }
    let (account, cluster) = (known(&place.account), known(&place.cluster));
    out.line(format_args!("    {} account {account}, cluster {cluster}", faint("where:   ")));
    let whose = journal.foreign().map_or_else(|| "yours".to_owned(), |why| format!("not known to be yours: {why}"));
    out.line(format_args!("    {} {whose}; intact, digest {}", faint("seal:    "), journal.last_digest()));
    let (resume, undo) = commands(journal);
    for (label, command) in [("go on:   ", resume), ("undo:    ", undo)] {
        if let Some(command) = command {
            out.line(format_args!("    {} {command}", faint(label)));
        }
    }
}

/// A time as everybody reads it.
fn time(at: i64) -> String {
    Timestamp::from_second(at).map_or_else(|_| at.to_string(), |t| t.to_string())
}
