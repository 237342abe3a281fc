//! Which role the workload is told to assume, and by which annotation.

use trustwalk_logs::Symptom;

use super::facts::{arn_parts, in_cluster, lacking, service_account};
use super::symptoms::{WITHOUT_IDENTITY, find};
use super::{Draft, Judged, trust};
use crate::evidence::{Evidence, ROLE_ANNOTATION, ServiceAccount, Target};
use crate::finding::Confidence;
use crate::plan::Action;
use crate::rule::{Kind, View};

/// Judges the annotation and the role's ARN.
pub(crate) fn causes(view: &View<'_>) -> Judged {
    let e = view.reading(Kind::ServiceAccount);
    for kind in [
        Kind::Workload,
        Kind::Pods,
        Kind::Siblings,
        Kind::Associations,
        Kind::Cluster,
        Kind::RoleArn,
        Kind::Trusting,
        Kind::Token,
        Kind::Provider,
    ] {
        view.reading(kind);
    }
    let mut judged = Judged::default();
    if let Some(arn) = e.role_arn.known()
        && let Some(draft) = malformed(e, arn)
    {
        judged.push("role-arn-malformed-or-not-a-role", draft);
        return judged;
    }
    if e.role_arn.known().is_none()
        && let Some(line) = find(view, &[Symptom::RoleArnInvalid])
    {
        let draft = Draft::new("STS says that what it was asked for is not a role's ARN")
            .show("failure", line.sample.clone(), line.origin.clone())
            .show("expected", "arn:aws:iam::ACCOUNT:role/NAME", "IAM identifiers")
            .cure(
                "give the role's ARN, without quotes, backslashes or blanks, and with twelve digits for the account",
                &[("aws", "aws iam get-role --role-name NAME --query Role.Arn --output text".to_owned())],
            );
        judged.push("role-arn-malformed-or-not-a-role", draft);
        return judged;
    }
    let unread = e.role_arn.known().is_none() && !e.role_arn.is_absent();
    if unread && (in_cluster(e) || matches!(e.target, Target::Job { .. })) {
        return Judged::open(lacking("the role the workload is told to assume", &e.role_arn));
    }
    if !in_cluster(e) {
        return if e.role_arn.known().is_some() { judged } else { Judged::none("not a workload of a cluster") };
    }
    let Some(sa) = e.service_account.known() else {
        return Judged::open(lacking("the service account", &e.service_account));
    };
    if sa.role_arn().is_some() || associated(e, sa) {
        return judged;
    }
    if let Some((rule, draft)) = unannotated(view, e, sa) {
        judged.push(rule, draft);
    }
    judged
}

pub(super) fn associated(e: &Evidence, sa: &ServiceAccount) -> bool {
    e.associations.known().into_iter().flatten().any(|a| a.namespace == sa.namespace && a.service_account == sa.name)
}

fn malformed(e: &Evidence, arn: &str) -> Option<Draft> {
    let good = arn_parts(arn).is_some_and(|(partition, account, resource)| {
        partition.starts_with("aws")
            && account.len() == 12
            && account.bytes().all(|b| b.is_ascii_digit())
            && arn.contains(":iam::")
            && resource.strip_prefix("role/").is_some_and(|n| {
                !n.is_empty() && n.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-/".contains(c))
            })
    });
    if good {
        return None;
    }
    let origin = e.role_arn.source().map_or_else(|| "role ARN".to_owned(), |s| s.what.clone());
    let what = match arn_parts(arn.trim()) {
        Some((_, _, r)) if r.starts_with("policy/") => "the ARN of a policy",
        Some((_, _, r)) if r.starts_with("assumed-role/") => "the ARN of a session",
        Some((_, _, r)) if r.starts_with("instance-profile/") => "the ARN of an instance profile",
        _ => "not a role's ARN",
    };
    let mut draft = Draft::new(format!("the workload is told to assume `{arn}`, which is {what}"))
        .show("role asked for", arn, origin)
        .show("expected", "arn:aws:iam::ACCOUNT:role/NAME", "IAM identifiers");
    if let Some((namespace, name)) = service_account(e) {
        draft = draft.cure("annotate the service account with a role's ARN", &[("kubectl", format!("kubectl annotate serviceaccount -n {namespace} {name} --overwrite {ROLE_ANNOTATION}=arn:aws:iam::ACCOUNT:role/NAME"))]);
    } else {
        draft = draft
            .cure("give the role's ARN", &[("workflow", "role-to-assume: arn:aws:iam::ACCOUNT:role/NAME".to_owned())]);
    }
    Some(draft)
}

fn is_role(value: &str) -> bool {
    arn_parts(value.trim()).is_some_and(|(_, _, r)| r.starts_with("role/"))
}

pub(super) fn annotate(draft: Draft, sa: &ServiceAccount, arn: &str) -> Draft {
    let (namespace, name) = (&sa.namespace, &sa.name);
    let actions = vec![Action::Annotate {
        namespace: namespace.clone(),
        service_account: name.clone(),
        key: ROLE_ANNOTATION.to_owned(),
        value: Some(arn.to_owned()),
    }];
    draft.act(
        "annotate the service account with the role, then recreate its pods",
        actions,
        &[
            ("kubectl", format!("kubectl annotate serviceaccount -n {namespace} {name} --overwrite {ROLE_ANNOTATION}={arn}")),
            ("terraform", format!("kubernetes_service_account: metadata {{ annotations = {{ \"{ROLE_ANNOTATION}\" = \"{arn}\" }} }}")),
            ("eksctl", format!("eksctl create iamserviceaccount --cluster CLUSTER --namespace {namespace} --name {name} --attach-role-arn {arn} --override-existing-serviceaccounts --approve")),
        ],
    )
}

fn unannotated(view: &View<'_>, e: &Evidence, sa: &ServiceAccount) -> Option<(&'static str, Draft)> {
    let who = format!("{}/{}", sa.namespace, sa.name);
    let near =
        sa.annotations.iter().find(|(k, v)| is_role(v) && k.as_str() != ROLE_ANNOTATION && !k.starts_with("kubectl."));
    if let Some((key, arn)) = near {
        let draft = Draft::new(format!(
            "the service account {who} names its role under `{key}`, and the webhook reads only {ROLE_ANNOTATION}"
        ))
        .show("annotation", format!("{key}={arn}"), format!("ServiceAccount {who}"));
        return Some(("annotation-key-wrong", annotate(draft, sa, arn)));
    }
    let template = e.workload.known().map(|w| (&w.template.annotations, &w.annotations));
    let on_pod = template.and_then(|(t, w)| t.get(ROLE_ANNOTATION).or_else(|| w.get(ROLE_ANNOTATION)));
    if let Some(arn) = on_pod {
        let draft = Draft::new(format!("the role stands on the workload's pods as an annotation, and the webhook reads it from the service account {who} only")).show("pod annotation", format!("{ROLE_ANNOTATION}={arn}"), "pod template metadata.annotations").show("service account", "no such annotation", format!("ServiceAccount {who}"));
        return Some(("annotation-on-pod-not-service-account", annotate(draft, sa, arn)));
    }
    let addons = e.cluster.known().map(|c| c.addons.as_slice()).unwrap_or_default();
    let sibling = e.siblings.known().into_iter().flatten().find(|s| {
        s.role_arn().is_some_and(|arn| addons.iter().any(|a| a.role_arn.as_deref() == Some(arn)))
            && shares_stem(&s.name, &sa.name)
    });
    if let Some(sibling) = sibling {
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
        return Some(("addon-annotates-one-of-several-service-accounts", annotate(draft, sa, arn)));
    }
    let wanted = [WITHOUT_IDENTITY, &[Symptom::AccessDeniedAction]].concat();
    let line = find(view, &wanted);
    let unready = e.pods.known().is_some_and(|p| !p.is_empty() && p.iter().any(|p| !p.ready));
    let preset = e.workload.known().is_some_and(|w| w.template.containers.iter().any(|c| c.has_env("AWS_ROLE_ARN")));
    if preset || (line.is_none() && !unready) {
        return None;
    }
    let admitting = trust::admitting(e);
    let told = addons
        .iter()
        .find_map(|a| a.role_arn.as_deref().filter(|_| a.name == "vpc-cni" && sa.name == "aws-node"))
        .or_else(|| e.role_arn.known().map(String::as_str))
        .or_else(|| admitting.first().filter(|_| admitting.len() == 1).map(|r| r.arn.as_str()));
    // A workload nobody meant to give a role, on nodes whose metadata service it cannot reach, lived on theirs.
    if told.is_none() && admitting.is_empty() && line.is_some_and(|l| l.failure.symptom == Symptom::ImdsUnreachable) {
        return None;
    }
    let draft = Draft::new(format!("the service account {who} names no role: it has no {ROLE_ANNOTATION} annotation and no Pod Identity association, so its pods run as the node"))
        .show("annotations", sa.annotations.keys().cloned().collect::<Vec<_>>().join(", "), format!("ServiceAccount {who}"));
    let draft = match admitting.as_slice() {
        [] => draft,
        roles => draft.show(
            if roles.len() == 1 { "role that trusts it" } else { "roles that trust it" },
            roles.iter().map(|r| r.arn.as_str()).collect::<Vec<_>>().join(", "),
            e.trusting.source().map_or("iam:ListRoles", |s| s.what.as_str()),
        ),
    };
    let draft = match line {
        Some(l) => draft.show("failure", l.sample.clone(), l.origin.clone()),
        None => draft.unsure(Confidence::Likely, "the pods' logs would show a refused or missing credential"),
    };
    Some(("annotation-missing-on-service-account", match told {
        Some(arn) => annotate(draft, sa, arn),
        None => draft.cure("annotate the service account with the role it should have", &[("kubectl", format!("kubectl annotate serviceaccount -n {} {} {ROLE_ANNOTATION}=arn:aws:iam::ACCOUNT:role/NAME", sa.namespace, sa.name)), ("eksctl", format!("eksctl create iamserviceaccount --cluster CLUSTER --namespace {} --name {} --role-only=false --approve", sa.namespace, sa.name))]),
    }))
}

/// Service accounts of one add-on begin alike, as `ebs-csi-controller-sa` and `ebs-csi-node-sa` do.
fn shares_stem(a: &str, b: &str) -> bool {
    let stem = |t: &str| t.split('-').take(2).collect::<Vec<_>>().join("-");
    stem(a) == stem(b)
}
