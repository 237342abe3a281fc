//! Why a policy decides as it does, statement by statement and condition by condition.

use crate::document::{Effect, ListElement, PrincipalElement, PrincipalKind, Principals};
use crate::hint::{Hint, federated_hints, key_hints, value_hints};
use crate::nearest::NearMiss;
use crate::operator::{Comparison, Operator};
use crate::policy::{Decision, Policy};
use crate::request::{Principal, Request};
use crate::statement::{Condition, Statement, action_applies, met_when_missing, principal_applies};
use serde::Serialize;

/// A decision and its reasons. Borrows from the policy and the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation<'a> {
    /// The same decision that [`Policy::evaluate`] gives.
    pub decision: Decision,
    /// One report for each statement, in order.
    pub statements: Vec<StatementReport<'a>>,
    /// Mistakes of the policy as a whole.
    pub hints: Vec<Hint>,
}

impl<'a> Explanation<'a> {
    /// The allow statement with the fewest failing parts: the one most likely meant.
    pub fn nearest(&self) -> Option<&StatementReport<'a>> {
        let allows = self.statements.iter().filter(|s| s.effect == Some(Effect::Allow));
        allows.min_by_key(|s| s.failures())
    }

    /// All hints: the policy's own, then those of every allow statement that does not apply.
    pub fn all_hints(&self) -> impl Iterator<Item = &Hint> {
        let failed = self.statements.iter().filter(|s| s.effect == Some(Effect::Allow) && !s.applies);
        let nested = failed.flat_map(|s| {
            let conditions = s.conditions.iter().flat_map(|c| &c.hints);
            s.principal.hints.iter().chain(&s.action.hints).chain(conditions)
        });
        self.hints.iter().chain(nested)
    }
}

/// One statement's part in the decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatementReport<'a> {
    /// Position in the document, from zero.
    pub index: usize,
    /// `Sid`.
    pub sid: Option<&'a str>,
    /// `Effect`.
    pub effect: Option<Effect>,
    /// Whether principal, action and every condition match.
    pub applies: bool,
    /// `Principal` or `NotPrincipal`.
    pub principal: ElementReport<'a>,
    /// `Action` or `NotAction`.
    pub action: ElementReport<'a>,
    /// The conditions, in order.
    pub conditions: Vec<ConditionReport<'a>>,
}

impl StatementReport<'_> {
    /// How many elements and conditions do not match.
    pub fn failures(&self) -> usize {
        let conditions = self.conditions.iter().filter(|c| !c.verdict.is_met()).count();
        usize::from(!self.principal.matched) + usize::from(!self.action.matched) + conditions
    }
}

/// `Principal` or `Action` against the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ElementReport<'a> {
    /// Whether the element matches the request.
    pub matched: bool,
    /// Whether it is the `Not…` form.
    pub negated: bool,
    /// The values written; for principals those of every kind.
    pub written: Vec<&'a str>,
    /// The value of the request.
    pub actual: &'a str,
    /// Recognised mistakes, when it does not match.
    pub hints: Vec<Hint>,
}

/// One condition key against the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConditionReport<'a> {
    /// The operator as written.
    pub operator: &'a str,
    /// The key as written.
    pub key: &'a str,
    /// The values as written.
    pub policy_values: Vec<&'a str>,
    /// The request's values; nothing if it does not have the key.
    pub actual_values: Option<&'a [String]>,
    /// The outcome.
    pub verdict: ConditionVerdict,
    /// The closest policy value, for a string that does not match.
    pub nearest: Option<NearMiss<'a>>,
    /// Recognised mistakes, when the condition is not met.
    pub hints: Vec<Hint>,
}

/// The outcome of one condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConditionVerdict {
    /// The values satisfy the operator.
    Met,
    /// The values do not satisfy the operator.
    NotMet,
    /// The key is missing, which satisfies the operator.
    MetKeyMissing,
    /// The key is missing, which does not satisfy the operator.
    NotMetKeyMissing,
    /// IAM has no such operator.
    UnknownOperator,
}

impl ConditionVerdict {
    /// Whether the condition lets the statement apply.
    pub fn is_met(self) -> bool {
        matches!(self, Self::Met | Self::MetKeyMissing)
    }
}

impl Policy {
    /// Decides and says why. Every statement and condition is tested, also those that
    /// [`Policy::evaluate`] would skip.
    pub fn explain<'a>(&'a self, request: &'a Request) -> Explanation<'a> {
        let reports = self.statements.iter().enumerate().map(|(index, s)| statement(index, s, request));
        let statements: Vec<_> = reports.collect();
        let applied = |effect| statements.iter().any(|s| s.applies && s.effect == Some(effect));
        let decision = if applied(Effect::Deny) {
            Decision::ExplicitDeny
        } else if applied(Effect::Allow) {
            Decision::Allow
        } else {
            Decision::ImplicitDeny
        };
        let mut hints = Vec::new();
        let federated = matches!(request.principal, Principal::Federated(_));
        if decision == Decision::ImplicitDeny && federated && !self.statements.iter().any(may_name_federated) {
            hints.push(Hint::NoFederatedStatement);
        }
        Explanation { decision, statements, hints }
    }
}

fn may_name_federated(statement: &Statement) -> bool {
    statement.effect == Some(Effect::Allow)
        && statement.principal.as_ref().is_some_and(|p| match &p.principals {
            Principals::Everyone => true,
            Principals::Unusable(_) => false,
            Principals::Listed(listed) => {
                p.negated || listed.iter().any(|(k, v)| *k == PrincipalKind::Federated || v == "*")
            }
        })
}

fn statement<'a>(index: usize, statement: &'a Statement, request: &'a Request) -> StatementReport<'a> {
    let principal = principal(statement.principal.as_ref(), request);
    let action = action(statement.action.as_ref(), request);
    let conditions: Vec<_> = statement.conditions.iter().map(|c| condition(c, request)).collect();
    StatementReport {
        index,
        sid: statement.sid.as_deref(),
        effect: statement.effect,
        applies: principal.matched && action.matched && conditions.iter().all(|c| c.verdict.is_met()),
        principal,
        action,
        conditions,
    }
}

fn principal<'a>(element: Option<&'a PrincipalElement>, request: &'a Request) -> ElementReport<'a> {
    let matched = element.is_some_and(|p| principal_applies(p, &request.principal));
    let written = match element.map(|p| &p.principals) {
        None => Vec::new(),
        Some(Principals::Everyone) => vec!["*"],
        Some(Principals::Unusable(text)) => vec![text.as_str()],
        Some(Principals::Listed(listed)) => listed.iter().map(|(_, value)| value.as_str()).collect(),
    };
    let mut hints = Vec::new();
    if let (false, Principal::Federated(arn), Some(element)) = (matched, &request.principal, element)
        && let (false, Principals::Listed(listed)) = (element.negated, &element.principals)
    {
        let federated = listed.iter().filter(|(kind, _)| *kind == PrincipalKind::Federated);
        federated_hints(federated.map(|(_, value)| value.as_str()), arn, &mut hints);
    }
    let negated = element.is_some_and(|p| p.negated);
    ElementReport { matched, negated, written, actual: request.principal.name(), hints }
}

fn action<'a>(element: Option<&'a ListElement>, request: &'a Request) -> ElementReport<'a> {
    let matched = element.is_some_and(|a| action_applies(a, &request.action));
    let written: Vec<_> = element.iter().flat_map(|a| a.values.iter().map(String::as_str)).collect();
    let mut hints = Vec::new();
    if !matched && element.is_some() {
        let actions = written.iter().map(|&a| a.to_owned()).collect();
        hints.push(Hint::WrongAction { actions, expected: request.action.clone() });
    }
    ElementReport { matched, negated: element.is_some_and(|a| a.negated), written, actual: &request.action, hints }
}

fn condition<'a>(condition: &'a Condition, request: &'a Request) -> ConditionReport<'a> {
    let actual = request.context.get(&condition.key);
    let verdict = verdict(condition, actual.is_some(), request);
    let (mut nearest, mut hints) = (None, Vec::new());
    if let (Some(operator), false) = (condition.operator, verdict.is_met()) {
        match actual {
            None => key_hints(condition, request, &mut hints),
            Some(actual) if !operator.negated => {
                if is_text(operator) {
                    nearest = NearMiss::find(condition.values.iter().map(|v| &*v.text), actual);
                }
                value_hints(condition, operator.comparison, request, &mut hints);
            }
            Some(_) => {}
        }
    }
    ConditionReport {
        operator: &condition.operator_text,
        key: &condition.key,
        policy_values: condition.values.iter().map(|v| &*v.text).collect(),
        actual_values: actual,
        verdict,
        nearest,
        hints,
    }
}

fn is_text(operator: Operator) -> bool {
    operator.takes_variables() || operator.comparison == Comparison::BinaryEquals
}

fn verdict(condition: &Condition, present: bool, request: &Request) -> ConditionVerdict {
    let Some(operator) = condition.operator else { return ConditionVerdict::UnknownOperator };
    let met = if present || operator.comparison == Comparison::Null {
        condition.met(&request.context)
    } else {
        met_when_missing(operator)
    };
    match (met, present) {
        (true, true) => ConditionVerdict::Met,
        (false, true) => ConditionVerdict::NotMet,
        (true, false) => ConditionVerdict::MetKeyMissing,
        (false, false) => ConditionVerdict::NotMetKeyMissing,
    }
}
