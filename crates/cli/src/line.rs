//! The line on standard error that says what is waited for: whether it stands there, so that it makes room for what
//! else is written.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use trustwalk_render::{Move, Page};

/// Whether the line stands there now. Held while either side writes.
static SHOWN: Mutex<bool> = Mutex::new(false);
/// Whether words of another kind have the terminal: no line is shown any more.
static OVER: AtomicBool = AtomicBool::new(false);
static FIRST_WORD: AtomicBool = AtomicBool::new(false);

/// From now on the first word of another kind ends the line for good, or only takes it away.
pub(crate) fn ends_with_the_first_word(ends: bool) {
    FIRST_WORD.store(ends, Ordering::Relaxed);
}

/// Whether no line is shown any more.
pub(crate) fn is_over() -> bool {
    OVER.load(Ordering::Relaxed)
}

/// Writes the line in the place of the one before.
pub(crate) fn show(line: &str) {
    let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if is_over() {
        return;
    }
    let mut page = Page::new();
    page.cursor(Move::ClearLine);
    page.part("");
    page.part(line);
    write(page);
    *shown = true;
}

/// Takes the line away before something else is written.
pub(crate) fn make_room() {
    if FIRST_WORD.load(Ordering::Relaxed) {
        OVER.store(true, Ordering::Relaxed);
    }
    clear();
}

/// Takes the line away.
pub(crate) fn clear() {
    let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if !*shown {
        return;
    }
    let mut page = Page::new();
    page.cursor(Move::ClearLine);
    write(page);
    *shown = false;
}

fn write(page: Page) {
    let out = page.shown();
    let mut to = std::io::stderr().lock();
    // Nobody is left to tell when that fails.
    let _ = to.write_all(b"\r").and_then(|()| to.write_all(out.as_str().as_bytes())).and_then(|()| to.flush());
}
