//! What is looked at before pods are made anew: whether somebody holds that back, or has done it already.

use jiff::Timestamp;
use trustwalk_collect::kube_api::{Controller, KubeApi, WorkloadRef};
use trustwalk_core::evidence::Pod;
use trustwalk_core::plan::{Action, Receipt, ReceiptStep, StepState};
use trustwalk_foreign::shell;

use super::Rolling;
use crate::error::ApplyError;

/// Clocks of clients and servers differ by seconds: what is younger by less than this may be older.
const CLOCKS: i64 = 10;

/// Whether a restart is to be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Before {
    /// It is.
    Needed,
    /// An interrupted run asked for it, and that arrived.
    Arrived,
    /// Somebody else's newer roll-out does; which.
    Newer(String),
}

/// Looks at the workload right before its pods are restarted.
pub(crate) async fn before(kube: &KubeApi, receipt: &Receipt, entry: &ReceiptStep) -> Result<Before, ApplyError> {
    let action = &entry.step.action;
    if !matches!(action, Action::Restart { .. }) {
        return Ok(Before::Needed);
    }
    let Some(rolling) = Rolling::of(kube, action, None).await? else { return Ok(Before::Needed) };
    if rolling.first.on_delete {
        return Err(by_hand(&rolling.target));
    }
    let began = entry.began.filter(|_| entry.state == StepState::Started);
    let known = judge(&rolling.first, &[], fixed(receipt), began);
    if known != Before::Needed {
        return Ok(known);
    }
    if rolling.first.paused {
        return Err(paused(&rolling.target));
    }
    let pods = rolling.kube.workload(&rolling.target).await;
    let Some(workload) = pods.known() else { return Ok(Before::Needed) };
    let pods = rolling.kube.pods_of(workload).await;
    Ok(judge(&rolling.first, pods.known().map(Vec::as_slice).unwrap_or_default(), fixed(receipt), began))
}

/// When the last change was made, or, where nothing is changed, when the run began.
fn fixed(receipt: &Receipt) -> i64 {
    receipt.changed().unwrap_or(receipt.began)
}

/// Whether a restart is needed of what has this state, for a change that was made at `fixed`. `began` is when an
/// interrupted run was about to ask for it.
fn judge(c: &Controller, pods: &[Pod], fixed: i64, began: Option<i64>) -> Before {
    let restarted = c.restarted_at.as_deref().and_then(|at| at.parse::<Timestamp>().ok()).map(Timestamp::as_second);
    if let (Some(restarted), Some(began)) = (restarted, began)
        && restarted >= began
    {
        return Before::Arrived;
    }
    if let (Some(at), true) = (&c.restarted_at, restarted.is_some_and(|r| r > fixed + CLOCKS)) {
        return Before::Newer(format!("a roll-out of {at} is newer than what was changed, so no other one is needed"));
    }
    let mut live = pods.iter().filter(|p| !p.ended() && !p.leaving).peekable();
    if live.peek().is_some() && live.all(|p| p.created > fixed + CLOCKS) {
        return Before::Newer("all its pods are younger than what was changed, so they need no restart".to_owned());
    }
    Before::Needed
}

/// Somebody holds the roll-outs back.
pub(super) fn paused(target: &WorkloadRef) -> ApplyError {
    let WorkloadRef { namespace, name, resource } = target;
    ApplyError::Paused {
        what: format!("{} {namespace}/{name}", resource.kind),
        how: shell::line("kubectl rollout resume -n {} deployment/{}", &[namespace, name]),
    }
}

/// Its pods take up a template only when somebody deletes them.
pub(super) fn by_hand(target: &WorkloadRef) -> ApplyError {
    let WorkloadRef { namespace, name, resource } = target;
    ApplyError::Stuck {
        what: format!("{} {namespace}/{name}", resource.kind),
        why: "its update strategy is OnDelete, so nothing is rolled out until somebody deletes its pods".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIXED: i64 = 1_772_366_400;

    fn at(seconds: i64) -> Controller {
        let at = Timestamp::from_second(seconds).unwrap().to_string();
        Controller { restarted_at: Some(at), ..Controller::default() }
    }

    #[test]
    fn a_newer_roll_out_is_respected_and_an_older_one_is_none() {
        assert_eq!(judge(&Controller::default(), &[], FIXED, None), Before::Needed);
        assert_eq!(judge(&at(FIXED - 60), &[], FIXED, None), Before::Needed);
        assert_eq!(judge(&at(FIXED + 2), &[], FIXED, None), Before::Needed, "clocks differ");
        assert!(matches!(judge(&at(FIXED + 60), &[], FIXED, None), Before::Newer(_)));
        assert_eq!(judge(&at(FIXED + 3), &[], FIXED, Some(FIXED + 3)), Before::Arrived);
        assert_eq!(judge(&at(FIXED - 60), &[], FIXED, Some(FIXED + 3)), Before::Needed);
    }

    #[test]
    fn pods_that_are_all_younger_need_nothing() {
        let pod = |created: i64, phase: &str| Pod { created, phase: phase.to_owned(), ..Pod::default() };
        let of = |pods: &[Pod]| judge(&Controller::default(), pods, FIXED, None);
        assert!(matches!(of(&[pod(FIXED + 60, "Running"), pod(FIXED - 60, "Failed")]), Before::Newer(_)));
        assert_eq!(of(&[pod(FIXED + 60, "Running"), pod(FIXED - 60, "Running")]), Before::Needed);
        assert_eq!(of(&[]), Before::Needed);
    }
}
