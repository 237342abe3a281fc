//! A line on standard error that says what is waited for, once that takes longer than half a second: on a terminal
//! alone, rewritten in place, and taken away before anything else is written.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use trustwalk_collect::waits;
use trustwalk_render::{Move, Page};

use crate::style::Voice;

/// What is quicker needs no words.
const PATIENCE: Duration = Duration::from_millis(500);
/// Between two looks.
const STEP: Duration = Duration::from_millis(200);

/// Whether the line stands there now. Held while either side writes.
static SHOWN: Mutex<bool> = Mutex::new(false);
/// Whether words of another kind have the terminal: no line is shown any more.
static OVER: AtomicBool = AtomicBool::new(false);

/// How long the line is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// As long as the command runs.
    TheEnd,
    /// Until it says something: what comes then has a view of its own.
    FirstWord,
}

static FIRST_WORD: AtomicBool = AtomicBool::new(false);

/// From now on what is waited for is told.
pub(crate) fn begin(until: Until) {
    if !Voice::Aside.is_live() {
        return;
    }
    FIRST_WORD.store(until == Until::FirstWord, Ordering::Relaxed);
    // Without the thread there is no line, which nobody needs.
    let _ = std::thread::Builder::new().name("progress".to_owned()).spawn(watch);
}

fn watch() {
    let mut since: Option<(String, Instant)> = None;
    while !OVER.load(Ordering::Relaxed) {
        std::thread::park_timeout(STEP);
        let pending = waits::pending();
        let Some(first) = pending.first() else {
            since = None;
            make_room_now();
            continue;
        };
        let began = match &since {
            Some((what, began)) if what == first => *began,
            Some(_) | None => {
                let now = Instant::now();
                since = Some((first.clone(), now));
                now
            }
        };
        if began.elapsed() >= PATIENCE {
            show(first, pending.len() - 1, began.elapsed());
        }
    }
}

fn show(what: &str, others: usize, waited: Duration) {
    let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if OVER.load(Ordering::Relaxed) {
        return;
    }
    let more = if others == 0 { String::new() } else { format!(", and {others} more") };
    let text = format!("waiting for {what}{more} ({} s)", waited.as_secs());
    let width = Voice::Aside.size().columns.saturating_sub(1);
    let line: String = trustwalk_foreign::visible::line(&text).chars().take(width).collect();
    let mut page = Page::new();
    page.cursor(Move::ClearLine);
    page.part("");
    page.part(line);
    let out = page.shown();
    let mut to = std::io::stderr().lock();
    let _ = to.write_all(b"\r").and_then(|()| to.write_all(out.as_str().as_bytes())).and_then(|()| to.flush());
    *shown = true;
}

/// Takes the line away before something else is written.
pub(crate) fn make_room() {
    if FIRST_WORD.load(Ordering::Relaxed) {
        OVER.store(true, Ordering::Relaxed);
    }
    make_room_now();
}

fn make_room_now() {
    let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if !*shown {
        return;
    }
    let mut page = Page::new();
    page.cursor(Move::ClearLine);
    let out = page.shown();
    let mut to = std::io::stderr().lock();
    let _ = to.write_all(b"\r").and_then(|()| to.write_all(out.as_str().as_bytes())).and_then(|()| to.flush());
    *shown = false;
}

/// Says that a person is expected to type, where standard input is a terminal: else nothing tells why nothing happens.
pub(crate) fn reading_terminal() {
    if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        crate::style::complain("reading from the terminal: paste the text, then press Ctrl-D on a line of its own");
    }
}
