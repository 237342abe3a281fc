//! Findings about the providers themselves: nobody trusts them, nobody uses them, audiences of no use, quotas.

use std::collections::BTreeMap;

use trustwalk_core::cause::Cause;
use trustwalk_foreign::visible::is_hidden;
use trustwalk_trust_policy::{Decision, Document, DocumentStatement, Policy, Request};

use crate::finding::{About, Finding};
use crate::grants::{Grant, Trusted};
use crate::inventory::{Inventory, LastUsed, Provider, Role};
use crate::registry::Registry;
use crate::rule::{Own, Rule};
use crate::wanted::claim_of;

/// Providers of one account (IAM User Guide, "IAM and AWS STS quotas"; can be raised).
pub const PROVIDERS_OF_ACCOUNT: usize = 100;
/// Audiences of one provider (the same; also IAM API Reference, `CreateOpenIDConnectProvider`).
pub const CLIENT_IDS_OF_PROVIDER: usize = 100;
/// Thumbprints of one provider (IAM API Reference, `CreateOpenIDConnectProvider`).
pub const THUMBPRINTS_OF_PROVIDER: usize = 5;
/// Seconds without use after which a provider is told: a quarter of a year, within the 400 days that IAM tells of.
pub const UNUSED_SECONDS: i64 = 90 * 24 * 60 * 60;

/// A role and what of it trusts a provider.
type Trust<'a> = Vec<(&'a Role, &'a Grant<'a>)>;

/// Everything about providers.
pub(crate) fn providers(inventory: &Inventory, granted: &[(usize, Vec<Grant<'_>>)], now: i64) -> Vec<Finding> {
    let registry = Registry::new(inventory);
    let mut by_provider: BTreeMap<&str, Trust<'_>> = BTreeMap::new();
    let mut by_any: BTreeMap<&str, Trust<'_>> = BTreeMap::new();
    for (position, grants) in granted {
        let Some(role) = inventory.roles.get(*position) else { continue };
        for grant in grants {
            match &grant.trusted {
                Trusted::Provider { arn, .. } => by_provider.entry(arn).or_default().push((role, grant)),
                Trusted::Any => {
                    by_any.entry(role.account.as_deref().unwrap_or_default()).or_default().push((role, grant));
                }
                Trusted::BuiltIn(_) | Trusted::Malformed(_) => {}
            }
        }
    }
    let mut found = Vec::new();
    for provider in inventory.providers.values() {
        let mut trust = by_provider.get(provider.arn.as_str()).cloned().unwrap_or_default();
        trust.extend(by_any.get(provider.account.as_str()).cloned().unwrap_or_default());
        if registry.is_whole(&provider.account) {
            found.extend(use_of(provider, &trust, now));
        }
        found.extend(of_itself(provider));
    }
    found.extend(counts(inventory));
    found
}

/// What only the whole of an account's roles tells.
fn use_of(provider: &Provider, trust: &Trust<'_>, now: i64) -> Vec<Finding> {
    if trust.is_empty() {
        let message = format!("no role of account {} trusts {}", provider.account, provider.issuer);
        return vec![finding(provider, Own::OrphanedProvider, message, "")];
    }
    let mut found = Vec::new();
    if trust.iter().all(|(role, _)| is_unused(role, now)) {
        let roles = trust.len();
        let word = if roles == 1 { "role that trusts" } else { "roles that trust" };
        let days = UNUSED_SECONDS / (24 * 60 * 60);
        let message = format!("the {roles} {word} {} were not used for {days} days", provider.issuer);
        let message =
            if roles == 1 { message.replace(" were ", " was ").replace("the 1 role", "the one role") } else { message };
        found.push(finding(provider, Own::UnusedProvider, message, ""));
    }
    for audience in provider.client_ids.iter().flatten() {
        if trust.iter().all(|(role, grant)| refuses(role, grant, provider, audience)) {
            let message = format!("no role takes tokens for the audience `{audience}`");
            found.push(finding(provider, Own::UselessClientId, message, audience));
        }
    }
    found
}

/// Whether it is known that nobody used a role for long.
fn is_unused(role: &Role, now: i64) -> bool {
    let long_ago = |at: i64| now.saturating_sub(at) > UNUSED_SECONDS;
    match role.last_used {
        LastUsed::Unknown => false,
        LastUsed::Never => role.created.is_some_and(long_ago),
        LastUsed::At(at) => long_ago(at),
    }
}

/// Whether a grant surely refuses tokens for an audience, whatever else they say.
fn refuses(role: &Role, grant: &Grant<'_>, provider: &Provider, audience: &str) -> bool {
    let on = |key: &str| claim_of(key, &provider.issuer).is_some_and(|c| c.eq_ignore_ascii_case("aud"));
    let conditions: Vec<_> = grant.written.conditions.iter().filter(|c| on(&c.key)).cloned().collect();
    if conditions.is_empty() {
        return false;
    }
    let statement = DocumentStatement { conditions, ..grant.written.clone() };
    let document = Document { version: role.document.version, statements: vec![statement], ..Document::default() };
    let identity =
        trustwalk_trust_policy::Identity::new(provider.arn.as_str()).partly_known().with_claim("aud", audience);
    let decision = Policy::from(document).evaluate(&Request::web_identity(&identity));
    matches!(decision, Decision::ImplicitDeny | Decision::ExplicitDeny)
}

/// What a provider tells by itself.
fn of_itself(provider: &Provider) -> Vec<Finding> {
    let mut found = Vec::new();
    for audience in provider.client_ids.iter().flatten() {
        if audience.chars().any(is_hidden) || audience.trim() != audience {
            let message = format!("the audience `{audience}` has characters that nobody sees");
            let rule = Rule::Cause(Cause::ClientIdWithInvisibleCharacters);
            let about = About::Provider(provider.arn.clone());
            found.push(Finding::new(rule, about, message, &[audience]).in_place(provider.place.as_ref()));
        }
    }
    for (what, count, most) in [
        ("audiences", provider.client_ids.as_ref().map_or(0, Vec::len), CLIENT_IDS_OF_PROVIDER),
        ("thumbprints", provider.thumbprints.as_ref().map_or(0, Vec::len), THUMBPRINTS_OF_PROVIDER),
    ] {
        if count >= most {
            let message = format!("it has {count} {what}, and IAM takes {most}");
            found.push(finding(provider, Own::ProviderQuota, message, what));
        }
    }
    found
}

/// Accounts in which no further provider fits.
fn counts(inventory: &Inventory) -> Vec<Finding> {
    let mut found = Vec::new();
    for account in &inventory.listed {
        let count = inventory.providers.values().filter(|p| p.account == *account).count();
        if count >= PROVIDERS_OF_ACCOUNT {
            let message =
                format!("account {account} has {count} providers; IAM takes {PROVIDERS_OF_ACCOUNT} by default");
            let rule = Rule::Cause(Cause::OidcProviderCountQuota);
            found.push(Finding::new(rule, About::Account(account.clone()), message, &[]));
        }
    }
    found
}

fn finding(provider: &Provider, rule: Own, message: String, part: &str) -> Finding {
    let about = About::Provider(provider.arn.clone());
    Finding::new(Rule::Own(rule), about, message, &[part]).in_place(provider.place.as_ref())
}
