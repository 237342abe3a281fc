//! Where the thing that a step is about stands: as before the step, as the step left it, or as somebody else made
//! it since. Only what is as the step left it is undone.

use trustwalk_collect::World;
use trustwalk_core::evidence::{PodIdentityAssociation, Provider};
use trustwalk_core::plan::{Action, ReceiptStep, StepState, Undoing};

use crate::act;
use crate::error::ApplyError;
use crate::state::same;

/// A provider made with its answer lost is known by its time as well. Clocks differ by no more than this, or AWS
/// would take no signature of ours (AWS General Reference, "Signature Version 4": five minutes).
const CLOCKS: i64 = 300;

/// What a step left of the thing it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// As before the step: it never arrived, or is undone already.
    Before,
    /// As the step made it; the ARN of a provider that it made.
    Changed(Option<String>),
    /// It is not there any more, so that nothing can be put back; what is not.
    Gone(String),
}

/// Whether a rollback has anything to do with a step.
pub(crate) fn is_to_undo(entry: &ReceiptStep) -> bool {
    let sent = match entry.state {
        StepState::Done | StepState::Started | StepState::Undoing | StepState::UndoRefused => true,
        StepState::Pending | StepState::AlreadyDone | StepState::Undone | StepState::Gone => false,
    };
    sent && entry.step.undoing() != Undoing::Nothing
}

/// Where a step's thing stands; an error when it is neither as before the step nor as after it.
pub(crate) async fn standing(world: &World, entry: &ReceiptStep) -> Result<Standing, ApplyError> {
    let step = &entry.step;
    if let Action::CreateProvider { url, .. } = &step.action {
        return of_provider(world, entry, url).await;
    }
    if let Action::Associate { cluster, namespace, service_account, role_arn, association: None } = &step.action {
        return of_association(world, entry, (cluster, namespace, service_account), role_arn).await;
    }
    let expected = &step.precondition.expected;
    let Some(left) = act::wanted(&step.action, expected) else { return Ok(Standing::Changed(None)) };
    let found = match act::current(world, &step.action).await {
        Err(ApplyError::Gone { why, .. }) => return Ok(Standing::Gone(why)),
        found => found?,
    };
    if same(&found, expected) && !may_lag(entry) {
        Ok(Standing::Before)
    } else if same(&left, &found) || same(&found, expected) {
        Ok(Standing::Changed(None))
    } else {
        Err(ApplyError::Overtaken { what: step.precondition.words.clone(), left, found })
    }
}

/// Whether the value of before is no sign that the step is undone: IAM took the write, and its answers lag behind
/// its writes (IAM User Guide, "Changes that I make are not always immediately visible"). What was there is then put
/// back all the same, which changes nothing where it is there already.
fn may_lag(entry: &ReceiptStep) -> bool {
    let again = match &entry.step.action {
        Action::SetThumbprints { .. } | Action::SetTrustPolicy { .. } | Action::AddClientId { .. } => true,
        Action::CreateProvider { .. }
        | Action::Annotate { .. }
        | Action::AttachPolicy { .. }
        | Action::SetWebhook { .. }
        | Action::Associate { .. }
        | Action::Restart { .. }
        | Action::Renew { .. } => false,
    };
    again && entry.state == StepState::Done
}

async fn of_provider(world: &World, entry: &ReceiptStep, url: &str) -> Result<Standing, ApplyError> {
    let unread = |gap: Option<String>| ApplyError::Step {
        step: act::undo_words(&entry.step.action),
        reason: gap.unwrap_or_default(),
    };
    let all = world.aws.providers().await;
    let Some(arns) = all.known() else { return Err(unread(all.gap())) };
    let suffix = format!(":oidc-provider/{}", url.trim_start_matches("https://"));
    let Some(arn) = arns.iter().find(|arn| arn.ends_with(&suffix)) else { return Ok(Standing::Before) };
    let provider = world.aws.provider(arn).await;
    let Some(found) = provider.known() else { return Err(unread(provider.gap())) };
    match differs(entry, found) {
        None => Ok(Standing::Changed(Some(arn.clone()))),
        Some(differs) => Err(ApplyError::NotOurs { what: format!("the provider {arn}"), differs }),
    }
}

/// An association is told by its id where that is known, and else by what was asked for, and by its time.
async fn of_association(
    world: &World,
    entry: &ReceiptStep,
    (cluster, namespace, account): (&str, &str, &str),
    role: &str,
) -> Result<Standing, ApplyError> {
    let unread = |gap: Option<String>| ApplyError::Step {
        step: act::undo_words(&entry.step.action),
        reason: gap.unwrap_or_default(),
    };
    let all = world.aws.associations(cluster, Some(namespace)).await;
    let Some(found) = all.known() else { return Err(unread(all.gap())) };
    let own = found.iter().find(|a| a.namespace == namespace && a.service_account == account);
    let Some(found) = own else { return Ok(Standing::Before) };
    if let Some(gap) = &found.undescribed {
        return Err(unread(Some(gap.to_string())));
    }
    match unlike(entry, found, role) {
        None => Ok(Standing::Changed(Some(found.id.clone()))),
        Some(differs) => Err(ApplyError::NotOurs { what: format!("the association {}", found.id), differs }),
    }
}

/// What sets an association apart from the one that the step made; `None` when nothing does.
fn unlike(entry: &ReceiptStep, found: &PodIdentityAssociation, role: &str) -> Option<String> {
    let told = |text: &Option<String>| text.clone().unwrap_or_default();
    let id = entry.made.as_ref().map_or_else(|| found.id.clone(), |m| m.arn.clone());
    let pairs = [
        ("id", id, found.id.clone()),
        ("role", role.to_owned(), told(&found.role_arn)),
        ("target role", String::new(), told(&found.target_role_arn)),
        ("owner", String::new(), told(&found.owner_arn)),
    ];
    for (what, ours, theirs) in pairs {
        if ours != theirs {
            return Some(format!("its {what} is `{theirs}`, and the one that was made here had `{ours}`"));
        }
    }
    let began = entry.began.unwrap_or(entry.at);
    (entry.made.is_none() && found.created.unwrap_or_default() < began - CLOCKS)
        .then(|| "it was there before the fix began, so somebody else made it".to_owned())
}

/// What sets a provider apart from the one that the step made; `None` when nothing does.
fn differs(entry: &ReceiptStep, found: &Provider) -> Option<String> {
    let Action::CreateProvider { url, client_ids, thumbprints } = &entry.step.action else {
        return Some("the step made none".to_owned());
    };
    let asked = Provider {
        arn: found.arn.clone(),
        url: url.clone(),
        client_ids: client_ids.clone(),
        // None asked for lets IAM take its own.
        thumbprints: if thumbprints.is_empty() { found.thumbprints.clone() } else { thumbprints.clone() },
        created: found.created,
        tags: std::collections::BTreeMap::new(),
    };
    let made = entry.made.as_ref();
    let read = made.and_then(|m| m.as_read.as_ref());
    let right = read.unwrap_or(&asked);
    let bare = |url: &str| url.trim_start_matches("https://").to_owned();
    let list = |items: &[String]| serde_json::json!(items).to_string();
    let tags = |p: &Provider| serde_json::json!(p.tags).to_string();
    let pairs = [
        ("ARN", made.map_or_else(|| found.arn.clone(), |m| m.arn.clone()), found.arn.clone()),
        ("URL", bare(&right.url), bare(&found.url)),
        ("audiences", list(&right.client_ids), list(&found.client_ids)),
        ("thumbprints", list(&right.thumbprints), list(&found.thumbprints)),
        ("tags", tags(right), tags(found)),
        ("time of creation", right.created.to_string(), found.created.to_string()),
    ];
    for (what, ours, theirs) in pairs {
        if !same(&ours, &theirs) {
            return Some(format!("its {what} is `{theirs}`, and the one that was made here had `{ours}`"));
        }
    }
    let began = entry.began.unwrap_or(entry.at);
    (read.is_none() && found.created < began - CLOCKS)
        .then(|| "it was there before the fix began, so somebody else made it".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustwalk_core::plan::{Applicability, Effect, Made, Precondition, Step};

    fn entry(made: Option<Made>) -> ReceiptStep {
        let step = Step {
            action: Action::CreateProvider {
                url: "https://i.example/a".into(),
                client_ids: vec!["sts.amazonaws.com".into()],
                thumbprints: Vec::new(),
            },
            precondition: Precondition { words: String::new(), expected: "absent".into() },
            effect: Effect { words: String::new(), changes: Vec::new(), blast_radius: String::new(), past: None },
            inverse: None,
            applicability: Applicability::NeedsApproval,
        };
        ReceiptStep { step, state: StepState::Done, at: 1_000_000, began: Some(1_000_000), note: None, made }
    }

    fn provider() -> Provider {
        Provider {
            arn: "arn:aws:iam::111122223333:oidc-provider/i.example/a".into(),
            url: "i.example/a".into(),
            client_ids: vec!["sts.amazonaws.com".into()],
            thumbprints: vec!["ab".repeat(20)],
            created: 1_000_001,
            tags: std::collections::BTreeMap::new(),
        }
    }

    #[test]
    fn an_answer_that_lags_is_no_sign_that_a_step_is_undone() {
        let lags = |action: Action, state| {
            may_lag(&ReceiptStep { state, step: Step { action, ..entry(None).step }, ..entry(None) })
        };
        let set = || Action::SetTrustPolicy { role: "r".into(), document: "{}".into() };
        assert!(lags(set(), StepState::Done));
        // Sent without an answer, refused or undone: what is there tells.
        for state in [StepState::Started, StepState::Undoing, StepState::UndoRefused] {
            assert!(!lags(set(), state));
        }
        assert!(!lags(entry(None).step.action, StepState::Done), "a deletion is not made twice");
    }

    #[test]
    fn a_provider_is_deleted_only_when_nothing_sets_it_apart_from_the_one_that_was_made() {
        let made = Made { arn: provider().arn, as_read: Some(provider()) };
        let changed = |change: fn(&mut Provider)| {
            let mut other = provider();
            change(&mut other);
            other
        };
        let others = [
            ("audiences", changed(|p| p.client_ids.push("other".into()))),
            ("tags", changed(|p| drop(p.tags.insert("owner".into(), "payments".into())))),
            ("URL", changed(|p| p.url = "i.example/b".into())),
            ("ARN", changed(|p| p.arn = p.arn.replace("1111", "4444"))),
        ];
        let of_read = [
            ("thumbprints", changed(|p| p.thumbprints = vec!["cd".repeat(20)])),
            ("time of creation", changed(|p| p.created += 1)),
        ];
        assert_eq!(differs(&entry(Some(made.clone())), &provider()), None);
        for (what, other) in others.iter().chain(&of_read) {
            let said = differs(&entry(Some(made.clone())), other).unwrap_or_default();
            assert!(said.contains(what), "{what}: {said}");
        }
        // The answer was lost: it is known by what was asked for, and by its time.
        assert_eq!(differs(&entry(None), &provider()), None);
        for (what, other) in others.iter().filter(|(what, _)| *what != "ARN") {
            assert!(differs(&entry(None), other).unwrap_or_default().contains(what), "{what}");
        }
        let older = changed(|p| p.created = 900_000);
        assert!(differs(&entry(None), &older).unwrap_or_default().contains("before the fix"));
    }
}
