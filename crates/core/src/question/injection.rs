//! Whether role and token reached the containers, and if not, what kept them away.

use crate::cause::Cause;
use trustwalk_foreign::shell;

use super::association::{associated, association};
use super::facts::{FILE_VARIABLE, RACE, ROLE_VARIABLE, in_cluster, lacking, told as told_at};
use super::renewal::{anew, restart};
use super::symptoms::{WITHOUT_IDENTITY, recent};
use super::taken_away::WEBHOOK_VOLUME;
use super::token_file;
use super::{
    Draft, Judged, ignored, pod_identity, pod_trust, preset, registered, reviews, shown, skipped, two_identities,
    unheeded, webhook,
};
use crate::evidence::{
    AUDIENCE_ANNOTATION, Container, DEFAULT_AUDIENCE, LogFailure, Pod, ServiceAccount, Variable, View, Webhook,
    Workload, at_work,
};
use crate::finding::Confidence;

/// The causes this question may name.
pub(super) const CAUSES: &[Cause] = &[
    Cause::WebhookAbsentOrNotRunning,
    Cause::WebhookVersionIgnoresAnnotation,
    Cause::PodCreatedBeforeAnnotationOrWebhook,
    Cause::WebhookMisconfiguredCabundle,
    Cause::ContainerInjectedAfterWebhook,
    Cause::EnvPresetInPodBlocksMutation,
    Cause::PodIdentityAssociationCacheRace,
    Cause::PodIdentityAgentMissing,
    Cause::AssociationOutrankedByAnnotation,
    Cause::AssociationForAnotherServiceAccount,
    Cause::RoleDoesNotTrustPodIdentity,
    Cause::RoleChangedPodsNotRestarted,
    Cause::WebhookMisconfiguredApiVersion,
    Cause::WebhookSaCacheRace,
    Cause::ContainerSkippedByAnnotation,
    Cause::RoleDoesNotExist,
    Cause::TagsessionNotAllowedInTrustPolicy,
];

/// Judges the injection.
pub(crate) fn causes(view: &View<'_>) -> Judged {
    let e = view;
    if !in_cluster(e) {
        let told = webhook::told(view).or_else(|| pod_trust::told(view));
        let judged = told.unwrap_or_else(|| Judged::none("not a workload of a cluster"));
        return shown::rule_out(view, judged, shown::NOT_INJECTED);
    }
    let Some(sa) = e.service_account().known() else {
        return Judged::open(lacking("the service account", e.service_account()));
    };
    let suspected = two_identities::suspected(view, sa);
    let Some(pods) = e.pods().known() else {
        let mut judged = Judged::open(lacking("the pods", e.pods()));
        // What the template sets, every pod has.
        let by_template = association(view, sa).and_then(|own| two_identities::refused(view, sa, own));
        if let Some(draft) = by_template.or(suspected) {
            judged.push(Cause::AssociationOutrankedByAnnotation, draft);
        }
        return judged;
    };
    if let Some(draft) = suspected {
        return Judged::one(Cause::AssociationOutrankedByAnnotation, draft);
    }
    let pods: Vec<&Pod> = at_work(pods).collect();
    let pods = pods.as_slice();
    // Where the annotation reached the pods, the association has no say.
    if associated(e, sa) && !(sa.role_arn().is_some() && pods.iter().any(|p| injected(p))) {
        return pod_identity::causes(view, sa, pods);
    }
    let Some(role) = sa.role_arn() else { return Judged::none("the service account names no role") };
    if let Some(draft) =
        preset(e, pods).or_else(|| preset::token(e, sa)).filter(|_| token_file::elsewhere(view).is_none())
    {
        return Judged::one(Cause::EnvPresetInPodBlocksMutation, draft);
    }
    let bare: Vec<&Pod> = pods.iter().copied().filter(|p| !injected(p)).collect();
    if let Some(pod) = bare.first() {
        return uninjected(e, sa, pod, &bare);
    }
    if let Some(said) = webhook::refused(e) {
        // Pods that run keep what they have; no other will be made beside or after them.
        let begin = |sentence: String| {
            Draft::new(format!("{sentence}, and by its failure policy no new pod is made without it"))
        };
        let pod = pods.first().map(|p| (*p).clone()).unwrap_or_default();
        if let Some((rule, draft)) = webhook::fault(e, &begin, Some(said), &pod, false) {
            return Judged::one(rule, draft);
        }
    }
    let mut judged = pod_identity::aside(e, sa);
    judged.missing.extend(webhook::unplaced(e));
    judged.join(unheeded::causes(e, sa));
    if let Some((pod, old)) = pods.iter().find_map(|p| stale(e, p, role).map(|old| (p, old))) {
        let draft =
            Draft::new(format!("pod {} still has the role {old}, and its service account now names {role}", pod.name))
                .show("pod", format!("{ROLE_VARIABLE}={old}"), format!("Pod {}", pod.name))
                .show("service account", role, format!("ServiceAccount {}/{}", sa.namespace, sa.name));
        judged.push(Cause::RoleChangedPodsNotRestarted, restart(e, draft));
    } else if let Some(draft) = of_old_audience(e, sa, pods) {
        judged.push(Cause::PodCreatedBeforeAnnotationOrWebhook, restart(e, draft));
    } else if let Some(draft) = added_late(e, pods) {
        judged.push(Cause::ContainerInjectedAfterWebhook, draft);
    }
    judged.join(skipped::partly(view, sa, pods));
    judged.join(ignored::regional(view, sa, pods));
    judged
}

fn injected(pod: &Pod) -> bool {
    pod.spec.containers.iter().any(|c| c.has_env(ROLE_VARIABLE) || c.has_env(FILE_VARIABLE))
}

fn stale(e: &View<'_>, pod: &Pod, role: &str) -> Option<String> {
    // What the template sets by hand, new pods would have too.
    let by_hand = |name: &str| {
        let own = e.workload().known().into_iter().flat_map(|w| &w.template.containers);
        own.filter(|c| c.name == name).any(|c| c.has_env(ROLE_VARIABLE))
    };
    pod.spec
        .containers
        .iter()
        .filter(|c| !by_hand(&c.name))
        .find_map(|c| c.env_value(ROLE_VARIABLE).filter(|v| *v != role).map(str::to_owned))
}

/// A pod whose token is for the audience that its service account asked for when it was made, which the provider does
/// not know; the account asks for another by now.
fn of_old_audience(e: &View<'_>, sa: &ServiceAccount, pods: &[&Pod]) -> Option<Draft> {
    let wanted = sa.annotations.get(AUDIENCE_ANNOTATION).map_or(DEFAULT_AUDIENCE, String::as_str);
    let provider = e.provider().known()?;
    let known = |aud: &str| provider.client_ids.iter().any(|c| c == aud);
    let (pod, volume) = pods.iter().find_map(|p| {
        let volume = p.spec.token_volumes.iter().find(|v| v.name == WEBHOOK_VOLUME && v.audience != wanted)?;
        (!known(&volume.audience) && known(wanted)).then_some((p, volume))
    })?;
    let draft = Draft::new(format!(
        "pod {} was made when its service account asked for tokens with the audience `{}`, which the provider does \
         not know; the service account asks for `{wanted}` by now",
        pod.name, volume.audience
    ));
    Some(
        draft
            .show("pod's token volume", format!("audience {}", volume.audience), format!("Pod {}", pod.name))
            .show("audience asked for now", wanted, format!("ServiceAccount {}/{}", sa.namespace, sa.name))
            .show("registered audiences", provider.client_ids.join(", "), format!("{} ClientIDList", provider.arn)),
    )
}

fn partly<'a>(e: &View<'_>, pods: &[&'a Pod]) -> Option<(&'a Pod, String)> {
    let own = e.workload().known().map(|w| &w.template.containers);
    pods.iter().find_map(|p| {
        let skipped = skipped::of(p);
        let left = p.spec.containers.iter().find(|c| {
            !c.init
                && !c.has_env(ROLE_VARIABLE)
                && !skipped.contains(&c.name)
                && own.is_some_and(|own| !own.iter().any(|o| o.name == c.name))
        })?;
        Some((*p, left.name.clone()))
    })
}

/// A container without the identity that the webhook did not see. Many such need none: a proxy, an agent.
fn added_late(e: &View<'_>, pods: &[&Pod]) -> Option<Draft> {
    let (pod, container) = partly(e, pods)?;
    let draft = Draft::new(format!(
        "container {container} of pod {} was added after the webhook ran and has no identity",
        pod.name
    ))
    .show("container", format!("no {ROLE_VARIABLE}"), format!("Pod {}", pod.name))
    .cure(
        "have the injector of that container run before, or set reinvocationPolicy: IfNeeded",
        &[("kubectl", webhook::called_again(e))],
    );
    let wants = |l: &&LogFailure| WITHOUT_IDENTITY.contains(&l.failure.symptom) && l.may_be_of(&container);
    let own = |l: &&LogFailure| l.is_of(&container);
    let decide = format!("whether {container} calls AWS at all: its own log");
    Some(match recent(e).into_iter().find(wants) {
        Some(line) if own(&line) => draft.hear(line),
        Some(line) => draft.hear(line).unsure(Confidence::Likely, decide),
        None if !pod.ready => draft.unsure(Confidence::Likely, decide),
        None => draft.unsure(Confidence::Likely, decide).warns(),
    })
}

/// Variables set by hand keep the webhook from touching a container, so no token is mounted there.
fn preset(e: &View<'_>, pods: &[&Pod]) -> Option<Draft> {
    let template = &e.workload().known()?.template;
    let all = template.containers.iter().filter(|c| c.has_env(ROLE_VARIABLE) || c.has_env(FILE_VARIABLE));
    let mut broken = all.filter_map(|c| Some((c, lacking_of(c, pods)?)));
    // Of several the one whose log speaks.
    let speaks = |c: &Container| recent(e).into_iter().any(|l| l.is_of(&c.name));
    let (container, lacks) = broken.clone().find(|(c, _)| speaks(c)).or_else(|| broken.next())?;
    let name = &container.name;
    let sentence = match lacks {
        Lacks::Token => format!(
            "container {name} sets {ROLE_VARIABLE} or {FILE_VARIABLE} itself, so the webhook leaves it alone and \
             mounts \
             no token"
        ),
        Lacks::Other(other) => format!(
            "container {name} sets one of {ROLE_VARIABLE} and {FILE_VARIABLE} itself, so the webhook sets neither, and \
             {other} is not set"
        ),
    };
    let set = [ROLE_VARIABLE, FILE_VARIABLE].into_iter().filter(|v| container.has_env(*v));
    let set = set.map(|v| format!("{v}={}", container.env_value(v).unwrap_or_default())).collect::<Vec<_>>().join(", ");
    let draft = Draft::new(sentence).show("container env", set, "pod template");
    let draft = match lacks {
        Lacks::Token => draft.show("mounted token", "none", "pods"),
        Lacks::Other(other) => draft.show("container env", format!("no {other}"), "pods"),
    };
    let alone = template.containers.iter().filter(|c| !c.init || c.sidecar).count() < 2;
    let draft = if alone || speaks(container) || recent(e).into_iter().any(|l| l.places.is_empty()) {
        draft
    } else {
        // Nobody has heard it fail, and a container beside others may call nothing of AWS.
        let draft = draft.unsure(Confidence::Likely, format!("whether container {name} calls AWS at all: its own log"));
        if e.pods_down() == 0 { draft.warns() } else { draft }
    };
    Some(draft.cure(
        "remove both variables from the workload; the webhook sets them",
        &[("kubectl", unset(e.workload().known()?))],
    ))
}

/// What a container that sets a variable of the two itself is without.
#[derive(Debug, Clone, Copy)]
enum Lacks {
    /// The token's file is mounted nowhere.
    Token,
    /// The other variable.
    Other(Variable),
}

/// What a container of the template that sets a variable itself is without, in a pod or, where there is none, as far as
/// the template tells.
fn lacking_of(container: &Container, pods: &[&Pod]) -> Option<Lacks> {
    let as_they_run: Vec<&Container> =
        pods.iter().flat_map(|p| &p.spec.containers).filter(|c| c.name == container.name).collect();
    let missing = |variable: Variable| as_they_run.iter().any(|c| !c.has_env(variable)) || as_they_run.is_empty();
    match (container.has_env(ROLE_VARIABLE), container.has_env(FILE_VARIABLE)) {
        (true, false) => missing(FILE_VARIABLE).then_some(Lacks::Other(FILE_VARIABLE)),
        (false, true) => missing(ROLE_VARIABLE).then_some(Lacks::Other(ROLE_VARIABLE)),
        _ => {
            let file = container.env_value(FILE_VARIABLE).unwrap_or_default();
            let holds = |c: &&Container| !file.is_empty() && c.mounts.values().any(|m| file.starts_with(m.as_str()));
            (pods.is_empty() || !as_they_run.iter().all(holds)).then_some(Lacks::Token)
        }
    }
}

fn unset(w: &Workload) -> String {
    let template = "kubectl set env {}/{} -n {} {}- {}-";
    shell::line(template, &[&w.kind.to_lowercase(), &w.name, &w.namespace, ROLE_VARIABLE.name(), FILE_VARIABLE.name()])
}

fn uninjected(e: &View<'_>, sa: &ServiceAccount, pod: &Pod, bare: &[&Pod]) -> Judged {
    let who = format!("{}/{}", sa.namespace, sa.name);
    let begin = |sentence: String| {
        Draft::new(sentence)
            .show("pod", format!("no {ROLE_VARIABLE}, no token volume"), format!("Pod {}", pod.name))
            .show("service account", sa.role_arn().unwrap_or_default(), format!("ServiceAccount {who}"))
    };
    if let Some(draft) = skipped::whole(e, pod, sa) {
        return Judged::one(Cause::ContainerSkippedByAnnotation, draft);
    }
    let probe = e.injection_probe().known().filter(|p| p.error.is_none());
    let works = probe.is_some_and(|p| p.role_arn.is_some());
    if !works && let Some((rule, draft)) = webhook::fault(e, &begin, webhook::complaint(e), pod, registered::idle(e)) {
        let mut judged = Judged::one(rule, draft);
        if let Some((other, draft)) = reviews::beside(e, rule, &begin) {
            judged.push(other, draft);
        }
        return judged;
    }
    if !works && probe.is_some() {
        return Judged::one(
            Cause::WebhookVersionIgnoresAnnotation,
            begin(format!(
                "the webhook runs and does not \
            act on the annotation of {who}: a new pod gets no role either"
            ))
            .unsure(Confidence::Likely, "the webhook's own log")
            .cure("update the webhook", &[("kubectl", webhook::update(e))]),
        );
    }
    let annotated = sa.role_written_by.as_ref().map_or(sa.created, |w| w.at);
    let ready = |w: &Webhook| w.written_by.as_ref().map_or(w.created, |by| by.at.max(w.created));
    let hook = registered::injecting(e).into_iter().map(ready).min().unwrap_or_default();
    let newer = annotated.max(hook);
    let names = bare.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
    // An account annotated from its birth and a pod that came right after: the cache had not caught up.
    if pod.created >= newer && annotated <= sa.created && pod.created - sa.created <= RACE && works {
        return Judged::one(
            Cause::WebhookSaCacheRace,
            restart(
                e,
                begin(format!(
                    "pod {} was made within {} s of its service account, before the webhook had heard of it",
                    pod.name,
                    pod.created - sa.created
                )),
            ),
        );
    }
    if pod.created <= newer {
        return made_before(e, pod, newer, &begin, (&who, &names), works);
    }
    if works {
        // Both were there before it, and a pod made now is injected.
        return Judged::open(passed_over(e, pod, newer));
    }
    Judged::open(lacking("whether a new pod would be injected", e.injection_probe()))
}

/// The pod is older than what would have had it injected.
fn made_before(
    e: &View<'_>,
    pod: &Pod,
    newer: i64,
    begin: &registered::Base<'_>,
    (who, names): (&str, &str),
    works: bool,
) -> Judged {
    let draft = begin(format!(
        "{names}: made before the service account {who} named its role or before the webhook ran, and never injected"
    ))
    .show("pod created", told_at(pod.created), format!("Pod {}", pod.name))
    .show("annotation or webhook since", told_at(newer), format!("ServiceAccount {who}"));
    let order = "which came first within the same second: a new pod would tell";
    let draft = match (pod.created < newer, works) {
        (true, _) => draft,
        (false, true) => draft.unsure(Confidence::Likely, order),
        // Nobody knows that a new pod would be injected either.
        (false, false) => draft.unsure(Confidence::Possible, order),
    };
    Judged::one(Cause::PodCreatedBeforeAnnotationOrWebhook, restart(e, draft))
}

/// What would tell why a pod younger than annotation and webhook was never injected.
fn passed_over(e: &View<'_>, pod: &Pod, newer: i64) -> String {
    format!(
        "why pod {} was never injected: it was made at {}, after annotation and webhook ({}), and a pod made now would \
         be; the webhook did not act then: its own log of that moment, or the API server's audit line with \
         `\"mutated\":false`, would tell, and new pods would be injected: `{}`",
        pod.name,
        told_at(pod.created),
        told_at(newer),
        anew(e)
    )
}
