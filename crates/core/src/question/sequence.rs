//! What the sequence of a log tells: successes around a failure, a failure long after the start, a restart that cures.

use trustwalk_symptoms::Symptom;

use super::facts::{in_cluster, last};
use super::renewal::renewed;
use super::symptoms::{fate, sorted, speaking};
use super::tale::{Tale, tale};
use super::{Draft, Judged};
use crate::cause::Cause;
use crate::evidence::{LogFailure, View};
use crate::finding::Confidence;
use crate::observation::Fate;

/// The causes this question may name.
pub(super) const CAUSES: &[Cause] =
    &[Cause::TokenFileReadOnce, Cause::IssuerKeysFetchTransientFailure, Cause::AppDoesNotRefreshSessionCredentials];

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
    for (line, words) in passed(view) {
        let (cause, draft) = told(view, line, Tale::Passing(words));
        if judged.found.iter().all(|f| f.cause != cause) {
            judged.push(cause, draft.warns());
        }
    }
    if judged.found.is_empty() && view.logs().is_open() {
        judged.missing.push(super::facts::lacking("the logs", view.logs()));
    }
    judged
}

/// Seconds for which a disturbance that has passed is still told: it may come again.
const FRESH: i64 = 3600;

/// What failed a workload lately and passed by itself.
fn passed<'a>(view: &View<'a>) -> impl Iterator<Item = (&'a LogFailure, String)> {
    let workload = in_cluster(view);
    let fresh = |line: &LogFailure| last(line).is_some_and(|at| view.now() - at <= FRESH);
    let over: Vec<&LogFailure> = sorted(view)
        .into_iter()
        .filter(|l| workload && fresh(l) && matches!(fate(view, l), Fate::Over { .. }))
        .collect();
    over.into_iter().filter_map(|line| match tale(line)? {
        Tale::Passing(words) => Some((line, words)),
        Tale::Kept(_) => None,
    })
}

fn told(view: &View<'_>, line: &LogFailure, tale: Tale) -> (Cause, Draft) {
    match tale {
        Tale::Passing(words) => {
            let draft =
                Draft::new("STS could not fetch the issuer's keys for a while, and the same exchange works by now")
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
