//! Limits that are nearly reached: no day is known, but what the next step is that fails.

use trustwalk_core::cause::Cause;
use trustwalk_core::evidence::{Evidence, Provider};
use trustwalk_core::finding::Exhibit;
use trustwalk_core::forthcoming::{Basis, Forthcoming, Presented, When};
use trustwalk_core::link::Link;
use trustwalk_trust_policy::{Document, TRUST_POLICY_QUOTA};

/// Thumbprints of a provider (IAM API reference, `ThumbprintList`).
const THUMBPRINTS: usize = 5;
/// Client ids of a provider, providers of an account (IAM User Guide, "IAM and AWS STS quotas").
const HUNDRED: usize = 100;
/// Keys of one type that STS reads (IAM User Guide, "Create an `OpenID` Connect (OIDC) identity provider in IAM").
const KEYS: usize = 100;
/// A limit counts as near when this part of it, in hundredths, is used.
const NEAR: usize = 90;

/// What is nearly full.
pub(crate) fn near(e: &Evidence, chains: &[Presented]) -> Vec<Forthcoming> {
    let mut all = Vec::new();
    if let Some(provider) = e.provider.known() {
        all.extend(thumbprints(provider, chains));
        all.extend(client_ids(provider));
    }
    all.extend(providers(e));
    all.extend(policy(e));
    all.extend(keys(e));
    all
}

fn is_near(used: usize, most: usize) -> bool {
    used.saturating_mul(100) >= most.saturating_mul(NEAR)
}

fn once(what: &str) -> When {
    When::Once { what: what.to_owned(), since: None }
}

/// Where thumbprints are compared, a rotation needs a place for one more.
fn thumbprints(provider: &Provider, chains: &[Presented]) -> Option<Forthcoming> {
    let full = provider.thumbprints.len() >= THUMBPRINTS && chains.iter().any(|c| c.consulted);
    full.then(|| Forthcoming {
        proof: vec![listed("registered thumbprints", &provider.thumbprints, provider)],
        advice: "take away a thumbprint that no certificate presented has".to_owned(),
        ..Forthcoming::of(
            Cause::ThumbprintMismatch,
            Basis::Quota,
            once("the issuer's authority is replaced"),
            format!("{} has {THUMBPRINTS} thumbprints, which is all that IAM keeps: no next one goes in", provider.arn),
        )
    })
}

fn listed(label: &str, values: &[String], provider: &Provider) -> Exhibit {
    Exhibit::new(label, values.join(", "), format!("{} ThumbprintList", provider.arn))
}

fn client_ids(provider: &Provider) -> Option<Forthcoming> {
    let used = provider.client_ids.len();
    is_near(used, HUNDRED).then(|| Forthcoming {
        proof: vec![Exhibit::new("client ids", used.to_string(), format!("{} ClientIDList", provider.arn))],
        advice: "take away the client ids that no token carries any more".to_owned(),
        ..Forthcoming::of(
            Cause::AudienceNotInProviderClientIds,
            Basis::Quota,
            once("more client ids are registered"),
            format!("{} has {used} of {HUNDRED} client ids that IAM keeps", provider.arn),
        )
    })
}

fn providers(e: &Evidence) -> Option<Forthcoming> {
    let used = e.providers.known()?.len();
    let account = e.caller.known().map_or("the account", |c| c.account.as_str());
    is_near(used, HUNDRED).then(|| Forthcoming {
        proof: vec![Exhibit::new("providers", used.to_string(), "iam:ListOpenIDConnectProviders")],
        advice: "take away the providers of clusters that are gone, or have the quota raised".to_owned(),
        ..Forthcoming::of(
            Cause::OidcProviderCountQuota,
            Basis::Quota,
            once("more issuers are registered"),
            format!("{account} has {used} identity providers, of {HUNDRED} unless its quota was raised"),
        )
    })
}

fn policy(e: &Evidence) -> Option<Forthcoming> {
    let role = e.role.known()?;
    let used = Document::parse(&role.trust_policy).ok()?.counted_length;
    // A policy beyond the default is of an account whose quota was raised, to nobody knows what.
    (is_near(used, TRUST_POLICY_QUOTA) && used <= TRUST_POLICY_QUOTA).then(|| {
        let left = TRUST_POLICY_QUOTA.saturating_sub(used);
        Forthcoming {
            proof: vec![Exhibit::new("length", used.to_string(), format!("{} AssumeRolePolicyDocument", role.arn))],
            advice: "give identities a role each, or have the quota raised".to_owned(),
            ..Forthcoming::of(
                Cause::TrustPolicySizeQuota,
                Basis::Size,
                once(&format!("more than {left} characters are added to the policy")),
                format!(
                    "the trust policy of {} has {used} of {TRUST_POLICY_QUOTA} characters, unless its quota was raised",
                    role.arn
                ),
            )
        }
    })
}

fn keys(e: &Evidence) -> Option<Forthcoming> {
    let published = e.keys.known()?;
    let of = |kty: &str| published.keys.iter().filter(|k| k.kty == kty).count();
    let used = of("RSA").max(of("EC"));
    is_near(used, KEYS).then(|| Forthcoming {
        when: once("more keys are published"),
        code: None,
        name: None,
        link: Link::Keys,
        proof: vec![Exhibit::new("keys of one type", used.to_string(), published.fetched.url.clone())],
        advice: "have the issuer take away keys whose tokens have ended".to_owned(),
        ..Forthcoming::of(
            Cause::PublishedKeyWithoutKidOrAlg,
            Basis::Key,
            once(""),
            format!(
                "the key set holds {used} keys of one type, and STS refuses tokens when there are more than {KEYS}"
            ),
        )
    })
}
