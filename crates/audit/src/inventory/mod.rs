//! What is audited: roles with their trust, the providers that accounts registered, and what could not be read.

mod escaped;
mod read;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use trustwalk_trust_policy::{Document, ProviderArn};

pub use read::Reader;

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
}

impl Inventory {
    /// The accounts that roles and providers are of.
    pub fn accounts(&self) -> BTreeSet<&str> {
        let of_roles = self.roles.iter().filter_map(|r| r.account.as_deref());
        of_roles.chain(self.providers.values().map(|p| p.account.as_str())).collect()
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
                self.unread.push(Unread { what, why: error.to_string(), place });
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
