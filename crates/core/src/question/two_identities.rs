//! A service account with an annotation and a Pod Identity association: by which of the two its pods act, and by which
//! a pod made now would.

use trustwalk_foreign::shell;
use trustwalk_symptoms::Symptom;

use super::association::association;
use super::facts::{CONTAINER_VARIABLE, FILE_VARIABLE, ROLE_VARIABLE, lacking};
use super::renewal::{renewal, renewed};
use super::symptoms::find;
use super::{Draft, names, pod_trust};
use crate::evidence::{Container, Pod, PodIdentityAssociation, ROLE_ANNOTATION, ServiceAccount, View, at_work};
use crate::finding::Confidence;
use crate::plan::{Action, Which, ways};

/// What a pod made now would act by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The variables stand in the pod template, and SDKs ask the web identity first (AWS SDKs and Tools Reference
    /// Guide, "Standardized credential providers").
    Template,
    /// The dry run showed the association's variables.
    Association,
    /// The dry run showed the annotation's variables, and none of the association.
    Annotation,
    /// There was no dry run. The webhook gives the association precedence and injects its variables alone
    /// (amazon-eks-pod-identity-webhook, `pkg/handler/handler.go`, `buildPodPatchConfig`).
    Untried,
}

fn web(container: &Container) -> bool {
    container.has_env(ROLE_VARIABLE) || container.has_env(FILE_VARIABLE)
}

fn next(view: &View<'_>) -> Next {
    if view.workload().known().is_some_and(|w| w.template.containers.iter().any(web)) {
        return Next::Template;
    }
    match view.injection_probe().known().filter(|p| p.error.is_none()) {
        Some(probe) if probe.container_credentials => Next::Association,
        Some(probe) if probe.role_arn.is_some() => Next::Annotation,
        Some(_) | None => Next::Untried,
    }
}

/// The pod that acts by a web identity, and the role that it names.
fn acting<'a>(view: &View<'a>, annotated: &'a str) -> Option<(&'a Pod, &'a Container, &'a str)> {
    let pods = view.pods().known()?;
    let mut each = at_work(pods).flat_map(|p| p.spec.containers.iter().map(move |c| (p, c)));
    each.find(|(_, c)| web(c)).map(|(p, c)| (p, c, c.env_value(ROLE_VARIABLE).unwrap_or(annotated)))
}

/// Two roles for one service account: which acts, and what a restart would change.
pub(super) fn differing(view: &View<'_>, sa: &ServiceAccount, own: &PodIdentityAssociation) -> Option<Draft> {
    let annotated = sa.role_arn()?;
    let theirs = own.role_arn.as_deref()?;
    let (pod, container, acts) = acting(view, annotated)?;
    if theirs == acts {
        return None;
    }
    let who = format!("{}/{}", sa.namespace, sa.name);
    let now = format!("container {} of pod {} acts as {acts}, by its web identity", container.name, pod.name);
    let next = next(view);
    let sentence = match next {
        Next::Association => format!(
            "{now}, and a pod made now acts as {theirs}: the service account {who} has an annotation and a Pod \
             Identity association, and the webhook injects the association alone, so that a restart changes the role"
        ),
        Next::Untried => format!(
            "{now}; the service account {who} has a Pod Identity association for {theirs}, too, which the webhook \
             gives precedence, so that a restart would change the role"
        ),
        Next::Annotation => format!(
            "{now}, and so does a pod made now: the Pod Identity association of the service account {who}, for \
             {theirs}, has no effect yet, and once it has, a restart changes the role"
        ),
        Next::Template => format!(
            "{now}, which the pod template sets and SDKs ask first: the Pod Identity association of the service \
             account {who}, for {theirs}, has no effect"
        ),
    };
    let mut draft = Draft::new(sentence)
        .show("annotation", annotated, format!("ServiceAccount {who}"))
        .show("association", theirs, "eks:DescribePodIdentityAssociation")
        .show("container env", format!("{ROLE_VARIABLE}={acts}"), format!("Pod {}", pod.name));
    let tried = match next {
        Next::Association => Some(format!("{CONTAINER_VARIABLE}, no {ROLE_VARIABLE}")),
        Next::Annotation => Some(format!("{ROLE_VARIABLE}, no {CONTAINER_VARIABLE}")),
        Next::Template | Next::Untried => None,
    };
    if let Some(tried) = tried {
        draft = draft.show("dry run of a pod", tried, "kubectl create --dry-run=server");
    }
    if next == Next::Untried {
        draft = draft.unsure(Confidence::Likely, "a dry run of a pod: which of the two sets of variables it gets");
    }
    Some(cured(view, own, draft, next).warns())
}

/// The container that is given a whole web identity, and whose it is: a pod's, or where none was read the template's.
fn given<'a>(view: &View<'a>) -> Option<(&'a Container, String)> {
    let whole = |c: &&Container| c.has_env(ROLE_VARIABLE) && c.has_env(FILE_VARIABLE);
    if let Some(pods) = view.pods().known() {
        let mut each = at_work(pods).flat_map(|p| p.spec.containers.iter().map(move |c| (p, c)));
        return each.find(|(_, c)| whole(c)).map(|(p, c)| (c, format!("Pod {}", p.name)));
    }
    let template = view.workload().known()?.template.containers.iter().find(whole)?;
    Some((template, "pod template".to_owned()))
}

/// The role of the web identity trusts Pod Identity alone, and nobody read whether the account has an association, or
/// whether its pods have a web identity: it may be the role's trust that is wrong, or the web identity that is in the
/// way.
pub(super) fn suspected(view: &View<'_>, sa: &ServiceAccount) -> Option<Draft> {
    let role = view.role().known().filter(|role| pod_trust::for_pods_alone(role))?;
    let who = format!("{}/{}", sa.namespace, sa.name);
    let (draft, decide) = if view.associations().is_refused() {
        let (container, place) = given(view)?;
        let draft = Draft::new(format!(
            "container {} has a web identity, which SDKs ask first, and the role {} trusts Pod Identity alone: an \
             association of {who} would have no effect",
            container.name, role.arn
        ));
        let draft = draft.show("container env", format!("{ROLE_VARIABLE}, {FILE_VARIABLE}"), place);
        (draft, lacking("whether the service account has an association", view.associations()))
    } else if view.pods().is_refused() {
        let own = association(view, sa)?;
        let draft = Draft::new(format!(
            "the service account {who} has a Pod Identity association, and the role {}, which is asked for by web \
             identity, trusts Pod Identity alone: a web identity in the pods would be in its way",
            role.arn
        ));
        let theirs = own.role_arn.as_deref().unwrap_or("not told");
        let draft = draft.show("association", theirs, "eks:DescribePodIdentityAssociation");
        (draft, lacking("whether the pods have a web identity", view.pods()))
    } else {
        return None;
    };
    let draft = draft
        .show("role of the web identity", role.arn.clone(), format!("{} AssumeRolePolicyDocument", role.arn))
        .unsure(Confidence::Possible, decide);
    Some(draft.cure("where both are there: take the web identity away, so that the association counts", &[]))
}

/// A web identity in the pods comes before the association, and its role is one for Pod Identity alone.
pub(super) fn refused(view: &View<'_>, sa: &ServiceAccount, own: &PodIdentityAssociation) -> Option<Draft> {
    let (container, place) = given(view)?;
    let role = view.role().known().filter(|role| pod_trust::for_pods_alone(role))?;
    let next = next(view);
    let from = match next {
        Next::Template => "which the pod template sets and SDKs ask first",
        Next::Association | Next::Annotation | Next::Untried => "which SDKs ask first, from before the association",
    };
    let theirs = own.role_arn.as_deref().unwrap_or("not told");
    let who = format!("{}/{}", sa.namespace, sa.name);
    let draft = Draft::new(format!(
        "the Pod Identity association of {who} has no effect: container {} ({place}) has a web identity, {from}, and \
         the role {} trusts Pod Identity and no web identity",
        container.name, role.arn
    ))
    .show("container env", format!("{ROLE_VARIABLE}, {FILE_VARIABLE}"), place)
    .show("association", theirs, "eks:DescribePodIdentityAssociation")
    .show("role of the web identity", role.arn.clone(), format!("{} AssumeRolePolicyDocument", role.arn));
    let draft = match find(view, &[Symptom::NotAuthorizedWebIdentity]) {
        Some(line) => draft.hear(line),
        None => draft,
    };
    Some(match next {
        Next::Template => draft.cure(
            "take the web identity away, so that the association counts",
            &[("kubectl", names::unset(view, &[ROLE_VARIABLE.name(), FILE_VARIABLE.name()]))],
        ),
        Next::Association | Next::Untried => {
            renewed(view, draft, "recreate the pods: the webhook gives new ones the association alone")
        }
        Next::Annotation => {
            let action = Action::Annotate {
                namespace: sa.namespace.clone(),
                service_account: sa.name.clone(),
                key: ROLE_ANNOTATION.to_owned(),
                value: None,
            };
            let by_hand = ways(view, &action);
            let title = "take the annotation away, which a new pod still gets, and recreate the pods";
            let all = [Some(action), renewal(view, Which::All)].into_iter().flatten().collect();
            draft.act(title, all, &by_hand)
        }
    })
}

/// Which of the two is meant only a person knows.
fn cured(view: &View<'_>, own: &PodIdentityAssociation, draft: Draft, next: Next) -> Draft {
    let keep = if next == Next::Template {
        names::unset(view, &[ROLE_VARIABLE.name(), FILE_VARIABLE.name()])
    } else {
        names::on_account(view, "annotate", " eks.amazonaws.com/role-arn-")
    };
    let cluster = names::cluster(view);
    let id = if own.id.is_empty() { "ASSOCIATION-ID" } else { own.id.as_str() };
    let template = "aws eks delete-pod-identity-association --cluster-name {} --association-id {}";
    draft
        .cure(
            "where the association is meant: see that its role is allowed what the workload does, take the web \
             identity away, and recreate the pods",
            &[("kubectl", keep)],
        )
        .cure(
            "where the web identity is meant: delete the association before any pod is made anew",
            &[("aws", shell::line(template, &[cluster, id]))],
        )
}
