//! The checks of one statement.

use super::{SaveContext, SaveError, shared};
use crate::call::is_of_call;
use crate::document::{DocumentCondition, DocumentStatement, Effect, ListElement, PrincipalKind, Principals};
use crate::glob;
use crate::operator::{Comparison, Operator};
use crate::provider::{ProviderArn, is_federated};
use crate::value::{Test, Value};

/// Actions that a trust policy can allow (DOC: Service Authorization Reference, AWS STS).
pub(crate) const TRUST_ACTIONS: [&str; 6] = [
    crate::request::WEB_IDENTITY_ACTION,
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:TagSession",
    "sts:SetSourceIdentity",
    "sts:SetContext",
];

pub(super) fn check(index: usize, s: &DocumentStatement, context: &SaveContext, errors: &mut Vec<SaveError>) {
    let unknown = s.unknown.iter().map(|e| SaveError::Syntax { statement: Some(index), element: e.clone() });
    errors.extend(unknown);
    errors.extend(s.exclusive.iter().map(|&element| SaveError::ExclusiveElements { statement: index, element }));
    if s.resource.is_some() {
        errors.push(SaveError::ProhibitedResource { statement: index });
    }
    let required =
        [("Effect", s.effect.is_some()), ("Principal", s.principal.is_some()), ("Action", s.action.is_some())];
    let missing = required.into_iter().filter(|(_, present)| !present);
    errors.extend(missing.map(|(element, _)| SaveError::MissingElement { statement: index, element }));
    actions(index, s.action.as_ref(), errors);
    principals(index, s, context, errors);
    conditions(index, &s.conditions, errors);
    let unknown = s.empty.iter().filter(|operator| Operator::parse(operator).is_none());
    errors.extend(
        unknown.map(|operator| SaveError::InvalidConditionType { statement: index, operator: operator.clone() }),
    );
}

fn actions(statement: usize, element: Option<&ListElement>, errors: &mut Vec<SaveError>) {
    let Some(element) = element else { return };
    if element.values.is_empty() {
        errors.push(SaveError::NoActions { statement });
    }
    for action in &element.values {
        let text = action.clone();
        match action.matches(':').count() {
            0 if action == "*" && !element.negated => {
                errors.push(SaveError::ForeignAction { statement, action: text });
            }
            0 if action != "*" => errors.push(SaveError::ActionWithoutService { statement, action: text }),
            1 if !element.negated && !is_trust_action(action) => {
                errors.push(SaveError::ForeignAction { statement, action: text });
            }
            0 | 1 => {}
            _ => errors.push(SaveError::TwoColons { statement, text }),
        }
    }
}

/// Whether an action, or a pattern of actions, is one that a trust policy may allow. REPORTED: `*` alone is refused.
pub(crate) fn is_trust_action(pattern: &str) -> bool {
    let units: Vec<_> = glob::units(pattern).collect();
    TRUST_ACTIONS.iter().any(|action| glob::matches(&units, action, glob::same_letter))
}

fn principals(index: usize, s: &DocumentStatement, context: &SaveContext, errors: &mut Vec<SaveError>) {
    let Some(element) = &s.principal else { return };
    if element.negated {
        errors.push(SaveError::NotPrincipal { statement: index });
    }
    let listed = match &element.principals {
        Principals::Everyone => {
            let value = "\"STAR\":\"*\"".to_owned();
            return errors.push(SaveError::InvalidPrincipal { statement: index, value });
        }
        Principals::Unusable(value) => {
            return errors.push(SaveError::InvalidPrincipal { statement: index, value: value.clone() });
        }
        Principals::Listed(listed) => listed,
    };
    if listed.is_empty() {
        errors.push(SaveError::EmptyPrincipal { statement: index });
    }
    for (kind, value) in listed {
        let value = value.clone();
        match kind {
            PrincipalKind::Federated if !is_federated(&value) => {
                errors.push(SaveError::InvalidFederated { statement: index, value });
            }
            PrincipalKind::Federated => {
                let allows = s.effect == Some(Effect::Allow) && !element.negated;
                if allows && allows_web_identity(s.action.as_ref()) && is_usable(&value, context) {
                    shared::guard(index, &value, s, errors);
                }
            }
            PrincipalKind::Aws if !is_aws(&value) => {
                errors.push(SaveError::InvalidAwsPrincipal { statement: index, value });
            }
            PrincipalKind::Service | PrincipalKind::CanonicalUser if value.is_empty() => {
                errors.push(SaveError::InvalidPrincipal { statement: index, value });
            }
            PrincipalKind::Aws | PrincipalKind::Service | PrincipalKind::CanonicalUser => {}
        }
    }
}

/// Another account's provider can never be used, whatever its conditions.
fn is_usable(value: &str, context: &SaveContext) -> bool {
    let theirs = ProviderArn::parse(value).map(|arn| arn.account);
    context.account.is_none() || theirs.is_none() || theirs == context.account.as_deref()
}

fn allows_web_identity(action: Option<&ListElement>) -> bool {
    action.is_some_and(|a| crate::statement::action_applies(a, crate::request::WEB_IDENTITY_ACTION))
}

/// An ARN, an account's number, everybody, or the id that IAM puts in the place of somebody who was deleted (DOC: IAM
/// User Guide, "Principal").
fn is_aws(value: &str) -> bool {
    let account = value.len() == 12 && value.bytes().all(|b| b.is_ascii_digit());
    let id = value.starts_with('A')
        && value.len() >= 16
        && value.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let arn = value.starts_with("arn:")
        && value.splitn(6, ':').filter(|part| !part.contains("${")).count() == 6
        && !value.contains(char::is_whitespace);
    value == "*" || account || id || arn
}

fn conditions(statement: usize, all: &[DocumentCondition], errors: &mut Vec<SaveError>) {
    let mut reported: Vec<&str> = Vec::new();
    for condition in all {
        let Some(operator) = Operator::parse(&condition.operator) else {
            if !reported.contains(&condition.operator.as_str()) {
                reported.push(&condition.operator);
                let operator = condition.operator.clone();
                errors.push(SaveError::InvalidConditionType { statement, operator });
            }
            continue;
        };
        let (operator_text, key) = (condition.operator.clone(), condition.key.clone());
        // The key of a tag is free text after the slash.
        if !is_of_call(&key) && key.matches(':').count() > 1 {
            errors.push(SaveError::TwoColons { statement, text: key.clone() });
        }
        if !key.contains(':') {
            errors.push(SaveError::KeyWithoutPrefix { statement, key: key.clone() });
        }
        if condition.values.is_empty() {
            errors.push(SaveError::NoValues { statement, operator: operator_text.clone(), key: key.clone() });
        }
        for value in condition.values.iter().filter(|v| !is_readable(v, operator)) {
            let (key, value) = (key.clone(), value.clone());
            errors.push(if is_date(operator.comparison) {
                SaveError::UnreadableDate { statement, key, value }
            } else {
                SaveError::UnreadableValue { statement, operator: operator_text.clone(), key, value }
            });
        }
    }
}

fn is_readable(text: &str, operator: Operator) -> bool {
    !matches!(Value::compile(text.to_owned(), operator, true).test, Test::Never)
}

fn is_date(comparison: Comparison) -> bool {
    matches!(
        comparison,
        Comparison::DateEquals
            | Comparison::DateLessThan
            | Comparison::DateLessThanEquals
            | Comparison::DateGreaterThan
            | Comparison::DateGreaterThanEquals
    )
}
