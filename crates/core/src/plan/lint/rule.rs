//! The rules by name, and what a refusal says.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A rule that every plan keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Nobody is let into a role for whom nobody asked.
    EntryUnasked,
    /// A trust policy admits nobody but the identity that is asked for.
    WidensTrust,
    /// A thumbprint that is presented, or perhaps is, stays registered.
    DropsUsedThumbprint,
    /// An audience that somebody uses, or perhaps uses, stays registered.
    DropsUsedAudience,
    /// Of a chain that does not verify nothing is registered.
    PinsUnverifiedChain,
    /// Nothing is written that is over a quota of IAM.
    ExceedsQuota,
    /// Pods are made anew once, last, and where that cures something.
    RestartsNeedlessly,
    /// What another tool keeps is changed through that tool.
    OwnedElsewhere,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 8] = [
        Self::EntryUnasked,
        Self::WidensTrust,
        Self::DropsUsedThumbprint,
        Self::DropsUsedAudience,
        Self::PinsUnverifiedChain,
        Self::ExceedsQuota,
        Self::RestartsNeedlessly,
        Self::OwnedElsewhere,
    ];

    /// Its name, as documents and `docs/reference/plan-rules.md` have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EntryUnasked => "entry-unasked",
            Self::WidensTrust => "widens-trust",
            Self::DropsUsedThumbprint => "drops-used-thumbprint",
            Self::DropsUsedAudience => "drops-used-audience",
            Self::PinsUnverifiedChain => "pins-unverified-chain",
            Self::ExceedsQuota => "exceeds-quota",
            Self::RestartsNeedlessly => "restarts-needlessly",
            Self::OwnedElsewhere => "owned-elsewhere",
        }
    }
}

/// Why a step is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The rule.
    pub rule: Rule,
    /// Which step, from one; `None` while it stands in no plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// What the rule found.
    pub words: String,
}

impl Refusal {
    pub(super) fn new(rule: Rule, words: impl Into<String>) -> Self {
        Self { rule, step: None, words: words.into() }
    }

    /// The same of a plan's step, counted from nought.
    pub(super) fn at(self, index: usize) -> Self {
        Self { step: Some(index + 1), ..self }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(step) = self.step {
            write!(f, "step {step}: ")?;
        }
        write!(f, "{} ({})", trustwalk_foreign::visible::line(&self.words), self.rule.name())
    }
}
