//! Which role the workload is told to assume, and by which annotation.

use crate::cause::Cause;
use trustwalk_foreign::shell;
use trustwalk_symptoms::Symptom;

use super::annotate::{annotate, annotation};
use super::association::{associated, none_known};
use super::facts::{CONTAINER_VARIABLE, ROLE_VARIABLE, alike, arn_parts, in_cluster, lacking};
use super::role_arn::{malformed, some_role};
use super::symptoms::{WITHOUT_IDENTITY, find};
use super::{Draft, Judged, names, pod_identity, shown, taken_away, trust};
use crate::evidence::{Addon, LogFailure, Observed, ROLE_ANNOTATION, ServiceAccount, Target, View};
use crate::finding::Confidence;

/// The causes this question may name.
pub(super) const CAUSES: &[Cause] = &[
    Cause::AnnotationMissingOnServiceAccount,
    Cause::RoleArnMalformedOrNotARole,
    Cause::AnnotationOnPodNotServiceAccount,
    Cause::AddonAnnotatesOneOfSeveralServiceAccounts,
    Cause::AnnotationKeyWrong,
    Cause::AssociationForAnotherServiceAccount,
    Cause::WorkloadRunsAsAnotherServiceAccount,
    Cause::ImdsHopLimitBlocksNodeRole,
];

/// Judges the annotation and the role's ARN.
pub(crate) fn causes(view: &View<'_>) -> Judged {
    let e = view;
    let mut judged = Judged::default();
    if let Some(arn) = e.role_arn().known()
        && let Some(draft) = malformed(e, arn)
    {
        judged.push(Cause::RoleArnMalformedOrNotARole, draft);
        return judged;
    }
    if e.role_arn().known().is_none()
        && let Some(line) = find(view, &[Symptom::RoleArnInvalid])
    {
        let session = line.failure.role_arn.is_none() && line.failure.caller_arn.is_some();
        let draft = Draft::new(shown::not_a_role(session))
            .hear(line)
            .show("expected", "arn:aws:iam::ACCOUNT:role/NAME", "IAM identifiers")
            .cure(
                "give the role's ARN, without quotes, backslashes or blanks, and with twelve digits for the account",
                &[(
                    "aws",
                    shell::line(
                        "aws iam get-role --role-name {} --query Role.Arn --output text",
                        &[names::role(e).unwrap_or("ROLE")],
                    ),
                )],
            );
        judged.push(Cause::RoleArnMalformedOrNotARole, draft);
        return judged;
    }
    let unread = e.role_arn().known().is_none() && !e.role_arn().is_absent();
    if unread && (in_cluster(e) || matches!(e.target(), Target::Job { .. })) {
        return Judged::open(lacking("the role the workload is told to assume", e.role_arn()));
    }
    if !in_cluster(e) {
        let known = e.role_arn().known().is_some();
        let judged = if known { judged } else { Judged::none("not a workload of a cluster") };
        return shown::rule_out(view, judged, shown::NOT_ANNOTATED);
    }
    if e.service_account().is_absent()
        && let Some(draft) = gone(e)
    {
        judged.push(Cause::AnnotationMissingOnServiceAccount, draft);
        return judged;
    }
    let Some(sa) = e.service_account().known() else {
        return Judged::open(lacking("the service account", e.service_account()));
    };
    if sa.role_arn().is_some() || associated(e, sa) {
        return judged;
    }
    if !none_known(e) {
        judged.missing.push(lacking("whether the service account has a Pod Identity association", e.associations()));
    }
    if let Some((cause, draft)) = unannotated(view, e, sa) {
        let line = find(view, &[Symptom::NoCredentials, Symptom::NoInstanceRole]);
        if let Some(line) = line.filter(|_| cause == Cause::AnnotationMissingOnServiceAccount) {
            judged.push(Cause::ImdsHopLimitBlocksNodeRole, unreachable_node(line));
        }
        judged.push(cause, draft);
    }
    judged
}

/// What the key of an annotation that holds a role's ARN is likely to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    /// The webhook's own, written wrongly.
    Slip,
    /// One of AWS's, or of a tool that gives roles to pods otherwise, as kube2iam's and kiam's
    /// `iam.amazonaws.com/role`.
    Elsewhere,
}

impl Key {
    /// Nothing for the webhook's own key, and for one that speaks of no such thing: it is somebody else's.
    fn of(key: &str) -> Option<Self> {
        if key == ROLE_ANNOTATION {
            return None;
        }
        let letters = |text: &str| -> String {
            let plain = text.chars().filter(char::is_ascii_alphanumeric);
            plain.map(|c| c.to_ascii_lowercase()).collect()
        };
        let (domain, name) = key.split_once('/').unwrap_or(("", key));
        let named = letters(name) == letters("role-arn");
        let of_eks = domain == "eks.amazonaws.com" && letters(name).contains("role");
        if letters(key) == letters(ROLE_ANNOTATION) || alike(key, ROLE_ANNOTATION) || of_eks {
            return Some(Self::Slip);
        }
        let of_aws = ["amazonaws.com", "amazon.com", "aws", "eks", "iam"].iter().any(|word| domain.contains(word));
        if named && (of_aws || domain.is_empty()) {
            return Some(Self::Slip);
        }
        (of_aws && letters(name).contains("role")).then_some(Self::Elsewhere)
    }
}

fn is_role(value: &str) -> bool {
    arn_parts(value.trim()).is_some_and(|(_, _, r)| r.starts_with("role/"))
}

/// The workload's service account is not there: neither a role nor a new pod can come from it.
fn gone(e: &View<'_>) -> Option<Draft> {
    let w = e.workload().known()?;
    let who = format!("{}/{}", w.namespace, w.template.service_account);
    let role = e.role_arn().known().cloned().unwrap_or_else(|| some_role(e));
    let (namespace, name) = (&w.namespace, &w.template.service_account);
    let commands = shell::line(
        "kubectl create serviceaccount -n {} {} && kubectl annotate serviceaccount -n {} {} {}={}",
        &[namespace, name, namespace, name, ROLE_ANNOTATION, &role],
    );
    let known = e.siblings().known().map(|all| all.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", "));
    Some(
        Draft::new(format!(
            "{} {}/{} runs as the service account {who}, which does not exist: it names no role, gets no token, \
             and no new pod can be made",
            w.kind, w.namespace, w.name
        ))
        .show("serviceAccountName", name.clone(), "pod template")
        .show(
            "service accounts there",
            known.unwrap_or_else(|| "not read".to_owned()),
            format!("namespace {namespace}"),
        )
        .cure("create the service account with its role, then recreate the pods", &[("kubectl", commands)]),
    )
}

/// Without an identity of its own an SDK asks for the node's role last; it did not get that one either.
fn unreachable_node(line: &LogFailure) -> Draft {
    Draft::new(
        "the node's role, which an SDK falls back to, was not reached either: the instance metadata service does not \
         answer pods where its hop limit is 1",
    )
    .hear(line)
    .unsure(Confidence::Possible, "`aws ec2 describe-instances --query '..MetadataOptions'` tells the hop limit")
    .cure("nothing: a role of its own for the service account makes the node's needless", &[])
}

fn nameless(e: &View<'_>, sa: &ServiceAccount, who: &str, line: Option<&LogFailure>) -> Draft {
    let lacks = if sa.annotations.contains_key(ROLE_ANNOTATION) {
        "its annotation {} is empty"
    } else {
        "it has no {} annotation"
    };
    let lacks = lacks.replace("{}", ROLE_ANNOTATION);
    let association = match e.associations() {
        Observed::Known { .. } | Observed::Absent { .. } => " and no Pod Identity association",
        Observed::Denied { .. }
        | Observed::Unreachable { .. }
        | Observed::NotCollected { .. }
        | Observed::Spared { .. } => "",
    };
    let then = match line.map(|l| l.failure.symptom) {
        Some(Symptom::NodeRoleUsed) => "so its pods act as the node",
        Some(Symptom::NoCredentials | Symptom::NoInstanceRole | Symptom::ImdsUnreachable) => {
            "so its pods have no credentials of their own"
        }
        _ => "so nothing is injected into its pods",
    };
    Draft::new(format!("the service account {who} names no role: {lacks}{association}, {then}")).show(
        "annotations",
        sa.annotations.keys().cloned().collect::<Vec<_>>().join(", "),
        format!("ServiceAccount {who}"),
    )
}

fn unannotated(view: &View<'_>, e: &View<'_>, sa: &ServiceAccount) -> Option<(Cause, Draft)> {
    let who = format!("{}/{}", sa.namespace, sa.name);
    let mut near = sa.annotations.iter().filter(|(_, v)| is_role(v)).filter_map(|(k, v)| Some((k, v, Key::of(k)?)));
    if let Some((key, arn, kind)) = near.clone().find(|(.., kind)| *kind == Key::Slip).or_else(|| near.next()) {
        let draft = Draft::new(format!(
            "the service account {who} names its role under `{key}`, and the webhook reads only {ROLE_ANNOTATION}"
        ))
        .show("annotation", format!("{key}={arn}"), format!("ServiceAccount {who}"));
        let draft = match kind {
            Key::Slip => draft,
            Key::Elsewhere => {
                let decide = format!("who reads the annotation {key}, and whether the webhook is meant to");
                draft.unsure(Confidence::Likely, decide)
            }
        };
        return Some((Cause::AnnotationKeyWrong, annotate(e, draft, sa, arn)));
    }
    let template = e.workload().known().map(|w| (&w.template.annotations, &w.annotations));
    let on_pod = template.and_then(|(t, w)| t.get(ROLE_ANNOTATION).or_else(|| w.get(ROLE_ANNOTATION)));
    if let Some(arn) = on_pod {
        let draft = Draft::new(format!(
            "the role stands on the workload's pods as an annotation, and the webhook \
            reads it from the service account {who} only"
        ))
        .show("pod annotation", format!("{ROLE_ANNOTATION}={arn}"), "pod template metadata.annotations")
        .show("service account", "no such annotation", format!("ServiceAccount {who}"));
        return Some((Cause::AnnotationOnPodNotServiceAccount, annotate(e, draft, sa, arn)));
    }
    if let Some(draft) = one_of_several(e, sa, &who) {
        return Some((Cause::AddonAnnotatesOneOfSeveralServiceAccounts, draft));
    }
    nameless_and_failing(view, e, sa, &who)
}

/// The add-on gave its role to another service account of its own, and this one has none.
fn one_of_several(e: &View<'_>, sa: &ServiceAccount, who: &str) -> Option<Draft> {
    let addons = addons(e);
    let sibling = e.siblings().known().into_iter().flatten().find(|s| {
        s.role_arn().is_some_and(|arn| addons.iter().any(|a| a.role_arn.as_deref() == Some(arn)))
            && shares_stem(&s.name, &sa.name)
    })?;
    let arn = sibling.role_arn().unwrap_or_default();
    let draft = Draft::new(format!(
        "the EKS add-on gave its role to the service account {} only; {who} has none",
        sibling.name
    ))
    .show(
        "sibling",
        format!("{ROLE_ANNOTATION}={arn}"),
        format!("ServiceAccount {}/{}", sibling.namespace, sibling.name),
    )
    .show("this one", "no such annotation", format!("ServiceAccount {who}"));
    Some(annotate(e, draft, sa, arn))
}

fn addons<'a>(e: &View<'a>) -> &'a [Addon] {
    e.addons().known().map(Vec::as_slice).unwrap_or_default()
}

/// How sure it is that the account lacks its annotation.
fn weighed(e: &View<'_>, draft: Draft, line: Option<&LogFailure>, fails: bool) -> Draft {
    let others = match e.siblings() {
        Observed::Denied { .. } | Observed::Unreachable { .. } => Some(lacking(
            "whether another service account of the namespace, with a role, is the one meant",
            e.siblings(),
        )),
        Observed::Known { .. } | Observed::Absent { .. } | Observed::NotCollected { .. } | Observed::Spared { .. } => {
            None
        }
    };
    match line {
        Some(l) if !none_known(e) => draft
            .hear(l)
            .unsure(Confidence::Possible, "the Pod Identity associations, which were not read: denied is not absent"),
        Some(l) => match others {
            Some(others) => draft.hear(l).unsure(Confidence::Possible, others),
            None => draft.hear(l),
        },
        None if !fails => {
            draft.quiet().unsure(Confidence::Likely, "whether the workload is meant to have the role that waits for it")
        }
        None if !none_known(e) => draft
            .unsure(Confidence::Possible, "the Pod Identity associations, which were not read: denied is not absent"),
        None if others.is_some() => draft.unsure(Confidence::Possible, others.unwrap_or_default()),
        None if e.logs().is_refused() => {
            draft.unsure(Confidence::Possible, lacking("what the workload is refused, which its logs show", e.logs()))
        }
        None => draft.unsure(Confidence::Likely, "the pods' logs would show a refused or missing credential"),
    }
}

/// No role is named anywhere, and the pods fail, or a role waits for the account.
fn nameless_and_failing(view: &View<'_>, e: &View<'_>, sa: &ServiceAccount, who: &str) -> Option<(Cause, Draft)> {
    if let Some(found) = taken_away::taken_away(e, sa, who) {
        return Some(found);
    }
    let wanted = [WITHOUT_IDENTITY, &[Symptom::AccessDeniedAction, Symptom::AssumeRoleDenied]].concat();
    let line = find(view, &wanted);
    let unready = e.pods_down() > 0;
    let preset = e.workload().known().is_some_and(|w| w.template.containers.iter().any(|c| c.has_env(ROLE_VARIABLE)));
    let admitting = trust::admitting(e);
    let subject = format!("system:serviceaccount:{}:{}", sa.namespace, sa.name);
    let waiting = admitting.iter().any(|r| r.trust_policy.contains(&format!("\"{subject}\"")));
    let fails = line.is_some() || unready;
    // What has container credentials acts by an association, be it that nobody could read it.
    let pods = e.pods().known().into_iter().flatten();
    let associated = pods.flat_map(|p| &p.spec.containers).any(|c| c.has_env(CONTAINER_VARIABLE));
    if preset || associated || !(fails || waiting) {
        return None;
    }
    if let Some(draft) = pod_identity::misnamed(e, sa, None).filter(|_| fails) {
        return Some((Cause::AssociationForAnotherServiceAccount, draft));
    }
    if let Some(draft) = misnamed(e, sa, line).filter(|_| fails && !waiting) {
        return Some((Cause::WorkloadRunsAsAnotherServiceAccount, draft));
    }
    let told = addons(e)
        .iter()
        .find_map(|a| a.role_arn.as_deref().filter(|_| a.name == "vpc-cni" && sa.name == "aws-node"))
        .or_else(|| e.role_arn().known().map(String::as_str))
        .or_else(|| admitting.first().filter(|_| admitting.len() == 1).map(|r| r.arn.as_str()));
    // A workload nobody meant to give a role, on nodes whose metadata service it cannot reach, lived on theirs.
    if told.is_none() && admitting.is_empty() && line.is_some_and(|l| l.failure.symptom == Symptom::ImdsUnreachable) {
        return None;
    }
    let draft = nameless(e, sa, who, line);
    let draft = match admitting.as_slice() {
        [] => draft,
        roles => draft.show(
            if roles.len() == 1 { "role that trusts it" } else { "roles that trust it" },
            roles.iter().map(|r| r.arn.as_str()).collect::<Vec<_>>().join(", "),
            e.trusting().source().map_or("iam:ListRoles", |s| s.what.as_str()),
        ),
    };
    let draft = weighed(e, draft, line, fails);
    Some((
        Cause::AnnotationMissingOnServiceAccount,
        match told {
            Some(arn) => annotate(e, draft, sa, arn),
            None => draft.cure(
                "annotate the service account with the role it should have",
                &[("kubectl", annotation(&sa.namespace, &sa.name, "", &some_role(e)))],
            ),
        },
    ))
}

/// Another service account of the namespace, named nearly as this one, has a role, and this one has none.
fn misnamed(e: &View<'_>, sa: &ServiceAccount, line: Option<&LogFailure>) -> Option<Draft> {
    let mut others = e.siblings().known()?.iter().filter(|s| s.name != sa.name && alike(&s.name, &sa.name));
    let (near, role) = others.find_map(|s| Some((s, s.role_arn()?)))?;
    let w = e.workload().known()?;
    let template = "kubectl patch {} {} -n {} -p {}";
    let patch = serde_json::json!({"spec": {"template": {"spec": {"serviceAccountName": near.name}}}}).to_string();
    let by_hand = shell::line(template, &[&w.kind.to_lowercase(), &w.name, &w.namespace, &patch]);
    let draft = Draft::new(format!(
        "the workload runs as the service account {}, which names no role; {}, of nearly the same name, names {role}",
        sa.name, near.name
    ))
    .show("service account of the pods", sa.name.clone(), format!("{} {}/{}", w.kind, w.namespace, w.name))
    .show("the other", format!("{ROLE_ANNOTATION}={role}"), format!("ServiceAccount {}/{}", near.namespace, near.name))
    .unsure(Confidence::Likely, "whose role is meant: whoever wrote the workload knows which account it should use")
    .cure("let the workload use the service account that has the role", &[("kubectl", by_hand)]);
    Some(match line {
        Some(line) => draft.hear(line),
        None => draft,
    })
}

/// Service accounts of one add-on begin alike, as `ebs-csi-controller-sa` and `ebs-csi-node-sa` do.
fn shares_stem(a: &str, b: &str) -> bool {
    let stem = |t: &str| t.split('-').take(2).collect::<Vec<_>>().join("-");
    stem(a) == stem(b)
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn only_what_looks_like_the_webhooks_own_key_is_taken_for_it() {
        for slip in [
            "eks.amazonaws.com/role_arn",
            "eks.amazonaws.com/rolearn",
            "eks.amazonaws.com/iam-role-arn",
            "eks.amazonaw.com/role-arn",
            "amazonaws.com/role-arn",
            "role-arn",
            "iam.amazonaws.com/role-arn",
        ] {
            assert_eq!(Key::of(slip), Some(Key::Slip), "{slip}");
        }
        assert_eq!(Key::of("iam.amazonaws.com/role"), Some(Key::Elsewhere));
        for other in ["eks.amazonaws.com/role-arn", "example.com/audit-role", "backup.example.com/role-arn", "owner"] {
            assert_eq!(Key::of(other), None, "{other}");
        }
    }
}
