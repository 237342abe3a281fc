//! What keeps the webhook from a pod: it is not there, cannot be called, or its selectors leave the pod out.

use trustwalk_foreign::shell;

use super::{Draft, selector};
use crate::cause::Cause;
use crate::evidence::{Observed, Pod, View, Webhook};
use crate::finding::Confidence;

/// What the API server says of the identity webhook that it cannot call, at a dry run. What it says of another
/// webhook tells nothing about this one.
pub(super) fn complaint<'a>(e: &View<'a>) -> Option<&'a str> {
    let error = e.injection_probe().known()?.error.as_deref()?;
    let mut hooks = e.webhooks().known()?.iter();
    hooks.any(|h| error.contains(&format!("\"{}\"", h.name))).then_some(error)
}

/// Whether something is known to keep the webhook from a pod made now.
pub(crate) fn kept_out(e: &View<'_>) -> bool {
    let like = e.pods().known().and_then(|all| all.first().cloned()).unwrap_or_default();
    webhook(e, &|sentence| Draft::new(sentence), complaint(e), &like).is_some()
}

/// What a finding begins with.
pub(super) type Base<'a> = dyn Fn(String) -> Draft + 'a;

/// What of the webhook keeps pods without identity.
pub(super) fn webhook(e: &View<'_>, base: &Base<'_>, error: Option<&str>, pod: &Pod) -> Option<(Cause, Draft)> {
    let hooks = match e.webhooks() {
        Observed::Known { value, .. } => value.as_slice(),
        Observed::Absent { .. } => &[],
        Observed::Denied { .. }
        | Observed::Unreachable { .. }
        | Observed::NotCollected { .. }
        | Observed::Spared { .. } => return None,
    };
    let Some(hook) = hooks.first() else {
        let draft = base(
            "no mutating webhook of this cluster injects web identity, so the annotation has no effect".to_owned(),
        )
        .cure(
            "install the pod identity webhook, or set the two variables and a projected token volume by hand",
            &[("kubectl", "kubectl get mutatingwebhookconfigurations".to_owned())],
        );
        return Some((Cause::WebhookAbsentOrNotRunning, draft));
    };
    let hook = hooks.iter().find(|h| h.configuration.contains("pod-identity")).unwrap_or(hook);
    let namespace = e.service_account().known().map(|sa| sa.namespace.clone()).unwrap_or_default();
    hook_fault(hook, &namespace, base, error, pod)
}

fn hook_fault(
    hook: &Webhook,
    namespace: &str,
    base: &Base<'_>,
    error: Option<&str>,
    pod: &Pod,
) -> Option<(Cause, Draft)> {
    let name = &hook.configuration;
    let show =
        |d: Draft, label: &str, value: String| d.show(label, value, format!("MutatingWebhookConfiguration {name}"));
    if hook.ca_verifies == Some(false) || error.is_some_and(|t| t.contains("x509")) {
        let draft = show(
            base(format!(
                "the certificate the webhook {name} serves does not verify against its caBundle, and failurePolicy \
                 {} hides it",
                hook.failure_policy
            )),
            "caBundle SHA-256",
            hook.ca_sha256.join(", "),
        );
        let served = if hook.served_sha256.is_empty() {
            draft
        } else {
            let issuer = hook.served_issuer.as_deref().map(|i| format!(", issued by {i}")).unwrap_or_default();
            let value = format!("{}{issuer}", hook.served_sha256.join(", "));
            draft.show("served SHA-256", value, hook.endpoint.clone())
        };
        return Some((
            Cause::WebhookMisconfiguredCabundle,
            served.cure(
                "put the authority that signs the webhook's certificate into caBundle",
                &[("kubectl", edit_webhook(name))],
            ),
        ));
    }
    if hook.ready_endpoints == Some(0) || error.is_some() {
        let ready = hook.ready_endpoints.filter(|ready| *ready > 0);
        let sentence = match ready {
            Some(_) => format!("the API server cannot call the webhook {name} at {}", hook.endpoint),
            None => format!("no pod of the webhook {name} is ready at {}", hook.endpoint),
        };
        let draft = show(base(sentence), "ready endpoints", hook.ready_endpoints.unwrap_or(0).to_string());
        return Some((
            Cause::WebhookAbsentOrNotRunning,
            draft.cure(
                "get the webhook's pods running, then recreate the workload's",
                &[(
                    "kubectl",
                    shell::line(
                        "kubectl get pods -A | grep -i identity; kubectl describe mutatingwebhookconfiguration {}",
                        &[name],
                    ),
                )],
            ),
        ));
    }
    if !hook.review_versions.is_empty() && !hook.review_versions.iter().any(|v| v == "v1") {
        let draft = show(
            base(format!(
                "the webhook {name} is registered for admission reviews {} only",
                hook.review_versions.join(", ")
            )),
            "admissionReviewVersions",
            hook.review_versions.join(", "),
        );
        return Some((
            Cause::WebhookMisconfiguredApiVersion,
            draft.cure("register v1 and run a webhook that answers it", &[("kubectl", edit_webhook(name))]),
        ));
    }
    left_out_by_selector(hook, namespace, base, pod)
}

fn left_out_by_selector(hook: &Webhook, namespace: &str, base: &Base<'_>, pod: &Pod) -> Option<(Cause, Draft)> {
    let name = &hook.configuration;
    let out = selector::exclusion(hook, namespace, &pod.spec.labels)?;
    let draft = base(format!("the selectors of the webhook {name} leave pod {} out: {}", pod.name, out.because)).show(
        "selector",
        out.selector,
        format!("MutatingWebhookConfiguration {}", hook.configuration),
    );
    let draft = if out.certain {
        draft
    } else {
        draft.unsure(
            Confidence::Likely,
            format!(
                "the namespace's labels: `{}`",
                shell::line("kubectl get namespace {} --show-labels", &[namespace])
            ),
        )
    };
    Some((
        Cause::WebhookAbsentOrNotRunning,
        draft.cure(
            "change the label or the selector, then recreate the pods",
            &[("kubectl", shell::line("kubectl get mutatingwebhookconfiguration {} -o yaml", &[name]))],
        ),
    ))
}

/// The command that updates the webhook where it runs: the service that the API server calls is named as its deployment
/// (amazon-eks-pod-identity-webhook, deploy/).
pub(super) fn update_webhook(e: &View<'_>) -> String {
    let mut hooks = e.webhooks().known().into_iter().flatten();
    let service = hooks.find_map(|h| h.endpoint.strip_prefix("service ")?.split(':').next()?.split_once('/'));
    let (namespace, name) = service.unwrap_or(("WEBHOOK-NAMESPACE", "pod-identity-webhook"));
    let template = "kubectl -n {} set image deployment/{} '*=amazon/amazon-eks-pod-identity-webhook:latest'";
    shell::line(template, &[namespace, name])
}

fn edit_webhook(name: &str) -> String {
    shell::line("kubectl edit mutatingwebhookconfiguration {}", &[name])
}
