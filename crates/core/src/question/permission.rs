//! Which policy AWS says decided about a refused action, and which could not be read.

use std::collections::BTreeSet;

use crate::evidence::{Gap, Observed, RolePolicy};

/// What AWS names as the reason (IAM User Guide, "Troubleshoot access denied error messages").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decider {
    /// No policy of the role allows it.
    NoIdentityPolicy,
    /// A Deny in a policy of the role.
    OwnDeny,
    /// A Deny in the role's boundary.
    BoundaryDeny,
    /// The boundary does not allow it.
    Boundary,
    /// The organisation's policy of this kind.
    Organisation(&'static str),
    /// Another policy that is not the role's.
    Elsewhere(&'static str),
}

impl Decider {
    /// The policy, in words.
    pub(super) fn policy(self) -> &'static str {
        match self {
            Self::NoIdentityPolicy => "the absence of a policy that allows it",
            Self::OwnDeny => "a Deny in one of its own policies",
            Self::BoundaryDeny => "a Deny in its permissions boundary",
            Self::Boundary => "its permissions boundary",
            Self::Organisation(policy) | Self::Elsewhere(policy) => policy,
        }
    }
}

/// Which policy the words of a refusal name.
pub(super) fn decided_by(message: &str) -> Option<Decider> {
    let table = [
        ("service control polic", Decider::Organisation("a service control policy of the organisation")),
        ("resource control polic", Decider::Organisation("a resource control policy of the organisation")),
        ("explicit deny in a permissions boundary", Decider::BoundaryDeny),
        ("permissions boundary", Decider::Boundary),
        ("session polic", Decider::Elsewhere("the policy its session was asked for with")),
        ("VPC endpoint polic", Decider::Elsewhere("the policy of a VPC endpoint")),
        ("explicit deny in a resource-based policy", Decider::Elsewhere("the resource's own policy")),
        ("explicit deny in an identity-based policy", Decider::OwnDeny),
        ("no identity-based policy allows", Decider::NoIdentityPolicy),
    ];
    table.iter().find(|(words, _)| message.contains(words)).map(|(_, decider)| *decider)
}

/// The policies of the role whose documents the caller is not allowed to read.
pub(super) fn denied(policies: &Observed<Vec<RolePolicy>>) -> Option<String> {
    let unread = policies.known()?.iter().filter_map(|p| match &p.unread {
        Some(Gap::Denied { permission, .. }) => Some((p.name.as_str(), permission.as_str())),
        Some(Gap::Unknown { .. }) | None => None,
    });
    let (names, permissions): (Vec<&str>, BTreeSet<&str>) = unread.unzip();
    let permissions: Vec<&str> = permissions.into_iter().collect();
    (!names.is_empty()).then(|| {
        format!("not read: what the policies of the role say ({}): lacks {}", names.join(", "), permissions.join(", "))
    })
}
