//! Who of the user's own vouches for a token: what nobody knows, and what nobody checked, earns a question and no
//! step.
//!
//! A token says what its maker wants. Its issuer counts once the account knows it (a provider, a principal of the
//! role's trust policy, a provider that was deleted) or the cluster does (it minted the token, or `DescribeCluster`
//! names the issuer); what else it says counts once its signature was checked by somebody.

use serde_json::Value;
use trustwalk_foreign::shell;

use super::facts::{bare, effective_audience};
use super::{Draft, names};
use crate::evidence::{Role, Target, TokenSource, View};
use crate::finding::Confidence;

/// Audiences by which AWS itself is asked for (EKS User Guide, "IAM roles for service accounts"; GitHub Docs).
const OF_AWS: [&str; 2] = ["sts.amazonaws.com", "sts.amazonaws.com.cn"];

/// What a token cannot be believed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// Nothing of the user's knows this issuer.
    Issuer(String),
    /// The token was handed in, and nobody checked its signature.
    Signature,
}

impl Doubt {
    /// In one clause, after a sentence.
    pub(super) fn clause(&self, e: &View<'_>) -> String {
        match self {
            Self::Issuer(iss) => match claimant(e) {
                Some(claimant) => format!("{claimant} claims {iss} as its issuer, and {}", nobody(e)),
                None if matches!(e.target(), Target::Log { .. }) => {
                    "a log alone names it: neither the account nor the cluster was read".to_owned()
                }
                None => format!("{iss} was asked about, and {}", nobody(e)),
            },
            Self::Signature => {
                let claimant = claimant(e).unwrap_or_else(|| "what was handed in".to_owned());
                format!("{claimant} says so, and its signature was not checked against its issuer's keys")
            }
        }
    }

    fn decide(&self, e: &View<'_>) -> String {
        match self {
            Self::Issuer(iss) => format!(
                "whether {iss} is an issuer of yours: who runs it{}; the cluster's own is what `{}` tells",
                if e.token().known().is_some() { ", and who handed the token over" } else { "" },
                shell::line(
                    "aws eks describe-cluster --name {} --query cluster.identity.oidc.issuer --output text",
                    &[names::cluster(e)]
                )
            ),
            Self::Signature => {
                "whether the token is its issuer's: run again where the issuer's key set can be fetched".to_owned()
            }
        }
    }
}

/// Who claims to be of the issuer, where anybody does.
fn claimant(e: &View<'_>) -> Option<String> {
    let origin = &e.token().known()?.origin;
    let words = if origin.contains("token") { origin.clone() } else { format!("the token ({origin})") };
    Some(if origin.is_empty() { "what was handed in".to_owned() } else { words })
}

/// Who does not know the issuer, of those that were asked.
fn nobody(e: &View<'_>) -> &'static str {
    match (e.providers().known().is_some() || e.provider().is_absent(), e.cluster().known().is_some()) {
        (true, true) => "neither the account nor the cluster knows that issuer",
        (true, false) => "the account does not know that issuer",
        (false, true) => "the cluster does not know that issuer",
        (false, false) => "nothing that was read knows that issuer",
    }
}

/// What there is to doubt about the token and the issuer that a change would be made for.
pub(super) fn doubt(e: &View<'_>, iss: &str) -> Option<Doubt> {
    if !issuer_known(e, iss) {
        return Some(Doubt::Issuer(iss.to_owned()));
    }
    let token = e.token().known()?;
    let handed = match token.source {
        TokenSource::Cluster | TokenSource::Typed => false,
        TokenSource::HandedIn => true,
    };
    // STS asks the trust policy last, so who is refused there has come past the check of the signature.
    let passed = e.exchange().known().is_some_and(|x| x.assumed.is_some() || x.code.as_deref() == Some("AccessDenied"));
    (handed && token.signature != Some(true) && !passed).then_some(Doubt::Signature)
}

fn issuer_known(e: &View<'_>, iss: &str) -> bool {
    let path = bare(iss);
    let names = |arn: &str| arn.split_once(":oidc-provider/").is_some_and(|(_, p)| bare(p) == path);
    let minted = e.token().known().is_some_and(|t| t.source == TokenSource::Cluster && t.iss.as_deref() == Some(iss));
    let of_cluster = e.cluster().known().and_then(|c| c.issuer.as_deref()) == Some(iss);
    let registered = e.provider().known().is_some_and(|p| names(&p.arn) || bare(&p.url) == path)
        || e.providers().known().into_iter().flatten().any(|arn| names(arn));
    let deleted = || {
        let events = e.trail().known().into_iter().flatten();
        events.filter(|t| t.name == "DeleteOpenIDConnectProvider" && t.error.is_none()).any(|t| names(&t.resource))
    };
    let roles = || e.role().known().into_iter().chain(e.trusting().known().into_iter().flatten());
    minted || of_cluster || registered || deleted() || roles().any(|role| trusts(role, path))
}

/// Whether a role's trust policy names the issuer as a federated principal.
fn trusts(role: &Role, path: &str) -> bool {
    federated(role).iter().any(|trusted| bare(trusted) == path)
}

/// The issuers whose tokens a role's trust policy lets in, without their scheme; other federated principals as they
/// are.
pub(super) fn federated(role: &Role) -> Vec<String> {
    let Ok(policy) = serde_json::from_str::<Value>(&role.trust_policy) else { return Vec::new() };
    let each = |v: &Value| v.as_array().cloned().unwrap_or_else(|| vec![v.clone()]);
    let statements = policy.get("Statement").map(each).unwrap_or_default();
    let allows = statements.iter().filter(|s| s.get("Effect").and_then(Value::as_str) == Some("Allow"));
    let named = allows.filter_map(|s| s.pointer("/Principal/Federated")).flat_map(each);
    named
        .filter_map(|principal| {
            let principal = principal.as_str()?;
            Some(principal.split_once(":oidc-provider/").map_or(principal, |(_, path)| path).to_owned())
        })
        .collect()
}

/// Whether an audience is asked for by somebody other than whoever wrote the token: AWS's own, the cluster's token,
/// or a condition of the role's trust policy.
pub(super) fn audience_known(e: &View<'_>, aud: &str, path: &str) -> bool {
    let key = format!("{path}:aud");
    let minted = e.token().known().is_some_and(|t| {
        let own = matches!(t.source, TokenSource::Cluster | TokenSource::Typed);
        own && effective_audience(t) == Some(aud)
    });
    let listed = || {
        let document = trustwalk_trust_policy::Document::parse(&e.role().known()?.trust_policy).ok()?;
        let conditions = document.statements.into_iter().flat_map(|s| s.conditions);
        Some(conditions.filter(|c| c.key.eq_ignore_ascii_case(&key)).any(|c| c.values.iter().any(|v| v == aud)))
    };
    OF_AWS.contains(&aud) || minted || listed().unwrap_or_default()
}

/// A finding of which the cause may be that the token is a stranger's: it is likely at most, and its cure is a
/// question.
pub(super) fn question(e: &View<'_>, draft: Draft, doubt: &Doubt) -> Draft {
    let mut draft = draft;
    draft.cures.clear();
    draft.confidence = draft.confidence.min(Confidence::Likely);
    draft.decide = Some(doubt.decide(e));
    let clause = doubt.clause(e);
    if !draft.sentence.contains(&clause) {
        draft.sentence = format!("{}; {clause}", draft.sentence);
    }
    draft.cure(
        "nothing is changed for it: find out first whose token this is",
        &[
            ("aws", "aws iam list-open-id-connect-providers".to_owned()),
            (
                "note",
                "an issuer that is trusted can name anybody as its subject; register one only when you know \
                who runs it"
                    .to_owned(),
            ),
        ],
    )
}
