//! The lines of a roll-out: what fits the terminal, what needs attention first.

use std::collections::BTreeMap;

use trustwalk_apply::{PodView, RolloutView, Still};
use trustwalk_foreign::visible;
use trustwalk_render::{Ink, Page, Pen};

use crate::style::Size;

/// Lines that are left to what stands around the view.
const AROUND: usize = 2;
/// The name's column.
const NAME: usize = 24;

/// The view in lines, none wider than the terminal, and fewer than it has rows.
pub(super) fn lines(view: &RolloutView, size: Size, pen: Pen) -> Vec<Page> {
    let line = |parts: &[(Option<Ink>, String)]| fitting(parts, size.columns, pen);
    let head = format!("    {} of {} pods renewed and ready", view.renewed, view.desired);
    let says = if view.says.is_empty() { head } else { format!("{head}; {}", view.says) };
    let mut out = vec![line(&[(None, says)])];
    let room = size.rows.saturating_sub(AROUND + 1).max(1);
    let mut pods: Vec<&PodView> = view.pods.iter().collect();
    pods.sort_by(|a, b| (a.ready, !a.new, &a.name).cmp(&(b.ready, !b.new, &b.name)));
    let extra = usize::from(view.still.is_some());
    let whole = pods.len() + extra <= room;
    if !whole {
        out.push(line(&[(None, format!("    {}", counts(view)))]));
    }
    if let Some(words) = &view.still {
        out.push(line(&[(Some(Ink::Odd), format!("    {}", still(words)))]));
    }
    let shown = if whole { pods.len() } else { room.saturating_sub(extra + 2) };
    let rest = pods.split_off(shown.min(pods.len()));
    for pod in pods {
        let ink = if pod.ready { Ink::Good } else { Ink::Odd };
        let waits = pod.waits.as_ref().map(|w| format!("  {w}")).unwrap_or_default();
        out.push(line(&[
            (None, format!("    {:<NAME$} {:<5} ", inert(&pod.name), pod.containers.to_string())),
            (Some(ink), format!("{:<20}", inert(&pod.status))),
            (None, format!(" {}{waits}", pod.restarts)),
        ]));
    }
    if !rest.is_empty() {
        let unready = rest.iter().filter(|p| !p.ready).count();
        let words = match (unready, rest.len()) {
            (0, all) => format!("{all} more ready"),
            (some, all) => format!("{all} more, {some} of them not ready"),
        };
        out.push(line(&[(Some(Ink::Faint), format!("    \u{2026} and {words}"))]));
    }
    out
}

/// How many pods are in which state, those that are ready first.
fn counts(view: &RolloutView) -> String {
    let ready = view.pods.iter().filter(|p| p.ready).count();
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    for pod in view.pods.iter().filter(|p| !p.ready) {
        *states.entry(&pod.status).or_default() += 1;
    }
    let others = states.into_iter().map(|(state, count)| format!("{count} {state} not ready"));
    std::iter::once(format!("{ready} ready")).chain(others).collect::<Vec<_>>().join(", ")
}

/// A stand-still in words.
pub(super) fn still(still: &Still) -> String {
    let since = jiff::Timestamp::from_second(still.since).map(|t| t.strftime("%H:%M:%S UTC").to_string());
    format!("nothing has moved since {}: {}", since.unwrap_or_default(), still.waits)
}

fn inert(text: &str) -> String {
    visible::line(text).into_owned()
}

/// One line, cut where the terminal ends. A sign beyond ASCII may take two columns.
fn fitting(parts: &[(Option<Ink>, String)], columns: usize, pen: Pen) -> Page {
    let mut out = Page::new();
    // The last column is left free: some terminals break the line there.
    let mut left = columns.saturating_sub(1);
    for (ink, text) in parts {
        let text = inert(text);
        let fits = |c: &char| {
            let width = if c.is_ascii() { 1 } else { 2 };
            let enough = left >= width;
            left = if enough { left - width } else { 0 };
            enough
        };
        let text: String = text.chars().take_while(fits).collect();
        match ink {
            Some(ink) => out.part(pen.ink(*ink, &text)),
            None => out.part(&text),
        }
    }
    out.line("");
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use trustwalk_core::evidence::ContainersReady;

    use super::*;

    fn pod(name: &str, ready: bool, status: &str) -> PodView {
        PodView {
            name: name.to_owned(),
            ready,
            new: true,
            containers: ContainersReady { ready: usize::from(ready), all: 2 },
            status: status.to_owned(),
            restarts: 3,
            waits: (!ready).then(|| "image pull of main".to_owned()),
        }
    }

    fn view(pods: Vec<PodView>) -> RolloutView {
        RolloutView { desired: 2, renewed: 1, says: String::new(), still: None, pods }
    }

    fn texts(view: &RolloutView, size: Size, pen: Pen) -> Vec<String> {
        lines(view, size, pen).into_iter().map(|p| p.shown().as_str().trim_end_matches('\n').to_owned()).collect()
    }

    const WIDE: Size = Size { columns: 120, rows: 24 };

    #[test]
    fn a_pods_words_stay_in_their_line_and_a_pen_alone_colours() {
        let all = view(vec![pod("p\u{1b}[2J", false, "Error\n\u{221a} verified")]);
        let shown = texts(&all, WIDE, Pen::new(true));
        assert_eq!(shown[0], "    1 of 2 pods renewed and ready");
        assert_eq!(
            shown[1],
            "    p\\u{1b}[2J               0/2   \u{1b}[33mError\\n\u{221a} verified   \u{1b}[0m 3  image pull of main"
        );
    }

    #[test]
    fn of_hundreds_of_pods_those_that_are_not_ready_come_first_and_the_rest_is_counted() {
        let mut pods: Vec<PodView> = (0..400).map(|n| pod(&format!("p-{n:03}"), true, "Running")).collect();
        pods.push(pod("z-1", false, "ImagePullBackOff"));
        pods.push(pod("z-2", false, "ImagePullBackOff"));
        let shown = texts(&view(pods), WIDE, Pen::new(false));
        assert!(shown.len() < WIDE.rows, "{}", shown.len());
        assert_eq!(shown[1], "    400 ready, 2 ImagePullBackOff not ready");
        assert!(shown[2].contains("z-1") && shown[3].contains("z-2") && shown[4].contains("p-000"), "{shown:#?}");
        let hidden = 402 - (shown.len() - 3);
        assert_eq!(shown.last().unwrap(), &format!("    \u{2026} and {hidden} more ready"));
    }

    #[test]
    fn a_stand_still_says_since_when_and_for_what() {
        let mut all = view(vec![pod("p", false, "Pending")]);
        all.still = Some(Still { since: 1_772_366_400, waits: "p: no node takes it".to_owned() });
        let shown = texts(&all, WIDE, Pen::new(false));
        assert_eq!(shown[1], "    nothing has moved since 12:00:00 UTC: p: no node takes it");
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_terminal_and_no_view_higher(
            columns in 1_usize..90,
            rows in 4_usize..40,
            names in proptest::collection::vec(("\\PC{0,40}", any::<bool>(), "\\PC{0,40}"), 0..60),
        ) {
            let size = Size { columns, rows };
            let pods = names.iter().map(|(name, ready, status)| pod(name, *ready, status)).collect();
            let shown = texts(&view(pods), size, Pen::new(false));
            prop_assert!(shown.len() < rows, "{} lines of {rows}", shown.len());
            for line in shown {
                prop_assert!(line.chars().count() < columns.max(1) + usize::from(columns == 1), "{line:?}");
            }
        }
    }
}
