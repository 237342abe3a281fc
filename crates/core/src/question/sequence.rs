//! What the sequence of a log tells: successes around a failure, a failure long after the start, a restart that cures.

use trustwalk_symptoms::Symptom;

use super::renewal::renewed;
use super::symptoms::speaking;
use super::tale::{Tale, tale};
use super::{Draft, Judged};
use crate::cause::Cause;
use crate::evidence::{LogFailure, View};
use crate::finding::Confidence;

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
    if judged.found.is_empty() && view.logs().is_open() {
        judged.missing.push(super::facts::lacking("the logs", view.logs()));
    }
    judged
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
