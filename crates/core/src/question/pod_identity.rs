//! EKS Pod Identity: association, agent, and what reached the pod; whom the role trusts is the next question.

use super::association::{acts, association, none_known};
use super::facts::{CONTAINER_VARIABLE, RACE, alike, identity_given, lacking, told};
use super::renewal::{anew, restart};
use super::symptoms::find;
use super::{Draft, Judged, names, pod_trust, skipped, two_identities};
use crate::cause::Cause;
use crate::evidence::{Pod, PodIdentityAssociation, ServiceAccount, View};
use crate::finding::Confidence;
use crate::plan::{Action, ways};
use trustwalk_symptoms::Symptom;

/// The add-on that runs the agent.
const AGENT: &str = "eks-pod-identity-agent";
/// What a client prints that got no credentials from an agent.
const SILENT: &[Symptom] =
    &[Symptom::PodIdentityAgentUnreachable, Symptom::PodIdentityAgentTimeout, Symptom::PodIdentityAgentError];

/// Judges a workload whose service account has an association.
pub(super) fn causes(view: &View<'_>, sa: &ServiceAccount, pods: &[&Pod]) -> Judged {
    let agent = agent_missing(view, sa);
    if let Some(draft) = agent.clone().filter(|d| !d.is_warning()) {
        return Judged::one(Cause::PodIdentityAgentMissing, draft);
    }
    let Some(own) = association(view, sa) else { return Judged::default() };
    let bare = pods.iter().find(|p| !p.spec.containers.iter().any(|c| c.has_env(CONTAINER_VARIABLE)));
    if let Some(pod) = bare {
        if let Some(draft) = skipped::whole(view, pod, sa) {
            return Judged::one(Cause::ContainerSkippedByAnnotation, draft);
        }
        if let Some(made) = own.created {
            return passed_over(view, pod, own, made);
        }
    }
    if let Some(draft) = two_identities::refused(view, sa, own) {
        return Judged::one(Cause::AssociationOutrankedByAnnotation, draft);
    }
    let mut judged = match (view.association_role().known(), agent_absent_on_node(view, pods)) {
        (_, Some(draft)) => Judged::one(Cause::PodIdentityAgentMissing, draft),
        (Some(role), None) => match pod_trust::other_arn(view, role, own) {
            Some(draft) => Judged::one(Cause::RoleDoesNotExist, draft),
            None => pod_trust::causes(view, role, own),
        },
        (None, None) if view.association_role().is_absent() => pod_trust::gone(view, own),
        (None, None) => Judged::open(lacking("the role of the association", view.association_role())),
    };
    if let Some(draft) = agent {
        judged.push(Cause::PodIdentityAgentMissing, draft);
    }
    if acts(view) {
        judged.exclude(Cause::TagsessionNotAllowedInTrustPolicy, "no token carries tags: EKS assumes the role itself");
    }
    judged.join(skipped::partly(view, sa, pods));
    judged
}

/// No agent that is ready runs on the node of a pod that asks it (EKS User Guide, "Set up the Amazon EKS Pod Identity
/// Agent": one on each node).
fn agent_absent_on_node(view: &View<'_>, pods: &[&Pod]) -> Option<Draft> {
    let theirs = view.agent_pods().known()?;
    let asks = |p: &&Pod| !p.ended() && p.spec.containers.iter().any(|c| c.has_env(CONTAINER_VARIABLE));
    let on = |node: &str| theirs.iter().find(|a| a.node.as_deref() == Some(node));
    let (pod, node) = pods
        .iter()
        .copied()
        .filter(asks)
        .filter_map(|p| Some((p, p.node.as_deref()?)))
        .find(|(_, node)| on(node).is_none_or(|a| !a.ready))?;
    let state = match on(node) {
        Some(a) => {
            let reason = a.reason.as_deref().map(|r| format!(", {r}")).unwrap_or_default();
            format!("{} is not ready{reason}, {} restarts", a.name, a.restarts)
        }
        None => "none".to_owned(),
    };
    let addon = degraded(view).map(|told| format!("; the add-on {told}")).unwrap_or_default();
    let draft = Draft::new(format!(
        "no Pod Identity agent is ready on the node {node}, where pod {} asks one for its credentials{addon}",
        pod.name
    ))
    .show("agent on the node", state, format!("pods of DaemonSet kube-system/{AGENT}"))
    .cure(
        "get the agent running on every node: see why its pod does not start there, or which nodes it is kept from",
        &[(
            "kubectl",
            "kubectl get pods -n kube-system -l app.kubernetes.io/name=eks-pod-identity-agent -o wide".to_owned(),
        )],
    );
    let draft = match find(view, SILENT) {
        Some(line) => draft.hear(line),
        None => draft,
    };
    // SDKs go on with credentials that they have.
    let fails = view.pods_down() > 0 || !super::recent(view).is_empty();
    Some(if fails { draft } else { draft.warns() })
}

/// Associations beside an annotation that reached the pods.
pub(super) fn aside(view: &View<'_>, sa: &ServiceAccount) -> Judged {
    let mut judged = Judged::default();
    if let Some(draft) = association(view, sa).and_then(|own| two_identities::refused(view, sa, own)) {
        judged.push(Cause::AssociationOutrankedByAnnotation, draft);
        return judged;
    }
    if !none_known(view) {
        judged.missing.push(lacking("whether the service account has a Pod Identity association", view.associations()));
    }
    if let Some(draft) = association(view, sa).and_then(|own| two_identities::differing(view, sa, own)) {
        judged.push(Cause::AssociationOutrankedByAnnotation, draft);
    }
    judged
}

/// An association made for an account of nearly this name, where this one has neither role nor association; one that
/// gives a role, where that is told.
pub(super) fn misnamed(view: &View<'_>, sa: &ServiceAccount, role: Option<&str>) -> Option<Draft> {
    let all = view.associations().known()?;
    let near = all.iter().find(|a| {
        let elsewhere = a.namespace != sa.namespace && a.service_account == sa.name;
        let alike = a.namespace == sa.namespace && alike(&a.service_account, &sa.name);
        (elsewhere || alike) && role.is_none_or(|role| a.role_arn.as_deref() == Some(role))
    })?;
    let (who, theirs) =
        (format!("{}/{}", sa.namespace, sa.name), format!("{}/{}", near.namespace, near.service_account));
    let draft = Draft::new(format!(
        "the Pod Identity association is for the service account {theirs}, and the pods run as {who}"
    ))
    .show("association", theirs, "eks:ListPodIdentityAssociations")
    .show("service account of the pods", who, "pod template");
    let title = "make the association for the service account that the pods use, or let the pods use the other";
    let cluster = view.cluster().known().map(|c| c.name.as_str()).filter(|name| !name.is_empty());
    // The role of a namesake in another namespace is that namespace's, whatever the name.
    let ours = near.role_arn.as_deref().filter(|_| near.namespace == sa.namespace && near.target_role_arn.is_none());
    if let (Some(cluster), Some(role)) = (cluster, ours) {
        let action = Action::Associate {
            cluster: cluster.to_owned(),
            namespace: sa.namespace.clone(),
            service_account: sa.name.clone(),
            role_arn: role.to_owned(),
            association: None,
        };
        let by_hand = ways(view, &action);
        return Some(draft.act(title, vec![action], &by_hand));
    }
    let template = "aws eks create-pod-identity-association --cluster-name {} --namespace {} --service-account {} \
                    --role-arn {}";
    let role = near.role_arn.as_deref().unwrap_or("ROLE-ARN");
    let aws = trustwalk_foreign::shell::line(template, &[names::cluster(view), &sa.namespace, &sa.name, role]);
    let note = "which role it is to give is for you to say: that of a namesake in another namespace is not offered, \
                nor one that EKS did not tell";
    Some(draft.cure(title, &[("aws", aws), ("note", note.to_owned())]))
}

fn agent_missing(view: &View<'_>, sa: &ServiceAccount) -> Option<Draft> {
    let none = view.pod_identity_agent().is_absent() || view.pod_identity_agent().known() == Some(&0);
    if !none {
        return None;
    }
    let cluster = names::cluster(view);
    let by_hand = [
        (
            "aws",
            trustwalk_foreign::shell::line("aws eks create-addon --cluster-name {} --addon-name {}", &[cluster, AGENT]),
        ),
        ("eksctl", trustwalk_foreign::shell::line("eksctl create addon --cluster {} --name {}", &[cluster, AGENT])),
    ];
    let mut draft = Draft::new(format!(
        "{}/{} has a Pod Identity association and no Pod Identity agent runs in the cluster",
        sa.namespace, sa.name
    ))
    .show("agent pods ready", "0", format!("DaemonSet kube-system/{AGENT}"))
    .cure(format!("install the add-on {AGENT}"), &by_hand);
    if let Some(line) = find(view, &[Symptom::PodIdentityAgentUnreachable, Symptom::PodIdentityAgentTimeout]) {
        draft = draft.hear(line);
    } else {
        // Nodes of EKS Auto Mode have the agent without a DaemonSet (EKS User Guide, "Set up the Amazon EKS Pod
        // Identity Agent").
        let decide = "whether the nodes are those of EKS Auto Mode, which have the agent built in: `kubectl get nodes \
                      -L eks.amazonaws.com/compute-type`";
        draft = draft.unsure(Confidence::Likely, decide);
        if view.pods_down() == 0 && super::recent(view).is_empty() {
            draft = draft.warns();
        }
    }
    Some(draft)
}

/// A pod without container credentials beside an association: which came first, as far as the times tell.
fn passed_over(view: &View<'_>, pod: &Pod, own: &PodIdentityAssociation, made: i64) -> Judged {
    let after = pod.created - made;
    if after > RACE {
        let addon = degraded(view).map(|state| format!("; the add-on {state}")).unwrap_or_default();
        return Judged::open(format!(
            "why pod {} carries no container credentials: its association was there at {}, long before the pod ({}), \
             and the injection was skipped{addon}; the log of the pod identity webhook of the control plane (EKS audit \
             log) would tell, and whether a new pod gets them: `{}`",
            pod.name,
            told(made),
            told(pod.created),
            anew(view)
        ));
    }
    let order = if after < 0 { "before" } else { "right after" };
    let draft = Draft::new(format!(
        "pod {} was made {order} its Pod Identity association ({} s apart) and carries no container credentials",
        pod.name,
        after.abs()
    ))
    .show("pod created", told(pod.created), format!("Pod {}", pod.name))
    .show("association created", told(made), "eks:ListPodIdentityAssociations");
    let next = for_next_pods(view, own);
    // New pods cure nothing where they are refused, and harm those that work.
    let draft = if next.found.is_empty() { restart(view, draft) } else { draft };
    // What was injected before the association goes on to work, until its pods are made anew.
    let refused = view.exchange().known().is_some_and(|exchange| exchange.assumed.is_none());
    let works = identity_given(view) && !refused && view.pods_down() == 0 && super::recent(view).is_empty();
    let mut judged = Judged::one(Cause::PodIdentityAssociationCacheRace, if works { draft.warns() } else { draft });
    judged.join(next);
    judged
}

/// What pods made from now on would meet, which are given the association's role: no pod has met it yet.
fn for_next_pods(view: &View<'_>, own: &PodIdentityAssociation) -> Judged {
    let mut judged = match view.association_role().known() {
        Some(role) => match pod_trust::other_arn(view, role, own) {
            Some(draft) => Judged::one(Cause::RoleDoesNotExist, draft),
            None => pod_trust::causes(view, role, own),
        },
        None if view.association_role().is_absent() => pod_trust::gone(view, own),
        None => Judged::open(lacking("the role of the association", view.association_role())),
    };
    for found in &mut judged.found {
        found.draft.sentence = format!("pods made next would be refused: {}", found.draft.sentence);
        found.draft.quiet = true;
    }
    judged
}

/// What EKS says of the agent's add-on where it is not well.
fn degraded(view: &View<'_>) -> Option<String> {
    let addon =
        view.addons().known()?.iter().find(|a| a.name == AGENT && !a.status.is_empty() && a.status != "ACTIVE")?;
    let issues: Vec<&str> = addon.issues.iter().map(|i| i.message.as_str()).collect();
    let issues = if issues.is_empty() { String::new() } else { format!(" ({})", issues.join("; ")) };
    Some(format!("{AGENT} is {}{issues}", addon.status))
}
