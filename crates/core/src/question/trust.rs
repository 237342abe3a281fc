//! Whether the role's trust policy admits the identity, and if not, the most specific reason.

use crate::cause::Cause;
use trustwalk_foreign::snippet::{self, Slot};
use trustwalk_foreign::{shell, visible};
use trustwalk_trust_policy::{
    Asked, Decision, Document, DocumentCondition, DocumentStatement, Effect, Identity, Operator, Policy, PrincipalKind,
    Principals, Request,
};

use super::facts::role_account;
use super::facts::{GOOGLE, arn_parts, bare, built_in, effective_audience, issuer, lacking, like, partition};
use super::sts::Refusal;
use super::{
    Draft, Judged, foreseen, service_account, setup, subject, trust_deny, trust_job, trust_keys, trust_principal,
    trust_repair,
};
use crate::evidence::{Role, TokenClaims, TokenSource, View};
use crate::finding::Confidence;
use crate::plan::Action;

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
];

/// IAM takes seconds to spread a change; a minute is a generous bound (IAM User Guide, eventual consistency).
const SPREAD: i64 = 60;

/// The action a web identity asks for.
pub(super) const WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";

/// Everything a reason is made from.
pub(super) struct Case<'a> {
    pub(super) e: &'a View<'a>,
    pub(super) role: &'a Role,
    pub(super) token: &'a TokenClaims,
    /// Issuer without scheme.
    pub(super) path: &'a str,
    pub(super) provider_arn: String,
    pub(super) document: Document,
}

impl Case<'_> {
    /// Where in the role something stands.
    pub(super) fn origin(&self, statement: usize, rest: &str) -> String {
        format!("{} AssumeRolePolicyDocument.Statement[{statement}].{rest}", self.role.arn)
    }

    /// A finding's cure that replaces the policy, or tells what to edit.
    pub(super) fn repaired(&self, draft: Draft, title: &str, document: Option<String>) -> Draft {
        let name = &self.role.name;
        match document {
            Some(document) => {
                let template = "aws iam update-assume-role-policy --role-name {} --policy-document {}";
                let json = [Slot::Json(&document)];
                let policy = snippet::hcl("assume_role_policy = jsonencode({})", &json);
                let property = snippet::yaml("AssumeRolePolicyDocument: {}", &json);
                let by_hand = [
                    ("aws", shell::line(template, &[name, &visible::json(&document)])),
                    ("terraform", format!("in {}: {policy}", resource(name))),
                    ("cloudformation", format!("in the AWS::IAM::Role `{}`: {property}", visible::line(name))),
                ];
                draft.act(title, vec![Action::SetTrustPolicy { role: name.clone(), document }], &by_hand)
            }
            None => draft.cure(
                title,
                &[
                    (
                        "aws",
                        shell::line(
                            "aws iam update-assume-role-policy --role-name {} --policy-document file://trust-policy.json",
                            &[name],
                        ),
                    ),
                    ("note", "edit the statement shown above, keep the others".to_owned()),
                ],
            ),
        }
    }
}

/// A role's resource in Terraform, by the name most give it: the role's own.
fn resource(role: &str) -> String {
    let label = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !role.is_empty() && role.chars().all(label) {
        format!("aws_iam_role.{role}")
    } else {
        snippet::hcl("the aws_iam_role with name = {}", &[role.into()])
    }
}

/// Judges the trust policy for the token.
pub(crate) fn causes(view: &View<'_>) -> Judged {
    let e = view;
    if super::sts::succeeded(view) {
        return Judged::default();
    }
    if let Some(refused) = setup::policy(view, e) {
        return refused;
    }
    if e.role_arn().is_absent() {
        return Judged::none("no role is named");
    }
    let told = e.role_arn().known().map_or("", String::as_str);
    if e.role().is_absent() {
        // What is not an ARN is another rule's finding.
        let malformed = !told.is_empty() && !service_account::well_formed(told);
        return if malformed { Judged::none(format!("`{told}` is not a role's ARN")) } else { missing_role(e) };
    }
    let Some(role) = e.role().known() else { return Judged::open(lacking("the role's trust policy", e.role())) };
    if told != role.arn && service_account::well_formed(told) {
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
    let path = bare(iss);
    let provider_arn = provider_arn(e, role, path);
    let (presumed, unknown) = foreseen::presumed(token, path, &document);
    let case = Case { e, role, token: &presumed, path, provider_arn, document };
    let admits = admits(&case);
    if admits && !unknown.is_empty() {
        let which = unknown.join("`, `");
        return Judged::open(format!("the token's `{which}`, which the trust policy asks for: --token FILE shows it"));
    }
    if admits {
        return admitted(view, &case);
    }
    let judged = reasons(&case);
    // What comes with the call decides, and nobody saw the call.
    if judged.found.is_empty() && matches!(decision(&case, &case.document), Decision::Undetermined) {
        return Judged::open(format!(
            "whether the trust policy of {} admits the identity: a condition of it asks for what comes with the call, \
             such as an address; an exchange made by the workload would tell",
            role.arn
        ));
    }
    judged
}

/// The provider that the token comes through, registered or not.
pub(super) fn provider_arn(e: &View<'_>, role: &Role, path: &str) -> String {
    let account = arn_parts(&role.arn).map(|(_, a, _)| a.to_owned()).or_else(|| role_account(e)).unwrap_or_default();
    match e.provider().known() {
        Some(provider) => provider.arn.clone(),
        None if built_in(e) => GOOGLE.to_owned(),
        None => format!("arn:{}:iam::{account}:oidc-provider/{path}", partition(e)),
    }
}

/// The identity that the role is to admit, as far as the evidence tells it.
pub(crate) fn asked(e: &View<'_>) -> Option<Asked> {
    let role = e.role().known()?;
    let foretold = foreseen::token(e);
    let token = e.token().known().or(foretold.as_ref())?;
    let path = bare(token.iss.as_deref().or(issuer(e))?);
    let document = Document::parse(&role.trust_policy).ok()?;
    let (presumed, _) = foreseen::presumed(token, path, &document);
    let audiences = e.provider().known().map(|p| p.client_ids.clone()).unwrap_or_default();
    Some(Asked { identity: of_token(&provider_arn(e, role, path), &presumed), audiences })
}

pub(super) fn identity(case: &Case<'_>) -> Identity {
    of_token(&case.provider_arn, case.token)
}

fn of_token(provider_arn: &str, token: &TokenClaims) -> Identity {
    let mut identity = Identity::new(provider_arn);
    for (name, value) in &token.claims {
        identity = identity.with_claim(name, value.as_str());
    }
    if let Some(sub) = &token.sub {
        identity = identity.with_claim("sub", sub.as_str());
    }
    if let Some(aud) = effective_audience(token) {
        identity = identity.with_claim("aud", aud);
    }
    identity
}

/// Roles that already admit the workload's identity although nothing links it to them.
pub(super) fn admitting<'a>(e: &View<'a>) -> Vec<&'a Role> {
    e.trusting().known().into_iter().flatten().filter(|role| admits_token(e, role)).collect()
}

/// Whether a role's trust policy admits the token as it is.
pub(super) fn admits_token(e: &View<'_>, role: &Role) -> bool {
    let (Some(token), Some(provider)) = (e.token().known(), e.provider().known()) else { return false };
    let identity = of_token(&provider.arn, token);
    Document::parse(&role.trust_policy)
        .is_ok_and(|d| Policy::compile(&d).evaluate(&Request::web_identity(&identity)) == Decision::Allow)
}

pub(super) fn admits(case: &Case<'_>) -> bool {
    decision(case, &case.document) == Decision::Allow
}

/// What a policy says of the token. The time is the one key that the call brings and the evidence knows too.
pub(super) fn decision(case: &Case<'_>, document: &Document) -> Decision {
    let mut request = Request::web_identity(&identity(case));
    if let Ok(now) = jiff::Timestamp::from_second(case.e.now()) {
        request.context.set("aws:CurrentTime", [now.to_string()]);
        request.context.set("aws:EpochTime", [case.e.now().to_string()]);
    }
    Policy::compile(document).evaluate(&request)
}

/// Whether a key's value comes with the call and not with the token, so that no evidence tells it: address,
/// endpoint, session name (IAM User Guide, global condition context keys).
pub(super) fn of_call(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let told = ["aws:requesttag/", "aws:tagkeys", "aws:currenttime", "aws:epochtime", "aws:federatedprovider"];
    (key.starts_with("aws:") || key.starts_with("sts:")) && !told.iter().any(|t| key.starts_with(t))
}

/// Whether a single condition is met, asked of the same engine that judges whole policies.
pub(super) fn is_met(case: &Case<'_>, condition: &DocumentCondition) -> bool {
    let mut document = case.document.clone();
    document.statements = vec![DocumentStatement { conditions: vec![condition.clone()], ..everyone() }];
    decision(case, &document) == Decision::Allow
}

/// A statement that allows a web identity of any provider.
pub(super) fn everyone() -> DocumentStatement {
    DocumentStatement {
        effect: Some(Effect::Allow),
        principal: Some(trustwalk_trust_policy::PrincipalElement { negated: false, principals: Principals::Everyone }),
        action: Some(trustwalk_trust_policy::ListElement { negated: false, values: vec![WEB_IDENTITY.to_owned()] }),
        ..DocumentStatement::default()
    }
}

fn missing_role(e: &View<'_>) -> Judged {
    let arn = e.role_arn().known().cloned().unwrap_or_default();
    let draft = Draft::new(format!("the role {arn} that the workload is told to assume does not exist"))
        .show("role asked for", &arn, e.role_arn().source().map_or("role ARN", |s| s.what.as_str()))
        .show("IAM", "NoSuchEntity", e.role().source().map_or("iam:GetRole", |s| s.what.as_str()))
        .cure(
            "name a role that exists, or create this one",
            &[("aws", "aws iam list-roles --query 'Roles[].Arn'".to_owned())],
        );
    let cluster = e.cluster().known().and_then(|c| arn_parts(&c.arn)).map(|(_, a, _)| a.to_owned());
    let ours = e.caller().known().map(|c| c.account.clone());
    match (role_account(e), cluster.or(ours)) {
        (Some(theirs), Some(home)) if theirs != home => Judged::one(Cause::RoleArnWrongAccount, draft),
        _ => Judged::one(Cause::RoleDoesNotExist, draft),
    }
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
        Some(sa) => service_account::annotate(e, draft, sa, &role.arn),
        None => draft.cure("name the role by its own ARN", &[("note", role.arn.clone())]),
    };
    Judged::one(Cause::RoleDoesNotExist, draft)
}

/// The policy admits the identity: if STS refuses all the same, somebody else decides.
fn admitted(view: &View<'_>, case: &Case<'_>) -> Judged {
    let untagged = tags(case);
    // Asked for under a text that is not the role's ARN, STS does not come to the policy.
    let asked = case.e.role_arn().known().is_none_or(|told| *told == case.role.arn);
    if super::sts::refusal(view) != Some(Refusal::Denied) || !untagged.found.is_empty() || !asked {
        return untagged;
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
        .show("changed", edited.to_string(), "CloudTrail or iam:GetRole")
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
        "STS refuses although the trust policy of {arn} admits this identity: a service or resource control policy of the organisation denies it"
    ))
    .unsure(Confidence::Likely, "the organisation's administrators can read its control policies: `aws organizations list-policies --filter RESOURCE_CONTROL_POLICY`")
    .show("trust policy", "admits the identity", format!("{arn} AssumeRolePolicyDocument"))
    .show("STS", "AccessDenied", "sts:AssumeRoleWithWebIdentity")
    .cure("have the control policy exempt this issuer's provider", &[("aws", "aws organizations list-policies --filter SERVICE_CONTROL_POLICY".to_owned())]);
    Judged::one(Cause::OrgPolicyRcpScpDeny, draft)
}

/// Session tags in the token need `sts:TagSession` (IAM User Guide, session tags).
fn tags(case: &Case<'_>) -> Judged {
    let tagged = case.token.claims.keys().any(|k| k.starts_with("https://aws.amazon.com/tags"));
    let allows = case.document.statements.iter().any(|s| {
        s.effect == Some(Effect::Allow)
            && s.action.as_ref().is_some_and(|a| a.values.iter().any(|v| like(&v.to_lowercase(), "sts:tagsession")))
    });
    if !tagged || allows {
        return Judged::default();
    }
    let draft = Draft::new(format!(
        "the token carries session tags and the trust policy of {} does not allow sts:TagSession",
        case.role.arn
    ))
    .show("token", "claim https://aws.amazon.com/tags", case.token.origin.clone())
    .show("actions allowed", WEB_IDENTITY, format!("{} AssumeRolePolicyDocument", case.role.arn));
    Judged::one(
        Cause::TagsessionNotAllowedInTrustPolicy,
        case.repaired(draft, "allow sts:TagSession beside the web identity action", None),
    )
}

/// Federated principals of a statement.
pub(super) fn federated(statement: &DocumentStatement) -> Vec<&str> {
    match statement.principal.as_ref().map(|p| &p.principals) {
        Some(Principals::Listed(list)) => {
            // `{"AWS": "*"}` is everyone too (IAM User Guide, "Principal").
            let counts = |kind, v: &str| kind == PrincipalKind::Federated || (kind == PrincipalKind::Aws && v == "*");
            list.iter().filter(|(kind, v)| counts(*kind, v)).map(|(_, v)| v.as_str()).collect()
        }
        Some(Principals::Everyone) => vec!["*"],
        Some(Principals::Unusable(text)) => vec![text.as_str()],
        None => Vec::new(),
    }
}

/// Why the policy refuses, a Deny beside a missing Allow too, with the repair that cures all of it.
pub(super) fn reasons(case: &Case<'_>) -> Judged {
    let mut judged = lacks(case);
    let denied = trust_deny::denying(case);
    if !denied.is_empty() {
        judged.found.retain(|c| c.cause != trust_deny::CAUSE);
        judged.push(trust_deny::CAUSE, trust_deny::draft(case, &denied));
    }
    trust_repair::complete(case, &mut judged);
    judged
}

/// What keeps every Allow from applying; nothing when one does.
pub(super) fn lacks(case: &Case<'_>) -> Judged {
    let mut without = case.document.clone();
    without.statements.retain(|s| s.effect != Some(Effect::Deny));
    if decision(case, &without) == Decision::Allow {
        return Judged::default();
    }
    let allows: Vec<(usize, &DocumentStatement)> =
        case.document.statements.iter().enumerate().filter(|(_, s)| s.effect == Some(Effect::Allow)).collect();
    let web: Vec<(usize, &DocumentStatement)> =
        allows.iter().copied().filter(|(_, s)| !federated(s).is_empty()).collect();
    if web.is_empty() {
        return Judged::one(Cause::TrustPolicyLacksWebIdentityStatement, trust_principal::lacks_statement(case));
    }
    let named = |s: &DocumentStatement| federated(s).iter().any(|f| *f == case.provider_arn || *f == "*");
    let ours: Vec<(usize, &DocumentStatement)> = web.iter().copied().filter(|(_, s)| named(s)).collect();
    if ours.is_empty() {
        return trust_principal::wrong_principal(case, &web);
    }
    let acts = |s: &DocumentStatement| {
        let wanted = WEB_IDENTITY.to_lowercase();
        s.action.as_ref().is_some_and(|a| a.values.iter().any(|v| like(&v.to_lowercase(), &wanted)) != a.negated)
    };
    let acting: Vec<(usize, &DocumentStatement)> = ours.iter().copied().filter(|(_, s)| acts(s)).collect();
    let open = |s: &DocumentStatement| s.conditions.iter().filter(|c| !is_met(case, c)).count();
    let sub = case.token.sub.as_deref().unwrap_or_default();
    let alike = |s: &DocumentStatement| {
        let values = s.conditions.iter().flat_map(|c| &c.values);
        values.map(|v| trust_principal::likeness(v, sub)).max().unwrap_or_default()
    };
    let Some(nearest) = acting.iter().copied().min_by_key(|(i, s)| (open(s), std::cmp::Reverse(alike(s)), *i)) else {
        return trust_principal::wrong_action(case, &ours);
    };
    conditions(case, nearest)
}

fn conditions(case: &Case<'_>, (index, statement): (usize, &DocumentStatement)) -> Judged {
    let mut judged = Judged::default();
    for condition in statement.conditions.iter().filter(|c| !is_met(case, c) && !foreign_audience(case, c)) {
        if Operator::parse(&condition.operator).is_none() {
            judged.found.clear();
            judged.push(Cause::TrustConditionNotMet, unknown_operator(case, index, condition));
            return judged;
        }
        let (rule, draft) = trust_keys::wrong_key(case, index, statement, condition)
            .or_else(|| subject::wrong_value(case, index, condition))
            .unwrap_or_else(|| (Cause::TrustConditionNotMet, trust_keys::unmet(case, index, condition)));
        if !judged.found.iter().any(|c| c.cause == rule) {
            judged.push(rule, draft);
        }
    }
    judged
}

/// The policy asks for an audience the provider knows, and the token carries one it does not know: then the token
/// is what is wrong, and the provider's rules say so.
fn foreign_audience(case: &Case<'_>, condition: &DocumentCondition) -> bool {
    let (Some(provider), Some(aud)) = (case.e.provider().known(), effective_audience(case.token)) else { return false };
    let known = |v: &String| provider.client_ids.contains(v);
    condition.key.to_lowercase() == format!("{}:aud", case.path.to_lowercase())
        && !provider.client_ids.iter().any(|c| c == aud)
        && condition.values.iter().any(known)
}

fn unknown_operator(case: &Case<'_>, index: usize, condition: &DocumentCondition) -> Draft {
    let operator = &condition.operator;
    let draft = Draft::new(format!(
        "the trust policy of {} has a condition `{operator}`, and IAM knows no such operator, so it is never met; IAM refuses to save it",
        case.role.arn
    ))
    .show("operator", operator.clone(), case.origin(index, &format!("Condition.{operator}")))
    .show("known", "StringEquals, StringLike, ForAnyValue:StringLike, ...", "IAM User Guide, condition operators");
    case.repaired(draft, "write the operator as IAM spells it, a set operator with a colon", None)
}
