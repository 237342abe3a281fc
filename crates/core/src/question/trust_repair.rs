//! The one place where a trust policy to be set comes from: it cures everything at once and lets nobody else in.

use trustwalk_trust_policy::{
    Asked, Edit, EditKind, Miss, NoEdit, Place, Policy, PrincipalKind, Principals, Reason, smallest_edit_knowing,
    widened,
};

use super::trust_case::Case;
use super::trust_cause::{self, is_gone, of_another_account, title};
use super::trust_subject::renamed;
use super::{Judged, vouch};

/// Gives every cause the document that cures all of them, or, where there is none, its commands only. With `partly`,
/// something is left to other questions, and the policy alone cures nothing.
pub(super) fn complete(case: &Case<'_>, reasons: &[Reason], judged: &mut Judged, partly: bool) {
    if let Some(doubt) = vouch::doubt(case.e, &format!("https://{}", case.path)) {
        for cause in &mut judged.found {
            cause.draft = vouch::question(case.e, cause.draft.clone(), &doubt);
        }
        return;
    }
    let repair = if partly {
        Err(None)
    } else {
        let gone = gone(case, reasons);
        let edit = smallest_edit_knowing(&case.role.trust_policy, &case.asked(), &case.call, &gone);
        edit.map_err(Some)
    };
    let in_place = matches!(&repair, Ok(Edit { kind: EditKind::InPlace, .. }));
    let titles = titles(case, reasons, judged, in_place);
    for (cause, title) in judged.found.iter_mut().zip(titles) {
        let mut draft = cause.draft.clone();
        let advice = std::mem::take(&mut draft.cures);
        draft = match &repair {
            Ok(Edit { kind: EditKind::InPlace, document, .. }) => case.repaired(draft, &title, Some(document.clone())),
            Ok(Edit { kind: EditKind::Beside, document, wider }) => {
                if let Some(wider) = wider {
                    let label = "whom changing the statement itself would admit";
                    draft = draft.show(label, wider.to_string(), "both policies evaluated");
                }
                case.repaired(draft, "add a statement for exactly this identity", Some(document.clone()))
            }
            Err(why) => {
                let own = matches!(why, Some(NoEdit::Restricted)).then(|| case.beside()).flatten();
                let mut draft = match own {
                    Some(document) => case.let_in(draft, &title, document),
                    None => case.repaired(draft, &title, None),
                };
                if let (Some(why), Some(cure)) = (why.as_ref().and_then(by_hand), draft.cures.last_mut()) {
                    let note = format!("edit the statement shown above, keep the others: {why}");
                    cure.by_hand.insert("note".to_owned(), note);
                }
                draft
            }
        };
        draft.cures.extend(advice);
        cause.draft = draft;
    }
}

/// What the cure of each cause is called: by the first reason that leads to it. A value that admits nobody any more is
/// replaced where the statement itself is changed.
fn titles(case: &Case<'_>, reasons: &[Reason], judged: &Judged, in_place: bool) -> Vec<String> {
    let first = |cause| reasons.iter().find(|r| trust_cause::cause(case, r) == cause);
    let gone = gone(case, reasons);
    let called = |reason: &Reason| {
        if let Miss::SubjectDiffers { value, expected, .. } = &reason.miss
            && in_place
            && gone.contains(value)
        {
            return format!("allow `{expected}` in place of `{value}`");
        }
        title(reason)
    };
    judged.found.iter().map(|f| first(f.cause).map(called).unwrap_or_default()).collect()
}

/// Why a change is left to people, where there is a reason to tell.
fn by_hand(why: &NoEdit) -> Option<String> {
    match why {
        NoEdit::Wider(witness) => Some(format!("a change would also admit {witness}")),
        NoEdit::Refused(_) => Some(
            "a statement for this identity alone finds no room in the policy, or IAM would refuse to save it"
                .to_owned(),
        ),
        NoEdit::TwoSpellings => Some(why.to_string()),
        NoEdit::TooMany(error) => Some(error.to_string()),
        NoEdit::Unreadable | NoEdit::Admitted | NoEdit::Denied | NoEdit::NoCure | NoEdit::Restricted => None,
    }
}

/// What of the policy admits nobody any more, as far as the evidence knows: it makes way for the identity.
fn gone(case: &Case<'_>, reasons: &[Reason]) -> Vec<String> {
    let each = reasons.iter().filter_map(|reason| match (&reason.miss, &reason.place) {
        (Miss::SubjectDiffers { value, expected, .. }, _) => {
            (renamed(case, value, expected) || is_gone(case, value, expected)).then(|| value.clone())
        }
        (Miss::FederatedOtherProvider { value, .. }, Place::Principal { statement }) => {
            (!in_use(case, *statement, value)).then(|| value.clone())
        }
        _ => None,
    });
    each.collect()
}

/// Whether a principal may admit somebody: a provider of this account, or one of which that is not known.
fn in_use(case: &Case<'_>, statement: usize, found: &str) -> bool {
    // Conditions on our issuer's keys are met by none of the other's tokens.
    let own = format!("{}:", case.path.to_lowercase());
    let statement = case.document.statements.get(statement);
    if statement.is_some_and(|s| s.conditions.iter().any(|c| c.key.to_lowercase().starts_with(&own))) {
        return false;
    }
    let exists = case.e.providers().known().is_none_or(|all| all.iter().any(|p| p == found));
    found.contains(":saml-provider/") || (!of_another_account(case, found) && exists)
}

/// The principal that a reason speaks of.
pub(super) fn named(case: &Case<'_>, statement: usize, miss: &Miss) -> Option<String> {
    if let Miss::FederatedOtherProvider { value, .. }
    | Miss::FederatedMalformed { value, .. }
    | Miss::Unexpanded { text: value } = miss
    {
        return Some(value.clone());
    }
    let principals = &case.document.statements.get(statement)?.principal.as_ref()?.principals;
    let (path, another) = (case.path, matches!(miss, Miss::FederatedOtherAccount { .. }));
    match principals {
        Principals::Listed(list) => {
            let federated = list.iter().filter(|(kind, _)| *kind == PrincipalKind::Federated).map(|(_, v)| v);
            let all: Vec<&String> = federated.collect();
            let fits = |v: &&&String| v.contains(path) && (!another || of_another_account(case, v));
            all.iter().find(fits).or(all.first()).map(|v| (*v).clone())
        }
        Principals::Everyone => Some("*".to_owned()),
        Principals::Unusable(text) => Some(text.clone()),
    }
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
