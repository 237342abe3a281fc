//! Commands with the names of the very objects, where they are known.

use trustwalk_foreign::shell;

use super::Draft;
use super::association::{acting_role, acts};
use super::facts::service_account;
use crate::evidence::View;

/// `kubectl VERB` on the workload, with the rest of the command and its values; a placeholder stands for a workload
/// that is not known.
pub(super) fn on_workload(e: &View<'_>, verb: &str, rest: &str, values: &[&str]) -> String {
    // A pod's template cannot be changed in the pod itself.
    let owner = e.workload().known().filter(|w| !matches!(w.kind.as_str(), "Pod" | "ServiceAccount"));
    let Some(w) = owner else { return shell::line(&format!("kubectl {verb} RESOURCE/NAME{rest}"), values) };
    let object = format!("{}/{}", w.kind.to_ascii_lowercase(), w.name);
    let all: Vec<&str> = [object.as_str(), w.namespace.as_str()].into_iter().chain(values.iter().copied()).collect();
    shell::line(&format!("kubectl {verb} {{}} -n {{}}{rest}"), &all)
}

/// The command that takes variables away from the workload.
pub(super) fn unset(e: &View<'_>, variables: &[&str]) -> String {
    on_workload(e, "set env", &" {}-".repeat(variables.len()), variables)
}

/// `kubectl VERB serviceaccount` on the workload's account, with the rest of the command.
pub(super) fn on_account(e: &View<'_>, verb: &str, rest: &str) -> String {
    match service_account(e) {
        Some((namespace, name)) => {
            shell::line(&format!("kubectl {verb} serviceaccount {{}} -n {{}}"), &[&name, &namespace]) + rest
        }
        None => format!("kubectl {verb} serviceaccount NAME{rest}"),
    }
}

/// `kubectl exec` in a pod of the workload, with what is to be run there.
pub(super) fn in_pod(e: &View<'_>, container: Option<&str>, command: &str, values: &[&str]) -> String {
    let pods = e.pods().known();
    let pod = pods.and_then(|all| all.iter().find(|p| !p.ended())).map_or("POD", |p| p.name.as_str());
    let namespace = service_account(e).map_or_else(|| "NAMESPACE".to_owned(), |(namespace, _)| namespace);
    let inside = container.unwrap_or("CONTAINER");
    let template = ["kubectl exec {} -n {} -c {} -- ", command].concat();
    shell::line(&template, &[&[pod, &namespace, inside], values].concat())
}

/// The last part of the ARN of the role that the workload acts in, its name.
pub(super) fn role<'a>(e: &View<'a>) -> Option<&'a str> {
    let arn = if acts(e) { acting_role(e)? } else { e.role_arn().known()?.as_str() };
    arn.trim().rsplit('/').next().filter(|name| !name.is_empty())
}

/// Adds the cure of what a new pod would have.
pub(super) fn restart(e: &View<'_>, draft: Draft) -> Draft {
    draft.cure("recreate the pods: injection happens only when a pod is made", &[("kubectl", anew(e))])
}

/// The command that makes the workload's pods anew.
pub(super) fn anew(e: &View<'_>) -> String {
    match e.workload().known() {
        Some(w) => shell::line("kubectl rollout restart -n {} {}/{}", &[&w.namespace, &w.kind.to_lowercase(), &w.name]),
        None => "kubectl delete pod -n NAMESPACE NAME".to_owned(),
    }
}
