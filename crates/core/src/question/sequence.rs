//! What the sequence of a log tells: successes around a failure, a failure long after the start, a restart that cures.

use trustwalk_symptoms::{Frame, Symptom};

use super::renewal::renewed;
use super::symptoms::speaking;
use super::{Draft, Judged};
use crate::cause::Cause;
use crate::evidence::{LogFailure, Neighbours, Target, View};
use crate::finding::Confidence;

/// The causes this question may name.
pub(super) const CAUSES: &[Cause] =
    &[Cause::TokenFileReadOnce, Cause::IssuerKeysFetchTransientFailure, Cause::AppDoesNotRefreshSessionCredentials];

/// Default life of a session (STS API reference), and the least a kubelet rotates tokens in (Kubernetes
/// documentation, "`ServiceAccount` token volume projection": from 80 % of their life on, of 10 minutes at least).
const HOUR: i64 = 3600;

/// What a sequence speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tale {
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

/// Judges what the sequence tells.
pub(super) fn causes(view: &View<'_>) -> Judged {
    let mut judged = Judged::default();
    for line in speaking(view) {
        let Some(tale) = tale(line) else { continue };
        let (cause, draft) = told(view, line, tale);
        if !judged.found.iter().any(|f| f.cause == cause) {
            judged.push(cause, draft);
        }
    }
    if judged.found.is_empty() && view.logs().is_open() {
        judged.missing.push(super::facts::lacking("the logs", view.logs()));
    }
    judged
}

fn tale(line: &LogFailure) -> Option<Tale> {
    let near = &line.neighbours;
    let symptom = line.failure.symptom;
    let keys = matches!(symptom, Symptom::KeysUnavailable | Symptom::IdpCommunication);
    let kept = matches!(
        symptom,
        Symptom::ExpiredToken | Symptom::PodIdentityTokenExpired | Symptom::ExpiredSession | Symptom::KeysUnavailable
    );
    if let (true, Some(restart), Some(success)) = (kept, &near.restarted, &near.recovered) {
        let words = format!("the program started again {} and it succeeded {}", restart.words(), success.words());
        return Some(Tale::Kept(words));
    }
    if let (true, Some(before), Some(after)) = (keys, &near.succeeded_before, &near.recovered) {
        return Some(Tale::Passing(format!("it succeeded {} and {} again", when(before.at.as_ref()), after.words())));
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

fn told(view: &View<'_>, line: &LogFailure, tale: Tale) -> (Cause, Draft) {
    match tale {
        Tale::Passing(words) => {
            let draft = Draft::new(
                "STS could not fetch the issuer's keys for a while: the same exchange works before and after",
            )
            .hear(line)
            .show("sequence", words, line.origin.clone())
            .unsure(Confidence::Likely, "whether the issuer, or the way to it, had a disturbance at that time")
            .cure("retry the exchange a few times with growing pauses", &[]);
            (Cause::IssuerKeysFetchTransientFailure, draft)
        }
        Tale::Kept(words) if line.failure.symptom == Symptom::ExpiredSession => {
            let draft =
                Draft::new("the application keeps its session after its end: it worked until the session ended")
                    .hear(line)
                    .show("sequence", words, line.origin.clone())
                    .unsure(
                        Confidence::Likely,
                        "whether the session came from web identity, and whether a new process works",
                    )
                    .cure("renew the session before it ends", &[]);
            (Cause::AppDoesNotRefreshSessionCredentials, draft)
        }
        Tale::Kept(words) => {
            let draft = Draft::new(
                "the process keeps a token that is no longer good: it read the file once and kept what it read",
            )
            .hear(line)
            .show("sequence", words, line.origin.clone())
            .unsure(Confidence::Likely, "a new process in the same container works if the file is fresh");
            let title = "restart the workload now, and update the SDK to one that reads the file again";
            let draft = renewed(view, draft, title);
            (Cause::TokenFileReadOnce, draft)
        }
    }
}
