//! Changes of the account that could have cured a failure: of the right kind, about the same thing, and such as
//! changed something, as far as is known.

use serde_json::Value;
use trustwalk_symptoms::{Outcome, Symptom, TrailEvent as Call};

use super::facts::{effective_audience, moment};
use super::sts::{Refusal, from_symptom};
use crate::evidence::{LogFailure, TrailEvent, View};

/// One change that succeeded, from the account's trail or from a record that stood in a log.
#[derive(Debug, Clone, Copy)]
struct Change<'a> {
    at: i64,
    call: Call,
    who: &'a str,
    name: &'a str,
    /// The role or the provider, by name or ARN.
    of: &'a str,
    /// The policy that was saved.
    document: Option<&'a str>,
    /// The audience that was added.
    audience: Option<&'a str>,
}

/// The newest change that could have cured a failure and came after it.
pub(super) fn cure(view: &View<'_>, line: &LogFailure, at: i64) -> Option<String> {
    let all = changes(view);
    let fitting = all.iter().filter(|c| c.at > at && c.at <= view.now());
    let newest = fitting.filter(|c| could(view, &all, c, line)).max_by_key(|c| c.at)?;
    let who = if newest.who.is_empty() { String::new() } else { format!(" by {}", newest.who) };
    Some(format!("{}{who}", newest.name))
}

fn changes<'a>(view: &View<'a>) -> Vec<Change<'a>> {
    let live = view.trail().known().into_iter().flatten().filter(|t| t.error.is_none()).filter_map(of_event);
    let given = view.besides().records.iter().filter(|r| r.record.outcome == Outcome::Succeeded).filter_map(|r| {
        let r = &r.record;
        Some(Change {
            at: r.at.as_deref().and_then(moment)?,
            call: r.event,
            who: r.actor_arn.as_deref().unwrap_or_default(),
            name: &r.name,
            of: r.role_arn.as_deref().or(r.provider.as_deref()).unwrap_or_default(),
            document: r.policy.as_deref(),
            audience: r.audiences.first().map(String::as_str),
        })
    });
    live.chain(given).collect()
}

fn of_event(event: &TrailEvent) -> Option<Change<'_>> {
    Some(Change {
        at: event.at,
        call: Call::of_name(&event.name)?,
        who: &event.who,
        name: &event.name,
        of: event.role.as_deref().unwrap_or(&event.resource),
        document: event.change.get("policyDocument").map(String::as_str),
        audience: event.change.get("clientID").map(String::as_str),
    })
}

fn could(view: &View<'_>, all: &[Change<'_>], change: &Change<'_>, line: &LogFailure) -> bool {
    let calls: &[Call] = match from_symptom(line.failure.symptom) {
        Some(Refusal::NoProvider) => &[Call::CreateProvider],
        Some(Refusal::Thumbprint) => &[Call::UpdateThumbprint, Call::CreateProvider],
        Some(Refusal::Audience) => &[Call::AddClientId, Call::CreateProvider],
        Some(Refusal::Denied) if line.failure.symptom == Symptom::NotAuthorizedWebIdentity => {
            &[Call::UpdateTrust, Call::CreateRole]
        }
        Some(Refusal::Denied | Refusal::Parameters | Refusal::Token | Refusal::Keys) | None => &[],
    };
    if !calls.contains(&change.call) {
        return false;
    }
    match change.call {
        Call::UpdateTrust => of_the_role(view, change, line) && !same_again(all, change),
        Call::CreateRole => of_the_role(view, change, line),
        Call::AddClientId => wanted(view, line).is_none_or(|aud| change.audience.is_none_or(|given| given == aud)),
        Call::CreateProvider | Call::UpdateThumbprint => true,
        Call::AssumeRoleWithWebIdentity
        | Call::AssumeRoleForPodIdentity
        | Call::DeleteProvider
        | Call::RemoveClientId
        | Call::DeleteRole
        | Call::CreateAssociation
        | Call::UpdateAssociation
        | Call::DeleteAssociation
        | Call::Other => false,
    }
}

/// Whether the role changed is the one refused, as far as both are known.
fn of_the_role(view: &View<'_>, change: &Change<'_>, line: &LogFailure) -> bool {
    let name = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
    let asked = line.failure.role_arn.as_deref().or_else(|| view.role_arn().known().map(String::as_str));
    asked.is_none_or(|arn| change.of.is_empty() || name(arn) == name(change.of))
}

/// Whether the policy saved is the one that stood there: what is not known counts as changed.
fn same_again(all: &[Change<'_>], change: &Change<'_>) -> bool {
    let before = all
        .iter()
        .filter(|c| c.at < change.at && matches!(c.call, Call::UpdateTrust | Call::CreateRole) && c.of == change.of)
        .max_by_key(|c| c.at);
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    before.and_then(|b| read(b.document?)).is_some_and(|old| change.document.and_then(read) == Some(old))
}

/// The audience of the token that was refused.
fn wanted<'a>(view: &View<'a>, line: &'a LogFailure) -> Option<&'a str> {
    line.failure.audience.as_deref().or_else(|| view.token().known().and_then(effective_audience))
}
