//! What is audited: roles with their trust, the providers that accounts registered, and what could not be read.

mod escaped;
mod read;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use trustwalk_trust_policy::{Document, ProviderArn};

pub use read::Reader;

use crate::limits;

/// A place in a file that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// The line in it, from 1.
    pub line: u64,
}

/// When a role was used last. IAM tells it for the last 400 days (IAM User Guide, "View last accessed information").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LastUsed {
    /// Nobody said.
    #[default]
    Unknown,
    /// Not in the time that IAM tells of.
    Never,
    /// Then, in seconds since 1970.
    #[serde(untagged)]
    At(i64),
}

/// A role without its trust.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// When it was made, in seconds since 1970.
    pub created: Option<i64>,
    /// When it was used last.
    pub last_used: LastUsed,
    /// Where it was read.
    pub place: Option<Place>,
}

/// A role and its trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its ARN; of a policy that stands alone in a file, the file's name.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Its account, where its ARN tells.
    pub account: Option<String>,
    /// When it was made, in seconds since 1970, where that was said.
    pub created: Option<i64>,
    /// When it was used last, whoever used it.
    pub last_used: LastUsed,
    /// The trust policy as it is written.
    pub text: String,
    /// The same, read.
    pub document: Document,
    /// Where it was read.
    pub place: Option<Place>,
}

impl Role {
    /// The partition of AWS that it is in: `aws` where its ARN does not tell.
    pub fn partition(&self) -> &str {
        self.arn.split(':').nth(1).filter(|p| *p == "aws" || p.starts_with("aws-")).unwrap_or("aws")
    }
}

/// An identity provider that an account registered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provider {
    /// Its ARN.
    pub arn: String,
    /// Its account.
    pub account: String,
    /// The issuer without scheme.
    pub issuer: String,
    /// Audiences registered; none where they were not read.
    pub client_ids: Option<Vec<String>>,
    /// Thumbprints registered; none where they were not read.
    pub thumbprints: Option<Vec<String>>,
    /// Where it was read.
    pub place: Option<Place>,
}

impl Provider {
    /// A provider of which only the ARN is known; nothing where that is none.
    pub fn named(arn: &str) -> Option<Self> {
        let read = ProviderArn::parse(arn)?;
        let (account, issuer) = (read.account.to_owned(), read.issuer.to_owned());
        Some(Self { arn: arn.to_owned(), account, issuer, ..Self::default() })
    }
}

/// Something that could not be read, while the rest was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// What it is: a role, a file.
    pub what: String,
    /// Why.
    pub why: String,
    /// Where it stands.
    pub place: Option<Place>,
}

/// Everything that is audited.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// Roles, in the order read.
    pub roles: Vec<Role>,
    /// Providers, in the order of their ARNs.
    pub providers: BTreeMap<String, Provider>,
    /// What could not be read.
    pub unread: Vec<Unread>,
    /// Accounts of which every role was read.
    pub whole: BTreeSet<String>,
    /// Accounts of which every provider is known.
    pub listed: BTreeSet<String>,
    /// Accounts that have a role whose trust could not be read; one without a number may be any.
    pub holes: BTreeSet<String>,
}

impl Inventory {
    /// The accounts that roles and providers are of, and those that were read and have none.
    pub fn accounts(&self) -> BTreeSet<&str> {
        let of_roles = self.roles.iter().filter_map(|r| r.account.as_deref());
        let of_providers = self.providers.values().map(|p| p.account.as_str());
        of_roles.chain(of_providers).chain(self.whole.iter().map(String::as_str)).collect()
    }

    /// Takes in another account's.
    pub fn take_in(&mut self, other: Self) {
        let room = limits::ROLES.saturating_sub(self.roles.len());
        let left = other.roles.len().saturating_sub(room);
        if left > 0 {
            let first = other.roles.get(room).and_then(|r| r.account.clone()).unwrap_or_default();
            let what = format!("{left} roles of account {first}");
            let why = format!("no more than {} roles are read", limits::ROLES);
            self.unread.push(Unread { what, why, place: None });
            self.whole.remove(&first);
        }
        self.whole.extend(other.whole.into_iter().filter(|_| left == 0));
        self.roles.extend(other.roles.into_iter().take(room));
        for (arn, provider) in other.providers {
            if self.providers.len() < limits::PROVIDERS {
                self.providers.insert(arn, provider);
            } else {
                let why = format!("no more than {} providers are read", limits::PROVIDERS);
                self.unread.push(Unread { what: format!("provider {arn}"), why, place: None });
            }
        }
        self.unread.extend(other.unread);
        self.holes.extend(other.holes);
        self.listed.extend(other.listed);
    }

    /// Takes the places away, where what was read stands in no file that anybody has.
    pub fn forget_places(&mut self) {
        self.roles.iter_mut().for_each(|r| r.place = None);
        self.providers.values_mut().for_each(|p| p.place = None);
        self.unread.iter_mut().for_each(|u| u.place = None);
    }

    /// That there is a role whose trust could not be read.
    pub(crate) fn lose_role(&mut self, arn: &str, unread: Unread) {
        self.holes.insert(account_of(arn).unwrap_or_default().to_owned());
        self.unread.push(unread);
    }

    /// Whether the trust of every role of an account was read: what no role does is told of no other.
    pub(crate) fn is_whole(&self, account: &str) -> bool {
        self.whole.contains(account) && !self.holes.contains(account) && !self.holes.contains("")
    }

    /// Adds a role whose document is a text; what is no policy becomes something unread.
    pub fn add_role(&mut self, named: Named, text: String) {
        let Named { name, arn, created, last_used, place } = named;
        match Document::parse(&text) {
            Ok(document) => {
                let account = account_of(&arn).map(str::to_owned);
                self.roles.push(Role { arn, name, account, created, last_used, text, document, place });
            }
            Err(error) => {
                let what = format!("the trust policy of role {name}");
                self.lose_role(&arn, Unread { what, why: error.to_string(), place });
            }
        }
    }
}

/// The account in a role's ARN.
pub(crate) fn account_of(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    let head = parts.next() == Some("arn");
    let account = parts.nth(3)?;
    (head && account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())).then_some(account)
}
