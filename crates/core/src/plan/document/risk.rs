//! What may go wrong with a step, and for whom: told by what it changes, never by its words.

use serde::{Deserialize, Serialize};

use super::users::Users;
use crate::evidence::Evidence;
use crate::plan::action::Action;
use crate::plan::lint::shuts_out;

/// How far a step reaches, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RiskLevel {
    /// Nothing that works depends on it.
    None,
    /// This identity alone.
    ThisIdentity,
    /// Pods of this workload are made anew.
    RestartsPods,
    /// Others come by the same object; what works for them goes on working.
    AffectsOthers,
    /// Others may be refused what they are given now.
    OutageForOthers,
}

impl RiskLevel {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ThisIdentity => "this identity only",
            Self::RestartsPods => "restarts pods",
            Self::AffectsOthers => "affects others",
            Self::OutageForOthers => "an outage for others",
        }
    }
}

/// A risk, and why it is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// How far it reaches.
    pub level: RiskLevel,
    /// Why.
    pub reason: String,
}

/// The risk of an action.
pub(super) fn of(before: &Evidence, action: &Action, users: &Users) -> Risk {
    let (level, reason) = match action {
        Action::SetThumbprints { thumbprints, .. } => {
            let old = before.provider.known().map(|p| p.thumbprints.as_slice()).unwrap_or_default();
            let gone = old.iter().filter(|t| !thumbprints.iter().any(|n| n.eq_ignore_ascii_case(t))).count();
            if gone > 0 {
                let what = if gone == 1 { "1 thumbprint goes".to_owned() } else { format!("{gone} thumbprints go") };
                (RiskLevel::OutageForOthers, format!("{what}: no chain that was read has it"))
            } else {
                (RiskLevel::AffectsOthers, "thumbprints are added, none goes".to_owned())
            }
        }
        Action::AddClientId { client_id, .. } => {
            let why = "from then on a role whose trust policy has no condition on the audience also admits tokens for";
            (RiskLevel::AffectsOthers, format!("{why} {client_id}"))
        }
        Action::CreateProvider { .. } if users.roles.names.is_empty() && users.roles.not_known.is_none() => {
            (RiskLevel::ThisIdentity, "no other role of the account names the provider".to_owned())
        }
        Action::CreateProvider { .. } => {
            (RiskLevel::AffectsOthers, "roles that name the provider already admit its tokens from then on".to_owned())
        }
        Action::SetTrustPolicy { document, .. } => match shuts_out(before, document) {
            Some(who) => (RiskLevel::OutageForOthers, format!("it no longer admits {who}")),
            None => (RiskLevel::ThisIdentity, "everybody who is admitted stays admitted".to_owned()),
        },
        Action::Annotate { .. } | Action::Associate { .. } => {
            (RiskLevel::ThisIdentity, "pods that run keep what they have until they are made anew".to_owned())
        }
        Action::AttachPolicy { .. } if users.any() || !users.whole() => {
            (RiskLevel::AffectsOthers, "every session of the role is allowed more, whoever it belongs to".to_owned())
        }
        Action::AttachPolicy { .. } => (RiskLevel::ThisIdentity, "nobody else has the role".to_owned()),
        Action::SetWebhook { .. } => {
            (RiskLevel::AffectsOthers, "every pod that is made from then on passes through the webhook".to_owned())
        }
        Action::Restart { .. } if before.workload.known().is_some_and(|w| w.recreates) => (
            RiskLevel::RestartsPods,
            "all pods go before the first new one is made, as its strategy Recreate says: until then nothing of it runs"
                .to_owned(),
        ),
        Action::Restart { .. } => (
            RiskLevel::RestartsPods,
            "pods are replaced a few at a time, as the workload's own strategy says".to_owned(),
        ),
        Action::Renew { .. } => (
            RiskLevel::RestartsPods,
            "only these pods are evicted, one after another, as the disruption budgets allow".to_owned(),
        ),
    };
    Risk { level, reason }
}
