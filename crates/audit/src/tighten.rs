//! Tightening: the trust policy that admits the identities that were seen and nobody else, proved by trying everybody
//! worth trying.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use trustwalk_trust_policy::{
    Asked, Call, Decision, Document, DocumentCondition, DocumentStatement, Exchange, Identity, Operator, Policy,
    PrincipalElement, PrincipalKind, Principals, SaveContext, widened,
};

use crate::grants::{Grant, Trusted};
use crate::inventory::Role;
use crate::registry::Registry;
use crate::seen::Identified;
use crate::tokens::{Family, Mint};
use crate::wanted::{Wanted, claim_of};

/// A narrower policy, and somebody whom it keeps out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tightened {
    /// The whole document.
    pub(crate) document: String,
    /// Who was admitted before and is not any more, though nobody saw them.
    pub(crate) out: Identity,
}

/// Why there is no narrower policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoTightening {
    /// Nobody but those who were seen is admitted, as far as trying shows.
    #[error("it admits nobody else")]
    Tight,
    /// Nobody who is admitted was seen.
    #[error("nobody was seen whom it admits")]
    Unseen,
    /// A statement names everybody.
    #[error("a statement names everybody, and only people know who is meant")]
    Everybody,
    /// What was seen tells too little.
    #[error("an identity was seen without its audience, so that nothing narrower keeps it for certain")]
    Unclear,
    /// IAM would not save the narrower policy.
    #[error("IAM would refuse to save the narrower policy: {0}")]
    Refused(String),
    /// It could not be proved.
    #[error("the narrower policy could not be proved to keep everybody who was seen and to admit nobody else")]
    Unproved,
}

/// The narrower policy of a role.
pub(crate) fn tighten<'s>(
    role: &Role,
    grants: &[Grant<'_>],
    seen: impl Iterator<Item = &'s Identified>,
    registry: Registry<'_>,
) -> Result<Tightened, NoTightening> {
    if grants.iter().any(|g| g.trusted == Trusted::Any) {
        return Err(NoTightening::Everybody);
    }
    let before = Policy::compile(&role.document);
    let kept: BTreeSet<&Identified> = seen.filter(|one| !refuses(&before, &identity(one))).collect();
    if kept.is_empty() {
        return Err(NoTightening::Unseen);
    }
    if kept.iter().any(|one| one.audience.is_none()) {
        return Err(NoTightening::Unclear);
    }
    let everybody = everybody(grants, &kept, registry);
    let strange = |token: &&Identity| !is_kept(&kept, token);
    let out = everybody.iter().filter(strange).find(|token| !refuses(&before, token)).cloned();
    let Some(out) = out else { return Err(NoTightening::Tight) };
    let document = narrowed(role, grants, &kept);
    let after = Policy::compile(&document);
    let context = SaveContext { account: role.account.clone(), ..SaveContext::default() };
    let had = role.document.lint(&context);
    let text = document.to_json();
    let read = Document::parse(&text).map_err(|_| NoTightening::Unproved)?;
    if let Some(error) = read.lint(&context).into_iter().find(|e| !had.contains(e)) {
        return Err(NoTightening::Refused(error.to_string()));
    }
    let keeps = kept.iter().all(|one| same(&before, &after, &identity(one)));
    let admits_others = everybody.iter().filter(strange).any(|token| !refuses(&after, token));
    let asked = kept.first().map(|one| Asked { identity: identity(one), audiences: Vec::new() });
    let widens = asked.is_none_or(|asked| !matches!(widened(&before, &after, &asked), Ok(new) if new.is_empty()));
    if !keeps || admits_others || widens {
        return Err(NoTightening::Unproved);
    }
    Ok(Tightened { document: text, out })
}

/// Who was seen, as far as `CloudTrail` tells: other claims are not known.
fn identity(one: &Identified) -> Identity {
    let identity = Identity::new(one.provider.as_str()).partly_known().with_claim("sub", one.subject.as_str());
    match &one.audience {
        Some(audience) => identity.with_claim("aud", audience.as_str()),
        None => identity,
    }
}

fn decide(policy: &Policy, identity: &Identity) -> Decision {
    policy.decide(&Exchange::new(identity, &Call::new()))
}

/// Whether a policy surely refuses.
fn refuses(policy: &Policy, identity: &Identity) -> bool {
    matches!(decide(policy, identity), Decision::ImplicitDeny | Decision::ExplicitDeny)
}

/// Whether an identity is decided as before: admitted still, or as unknown as it was.
fn same(before: &Policy, after: &Policy, identity: &Identity) -> bool {
    decide(before, identity) == decide(after, identity)
}

fn is_kept(kept: &BTreeSet<&Identified>, token: &Identity) -> bool {
    let claim = |name: &str| token.claims.get(name).and_then(Value::as_str);
    kept.iter().any(|one| {
        one.provider == token.provider_arn
            && Some(one.subject.as_str()) == claim("sub")
            && one.audience.as_deref() == claim("aud")
    })
}

/// Everybody worth trying: strangers, whom the policy names, and each subject seen with each audience seen.
fn everybody(grants: &[Grant<'_>], kept: &BTreeSet<&Identified>, registry: Registry<'_>) -> Vec<Identity> {
    let mut all = Vec::new();
    for grant in grants {
        let Some(issuer) = grant.trusted.issuer() else { continue };
        let wanted = Wanted::of(grant.written, issuer);
        let mut audiences: BTreeSet<String> = kept.iter().filter_map(|one| one.audience.clone()).collect();
        audiences.extend(wanted.values("aud").map(str::to_owned));
        audiences.extend(registry.client_ids(grant.trusted.name()).into_iter().flatten().cloned());
        let audiences: Vec<String> = audiences.into_iter().take(8).collect();
        let family = Family::of(issuer, &wanted);
        let mint = Mint { provider: grant.trusted.name(), family, wanted: &wanted, audiences: &audiences };
        all.extend(mint.candidates().iter().map(|token| mint.made(token)));
        // Of those who are named, what else their tokens say is not known.
        for subject in wanted.values("sub").chain(kept.iter().map(|one| one.subject.as_str())) {
            for audience in &audiences {
                let one = Identity::new(grant.trusted.name()).partly_known();
                all.push(one.with_claim("sub", subject).with_claim("aud", audience.as_str()));
            }
        }
    }
    all
}

/// The document with each grant held to those who were seen with it. What is not about web identities stays.
fn narrowed(role: &Role, grants: &[Grant<'_>], kept: &BTreeSet<&Identified>) -> Document {
    let mut statements = Vec::new();
    for (position, statement) in role.document.statements.iter().enumerate() {
        let own: Vec<&Grant<'_>> = grants.iter().filter(|g| g.statement == position).collect();
        if own.is_empty() {
            statements.push(statement.clone());
            continue;
        }
        let mut parts = Vec::new();
        for grant in own {
            let alone = grant.alone(&role.document);
            let mut by_audience: BTreeMap<&str, Vec<String>> = BTreeMap::new();
            for one in
                kept.iter().filter(|one| one.provider == grant.trusted.name() && !refuses(&alone, &identity(one)))
            {
                by_audience.entry(one.audience.as_deref().unwrap_or_default()).or_default().push(one.subject.clone());
            }
            parts.extend(by_audience.into_iter().map(|(audience, subjects)| held(grant, audience, subjects)));
        }
        parts.extend(without_federated(statement));
        // A name stands once in a policy.
        for later in parts.iter_mut().skip(1) {
            later.sid = None;
        }
        statements.extend(parts);
    }
    Document { version: role.document.version, id: role.document.id.clone(), statements, ..Document::default() }
}

/// A statement for one provider, one audience and some subjects; what else it asks for, it goes on asking.
fn held(grant: &Grant<'_>, audience: &str, subjects: Vec<String>) -> DocumentStatement {
    let issuer = grant.trusted.issuer().unwrap_or_default();
    let replaced = |condition: &DocumentCondition| {
        let claim = claim_of(&condition.key, issuer).map(str::to_ascii_lowercase);
        let positive = Operator::parse(&condition.operator).is_some_and(|o| !o.negated);
        positive && matches!(claim.as_deref(), Some("sub" | "aud"))
    };
    let equals = |claim: &str, values: Vec<String>| DocumentCondition {
        operator: "StringEquals".to_owned(),
        key: format!("{issuer}:{claim}"),
        values,
    };
    let mut conditions = vec![equals("aud", vec![audience.to_owned()]), equals("sub", subjects)];
    conditions.extend(grant.written.conditions.iter().filter(|c| !replaced(c)).cloned());
    let principals = Principals::Listed(vec![(PrincipalKind::Federated, grant.trusted.name().to_owned())]);
    let principal = Some(PrincipalElement { negated: false, principals });
    DocumentStatement { principal, conditions, ..grant.written.clone() }
}

/// The statement for its other principals, if it has any.
fn without_federated(statement: &DocumentStatement) -> Option<DocumentStatement> {
    let element = statement.principal.as_ref()?;
    let Principals::Listed(listed) = &element.principals else { return None };
    let others: Vec<_> = listed.iter().filter(|(kind, _)| *kind != PrincipalKind::Federated).cloned().collect();
    let principal = Some(PrincipalElement { negated: element.negated, principals: Principals::Listed(others.clone()) });
    (!others.is_empty()).then(|| DocumentStatement { principal, ..statement.clone() })
}
