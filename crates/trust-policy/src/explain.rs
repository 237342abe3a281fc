//! Why a policy decides as it does, statement by statement and condition by condition.

use crate::answer::Answer;
use crate::call::is_of_call;
use crate::context::Fact;
use crate::document::{Effect, ListElement, PrincipalElement, PrincipalKind, Principals};
use crate::miss::{IssuerDifference, Miss, federated_misses, has_foreign_variable, key_misses, value_misses};
use crate::nearest::NearMiss;
use crate::operator::{Comparison, Operator};
use crate::policy::{self, Decision, Policy};
use crate::request::{Principal, Request};
use crate::statement::{Condition, Statement, action_applies, principal_applies};
use serde::Serialize;

/// A decision and its reasons. Borrows from the policy and the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Explanation<'a> {
    /// The same decision that [`Policy::evaluate`] gives.
    pub decision: Decision,
    /// One report for each statement, in order.
    pub statements: Vec<StatementReport<'a>>,
    /// Mistakes of the policy as a whole.
    pub hints: Vec<Miss>,
    /// The keys whose values decide, when the decision is undetermined; each once, as written.
    pub undecided: Vec<&'a str>,
}

impl<'a> Explanation<'a> {
    /// The allow statement with the fewest failing parts: the one most likely meant.
    pub fn nearest(&self) -> Option<&StatementReport<'a>> {
        let allows = self.statements.iter().filter(|s| s.effect == Some(Effect::Allow));
        allows.min_by_key(|s| s.failures())
    }

    /// All hints: the policy's own, then those of every allow statement that does not apply.
    pub fn all_hints(&self) -> impl Iterator<Item = &Miss> {
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
#[non_exhaustive]
pub struct StatementReport<'a> {
    /// Position in the document, from zero.
    pub index: usize,
    /// `Sid`.
    pub sid: Option<&'a str>,
    /// `Effect`.
    pub effect: Option<Effect>,
    /// Whether principal, action and every condition certainly match.
    pub applies: bool,
    /// The same with three answers.
    pub answer: Answer,
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
#[non_exhaustive]
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
    pub hints: Vec<Miss>,
}

/// One condition key against the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
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
    pub hints: Vec<Miss>,
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
    /// What is unknown of the request decides.
    Undetermined,
}

impl ConditionVerdict {
    /// Whether the condition certainly lets the statement apply.
    pub fn is_met(self) -> bool {
        matches!(self, Self::Met | Self::MetKeyMissing)
    }

    /// The same with three answers.
    pub fn answer(self) -> Answer {
        match self {
            Self::Met | Self::MetKeyMissing => Answer::Yes,
            Self::NotMet | Self::NotMetKeyMissing | Self::UnknownOperator => Answer::No,
            Self::Undetermined => Answer::Unknown,
        }
    }
}

impl Policy {
    /// Decides and says why. Every statement and condition is tested, also those that
    /// [`Policy::evaluate`] would skip.
    pub fn explain<'a>(&'a self, request: &'a Request) -> Explanation<'a> {
        let reports = self.statements.iter().enumerate().map(|(index, s)| statement(index, s, request));
        let statements: Vec<_> = reports.collect();
        let answers = |effect| statements.iter().filter(move |s| s.effect == Some(effect)).map(|s| s.answer);
        let decision = policy::decision(Answer::any(answers(Effect::Allow)), Answer::any(answers(Effect::Deny)));
        let mut hints = Vec::new();
        let federated = matches!(request.principal, Principal::Federated(_));
        if decision == Decision::ImplicitDeny && federated && !self.statements.iter().any(may_name_federated) {
            hints.push(Miss::NoFederatedStatement);
        }
        let mut undecided: Vec<&str> = Vec::new();
        if decision == Decision::Undetermined {
            let open = statements.iter().filter(|s| s.answer == Answer::Unknown).flat_map(|s| &s.conditions);
            for key in open.filter(|c| c.verdict == ConditionVerdict::Undetermined).map(|c| c.key) {
                if !undecided.iter().any(|k| k.eq_ignore_ascii_case(key)) {
                    undecided.push(key);
                }
            }
        }
        Explanation { decision, statements, hints, undecided }
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
    let mut conditions: Vec<_> = statement.conditions.iter().map(|c| condition(c, statement.effect, request)).collect();
    for condition in &mut conditions {
        second_issuer(condition, statement);
    }
    let answer = Answer::all(conditions.iter().map(|c| c.verdict.answer()));
    let answer = if principal.matched && action.matched { answer } else { Answer::No };
    StatementReport {
        index,
        sid: statement.sid.as_deref(),
        effect: statement.effect,
        applies: answer.is_yes(),
        answer,
        principal,
        action,
        conditions,
    }
}

/// A key of another issuer is a second one where the statement has keys of the token's own too: it trusts both issuers,
/// or compares the same claim under each.
fn second_issuer(report: &mut ConditionReport<'_>, statement: &Statement) {
    for hint in &mut report.hints {
        let Miss::KeyOfOtherIssuer { issuer, expected, difference } = hint else { continue };
        let trusted = federated(statement).filter(|f| f.ends_with(&format!("/{issuer}")));
        let trusts = federated(statement).count() > 1 && trusted.count() > 0;
        let claim = report.key.rsplit_once(':').map_or("", |(_, claim)| claim);
        let own = format!("{expected}:{claim}");
        let compares = statement.conditions.iter().any(|c| c.key.eq_ignore_ascii_case(&own));
        // Two spellings of one issuer are a slip of the pen.
        let another = matches!(
            difference,
            IssuerDifference::ClusterId | IssuerDifference::RegionAndClusterId | IssuerDifference::Other
        );
        let prefix = format!("{expected}:");
        let of_own = |key: &str| key.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(&prefix));
        let both = statement.conditions.iter().any(|c| of_own(&c.key));
        if (trusts && both) || (compares && issuer.contains('.') && another) {
            *hint = Miss::SecondIssuer { issuer: issuer.clone(), expected: expected.clone() };
        }
    }
}

fn federated(statement: &Statement) -> impl Iterator<Item = &str> {
    let listed = match statement.principal.as_ref().map(|p| &p.principals) {
        Some(Principals::Listed(listed)) => listed.as_slice(),
        Some(Principals::Everyone | Principals::Unusable(_)) | None => &[],
    };
    listed.iter().filter(|(kind, _)| *kind == PrincipalKind::Federated).map(|(_, value)| value.as_str())
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
        federated_misses(federated.map(|(_, value)| value.as_str()), arn, &mut hints);
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
        hints.push(Miss::WrongAction { actions, expected: request.action.clone() });
    }
    ElementReport { matched, negated: element.is_some_and(|a| a.negated), written, actual: &request.action, hints }
}

fn condition<'a>(condition: &'a Condition, effect: Option<Effect>, request: &'a Request) -> ConditionReport<'a> {
    let fact = request.context.fact(&condition.key);
    let actual = request.context.get(&condition.key);
    let verdict = verdict(condition, effect, request);
    let (mut nearest, mut hints) = (None, Vec::new());
    match condition.operator {
        None => hints.push(Miss::UnknownOperator { operator: condition.operator_text.to_string() }),
        Some(operator) if verdict.answer().is_no() => {
            let without = condition.values.iter().filter(|v| v.lacks_value(&request.context).is_yes());
            hints.extend(without.map(|v| {
                let value = v.text.to_string();
                if has_foreign_variable(&value) {
                    Miss::Unexpanded { text: value }
                } else {
                    Miss::VariableWithoutValue { value }
                }
            }));
            if fact == Fact::Absent {
                key_misses(condition, request, &mut hints);
            } else if is_of_call(&condition.key) {
                hints.push(Miss::CallDiffers { key: condition.key.to_string() });
            } else if let (Some(actual), false) = (actual, operator.negated) {
                if is_text(operator) {
                    nearest = NearMiss::find(condition.values.iter().map(|v| &*v.text), actual);
                }
                value_misses(condition, operator.comparison, request, &mut hints);
            }
        }
        Some(_) => {}
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

fn verdict(condition: &Condition, effect: Option<Effect>, request: &Request) -> ConditionVerdict {
    if condition.operator.is_none() {
        return ConditionVerdict::UnknownOperator;
    }
    let missing = request.context.fact(&condition.key) == Fact::Absent;
    match (condition.answer(&request.context, effect), missing) {
        (Answer::Yes, false) => ConditionVerdict::Met,
        (Answer::No, false) => ConditionVerdict::NotMet,
        (Answer::Yes, true) => ConditionVerdict::MetKeyMissing,
        (Answer::No, true) => ConditionVerdict::NotMetKeyMissing,
        (Answer::Unknown, _) => ConditionVerdict::Undetermined,
    }
}
