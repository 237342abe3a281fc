//! New pods as a cure.

use trustwalk_foreign::shell;

use super::Draft;
use super::names::account;
use crate::evidence::View;
use crate::plan::restart_of;

/// Adds the cure of what a new pod would have.
pub(super) fn restart(e: &View<'_>, draft: Draft) -> Draft {
    renewed(e, draft, "recreate the pods: injection happens only when a pod is made")
}

/// A cure by new pods.
pub(super) fn renewed(e: &View<'_>, draft: Draft, title: &str) -> Draft {
    let by_hand = [("kubectl", anew(e))];
    match e.workload().known().and_then(restart_of) {
        Some(action) => draft.act(title, vec![action], &by_hand),
        None => draft.cure(title, &by_hand),
    }
}

/// The command that makes the workload's pods anew.
pub(super) fn anew(e: &View<'_>) -> String {
    match e.workload().known() {
        Some(w) if restart_of(w).is_some() => {
            shell::line("kubectl rollout restart -n {} {}/{}", &[&w.namespace, &w.kind.to_lowercase(), &w.name])
        }
        Some(_) | None => {
            let (namespace, _) = account(e);
            let pods: Vec<&str> = e.pods().known().into_iter().flatten().map(|p| p.name.as_str()).collect();
            let pods = if pods.is_empty() { vec!["POD"] } else { pods };
            let template = shell::with_list("kubectl delete pod -n {}", pods.len());
            shell::line(&template, &[&[namespace.as_str()], pods.as_slice()].concat())
        }
    }
}
