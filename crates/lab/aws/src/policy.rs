//! Identity policies: who may do what in this account.

use crate::account::Account;
use crate::language::{Asked, Decision, Keys, decide as read};
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
    /// Those passed when the session was taken.
    Session,
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
        let (denied, kind) = match self {
            Self::Allowed => return None,
            Self::NotAllowed(kind) => (false, kind),
            Self::Denied(kind) => (true, kind),
        };
        let (name, article) = match kind {
            Kind::Identity => ("identity-based policy", "an"),
            Kind::Boundary => ("permissions boundary", "a"),
            Kind::Session => ("session policy", "a"),
        };
        Some(if denied {
            format!("with an explicit deny in {article} {name}")
        } else {
            format!("because no {name} allows the {action} action")
        })
    }
}

/// What each kind of a caller's policies says of an action, where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Voices {
    identity: Decision,
    boundary: Option<Decision>,
    session: Option<Decision>,
}

impl Voices {
    /// What they come to. Neither boundary nor session policy allows anything by itself: all that are there must allow,
    /// and a denial in any wins (IAM User Guide, "Policy evaluation logic", "Permissions boundaries for IAM entities",
    /// "Session policies").
    pub(crate) fn ruling(self) -> Ruling {
        let all =
            [(Kind::Identity, Some(self.identity)), (Kind::Boundary, self.boundary), (Kind::Session, self.session)];
        let first = |said: Decision| all.iter().find(|(_, voice)| *voice == Some(said)).map(|(kind, _)| *kind);
        if let Some(kind) = first(Decision::Denied) {
            return Ruling::Denied(kind);
        }
        first(Decision::Silent).map_or(Ruling::Allowed, Ruling::NotAllowed)
    }

    /// Whether what only narrows lets it pass: the boundary and the session policies.
    pub(crate) fn within_bounds(self) -> bool {
        [self.boundary, self.session].iter().flatten().all(|voice| *voice == Decision::Allowed)
    }

    /// Whether any of them denies it.
    pub(crate) fn denied(self) -> bool {
        matches!(self.ruling(), Ruling::Denied(_))
    }
}

/// What the caller's own policies say of an action, asked with keys beside those that every request has.
pub(crate) fn decide(account: &Account, caller: &Caller, action: &str, resource: &str, more: &Keys) -> Ruling {
    // GetCallerIdentity needs no permission, even under an explicit deny (STS API reference).
    if action == "sts:GetCallerIdentity" {
        return Ruling::Allowed;
    }
    voices(account, caller, action, resource, more).ruling()
}

/// The same, each kind of policy for itself.
pub(crate) fn voices(account: &Account, caller: &Caller, action: &str, resource: &str, more: &Keys) -> Voices {
    let documents = documents(account, &caller.principal);
    let mut keys = keys_of(account, caller);
    keys.extend(more.iter().map(|(key, values)| (key.clone(), values.clone())));
    let asked = Asked { action, resource: Some(resource), keys: &keys };
    let of = |documents: &[String]| read(documents.iter().map(String::as_str), asked);
    Voices {
        identity: of(&documents.identity),
        boundary: documents.boundary.map(|document| of(&[document])),
        session: documents.session.map(|documents| of(&documents)),
    }
}

/// Policies of a caller, by kind.
#[derive(Default)]
struct Documents {
    identity: Vec<String>,
    boundary: Option<String>,
    session: Option<Vec<String>>,
}

/// The documents of a caller's policies. A boundary or a session policy that is gone allows nothing, and so does a role
/// that is gone, or is another one by now.
fn documents(account: &Account, principal: &Principal) -> Documents {
    let session = match principal {
        Principal::User { policies, .. } => return Documents { identity: policies.clone(), ..Documents::default() },
        Principal::Session(session) => session,
    };
    if !account.lives(session) {
        return Documents::default();
    }
    let state = account.state();
    let Some(role) = state.roles.get(&session.role) else { return Documents::default() };
    let managed = |arn: &String| state.policies.get(arn).map(|policy| policy.document().to_owned());
    let attached = role.attached.iter().filter_map(managed);
    let passed: Vec<String> =
        session.policy.iter().cloned().chain(session.policy_arns.iter().filter_map(managed)).collect();
    let narrowed = session.policy.is_some() || !session.policy_arns.is_empty();
    Documents {
        identity: attached.chain(role.inline.values().cloned()).collect(),
        boundary: role.boundary.as_ref().map(|arn| managed(arn).unwrap_or_default()),
        session: narrowed.then_some(passed),
    }
}
