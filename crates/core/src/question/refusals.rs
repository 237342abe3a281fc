//! Which of STS's checks refused, by the exchange and by the logs.

use std::collections::BTreeSet;

use trustwalk_symptoms::Symptom;

use super::sts::{Refusal, from_answer, from_symptom};
use super::symptoms::recent;
use crate::evidence::{LogFailure, Target, View};

/// The checks that refused: one exchange is refused by one, and a log may tell of several exchanges, of this identity
/// at other times or of others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Refusals(BTreeSet<Refusal>);

impl Refusals {
    /// Whether an exchange was refused by this check.
    pub(crate) fn hold(&self, refusal: Refusal) -> bool {
        self.0.contains(&refusal)
    }

    /// The check that refused earliest: what no check before it can have refused.
    pub(crate) fn first(&self) -> Option<Refusal> {
        self.0.first().copied()
    }
}

/// The checks that refused: what the exchange said, else what the logs say now.
pub(crate) fn refusals(view: &View<'_>) -> Refusals {
    if let Some(x) = view.exchange().known() {
        if x.assumed.is_some() {
            return Refusals::default();
        }
        if let Some(code) = x.code.as_ref().filter(|_| !x.is_passing()) {
            return Refusals([from_answer(code, x.message.as_deref().unwrap_or_default())].into());
        }
    }
    Refusals(recent(view).into_iter().filter_map(|l| from_symptom(l.failure.symptom)).collect())
}

/// The check that refused our own exchange, if one did.
pub(crate) fn of_exchange(view: &View<'_>) -> Option<Refusal> {
    let x = view.exchange().known().filter(|x| x.assumed.is_none() && !x.is_passing())?;
    Some(from_answer(x.code.as_deref()?, x.message.as_deref().unwrap_or_default()))
}

/// Whether the workload's own log tells of failures and none of them is an answer of STS.
pub(crate) fn kept_from_sts(view: &View<'_>) -> bool {
    let lines = recent(view);
    let in_cluster = matches!(view.target(), Target::Workload { .. });
    in_cluster && !lines.is_empty() && lines.iter().all(|l| from_symptom(l.failure.symptom).is_none() && speaks(l))
}

/// Whether a line says how the client failed; waiting for the CNI does not.
fn speaks(line: &LogFailure) -> bool {
    !matches!(
        line.failure.symptom,
        Symptom::IpamdWaiting
            | Symptom::IpamdInitFailure
            | Symptom::WebIdentityOther
            | Symptom::InvalidIdentityTokenOther
    )
}
