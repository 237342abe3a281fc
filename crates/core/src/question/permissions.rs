//! What the role is allowed to do, of what its workload is known to need.

use trustwalk_trust_policy::{Answer, Context, Grants, Use};

use super::addon::{add_on, known_to_allow};
use super::association::{acting_role, acts};
use super::facts::{arn_parts, lacking};
use super::names;
use super::permission::{Decider, decided_by, denied};
use super::permit::{Wanted, cured, own_policy, reopened, tag_session};
use super::symptoms::recent;
use super::{Draft, Judged};
use crate::cause::Cause;
use crate::evidence::{LogFailure, Observed, RolePolicy, Variable, View};
use crate::finding::Confidence;
use trustwalk_symptoms::Symptom;

/// The causes this question may name.
pub(super) const CAUSES: &[Cause] = &[
    Cause::RoleLacksPermission,
    Cause::RoleExplicitlyDenied,
    Cause::PermissionsBoundaryLacksAction,
    Cause::OrgPolicyRcpScpDeny,
    Cause::TagsessionNotAllowedInTrustPolicy,
];

/// The causes that the role's own policies decide.
const OWN: [Cause; 3] =
    [Cause::RoleLacksPermission, Cause::RoleExplicitlyDenied, Cause::PermissionsBoundaryLacksAction];

/// What the role's policies come to for one use.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Ruled<'a> {
    Allowed,
    /// By this policy, which may be the boundary.
    Denied(&'a RolePolicy),
    /// This boundary does not allow it, while a policy does.
    Bounded(&'a RolePolicy),
    Lacking,
    /// What would decide.
    Open(String),
}

impl<'a> Ruled<'a> {
    /// The policy that keeps the role from it.
    fn policy(&self) -> Option<&'a RolePolicy> {
        match self {
            Self::Denied(policy) | Self::Bounded(policy) => Some(policy),
            Self::Allowed | Self::Lacking | Self::Open(_) => None,
        }
    }
}

/// The role in which the workload acts, by its web identity or by its Pod Identity association, and its policies.
#[derive(Clone, Copy)]
struct Acting<'a> {
    arn: Option<&'a str>,
    policies: &'a Observed<Vec<RolePolicy>>,
}

fn acting<'a>(e: &View<'a>) -> Acting<'a> {
    if acts(e) {
        return Acting { arn: acting_role(e).map(str::trim), policies: e.association_policies() };
    }
    Acting { arn: e.role_arn().known().map(|arn| arn.trim()), policies: e.policies() }
}

/// Judges what the workload is known to need: what its log says it was refused, and what add-ons are known to call.
pub(super) fn causes(view: &View<'_>) -> Judged {
    let mut judged = Judged::default();
    for line in recent(view) {
        if line.failure.symptom == Symptom::AccessDeniedAction
            && let Some((cause, draft)) = refused(view, line)
            && !judged.found.iter().any(|f| f.cause == cause)
        {
            judged.push(cause, draft.hear(line));
            bounded_besides(view, line, &mut judged);
        }
    }
    to_the_target(view, &mut judged);
    if judged.found.is_empty() {
        denied_everything(view, &mut judged);
    }
    if judged.found.is_empty() {
        foretold(view, &mut judged);
    }
    if judged.found.is_empty() && view.logs().is_open() {
        judged.missing.push(lacking("the logs", view.logs()));
    }
    if judged.found.is_empty()
        && let Some(denied) = denied(acting(view).policies)
    {
        // What was refused may deny.
        judged.excluded.retain(|(cause, _)| !OWN.contains(cause));
        judged.missing.push(denied);
    }
    if judged.found.is_empty() && judged.excluded.is_empty() && judged.missing.is_empty() {
        let why = "no action is known that the workload needs: neither its log nor its kind tells one";
        return Judged::none(why);
    }
    judged
}

/// The boundary does not allow it either: what lets the role do it does not help without it.
fn bounded_besides(e: &View<'_>, line: &LogFailure, judged: &mut Judged) {
    let (Some(action), Some(role)) = (line.failure.denied_action.as_deref(), names::role(e)) else { return };
    let Some(policies) = acting(e).policies.known().filter(|_| own_session(e, line)) else { return };
    let resource = line.failure.resource.as_ref().map(trustwalk_symptoms::Resource::as_str);
    let asked = asked(e, Some(line), action, resource);
    let mut boundaries = policies.iter().filter(|p| p.boundary);
    let Some(boundary) = boundaries.find(|p| one(p, &asked, &mut Vec::new()).0.is_no()) else { return };
    let cause = Cause::PermissionsBoundaryLacksAction;
    if judged.found.iter().any(|f| f.cause == cause) {
        return;
    }
    let sentence = format!(
        "the permissions boundary {} of the role {role} does not allow {action} either, whatever its policies allow",
        boundary.name
    );
    let draft = Draft::new(sentence).show("permissions boundary", boundary.name.clone(), "iam:GetRole");
    let wanted = Wanted { action, resource, policy: Some(boundary) };
    judged.push(cause, cured(e, draft, cause, &wanted));
}

/// A Deny of every action on every resource: whatever the workload needs, it is not allowed to.
fn denied_everything(e: &View<'_>, judged: &mut Judged) {
    let Some((policies, role)) = acting(e).policies.known().zip(names::role(e)) else { return };
    let context = asked(e, None, "*", None).context;
    let all = |p: &&RolePolicy| {
        p.document.as_deref().is_some_and(|text| Grants::parse(text).is_ok_and(|g| g.denies_everything(&context)))
    };
    let Some(policy) = policies.iter().find(all) else { return };
    let what = if policy.boundary { "its permissions boundary" } else { "the policy" };
    let draft = Draft::new(format!("the role {role} is denied every action by a Deny in {what} {}", policy.name));
    let draft = shown(draft, policies, &Ruled::Denied(policy));
    let cause = Cause::RoleExplicitlyDenied;
    let mut ways = reopened(role, policy);
    ways.push(("note", "an allow elsewhere never outweighs a Deny; a role may have been shut on purpose".to_owned()));
    let draft = draft.cure("take that Deny away, if whoever put it there agrees", &ways);
    judged.push(cause, draft);
}

/// What an add-on calls whatever it is told to do, before its log says so.
fn foretold(e: &View<'_>, judged: &mut Judged) {
    let Some(w) = e.workload().known() else { return };
    let Some(needs) = add_on(w).filter(|_| names::role(e).is_some()) else { return };
    let theirs = acting(e).policies;
    let Some(policies) = theirs.known() else {
        if !theirs.is_absent() {
            judged.missing.push(lacking("the role's policies", theirs));
        }
        return;
    };
    let mut open: Vec<String> = Vec::new();
    for action in needs.always {
        let ruled = rule(policies, &asked(e, None, action, None));
        let Some((cause, sentence)) = verdict(e, &ruled, action) else {
            if let Ruled::Open(decide) = ruled {
                open.push(format!("whether the role is allowed to do {action}: {decide}"));
            }
            continue;
        };
        if !judged.found.iter().any(|f| f.cause == cause) {
            let draft = Draft::new(sentence).show("needed", *action, needs.source);
            judged.push(
                cause,
                cured(
                    e,
                    shown(draft, policies, &ruled),
                    cause,
                    &Wanted { action, resource: None, policy: ruled.policy() },
                ),
            );
        }
    }
    if judged.found.is_empty() && open.is_empty() {
        for cause in OWN {
            judged.exclude(cause, format!("the policies allow what {} needs: {}", w.name, needs.always.join(", ")));
        }
    }
    judged.missing.extend(open.into_iter().take(1));
}

/// What the association's role does to become the target role (EKS User Guide, "Access AWS resources using EKS Pod
/// Identity target IAM roles").
const ASSUME: &str = "sts:AssumeRole";

/// Whether the association's role is allowed to assume the target role. What a policy denies it is denied; that none
/// allows it decides where the target is of another account, for in one account the target's trust policy is enough
/// (IAM User Guide, "Cross-account policy evaluation logic"; EKS User Guide, target roles).
fn to_the_target(e: &View<'_>, judged: &mut Judged) {
    let Some(target) = e.association_target().known().filter(|_| acts(e)) else { return };
    let Some(role) = e.association_role().known() else { return };
    let Some(policies) = e.association_own_policies().known() else {
        if !e.association_own_policies().is_absent() {
            judged.missing.push(lacking("the policies of the association's role", e.association_own_policies()));
        }
        return;
    };
    let mut context = Context::open();
    context.set("aws:PrincipalArn", [role.arn.as_str()]);
    let ruled = rule(policies, &Use { action: ASSUME.to_owned(), resource: Some(target.arn.clone()), context });
    let account = |arn: &str| arn_parts(arn).map(|(_, account, _)| account.to_owned());
    let elsewhere = account(&role.arn) != account(&target.arn);
    let (cause, words) = match &ruled {
        Ruled::Denied(policy) => (Cause::RoleExplicitlyDenied, format!("{} denies it by a Deny", policy.name)),
        Ruled::Bounded(policy) if elsewhere => (
            Cause::PermissionsBoundaryLacksAction,
            format!("its permissions boundary {} does not allow it", policy.name),
        ),
        Ruled::Lacking if elsewhere => (Cause::RoleLacksPermission, "no policy of it allows that".to_owned()),
        // In one account the trust policy of the target is enough.
        Ruled::Allowed | Ruled::Bounded(_) | Ruled::Lacking => return,
        Ruled::Open(decide) => {
            judged.missing.push(format!("whether {} is allowed to assume {}: {decide}", role.arn, target.arn));
            return;
        }
    };
    let draft = Draft::new(format!(
        "the association's role {} has to assume the target role {}, and {words}",
        role.arn, target.arn
    ))
    .show("needed", format!("{ASSUME} on {}", target.arn), "EKS User Guide");
    let draft = shown(draft, policies, &ruled);
    let draft = if cause == Cause::RoleLacksPermission {
        own_policy(draft, &role.name, ASSUME, Some(&target.arn))
    } else {
        cured(e, draft, cause, &Wanted { action: ASSUME, resource: Some(&target.arn), policy: ruled.policy() })
    };
    if !judged.found.iter().any(|f| f.cause == cause) {
        judged.push(cause, draft);
    }
}

/// The request, as far as it is known.
fn asked(e: &View<'_>, line: Option<&LogFailure>, action: &str, resource: Option<&str>) -> Use {
    let mut context = Context::open();
    let known = e.role().known().filter(|_| !acts(e)).map(|r| r.arn.as_str());
    if let Some(arn) = known.or_else(|| acting(e).arn) {
        context.set("aws:PrincipalArn", [arn]);
        if let Some((_, account, _)) = arn_parts(arn) {
            context.set("aws:PrincipalAccount", [account]);
        }
    }
    context.set("aws:PrincipalType", ["AssumedRole"]);
    context.set("aws:PrincipalIsAWSService", ["false"]);
    context.set("aws:ViaAWSService", ["false"]);
    // Neither is of a session that a web identity got (IAM User Guide, "AWS global condition context keys").
    context.set_absent("aws:username");
    context.set_absent("aws:MultiFactorAuthPresent");
    context.set_absent("aws:MultiFactorAuthAge");
    for key in ["aws:CurrentTime", "aws:EpochTime", "aws:userid", "aws:UserAgent", "aws:RequestedRegion"] {
        context.set_present(key);
    }
    let told = line.and_then(|l| l.failure.region.as_ref()).map(|r| r.as_str().to_owned());
    if let Some(region) = told.or_else(|| region(e, action)) {
        context.set("aws:RequestedRegion", [region]);
    }
    Use { action: action.to_owned(), resource: resource.map(str::to_owned), context }
}

/// The region asked: of a global service the one that answers for it, else the one that the container is told (IAM
/// User Guide, `aws:RequestedRegion`).
fn region(e: &View<'_>, action: &str) -> Option<String> {
    if action.starts_with("route53:") || action.starts_with("iam:") {
        return Some("us-east-1".to_owned());
    }
    let pods = e.pods().known()?;
    let mut containers = pods.iter().flat_map(|p| &p.spec.containers);
    containers.find_map(|c| c.env_value(Variable::AwsRegion).filter(|v| !v.is_empty())).map(str::to_owned)
}

/// What all policies together come to (IAM User Guide, "Policy evaluation logic"): a deny anywhere, else an allow
/// that the boundary allows too.
fn rule<'a>(policies: &'a [RolePolicy], asked: &Use) -> Ruled<'a> {
    let (mut allowed, mut bounded) = (Answer::No, None::<(&RolePolicy, Answer)>);
    let mut open: Vec<String> = Vec::new();
    let mut unsure_deny = false;
    for policy in policies {
        let (allows, denies) = one(policy, asked, &mut open);
        match denies {
            Answer::Yes => return Ruled::Denied(policy),
            Answer::Unknown => unsure_deny = true,
            Answer::No => {}
        }
        if policy.boundary {
            bounded = Some((policy, allows));
        } else if !allowed.is_yes() && !allows.is_no() {
            allowed = allows;
        }
    }
    match (allowed, bounded) {
        // No boundary and no other policy makes up for an allow that is nowhere.
        (Answer::No, _) => Ruled::Lacking,
        (Answer::Yes, Some((boundary, Answer::No))) => Ruled::Bounded(boundary),
        (Answer::Yes, None | Some((_, Answer::Yes))) if !unsure_deny => Ruled::Allowed,
        (Answer::Yes | Answer::Unknown, _) => Ruled::Open(if open.is_empty() {
            "`aws iam simulate-principal-policy` would tell".to_owned()
        } else {
            open.join("; ")
        }),
    }
}

/// Whether one policy allows and denies, and what of it is open.
fn one(policy: &RolePolicy, asked: &Use, open: &mut Vec<String>) -> (Answer, Answer) {
    let named = policy.arn.as_deref().unwrap_or(&policy.name);
    let Some(document) = policy.document.as_deref() else {
        if known_to_allow(named, &asked.action) {
            return (Answer::Yes, Answer::No);
        }
        open.push(format!("the policy {} was not read", policy.name));
        return (Answer::Unknown, Answer::Unknown);
    };
    let Ok(grants) = Grants::parse(document) else {
        open.push(format!("the policy {} could not be understood", policy.name));
        return (Answer::Unknown, Answer::Unknown);
    };
    let told = grants.judge(asked);
    if !told.undecided.is_empty() {
        open.push(format!("{} in the policy {} decides", told.undecided.join(", "), policy.name));
    }
    (told.allowed, told.denied)
}

/// The cause that a ruling is, and its sentence.
fn verdict(e: &View<'_>, ruled: &Ruled<'_>, action: &str) -> Option<(Cause, String)> {
    let role = names::role(e)?;
    Some(match ruled {
        Ruled::Denied(policy) => {
            let (what, name) = (if policy.boundary { "its permissions boundary" } else { "the policy" }, &policy.name);
            (Cause::RoleExplicitlyDenied, format!("the role {role} is denied {action} by a Deny in {what} {name}"))
        }
        Ruled::Bounded(policy) => (
            Cause::PermissionsBoundaryLacksAction,
            format!(
                "a policy allows the role {role} to do {action}, and its permissions boundary {} does not",
                policy.name
            ),
        ),
        Ruled::Lacking => (Cause::RoleLacksPermission, format!("no policy of the role {role} allows {action}")),
        Ruled::Allowed | Ruled::Open(_) => return None,
    })
}

/// Shows the policies that were read.
fn shown(draft: Draft, policies: &[RolePolicy], ruled: &Ruled<'_>) -> Draft {
    let origin = "iam:ListAttachedRolePolicies, iam:ListRolePolicies";
    match ruled {
        Ruled::Denied(policy) => draft.show("denied by", policy.name.clone(), "policies of the role"),
        Ruled::Bounded(policy) => draft.show("permissions boundary", policy.name.clone(), "iam:GetRole"),
        Ruled::Lacking | Ruled::Allowed | Ruled::Open(_) => {
            let named: Vec<&str> = policies.iter().filter(|p| !p.boundary).map(|p| p.name.as_str()).collect();
            let listed = if named.is_empty() { "none".to_owned() } else { named.join(", ") };
            draft.show("policies of the role", listed, origin)
        }
    }
}

/// A refused action of the role's own session.
fn refused(e: &View<'_>, line: &LogFailure) -> Option<(Cause, Draft)> {
    let action = line.failure.denied_action.as_deref()?;
    if action == "sts:TagSession" {
        return Some((Cause::TagsessionNotAllowedInTrustPolicy, tag_session(e)));
    }
    if acting(e).arn.is_none() {
        return of_some_role(e, line, action);
    }
    if !own_session(e, line) {
        return None;
    }
    let role = names::role(e)?;
    let caller = |draft: Draft| {
        let arn = line.failure.caller_arn.clone().unwrap_or_default();
        draft.show("caller", arn, line.origin.clone())
    };
    let decider = decided_by(&line.failure.message);
    if let Some((cause, draft)) = decider.and_then(|d| by_words(e, d, role, action)) {
        return Some((cause, caller(draft)));
    }
    let policies = acting(e).policies.known();
    let resource = line.failure.resource.as_ref().map(trustwalk_symptoms::Resource::as_str);
    let ruled = policies.map(|p| rule(p, &asked(e, Some(line), action, resource)));
    let by_policies = ruled.as_ref().and_then(|ruled| verdict(e, ruled, action));
    if let (Some((cause, sentence)), Some(ruled)) = (by_policies, &ruled) {
        let draft = caller(Draft::new(format!("{}, and {sentence}", exchanged(e))));
        let draft = shown(draft, policies.map_or(&[], Vec::as_slice), ruled);
        return Some((cause, cured(e, draft, cause, &Wanted { action, resource, policy: ruled.policy() })));
    }
    let allowed = matches!(ruled, Some(Ruled::Allowed));
    let on = resource.filter(|r| *r != "*").map(|r| format!(" on {r}")).unwrap_or_default();
    let draft = caller(Draft::new(format!("{}, and the role {role} is not allowed to do {action}{on}", exchanged(e))));
    let draft = match (decider, ruled) {
        // AWS says itself that no policy of the role allows it.
        (Some(Decider::NoIdentityPolicy), Some(Ruled::Allowed)) => {
            draft.unsure(Confidence::Likely, "the same call again: the policies, as they were read just now, allow it")
        }
        (Some(Decider::NoIdentityPolicy), _) | (_, Some(Ruled::Denied(_) | Ruled::Bounded(_) | Ruled::Lacking)) => {
            draft
        }
        (_, Some(Ruled::Allowed)) => draft.unsure(
            Confidence::Possible,
            "the role's own policies allow it now: the resource's policy, a control policy of the organisation, \
             or an earlier state of the policies refused it; the same call again tells",
        ),
        (_, Some(Ruled::Open(decide))) => draft.unsure(Confidence::Likely, decide),
        (_, None) => draft.unsure(Confidence::Likely, lacking("the role's policies", acting(e).policies)),
    };
    if allowed {
        let draft = draft.cure("make the same call again: the role's policies allow it by now", &[]);
        return Some((Cause::RoleLacksPermission, draft));
    }
    let cause = Cause::RoleLacksPermission;
    Some((cause, cured(e, draft, cause, &Wanted { action, resource, policy: None })))
}

/// What is known of the exchange where a session of the role was refused something: whoever had that session was given
/// it, and may not be given another one now.
fn exchanged(e: &View<'_>) -> &'static str {
    match e.exchange().known() {
        Some(x) if x.assumed.is_none() => "the exchange worked before",
        Some(_) | None => "the exchange works",
    }
}

/// The role that the workload is to have is not known, and AWS itself says which policy decided about the role that it
/// has. Whether that is the right role is another matter.
fn of_some_role(e: &View<'_>, line: &LogFailure, action: &str) -> Option<(Cause, Draft)> {
    let caller = line.failure.caller_arn.as_deref()?;
    let (_, _, resource) = arn_parts(caller)?;
    let role = resource.strip_prefix("assumed-role/")?.split('/').next()?;
    let (cause, draft) = match decided_by(&line.failure.message)? {
        Decider::NoIdentityPolicy => {
            let draft = Draft::new(format!("no policy of the role {role}, in which the client acts, allows {action}"));
            let resource = line.failure.resource.as_ref().map(trustwalk_symptoms::Resource::as_str);
            (Cause::RoleLacksPermission, own_policy(draft, role, action, resource))
        }
        decider @ (Decider::OwnDeny
        | Decider::BoundaryDeny
        | Decider::Boundary
        | Decider::Organisation(_)
        | Decider::Elsewhere(_)) => by_words(e, decider, role, action)?,
    };
    let decide = format!("whether {role} is the role that the workload is to have: its service account names it");
    Some((cause, draft.unsure(Confidence::Possible, decide)))
}

/// Whether the one refused is a session of the role asked for; of a role of that name in another account it is not.
fn own_session(e: &View<'_>, line: &LogFailure) -> bool {
    let Some(caller) = line.failure.caller_arn.as_deref() else { return false };
    let account = |arn: &str| arn_parts(arn.trim()).map(|(_, account, _)| account.to_owned());
    let ours = acting(e).arn.and_then(account);
    let named = arn_parts(caller).and_then(|(_, _, resource)| resource.split('/').nth(1));
    ours.is_some() && ours == account(caller) && named == names::role(e)
}

/// What AWS's own words say decided.
fn by_words(e: &View<'_>, decider: Decider, role: &str, action: &str) -> Option<(Cause, Draft)> {
    let sentence = |policy: &str| format!("the exchange worked, and {policy} keeps the role {role} from {action}");
    let cause = match decider {
        Decider::NoIdentityPolicy => return None,
        Decider::Organisation(_) => Cause::OrgPolicyRcpScpDeny,
        Decider::OwnDeny | Decider::BoundaryDeny => Cause::RoleExplicitlyDenied,
        Decider::Boundary => Cause::PermissionsBoundaryLacksAction,
        Decider::Elsewhere(_) => Cause::RoleLacksPermission,
    };
    let draft = Draft::new(sentence(decider.policy()));
    Some(match decider {
        Decider::OwnDeny | Decider::BoundaryDeny | Decider::Boundary => {
            (cause, cured(e, draft, cause, &Wanted { action, resource: None, policy: None }))
        }
        Decider::NoIdentityPolicy | Decider::Organisation(_) | Decider::Elsewhere(_) => {
            let note = "attaching a policy to the role changes nothing".to_owned();
            (cause, draft.cure(format!("have {} allow it", decider.policy()), &[("note", note)]))
        }
    })
}
