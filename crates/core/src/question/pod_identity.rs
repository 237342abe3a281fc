//! EKS Pod Identity, walked to its end: association, agent, what reached the pod, and whom the role trusts.

use trustwalk_trust_policy::{Document, DocumentStatement, Effect, PrincipalKind, Principals};

use super::facts::{CONTAINER_VARIABLE, lacking, like, told};
use super::injection::{RACE, restart};
use super::symptoms::find;
use super::{Draft, Judged};
use crate::cause::Cause;
use crate::evidence::{Observed, Pod, PodIdentityAssociation, Role, ServiceAccount, View};
use trustwalk_symptoms::Symptom;

/// Who assumes a role for a pod (EKS User Guide, "Create IAM role with trust policy required by EKS Pod Identity").
const SERVICE: &str = "pods.eks.amazonaws.com";

/// The add-on that runs the agent.
const AGENT: &str = "eks-pod-identity-agent";

/// Judges a workload whose service account has an association.
pub(super) fn causes(view: &View<'_>, sa: &ServiceAccount, pods: &[Pod]) -> Judged {
    if let Some(judged) = agent_missing(view, sa) {
        return judged;
    }
    let Some(own) = association(view, sa) else { return Judged::default() };
    let bare = pods.iter().find(|p| !p.spec.containers.iter().any(|c| c.has_env(CONTAINER_VARIABLE)));
    if let (Some(pod), Some(made)) = (bare, own.created) {
        return skipped(view, pod, made);
    }
    match view.association_role().known() {
        Some(role) => distrusted(role, own).unwrap_or_default(),
        None => Judged::open(lacking("the role of the association", view.association_role())),
    }
}

/// Associations beside an annotation: of this account, where the annotation wins, or of one that is named alike.
pub(super) fn aside(view: &View<'_>, sa: &ServiceAccount) -> Judged {
    let mut judged = Judged::default();
    if !none_known(view) {
        judged.missing.push(lacking("whether the service account has a Pod Identity association", view.associations()));
    }
    let who = format!("{}/{}", sa.namespace, sa.name);
    if let (Some(own), Some(role)) = (association(view, sa), sa.role_arn())
        && own.role_arn.as_deref().is_some_and(|arn| arn != role)
    {
        let theirs = own.role_arn.clone().unwrap_or_default();
        let sentence = format!(
            "the service account {who} has the annotation for {role} and a Pod Identity association for {theirs}: an \
             SDK asks the web identity first, so the association has no effect"
        );
        let draft = Draft::new(sentence)
            .show("annotation", role, format!("ServiceAccount {who}"))
            .show("association", theirs, "eks:DescribePodIdentityAssociation")
            .cure("remove the one that is not meant, then recreate the pods", &[]);
        judged.push(Cause::AssociationOutrankedByAnnotation, draft);
    }
    judged
}

/// An association made for an account of nearly this name, where this one has neither role nor association.
pub(super) fn misnamed(view: &View<'_>, sa: &ServiceAccount) -> Option<Draft> {
    let all = view.associations().known()?;
    let near = all.iter().find(|a| {
        let elsewhere = a.namespace != sa.namespace && a.service_account == sa.name;
        let alike = a.namespace == sa.namespace && super::service_account::alike(&a.service_account, &sa.name);
        elsewhere || alike
    })?;
    let (who, theirs) =
        (format!("{}/{}", sa.namespace, sa.name), format!("{}/{}", near.namespace, near.service_account));
    let draft = Draft::new(format!(
        "the Pod Identity association is for the service account {theirs}, and the pods run as {who}"
    ))
    .show("association", theirs, "eks:ListPodIdentityAssociations")
    .show("service account of the pods", who, "pod template");
    Some(
        draft.cure(
            "make the association for the service account that the pods use, or let the pods use the other",
            &[(
                "aws",
                "aws eks create-pod-identity-association --cluster-name CLUSTER --namespace NAMESPACE \
            --service-account NAME --role-arn ARN"
                    .to_owned(),
            )],
        ),
    )
}

fn association<'a>(view: &View<'a>, sa: &ServiceAccount) -> Option<&'a PodIdentityAssociation> {
    let all = view.associations().known()?;
    all.iter().filter(|a| a.namespace == sa.namespace && a.service_account == sa.name).max_by_key(|a| a.created)
}

fn agent_missing(view: &View<'_>, sa: &ServiceAccount) -> Option<Judged> {
    let none = view.pod_identity_agent().is_absent() || view.pod_identity_agent().known() == Some(&0);
    if !none {
        return None;
    }
    let cluster = view.cluster().known().map_or("CLUSTER", |c| c.name.as_str());
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
    if let Some(line) = find(view, &[Symptom::PodIdentityAgentUnreachable]) {
        draft = draft.hear(line);
    }
    Some(Judged::one(Cause::PodIdentityAgentMissing, draft))
}

/// A pod without container credentials beside an association: which came first, as far as the times tell.
fn skipped(view: &View<'_>, pod: &Pod, made: i64) -> Judged {
    let after = pod.created - made;
    if after > RACE {
        let addon = degraded(view).map(|state| format!("; the add-on {state}")).unwrap_or_default();
        return Judged::open(format!(
            "why pod {} carries no container credentials: its association was there at {}, long before the pod ({}), \
             and the injection was skipped{addon}; the log of the pod identity webhook of the control plane (EKS audit \
             log) would tell, and whether a new pod gets them",
            pod.name,
            told(made),
            told(pod.created)
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
    Judged::one(Cause::PodIdentityAssociationCacheRace, restart(view, draft))
}

/// What EKS says of the agent's add-on where it is not well.
fn degraded(view: &View<'_>) -> Option<String> {
    let addon =
        view.addons().known()?.iter().find(|a| a.name == AGENT && !a.status.is_empty() && a.status != "ACTIVE")?;
    let issues: Vec<&str> = addon.issues.iter().map(|i| i.message.as_str()).collect();
    let issues = if issues.is_empty() { String::new() } else { format!(" ({})", issues.join("; ")) };
    Some(format!("{AGENT} is {}{issues}", addon.status))
}

/// The role's trust policy does not let the service assume it, or not with the tags that it sets.
fn distrusted(role: &Role, own: &PodIdentityAssociation) -> Option<Judged> {
    let document = Document::parse(&role.trust_policy).ok()?;
    let trusting: Vec<&DocumentStatement> =
        document.statements.iter().filter(|s| s.effect == Some(Effect::Allow) && names_service(s)).collect();
    let policy = format!("{} AssumeRolePolicyDocument", role.arn);
    if !trusting.iter().any(|s| allows(s, "sts:assumerole")) {
        let draft = Draft::new(format!("the trust policy of {} does not let {SERVICE} assume the role", role.arn))
            .show(
                "needed",
                format!("Principal Service {SERVICE}, Action sts:AssumeRole and sts:TagSession"),
                "EKS User Guide",
            )
            .show("role of the association", role.arn.clone(), policy)
            .cure("add a statement that lets the service assume the role", &[("note", STATEMENT.to_owned())]);
        return Some(Judged::one(Cause::RoleDoesNotTrustPodIdentity, draft));
    }
    let tagged = own.disable_session_tags != Some(true);
    (tagged && !trusting.iter().any(|s| allows(s, "sts:tagsession"))).then(|| {
        let draft = Draft::new(format!(
            "the trust policy of {} lets {SERVICE} assume the role and not tag the session, which it always does",
            role.arn
        ))
        .show("needed", "sts:TagSession", "EKS User Guide")
        .show("role of the association", role.arn.clone(), policy)
        .cure("allow sts:TagSession beside sts:AssumeRole", &[("note", STATEMENT.to_owned())]);
        Judged::one(Cause::RoleDoesNotTrustPodIdentity, draft)
    })
}

/// The statement that EKS asks for.
const STATEMENT: &str = "{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"pods.eks.amazonaws.com\"}, \
                         \"Action\": [\"sts:AssumeRole\", \"sts:TagSession\"]}";

fn names_service(statement: &DocumentStatement) -> bool {
    match statement.principal.as_ref().map(|p| &p.principals) {
        Some(Principals::Listed(list)) => list.iter().any(|(kind, v)| *kind == PrincipalKind::Service && v == SERVICE),
        Some(Principals::Everyone) => true,
        Some(Principals::Unusable(_)) | None => false,
    }
}

fn allows(statement: &DocumentStatement, action: &str) -> bool {
    let actions = statement.action.as_ref();
    actions.is_some_and(|a| a.values.iter().any(|v| like(&v.to_lowercase(), action)))
}

/// Whether it is known that no association exists: a list that could not be read tells nothing.
pub(super) fn none_known(view: &View<'_>) -> bool {
    match view.associations() {
        Observed::Known { .. } | Observed::Absent { .. } | Observed::NotCollected { .. } | Observed::Spared { .. } => {
            true
        }
        Observed::Denied { .. } | Observed::Unreachable { .. } => false,
    }
}
