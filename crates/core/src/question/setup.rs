//! What IAM said when provider or trust policy were to be saved: refusals that name their cause.

use serde_json::{Value, json};
use trustwalk_symptoms::Symptom;
use trustwalk_trust_policy::SHARED_ISSUERS;

use super::facts::effective_audience;
use super::symptoms::find;
use super::{Draft, Judged, foreseen, names};
use crate::cause::Cause;
use crate::evidence::{LogFailure, View};
use crate::finding::Confidence;
use crate::plan::{Action, ways};

/// Refusals to register a provider.
pub(super) fn provider(view: &View<'_>) -> Option<Judged> {
    if let Some(line) = find(view, &[Symptom::ProviderExists]) {
        let url = line.failure.issuer.clone().unwrap_or_else(|| "this URL".to_owned());
        let draft = Draft::new(format!(
            "the account has an OIDC provider for {url} already, and it can have only one per URL: whoever makes a \
             second is refused"
        ));
        return Some(Judged::one(
            Cause::OidcProviderOnePerUrl,
            seen(draft, line).cure(
                "use the provider that exists: add the audience to it, and let one stack own it",
                &[
                    ("aws", names::add_audience(view, None)),
                    (
                        "terraform",
                        "read it with `data \"aws_iam_openid_connect_provider\"`, or import it into the \
                        one configuration that owns it"
                            .to_owned(),
                    ),
                ],
            ),
        ));
    }
    let line = quota(view, "openid")?;
    let draft = Draft::new("the account's quota of OIDC providers is used up, so no further issuer can be registered");
    Some(Judged::one(
        Cause::OidcProviderCountQuota,
        seen(draft, line).cure(
            "delete providers of clusters that are gone, or have the quota raised",
            &[("aws", "aws iam list-open-id-connect-providers".to_owned())],
        ),
    ))
}

/// Refusals to save a trust policy.
pub(super) fn policy(view: &View<'_>, e: &View<'_>) -> Option<Judged> {
    if let Some(line) = quota(view, "aclsizeperrole") {
        let mut draft = seen(
            Draft::new("the trust policy is longer than IAM stores, so what was to be added to it is not there"),
            line,
        );
        if let Some(role) = e.role().known() {
            let length = role.trust_policy.chars().filter(|c| !c.is_whitespace()).count();
            draft = draft.show("trust policy stored", format!("{length} characters"), role.arn.clone());
        }
        return Some(Judged::one(
            Cause::TrustPolicySizeQuota,
            draft.cure(
                "name many subjects with one StringLike pattern, split the role, or have the quota raised to 4096",
                &[(
                    "aws",
                    "aws service-quotas request-service-quota-increase --service-code iam --quota-code L-C07B4B0D \
                     --desired-value 4096 --region us-east-1"
                        .to_owned(),
                )],
            ),
        ));
    }
    if let Some(line) = find(view, &[Symptom::FederatedInvalid]) {
        let draft =
            Draft::new("IAM refused the trust policy: its Federated principal is not the ARN of an OIDC provider");
        return Some(Judged::one(
            Cause::FederatedPrincipalMalformed,
            seen(draft, line).cure(
                "write the provider's ARN, not its URL and not an unresolved reference",
                &[("aws", "aws iam list-open-id-connect-providers".to_owned())],
            ),
        ));
    }
    let line = find(view, &[Symptom::MalformedPolicy])?;
    let text = line.sample.to_ascii_lowercase();
    let (issuer, claim) = SHARED_ISSUERS.iter().copied().find(|(issuer, claim)| unguarded(e, &text, issuer, claim))?;
    let key = if claim.contains(':') { claim.to_owned() } else { format!("{issuer}:{claim}") };
    let draft = Draft::new(format!(
        "IAM refuses to save a trust policy for {issuer} that does not evaluate {key}: every tenant of that issuer \
         could assume the role"
    ))
    .unsure(Confidence::Likely, "whether the policy that was refused has a condition on that key");
    Some(Judged::one(
        Cause::IamRejectsTrustPolicyWithoutRequiredClaim,
        seen(draft, line)
            .show("condition needed", key.clone(), "IAM User Guide")
            .cure("add the condition, naming your own tenant", &guarded(e, issuer, &key)),
    ))
}

/// The ways to save a trust policy that asks for the key that tells the issuer's tenants apart: the one that the role
/// has, each of its statements for the issuer with the condition, else one for the provider alone.
fn guarded(e: &View<'_>, issuer: &str, key: &str) -> Vec<(&'static str, String)> {
    let foretold = foreseen::token(e);
    let token = e.token().known().or(foretold.as_ref());
    let value = if key.ends_with(":aud") {
        token.and_then(effective_audience).unwrap_or("AUDIENCE")
    } else if key.ends_with(":sub") {
        token.and_then(|t| t.sub.as_deref()).unwrap_or("SUBJECT")
    } else {
        "SUBJECT"
    };
    let document = e.role().known().and_then(|r| with_condition(&r.trust_policy, issuer, key, value));
    let document = document.unwrap_or_else(|| {
        let provider = e.provider().known().map_or("PROVIDER-ARN", |p| p.arn.as_str());
        json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {key: value}}}]})
        .to_string()
    });
    let role = names::role(e).unwrap_or("ROLE").to_owned();
    ways(e, &Action::SetTrustPolicy { role, document })
}

/// A trust policy in which each Allow for the issuer asks for a key; `None` where none is for it.
fn with_condition(policy: &str, issuer: &str, key: &str, value: &str) -> Option<String> {
    let mut document: Value = serde_json::from_str(policy).ok()?;
    let all = document.get_mut("Statement")?;
    if all.is_object() {
        *all = json!([all.take()]);
    }
    let end = format!(":oidc-provider/{issuer}");
    let of_it = |s: &Value| {
        let named = match s.pointer("/Principal/Federated") {
            Some(Value::String(one)) => one.ends_with(&end),
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).any(|arn| arn.ends_with(&end)),
            Some(_) | None => false,
        };
        named && s.get("Effect").and_then(Value::as_str) == Some("Allow")
    };
    let mut changed = false;
    for statement in all.as_array_mut()?.iter_mut().filter(|s| of_it(s)) {
        let conditions = statement.as_object_mut()?.entry("Condition").or_insert_with(|| json!({}));
        let equals = conditions.as_object_mut()?.entry("StringEquals").or_insert_with(|| json!({}));
        equals.as_object_mut()?.insert(key.to_owned(), json!(value));
        changed = true;
    }
    changed.then(|| document.to_string())
}

/// Whether the refusal is about this issuer and no condition on its claim is to be seen.
fn unguarded(e: &View<'_>, refusal: &str, issuer: &str, claim: &str) -> bool {
    let key = if claim.contains(':') { claim.to_ascii_lowercase() } else { format!("{issuer}:{claim}") };
    let named = refusal.contains(issuer);
    match e.role().known() {
        Some(role) => {
            let policy = role.trust_policy.to_ascii_lowercase();
            (named || policy.contains(&format!(":oidc-provider/{issuer}\""))) && !policy.contains(&key)
        }
        None => named,
    }
}

/// A line about this quota.
fn quota<'a>(view: &View<'a>, name: &str) -> Option<&'a LogFailure> {
    super::recent(view)
        .into_iter()
        .find(|l| l.failure.symptom == Symptom::QuotaExceeded && l.failure.message.to_ascii_lowercase().contains(name))
}

fn seen(draft: Draft, line: &LogFailure) -> Draft {
    draft.hear(line)
}
