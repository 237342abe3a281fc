//! What is meant where the files do not have what is named: a role of nearly the name, the same in another account, a
//! provider of nearly the address.

use std::collections::BTreeSet;

use trustwalk_checkout::{Place, Provider, Role, Said, Text};
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::diagnose;
use trustwalk_core::evidence::{Evidence, alike};
use trustwalk_core::finding::{Confidence, Exhibit, Finding};
use trustwalk_core::severity::Severity;

use crate::admit::{Asking, account};
use crate::evidence;
use crate::fill::Fill;
use crate::model::{Related, Spot};
use crate::policy::{Statement, statements};
use crate::put;
use crate::world::{World, bare};

/// A finding with its place and those of the other halves.
pub(crate) type Placed = (Finding, Place, Vec<Related>);

/// Account, path and name of a role's ARN.
fn parts(arn: &str) -> Option<(&str, &str)> {
    let resource = arn.splitn(6, ':').nth(5)?;
    Some((arn.split(':').nth(4)?, resource.strip_prefix("role/")?))
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

pub(crate) fn line(place: &Place) -> String {
    format!("{}:{}", place.path, place.line)
}

/// Every text by which the files name a role.
fn named(world: &World) -> Vec<&Said<Text>> {
    let own = trustwalk_core::evidence::ROLE_ANNOTATION;
    let annotations = world.declared.accounts.iter().flat_map(|a| &a.annotations);
    let annotated = annotations.filter(|(key, _)| key.value.known() == Some(own)).map(|(_, role)| role);
    let addons = world.declared.addons.iter().filter_map(|a| a.role.as_ref());
    annotated.chain(addons).chain(world.declared.associations.iter().map(|a| &a.role)).collect()
}

/// The declared role that a name which no file declares is meant for: it trusts exactly who is to have it, nobody else
/// names it, and it differs in the account or by a few letters.
pub(crate) fn role(world: &World, told: &Said<Text>, trusts: &dyn Fn(&Role) -> bool) -> Option<Placed> {
    let arn = told.value.known()?;
    let (theirs, path) = parts(arn)?;
    let jobs = || {
        world.jobs.iter().filter_map(|j| match &j.role {
            trustwalk_ci::Role::Named(arn) => Some(Text::from(arn.as_str())),
            trustwalk_ci::Role::OfTheRun(_) | trustwalk_ci::Role::Elsewhere(_) | trustwalk_ci::Role::None => None,
        })
    };
    let taken = |role: &Role| {
        let names = named(world).into_iter().map(|n| n.value.clone()).chain(jobs());
        names.into_iter().any(|n| world.roles(&n).iter().any(|r| std::ptr::eq(*r, role)))
    };
    let home = |role: &Role| crate::world::account_of(role, None);
    let near = |role: &&Role| {
        let Some(name) = role.name.value.known().map(last) else { return false };
        let same_account = home(role).is_none_or(|home| home == theirs);
        let meant = if same_account { alike(name, last(path)) } else { name == last(path) };
        meant && trusts(role) && !taken(role)
    };
    let mut all = world.declared.roles.iter().filter(near);
    let role = all.next().filter(|_| all.next().is_none())?;
    let home = home(role).filter(|home| home != theirs);
    let (cause, sentence) = match &home {
        Some(home) => (
            Cause::RoleArnWrongAccount,
            format!(
                "{arn} is in account {theirs}, and the files declare the role of that name in {home}, where it trusts \
                 exactly this identity"
            ),
        ),
        None => (
            Cause::RoleDoesNotExist,
            format!(
                "no file declares {arn}; {}, of nearly the same name, trusts exactly this identity, and nobody \
                 names it",
                role.name.value
            ),
        ),
    };
    let proof = vec![
        Exhibit::new("role asked for", arn, line(&told.at)),
        Exhibit::new("role declared", role.arn.to_string(), line(&role.from.at)),
    ];
    let decide = "whether another checkout declares the role that is named";
    Some((likely(cause, sentence, proof, decide), told.at.clone(), vec![put::related("the role", &role.name.at)]))
}

pub(crate) fn likely(cause: Cause, sentence: String, proof: Vec<Exhibit>, decide: &str) -> Finding {
    Finding {
        cause,
        severity: Severity::Error,
        confidence: Confidence::Likely,
        sentence,
        proof,
        cures: Vec::new(),
        decide: Some(decide.to_owned()),
    }
}

/// Whether a role's policy names a subject outright.
pub(crate) fn names(role: &Role, subject: &Text) -> bool {
    let all = statements(&role.trust);
    let values = all.iter().filter(|s| s.allows()).flat_map(|s| &s.conditions).flat_map(|c| &c.values);
    subject.known().is_some() && values.into_iter().any(|n| n.value.text().as_ref() == Some(subject))
}

/// In how many places the files name an account.
fn votes(world: &World, wanted: &str) -> usize {
    let is = |text: &Text| account(&text.to_string()).is_some_and(|own| own == wanted);
    let roles = world.declared.roles.iter().filter(|r| is(&r.arn)).map(|r| &r.from.at);
    let providers = world.declared.providers.iter().filter(|p| is(&p.arn)).map(|p| &p.from.at);
    let mut places: BTreeSet<Spot> = roles.chain(providers).map(Spot::from).collect();
    places.extend(named(world).into_iter().filter(|n| is(&n.value)).map(|n| Spot::from(&n.at)));
    for role in &world.declared.roles {
        let all = statements(&role.trust);
        let federated = all.iter().flat_map(Statement::federated);
        places.extend(federated.filter(|n| n.value.text().is_some_and(|t| is(&t))).map(|n| Spot::from(&n.at)));
        places.extend(role.policies.iter().filter(|p| is(&p.name)).map(|p| Spot::from(&p.at)));
    }
    places.len()
}

/// Who named the role and the role's own policy name two accounts: the one that fewer places name is the wrong one.
/// Where as many name the one as the other, which of them is wrong is left to who knows.
pub(crate) fn account_of_two(world: &World, role: &Role, told: &Said<Text>, mut found: Finding) -> (Finding, bool) {
    let (Some(theirs), None) = (account(&told.value.to_string()), account(&role.arn.to_string())) else {
        return (found, false);
    };
    let all = statements(&role.trust);
    let mut federated = all.iter().flat_map(Statement::federated).filter_map(|n| Some((n.value.text()?, n)));
    let Some((home, place)) = federated.find_map(|(t, n)| Some((account(&t.to_string())?, n))) else {
        return (found, false);
    };
    let (of_theirs, of_home) = (votes(world, &theirs), votes(world, &home));
    if of_home > of_theirs {
        let sentence = format!(
            "{} is in account {theirs}, and everything else that was read of it is in {home}: the role's trust policy \
             names the provider of that account",
            told.value
        );
        let proof = vec![
            Exhibit::new("role asked for", told.value.to_string(), line(&told.at)),
            Exhibit::new(
                "provider that it trusts",
                place.value.text().unwrap_or_default().to_string(),
                line(&place.at),
            ),
        ];
        let decide = "in which account the role is made";
        return (likely(Cause::RoleArnWrongAccount, sentence, proof, decide), true);
    }
    if of_home == of_theirs {
        found.confidence = Confidence::Likely;
        found.decide = Some(format!("in which account the role is made: {theirs}, as who names it says, or {home}"));
        found.cures.clear();
    }
    (found, false)
}

/// What the files declare where they do not declare the provider of an issuer.
pub(crate) enum Registered<'w> {
    /// One of nearly its address: the tokens will not come through it.
    Near(Box<Finding>, &'w Provider),
    /// Another of the same kind: this one may stand elsewhere, or nowhere.
    Other(&'w Provider),
    /// It, or none of its kind.
    Whatever,
}

/// The host's last two names, by which providers of one platform are of one kind.
fn family(issuer: &str) -> Option<String> {
    let host = issuer.split('/').next()?;
    let mut names = host.rsplit('.');
    let (last, before) = (names.next()?, names.next()?);
    Some(format!("{before}.{last}"))
}

/// Looks for a provider of nearly an issuer's address.
pub(crate) fn provider<'w>(world: &'w World, e: &Evidence, asking: &Asking, fill: &Fill) -> Registered<'w> {
    const NEARLY: [Cause; 3] =
        [Cause::IssuerTrailingSlashMismatch, Cause::IssuerHostChangedDualStack, Cause::WrongRegionInIssuerHost];
    let Some(issuer) = asking.issuer.known() else { return Registered::Whatever };
    if world.provider(&asking.provider).is_some() {
        return Registered::Whatever;
    }
    let url = |p: &Provider| bare(&p.url.value).known().map(str::to_owned);
    let same = |p: &&Provider| url(p).is_some_and(|u| u == issuer);
    let open = |p: &Provider| url(p).is_none();
    let all = &world.declared.providers;
    // One whose address is not known may be it.
    if all.is_empty() || all.iter().any(|p| same(&p) || open(p)) {
        return Registered::Whatever;
    }
    let theirs = e.role_arn.known().and_then(|arn| parts(arn)).map_or("", |(account, _)| account);
    for declared in all {
        let Some(url) = url(declared) else { continue };
        let mut e = e.clone();
        let what = line(&declared.url.at);
        let token = evidence::token(issuer, fill.text(&asking.subject), fill.text(&asking.audience), what.clone());
        e.token = evidence::known(token, what.clone(), world.now);
        e.provider = evidence::absent(what.clone(), world.now).into();
        let arn = format!("arn:aws:iam::{theirs}:oidc-provider/{url}");
        e.providers = evidence::known(vec![arn], what, world.now);
        let found = put::of(diagnose(&e)).into_iter().find(|f| NEARLY.contains(&f.cause));
        if let Some(found) = found {
            return Registered::Near(Box::new(found), declared);
        }
    }
    let kind = family(issuer);
    let other = all.iter().find(|p| kind.is_some() && url(p).as_deref().and_then(family) == kind);
    other.map_or(Registered::Whatever, Registered::Other)
}
