//! What the sequence of a log around a failure speaks for.

use trustwalk_symptoms::{Frame, Symptom};

use crate::evidence::{LogFailure, Neighbours, Target, View};

/// Default life of a session (STS API reference), and the least a kubelet rotates tokens in (Kubernetes
/// documentation, "`ServiceAccount` token volume projection": from 80 % of their life on, of 10 minutes at least).
const HOUR: i64 = 3600;

/// The kubelet renews a token from 80 % of its life on, which is 10 minutes at least (the same).
const RENEWED: i64 = 480;

/// What a sequence speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tale {
    /// It worked before and after: it passes by itself.
    Passing(String),
    /// A token or a session was kept longer than it is good for.
    Kept(String),
}

/// Whether the sequence around a failure tells a cause although it is over.
pub(super) fn tells(view: &View<'_>, line: &LogFailure) -> bool {
    match tale(line) {
        Some(Tale::Kept(_)) => line.neighbours.restarted.is_some(),
        Some(Tale::Passing(_)) => matches!(view.target(), Target::Log { .. } | Target::Job { .. }),
        None => false,
    }
}

/// What the sequence around a failure speaks for.
pub(super) fn tale(line: &LogFailure) -> Option<Tale> {
    let near = &line.neighbours;
    let symptom = line.failure.symptom;
    let keys = matches!(symptom, Symptom::KeysUnavailable | Symptom::IdpCommunication);
    let kept = matches!(
        symptom,
        Symptom::ExpiredToken | Symptom::PodIdentityTokenExpired | Symptom::ExpiredSession | Symptom::KeysUnavailable
    );
    // What fails right after each start keeps nothing from before it.
    let ran = near.succeeded_before.is_some() || near.after_start_seconds.is_none_or(|s| s >= RENEWED);
    let held = kept && (ran || symptom != Symptom::KeysUnavailable);
    if let (true, Some(restart), Some(success)) = (held, &near.restarted, &near.recovered) {
        let words = format!("the program started again {} and it succeeded {}", restart.words(), success.words());
        return Some(Tale::Kept(words));
    }
    if let (true, Some(before), Some(after)) = (keys, &near.succeeded_before, &near.recovered) {
        return Some(Tale::Passing(format!("it succeeded {} and {} again", when(before.at.as_ref()), after.words())));
    }
    if let (true, Some(_), Some(after)) = (keys, &near.restarted, &near.recovered) {
        let words = format!("it failed right after the start, and succeeded {} after the next one", after.words());
        return Some(Tale::Passing(words));
    }
    let expired = kept && symptom != Symptom::KeysUnavailable;
    if let Some(words) = long_running(near).filter(|_| expired) {
        return Some(Tale::Kept(words));
    }
    let refreshing = expired && line.failure.frames.contains(&Frame::Refresh);
    refreshing.then(|| Tale::Kept("the stack shows that credentials in use were being renewed".to_owned()))
}

fn when(at: Option<&String>) -> String {
    at.map_or_else(|| "before".to_owned(), |at| format!("at {at}"))
}

/// It worked, and failed an hour or more after the start.
fn long_running(near: &Neighbours) -> Option<String> {
    let before = near.succeeded_before.as_ref()?;
    let after = near.after_start_seconds.filter(|s| *s >= HOUR)?;
    Some(format!("it succeeded {} and failed first {} minutes after the start", when(before.at.as_ref()), after / 60))
}
