//! A change is a change of the evidence: what is there after an action, and what of that which was seen is over.
//!
//! What an action makes unknown is spared, not guessed: nobody asks STS before the change is made. What it has no
//! bearing on stays, so that whatever fails next is told by the same questions as what fails now.

use trustwalk_symptoms::{Symptom, classify};
use trustwalk_trust_policy::TAG_SESSION_ACTION;

use super::action::Action;
use super::{associate, hooks, pods};
use crate::evidence::{
    AUDIENCE_ANNOTATION, Container, DEFAULT_AUDIENCE, Evidence, Exchange, FieldWriter, LogFailure, Observed, Provider,
    REGIONAL_ANNOTATION, ROLE_ANNOTATION, Role, RolePolicy, ServiceAccount, Source, Variable, View, at_work,
};
use crate::question::{
    Refusal, acts_by_association, allowed_by, from_answer, provider_to_be, refusal_of, thumbprints_to_be,
};

/// Who writes what a plan changes, as the evidence after it tells.
const WRITER: &str = "trustwalk";

/// STS's global endpoint (AWS General Reference, "AWS Security Token Service endpoints and quotas").
const GLOBAL_STS: &str = "sts.amazonaws.com";

/// The evidence as it would be after an action.
#[must_use]
pub fn applied(e: &Evidence, action: &Action) -> Evidence {
    let mut after = e.clone();
    match action {
        Action::SetThumbprints { provider_arn, thumbprints } => {
            if let Some(provider) = provider(&mut after, provider_arn) {
                provider.thumbprints.clone_from(thumbprints);
            }
        }
        Action::AddClientId { provider_arn, client_id } => {
            if let Some(provider) = provider(&mut after, provider_arn)
                && !provider.client_ids.contains(client_id)
            {
                provider.client_ids.push(client_id.clone());
            }
        }
        Action::CreateProvider { url, client_ids, thumbprints } => {
            create(&mut after, (url, client_ids, thumbprints));
        }
        Action::SetTrustPolicy { role, document } => {
            for known in roles(&mut after).filter(|r| r.name == *role) {
                known.trust_policy.clone_from(document);
            }
        }
        Action::Annotate { namespace, service_account, key, value } => {
            let own = after.service_account.known();
            if own.is_some_and(|sa| sa.namespace == *namespace && sa.name == *service_account) {
                annotate(&mut after, key, value.as_deref());
            }
        }
        Action::AttachPolicy { policy_arn, .. } => {
            let policies =
                if acts_by_association(&View::new(e)) { &mut after.association_policies } else { &mut after.policies };
            if let Some(known) = policies.known_mut() {
                let name = policy_arn.rsplit('/').next().unwrap_or(policy_arn).to_owned();
                known.push(RolePolicy { name, arn: Some(policy_arn.clone()), ..RolePolicy::default() });
            }
        }
        Action::SetWebhook { configuration, webhook, set } => {
            let by = FieldWriter { manager: WRITER.to_owned(), at: after.now };
            hooks::set(&mut after, (configuration, webhook), set, &by);
            if hooks::is_past(&after) {
                after.injection_probe = unknown("what a new pod would get");
            }
        }
        Action::Associate { namespace, service_account, role_arn, association, .. } => {
            let association = association.as_deref();
            associate::set(&mut after, associate::Wanted { namespace, service_account, role_arn, association });
            if hooks::is_past(&after) {
                after.injection_probe = unknown("what a new pod would get");
            }
        }
        Action::Restart { .. } => pods::renew(&mut after, None),
        Action::Renew { pods, .. } => pods::renew(&mut after, Some(pods)),
    }
    if action.renews_pods() {
        forget_role(&mut after);
    }
    end(&mut after, action);
    after
}

/// The provider that an action names, where it is the one of the evidence.
fn provider<'a>(e: &'a mut Evidence, arn: &str) -> Option<&'a mut Provider> {
    e.provider.known_mut().filter(|p| p.arn == arn)
}

fn roles(e: &mut Evidence) -> impl Iterator<Item = &mut Role> {
    let Evidence { role, trusting, association_role, association_target, .. } = e;
    let own = role.known_mut().into_iter().chain(trusting.known_mut().into_iter().flatten());
    own.chain(association_role.known_mut()).chain(association_target.known_mut())
}

fn create(e: &mut Evidence, (url, client_ids, thumbprints): (&str, &[String], &[String])) {
    let Some((arn, bare)) = provider_to_be(&View::new(e), url) else { return };
    // Given none, IAM takes that of the chain's last certificate (IAM API reference, `CreateOpenIDConnectProvider`).
    let thumbprints = if thumbprints.is_empty() { thumbprints_to_be(&View::new(e)) } else { thumbprints.to_vec() };
    let source = Source { what: format!("{arn} as registered"), at: e.now, by_hand: None };
    if let Some(value) = e.providers.known_mut()
        && !value.contains(&arn)
    {
        value.push(arn.clone());
    }
    let value = Provider {
        arn,
        url: bare,
        client_ids: client_ids.to_vec(),
        thumbprints,
        created: e.now,
        ..Provider::default()
    };
    e.provider = Observed::Known { value, source }.into();
}

fn annotate(e: &mut Evidence, key: &str, value: Option<&str>) {
    let now = e.now;
    let by = FieldWriter { manager: WRITER.to_owned(), at: now };
    let Some(sa) = e.service_account.known_mut() else { return };
    match value {
        Some(value) => sa.annotations.insert(key.to_owned(), value.to_owned()),
        None => sa.annotations.remove(key),
    };
    sa.written_by.insert(key.to_owned(), by.clone());
    let who = format!("annotation of {}/{}", sa.namespace, sa.name);
    if key == ROLE_ANNOTATION {
        sa.role_written_by = Some(by);
        name_role(e, value, who);
    } else if key == AUDIENCE_ANNOTATION {
        ask_for(e, value.unwrap_or(DEFAULT_AUDIENCE));
    } else if e.injection_probe.known().is_some() {
        e.injection_probe = unknown("what a new pod would get");
    }
}

/// The workload is told another role: what was read of the one before says nothing of it.
fn name_role(e: &mut Evidence, arn: Option<&str>, what: String) {
    let source = Source { what, at: e.now, by_hand: None };
    let Some(arn) = arn.filter(|arn| !arn.is_empty()) else {
        e.role_arn = Observed::Absent { source };
        return;
    };
    e.role_arn = Observed::Known { value: arn.to_owned(), source };
    e.exchange = not_before();
    if let Some(probe) = e.injection_probe.known_mut() {
        if probe.role_arn.is_some() {
            probe.role_arn = Some(arn.to_owned());
        } else if probe.error.is_none() {
            e.injection_probe = unknown("what a new pod would get");
        }
    }
    if e.role.known().is_some_and(|r| r.arn == arn) {
        return;
    }
    let waiting = e.trusting.known().into_iter().flatten().find(|r| r.arn == arn).cloned();
    e.role = match waiting {
        Some(value) => Observed::Known { value, source: e.trusting.source().cloned().unwrap_or_default() },
        None => unknown("the role that is named then"),
    }
    .into();
    e.policies = unknown("the policies of the role that is named then").into();
    let account = |arn: &str| arn.split(':').nth(4).map(str::to_owned);
    if e.provider.known().is_none_or(|p| account(&p.arn) != account(arn)) && !registered_there(e, arn) {
        e.provider = unknown("the provider in the account of the role that is named then").into();
        e.providers = unknown("the providers of that account");
    }
}

/// A role that nothing but pods named, and that new ones have not: nobody asks for it any more.
fn forget_role(e: &mut Evidence) {
    let set = |c: &Container| c.has_env(Variable::AwsRoleArn);
    let of_template = e.workload.known().is_some_and(|w| w.template.containers.iter().any(set));
    let of_pods = e.pods.known().is_none_or(|all| at_work(all).any(|p| p.spec.containers.iter().any(set)));
    let of_account = e.service_account.known().is_none_or(|sa| sa.role_arn().is_some());
    if of_template || of_pods || of_account || e.role_arn.known().is_none() {
        return;
    }
    let source = Source { what: "the pods that were made anew".to_owned(), at: e.now, by_hand: None };
    e.role_arn = Observed::Absent { source };
    e.exchange = Observed::Spared { reason: "no role is named".to_owned() };
    e.role = Observed::Spared { reason: "no role is named".to_owned() }.into();
    e.policies = Observed::Spared { reason: "no role is named".to_owned() }.into();
}

/// Whether what was read of providers is of the account of a role.
fn registered_there(e: &Evidence, arn: &str) -> bool {
    let account = |arn: &str| arn.split(':').nth(4).map(str::to_owned);
    let caller = e.caller.known().map(|c| c.account.clone());
    caller.is_some()
        && caller == account(arn)
        && e.providers.known().is_some_and(|p| p.iter().all(|p| account(p) == caller))
}

/// Tokens for the service account carry this audience from now on.
fn ask_for(e: &mut Evidence, audience: &str) {
    if let Some(probe) = e.injection_probe.known_mut().filter(|p| p.audience.is_some()) {
        probe.audience = Some(audience.to_owned());
    }
    if let Some(token) = e.token.known_mut() {
        token.aud = vec![audience.to_owned()];
        token.azp = None;
        token.claims.remove("aud");
        token.claims.remove("azp");
    }
}

fn unknown<T>(what: &str) -> Observed<T> {
    Observed::NotCollected { reason: format!("to be read once the change is made: {what}") }
}

/// An exchange that nothing that is seen needs.
fn not_before() -> Observed<Exchange> {
    Observed::Spared { reason: "nobody asks before the change is made".to_owned() }
}

/// What was seen to fail and could not fail so any more.
fn end(e: &mut Evidence, action: &Action) {
    let asked_again = e.exchange.known().is_some_and(|x| match x.code.as_deref().filter(|_| x.assumed.is_none()) {
        Some(code) => ends(action, Some(from_answer(code, x.message.as_deref().unwrap_or_default())), None),
        // A success before is none after: nothing but another exchange would show it.
        None => match action {
            Action::Annotate { key, .. } => [ROLE_ANNOTATION, AUDIENCE_ANNOTATION].contains(&key.as_str()),
            Action::SetTrustPolicy { .. } => true,
            Action::SetThumbprints { .. }
            | Action::AddClientId { .. }
            | Action::CreateProvider { .. }
            | Action::AttachPolicy { .. }
            | Action::SetWebhook { .. }
            | Action::Associate { .. }
            | Action::Restart { .. }
            | Action::Renew { .. } => false,
        },
    });
    if asked_again {
        e.exchange = not_before();
    }
    let view = e.clone();
    if let Some(value) = e.logs.known_mut() {
        value.retain(|line| {
            let of_global = asks_regions(&view, action) && at_global(line);
            !of_global && !over(&view, action, line.failure.symptom, line.failure.denied_action.as_deref())
        });
    }
    if let Some(value) = e.trail.known_mut() {
        value.retain(|event| {
            let Some(code) = event.error.as_deref().filter(|_| event.name == "AssumeRoleWithWebIdentity") else {
                return true;
            };
            let words = event.message.as_deref().unwrap_or_default();
            let said =
                format!("An error occurred ({code}) when calling the AssumeRoleWithWebIdentity operation: {words}");
            let symptom = classify(&said).map_or(Symptom::WebIdentityOther, |f| f.symptom);
            !over(&view, action, symptom, None)
        });
    }
}

/// Whether pods that are made anew ask STS's regional endpoint, as their service account says.
fn asks_regions(e: &Evidence, action: &Action) -> bool {
    let says = |sa: &ServiceAccount| sa.annotations.get(REGIONAL_ANNOTATION).is_some_and(|v| v == "true");
    action.renews_pods() && e.service_account.known().is_some_and(says)
}

/// Whether a failure is of the global endpoint.
fn at_global(line: &LogFailure) -> bool {
    line.failure.symptom == Symptom::StsGlobalEndpoint || line.failure.host.as_deref() == Some(GLOBAL_STS)
}

/// Whether a failure of this meaning is over once an action is taken.
fn over(e: &Evidence, action: &Action, symptom: Symptom, denied: Option<&str>) -> bool {
    let renewed = action.renews_pods() && pods::ends(e, symptom);
    let heard = matches!(action, Action::SetWebhook { set, .. } if set.ends(symptom));
    let trusted = match action {
        Action::SetTrustPolicy { role, .. } => {
            let refused = matches!(symptom, Symptom::PodIdentityTrustRefused | Symptom::PodIdentityAccessDenied);
            refused && e.role.known().is_none_or(|r| r.name != *role)
        }
        Action::Associate { .. } => symptom == Symptom::PodIdentityNoAssociation,
        Action::SetThumbprints { .. }
        | Action::AddClientId { .. }
        | Action::CreateProvider { .. }
        | Action::Annotate { .. }
        | Action::AttachPolicy { .. }
        | Action::SetWebhook { .. }
        | Action::Restart { .. }
        | Action::Renew { .. } => false,
    };
    renewed || heard || trusted || ends(action, refusal_of(symptom), denied)
}

/// Whether a check of STS, or an action that was refused, no longer refuses once an action is taken.
fn ends(action: &Action, refusal: Option<Refusal>, denied: Option<&str>) -> bool {
    match action {
        Action::SetThumbprints { .. } => refusal == Some(Refusal::Thumbprint),
        Action::AddClientId { .. } => refusal == Some(Refusal::Audience),
        Action::CreateProvider { .. } => refusal == Some(Refusal::NoProvider),
        Action::SetTrustPolicy { .. } => refusal == Some(Refusal::Denied) || denied == Some(TAG_SESSION_ACTION),
        Action::Annotate { key, .. } if key == AUDIENCE_ANNOTATION => {
            matches!(refusal, Some(Refusal::Audience | Refusal::Denied))
        }
        // Whatever STS said was said of another role.
        Action::Annotate { key, .. } if key == ROLE_ANNOTATION => refusal.is_some(),
        Action::AttachPolicy { policy_arn, .. } => denied.is_some_and(|a| allowed_by(policy_arn, a)),
        Action::Annotate { .. } | Action::SetWebhook { .. } | Action::Associate { .. } => false,
        Action::Restart { .. } | Action::Renew { .. } => refusal == Some(Refusal::Token),
    }
}
