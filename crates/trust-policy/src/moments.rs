//! The moments that a policy compares the time with, and when its statements stop to admit anybody.

use crate::call::Call;
use crate::claims::Identity;
use crate::document::{Document, DocumentCondition, Effect};
use crate::operator::{Comparison, Operator};
use crate::policy::{Decision, Policy};
use crate::request::Request;
use crate::value::date;

/// Keys whose values are moments (IAM User Guide, "AWS global condition context keys").
const KEYS: [&str; 2] = ["aws:CurrentTime", "aws:EpochTime"];

/// Whether there is a day from which on a statement admits nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// No day is named from which on it is so, or it is not decided.
    Never,
    /// It is so already, and stays so.
    Already,
    /// From this moment on, Unix seconds.
    At(i64),
}

impl Document {
    /// When a statement that allows, with every Deny of the policy, stops to admit the identity for good. One of which
    /// only a part is known is refused only where nothing that is unknown of it could turn the answer.
    pub fn closing(&self, statement: usize, identity: &Identity, now: i64) -> Closing {
        let Some(allows) = self.statements.get(statement) else { return Closing::Never };
        let denies = self.statements.iter().filter(|s| s.effect == Some(Effect::Deny));
        let concerned = std::iter::once(allows).chain(denies);
        // Hardly any policy asks for the time: the others are not copied.
        if !concerned.clone().any(|s| s.conditions.iter().any(is_of_time)) {
            return Closing::Never;
        }
        let statements = concerned.cloned().collect();
        let alone = Self { version: self.version, statements, ..Self::default() };
        let moments = alone.moments();
        if moments.is_empty() {
            return Closing::Never;
        }
        let policy = Policy::from(alone);
        let refuses = |at: i64| {
            let decision = policy.evaluate(&Request::of_call(identity, &Call::new().at(at)));
            matches!(decision, Decision::ImplicitDeny | Decision::ExplicitDeny)
        };
        let ahead: Vec<i64> = std::iter::once(now).chain(moments.into_iter().filter(|at| *at > now)).collect();
        match ahead.iter().rev().take_while(|at| refuses(**at)).last() {
            None => Closing::Never,
            Some(at) if *at == now => Closing::Already,
            Some(at) => Closing::At(*at),
        }
    }

    /// Every moment at which the policy may begin to answer otherwise, Unix seconds, in order: each that it names, and
    /// the second after it, as a comparison takes it in or leaves it out.
    pub fn moments(&self) -> Vec<i64> {
        let conditions = self.statements.iter().flat_map(|s| &s.conditions).filter(|c| is_of_time(c));
        let named = conditions.flat_map(|c| c.values.iter().filter_map(|v| date(v)));
        // What lies beyond all moments never comes.
        let named = named.filter(|at| *at != jiff::Timestamp::MAX && *at != jiff::Timestamp::MIN);
        let mut all: Vec<i64> = named.flat_map(|at| [at.as_second(), at.as_second().saturating_add(1)]).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

fn is_of_time(condition: &DocumentCondition) -> bool {
    let compares = |o: Operator| {
        matches!(
            o.comparison,
            Comparison::DateEquals
                | Comparison::DateLessThan
                | Comparison::DateLessThanEquals
                | Comparison::DateGreaterThan
                | Comparison::DateGreaterThanEquals
                | Comparison::NumericEquals
                | Comparison::NumericLessThan
                | Comparison::NumericLessThanEquals
                | Comparison::NumericGreaterThan
                | Comparison::NumericGreaterThanEquals
        )
    };
    KEYS.iter().any(|key| key.eq_ignore_ascii_case(&condition.key))
        && Operator::parse(&condition.operator).is_some_and(compares)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_every_form_and_only_under_keys_of_time() {
        let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:*","Condition":{
            "DateLessThan":{"aws:CurrentTime":["2027-02-01T00:00:00Z","2027-01-01","9999-12-31T23:59:59Z"]},
            "NumericLessThan":{"aws:epochtime":"1800000000","aws:MultiFactorAuthAge":"3600"},
            "DateGreaterThanIfExists":{"AWS:CurrentTime":"2026-01-01T00:00:00Z"},
            "DateLater":{"aws:CurrentTime":"2029-01-01"}}}]}"#;
        let want = [1_767_225_600, 1_798_761_600, 1_800_000_000, 1_801_440_000];
        assert_eq!(Document::parse(text).unwrap().moments(), want.map(|at| [at, at + 1]).concat());
    }
}
