//! Trust that is too broad: tokens of strangers are made up, and those that the role admits are witnesses.

use serde_json::Value;
use trustwalk_trust_policy::{Decision, Exchange, Identity, Policy};

use crate::caller::{Calling, calls};
use crate::finding::{About, Finding};
use crate::grants::{Grant, Trusted};
use crate::inventory::Role;
use crate::registry::Registry;
use crate::rule::{Own, Rule};
use crate::tokens::{self, Family, Mint, NEXT_ID, Token, Whose};
use crate::wanted::Wanted;
use crate::zone::{Standing, Zone};

/// Audiences that tokens of AWS's own integrations are made for.
const USUAL_AUDIENCE: &str = "sts.amazonaws.com";
/// Audiences tried for one grant.
const AUDIENCES: usize = 4;

/// Whom a grant admits that it should not.
pub(crate) fn broad(role: &Role, grant: &Grant<'_>, registry: Registry<'_>, (zone, now): (&Zone, i64)) -> Vec<Finding> {
    let policy = grant.alone(&role.document);
    let calls = calls(role, grant, now);
    let Some(issuer) = grant.trusted.issuer() else {
        let all = if grant.trusted == Trusted::Any { of_anybody(role) } else { Vec::new() };
        let shown = all.iter().find_map(|identity| Some((identity, admits(&policy, identity, &calls)?)));
        return shown.map(|by| finding(role, grant, Own::AnyProvider, by)).into_iter().collect();
    };
    let wanted = Wanted::of(grant.written, issuer).within(&role.document, issuer);
    let audiences = audiences(grant, &wanted, registry);
    let family = Family::of(issuer, &wanted);
    let mint = Mint { provider: grant.trusted.name(), family, wanted: &wanted, audiences: &audiences };
    let mut all = admitted(strangers(&mint, issuer, zone), &mint, (&policy, &calls), (role, grant));
    all.extend(any_audience(role, grant, registry, (&policy, &calls), mint));
    all
}

/// A finding for each rule that is broken, as the first token shows that gets in.
fn admitted(
    strangers: Vec<(Own, Token)>,
    mint: &Mint<'_>,
    (policy, calls): (&Policy, &[Calling]),
    (role, grant): (&Role, &Grant<'_>),
) -> Vec<Finding> {
    let mut broken: Vec<Own> = Vec::new();
    let mut all = Vec::new();
    for (rule, token) in strangers {
        if broken.iter().any(|other| *other == rule || covers(*other, rule)) {
            continue;
        }
        let identity = mint.made(&token);
        if let Some(call) = admits(policy, &identity, calls) {
            broken.push(rule);
            all.push(finding(role, grant, rule, (&identity, call)));
        }
    }
    all
}

/// Tokens of providers that nobody named.
fn of_anybody(role: &Role) -> Vec<Identity> {
    tokens::of_anybody(role.partition(), role.account.as_deref().unwrap_or("111122223333"))
}

/// Strangers worth trying, with the rule that the role breaks if it admits them; the widest first.
fn strangers(mint: &Mint<'_>, issuer: &str, zone: &Zone) -> Vec<(Own, Token)> {
    let mut broken: Vec<(Own, Token)> = mint
        .candidates()
        .into_iter()
        .filter_map(|token| {
            let standing = standing(zone, issuer, &token.whose, mint.wanted);
            Some((rule(&token, standing)?, token))
        })
        .collect();
    broken.sort_by_key(|(rule, _)| *rule);
    broken
}

/// Where somebody stands. An id that no policy writes and no zone has is that of whoever comes next, as a wildcard
/// stood for it.
fn standing(zone: &Zone, issuer: &str, whose: &Whose, wanted: &Wanted<'_>) -> Standing {
    let found = zone.standing(issuer, whose);
    let (Whose::Tenant { name, id: Some(id), project }, false) = (whose, zone.is_given() && found == Standing::Ours)
    else {
        return found;
    };
    let mark = ["@", id].concat();
    let written = |value: &str| {
        value.split('/').flat_map(|half| half.split(':')).any(|half| half.ends_with(&mark)) || value == id.as_str()
    };
    if wanted.values("sub").chain(wanted.values("repository_owner_id")).any(written) {
        return found;
    }
    let next = Whose::Tenant { name: name.clone(), id: Some(NEXT_ID.to_owned()), project: project.clone() };
    zone.standing(issuer, &next)
}

fn rule(token: &Token, standing: Standing) -> Option<Own> {
    match (&token.whose, standing) {
        (_, Standing::Ours) => None,
        (Whose::Application, _) => Some(Own::AnyApplication),
        (Whose::Guest, _) => Some(Own::Guests),
        (Whose::Asked, _) => Some(Own::AskedAudience),
        (_, Standing::Named) => Some(Own::OutsideZone),
        (_, Standing::Next) => Some(Own::NextOwner),
        (Whose::Tenant { .. }, Standing::Stranger) if token.calls => Some(Own::AnybodysWorkflow),
        (Whose::Tenant { .. }, Standing::Stranger) => Some(Own::AnyTenant),
        (Whose::ServiceAccount { .. }, Standing::Stranger) => Some(Own::AnyNamespace),
        (Whose::Subject { .. }, Standing::Stranger) => Some(Own::AnySubject),
    }
}

/// Whether a rule says nothing new once another is broken.
fn covers(broken: Own, other: Own) -> bool {
    match broken {
        Own::AnyProvider => true,
        Own::AnyTenant => other == Own::NextOwner || other == Own::AnybodysWorkflow,
        Own::AnyApplication => other == Own::Guests || other == Own::AskedAudience,
        Own::OutsideZone
        | Own::NextOwner
        | Own::AnybodysWorkflow
        | Own::AnyNamespace
        | Own::AnySubject
        | Own::AnyAudience
        | Own::Guests
        | Own::AskedAudience
        | Own::OrphanedProvider
        | Own::UnusedProvider
        | Own::UselessClientId
        | Own::ProviderQuota
        | Own::WiderThanSeen
        | Own::TrustEnds => false,
    }
}

/// Audiences to try: STS lets no other through than those registered (IAM User Guide, "Create an OIDC identity
/// provider"); where they are not known, those that are meant.
fn audiences(grant: &Grant<'_>, wanted: &Wanted<'_>, registry: Registry<'_>) -> Vec<String> {
    let mut meant: Vec<String> = wanted.values("aud").map(|v| v.replace(['*', '?'], "x")).collect();
    match registry.client_ids(grant.trusted.name()) {
        Some(registered) => {
            meant.retain(|aud| registered.contains(aud));
            let others: Vec<String> = registered.iter().filter(|r| !meant.contains(r)).cloned().collect();
            meant.extend(others);
        }
        None if meant.is_empty() => meant.push(USUAL_AUDIENCE.to_owned()),
        None => {}
    }
    meant.truncate(AUDIENCES);
    meant
}

/// A call with which a policy surely lets a token through, whatever else it brings.
fn admits<'c>(policy: &Policy, identity: &Identity, calls: &'c [Calling]) -> Option<&'c Calling> {
    calls.iter().find(|one| policy.decide(&Exchange::new(identity, &one.call)) == Decision::Allow)
}

/// A token for another audience than that of AWS or that the policy names, where several are registered and the policy
/// takes whichever.
fn any_audience(
    role: &Role,
    grant: &Grant<'_>,
    registry: Registry<'_>,
    (policy, calls): (&Policy, &[Calling]),
    mint: Mint<'_>,
) -> Option<Finding> {
    let registered = registry.client_ids(grant.trusted.name()).filter(|ids| ids.len() > 1)?;
    if !mint.wanted.on("aud").is_empty() {
        return None;
    }
    let admitted = |audience: &String| {
        let mint = Mint { audiences: std::slice::from_ref(audience), ..mint };
        mint.candidates().iter().find_map(|token| {
            let identity = mint.made(token);
            Some((admits(policy, &identity, calls)?, identity))
        })
    };
    let mut taken = registered.iter().filter_map(|audience| Some((audience, admitted(audience)?)));
    let first = taken.next()?;
    let second = taken.next()?;
    let (_, (call, other)) = if first.0 == USUAL_AUDIENCE { second } else { first };
    Some(finding(role, grant, Own::AnyAudience, (&other, call)))
}

fn finding(role: &Role, grant: &Grant<'_>, broken: Own, (identity, call): (&Identity, &Calling)) -> Finding {
    let claim = |name: &str| identity.claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let issuer = identity.issuer_path.as_str();
    let subject = ["sub", "user_id", "id"].iter().map(|c| claim(c)).find(|v| !v.is_empty()).unwrap_or_default();
    let message = match broken {
        Own::AnyProvider => format!("a token of {issuer} is admitted, and of whichever provider else"),
        Own::AnyTenant => format!("the subject `{subject}` of {issuer} is admitted, which anybody can have"),
        Own::OutsideZone => format!("the subject `{subject}` of {issuer} is admitted, which the zone does not name"),
        Own::NextOwner => {
            format!("the subject `{subject}` is admitted, which the next owner of the name has")
        }
        Own::AnybodysWorkflow => {
            let workflow = claim("job_workflow_ref");
            format!("a job of {} that calls `{workflow}` is admitted", claim("repository"))
        }
        Own::AnyNamespace => {
            format!("the subject `{subject}` is admitted, of a namespace that the policy does not name")
        }
        Own::AnySubject => format!("the subject `{subject}` of {issuer} is admitted"),
        Own::AnyAudience => format!("a token for the audience `{}` is admitted", claim("aud")),
        Own::AnyApplication => format!("a token of {issuer} for somebody else's application is admitted"),
        Own::Guests => {
            format!("a token of the identity pool `{}` with `amr` unauthenticated is admitted", claim("aud"))
        }
        Own::AskedAudience => {
            format!("a service account of {issuer} that asked for the audience `{}` is admitted", claim("aud"))
        }
        Own::OrphanedProvider
        | Own::UnusedProvider
        | Own::UselessClientId
        | Own::ProviderQuota
        | Own::WiderThanSeen
        | Own::TrustEnds => broken.summary().to_owned(),
    };
    let statement = grant.statement.to_string();
    Finding::new(Rule::Own(broken), About::Role(role.arn.clone()), message, &[&statement, grant.trusted.name()])
        .at(grant.statement)
        .in_place(role.place.as_ref())
        .shown_by(identity)
        .called(&call.chosen)
}
