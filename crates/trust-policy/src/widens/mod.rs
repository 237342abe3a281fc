//! Whether a change of a trust policy lets anybody in whom the one before kept out, by trying everybody worth
//! trying.
//!
//! Nothing here compares texts of policies: identities are made from the values of both documents and both are
//! evaluated. What the evaluator cannot tell (an operator IAM does not have, a variable without a value) counts as
//! admitted by the new document and as kept out by the old one.

mod principals;
mod universe;

use serde::Serialize;

use crate::call::Call;
use crate::claims::{Identity, issuer_path};
use crate::context::Context;
use crate::document::Effect;
use crate::exchange::Exchange;
use crate::policy::Policy;
use crate::request::{Principal, Request, WEB_IDENTITY_ACTION};
use crate::statement::{Statement, action_applies, principal_applies};
use universe::{Key, Universe};

/// Most identities tried for one change. Policies are a few kilobytes, and only statements that a change touches
/// are tried, so a change that asks for more is no repair of one identity.
pub const MAX_TRIALS: usize = 20_000;
/// Most witnesses handed back: one is enough to refuse, and a few show what they have in common.
const MAX_WITNESSES: usize = 64;

/// For whom a change is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Who is to be admitted.
    pub identity: Identity,
    /// The audiences registered with its provider, empty when unknown: STS refuses every other before it comes to
    /// the trust policy (DOC: IAM User Guide, "Create an OIDC identity provider").
    pub audiences: Vec<String>,
}

/// Somebody whom the new policy admits and the old one did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Witness {
    /// What they ask for.
    pub request: Request,
}

impl std::fmt::Display for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.request.principal {
            Principal::Anonymous => f.write_str("anybody")?,
            Principal::Federated(name)
            | Principal::Aws(name)
            | Principal::Service(name)
            | Principal::CanonicalUser(name) => f.write_str(name)?,
        }
        let keys = self.request.context.iter().filter(|(key, _)| !key.starts_with("aws:federatedprovider"));
        for (position, (key, values)) in keys.enumerate() {
            f.write_str(if position == 0 { " with " } else { " and " })?;
            write!(f, "{key} {}", values.join(" | "))?;
        }
        if self.request.action.eq_ignore_ascii_case(WEB_IDENTITY_ACTION) {
            return Ok(());
        }
        write!(f, " for {}", self.request.action)
    }
}

/// There are more identities worth trying than [`MAX_TRIALS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("whom it admits cannot be enumerated: more than {MAX_TRIALS} identities would have to be tried")]
pub struct TooMany;

/// Everybody worth trying whom `after` admits and `before` does not, but for the one asked for; of many, the first
/// few.
///
/// Only a statement that `before` lacks can admit somebody new, unless a Deny went: then every one can.
///
/// # Errors
/// When there are too many to try.
pub fn widened(before: &Policy, after: &Policy, asked: &Asked) -> Result<Vec<Witness>, TooMany> {
    let denied = |s: &&Statement| s.effect == Some(Effect::Deny);
    let lifted =
        before.statements.iter().filter(denied).any(|old| !after.statements.iter().any(|new| new.says_what(old)));
    let suspects: Vec<&Statement> = after
        .statements
        .iter()
        .filter(|s| s.effect == Some(Effect::Allow))
        .filter(|s| lifted || !before.statements.iter().any(|old| s.says_what(old)))
        .collect();
    if suspects.is_empty() {
        return Ok(Vec::new());
    }
    let universe = Universe::of(before, after, asked)?;
    let mut left = MAX_TRIALS;
    let mut found: Vec<Witness> = Vec::new();
    for suspect in suspects {
        for crowd in crowds(suspect, &universe, &mut left)? {
            for request in crowd.requests() {
                let new = may_admit(after, &request) && !surely_admits(before, &request);
                if new && !is_asked(&request, &universe, asked) && !found.iter().any(|w| w.request == request) {
                    found.push(Witness { request });
                    if found.len() >= MAX_WITNESSES {
                        return Ok(found);
                    }
                }
            }
        }
    }
    Ok(found)
}

/// The requests of one principal to which a statement may apply.
struct Crowd<'u> {
    principal: &'u Principal,
    actions: Vec<&'u str>,
    keys: Vec<(&'u Key, Vec<&'u [String]>)>,
}

/// Every request worth trying to which a statement may apply.
fn crowds<'u>(statement: &Statement, universe: &'u Universe, left: &mut usize) -> Result<Vec<Crowd<'u>>, TooMany> {
    let acts = |a: &&str| statement.action.as_ref().is_some_and(|e| action_applies(e, a));
    let actions: Vec<&str> = universe.actions.iter().map(String::as_str).filter(acts).collect();
    let named = |p: &&Principal| statement.principal.as_ref().is_some_and(|e| principal_applies(e, p));
    let mut all = Vec::new();
    for principal in universe.principals.iter().filter(named) {
        let choices = |key: &'u Key| {
            let wanted = |v: &&[String]| universe.takes(principal, key, v) && fits(statement, key, v);
            (key, key.values.iter().map(Vec::as_slice).filter(wanted).collect::<Vec<_>>())
        };
        let keys: Vec<_> = universe.keys.iter().filter(|key| key.is_of(principal)).map(choices).collect();
        let crowd = Crowd { principal, actions: actions.clone(), keys };
        *left = crowd.size().and_then(|size| left.checked_sub(size)).ok_or(TooMany)?;
        all.push(crowd);
    }
    Ok(all)
}

impl Crowd<'_> {
    fn size(&self) -> Option<usize> {
        self.keys.iter().try_fold(self.actions.len(), |n, (_, values)| n.checked_mul(values.len()))
    }

    /// Every combination of the keys' values, the first key's slowest.
    fn requests(&self) -> impl Iterator<Item = Request> {
        (0..self.size().unwrap_or_default()).filter_map(|number| {
            let mut context = Context::new();
            if let Principal::Federated(name) = self.principal {
                context.set("aws:FederatedProvider", [name.as_str()]);
            }
            let action = self.actions.get(number.checked_rem(self.actions.len())?)?;
            let mut rest = number.checked_div(self.actions.len())?;
            for (key, choices) in self.keys.iter().rev() {
                let values = choices.get(rest.checked_rem(choices.len())?)?;
                rest = rest.checked_div(choices.len())?;
                if !values.is_empty() {
                    context.set(&key.name, values.iter().cloned());
                }
            }
            Some(Request::new(*action, self.principal.clone(), context))
        })
    }
}

/// Whether a statement's conditions on this key can be met with these values, other keys aside.
fn fits(statement: &Statement, key: &Key, values: &[String]) -> bool {
    let mut context = Context::new();
    context.set(&key.name, values.iter().cloned());
    let on_key = statement.conditions.iter().filter(|c| c.key.eq_ignore_ascii_case(&key.name));
    on_key.into_iter().all(|c| c.met(&context) || !c.is_certain(&context))
}

/// Whether a policy admits, doubts counted as yes.
fn may_admit(policy: &Policy, request: &Request) -> bool {
    some(policy, Effect::Allow, request, true) && !some(policy, Effect::Deny, request, false)
}

/// Whether a policy admits, doubts counted as no.
fn surely_admits(policy: &Policy, request: &Request) -> bool {
    some(policy, Effect::Allow, request, false) && !some(policy, Effect::Deny, request, true)
}

/// Whether a statement of this effect applies; `doubts` is what a condition counts as that cannot be told.
fn some(policy: &Policy, effect: Effect, request: &Request, doubts: bool) -> bool {
    policy.statements.iter().filter(|s| s.effect == Some(effect)).any(|s| {
        s.action.as_ref().is_some_and(|a| action_applies(a, &request.action))
            && s.principal.as_ref().is_some_and(|p| principal_applies(p, &request.principal))
            && s.conditions.iter().all(
                |c| {
                    if c.is_certain(&request.context) { c.met(&request.context) } else { doubts }
                },
            )
    })
}

/// Whether this is the identity asked for: its provider, its action, and each of its claims that a document
/// mentions. From where it calls, and under which session name, is its own affair.
fn is_asked(request: &Request, universe: &Universe, asked: &Asked) -> bool {
    let who = Principal::Federated(asked.identity.provider_arn.clone());
    let own = asked.identity.context();
    let same = |key: &&Key| request.context.get(&key.name) == own.get(&key.name);
    // Session tags and a source identity ask for an action of their own.
    let exchange = Exchange::new(&asked.identity, &Call::new());
    exchange.requests().iter().any(|r| request.action.eq_ignore_ascii_case(&r.action))
        && request.principal == who
        && universe.keys.iter().filter(|k| k.is_claim_of(&who)).all(|k| same(&k))
}

/// The issuer whose tokens a principal stands for.
fn issuer(principal: &Principal) -> Option<&str> {
    match principal {
        Principal::Federated(name) => Some(issuer_path(name).unwrap_or(name)),
        Principal::Aws(_) | Principal::Service(_) | Principal::CanonicalUser(_) | Principal::Anonymous => None,
    }
}
