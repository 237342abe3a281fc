//! The providers that accounts registered, asked by those who judge trust.

use std::collections::BTreeSet;

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

    /// The accounts of which every role was read.
    pub(crate) fn whole(self) -> &'a BTreeSet<String> {
        &self.inventory.whole
    }
}
