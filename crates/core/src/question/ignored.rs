//! Annotations of a service account that the webhook does not act on: what a dry run shows beside what they ask for.

use super::facts::told;
use super::names;
use super::renewal::{renewal, restart};
use super::{Draft, Judged};
use crate::cause::Cause;
use crate::evidence::{Pod, REGIONAL_ANNOTATION as REGIONAL, ServiceAccount, Variable, View};
use crate::finding::Confidence;
use crate::plan::{Action, Which, ways};

/// The variable that the webhook sets for it.
const VARIABLE: Variable = Variable::AwsStsRegionalEndpoints;

const EITHER: &str = "write true or false, then recreate the pods";

/// A boolean as Go's `strconv.ParseBool` reads one, which the webhook uses (pkg/cache/cache.go, addSA).
fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// What words mean that people write in place of a boolean.
fn meant(text: &str) -> Option<bool> {
    let text = text.trim().to_ascii_lowercase();
    match text.as_str() {
        "yes" | "y" | "on" | "enabled" | "regional" => Some(true),
        "no" | "n" | "off" | "disabled" | "legacy" => Some(false),
        other => boolean(other),
    }
}

/// The cure of an annotation whose value the webhook cannot read, by one that says the same.
pub(super) fn rewritten(
    e: &View<'_>,
    draft: Draft,
    sa: &ServiceAccount,
    (key, value): (&str, &str),
    title: &str,
) -> Draft {
    let action = Action::Annotate {
        namespace: sa.namespace.clone(),
        service_account: sa.name.clone(),
        key: key.to_owned(),
        value: Some(value.to_owned()),
    };
    let by_hand = ways(e, &action);
    let restart = renewal(e, Which::All);
    draft.act(title, [Some(action), restart].into_iter().flatten().collect(), &by_hand)
}

/// The annotation asks for one thing, and pods and a dry run show another.
pub(super) fn regional(e: &View<'_>, sa: &ServiceAccount, pods: &[&Pod]) -> Judged {
    let Some(value) = sa.annotations.get(REGIONAL) else { return Judged::default() };
    let Some(probe) = e.injection_probe().known().filter(|p| p.error.is_none() && p.role_arn.is_some()) else {
        return Judged::default();
    };
    let who = format!("{}/{}", sa.namespace, sa.name);
    let gets = probe.regional_sts.is_some();
    let said = probe.regional_sts.as_deref().map_or_else(|| format!("no {VARIABLE}"), |v| format!("{VARIABLE}={v}"));
    let begin = |sentence: String| {
        Draft::new(sentence)
            .show("annotation", format!("{REGIONAL}={value}"), format!("ServiceAccount {who}"))
            .show("dry run of a pod", said.clone(), "kubectl create --dry-run=server")
            .warns()
    };
    let Some(wanted) = boolean(value) else {
        let draft = begin(format!(
            "the annotation {REGIONAL} of the service account {who} has no effect: `{}` is no value that the webhook \
             reads (true or false), so it goes by its own default",
            value.escape_debug()
        ));
        let command = names::on_account(e, "annotate", " --overwrite eks.amazonaws.com/sts-regional-endpoints=true");
        let note = "which of the two is meant nothing tells";
        let draft = match meant(value) {
            Some(meant) => rewritten(e, draft, sa, (REGIONAL, &meant.to_string()), EITHER),
            None => draft.cure(EITHER, &[("kubectl", command), ("note", note.to_owned())]),
        };
        return Judged::one(Cause::WebhookVersionIgnoresAnnotation, draft);
    };
    if wanted != gets {
        let what = if wanted { "is not given" } else { "is given all the same" };
        let draft = begin(format!(
            "the annotation {REGIONAL}={value} of the service account {who} has no effect: a new pod {what} \
             {VARIABLE}, as by a webhook from before v0.3.0, which does not know the annotation"
        ))
        .unsure(Confidence::Likely, "the version of the webhook's image, or its own log")
        .cure(
            "update the webhook, or set the variable in the workload itself",
            &[("kubectl", names::on_workload(e, "set env", " AWS_STS_REGIONAL_ENDPOINTS=regional", &[]))],
        );
        return Judged::one(Cause::WebhookVersionIgnoresAnnotation, draft);
    }
    older(e, sa, pods, wanted).map_or_else(Judged::default, |draft| {
        Judged::one(
            Cause::PodCreatedBeforeAnnotationOrWebhook,
            draft.show("annotation", format!("{REGIONAL}={value}"), format!("ServiceAccount {who}")).warns(),
        )
    })
}

/// A pod that the annotation came too late for: a new one would show it.
fn older(e: &View<'_>, sa: &ServiceAccount, pods: &[&Pod], wanted: bool) -> Option<Draft> {
    let by_hand = e.workload().known().is_some_and(|w| w.template.containers.iter().any(|c| c.has_env(VARIABLE)));
    let since = sa.written_by.get(REGIONAL).map(|w| w.at).filter(|_| !by_hand)?;
    let pod =
        pods.iter().find(|p| p.created < since && p.spec.containers.iter().any(|c| c.has_env(VARIABLE)) != wanted)?;
    let draft = Draft::new(format!(
        "pod {} was made before its service account got the annotation {REGIONAL}, which therefore has no effect on it",
        pod.name
    ))
    .show("pod created", told(pod.created), format!("Pod {}", pod.name))
    .show("annotation since", told(since), format!("ServiceAccount {}/{}", sa.namespace, sa.name));
    Some(restart(e, draft))
}

#[cfg(test)]
mod tests {
    use super::boolean;

    #[test]
    fn only_the_words_that_go_reads_are_booleans() {
        assert_eq!([boolean("true"), boolean("F"), boolean("1")], [Some(true), Some(false), Some(true)]);
        assert_eq!(["yes", "on", "tRue", "", " true"].map(boolean), [None; 5]);
        assert_eq!(["yes", "Off", " true", "maybe"].map(super::meant), [Some(true), Some(false), Some(true), None]);
    }
}
