//! Whether the role of a Pod Identity association, and the role that it leads to, let themselves be assumed for the
//! pod.

use serde_json::{Value, json};
use trustwalk_foreign::shell;
use trustwalk_symptoms::Symptom;
use trustwalk_trust_policy::{
    Context, Decision, Document, DocumentStatement, Effect, Policy, Principal, PrincipalKind, Principals, Request,
    SaveContext,
};

use super::association::association;
use super::facts::{arn_parts, lacking, service_account};
use super::symptoms::find;
use super::{Draft, Judged};
use crate::cause::Cause;
use crate::evidence::{PodIdentityAssociation, Role, ServiceAccount, View};
use crate::finding::Confidence;
use crate::plan::{Action, ways};

/// Who assumes a role for a pod (EKS User Guide, "Create IAM role with trust policy required by EKS Pod Identity").
const SERVICE: &str = "pods.eks.amazonaws.com";

/// What EKS asks for, one request after the other (same page).
const ACTIONS: [&str; 2] = ["sts:AssumeRole", "sts:TagSession"];

/// The statement that EKS asks for.
const STATEMENT: &str = "{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"pods.eks.amazonaws.com\"}, \
                         \"Action\": [\"sts:AssumeRole\", \"sts:TagSession\"]}";

/// The session's tags (EKS User Guide, "Grant Pods access to AWS resources based on tags"); those of the pod itself are
/// another for each pod.
const TAGS: [&str; 6] = [
    "eks-cluster-arn",
    "eks-cluster-name",
    "kubernetes-namespace",
    "kubernetes-service-account",
    "kubernetes-pod-name",
    "kubernetes-pod-uid",
];

/// Judges the trust policies of the association's role and of the target role.
pub(super) fn causes(view: &View<'_>, role: &Role, own: &PodIdentityAssociation) -> Judged {
    let service = Principal::Service(SERVICE.to_owned());
    let judged = judge(view, role, own, &service, &context(view, own));
    if !judged.found.is_empty() || own.target_role_arn.is_none() {
        return judged;
    }
    let Some(target) = view.association_target().known() else {
        let mut judged = judged;
        judged.missing.push(lacking("the target role of the association", view.association_target()));
        return judged;
    };
    let mut asked = context(view, own);
    match &own.external_id {
        Some(id) => asked.set("sts:ExternalId", [id]),
        None => asked.set_absent("sts:ExternalId"),
    }
    let mut both = judge(view, target, own, &Principal::Aws(role.arn.clone()), &asked);
    both.join(judged);
    both
}

/// EKS says that it is not let assume the role, where the cluster itself was not read.
pub(super) fn told(view: &View<'_>) -> Option<Judged> {
    let line = find(view, &[Symptom::PodIdentityTrustRefused])?;
    let role = line.failure.role_arn.as_deref().and_then(|arn| arn.rsplit('/').next()).unwrap_or("ROLE");
    let look = shell::line("aws iam get-role --role-name {} --query Role.AssumeRolePolicyDocument", &[role]);
    let draft = Draft::new(format!(
        "EKS is not let assume the role of the Pod Identity association: its trust policy does not name {SERVICE} with \
         both of what EKS asks for, or names it under conditions that this pod does not meet"
    ))
    .hear(line)
    .unsure(Confidence::Likely, format!("the trust policy of the association's role: `{look}`"))
    .cure("add a statement that lets the service assume the role", &[("note", STATEMENT.to_owned())]);
    Some(Judged::one(Cause::RoleDoesNotTrustPodIdentity, draft))
}

/// The role that the association names does not exist.
pub(super) fn gone(view: &View<'_>, own: &PodIdentityAssociation) -> Judged {
    let arn = own.role_arn.as_deref().unwrap_or("that it names");
    let source = view.association_role().source().map_or("iam:GetRole", |s| s.what.as_str());
    let draft = Draft::new(format!("the Pod Identity association names the role {arn}, which does not exist"))
        .show("role of the association", arn, source)
        .cure("make the role, or have the association name one that is there", &[]);
    Judged::one(Cause::RoleDoesNotExist, draft)
}

/// The association names the role by an ARN that no role has: names are unique in an account (IAM User Guide, IAM
/// names), so the path or the partition is wrong.
pub(super) fn other_arn(view: &View<'_>, role: &Role, own: &PodIdentityAssociation) -> Option<Draft> {
    let told = own.role_arn.as_deref().filter(|told| *told != role.arn)?;
    let draft = Draft::new(format!("no role has the ARN {told} of the Pod Identity association: it is {}", role.arn))
        .show("role of the association", told, "eks:DescribePodIdentityAssociation")
        .show("role of that name", role.arn.clone(), "iam:GetRole");
    let title = "have the association name the role by its own ARN";
    let cluster = view.cluster().known().map(|c| c.name.as_str()).filter(|name| !name.is_empty());
    let Some(cluster) = cluster.filter(|_| !own.id.is_empty()) else {
        return Some(draft.cure(title, &[("note", role.arn.clone())]));
    };
    let action = Action::Associate {
        cluster: cluster.to_owned(),
        namespace: own.namespace.clone(),
        service_account: own.service_account.clone(),
        role_arn: role.arn.clone(),
        association: Some(own.id.clone()),
    };
    let by_hand = ways(view, &action);
    Some(draft.act(title, vec![action], &by_hand))
}

/// Whether a role trusts Pod Identity, as far as its principals tell.
pub(super) fn for_pods(role: &Role) -> bool {
    let document = Document::parse(&role.trust_policy);
    document.is_ok_and(|d| d.statements.iter().any(|s| s.effect == Some(Effect::Allow) && names_service(s)))
}

/// Whether a role trusts Pod Identity and no web identity.
pub(super) fn for_pods_alone(role: &Role) -> bool {
    let Ok(document) = Document::parse(&role.trust_policy) else { return false };
    let allows = || document.statements.iter().filter(|s| s.effect == Some(Effect::Allow));
    let federated = |s: &DocumentStatement| match s.principal.as_ref().map(|p| &p.principals) {
        Some(Principals::Listed(list)) => list.iter().any(|(kind, _)| *kind == PrincipalKind::Federated),
        Some(Principals::Everyone | Principals::Unusable(_)) => true,
        None => false,
    };
    allows().any(names_service) && !allows().any(federated)
}

/// What is known of EKS's request.
fn context(view: &View<'_>, own: &PodIdentityAssociation) -> Context {
    let mut context = Context::open();
    let key = |tag: &str| format!("aws:RequestTag/{tag}");
    if own.disable_session_tags == Some(true) {
        for tag in TAGS {
            context.set_absent(&key(tag));
        }
        return context;
    }
    for tag in TAGS {
        context.set_present(&key(tag));
    }
    context.set("aws:TagKeys", TAGS);
    if let Some((namespace, name)) = service_account(view) {
        context.set(&key("kubernetes-namespace"), [namespace]);
        context.set(&key("kubernetes-service-account"), [name]);
    }
    if let Some(cluster) = view.cluster().known() {
        context.set(&key("eks-cluster-name"), [cluster.name.as_str()]);
        context.set(&key("eks-cluster-arn"), [cluster.arn.as_str()]);
    }
    context
}

fn judge(view: &View<'_>, role: &Role, own: &PodIdentityAssociation, by: &Principal, asked: &Context) -> Judged {
    let Ok(document) = Document::parse(&role.trust_policy) else {
        return Judged::open(format!("whom the role {} trusts: its trust policy could not be understood", role.arn));
    };
    let policy = Policy::compile(&document);
    let tagged = own.disable_session_tags != Some(true);
    for action in ACTIONS.into_iter().filter(|a| tagged || *a != "sts:TagSession") {
        let request = Request::new(action, by.clone(), asked.clone());
        let refused = match policy.evaluate(&request) {
            Decision::Allow => continue,
            Decision::Undetermined => return Judged::open(undecided(role, by, &document)),
            Decision::ExplicitDeny => Refused::Denied,
            Decision::ImplicitDeny if fits(&document, by, action) => Refused::ByCondition,
            Decision::ImplicitDeny => Refused::NotNamed,
        };
        let draft = drafted(view, role, by, action, refused, &document);
        return Judged::one(Cause::RoleDoesNotTrustPodIdentity, told_besides(view, draft));
    }
    let mut judged = Judged::default();
    judged
        .exclude(Cause::RoleDoesNotTrustPodIdentity, format!("the trust policy of {} admits {}", role.arn, by.name()));
    judged
}

/// Why a trust policy does not admit.
#[derive(Debug, Clone, Copy)]
enum Refused {
    NotNamed,
    ByCondition,
    Denied,
}

/// Whether a statement would allow it, were it not for its conditions.
fn fits(document: &Document, by: &Principal, action: &str) -> bool {
    let mut bare = document.clone();
    for statement in &mut bare.statements {
        statement.conditions.clear();
    }
    bare.statements.retain(|s| s.effect == Some(Effect::Allow));
    Policy::compile(&bare).evaluate(&Request::new(action, by.clone(), Context::new())) == Decision::Allow
}

fn drafted(view: &View<'_>, role: &Role, by: &Principal, action: &str, refused: Refused, document: &Document) -> Draft {
    let who = by.name();
    let sentence = match refused {
        Refused::NotNamed if action == "sts:TagSession" => format!(
            "the trust policy of {} lets {who} assume the role and not tag the session, which it always does",
            role.arn
        ),
        Refused::NotNamed => format!("the trust policy of {} does not let {who} assume the role", role.arn),
        Refused::ByCondition => format!(
            "the trust policy of {} lets {who} do {action} only under conditions that this pod does not meet",
            role.arn
        ),
        Refused::Denied => format!("the trust policy of {} denies {action} to {who} by a Deny", role.arn),
    };
    let conditions = conditions(document);
    let draft = Draft::new(sentence).show("needed", format!("{action} for {who}"), "EKS User Guide").show(
        "role",
        role.arn.clone(),
        format!("{} AssumeRolePolicyDocument", role.arn),
    );
    let draft = if conditions.is_empty() {
        draft
    } else {
        draft.show("conditions", conditions, format!("{} AssumeRolePolicyDocument", role.arn))
    };
    if matches!(refused, Refused::NotNamed)
        && let Some(document) = admitting(view, role)
    {
        let action = Action::SetTrustPolicy { role: role.name.clone(), document };
        let by_hand = ways(view, &action);
        return draft.act("add a statement for exactly this pod identity", vec![action], &by_hand);
    }
    if matches!(refused, Refused::NotNamed)
        && let Some(document) = by_hand(view, role)
    {
        // Whoever has credentials for that account can save it there.
        let mut ways = ways(view, &Action::SetTrustPolicy { role: role.name.clone(), document });
        let account = arn_parts(&role.arn).map_or("another account", |(_, account, _)| account);
        ways.push(("note", format!("to be done in the account {account}, whose role it is")));
        return draft.cure("add a statement for exactly this pod identity", &ways);
    }
    let (title, note) = match (refused, by) {
        (Refused::NotNamed, Principal::Service(_)) if action == "sts:TagSession" => {
            ("allow sts:TagSession beside sts:AssumeRole", STATEMENT.to_owned())
        }
        (Refused::NotNamed, Principal::Service(_)) => {
            ("add a statement that lets the service assume the role", STATEMENT.to_owned())
        }
        (Refused::NotNamed, _) => (
            "add a statement that lets the association's role assume the target role",
            "Principal: the ARN of the association's role; Action: sts:AssumeRole and sts:TagSession; Condition: \
             sts:ExternalId as the association tells it"
                .to_owned(),
        ),
        (Refused::ByCondition | Refused::Denied, _) => {
            ("have the conditions name this cluster, namespace and service account, and nothing wider", String::new())
        }
    };
    let by_hand: Vec<(&str, String)> = if note.is_empty() { Vec::new() } else { vec![("note", note)] };
    draft.cure(title, &by_hand)
}

/// A role's trust policy with one statement more, which lets EKS assume it for pods of this cluster, namespace and
/// service account, or lets the association's role assume it with the external id that EKS sends for them; `None`
/// where what makes it exact is not known, or the role is not of an account that is at hand.
pub(crate) fn admitting(view: &View<'_>, role: &Role) -> Option<String> {
    let at_hand = view.caller().known().map(|c| c.account.as_str()) == Some(arn_parts(&role.arn)?.1);
    let own = association(view, view.service_account().known()?)?;
    let exact = own.target_role_arn.as_deref() != Some(role.arn.as_str()) || own.external_id.is_some();
    by_hand(view, role).filter(|_| at_hand && exact)
}

/// The same document for whoever may save it, with a placeholder for an external id that is not known.
fn by_hand(view: &View<'_>, role: &Role) -> Option<String> {
    let sa = view.service_account().known()?;
    let own = association(view, sa)?;
    let (principal, actions, condition) = if own.role_arn.as_deref() == Some(role.arn.as_str()) {
        (json!({"Service": SERVICE}), ACTIONS.as_slice(), tags_of(view, sa, own)?)
    } else if own.target_role_arn.as_deref() == Some(role.arn.as_str()) {
        let actions = if own.disable_session_tags == Some(true) { ACTIONS.get(..1)? } else { &ACTIONS };
        (
            json!({"AWS": own.role_arn}),
            actions,
            json!({"sts:ExternalId": own.external_id.as_deref().unwrap_or("EXTERNAL-ID")}),
        )
    } else {
        return None;
    };
    let statement = json!({
        "Effect": "Allow", "Principal": principal, "Action": actions, "Condition": {"StringEquals": condition},
    });
    let mut document: Value = serde_json::from_str(&role.trust_policy).ok()?;
    let statements = document.get_mut("Statement")?;
    match statements {
        Value::Array(all) => all.push(statement),
        Value::Object(_) => *statements = json!([statements.take(), statement]),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
    }
    let text = document.to_string();
    Document::parse(&text).ok()?.lint(&SaveContext::default()).is_empty().then_some(text)
}

/// The tags of the session that tell whose it is (EKS User Guide, "Grant Pods access to AWS resources based on tags");
/// a session without tags tells nothing.
fn tags_of(view: &View<'_>, sa: &ServiceAccount, own: &PodIdentityAssociation) -> Option<Value> {
    let cluster = view.cluster().known().filter(|c| !c.arn.is_empty() && own.disable_session_tags != Some(true))?;
    Some(json!({
        "aws:RequestTag/eks-cluster-arn": cluster.arn,
        "aws:RequestTag/kubernetes-namespace": sa.namespace,
        "aws:RequestTag/kubernetes-service-account": sa.name,
    }))
}

/// The account of the cluster, where the role is another's.
fn told_besides(view: &View<'_>, draft: Draft) -> Draft {
    match view.cluster().known().and_then(|c| arn_parts(&c.arn)) {
        Some((_, account, _)) => draft.show("account of the cluster", account, "eks:DescribeCluster"),
        None => draft,
    }
}

fn conditions(document: &Document) -> String {
    let each = document.statements.iter().flat_map(|s| &s.conditions);
    each.map(|c| format!("{} {} {}", c.operator, c.key, c.values.join(", "))).collect::<Vec<_>>().join("; ")
}

fn undecided(role: &Role, by: &Principal, document: &Document) -> String {
    format!("whether the trust policy of {} admits {}: {} decides", role.arn, by.name(), conditions(document))
}

fn names_service(statement: &DocumentStatement) -> bool {
    match statement.principal.as_ref().map(|p| &p.principals) {
        Some(Principals::Listed(list)) => list.iter().any(|(kind, v)| *kind == PrincipalKind::Service && v == SERVICE),
        Some(Principals::Everyone) => true,
        Some(Principals::Unusable(_)) | None => false,
    }
}
