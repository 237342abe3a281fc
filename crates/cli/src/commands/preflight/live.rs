//! `--live`: cluster and account fill in what the files do not tell.

use std::collections::BTreeSet;
use std::path::Path;

use trustwalk_collect::{Ask, Bundle, World as Live, collect, parse_target};
use trustwalk_core::evidence::Evidence;
use trustwalk_preflight::{Found, Identity, Note, Report, Standing, World, account_of_arn, judge, over_live};

use crate::args::PlaceArgs;

/// Identities whose way is walked: each costs some twenty calls.
const WALKED: usize = 50;

/// Judges the files, laid over the live world.
pub(super) async fn judged(place: &PlaceArgs, mut world: World) -> anyhow::Result<Report> {
    let mut live = Live::new(place.walk_options(None)).await?;
    // No token is asked for and no exchange made: the change is not there yet.
    live.options.no_exchange = true;
    world.live = true;
    let mut report = judge(&world);
    let mut gaps = Vec::new();
    fill_in(&live, &mut world, &report, &mut gaps).await?;
    report = judge(&world);
    report.notes.extend(gaps);
    let ways: Vec<_> =
        report.identities.iter().filter(|i| i.subject.is_some() && i.role_at.is_some()).cloned().collect();
    for identity in ways.iter().take(WALKED) {
        let evidence = match walked(&mut live, &world, identity).await {
            Ok(Some(evidence)) => evidence,
            Ok(None) => continue,
            // What cannot be asked hides nothing of the rest.
            Err(error) => {
                let text = format!("{}: its way was not walked: {error}", identity.who);
                let (identity, at) = (Some(identity.who.clone()), Some(identity.at.clone()));
                report.undetermined.push(Note { text, identity, at, when: None });
                continue;
            }
        };
        take(&mut report, identity, over_live(&world, identity, evidence));
    }
    if ways.len() > WALKED {
        let text = format!("--live walked the first {WALKED} of {} ways of service accounts", ways.len());
        report.undetermined.push(Note { text, identity: None, at: None, when: None });
    }
    report.finish();
    Ok(report)
}

/// Reads the roles that the files name and do not declare.
async fn fill_in(live: &Live, world: &mut World, report: &Report, gaps: &mut Vec<Note>) -> anyhow::Result<()> {
    let mut asked = BTreeSet::new();
    let elsewhere = report.identities.iter().filter(|i| i.standing == Standing::Elsewhere);
    for identity in elsewhere {
        let (Some(arn), Some(at)) = (&identity.role, &identity.role_at) else { continue };
        if arn.contains("${") || !asked.insert(arn.clone()) {
            continue;
        }
        let subject = identity.subject.clone().unwrap_or_else(|| "trustwalk-preflight".to_owned());
        let ask = Ask::Role { arn: arn.clone(), subject: Some(subject) };
        let read = match Box::pin(collect(live, &ask)).await {
            Ok(read) => read,
            Err(error) => {
                gaps.push(Note { text: error.to_string(), identity: None, at: Some(at.clone()), when: None });
                continue;
            }
        };
        let Some(evidence) = read.evidence.into_iter().next() else { continue };
        if let Some(role) = evidence.role.known() {
            world.add_live(role, at);
        } else {
            let why = evidence.role.gap().unwrap_or_default();
            gaps.push(Note {
                text: format!("{arn} was not read: {why}"),
                identity: None,
                at: Some(at.clone()),
                when: None,
            });
        }
    }
    Ok(())
}

/// The way of a service account as the cluster and the account have it now, with the role that the files name.
async fn walked(live: &mut Live, world: &World, identity: &Identity) -> anyhow::Result<Option<Evidence>> {
    let Some((namespace, name)) = account(identity) else { return Ok(None) };
    let told = account_of_arn(identity.role.as_deref().unwrap_or_default());
    live.options.role = world.role_in(identity, told.as_deref().unwrap_or_default());
    let target = parse_target(&format!("serviceaccount/{name}"), namespace)?;
    let ask = Ask::Workload(target);
    let without_cluster = live.kube.is_err();
    let mut found =
        if without_cluster { None } else { Box::pin(collect(live, &ask)).await?.evidence.into_iter().next() };
    // Of a role that the files name without an account, the caller's is meant.
    let caller = found.as_ref().and_then(|e| e.caller.known()).map(|c| c.account.clone());
    if let (Some(caller), None) = (caller, &told) {
        live.options.role = world.role_in(identity, &caller);
        if live.options.role.is_some() {
            found = Box::pin(collect(live, &ask)).await?.evidence.into_iter().next();
        }
    }
    // A service account that is not there yet has a role and an issuer all the same.
    let there = found.as_ref().is_some_and(|e| e.chains.iter().any(|c| c.known().is_some()));
    if let (false, Some(arn)) = (there, live.options.role.clone()) {
        let ask = Ask::Role { arn, subject: identity.subject.clone() };
        found = Box::pin(collect(live, &ask)).await?.evidence.into_iter().next();
    }
    Ok(found)
}

/// Namespace and name of an identity's service account.
fn account(identity: &Identity) -> Option<(&str, &str)> {
    identity.subject.as_deref()?.strip_prefix("system:serviceaccount:")?.split_once(':')
}

/// The same with what somebody collected before.
pub(super) fn judged_with(bundle: &Path, mut world: World) -> anyhow::Result<Report> {
    let all = Bundle::read(bundle)?.evidence();
    let mut report = judge(&world);
    let elsewhere = report.identities.iter().filter(|i| i.standing == Standing::Elsewhere);
    for identity in elsewhere {
        let (Some(arn), Some(at)) = (&identity.role, &identity.role_at) else { continue };
        let roles = all.iter().filter_map(|e| e.role.known());
        if let Some(role) = roles.into_iter().find(|r| r.arn == *arn) {
            world.add_live(role, at);
        }
    }
    report = judge(&world);
    let ways: Vec<Identity> = report.identities.iter().filter(|i| account(i).is_some()).cloned().collect();
    for identity in &ways {
        let is = |e: &&Evidence| {
            let own = e.service_account.known().map(|s| (s.namespace.as_str(), s.name.as_str()));
            own.is_some() && own == account(identity)
        };
        if let Some(evidence) = all.iter().find(is) {
            take(&mut report, identity, over_live(&world, identity, evidence.clone()));
        } else {
            let text = format!("{}: the bundle holds no evidence of it", identity.who);
            report.notes.push(Note { text, identity: None, at: Some(identity.at.clone()), when: None });
        }
    }
    report.finish();
    Ok(report)
}

/// Takes in what the live world says of an identity and the files do not say already.
fn take(report: &mut Report, identity: &Identity, found: Vec<Found>) {
    let known = |cause| report.findings.iter().any(|f| f.identity == identity.who && f.finding.cause == cause);
    let new: Vec<Found> = found.into_iter().filter(|f| !known(f.finding.cause)).collect();
    if new.is_empty() {
        return;
    }
    let own = report.identities.iter_mut().find(|i| i.who == identity.who && i.at == identity.at);
    if let Some(own) = own {
        own.standing = Standing::Broken;
    }
    report.undetermined.retain(|note| note.identity.as_ref() != Some(&identity.who));
    report.findings.extend(new);
}
