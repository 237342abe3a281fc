//! The eleven links between a workload and its permissions, in walking order.

use serde::{Deserialize, Serialize};

/// One link of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// What runs, as whom, and what does it say?
    Workload,
    /// Which role is it told to assume?
    ServiceAccount,
    /// Did the role and token reach the container?
    Injection,
    /// What does the token say about itself?
    Token,
    /// Does the issuer publish who it is?
    Issuer,
    /// Can the token's signature be checked?
    Keys,
    /// Which certificates stand behind the issuer and the keys?
    Tls,
    /// What did the account register?
    Provider,
    /// Does the role admit this identity?
    Trust,
    /// What does STS say?
    Exchange,
    /// Can the role do what the workload needs?
    Permissions,
}

impl Link {
    /// All links in walking order.
    pub const ALL: [Self; 11] = [
        Self::Workload,
        Self::ServiceAccount,
        Self::Injection,
        Self::Token,
        Self::Issuer,
        Self::Keys,
        Self::Tls,
        Self::Provider,
        Self::Trust,
        Self::Exchange,
        Self::Permissions,
    ];

    /// Its name in reports and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Workload => "workload",
            Self::ServiceAccount => "service-account",
            Self::Injection => "injection",
            Self::Token => "token",
            Self::Issuer => "issuer",
            Self::Keys => "keys",
            Self::Tls => "tls",
            Self::Provider => "provider",
            Self::Trust => "trust",
            Self::Exchange => "exchange",
            Self::Permissions => "permissions",
        }
    }
}
