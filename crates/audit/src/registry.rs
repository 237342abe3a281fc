//! The providers that accounts registered, asked by those who judge trust.

use serde_json::{Map, Value};
use trustwalk_core::cause::Cause;
use trustwalk_trust_policy::ProviderArn;

use crate::inventory::{Inventory, Provider};

/// What is registered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Registry<'a> {
    inventory: &'a Inventory,
}

/// That a provider is not registered, and what is instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Missing {
    /// One that differs in what is easily overlooked.
    Slash(String),
    /// Nothing near.
    Altogether,
}

impl Missing {
    /// The cause that whoever needs it meets.
    pub(crate) fn cause(&self) -> Cause {
        match self {
            Self::Slash(_) => Cause::IssuerTrailingSlashMismatch,
            Self::Altogether => Cause::OidcProviderMissingInAccount,
        }
    }

    /// In words.
    pub(crate) fn why(&self, issuer: &str) -> String {
        match self {
            Self::Slash(near) => format!("the account has no provider for {issuer}, but one for {near}"),
            Self::Altogether => format!("the account has no provider for {issuer}"),
        }
    }
}

impl<'a> Registry<'a> {
    /// Of an inventory.
    pub(crate) fn new(inventory: &'a Inventory) -> Self {
        Self { inventory }
    }

    /// A provider that is registered.
    pub(crate) fn get(self, arn: &str) -> Option<&'a Provider> {
        self.inventory.providers.get(arn)
    }

    /// That a provider is not registered, where its account's listing was read.
    pub(crate) fn missing(self, arn: &str) -> Option<Missing> {
        let read = ProviderArn::parse(arn)?;
        if self.get(arn).is_some() || !self.inventory.listed.contains(read.account) {
            return None;
        }
        let bare = read.issuer.trim_end_matches('/');
        let mut same = self.inventory.providers.values().filter(|p| p.account == read.account);
        let near = same.find(|p| p.issuer.trim_end_matches('/') == bare);
        Some(near.map_or(Missing::Altogether, |p| Missing::Slash(p.issuer.clone())))
    }

    /// The audiences that a provider has registered, where they were read.
    pub(crate) fn client_ids(self, arn: &str) -> Option<&'a [String]> {
        self.get(arn)?.client_ids.as_deref()
    }

    /// Whether the trust of every role of an account was read.
    pub(crate) fn is_whole(self, account: &str) -> bool {
        self.inventory.is_whole(account)
    }

    /// Whether STS knows already that it does not take a token: its provider is not registered in the account, or not
    /// for its audience. Who asked for the token, where that is told, stands in the audience's place.
    pub(crate) fn refuses(self, provider: &str, claims: &Map<String, Value>) -> bool {
        let Some(read) = ProviderArn::parse(provider) else { return false };
        let Some(known) = self.get(provider) else { return self.inventory.listed.contains(read.account) };
        let (Some(registered), Some(aud), None) = (&known.client_ids, claims.get("aud"), claims.get("azp")) else {
            return false;
        };
        let takes = |value: &Value| value.as_str().is_some_and(|aud| registered.iter().any(|r| r == aud));
        !aud.as_array().map_or_else(|| takes(aud), |all| all.iter().any(takes))
    }
}
