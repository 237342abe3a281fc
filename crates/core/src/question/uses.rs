//! Whether the workload was seen to ask for its role by web identity: then no SDK without it is what it has.

use super::facts::told;
use super::sts::from_symptom;
use super::symptoms::speaking;
use crate::evidence::View;

/// Seconds after which the pods of before are gone, once the newest is there: a pod has 30 to end unless it says
/// otherwise (Kubernetes documentation, "Termination of Pods").
const HANDED_OVER: i64 = 60;

/// From when on an exchange is one of the pods that are there: which pod asked, the trail does not tell, and it was none
/// of before once these have long been there. Without pods, any time.
pub(super) fn of_these_pods(view: &View<'_>) -> i64 {
    let born = view.pods().known().and_then(|all| all.iter().map(|p| p.created).max());
    born.map_or(i64::MIN, |born| born + HANDED_OVER)
}

/// What shows that it does.
pub(super) fn web_identity(view: &View<'_>) -> Option<String> {
    if let Some(line) = speaking(view).into_iter().find(|l| from_symptom(l.failure.symptom).is_some()) {
        return Some(format!("the workload asks STS by web identity: {}", line.origin));
    }
    let role = view.role_arn().known()?;
    let name = role.rsplit('/').next()?;
    let of_role = |arn: &str| arn.split_once(":assumed-role/").is_some_and(|(_, s)| s.split('/').next() == Some(name));
    let mut successes = view.besides().successes.iter();
    if let Some(seen) = successes.find(|s| s.success.principal_arn.as_deref().is_some_and(of_role)) {
        return Some(format!("the workload acts in the role: {}", seen.origin));
    }
    let subject = view.token().known().and_then(|t| t.sub.as_deref())?;
    let born = of_these_pods(view);
    let mut exchanges = view
        .trail()
        .known()
        .into_iter()
        .flatten()
        .filter(|t| t.name == "AssumeRoleWithWebIdentity" && t.error.is_none() && t.at >= born && !t.is_our_own());
    let seen = exchanges.find(|t| t.subject.as_deref() == Some(subject) && t.role.as_ref() == Some(role))?;
    Some(format!("CloudTrail has an exchange of the same subject for the same role at {}", told(seen.at)))
}
