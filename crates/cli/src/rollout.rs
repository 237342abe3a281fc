//! The view of a running repair: rewritten in place on a terminal, one line per change elsewhere.

mod view;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::AbortHandle;
use trustwalk_apply::{Progress, RolloutView};
use trustwalk_collect::World;
use trustwalk_render::{Ink, Move, Page, Pen, Shown};

use crate::interrupt::Noted;
use crate::style::{Size, Voice};
use view::{lines, still};

/// What stands on a terminal.
#[derive(Debug)]
struct Screen {
    voice: Voice,
    pen: Pen,
    /// The view that is drawn, while one is.
    view: Option<RolloutView>,
    /// Its lines, and the size of the terminal then.
    drawn: (usize, Option<Size>),
}

impl Screen {
    fn draw(&mut self, view: RolloutView) {
        let size = self.voice.size();
        let shown = lines(&view, size, self.pen);
        let count = shown.len();
        self.voice.tell(&redrawn(shown, self.drawn, size).shown());
        self.drawn = (count, Some(size));
        self.view = Some(view);
    }

    /// What is drawn stays, and what comes is drawn below it.
    fn leave(&mut self) {
        (self.view, self.drawn) = (None, (0, None));
    }

    /// Draws the view anew where the terminal has another size.
    fn resized(&mut self) {
        if self.drawn.1.is_some_and(|size| size != self.voice.size())
            && let Some(view) = self.view.take()
        {
            self.draw(view);
        }
    }
}

/// Shows a repair as it happens.
#[derive(Debug)]
pub(crate) struct Live {
    voice: Voice,
    pen: Pen,
    screen: Option<Arc<Mutex<Screen>>>,
    /// Who draws anew when the terminal changes its size.
    watcher: Option<AbortHandle>,
    last: BTreeMap<String, String>,
    stood: Option<i64>,
    noted: Noted,
}

impl Live {
    /// For a stream.
    pub(crate) fn new(voice: Voice, noted: &Noted) -> Self {
        let noted = noted.clone();
        let pen = voice.pen();
        let screen = voice.is_live().then(|| {
            let screen = Screen { voice, pen, view: None, drawn: (0, None) };
            Arc::new(Mutex::new(screen))
        });
        let watcher = screen.as_ref().and_then(|screen| follow_size(Arc::clone(screen)));
        Self { voice, pen, screen, watcher, last: BTreeMap::new(), stood: None, noted }
    }

    /// What comes is drawn below what is there.
    fn leave(&self) {
        if let Some(screen) = &self.screen {
            lock(screen).leave();
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Some(watcher) = &self.watcher {
            watcher.abort();
        }
    }
}

fn lock(screen: &Mutex<Screen>) -> MutexGuard<'_, Screen> {
    screen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Draws anew whenever the terminal says that it has another size (SIGWINCH).
fn follow_size(screen: Arc<Mutex<Screen>>) -> Option<AbortHandle> {
    let mut sizes = signal(SignalKind::window_change()).ok()?;
    let watch = async move {
        while sizes.recv().await.is_some() {
            lock(&screen).resized();
        }
    };
    Some(tokio::runtime::Handle::try_current().ok()?.spawn(watch).abort_handle())
}

/// Says whenever a call waits because a service asks for a pause, and has such calls wait longer than reads do.
pub(crate) fn tell_pauses(world: &World, voice: Voice) {
    world.be_patient(move |who, wait| {
        let seconds = wait.as_secs_f64();
        voice.tell(&Shown::line(format_args!("    {who} asks for a pause: waiting {seconds:.1} s, then going on")));
    });
}

/// The view drawn over the `drawn` lines of the one before, in one go. A terminal that became narrower has broken those
/// lines anew, or cut them, each kind of terminal in its own way: there what is there stays, and the view is drawn
/// below.
fn redrawn(shown: Vec<Page>, drawn: (usize, Option<Size>), size: Size) -> Page {
    let mut out = Page::new();
    let above = if drawn.1.is_some_and(|then| then.columns <= size.columns) { drawn.0 } else { 0 };
    out.cursor(Move::Up(above));
    for line in shown {
        out.cursor(Move::ClearLine);
        out.append(line.shown());
    }
    // Lines of pods that are gone are cleared.
    out.cursor(Move::ClearBelow);
    out
}

impl Progress for Live {
    fn journal(&mut self, path: &Path) {
        self.noted.open(path);
        self.voice.tell(&Shown::line(format_args!("  Journal: {}", path.display())));
    }

    fn unknown_rights(&mut self, permissions: &[String]) {
        if !permissions.is_empty() {
            let all = permissions.join(", ");
            self.voice.tell(&Shown::line(format_args!("  Not known beforehand whether you are allowed: {all}")));
        }
    }

    fn began(&mut self, words: &str) {
        self.leave();
        self.voice.tell(&Shown::line(format_args!("  \u{25ba} {words}")));
    }

    fn ended(&mut self, words: &str, note: Option<&str>) {
        self.leave();
        let note = note.map(|n| format!(" ({n})")).unwrap_or_default();
        self.voice.tell(&Shown::line(format_args!("  {} {words}{note}", self.pen.ink(Ink::Good, "\u{221a}"))));
    }

    fn waits(&mut self, words: &str) {
        self.leave();
        self.voice.tell(&Shown::line(format_args!("    {words}")));
    }

    fn rollout(&mut self, view: &RolloutView) {
        if let Some(screen) = &self.screen {
            return lock(screen).draw(view.clone());
        }
        let now: BTreeMap<String, String> =
            view.pods.iter().map(|p| (p.name.clone(), format!("{} {}", p.containers, p.status))).collect();
        let mut out = Page::new();
        for (name, state) in &now {
            if self.last.get(name) != Some(state) {
                out.line(format_args!("    {name} {state}"));
            }
        }
        self.last = now;
        let since = view.still.as_ref().map(|s| s.since);
        if let Some(words) = view.still.as_ref().filter(|_| since != self.stood) {
            out.line(format_args!("    {}", still(words)));
        }
        self.stood = since;
        if !out.is_empty() {
            self.voice.tell(&out.shown());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_drawn_over_the_last_one_unless_the_terminal_became_narrower() {
        let page = || {
            let mut page = Page::new();
            page.line("x");
            vec![page]
        };
        let (small, large) = (Size { columns: 20, rows: 5 }, Size { columns: 80, rows: 24 });
        let text = |drawn, size| redrawn(page(), drawn, size).shown().as_str().to_owned();
        assert_eq!(text((0, None), small), "\u{1b}[2Kx\n\u{1b}[J");
        let over = "\u{1b}[3A\u{1b}[2Kx\n\u{1b}[J";
        assert_eq!((text((3, Some(small)), small).as_str(), text((3, Some(small)), large).as_str()), (over, over));
        assert_eq!(text((3, Some(large)), small), "\u{1b}[2Kx\n\u{1b}[J");
    }
}
