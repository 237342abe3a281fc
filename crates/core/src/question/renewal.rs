//! New pods as a cure.

use trustwalk_foreign::shell;

use super::Draft;
use super::names::account;
use crate::evidence::View;
use crate::plan::{Action, Which, renewal_of};

/// Adds the cure of what a new pod would have.
pub(super) fn restart(e: &View<'_>, draft: Draft) -> Draft {
    with(e, draft, "recreate the pods: injection happens only when a pod is made", Which::Needy)
}

/// A cure by new pods in the place of all.
pub(super) fn renewed(e: &View<'_>, draft: Draft, title: &str) -> Draft {
    with(e, draft, title, Which::All)
}

fn with(e: &View<'_>, draft: Draft, title: &str, which: Which) -> Draft {
    let by_hand = [("kubectl", by_kubectl(e, which))];
    match renewal(e, which) {
        Some(action) => draft.act(title, vec![action], &by_hand),
        None => draft.cure(title, &by_hand),
    }
}

/// What is read of it is the workload and its pods.
pub(super) fn renewal(e: &View<'_>, which: Which) -> Option<Action> {
    let _ = (e.workload(), e.pods());
    renewal_of(e.whole(), which)
}

/// The command that makes the workload's pods anew.
pub(super) fn anew(e: &View<'_>) -> String {
    by_kubectl(e, Which::All)
}

fn by_kubectl(e: &View<'_>, which: Which) -> String {
    let pods = match renewal(e, which) {
        Some(Action::Restart { resource, namespace, name }) => {
            let kind = resource.to_lowercase();
            return shell::line("kubectl rollout restart -n {} {}/{}", &[&namespace, &kind, &name]);
        }
        Some(Action::Renew { pods, .. }) => pods.into_iter().map(|p| p.name).collect(),
        Some(_) | None => e.pods().known().into_iter().flatten().map(|p| p.name.clone()).collect::<Vec<_>>(),
    };
    let (namespace, _) = account(e);
    let pods = if pods.is_empty() { vec!["POD".to_owned()] } else { pods };
    let template = shell::with_list("kubectl delete pod -n {}", pods.len());
    let words: Vec<&str> = std::iter::once(namespace.as_str()).chain(pods.iter().map(String::as_str)).collect();
    shell::line(&template, &words)
}
