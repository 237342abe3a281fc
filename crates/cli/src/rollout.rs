//! The view of a running repair: rewritten in place on a terminal, one line per change elsewhere.

use std::collections::BTreeMap;
use std::path::Path;

use trustwalk_apply::{Progress, RolloutView};
use trustwalk_render::{Ink, Move, Page, Pen, Shown};

use crate::interrupt::Noted;
use crate::style::Voice;

/// Shows a repair as it happens.
#[derive(Debug)]
pub(crate) struct Live {
    voice: Voice,
    pen: Pen,
    redraws: bool,
    drawn: usize,
    last: BTreeMap<String, String>,
    noted: Noted,
}

impl Live {
    /// For a stream.
    pub(crate) fn new(voice: Voice, noted: &Noted) -> Self {
        let noted = noted.clone();
        Self { voice, pen: voice.pen(), redraws: voice.is_live(), drawn: 0, last: BTreeMap::new(), noted }
    }
}

/// The view drawn over the `drawn` lines of the one before.
fn redrawn(view: &RolloutView, pen: Pen, drawn: usize) -> Page {
    let mut out = Page::new();
    out.cursor(Move::Up(drawn));
    out.cursor(Move::ClearLine);
    out.line(format_args!("    {} of {} pods renewed and ready", view.renewed, view.desired));
    for pod in &view.pods {
        let ink = if pod.ready { Ink::Good } else { Ink::Odd };
        let ready = pod.containers.to_string();
        out.cursor(Move::ClearLine);
        out.line(format_args!("    {:<24} {ready:<5} {:<20} {}", pod.name, pen.ink(ink, &pod.status), pod.restarts));
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

    fn began(&mut self, words: &str) {
        self.drawn = 0;
        self.voice.tell(&Shown::line(format_args!("  \u{25ba} {words}")));
    }

    fn ended(&mut self, words: &str, note: Option<&str>) {
        let note = note.map(|n| format!(" ({n})")).unwrap_or_default();
        self.voice.tell(&Shown::line(format_args!("  {} {words}{note}", self.pen.ink(Ink::Good, "\u{221a}"))));
    }

    fn rollout(&mut self, view: &RolloutView) {
        if self.redraws {
            self.voice.tell(&redrawn(view, self.pen, self.drawn).shown());
            self.drawn = view.pods.len() + 1;
            return;
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
        if !out.is_empty() {
            self.voice.tell(&out.shown());
        }
    }
}

#[cfg(test)]
mod tests {
    use trustwalk_apply::PodView;
    use trustwalk_core::evidence::ContainersReady;

    use super::*;

    #[test]
    fn a_pods_words_stay_in_their_line_and_the_cursor_moves_as_we_say() {
        let pod = PodView {
            name: "p\u{1b}[2J".to_owned(),
            status: "Error\n\u{221a} verified".to_owned(),
            ready: false,
            containers: ContainersReady { ready: 1, all: 2 },
            restarts: 3,
        };
        let view = RolloutView { desired: 2, renewed: 1, pods: vec![pod] };
        let first = redrawn(&view, Pen::new(true), 0).shown();
        assert_eq!(
            first.as_str(),
            "\u{1b}[2K    1 of 2 pods renewed and ready\n\u{1b}[2K    p\\u{1b}[2J                    1/2   \
             \u{1b}[33mError\\n\u{221a} verified    \u{1b}[0m 3\n\u{1b}[J"
        );
        let again = redrawn(&view, Pen::new(true), 2).shown();
        assert_eq!(again.as_str(), format!("\u{1b}[2A{}", first.as_str()));
    }
}
