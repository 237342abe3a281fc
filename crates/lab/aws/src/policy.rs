//! Identity policies: who may do what in this account.

use crate::account::Account;
use crate::language::{Asked, Decision, decide as read};
use crate::requests::keys_of;
use crate::sigv4::Caller;
use crate::state::Principal;

/// Which of a caller's policies an answer rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Those attached to the user or role, and its inline ones.
    Identity,
    /// The role's permissions boundary.
    Boundary,
}

/// Whether a caller's own policies let it do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// They do.
    Allowed,
    /// No statement of these policies allows it.
    NotAllowed(Kind),
    /// A statement of these denies it.
    Denied(Kind),
}

impl Ruling {
    /// Why not, as refusals end (IAM User Guide, "Troubleshoot access denied error messages").
    pub(crate) fn why(self, action: &str) -> Option<String> {
        Some(match self {
            Self::Allowed => return None,
            Self::NotAllowed(Kind::Identity) => format!("because no identity-based policy allows the {action} action"),
            Self::NotAllowed(Kind::Boundary) => format!("because no permissions boundary allows the {action} action"),
            Self::Denied(Kind::Identity) => "with an explicit deny in an identity-based policy".to_owned(),
            Self::Denied(Kind::Boundary) => "with an explicit deny in a permissions boundary".to_owned(),
        })
    }
}

/// What the caller's own policies say of an action. A boundary allows nothing by itself: both it and an identity
/// policy must allow, and a denial in either wins (IAM User Guide, "Permissions boundaries for IAM entities").
pub(crate) fn decide(account: &Account, caller: &Caller, action: &str, resource: &str) -> Ruling {
    // GetCallerIdentity needs no permission, even under an explicit deny (STS API reference).
    if action == "sts:GetCallerIdentity" {
        return Ruling::Allowed;
    }
    let (identity, boundary) = documents(account, &caller.principal);
    let keys = keys_of(account, caller);
    let asked = Asked { action, resource: Some(resource), keys: &keys };
    let own = read(identity.iter().map(String::as_str), asked);
    let within = boundary.map(|document| read([document.as_str()], asked));
    match (own, within) {
        (Decision::Denied, _) => Ruling::Denied(Kind::Identity),
        (_, Some(Decision::Denied)) => Ruling::Denied(Kind::Boundary),
        (Decision::Silent, _) => Ruling::NotAllowed(Kind::Identity),
        (Decision::Allowed, Some(Decision::Silent)) => Ruling::NotAllowed(Kind::Boundary),
        (Decision::Allowed, None | Some(Decision::Allowed)) => Ruling::Allowed,
    }
}

/// The documents of a caller's identity policies, and of its boundary. A boundary that is gone allows nothing.
fn documents(account: &Account, principal: &Principal) -> (Vec<String>, Option<String>) {
    match principal {
        Principal::User { policies, .. } => (policies.clone(), None),
        Principal::Session { role, .. } => {
            let state = account.state();
            let Some(role) = state.roles.get(role) else { return (Vec::new(), None) };
            let attached = role.attached.iter().filter_map(|arn| state.policies.get(arn).cloned());
            let boundary = role.boundary.as_ref().map(|arn| state.policies.get(arn).cloned().unwrap_or_default());
            (attached.chain(role.inline.values().cloned()).collect(), boundary)
        }
    }
}
