//! Names within a scenario, and what they stand for.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use super::{
    WrongScenario,
    form::{ClusterForm, Form, Word},
    kinds::nature,
};
use crate::outside::place_of;

/// The region of an account that names none.
pub(super) const REGION: &str = "us-east-1";

/// What names stand for.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Ids of accounts, by id and alias.
    accounts: BTreeMap<String, String>,
    /// URLs of issuers, clusters' among them, by name.
    issuers: BTreeMap<String, String>,
    /// Roles by account and name.
    roles: BTreeMap<String, BTreeSet<String>>,
}

/// Whether a name can be part of an address: letters, digits and hyphens, the first a letter or digit.
fn is_plain(name: &str) -> bool {
    /// Longest name of a cluster that every part of Kubernetes takes as a label.
    const LONGEST: usize = 63;
    let fits = !name.is_empty() && name.len() <= LONGEST && !name.starts_with('-');
    fits && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn plain(what: &str, word: &Word) -> Result<(), WrongScenario> {
    let wrong = || WrongScenario::new(line(word), format!("`{}` is no name of {what}", word.value));
    let how = "write small letters, digits and hyphens, 63 at most";
    is_plain(&word.value).then_some(()).ok_or_else(|| wrong().with(how))
}

pub(super) fn line(word: &Word) -> u64 {
    word.referenced.line()
}

/// URL of an EKS cluster's issuer: always the same for the same cluster.
pub(super) fn eks_issuer(account: &str, region: &str, cluster: &str) -> String {
    let text = format!("{account}/{region}/{cluster}");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    let mut id = String::new();
    for byte in digest.as_ref().iter().take(16) {
        // Writing to a string cannot fail.
        let _ = write!(id, "{byte:02X}");
    }
    format!("https://oidc.eks.{region}.amazonaws.com/id/{id}")
}

impl Names {
    /// The names of a scenario; refused when one stands for two things or is none.
    pub(super) fn of(form: &Form) -> Result<Self, WrongScenario> {
        let mut names = Self::default();
        let mut regions = BTreeMap::new();
        for account in &form.accounts {
            let (id, alias) = (&account.id, &account.alias);
            if id.value.len() != 12 || !id.value.bytes().all(|b| b.is_ascii_digit()) {
                let what = format!("`{}` is no id of an account", id.value);
                return Err(WrongScenario::new(line(id), what).with("write twelve digits, in quotes"));
            }
            plain("an account", alias)?;
            for word in [id, alias] {
                if names.accounts.insert(word.value.clone(), id.value.clone()).is_some() {
                    return Err(twice(word));
                }
            }
            let region = account.region.as_deref().unwrap_or(REGION);
            regions.insert(id.value.clone(), region);
            let mut roles = BTreeSet::new();
            for role in &account.roles {
                if !roles.insert(role.name.value.clone()) {
                    return Err(twice(&role.name));
                }
            }
            names.roles.insert(id.value.clone(), roles);
        }
        for cluster in &form.clusters {
            plain("a cluster", &cluster.name)?;
            let account = names.account(&cluster.account)?;
            let region = regions.get(&account).copied().unwrap_or(REGION);
            let url = eks_issuer(&account, region, &cluster.name.value);
            names.add_issuer(&cluster.name, url)?;
        }
        for issuer in &form.issuers {
            plain("an issuer", &issuer.name)?;
            let url = match (&issuer.url, nature(issuer.kind).url) {
                (Some(url), _) => url.value.clone(),
                (None, Some(url)) => url.to_owned(),
                (None, None) => {
                    let what =
                        format!("the issuer `{}` is of a kind that has no address of its own", issuer.name.value);
                    return Err(WrongScenario::new(line(&issuer.name), what).with("write its `url`"));
                }
            };
            // The lab's issuers answer on one port, whatever the one of their address.
            if place_of(&url).is_none_or(|(_, port)| port != 443) || url.ends_with('/') {
                let at = issuer.url.as_ref().unwrap_or(&issuer.name);
                let what = format!("`{url}` is no address of an issuer of the lab's");
                return Err(WrongScenario::new(line(at), what)
                    .with("write an https URL without a port, a query or a slash at its end"));
            }
            names.add_issuer(&issuer.name, url)?;
        }
        Ok(names)
    }

    fn add_issuer(&mut self, name: &Word, url: String) -> Result<(), WrongScenario> {
        if self.issuers.values().any(|known| *known == url) {
            return Err(WrongScenario::new(line(name), format!("another issuer is at `{url}` already")));
        }
        self.issuers.insert(name.value.clone(), url).map_or(Ok(()), |_| Err(twice(name)))
    }

    /// Id of an account.
    pub(super) fn account(&self, word: &Word) -> Result<String, WrongScenario> {
        let there = self.accounts.keys().map(String::as_str);
        let unknown = || WrongScenario::unknown(line(word), "account", &word.value, there);
        self.accounts.get(&word.value).cloned().ok_or_else(unknown)
    }

    /// URL of an issuer.
    pub(crate) fn issuer(&self, word: &Word) -> Result<String, WrongScenario> {
        let there = self.issuers.keys().map(String::as_str);
        let unknown = || WrongScenario::unknown(line(word), "issuer or cluster", &word.value, there);
        self.issuers.get(&word.value).cloned().ok_or_else(unknown)
    }

    /// URL of an issuer by its name.
    pub(crate) fn url(&self, name: &str) -> Option<&String> {
        self.issuers.get(name)
    }

    /// Account and name of a role: `ACCOUNT/ROLE`, or a role of this account.
    pub(super) fn role(&self, word: &Word, here: &str) -> Result<(String, String), WrongScenario> {
        let (account, role) = match word.value.split_once('/') {
            Some((account, role)) => {
                let there = self.accounts.keys().map(String::as_str);
                let unknown = || WrongScenario::unknown(line(word), "account", account, there);
                (self.accounts.get(account).cloned().ok_or_else(unknown)?, role)
            }
            None => (here.to_owned(), word.value.as_str()),
        };
        let roles = self.roles.get(&account);
        if roles.is_some_and(|roles| roles.contains(role)) {
            return Ok((account, role.to_owned()));
        }
        let there = roles.into_iter().flatten().map(String::as_str);
        Err(WrongScenario::unknown(line(word), "role", &word.value, there))
    }

    /// ARN of a role.
    pub(super) fn role_arn(&self, word: &Word, here: &str) -> Result<String, WrongScenario> {
        self.role(word, here).map(|(account, role)| format!("arn:aws:iam::{account}:role/{role}"))
    }

    /// The account of a cluster.
    pub(super) fn account_of(&self, cluster: &ClusterForm) -> String {
        self.accounts.get(&cluster.account.value).cloned().unwrap_or_default()
    }
}

fn twice(word: &Word) -> WrongScenario {
    WrongScenario::new(line(word), format!("`{}` is there twice", word.value)).with("give each a name of its own")
}
