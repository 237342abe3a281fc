//! The webhook that injects: whether the API server has one, can call it, and takes its answer.

use serde_json::json;
use trustwalk_foreign::shell;
use trustwalk_symptoms::Symptom;

use super::registered::{Base, Complaint, idle, injecting, is_ours_by_name, show, trusted};
use super::reviews::{OLDER_FIRST, asked_in_v1, disagreed, relist};
use super::symptoms::find;
use super::{Draft, Judged, selector};
use crate::cause::Cause;
use crate::evidence::{Injects, Observed, Pod, View, Webhook, WebhookRule, at_work};
use crate::finding::Confidence;

/// What a dry run was answered about the identity webhook. What is said of another webhook tells nothing about it.
pub(super) fn refused<'a>(e: &View<'a>) -> Option<Complaint<'a>> {
    let refusal = e.injection_probe().known()?.error.as_ref()?;
    let call = refusal.call()?;
    let ours = injecting(e).into_iter().find(|h| h.name == call.webhook.as_str())?;
    Some(Complaint::DryRun(refusal.said(), call.symptom, &ours.name))
}

/// A dry run that was refused over a webhook of which it is not known whether it is the identity's.
pub(super) fn unplaced(e: &View<'_>) -> Option<String> {
    let call = e.injection_probe().known()?.error.as_ref()?.call()?;
    let unread = !e.webhooks().is_absent() && e.webhooks().known().is_none();
    unread.then(|| {
        let which =
            format!("whether the webhook {}, which the API server cannot use, injects the identity", call.webhook);
        super::facts::lacking(&which, e.webhooks())
    })
}

/// The same, or what a log says.
pub(super) fn complaint<'a>(e: &View<'a>) -> Option<Complaint<'a>> {
    const SAID: &[Symptom] = &[Symptom::WebhookUntrusted, Symptom::WebhookReviewVersion, Symptom::WebhookCallFailed];
    refused(e).or_else(|| find(e, SAID).map(Complaint::Line))
}

/// What the API server says of the webhook, where the cluster itself was not read.
pub(super) fn told(view: &View<'_>) -> Option<Judged> {
    let said =
        [Symptom::WebhookUntrusted, Symptom::WebhookReviewVersion, Symptom::WebhookCallFailed, Symptom::WebhookMissing];
    let line = find(view, &said)?;
    let seen = |sentence: &str| Draft::new(sentence).hear(line);
    let named = line.failure.webhook.as_ref().map_or("pod-identity-webhook", |w| w.as_str());
    let (cause, draft) = if line.failure.symptom == Symptom::WebhookUntrusted {
        let draft = seen(
            "the API server does not trust the certificate of the pod identity webhook: caBundle is \
            another authority's",
        )
        .cure(
            "put the authority that signs the webhook's certificate into caBundle",
            &[(
                "kubectl",
                "kubectl get mutatingwebhookconfiguration pod-identity-webhook -o \
                jsonpath='{.webhooks[0].clientConfig.caBundle}' | base64 -d | openssl x509 -noout -subject -dates"
                    .to_owned(),
            )],
        );
        (Cause::WebhookMisconfiguredCabundle, draft)
    } else if line.failure.symptom == Symptom::WebhookReviewVersion {
        let draft = seen(
            "the API server does not take the answer of the pod identity webhook: the two do not agree on a version \
             of the admission review",
        );
        let listed = relist("pod-identity-webhook", named, &["v1beta1", "v1"]);
        (Cause::WebhookMisconfiguredApiVersion, draft.cure(OLDER_FIRST, &[("kubectl", listed)]))
    } else {
        let draft = seen("the pod identity webhook does not exist or does not answer, so new pods get no identity")
            .cure(
                "install it or get its pods running, then recreate the workload's",
                &[(
                    "kubectl",
                    "kubectl get mutatingwebhookconfigurations; kubectl get pods -A | grep -i identity".to_owned(),
                )],
            );
        (Cause::WebhookAbsentOrNotRunning, draft)
    };
    Some(Judged::one(cause, draft))
}

/// What keeps the webhook from a pod made now. `idle` where a dry run showed that such a pod gets nothing.
pub(super) fn fault(
    e: &View<'_>,
    base: &Base<'_>,
    complaint: Option<Complaint<'_>>,
    pod: &Pod,
    idle: bool,
) -> Option<(Cause, Draft)> {
    match e.webhooks() {
        Observed::Known { .. } | Observed::Absent { .. } => {}
        Observed::Denied { .. }
        | Observed::Unreachable { .. }
        | Observed::NotCollected { .. }
        | Observed::Spared { .. } => return None,
    }
    let hooks = injecting(e);
    let Some(first) = hooks.first() else { return Some((Cause::WebhookAbsentOrNotRunning, absent(e, base))) };
    let hook = complaint.and_then(|c| hooks.iter().find(|h| c.is_about(h))).unwrap_or(first);
    let found = kept(e, hook, base, complaint, pod, idle);
    if hook.injects() == Injects::Yes {
        return found;
    }
    // Its name is all that speaks for it.
    match found {
        Some((cause, draft)) => {
            let confidence = draft.confidence.min(Confidence::Likely);
            Some((cause, draft.unsure(confidence, told_by(hook))))
        }
        None => idle.then(|| (Cause::WebhookAbsentOrNotRunning, absent(e, base))),
    }
}

/// What would tell whether a webhook injects web identity.
fn told_by(hook: &Webhook) -> String {
    let command = shell::line("kubectl get mutatingwebhookconfiguration {} -o yaml", &[&hook.configuration]);
    let image = hook.image.as_deref().map_or_else(|| "its image was not read".to_owned(), |i| format!("it runs {i}"));
    let named = if is_ours_by_name(hook) { ", as its name has it" } else { "" };
    format!("whether the webhook {} injects web identity{named}: {image}; `{command}`", hook.name)
}

/// No webhook is known to inject web identity.
fn absent(e: &View<'_>, base: &Base<'_>) -> Draft {
    let all = e.webhooks().known().into_iter().flatten();
    let others: Vec<&Webhook> = all.filter(|h| h.injects() != Injects::No).collect();
    let draft = if others.is_empty() {
        base("no mutating webhook of this cluster injects web identity, so the annotation has no effect".to_owned())
    } else {
        let names = others.iter().map(|h| h.name.as_str()).collect::<Vec<_>>().join(", ");
        let draft = base(
            "no mutating webhook of this cluster is known to inject web identity, so the annotation has no effect"
                .to_owned(),
        );
        draft
            .show("webhooks for pods", names, "MutatingWebhookConfigurations")
            .unsure(Confidence::Likely, others.first().map(|h| told_by(h)).unwrap_or_default())
    };
    draft.cure(
        "install the pod identity webhook, or set the two variables and a projected token volume by hand",
        &[("kubectl", "kubectl get mutatingwebhookconfigurations".to_owned())],
    )
}

/// What keeps one webhook from a pod made now.
fn kept(
    e: &View<'_>,
    hook: &Webhook,
    base: &Base<'_>,
    complaint: Option<Complaint<'_>>,
    pod: &Pod,
    idle: bool,
) -> Option<(Cause, Draft)> {
    let namespace = e.service_account().known().map(|sa| sa.namespace.clone()).unwrap_or_default();
    untrusted(e, hook, base, complaint)
        .or_else(|| disagreed(e, hook, base, complaint))
        .or_else(|| out_of_reach(hook, base, complaint))
        .or_else(|| not_called(hook, base))
        .or_else(|| left_out_by_selector(hook, &namespace, base, pod))
        .or_else(|| idle.then(|| asked_in_v1(e, hook, base)).flatten())
}

/// Whether something is known to keep the webhook from a pod made now.
pub(crate) fn kept_out(e: &View<'_>) -> bool {
    let like = e.pods().known().and_then(|all| at_work(all).next().cloned()).unwrap_or_default();
    fault(e, &|sentence| Draft::new(sentence), refused(e), &like, idle(e)).is_some()
}

/// The command that updates the webhook where it runs: the service that the API server calls is named as its deployment
/// (amazon-eks-pod-identity-webhook, `deploy/`), and its README names the registry.
pub(super) fn update(e: &View<'_>) -> String {
    let mut hooks = injecting(e).into_iter();
    let service = hooks.find_map(|h| h.endpoint.strip_prefix("service ")?.split(':').next()?.split_once('/'));
    let (namespace, name) = service.unwrap_or(("WEBHOOK-NAMESPACE", "pod-identity-webhook"));
    let template =
        "kubectl -n {} set image deployment/{} '*=public.ecr.aws/eks/amazon-eks-pod-identity-webhook:VERSION'";
    shell::line(template, &[namespace, name])
}

fn untrusted(
    e: &View<'_>,
    hook: &Webhook,
    base: &Base<'_>,
    complaint: Option<Complaint<'_>>,
) -> Option<(Cause, Draft)> {
    let said = complaint.filter(|c| c.symptom() == Symptom::WebhookUntrusted);
    if hook.ca_verifies != Some(false) && said.is_none() {
        return None;
    }
    let name = &hook.configuration;
    let follows = if hook.failure_policy == "Ignore" { "hides it" } else { "lets no pod be made without it" };
    let mut draft = base(format!(
        "the certificate the webhook {name} serves does not verify against its caBundle, and failurePolicy {} \
         {follows}",
        hook.failure_policy
    ));
    if let Some(said) = said {
        draft = said.on(draft);
    }
    if !hook.ca_sha256.is_empty() || said.is_none() {
        draft = show(hook, draft, "caBundle SHA-256", hook.ca_sha256.join(", "));
    }
    if !hook.served_sha256.is_empty() {
        let issuer = hook.served_issuer.as_deref().map(|i| format!(", issued by {i}")).unwrap_or_default();
        let value = format!("{}{issuer}", hook.served_sha256.join(", "));
        draft = draft.show("served SHA-256", value, hook.endpoint.clone());
    }
    Some((Cause::WebhookMisconfiguredCabundle, trusted(e, hook, draft)))
}

fn out_of_reach(hook: &Webhook, base: &Base<'_>, complaint: Option<Complaint<'_>>) -> Option<(Cause, Draft)> {
    if hook.ready_endpoints != Some(0) && complaint.is_none() {
        return None;
    }
    let name = &hook.configuration;
    let ready = hook.ready_endpoints.filter(|ready| *ready > 0);
    let sentence = match (ready, complaint) {
        (None, None | Some(Complaint::DryRun(..))) => {
            format!("no pod of the webhook {name} is ready at {}", hook.endpoint)
        }
        _ => format!("the API server cannot call the webhook {name} at {}", hook.endpoint),
    };
    let draft = show(hook, base(sentence), "ready endpoints", hook.ready_endpoints.unwrap_or(0).to_string());
    let draft = match complaint {
        Some(said) => said.on(draft),
        None => draft,
    };
    let command = shell::line(
        "kubectl get pods -A | grep -i identity; kubectl describe mutatingwebhookconfiguration {}",
        &[name],
    );
    let draft = draft.cure("get the webhook's pods running, then recreate the workload's", &[("kubectl", command)]);
    Some((Cause::WebhookAbsentOrNotRunning, draft))
}

/// One member of the webhook in its configuration; a strategic merge finds it by its name (Kubernetes API reference,
/// `webhooks`, merge key `name`).
fn patched(hook: &Webhook, member: &str, value: &serde_json::Value) -> String {
    let change = json!({"webhooks": [{"name": hook.name, member: value}]}).to_string();
    shell::line("kubectl patch mutatingwebhookconfiguration {} --type=strategic -p {}", &[&hook.configuration, &change])
}

/// The command that has the API server call the webhook once more after others changed the pod (Kubernetes
/// documentation, "Dynamic Admission Control", reinvocation policy).
pub(super) fn called_again(e: &View<'_>) -> String {
    match injecting(e).first() {
        Some(hook) => patched(hook, "reinvocationPolicy", &json!("IfNeeded")),
        None => "kubectl get mutatingwebhookconfigurations".to_owned(),
    }
}

/// No rule of the webhook is for pods that are made: the API server does not call it for them.
fn not_called(hook: &Webhook, base: &Base<'_>) -> Option<(Cause, Draft)> {
    if hook.rules.is_empty() || hook.rules.iter().any(WebhookRule::is_for_new_pods) {
        return None;
    }
    let name = &hook.configuration;
    let rules = hook.rules.iter().map(WebhookRule::words).collect::<Vec<_>>().join("; ");
    let draft = base(format!("by its rules the API server does not call the webhook {name} when a pod is made"));
    let pods = json!({"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]});
    let command = patched(hook, "rules", &json!([pods]));
    let draft = show(hook, draft, "rules", rules)
        .cure("have a rule of the webhook name the making of pods, then recreate the pods", &[("kubectl", command)]);
    Some((Cause::WebhookAbsentOrNotRunning, draft))
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
