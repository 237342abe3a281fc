//! A line on standard error that says what is waited for, once that takes longer than half a second: on a terminal
//! alone, rewritten in place, and taken away before anything else is written.

use std::time::{Duration, Instant};

use trustwalk_collect::waits;

use crate::line;
use crate::style::Voice;

/// What is quicker needs no words.
const PATIENCE: Duration = Duration::from_millis(500);
/// Between two looks.
const STEP: Duration = Duration::from_millis(200);

/// How long the line is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// As long as the command runs.
    TheEnd,
    /// Until it says something: what comes then has a view of its own.
    FirstWord,
}

/// From now on what is waited for is told.
pub(crate) fn begin(until: Until) {
    if !Voice::Aside.is_live() {
        return;
    }
    line::ends_with_the_first_word(until == Until::FirstWord);
    // Without the thread there is no line, which nobody needs.
    let _ = std::thread::Builder::new().name("progress".to_owned()).spawn(watch);
}

fn watch() {
    let mut since: Option<(String, Instant)> = None;
    while !line::is_over() {
        std::thread::park_timeout(STEP);
        let pending = waits::pending();
        let Some(first) = pending.first() else {
            since = None;
            line::clear();
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
    let more = if others == 0 { String::new() } else { format!(", and {others} more") };
    let text = format!("waiting for {what}{more} ({} s)", waited.as_secs());
    let width = Voice::Aside.size().columns.saturating_sub(1);
    line::show(&trustwalk_foreign::visible::line(&text).chars().take(width).collect::<String>());
}

/// Says that a person is expected to type, where standard input is a terminal: else nothing tells why nothing happens.
/// Whether it is one.
pub(crate) fn reading_terminal() -> bool {
    let typed = std::io::IsTerminal::is_terminal(&std::io::stdin());
    if typed {
        crate::style::complain("reading from the terminal: paste the text, then press Ctrl-D on a line of its own");
    }
    typed
}

/// Says what standard input waits for: the person at the terminal, once, as a line that is written anew would wipe
/// out what is being typed; else the program before it.
pub(crate) fn reading() -> Option<trustwalk_collect::waits::Waiting> {
    (!reading_terminal()).then(|| trustwalk_collect::waits::begin("standard input"))
}
