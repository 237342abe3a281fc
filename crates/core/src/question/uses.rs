//! Whether the workload was seen to ask for its role by web identity: then no SDK without it is what it has.

use super::facts::{has_web_identity, placed, told};
use super::sts::from_symptom;
use super::symptoms::speaking;
use super::whose;
use crate::evidence::{LogFailure, View};
use crate::observation::Witness;

/// What shows that it does: an answer of STS to it, a session of the role in its log, or an exchange of its own.
///
/// What one container does tells nothing of another: with a line, of the container that wrote it.
pub(super) fn web_identity(view: &View<'_>, line: Option<&LogFailure>) -> Option<String> {
    let writer = line.and_then(|l| l.places.first()).map(|p| p.container.as_str());
    let own = |l: &LogFailure| writer.is_none_or(|name| l.may_be_of(name));
    let answered = |l: &&LogFailure| l.witness == Witness::Log && from_symptom(l.failure.symptom).is_some() && own(l);
    if let Some(line) = speaking(view).into_iter().find(answered) {
        return Some(format!("STS answered the workload's own exchange: {}", line.failure.message));
    }
    let mut sessions = view.besides().successes.iter().filter(|s| {
        let of = s.place.as_ref().map(|p| p.container.as_str());
        writer.zip(of).is_none_or(|(a, b)| a == b) && whose::acts_as_the_role(view, s)
    });
    if let Some(seen) = sessions.next() {
        return Some(format!("the workload acts in the role: {}", seen.origin));
    }
    // The trail does not tell which container asked.
    let others = |name: &str| placed(view).any(|(_, c)| c.name != name && has_web_identity(c));
    if writer.is_some_and(others) {
        return None;
    }
    let at = whose::own_exchanges(view).map(|t| t.at).max()?;
    Some(format!("CloudTrail has an exchange of the workload's own at {}", told(at)))
}
