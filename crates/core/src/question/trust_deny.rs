//! Deny statements that refuse an identity, whatever else allows it.

use crate::cause::Cause;
use trustwalk_trust_policy::{Decision, DocumentStatement, Effect, Operator};

use super::Draft;
use super::trust::{Case, decision, everyone, of_call};
use crate::finding::Confidence;

/// The cause that speaks for them.
pub(super) const CAUSE: Cause = Cause::TrustConditionNotMet;

/// The Deny statements that apply to the token, each with its place.
pub(super) fn denying<'c>(case: &'c Case<'_>) -> Vec<(usize, &'c DocumentStatement)> {
    let applies = |s: &DocumentStatement| {
        let mut alone = case.document.clone();
        alone.statements = vec![everyone(), s.clone()];
        decision(case, &alone) == Decision::ExplicitDeny
    };
    let all = case.document.statements.iter().enumerate();
    all.filter(|(_, s)| s.effect == Some(Effect::Deny) && applies(s)).collect()
}

/// Tells of them.
pub(super) fn draft(case: &Case<'_>, denying: &[(usize, &DocumentStatement)]) -> Draft {
    let arn = &case.role.arn;
    let which: Vec<String> = denying.iter().map(|(i, _)| format!("Statement[{i}]")).collect();
    let verb = if denying.len() == 1 { "denies" } else { "deny" };
    let mut draft = Draft::new(format!(
        "{} of the trust policy of {arn} {verb} this identity, and a Deny beats every Allow",
        which.join(", ")
    ))
    .show("token sub", case.token.sub.clone().unwrap_or_default(), case.token.origin.clone());
    for (index, statement) in denying {
        draft = draft.show("Deny applies when", conditions(statement), case.origin(*index, "Condition"));
    }
    if denying.iter().all(|(_, s)| s.conditions.iter().any(|c| of_call(&c.key))) {
        draft = draft.unsure(
            Confidence::Likely,
            "where the workload calls from decides the condition, and no evidence tells it: CloudTrail's AssumeRoleWithWebIdentity events name address and session",
        );
    }
    case.repaired(draft, "narrow the Deny statement so that it leaves this identity out", None)
}

fn conditions(statement: &DocumentStatement) -> String {
    if statement.conditions.is_empty() {
        return "always: it has no condition".to_owned();
    }
    let one = |c: &trustwalk_trust_policy::DocumentCondition| {
        // Who reads `StringNotEquals` in a Deny easily overlooks that a missing key meets it.
        let missing = Operator::parse(&c.operator).is_some_and(|o| o.negated);
        let note = if missing { " (also when the key is missing)" } else { "" };
        format!("{} {} {}{note}", c.operator, c.key, c.values.join(" | "))
    };
    statement.conditions.iter().map(one).collect::<Vec<_>>().join(" and ")
}
