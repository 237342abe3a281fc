//! Whether the role's trust policy admits the identity, and if not, the most specific reason.

use crate::cause::Cause;
use serde_json::json;
use trustwalk_foreign::shell;
use trustwalk_symptoms::Symptom;
use trustwalk_trust_policy::{Asked, Call, Decision, Document, Effect, Exchange, Place, Policy};

use super::annotate::{annotate, well_formed};
use super::facts::{arn_parts, bare, effective_audience, in_cluster, issuer, lacking, role_account, told};
use super::sts::{Refusal, from_answer, from_symptom};
use super::symptoms::find;
use super::trust_case::{Case, of_token, provider_arn};
use super::{Draft, Judged, foreseen, setup, trust_job, trust_reasons, whose};
use crate::evidence::{LogFailure, Role, TokenSource, View};
use crate::finding::Confidence;

/// The causes this question may name.
pub(super) const CAUSES: &[Cause] = &[
    Cause::SubWrongServiceAccount,
    Cause::WildcardWithStringequals,
    Cause::GhaSubEnvironmentVsRef,
    Cause::GhaSubImmutableIds,
    Cause::ConditionKeyClaimNotSupportedByIam,
    Cause::PartitionAudienceMismatch,
    Cause::SubWrongNamespace,
    Cause::GhaSubBranchOrTagNotAllowed,
    Cause::TrustPolicyLacksWebIdentityStatement,
    Cause::AudienceConditionWrongInTrustPolicy,
    Cause::FederatedPrincipalMalformed,
    Cause::GhaSubCustomised,
    Cause::HttpsPrefixInArnOrConditionKey,
    Cause::AudienceConfusedWithStsEndpoint,
    Cause::ClusterRecreatedNewIssuerId,
    Cause::FederatedArnWrongAccount,
    Cause::GhaRepoOrOrgRenamed,
    Cause::GhaSubCaseMismatch,
    Cause::IamEventualConsistency,
    Cause::SubValueUnderAudKey,
    Cause::TrustPolicyWrongAction,
    Cause::AzpClaimUsedAsAudience,
    Cause::ConditionKeyMissingSubSuffix,
    Cause::ConditionKeyNotIssuerPath,
    Cause::EnterpriseIssuerPathMissingInConditionKey,
    Cause::FederatedArnWrongProvider,
    Cause::GhaSubNoTrailingContext,
    Cause::IdpSubFormatChanged,
    Cause::IdpSubFormatVaries,
    Cause::IssConditionValueWrongScheme,
    Cause::IssuerTrailingSlashMismatch,
    Cause::IssuerHostChangedDualStack,
    Cause::OrgPolicyRcpScpDeny,
    Cause::RequiredSessionTagNotInToken,
    Cause::RoleArnWrongAccount,
    Cause::TagsessionNotAllowedInTrustPolicy,
    Cause::WrongRegionInIssuerHost,
    Cause::RoleDoesNotExist,
    Cause::TrustConditionNotMet,
    Cause::TwoIssuersAndEdInOneStatement,
    Cause::IamRejectsTrustPolicyWithoutRequiredClaim,
    Cause::TrustPolicySizeQuota,
    Cause::GhaRepoNeverListed,
    Cause::CiTokenOfAnotherVersion,
    Cause::UnexpandedVariableInKey,
];

/// IAM takes seconds to spread a change; a minute is a generous bound (IAM User Guide, eventual consistency).
const SPREAD: i64 = 60;

/// Judges the trust policy for the token.
pub(crate) fn causes(view: &View<'_>) -> Judged {
    let e = view;
    // What was to be saved is another policy than the one that an exchange succeeds by.
    if let Some(refused) = setup::policy(view, e) {
        return refused;
    }
    if super::sts::succeeded(view) {
        return of_call(view).unwrap_or_default();
    }
    if let Some(line) = find(view, &[Symptom::VariableUnexpanded]) {
        return unexpanded(line);
    }
    if e.role_arn().is_absent() {
        return Judged::none("no role is named");
    }
    let told = e.role_arn().known().map_or("", String::as_str);
    if e.role().is_absent() {
        // What is not an ARN is another rule's finding.
        let malformed = !told.is_empty() && !well_formed(told);
        return if malformed { Judged::none(format!("`{told}` is not a role's ARN")) } else { missing_role(e) };
    }
    let Some(role) = e.role().known() else { return Judged::open(lacking("the role's trust policy", e.role())) };
    if told != role.arn && well_formed(told) {
        return other_arn(view, role, told);
    }
    let Some(token) = e.token().known() else { return trust_job::of_job(e, role) };
    let (Some(iss), Some(_)) = (token.iss.as_deref().or(issuer(e)), token.sub.as_deref()) else {
        return Judged::open("the token's `iss` and `sub`: the token could not be read");
    };
    let document = match Document::parse(&role.trust_policy) {
        Ok(document) => document,
        Err(error) => {
            return Judged::open(format!("the trust policy of {} could not be understood: {error}", role.arn));
        }
    };
    let case = Case::new(e, role, token, bare(iss), &document);
    match case.decision() {
        Decision::Allow => admitted(view, &case),
        Decision::Undetermined => undetermined(view, &case),
        Decision::ExplicitDeny | Decision::ImplicitDeny => trust_reasons::judged(&case),
    }
}

/// Our own call was accepted by a policy that asks for something of the call: the workload's need not meet it.
fn of_call(view: &View<'_>) -> Option<Judged> {
    let (role, token) = (view.role().known()?, view.token().known()?);
    let iss = token.iss.as_deref().or(issuer(view))?;
    let document = Document::parse(&role.trust_policy).ok()?;
    let case = Case::new(view, role, token, bare(iss), &document);
    if case.decision() != Decision::Undetermined || !in_cluster(view) {
        return None;
    }
    let keys = case.undecided();
    let refused =
        super::symptoms::differing(view).into_iter().find(|l| from_symptom(l.failure.symptom) == Some(Refusal::Denied));
    if let Some(line) = refused {
        let draft = trust_reasons::of_call(&case, &keys).show(
            "refused to the workload",
            line.sample.clone(),
            line.origin.clone(),
        );
        return Some(Judged::one(Cause::TrustConditionNotMet, draft));
    }
    // Pods that are up and say nothing of a refusal have what they need.
    (!view.pods_up() && whose::succeeds_now(view).is_none()).then(|| {
        Judged::open(format!(
            "whether the workload's own call is admitted as trustwalk's is: the trust policy of {} asks for {}, which \
             comes with the call; {} would tell",
            role.arn,
            keys.join(", "),
            trust_reasons::decides(&keys.first().map(|k| k.to_ascii_lowercase()).unwrap_or_default())
        ))
    })
}

/// What our own call alone was refused for, where the workload's own is accepted: a condition on the call.
pub(crate) fn refused_us_alone(view: &View<'_>) -> Option<String> {
    let exchange = view.exchange().known().filter(|x| x.assumed.is_none())?;
    if from_answer(exchange.code.as_deref()?, exchange.message.as_deref().unwrap_or_default()) != Refusal::Denied {
        return None;
    }
    let by = whose::succeeds_now(view)?;
    let (role, token) = (view.role().known()?, view.token().known()?);
    let iss = token.iss.as_deref().or(issuer(view))?;
    let document = Document::parse(&role.trust_policy).ok()?;
    let case = Case::new(view, role, token, bare(iss), &document);
    let keys = case.undecided();
    (case.decision() == Decision::Undetermined && !keys.is_empty()).then(|| {
        format!("only trustwalk's own call was refused, for the trust policy asks for {}: {by}", keys.join(", "))
    })
}

/// A line shows a placeholder where a name was to stand.
fn unexpanded(line: &LogFailure) -> Judged {
    let draft =
        Draft::new("a placeholder that a tool was to fill in was sent as it is, in place of a name").hear(line).cure(
            "fill the placeholder in where the file is made",
            &[("note", "`envsubst`, `!Sub`, Helm's `tpl`".to_owned())],
        );
    Judged::one(Cause::UnexpandedVariableInKey, draft)
}

/// What is not known decides. Where STS refused and nothing but the call is unknown, the call was refused for it.
fn undetermined(view: &View<'_>, case: &Case<'_>) -> Judged {
    let keys = case.undecided();
    let own = format!("{}:", case.path);
    let of_token = |key: &&String| key.get(..own.len()).is_some_and(|head| head.eq_ignore_ascii_case(&own));
    let claims: Vec<&str> = keys.iter().filter(of_token).filter_map(|key| key.get(own.len()..)).collect();
    if !claims.is_empty() {
        let which = claims.join("`, `");
        return Judged::open(format!("the token's `{which}`, which the trust policy asks for: --token FILE shows it"));
    }
    if let Some(by) = refused_us_alone(view) {
        let mut judged = Judged::default();
        judged.exclude(Cause::TrustConditionNotMet, by);
        return judged;
    }
    let denies = case.document.statements.iter().any(|s| s.effect == Some(Effect::Deny));
    if !denies && super::refusals::refusals(view).hold(Refusal::Denied) {
        return Judged::one(Cause::TrustConditionNotMet, trust_reasons::of_call(case, &keys));
    }
    let first = keys.first().map(|k| k.to_ascii_lowercase()).unwrap_or_default();
    Judged::open(format!(
        "whether the trust policy of {} admits the identity: it asks for {}, which nothing that was read tells; {} \
         would tell",
        case.role.arn,
        keys.join(", "),
        trust_reasons::decides(&first)
    ))
}

/// The identity that the role is to admit, as far as the evidence tells it.
pub(crate) fn asked(e: &View<'_>) -> Option<Asked> {
    let role = e.role().known()?;
    let foretold = foreseen::token(e);
    let token = e.token().known().or(foretold.as_ref())?;
    let path = bare(token.iss.as_deref().or(issuer(e))?);
    let audiences = e.provider().known().map(|p| p.client_ids.clone()).unwrap_or_default();
    Some(Asked { identity: of_token(&provider_arn(e, role, path), token), audiences })
}

/// Roles that already admit the workload's identity although nothing links it to them.
pub(super) fn admitting<'a>(e: &View<'a>) -> Vec<&'a Role> {
    e.trusting().known().into_iter().flatten().filter(|role| admits_token(e, role)).collect()
}

/// Whether a role's trust policy admits the token as it is.
pub(super) fn admits_token(e: &View<'_>, role: &Role) -> bool {
    let (Some(token), Some(provider)) = (e.token().known(), e.provider().known()) else { return false };
    let identity = of_token(&provider.arn, token);
    let exchange = Exchange::new(&identity, &Call::new().at(e.now()));
    Policy::parse(&role.trust_policy).is_ok_and(|policy| policy.decide(&exchange) == Decision::Allow)
}

/// Whether the role's trust policy has nothing against tokens of this audience, whatever else it asks for; `None` where
/// neither token nor provider is known.
pub(super) fn takes(e: &View<'_>, role: &Role, audience: &str) -> Option<bool> {
    let (token, provider) = (e.token().known()?, e.provider().known()?);
    let mut token = token.clone();
    (token.aud, token.azp) = (vec![audience.to_owned()], None);
    let identity = of_token(&provider.arn, &token);
    let call = Call::new().at(e.now());
    let policy = Policy::parse(&role.trust_policy).ok()?;
    if policy.decide(&Exchange::new(&identity, &call)) == Decision::Allow {
        return Some(true);
    }
    let key = format!("{}:aud", bare(&provider.url));
    let of_audience = |place: &Place| matches!(place, Place::Condition { key: k, .. } if k.eq_ignore_ascii_case(&key));
    Some(!policy.reasons(&identity, &call).iter().any(|r| of_audience(&r.place)))
}

/// The audiences that a role's trust policy asks tokens of an issuer for, each once.
pub(super) fn audiences(role: &Role, path: &str) -> Vec<String> {
    let key = format!("{path}:aud");
    let Ok(document) = Document::parse(&role.trust_policy) else { return Vec::new() };
    let conditions = document.statements.into_iter().flat_map(|s| s.conditions);
    let mut all: Vec<String> = conditions.filter(|c| c.key.eq_ignore_ascii_case(&key)).flat_map(|c| c.values).collect();
    all.sort();
    all.dedup();
    all
}

fn missing_role(e: &View<'_>) -> Judged {
    let arn = e.role_arn().known().cloned().unwrap_or_default();
    let draft = Draft::new(format!("the role {arn} that the workload is told to assume does not exist"))
        .show("role asked for", &arn, e.role_arn().source().map_or("role ARN", |s| s.what.as_str()))
        .show("IAM", "NoSuchEntity", e.role().source().map_or("iam:GetRole", |s| s.what.as_str()))
        .cure("name a role that exists, or create this one", &made_anew(e, &arn));
    let cluster = e.cluster().known().and_then(|c| arn_parts(&c.arn)).map(|(_, a, _)| a.to_owned());
    let ours = e.caller().known().map(|c| c.account.clone());
    match (role_account(e), cluster.or(ours)) {
        (Some(theirs), Some(home)) if theirs != home => Judged::one(Cause::RoleArnWrongAccount, draft),
        _ => Judged::one(Cause::RoleDoesNotExist, draft),
    }
}

/// How the role is looked for, and how it is made anew for this identity alone, as far as that is known. Where the
/// account's trail tells that it was deleted, nobody mistyped its name.
fn made_anew(e: &View<'_>, arn: &str) -> Vec<(&'static str, String)> {
    let list = "aws iam list-roles --query 'Roles[].Arn'".to_owned();
    let Some(create) = creation(e, arn) else { return vec![("aws", list)] };
    let name = arn.rsplit('/').next().unwrap_or(arn);
    let deleted = e.trail().known().into_iter().flatten().any(|t| {
        let of_it = t.resource == name || t.resource == arn || t.resources.iter().any(|r| r == name || r == arn);
        t.name == "DeleteRole" && t.error.is_none() && of_it
    });
    let note = "the policies of a role go with it: attach them again once it is there";
    if deleted {
        return vec![("aws", create), ("note", note.to_owned())];
    }
    vec![("aws", list), ("note", format!("to create it: `{create}`; {note}"))]
}

/// The command that makes the role, with a trust policy for this identity alone.
fn creation(e: &View<'_>, arn: &str) -> Option<String> {
    let (_, _, resource) = arn_parts(arn)?;
    let (path, name) = resource.strip_prefix("role")?.rsplit_once('/')?;
    let (token, provider) = (e.token().known()?, e.provider().known()?);
    let (sub, aud) = (token.sub.as_deref()?, effective_audience(token)?);
    let issuer = bare(&provider.url);
    let condition = json!({"StringEquals": {format!("{issuer}:aud"): aud, format!("{issuer}:sub"): sub}});
    let statement = json!({"Effect": "Allow", "Principal": {"Federated": provider.arn},
        "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition});
    let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let mut template = "aws iam create-role --role-name {} --assume-role-policy-document {}".to_owned();
    let mut words = vec![name, &document];
    let path = format!("{path}/");
    if path != "/" {
        template.push_str(" --path {}");
        words.push(&path);
    }
    Some(shell::line(&template, &words))
}

/// A role of that name exists, and its ARN is another: names are unique in an account (IAM User Guide, IAM names),
/// so the path or the partition is wrong.
fn other_arn(view: &View<'_>, role: &Role, told: &str) -> Judged {
    let e = view;
    let draft = Draft::new(format!("no role has the ARN {told}: the role of that name is {}", role.arn))
        .show("role asked for", told, e.role_arn().source().map_or("role ARN", |s| s.what.as_str()))
        .show("role of that name", role.arn.clone(), "iam:GetRole");
    let by_annotation = e.service_account().known().filter(|sa| sa.role_arn() == Some(told));
    let draft = match by_annotation {
        Some(sa) => annotate(e, draft, sa, &role.arn),
        None => draft.cure("name the role by its own ARN", &[("note", role.arn.clone())]),
    };
    Judged::one(Cause::RoleDoesNotExist, draft)
}

/// The policy admits the identity: if STS refuses all the same, somebody else decides.
fn admitted(view: &View<'_>, case: &Case<'_>) -> Judged {
    // Asked for under a text that is not the role's ARN, STS does not come to the policy.
    let asked = case.e.role_arn().known().is_none_or(|told| *told == case.role.arn);
    if !super::refusals::refusals(view).hold(Refusal::Denied) || !asked {
        return Judged::default();
    }
    let edited = view.trail().known().into_iter().flatten();
    let edited = edited
        .filter(|t| t.error.is_none() && (t.name == "UpdateAssumeRolePolicy" || t.name == "CreateRole"))
        .map(|t| t.at)
        .chain([case.role.created])
        .max()
        .unwrap_or_default();
    let arn = &case.role.arn;
    if case.e.now() - edited <= SPREAD {
        let draft = Draft::new(format!(
            "{arn} was changed {} s ago and IAM has not spread the change yet",
            case.e.now() - edited
        ))
        .unsure(Confidence::Likely, "ask again in a minute")
        .show("changed", told(edited), "CloudTrail or iam:GetRole")
        .cure("wait a minute and try again", &[("note", "nothing to change".to_owned())]);
        return Judged::one(Cause::IamEventualConsistency, draft);
    }
    if view.exchange().known().is_none() || case.token.source == TokenSource::Typed {
        // Only a log tells of the refusal: what was refused there need not be what was asked about here.
        return Judged::open(format!(
            "why STS refused the workload although the trust policy of {arn} admits the identity asked about: an \
             exchange of that very token, or the subject in CloudTrail's AssumeRoleWithWebIdentity event, would tell \
             whether the workload sent something else or a control policy of the organisation denies it"
        ));
    }
    let draft = Draft::new(format!(
        "STS refuses although the trust policy of {arn} admits this identity: a service or resource control policy \
         of the organisation denies it"
    ))
    .unsure(
        Confidence::Likely,
        "the organisation's administrators can read its control policies: `aws \
        organizations list-policies --filter RESOURCE_CONTROL_POLICY`",
    )
    .show("trust policy", "admits the identity", format!("{arn} AssumeRolePolicyDocument"))
    .show("STS", "AccessDenied", "sts:AssumeRoleWithWebIdentity")
    .cure(
        "have the control policy exempt this issuer's provider",
        &[(
            "aws",
            shell::line(
                "aws organizations list-policies-for-target --target-id {} --filter RESOURCE_CONTROL_POLICY",
                &[&role_account(case.e).unwrap_or_else(|| "ACCOUNT".to_owned())],
            ),
        )],
    );
    Judged::one(Cause::OrgPolicyRcpScpDeny, draft)
}
