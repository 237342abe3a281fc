//! The one place where a trust policy to be set comes from: it cures everything at once and lets nobody else in.

use crate::cause::Cause;
use serde_json::{Value, json};
use trustwalk_trust_policy::{
    Asked, Decision, Document, DocumentStatement, Effect, Policy, SaveContext, TRUST_POLICY_QUOTA, widened,
};

use super::trust::{Case, WEB_IDENTITY, decision, identity, lacks};
use super::{Draft, Judged, policy_edit, vouch};
use crate::plan::Action;

/// Mends after which a policy that still refuses is left to people.
const ROUNDS: usize = 6;

/// The quota once it is raised as far as it goes (IAM User Guide, quotas).
const RAISED_QUOTA: usize = 4096;

/// What the repair of a policy came to.
enum Repair {
    /// The statements themselves are put right.
    InPlace(String),
    /// They would admit others too, the first of whom is named: a statement for this identity alone is added.
    Beside { document: String, others: Option<String> },
    /// Only people can, for this reason if there is one to tell.
    ByHand(Option<String>),
}

/// Gives every cause the document that cures all of them, or, where there is none, its commands only.
pub(super) fn complete(case: &Case<'_>, judged: &mut Judged) {
    let changes = |d: &Draft| d.cures.iter().any(|c| !c.actions.is_empty());
    if let Some(doubt) = vouch::doubt(case.e, &format!("https://{}", case.path)) {
        for cause in &mut judged.found {
            cause.draft = vouch::question(case.e, cause.draft.clone(), &doubt);
        }
        return;
    }
    if !judged.found.iter().any(|c| changes(&c.draft)) {
        return;
    }
    let repair = repair(case, judged);
    for cause in judged.found.iter_mut().filter(|c| changes(&c.draft)) {
        let mut draft = cause.draft.clone();
        let (acts, advice): (Vec<_>, Vec<_>) =
            std::mem::take(&mut draft.cures).into_iter().partition(|c| !c.actions.is_empty());
        let title = acts.into_iter().next().map(|c| c.title).unwrap_or_default();
        draft = carried_out(case, draft, &title, &repair);
        draft.cures.extend(advice);
        cause.draft = draft;
    }
}

fn carried_out(case: &Case<'_>, draft: Draft, title: &str, repair: &Repair) -> Draft {
    let wider = "whom changing the statement itself would admit";
    match repair {
        Repair::InPlace(document) => case.repaired(draft, title, Some(document.clone())),
        Repair::Beside { document, others } => {
            let draft = match others {
                Some(others) => draft.show(wider, others, "both policies evaluated"),
                None => draft,
            };
            case.repaired(draft, "add a statement for exactly this identity", Some(document.clone()))
        }
        Repair::ByHand(why) => {
            let mut draft = case.repaired(draft, title, None);
            if let (Some(why), Some(cure)) = (why, draft.cures.last_mut()) {
                cure.by_hand
                    .insert("note".to_owned(), format!("edit the statement shown above, keep the others: {why}"));
            }
            draft
        }
    }
}

/// Causes that a statement of its own cures as well: nothing restricts the identity that would thus be evaded.
const OWN_STATEMENT: [Cause; 2] = [Cause::TrustPolicyWrongAction, Cause::FederatedArnWrongProvider];

fn repair(case: &Case<'_>, judged: &Judged) -> Repair {
    let mended = mended(case, judged);
    let wider = match &mended {
        Some(document) => match others(case, document) {
            None => return Repair::InPlace(document.clone()),
            found => found,
        },
        None if judged.found.iter().all(|c| OWN_STATEMENT.contains(&c.cause)) => None,
        None => return Repair::ByHand(None),
    };
    let own = own_statement(case, mended.as_deref()).filter(|d| admits(case, d));
    match own.map(|document| (saved(case, &document), others(case, &document), document)) {
        Some((true, None, document)) => Repair::Beside { document, others: wider },
        Some((false, ..)) => Repair::ByHand(Some(
            "a statement for this identity alone finds no room in the policy, or IAM would refuse to save it"
                .to_owned(),
        )),
        Some((true, Some(others), _)) => Repair::ByHand(Some(format!("a change would also admit {others}"))),
        None => Repair::ByHand(wider.map(|others| format!("changing it as it stands would also admit {others}"))),
    }
}

fn mended(case: &Case<'_>, judged: &Judged) -> Option<String> {
    let mut document = judged.found.iter().find_map(|c| proposal(&c.draft))?;
    for _ in 0..ROUNDS {
        if admits(case, &document) {
            return saved(case, &document).then_some(document);
        }
        let mut role = case.role.clone();
        role.trust_policy.clone_from(&document);
        let next = Case {
            e: case.e,
            role: &role,
            token: case.token,
            path: case.path,
            provider_arn: case.provider_arn.clone(),
            document: Document::parse(&document).ok()?,
        };
        document = lacks(&next).found.iter().find_map(|c| proposal(&c.draft))?;
    }
    None
}

fn proposal(draft: &Draft) -> Option<String> {
    draft.cures.iter().flat_map(|c| &c.actions).find_map(|a| match a {
        Action::SetTrustPolicy { document, .. } => Some(document.clone()),
        Action::SetThumbprints { .. }
        | Action::AddClientId { .. }
        | Action::CreateProvider { .. }
        | Action::Annotate { .. }
        | Action::AttachPolicy { .. }
        | Action::Restart { .. } => None,
    })
}

/// Whether a policy admits the identity.
fn admits(case: &Case<'_>, text: &str) -> bool {
    Document::parse(text).is_ok_and(|document| decision(case, &document) == Decision::Allow)
}

/// Whether IAM has nothing against a policy that it had not against the present one.
fn saved(case: &Case<'_>, text: &str) -> bool {
    let Ok(document) = Document::parse(text) else { return false };
    let size_quota = if case.document.counted_length > TRUST_POLICY_QUOTA { RAISED_QUOTA } else { TRUST_POLICY_QUOTA };
    let context = SaveContext { size_quota, account: None };
    let before = case.document.lint(&context);
    document.lint(&context).iter().all(|error| before.contains(error))
}

/// Whom besides the identity a policy lets in that the present one keeps out, in words.
fn others(case: &Case<'_>, text: &str) -> Option<String> {
    let asked = Asked {
        identity: identity(case),
        audiences: case.e.provider().known().map(|p| p.client_ids.clone()).unwrap_or_default(),
    };
    admitted_besides(&case.role.trust_policy, text, &asked)
}

/// Whom besides the one asked for a trust policy lets in that the one before kept out: the first in words, or why
/// that cannot be told.
pub(crate) fn admitted_besides(before: &str, after: &str, asked: &Asked) -> Option<String> {
    let (Ok(before), Ok(after)) = (Policy::parse(before), Policy::parse(after)) else {
        return Some("nobody knows whom: one of the two policies cannot be read".to_owned());
    };
    match widened(&before, &after, asked) {
        Ok(witnesses) => witnesses.first().map(ToString::to_string),
        Err(error) => Some(error.to_string()),
    }
}

/// The policy with one more statement, for this identity and nobody else. What the statement that was meant asks of
/// the call (address, time, tags) is asked here too.
pub(super) fn own_statement(case: &Case<'_>, mended: Option<&str>) -> Option<String> {
    let mut conditions = mended.and_then(|text| asked_of_calls(case, text)).unwrap_or_else(|| json!({}));
    let context = identity(case).context();
    let own = format!("{}:", case.path).to_lowercase();
    let mut keys = vec![format!("{}:aud", case.path), format!("{}:sub", case.path)];
    for condition in case.document.statements.iter().flat_map(|s| &s.conditions) {
        let known = keys.iter().any(|k| k.eq_ignore_ascii_case(&condition.key));
        if !known && condition.key.to_lowercase().starts_with(&own) {
            keys.push(condition.key.clone());
        }
    }
    for key in keys {
        // Whatever some statement asks of a token, this one answers as this token does.
        match context.get(&key) {
            Some([value]) => put(&mut conditions, "StringEquals", &key, value)?,
            Some(_) => return None,
            None => put(&mut conditions, "Null", &key, "true")?,
        }
    }
    let statement = json!({
        "Effect": "Allow", "Principal": {"Federated": case.provider_arn}, "Action": WEB_IDENTITY, "Condition": conditions,
    });
    policy_edit::add_statement(&case.role.trust_policy, statement)
}

fn put(conditions: &mut Value, operator: &str, key: &str, value: &str) -> Option<()> {
    let blocks = conditions.as_object_mut()?;
    let block = blocks.entry(operator).or_insert_with(|| json!({})).as_object_mut()?;
    block.insert(key.to_owned(), Value::from(value));
    Some(())
}

/// The conditions, other than those on the token's claims, of the statement of a mended policy that admits the
/// identity.
fn asked_of_calls(case: &Case<'_>, mended: &str) -> Option<Value> {
    let document = Document::parse(mended).ok()?;
    let admits = |s: &DocumentStatement| {
        let alone = Document { statements: vec![s.clone()], ..document.clone() };
        s.effect == Some(Effect::Allow) && decision(case, &alone) == Decision::Allow
    };
    let index = document.statements.iter().position(admits)?;
    let mut conditions = policy_edit::conditions(mended, index)?;
    let own = format!("{}:", case.path).to_lowercase();
    for (_, block) in conditions.as_object_mut()?.iter_mut() {
        block.as_object_mut()?.retain(|key, _| !key.to_lowercase().starts_with(&own));
    }
    conditions.as_object_mut()?.retain(|_, block| block.as_object().is_some_and(|b| !b.is_empty()));
    Some(conditions)
}
