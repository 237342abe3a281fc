//! Evidence of one way to a role, as the files tell it: what core's questions are asked.

use trustwalk_checkout::{Provider, Role, Text};
use trustwalk_core::evidence::{
    self as core, Evidence, Observed, ServiceAccount, Source, Target, TokenClaims, TokenSource,
};

use crate::fill::Fill;

/// Why what only a running cluster or an account tells is not there.
const FILES: &str = "files do not tell it";

/// Something that was read in a file.
pub(crate) fn known<T>(value: T, what: impl Into<String>, now: i64) -> Observed<T> {
    Observed::Known { value, source: source(what, now) }
}

/// Something that the file has not.
pub(crate) fn absent<T>(what: impl Into<String>, now: i64) -> Observed<T> {
    Observed::Absent { source: source(what, now) }
}

fn source(what: impl Into<String>, now: i64) -> Source {
    Source { what: what.into(), at: now, by_hand: None }
}

/// Evidence of a target that has nothing but what files tell.
pub(crate) fn of(target: Target, now: i64) -> Evidence {
    let mut e = Evidence::new(target, now);
    let nothing = || FILES.to_owned();
    e.pods = Observed::NotCollected { reason: nothing() };
    e.logs = Observed::NotCollected { reason: nothing() };
    e.exchange = Observed::Spared { reason: nothing() };
    e.trail = Observed::Spared { reason: nothing() }.into();
    e
}

/// A role as core knows it.
pub(crate) fn role(declared: &Role, trust: &str, fill: &Fill) -> core::Role {
    let arn = fill.arn_text(&declared.arn);
    let name = declared.name.value.known().map_or_else(|| fill.text(&declared.name.value), str::to_owned);
    // IAM's own default (IAM API reference, `CreateRole`); what is told and not known may be the longest.
    let max_session = declared
        .max_session
        .as_ref()
        .map_or(3600, |told| told.value.known().and_then(|seconds| seconds.parse().ok()).unwrap_or(43_200));
    core::Role {
        name,
        trust_policy: trust.to_owned(),
        max_session,
        boundary: declared.boundary.as_ref().map(|b| fill.text(&b.value)),
        arn,
        ..core::Role::default()
    }
}

/// A provider as core knows it; nothing where an audience of it is not known.
pub(crate) fn provider(declared: &Provider, arn: &str, issuer: &str) -> Option<core::Provider> {
    let known = |all: &[trustwalk_checkout::Said<Text>]| {
        all.iter().map(|t| t.value.known().map(str::to_owned)).collect::<Option<Vec<_>>>()
    };
    Some(core::Provider {
        arn: arn.to_owned(),
        url: issuer.to_owned(),
        client_ids: known(&declared.client_ids)?,
        thumbprints: declared.thumbprints.as_deref().and_then(known).unwrap_or_default(),
        ..core::Provider::default()
    })
}

/// The token that a service account's pods will have.
pub(crate) fn token(issuer: &str, subject: String, audience: String, origin: String) -> TokenClaims {
    TokenClaims {
        origin,
        source: TokenSource::Typed,
        alg: "RS256".to_owned(),
        iss: Some(format!("https://{issuer}")),
        sub: Some(subject),
        aud: vec![audience],
        ..TokenClaims::default()
    }
}

/// A service account as core knows it.
pub(crate) fn account(
    namespace: String,
    name: String,
    annotations: &[(trustwalk_checkout::Said<Text>, trustwalk_checkout::Said<Text>)],
    fill: &Fill,
) -> ServiceAccount {
    let each = annotations.iter().map(|(key, value)| (fill.text(&key.value), fill.text(&value.value)));
    let annotations = core::kept::annotations(each.collect());
    ServiceAccount { namespace, name, annotations, ..ServiceAccount::default() }
}
