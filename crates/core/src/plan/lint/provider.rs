//! Thumbprints and audiences of a provider: what is taken away nobody uses, and what is added is verified.

use super::{Refusal, Rule};
use crate::evidence::{AUDIENCE_ANNOTATION, DEFAULT_AUDIENCE, Evidence, HostChain, Observed, Provider, View};
use crate::plan::action::Action;
use crate::plan::applied::applied;
use crate::question;

/// Whether a step leaves the provider with less than is used, or with what is not verified.
pub(super) fn refused(before: &Evidence, action: &Action) -> Option<Refusal> {
    let named = match action {
        Action::SetThumbprints { provider_arn, .. } | Action::AddClientId { provider_arn, .. } => Some(provider_arn),
        Action::CreateProvider { .. } => None,
        Action::SetTrustPolicy { .. }
        | Action::Annotate { .. }
        | Action::AttachPolicy { .. }
        | Action::SetWebhook { .. }
        | Action::Associate { .. }
        | Action::Restart { .. }
        | Action::Renew { .. } => return None,
    };
    let old = before.provider.known();
    if let Some(arn) = named
        && old.is_none_or(|p| p.arn != *arn)
    {
        let words = format!("what {arn} holds was not read, so what would be lost of it is not known");
        return Some(Refusal::new(Rule::DropsUsedThumbprint, words));
    }
    let after = applied(before, action);
    let new = after.provider.known()?;
    dropped_thumbprint(before, old, new)
        .or_else(|| dropped_audience(before, old, new))
        .or_else(|| unverified(before, action, old))
}

fn has(list: &[String], thumbprint: &str) -> bool {
    list.iter().any(|t| t.eq_ignore_ascii_case(thumbprint))
}

/// A thumbprint that goes although a chain that is presented has it, or may have it.
fn dropped_thumbprint(e: &Evidence, old: Option<&Provider>, new: &Provider) -> Option<Refusal> {
    let gone = old?.thumbprints.iter().find(|t| !has(&new.thumbprints, t))?;
    let refusal = |words| Some(Refusal::new(Rule::DropsUsedThumbprint, words));
    if e.chains.is_empty() {
        return refusal(format!("whether {gone} is still presented is not known: no host's certificates were read"));
    }
    if e.chains.iter().any(|c| c.known().is_none()) {
        return refusal(format!("whether {gone} is still presented is not known: a host's certificates were not read"));
    }
    let read = || e.chains.iter().filter_map(Observed::known);
    let certificates = e.chains.certificates();
    let presents = |chain: &Vec<_>| chain.iter().any(|c: &trustwalk_x509::Certificate| is(c, gone));
    if let Some((host, _)) = read().zip(certificates.iter()).find(|(_, chain)| presents(chain)) {
        return refusal(format!("{} still presents the certificate of {gone}", host.host));
    }
    let differs = |host: &&HostChain| !host.differing_addresses.is_empty();
    let host = read().find(differs)?;
    refusal(format!(
        "whether {gone} is still presented is not known: {} of {} present another chain, which was not read",
        host.differing_addresses.join(", "),
        host.host
    ))
}

fn is(certificate: &trustwalk_x509::Certificate, thumbprint: &str) -> bool {
    certificate.sha1().as_str().eq_ignore_ascii_case(thumbprint)
}

/// An audience that goes although somebody asks for it, or may. Only one namespace's service accounts are read, so
/// that nobody asks for it is never known.
fn dropped_audience(e: &Evidence, old: Option<&Provider>, new: &Provider) -> Option<Refusal> {
    let gone = old?.client_ids.iter().find(|c| !new.client_ids.contains(c))?;
    let asks = |audience: &str| audience == gone;
    let own = e.token.known().is_some_and(|t| t.aud.iter().any(|a| asks(a)));
    let account = e.other_accounts().find(|s| {
        s.role_arn().is_some() && asks(s.annotations.get(AUDIENCE_ANNOTATION).map_or(DEFAULT_AUDIENCE, String::as_str))
    });
    let who = match (own, account) {
        (true, _) => "the token of this identity has it".to_owned(),
        (false, Some(s)) => format!("the service account {}/{} asks for it", s.namespace, s.name),
        (false, None) => "not every identity of the issuer was read".to_owned(),
    };
    Some(Refusal::new(Rule::DropsUsedAudience, format!("the audience {gone} would go, and {who}")))
}

/// A thumbprint that comes although no chain that verifies has it.
fn unverified(e: &Evidence, action: &Action, old: Option<&Provider>) -> Option<Refusal> {
    let (Action::SetThumbprints { thumbprints, .. } | Action::CreateProvider { thumbprints, .. }) = action else {
        return None;
    };
    let held = old.map(|p| p.thumbprints.as_slice()).unwrap_or_default();
    let view = View::new(e);
    let mut new = thumbprints.iter().filter(|t| !has(held, t));
    let (thumbprint, why) = new.find_map(|t| Some((t, question::unverified(&view, t)?)))?;
    Some(Refusal::new(Rule::PinsUnverifiedChain, format!("{thumbprint} is not to be registered: {why}")))
}
