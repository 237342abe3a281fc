//! The account has a provider for the token's issuer: whether it knows the audience, and whether STS sees it.

use super::facts::{arn_parts, effective_audience, lacking, partition, role_account};
use super::provider_absent::misplaced;
use super::refusals::Refusals;
use super::sts::Refusal;
use super::{Draft, Judged, audience, client_id, foreseen};
use crate::cause::Cause;
use crate::evidence::{Provider, TokenClaims, View};
use crate::finding::Confidence;

/// Judges the provider that is there by what the token asks for.
pub(super) fn registered(view: &View<'_>, e: &View<'_>, provider: &Provider, said: &Refusals) -> Judged {
    let Some(token) = e.token().known() else { return unseen(e, provider) };
    let Some(aud) = effective_audience(token) else { return Judged::none("the token has no audience") };
    let unseen = said.hold(Refusal::NoProvider);
    let mut judged = if unseen { not_found(view, e, provider) } else { Judged::default() };
    // An exchange that found no provider says nothing of the audience; one that a later check refused says that it
    // passed.
    let unasked = unseen && !said.hold(Refusal::Audience);
    if unasked || said.first() == Some(Refusal::Denied) || provider.client_ids.iter().any(|c| c == aud) {
        return judged;
    }
    let (cause, draft) = unregistered(e, provider, token, aud);
    judged.push(cause, draft);
    judged
}

/// A provider is registered, and STS found none.
fn not_found(view: &View<'_>, e: &View<'_>, provider: &Provider) -> Judged {
    let home = arn_parts(&provider.arn).map(|(_, account, _)| account);
    let Some((home, theirs)) = home.zip(role_account(e)).filter(|(home, theirs)| home != theirs) else {
        return china(view, e);
    };
    if let Some(draft) = misplaced(e) {
        return Judged::one(Cause::RoleArnWrongAccount, draft);
    }
    let draft = Draft::new(format!(
        "the provider {} is in account {home} and the role in {theirs}; it must stand in the role's account",
        provider.arn
    ));
    Judged::one(Cause::CrossAccountWebIdentityWithoutProviderThere, draft.show("provider", provider.arn.clone(), "IAM"))
}

/// The cause of an audience that is not registered, and the finding.
fn unregistered(e: &View<'_>, provider: &Provider, token: &TokenClaims, aud: &str) -> (Cause, Draft) {
    match client_id::lookalike(provider, aud) {
        Some(id) => (Cause::ClientIdWithInvisibleCharacters, client_id::mistyped(e, provider, token, aud, id)),
        None => (audience::reason(provider, token, aud), audience::lacking(e, provider, token, aud)),
    }
}

/// No token is at hand; a job's files may tell which audience it will ask for.
fn unseen(e: &View<'_>, provider: &Provider) -> Judged {
    let asked = foreseen::asked(e);
    match asked.as_ref().and_then(|asked| Some((asked, effective_audience(asked)?))) {
        Some((asked, aud)) if !provider.client_ids.iter().any(|c| c == aud) => {
            let (cause, draft) = unregistered(e, provider, asked, aud);
            let decide = "the aud of the token itself: `trustwalk token FILE` reads one";
            Judged::one(cause, draft.unsure(Confidence::Likely, decide))
        }
        Some(_) => Judged::open(lacking("the token's audience", e.token())),
        None => client_id::suspected(e, provider),
    }
}

/// A role and its provider are right, and STS says it knows none: STS of another partition was asked.
fn china(view: &View<'_>, e: &View<'_>) -> Judged {
    let endpoint = view.exchange().known().map(|x| x.endpoint.clone()).unwrap_or_default();
    let cn = partition(e) == "aws-cn";
    if endpoint.is_empty() || endpoint.contains(".com.cn") == cn {
        return Judged::open(
            "why STS sees no provider although one is registered: it may be seconds old; ask again in a minute",
        );
    }
    let draft = Draft::new(format!(
        "the token was sent to {endpoint}, an STS of another partition than the role's ({})",
        partition(e)
    ))
    .show("endpoint", endpoint, "exchange")
    .cure(
        "set the region of the workload",
        &[("kubectl", "set AWS_REGION and AWS_STS_REGIONAL_ENDPOINTS=regional in the container".to_owned())],
    );
    Judged::one(Cause::StsCallSentToWrongPartitionRegion, draft)
}
