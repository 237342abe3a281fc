//! The view of a running repair: rewritten in place on a terminal, one line per change elsewhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use trustwalk_apply::{Progress, RolloutView};

use crate::style::{Ink, Pen, Voice, harmless};

/// Shows a repair as it happens.
#[derive(Debug)]
pub(crate) struct Live {
    voice: Voice,
    pen: Pen,
    redraws: bool,
    drawn: usize,
    last: BTreeMap<String, String>,
}

impl Live {
    /// For a stream.
    pub(crate) fn new(voice: Voice) -> Self {
        Self { voice, pen: voice.pen(), redraws: voice.is_live(), drawn: 0, last: BTreeMap::new() }
    }
}

impl Progress for Live {
    fn began(&mut self, words: &str) {
        self.drawn = 0;
        let _ = self.voice.say(&format!("  \u{25ba} {}", harmless(words)));
    }

    fn ended(&mut self, words: &str, note: Option<&str>) {
        let note = note.map(|n| format!(" ({n})")).unwrap_or_default();
        let _ = self.voice.say(&format!("  {} {}{note}", self.pen.ink(Ink::Good, "\u{221a}"), harmless(words)));
    }

    fn rollout(&mut self, view: &RolloutView) {
        let mut out = String::new();
        if self.redraws {
            if self.drawn > 0 {
                let _ = write!(out, "\u{1b}[{}A", self.drawn);
            }
            let _ = writeln!(out, "\u{1b}[2K    {} of {} pods renewed and ready", view.renewed, view.desired);
            for pod in &view.pods {
                let ink = if pod.ready { Ink::Good } else { Ink::Odd };
                let ready = if pod.ready { "1/1" } else { "0/1" };
                let _ = writeln!(
                    out,
                    "\u{1b}[2K    {:<24}{ready}   {:<20}{}",
                    pod.name,
                    self.pen.ink(ink, &pod.status),
                    pod.restarts
                );
            }
            // Lines of pods that are gone are cleared.
            let _ = write!(out, "\u{1b}[J");
            self.drawn = view.pods.len() + 1;
            let _ = self.voice.say(out.trim_end_matches('\n'));
            return;
        }
        let now: BTreeMap<String, String> = view
            .pods
            .iter()
            .map(|p| (p.name.clone(), format!("{} {}", if p.ready { "1/1" } else { "0/1" }, p.status)))
            .collect();
        for (name, state) in &now {
            if self.last.get(name) != Some(state) {
                let _ = writeln!(out, "    {name} {state}");
            }
        }
        self.last = now;
        if !out.is_empty() {
            let _ = self.voice.say(&out);
        }
    }
}
