//! What is asked of a trust policy: who, which action, with which condition keys.

use crate::call::Call;
use crate::claims::Identity;
use crate::context::Context;
use serde::Serialize;

/// The action that exchanges a web identity token for a role's credentials.
pub const WEB_IDENTITY_ACTION: &str = "sts:AssumeRoleWithWebIdentity";

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "value")]
pub enum Principal {
    /// A federated provider: its ARN, or the name of a built-in one such as
    /// `accounts.google.com`.
    Federated(String),
    /// An IAM or STS principal's ARN.
    #[serde(rename = "AWS")]
    Aws(String),
    /// A service, e.g. `ec2.amazonaws.com`.
    Service(String),
    /// A canonical user id.
    CanonicalUser(String),
    /// Nobody known.
    Anonymous,
}

impl Principal {
    /// The principal's name; empty when anonymous.
    pub fn name(&self) -> &str {
        match self {
            Self::Federated(n) | Self::Aws(n) | Self::Service(n) | Self::CanonicalUser(n) => n,
            Self::Anonymous => "",
        }
    }
}

/// One question to a trust policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Request {
    /// The action, e.g. [`WEB_IDENTITY_ACTION`].
    pub action: String,
    /// Who asks.
    pub principal: Principal,
    /// The condition keys.
    pub context: Context,
}

impl Request {
    /// A request with these three parts.
    pub fn new(action: impl Into<String>, principal: Principal, context: Context) -> Self {
        Self { action: action.into(), principal, context }
    }

    /// The request that STS makes of a role's trust policy for `AssumeRoleWithWebIdentity` when nothing is known of
    /// the call: see [`Request::of_call`].
    pub fn web_identity(identity: &Identity) -> Self {
        Self::of_call(identity, &Call::new())
    }
}
