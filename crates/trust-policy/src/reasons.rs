//! The one explanation: why a policy does not admit an identity, reason by reason.

use crate::answer::Answer;
use crate::call::Call;
use crate::claims::Identity;
use crate::document::{Effect, PrincipalKind, Principals};
use crate::exchange::Exchange;
use crate::explain::{ConditionReport, ConditionVerdict, Explanation, StatementReport};
use crate::miss::{AudienceDifference, Miss, likeness};
use crate::operator::{Comparison, Operator};
use crate::policy::{Decision, Policy};
use crate::request::Request;
use crate::statement::Statement;
use serde::Serialize;
use serde_json::Value;

/// Where in a policy a reason stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "place", rename_all = "kebab-case")]
pub enum Place {
    /// The policy as a whole.
    Policy,
    /// A statement as a whole.
    Statement {
        /// Its index.
        statement: usize,
    },
    /// `Principal`.
    Principal {
        /// Index of the statement.
        statement: usize,
    },
    /// `Action`.
    Action {
        /// Index of the statement.
        statement: usize,
    },
    /// A condition.
    Condition {
        /// Index of the statement.
        statement: usize,
        /// The operator as written.
        operator: String,
        /// The key as written.
        key: String,
    },
}

/// One reason for which a policy does not admit an identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Reason {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// What is wrong there.
    #[serde(flatten)]
    pub miss: Miss,
}

impl Policy {
    /// Why an identity is not admitted: every Deny that applies, and what keeps the statement that was meant from
    /// applying. Empty exactly when [`Policy::decide`] allows or is undetermined.
    pub fn reasons(&self, identity: &Identity, call: &Call) -> Vec<Reason> {
        let exchange = Exchange::new(identity, call);
        let mut all: Vec<Reason> = Vec::new();
        for (position, request) in exchange.requests().iter().enumerate() {
            for reason in self.reasons_for(request, identity) {
                let reason = if position > 0 { beside(reason, request) } else { reason };
                if !all.contains(&reason) {
                    all.push(reason);
                }
            }
        }
        all
    }

    fn reasons_for(&self, request: &Request, identity: &Identity) -> Vec<Reason> {
        let explanation = self.explain(request);
        if matches!(explanation.decision, Decision::Allow | Decision::Undetermined) {
            return Vec::new();
        }
        let denies = explanation.statements.iter().filter(|s| s.effect == Some(Effect::Deny) && s.applies);
        let mut all: Vec<Reason> = denies.map(denial).collect();
        let allows = explanation.statements.iter().filter(|s| s.effect == Some(Effect::Allow));
        if allows.into_iter().all(|s| s.answer == Answer::No) {
            all.extend(self.lacks(&explanation, request, identity));
        }
        all
    }

    /// What keeps every Allow from applying: told of the statement that comes nearest.
    fn lacks(&self, explanation: &Explanation<'_>, request: &Request, identity: &Identity) -> Vec<Reason> {
        let pairs = explanation.statements.iter().zip(&self.statements);
        let web: Vec<&StatementReport<'_>> = pairs
            .filter(|(_, s)| s.effect == Some(Effect::Allow) && may_name_federated(s))
            .map(|(report, _)| report)
            .collect();
        let ours: Vec<_> = web.iter().copied().filter(|s| s.principal.matched).collect();
        let acting: Vec<_> = ours.iter().copied().filter(|s| s.action.matched).collect();
        let subject = identity.claims.get("sub").and_then(Value::as_str).unwrap_or_default();
        let nearest = acting.iter().copied().min_by_key(|s| {
            let open = s.conditions.iter().filter(|c| c.verdict.answer().is_no()).count();
            let values = s.conditions.iter().flat_map(|c| &c.policy_values);
            (open, std::cmp::Reverse(values.map(|v| likeness(v, subject)).max()), s.index)
        });
        if let Some(nearest) = nearest {
            let failing = nearest.conditions.iter().filter(|c| c.verdict.answer().is_no());
            return failing.flat_map(|c| condition(nearest.index, c, identity)).collect();
        }
        if let Some(statement) = ours.first() {
            return vec![action(statement, request)];
        }
        let near = web.iter().copied().max_by_key(|s| {
            let best = s.principal.written.iter().map(|v| likeness(v, s.principal.actual)).max();
            (best, std::cmp::Reverse(s.index))
        });
        match near {
            Some(statement) => principal(statement),
            None => vec![Reason { place: Place::Policy, miss: Miss::NoFederatedStatement }],
        }
    }
}

fn may_name_federated(statement: &Statement) -> bool {
    statement.principal.as_ref().is_some_and(|p| match &p.principals {
        Principals::Everyone | Principals::Unusable(_) => true,
        Principals::Listed(listed) => {
            p.negated || listed.iter().any(|(kind, v)| *kind == PrincipalKind::Federated || v == "*")
        }
    })
}

fn denial(statement: &StatementReport<'_>) -> Reason {
    // Who reads `StringNotEquals` or `…IfExists` in a Deny easily overlooks that a missing key meets it.
    let by_missing_key = statement.conditions.iter().any(|c| {
        let null = Operator::parse(c.operator).is_some_and(|o| o.comparison == Comparison::Null);
        !null && c.verdict == ConditionVerdict::MetKeyMissing
    });
    Reason { place: Place::Statement { statement: statement.index }, miss: Miss::ExplicitDeny { by_missing_key } }
}

fn action(statement: &StatementReport<'_>, request: &Request) -> Reason {
    let miss = statement.action.hints.first().cloned().unwrap_or_else(|| Miss::WrongAction {
        actions: statement.action.written.iter().map(|&a| a.to_owned()).collect(),
        expected: request.action.clone(),
    });
    Reason { place: Place::Action { statement: statement.index }, miss }
}

/// The principal that comes nearest says why; the others were not meant.
fn principal(statement: &StatementReport<'_>) -> Vec<Reason> {
    let place = Place::Principal { statement: statement.index };
    let federated = statement.principal.hints.iter();
    let nearest = federated.max_by_key(|hint| {
        if let Miss::FederatedOtherProvider { value, expected, .. } | Miss::FederatedMalformed { value, expected } =
            hint
        {
            likeness(value, expected)
        } else {
            // The other kinds name the issuer itself.
            usize::MAX
        }
    });
    vec![Reason { place, miss: nearest.cloned().unwrap_or(Miss::PrincipalDiffers) }]
}

fn condition(statement: usize, report: &ConditionReport<'_>, identity: &Identity) -> Vec<Reason> {
    let place = Place::Condition { statement, operator: report.operator.to_owned(), key: report.key.to_owned() };
    // A slip is told only where nothing else is wrong.
    let slip = |hint: &&Miss| {
        matches!(hint, Miss::CaseDiffers { .. } | Miss::TrailingSlash { .. } | Miss::ExtraWhitespace { .. })
    };
    let first = report.hints.iter().min_by_key(slip).cloned().unwrap_or(Miss::ConditionNotMet);
    vec![Reason { place, miss: by_authorized_party(first, report, identity) }]
}

/// An authorized party takes the audience's place (REPORTED for providers other than Google), so a policy that wants
/// the token's `aud` wants what is no longer compared.
fn by_authorized_party(miss: Miss, report: &ConditionReport<'_>, identity: &Identity) -> Miss {
    let aud = identity.claims.get("aud");
    let has = |wanted: &str| match aud {
        Some(Value::Array(all)) => all.iter().any(|a| a.as_str() == Some(wanted)),
        other => other.and_then(Value::as_str) == Some(wanted),
    };
    let Miss::AudienceDiffers { value, expected, difference } = miss else { return miss };
    let by_party = identity.claims.contains_key("azp") && report.policy_values.iter().any(|v| has(v));
    let difference = if by_party { AudienceDifference::AuthorizedParty } else { difference };
    Miss::AudienceDiffers { value, expected, difference }
}

/// A statement that allows the exchange and not the action beside it.
fn beside(reason: Reason, request: &Request) -> Reason {
    if matches!(reason.miss, Miss::WrongAction { .. }) {
        return Reason { miss: Miss::ActionBeside { action: request.action.clone() }, ..reason };
    }
    reason
}
