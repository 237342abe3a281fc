//! The annotation that leaves containers out of the injection: which it names, where it is read, and what follows.
//!
//! The webhook reads it from the pod alone, while the pod is made (amazon-eks-pod-identity-webhook,
//! pkg/handler/handler.go, getContainersToSkip).

use trustwalk_foreign::shell;
use trustwalk_symptoms::Symptom;

use super::facts::{CONTAINER_VARIABLE, ROLE_VARIABLE, lacking};
use super::symptoms::{WITHOUT_IDENTITY, recent};
use super::{Draft, Judged};
use crate::cause::Cause;
use crate::evidence::{Container, Pod, SKIP_ANNOTATION as SKIP, ServiceAccount, View, skip::names};
use crate::observation::Place;

/// The containers that a pod's annotation leaves out.
pub(crate) fn of(pod: &Pod) -> Vec<String> {
    pod.spec.skipped()
}

/// Whether the annotation leaves out every container that goes on running.
fn all(pod: &Pod, skipped: &[String]) -> bool {
    let mut stay = pod.spec.containers.iter().filter(|c| !c.init).peekable();
    stay.peek().is_some() && stay.all(|c| skipped.contains(&c.name))
}

fn annotated(pod: &Pod) -> (String, String) {
    let value = pod.spec.annotations.get(SKIP).map(String::as_str).unwrap_or_default();
    (format!("{SKIP}={value}"), format!("Pod {}", pod.name))
}

fn without(e: &View<'_>) -> String {
    let place = "/spec/template/metadata/annotations/eks.amazonaws.com~1skip-containers";
    let patch = format!(r#"[{{"op":"remove","path":"{place}"}}]"#);
    e.workload().known().map_or_else(
        || format!("remove the annotation {SKIP}"),
        |w| {
            let template = "kubectl patch {} {} -n {} --type=json -p {}";
            shell::line(template, &[&w.kind.to_lowercase(), &w.name, &w.namespace, &patch])
        },
    )
}

/// No container of the pod has an identity, because the annotation names them all.
pub(super) fn whole(e: &View<'_>, pod: &Pod, sa: &ServiceAccount) -> Option<Draft> {
    let skipped = of(pod);
    if !all(pod, &skipped) {
        return None;
    }
    let (value, origin) = annotated(pod);
    let given = sa.role_arn().unwrap_or("the role of its Pod Identity association");
    Some(
        Draft::new(format!(
            "the annotation {SKIP} of pod {} names every container, so the webhook leaves them all out, and what the \
             service account {}/{} is given ({given}) reaches none of them",
            pod.name, sa.namespace, sa.name
        ))
        .show("pod annotation", value, origin)
        .show("containers", spoken(&skipped), format!("Pod {}", pod.name))
        .cure("take the annotation out of the pod template", &[("kubectl", without(e))]),
    )
}

fn spoken(names: &[String]) -> String {
    names.join(", ")
}

/// What the annotation does to pods of which other containers have the identity, and where it does nothing.
pub(super) fn partly(view: &View<'_>, sa: &ServiceAccount, pods: &[&Pod]) -> Judged {
    if let Some(draft) = left_out(view, pods) {
        return Judged::one(Cause::ContainerSkippedByAnnotation, draft);
    }
    let mut judged = Judged::default();
    if let Some(draft) = on_account(view, sa, pods).or_else(|| too_late(view, pods)) {
        judged.push(Cause::ContainerSkippedByAnnotation, draft);
    }
    let left = pods.iter().find_map(|p| Some((p, of(p).into_iter().find(|n| lacks(p, n))?)));
    if let Some((pod, name)) = left.filter(|_| view.logs().known().is_none() && !view.logs().is_absent()) {
        let what = format!("whether container {name} of pod {}, left out by {SKIP}, needs the identity", pod.name);
        judged.missing.push(lacking(&what, view.logs()));
    }
    judged
}

fn identified(c: &Container) -> bool {
    c.has_env(ROLE_VARIABLE) || c.has_env(CONTAINER_VARIABLE)
}

/// Whether the pod has a container of this name that is without identity.
fn lacks(pod: &Pod, name: &str) -> bool {
    pod.spec.containers.iter().any(|c| c.name == name && !identified(c))
}

/// A container left out on purpose whose log shows that it wants the identity after all.
fn left_out(view: &View<'_>, pods: &[&Pod]) -> Option<Draft> {
    let wanted = [WITHOUT_IDENTITY, &[Symptom::AccessDeniedAction]].concat();
    let lines = recent(view);
    pods.iter().find_map(|pod| {
        of(pod).into_iter().filter(|n| lacks(pod, n)).find_map(|name| {
            let place = Place { pod: pod.name.clone(), container: name.clone() };
            let line = lines.iter().find(|l| l.places.contains(&place) && wanted.contains(&l.failure.symptom))?;
            let (value, place) = annotated(pod);
            Some(
                Draft::new(format!(
                    "container {name} of pod {} is left out by the annotation {SKIP}, so what the service account is \
                     given does not reach it, and its log shows that it needs it",
                    pod.name
                ))
                .show("pod annotation", value, place)
                .hear(line)
                .cure("take the container out of the annotation", &[("kubectl", without(view))]),
            )
        })
    })
}

/// The annotation stands on the service account, where the webhook does not look for it.
fn on_account(view: &View<'_>, sa: &ServiceAccount, pods: &[&Pod]) -> Option<Draft> {
    let value = sa.annotations.get(SKIP)?;
    let named = names(value);
    let each = pods.iter().flat_map(|p| p.spec.containers.iter().map(move |c| (p, c)));
    let (pod, container) = each.into_iter().find(|(_, c)| identified(c) && named.contains(&c.name))?;
    let command = on_template(view, value);
    Some(
        Draft::new(format!(
            "the annotation {SKIP} stands on the service account {}/{}, where it has no effect: the webhook reads it \
             from the pod alone, so container {} of pod {} has the identity all the same",
            sa.namespace, sa.name, container.name, pod.name
        ))
        .show("annotation", format!("{SKIP}={value}"), format!("ServiceAccount {}/{}", sa.namespace, sa.name))
        .show("container with the identity", container.name.clone(), format!("Pod {}", pod.name))
        .warns()
        .cure("annotate the pod template instead, which makes the pods anew", &[("kubectl", command)]),
    )
}

/// The command that sets the annotation in the pod template, which makes the pods anew.
fn on_template(view: &View<'_>, value: &str) -> String {
    let place = "kubectl patch {} {} -n {} -p {}";
    let patch = serde_json::json!({"spec": {"template": {"metadata": {"annotations": {SKIP: value}}}}}).to_string();
    view.workload().known().map_or_else(
        || format!("set {SKIP} on the pods instead"),
        |w| shell::line(place, &[&w.kind.to_lowercase(), &w.name, &w.namespace, &patch]),
    )
}

/// The pod's annotation names a container that has the identity: it came after the pod, or its name is written with
/// blanks, which count.
fn too_late(view: &View<'_>, pods: &[&Pod]) -> Option<Draft> {
    let by_hand = |name: &str| {
        let own = view.workload().known().into_iter().flat_map(|w| &w.template.containers);
        own.filter(|c| c.name == name).any(identified)
    };
    pods.iter().find_map(|pod| {
        let (value, place) = annotated(pod);
        let read = of(pod);
        let has = |name: &str| pod.spec.containers.iter().any(|c| c.name == name && identified(c) && !by_hand(name));
        let (name, why) = read.iter().find_map(|name| {
            if has(name) {
                let why = "the webhook reads it only while a pod is made, so it came after this one";
                return Some((name.as_str(), why));
            }
            let meant = name.trim();
            let why = "blanks beside the commas belong to the names, and no container is called so";
            (meant != name && has(meant)).then_some((meant, why))
        })?;
        let plain: Vec<&str> = read.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect();
        Some(
            Draft::new(format!(
                "the annotation {SKIP} of pod {} has no effect on container {name}, which has the identity: {why}",
                pod.name
            ))
            .show("pod annotation", value, place)
            .show("container with the identity", name, format!("Pod {}", pod.name))
            .warns()
            .cure(
                "set it in the pod template, names separated by commas alone",
                &[("kubectl", on_template(view, &plain.join(",")))],
            ),
        )
    })
}
