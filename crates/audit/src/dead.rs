//! Dead trust: grants that no token can ever use, each proved with the evaluator's third answer, which says no only
//! where nothing that is unknown could turn it.

use trustwalk_core::cause::{Cause, policy as causes};
use trustwalk_trust_policy::{
    Call, Comparison, Decision, Document, DocumentStatement, Effect, Identity, Part, Policy, ProviderArn, Request, Text,
};

use crate::grants::{Grant, Trusted};
use crate::inventory::Role;
use crate::registry::Registry;
use crate::tokens::{Family, Mintable, is_eks, mintable};
use crate::wanted::{Want, Wanted, claim_of};

/// Why a grant admits nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dead {
    /// The cause that whoever needs the role would meet.
    pub(crate) cause: Cause,
    /// In words.
    pub(crate) why: String,
}

/// Why a grant admits nobody, if that is proved.
pub(crate) fn dead(role: &Role, grant: &Grant<'_>, registry: Registry<'_>) -> Option<Dead> {
    let told = |cause: Cause, why: String| Some(Dead { cause, why });
    match &grant.trusted {
        Trusted::Malformed(text) => {
            let cause = if text.contains("://") {
                Cause::HttpsPrefixInArnOrConditionKey
            } else {
                Cause::FederatedPrincipalMalformed
            };
            return told(cause, format!("`{text}` is no name of an identity provider"));
        }
        // Of whom it is nobody knows, so nothing is proved.
        Trusted::Any => return None,
        Trusted::Provider { account, .. } if role.account.as_ref().is_some_and(|own| own != account) => {
            let why = format!("the provider is in account {account}, and STS looks in the role's own");
            return told(Cause::FederatedArnWrongAccount, why);
        }
        Trusted::Provider { arn, .. } if role.account.is_some() && !is_of(arn, role.partition()) => {
            let why = format!("the provider is not in partition {}, where the role is", role.partition());
            return told(Cause::FederatedPrincipalMalformed, why);
        }
        Trusted::Provider { arn, issuer, .. } => {
            if let Some(near) = registry.missing(arn) {
                return told(near.cause(), near.why(issuer));
            }
        }
        Trusted::BuiltIn(_) => {}
    }
    by_unfilled(role, grant)
        .or_else(|| by_audience(role, grant, registry))
        .or_else(|| by_subject(role, grant))
        .or_else(|| by_deny(role, grant))
}

/// Nothing that is unknown of a token could make the statement apply.
fn by_unfilled(role: &Role, grant: &Grant<'_>) -> Option<Dead> {
    let policy = grant.alone(&role.document);
    let anybody = grant.anybody();
    let request = Request::web_identity(&anybody);
    let decision = policy.evaluate(&request);
    if matches!(decision, Decision::Allow | Decision::Undetermined) {
        return None;
    }
    let explanation = policy.explain(&request);
    if decision == Decision::ExplicitDeny {
        let why = "a Deny applies to every token of the provider".to_owned();
        return Some(Dead { cause: Cause::TrustConditionNotMet, why });
    }
    let failing = explanation.statements.first()?.conditions.iter().find(|c| c.verdict.answer().is_no());
    let reason = policy.reasons(&anybody, &Call::new()).into_iter().next();
    let alone = Document { statements: vec![grant.written.clone()], ..Document::default() };
    let cause = match (&reason, issuer_beside(grant, failing.map(|c| c.key))) {
        (_, true) => Cause::TwoIssuersAndEdInOneStatement,
        (Some(reason), false) => causes::of_reason(reason, &alone, &anybody.issuer_path),
        (None, false) => Cause::TrustConditionNotMet,
    };
    let why = match failing {
        Some(c) => format!("no token of {} ever meets {} on `{}`", anybody.issuer_path, c.operator, c.key),
        None => format!("no token of {} ever meets it", anybody.issuer_path),
    };
    Some(Dead { cause, why })
}

/// Whether a failing key is of another issuer that the statement trusts, or asks the claims of, too.
fn issuer_beside(grant: &Grant<'_>, key: Option<&str>) -> bool {
    let (Some(key), Some(own)) = (key, grant.trusted.issuer()) else { return false };
    let asks_own = grant.written.conditions.iter().any(|c| claim_of(&c.key, own).is_some());
    let other = key.rsplit_once(':').map_or("", |(issuer, _)| issuer);
    let is_issuer = other.contains('.') && !other.contains("://") && !other.contains(":oidc-provider/");
    asks_own && is_issuer && claim_of(key, own).is_none() && !own.starts_with(other) && !other.starts_with(own)
}

/// No audience that the provider has registered is one that the policy takes.
fn by_audience(role: &Role, grant: &Grant<'_>, registry: Registry<'_>) -> Option<Dead> {
    let client_ids = registry.client_ids(grant.trusted.name())?;
    let issuer = grant.trusted.issuer()?;
    if Wanted::of(grant.written, issuer).on("aud").is_empty() {
        return None;
    }
    let policy = restricted(role, grant, issuer, "aud");
    let refused = |audience: &String| {
        let identity = grant.anybody().with_claim("aud", audience.as_str());
        is_no(policy.evaluate(&Request::web_identity(&identity)))
    };
    client_ids.iter().all(refused).then(|| Dead {
        cause: Cause::AudienceNotInProviderClientIds,
        why: match client_ids {
            [] => "the provider has no audience registered".to_owned(),
            ids => format!("the provider has none of its audiences registered, but {}", ids.join(", ")),
        },
    })
}

/// No subject that the issuer can put into a token is one that the policy takes.
fn by_subject(role: &Role, grant: &Grant<'_>) -> Option<Dead> {
    let issuer = grant.trusted.issuer()?;
    let wanted = Wanted::of(grant.written, issuer);
    if wanted.on("sub").is_empty() {
        return None;
    }
    let family = Family::of(issuer, &wanted);
    let policy = restricted(role, grant, issuer, "sub");
    let host = issuer.split('/').next().unwrap_or(issuer);
    if is_eks(host) {
        // Every subject is a service account's.
        let hole = |name: &str| Part::Hole(name.to_owned());
        let known = |text: &str| Part::Known(text.to_owned());
        let parts = [known("system:serviceaccount:"), hole("namespace"), known(":"), hole("name")];
        let mut request = Request::web_identity(&grant.anybody());
        request.context.set_partly(&format!("{issuer}:sub"), [Text::new(parts)]);
        if is_no(policy.evaluate(&request)) {
            let why = "no service account has such a subject, and this issuer has no other".to_owned();
            return Some(Dead { cause: of_subject(&policy, grant, &wanted), why });
        }
    }
    let values = wanted.exactly("sub")?;
    let possible = |value: &&str| {
        let identity = grant.anybody().with_claim("sub", *value);
        mintable(family, issuer, value) == Mintable::Perhaps
            && !is_no(policy.evaluate(&Request::web_identity(&identity)))
    };
    if values.iter().any(possible) {
        return None;
    }
    let listed = values.iter().map(|v| format!("`{v}`")).collect::<Vec<_>>().join(", ");
    let why = match values.as_slice() {
        [] => "the list of its subjects is empty".to_owned(),
        [_] => format!("the issuer gives no token the subject {listed}, letter by letter"),
        _ => format!("the issuer gives no token one of the subjects {listed}, letter by letter"),
    };
    Some(Dead { cause: of_subject(&policy, grant, &wanted), why })
}

/// Whatever subject the statement takes, a Deny of the same policy refuses.
fn by_deny(role: &Role, grant: &Grant<'_>) -> Option<Dead> {
    let issuer = grant.trusted.issuer()?;
    let mut denies = role.document.statements.iter().filter(|s| s.effect == Some(Effect::Deny)).peekable();
    denies.peek()?;
    let wanted = Wanted::of(grant.written, issuer);
    let want = wanted.on("sub").iter().find(|w| w.is_list())?;
    // A pattern stands for all that it takes where the Deny's `*` takes it in whole: its `?` would take one letter, and
    // a comparison that is negated, or letter by letter, tells of the pattern's own text alone.
    let takes_whole = |w: &Want<'_>| {
        let like = w.operator.is_some_and(|o| o.comparison == Comparison::StringLike && !o.negated);
        like && !w.values.iter().any(|v| v.contains('?') || v.contains("${"))
    };
    let narrow = denies.any(|s| !Wanted::of(s, issuer).on("sub").iter().all(takes_whole));
    let policy = grant.alone(&role.document);
    let refused = |value: &String| {
        let identity = grant.anybody().with_claim("sub", value.as_str());
        let whole = want.is_exact() || !value.contains(['*', '?']) || !narrow;
        whole && policy.evaluate(&Request::web_identity(&identity)) == Decision::ExplicitDeny
    };
    (!want.values.is_empty() && want.values.iter().all(refused)).then(|| Dead {
        cause: Cause::TrustConditionNotMet,
        why: "a Deny of the same policy refuses every subject that it takes".to_owned(),
    })
}

/// The cause that fits, asked of the policy with a subject that the value would match as a pattern.
fn of_subject(policy: &Policy, grant: &Grant<'_>, wanted: &Wanted<'_>) -> Cause {
    let Some(meant) = wanted.one("sub") else { return Cause::TrustConditionNotMet };
    let identity: Identity = grant.anybody().with_claim("sub", meant.as_str());
    let alone = Document { statements: vec![grant.written.clone()], ..Document::default() };
    let reason = policy.reasons(&identity, &Call::new()).into_iter().next();
    let cause = reason.map_or(Cause::TrustConditionNotMet, |r| causes::of_reason(&r, &alone, &identity.issuer_path));
    // Several conditions that contradict each other have no value that was meant.
    let several = wanted.on("sub").len() > 1 && cause != Cause::WildcardWithStringequals;
    if several { Cause::TrustConditionNotMet } else { cause }
}

/// The grant with its conditions on one claim alone, and no Deny: what refuses by itself, refuses with others too.
fn restricted(role: &Role, grant: &Grant<'_>, issuer: &str, claim: &str) -> Policy {
    let on = |key: &str| claim_of(key, issuer).is_some_and(|c| c.eq_ignore_ascii_case(claim));
    let conditions = grant.written.conditions.iter().filter(|c| on(&c.key)).cloned().collect();
    let statement = DocumentStatement { conditions, ..grant.written.clone() };
    Policy::from(Document { version: role.document.version, statements: vec![statement], ..Document::default() })
}

fn is_of(arn: &str, partition: &str) -> bool {
    ProviderArn::parse(arn).is_some_and(|read| read.partition == partition)
}

fn is_no(decision: Decision) -> bool {
    matches!(decision, Decision::ImplicitDeny | Decision::ExplicitDeny)
}
