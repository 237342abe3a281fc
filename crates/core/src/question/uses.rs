//! Whether the workload was seen to ask for its role by web identity: then no SDK without it is what it has.

use super::facts::told;
use super::sts::from_symptom;
use super::symptoms::speaking;
use super::whose;
use crate::evidence::{LogFailure, View};
use crate::observation::Witness;

/// What shows that it does: an answer of STS to it, a session of the role in its log, or an exchange of its own.
pub(super) fn web_identity(view: &View<'_>) -> Option<String> {
    let answered = |l: &&LogFailure| l.witness == Witness::Log && from_symptom(l.failure.symptom).is_some();
    if let Some(line) = speaking(view).into_iter().find(answered) {
        return Some(format!("STS answered the workload's own exchange: {}", line.failure.message));
    }
    let mut sessions = view.besides().successes.iter().filter(|s| whose::acts_as_the_role(view, s));
    if let Some(seen) = sessions.next() {
        return Some(format!("the workload acts in the role: {}", seen.origin));
    }
    let at = whose::own_exchanges(view).map(|t| t.at).max()?;
    Some(format!("CloudTrail has an exchange of the workload's own at {}", told(at)))
}
