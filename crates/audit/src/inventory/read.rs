//! Texts to an inventory: each file is one answer, a list of answers, or several one after the other.

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use super::wire::{Answer, WireListed, WireRole, WireUsed};
use super::{Inventory, LastUsed, Named, Place, Provider, Role, Unread, account_of, escaped};
use crate::limits;

/// Reads files, in whatever order, and puts together what belongs together.
#[derive(Debug, Default)]
pub struct Reader {
    found: Inventory,
    /// Providers whose answer names a URL and no ARN.
    unnamed: Vec<Provider>,
    /// Accounts of which a listing of roles was read, and whether one of its pages was the last.
    pages: Vec<(Option<String>, bool)>,
    /// Files in which a listing of providers was empty, which tells no account.
    nothing_listed: BTreeSet<String>,
    /// Which of several files is read, and how far lines were counted in it.
    file: String,
    counted: (usize, u64),
}

impl Reader {
    /// A reader that has read nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a file that could not be opened or is no text.
    pub fn could_not_read(&mut self, file: &str, why: impl Into<String>) {
        let place = Some(Place { file: file.to_owned(), line: 1 });
        self.found.unread.push(Unread { what: format!("file {file}"), why: why.into(), place });
    }

    /// Reads one file. Says whether it held anything of use.
    pub fn read(&mut self, file: &str, text: &str) -> bool {
        file.clone_into(&mut self.file);
        self.counted = (0, 1);
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut known = false;
        for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
            match value {
                Ok(value) => known |= self.value(value, text, 0),
                Err(error) => {
                    let line = u64::try_from(error.line()).unwrap_or(u64::MAX);
                    self.lost(format!("file {file}"), format!("it is no JSON: {error}"), line);
                    return true;
                }
            }
        }
        known
    }

    fn lost(&mut self, what: String, why: String, line: u64) {
        let place = Some(Place { file: self.file.clone(), line });
        self.found.unread.push(Unread { what, why, place });
    }

    fn value(&mut self, value: &RawValue, text: &str, depth: usize) -> bool {
        let begins = value.get().trim_start();
        if begins.starts_with('[') && depth == 0 {
            let Ok(all) = serde_json::from_str::<Vec<&RawValue>>(value.get()) else { return false };
            let mut known = false;
            for one in all.into_iter().take(limits::ANSWERS) {
                known |= self.value(one, text, depth + 1);
            }
            return known;
        }
        if !begins.starts_with('{') {
            return false;
        }
        match serde_json::from_str::<Answer<'_>>(value.get()) {
            Ok(answer) => self.answer(&answer, value, text),
            Err(error) => {
                let line = self.line(value, text);
                self.lost(format!("an answer in {}", self.file), error.to_string(), line);
                true
            }
        }
    }

    fn answer(&mut self, answer: &Answer<'_>, whole: &RawValue, text: &str) -> bool {
        if answer.statement.is_some() {
            let line = self.line(whole, text);
            let place = Some(Place { file: self.file.clone(), line });
            let named = Named { name: self.file.clone(), arn: self.file.clone(), place, ..Named::default() };
            self.found.add_role(named, whole.get().to_owned());
            return true;
        }
        if answer.trust.is_some() {
            self.role(whole, text, 0);
            return true;
        }
        let mut known = false;
        if let Some(one) = answer.role {
            self.role(one, text, 0);
            known = true;
        }
        for list in [answer.details, answer.roles].into_iter().flatten() {
            known = true;
            self.roles(list, text, answer);
        }
        if let Some(listed) = answer.listed {
            known = true;
            self.listing(listed, text);
        }
        if answer.url.is_some() {
            known = true;
            self.provider(answer, whole, text);
        }
        // Pages of users and policies hold no role, and are of the same answer.
        known || answer.users.is_some() || answer.policies.is_some()
    }

    fn roles(&mut self, list: &RawValue, text: &str, answer: &Answer<'_>) {
        let Ok(all) = serde_json::from_str::<Vec<&RawValue>>(list.get()) else {
            let line = self.line(list, text);
            self.lost(format!("the roles in {}", self.file), "they are no list".to_owned(), line);
            return;
        };
        let before = self.found.roles.len();
        for (position, one) in all.iter().enumerate() {
            if self.found.roles.len() >= limits::ROLES {
                let line = self.line(one, text);
                let left = all.len() - position;
                let why = format!("no more than {} roles are read", limits::ROLES);
                self.lost(format!("{left} roles in {}", self.file), why, line);
                break;
            }
            self.role(one, text, position + 1);
        }
        let account = self.found.roles.get(before..).and_then(|new| new.iter().find_map(|r| r.account.clone()));
        let more =
            answer.truncated.is_some_and(|t| t.get() == "true") || answer.next.is_some_and(|n| n.get() != "null");
        self.pages.push((account, !more));
    }

    fn role(&mut self, one: &RawValue, text: &str, position: usize) {
        let line = self.line(one, text);
        let place = Some(Place { file: self.file.clone(), line });
        let read = match serde_json::from_str::<WireRole<'_>>(one.get()) {
            Ok(read) => read,
            Err(error) => {
                let what = named(one).unwrap_or_else(|| format!("role {position} of {}", self.file));
                let unread = Unread { what: what.clone(), why: error.to_string(), place };
                self.found.lose_role(&what, unread);
                return;
            }
        };
        let arn = read.arn.clone().unwrap_or_default();
        let short = arn.rsplit('/').next().unwrap_or_default().to_owned();
        let name = read.name.clone().filter(|n| !n.is_empty()).unwrap_or(short);
        let arn = if arn.is_empty() { name.clone() } else { arn };
        let Some(trust) = read.trust else {
            let what = format!("the trust policy of role {name}");
            self.found.lose_role(&arn, Unread { what, why: "the answer has none".to_owned(), place });
            return;
        };
        let document = if trust.get().trim_start().starts_with('"') {
            serde_json::from_str::<String>(trust.get()).map(escaped::document).unwrap_or_default()
        } else {
            trust.get().to_owned()
        };
        let created = read.created.as_deref().and_then(seconds);
        self.found.add_role(Named { name, arn, created, last_used: last_used(read.used.as_ref()), place }, document);
    }

    fn listing(&mut self, listed: &RawValue, text: &str) {
        let Ok(all) = serde_json::from_str::<Vec<WireListed>>(listed.get()) else {
            let line = self.line(listed, text);
            self.lost(format!("the providers in {}", self.file), "they are no list of ARNs".to_owned(), line);
            return;
        };
        let line = self.line(listed, text);
        if all.is_empty() {
            self.nothing_listed.insert(self.file.clone());
        }
        for arn in all.into_iter().filter_map(|l| l.arn) {
            match Provider::named(&arn) {
                Some(provider) => {
                    self.found.listed.insert(provider.account.clone());
                    self.add_provider(Provider { place: Some(Place { file: self.file.clone(), line }), ..provider });
                }
                None => self.lost(format!("provider {arn}"), "it is no ARN of an OIDC provider".to_owned(), line),
            }
        }
    }

    /// What several answers say of a provider is put together.
    fn add_provider(&mut self, provider: Provider) {
        let full = self.found.providers.len() >= limits::PROVIDERS;
        match self.found.providers.get_mut(&provider.arn) {
            Some(known) => {
                known.client_ids = provider.client_ids.or(known.client_ids.take());
                known.thumbprints = provider.thumbprints.or(known.thumbprints.take());
            }
            None if full => {
                let why = format!("no more than {} providers are read", limits::PROVIDERS);
                self.found.unread.push(Unread {
                    what: format!("provider {}", provider.arn),
                    why,
                    place: provider.place,
                });
            }
            None => {
                self.found.providers.insert(provider.arn.clone(), provider);
            }
        }
    }

    fn provider(&mut self, answer: &Answer<'_>, whole: &RawValue, text: &str) {
        let line = self.line(whole, text);
        let string = |raw: Option<&RawValue>| raw.and_then(|r| serde_json::from_str::<String>(r.get()).ok());
        let strings = |raw: Option<&RawValue>| raw.and_then(|r| serde_json::from_str::<Vec<String>>(r.get()).ok());
        let Some(url) = string(answer.url) else {
            self.lost(format!("a provider in {}", self.file), "its `Url` is no text".to_owned(), line);
            return;
        };
        let issuer = url.strip_prefix("https://").unwrap_or(&url).to_owned();
        let provider = Provider {
            issuer,
            client_ids: strings(answer.client_ids),
            thumbprints: strings(answer.thumbprints),
            place: Some(Place { file: self.file.clone(), line }),
            ..Provider::default()
        };
        match string(answer.arn).as_deref().and_then(Provider::named) {
            Some(named) => self.add_provider(Provider { arn: named.arn, account: named.account, ..provider }),
            None => self.unnamed.push(provider),
        }
    }

    /// The line on which a value begins. Values come in the order in which they stand, but for a step back to their
    /// list, so that most of the text is counted once.
    fn line(&mut self, value: &RawValue, text: &str) -> u64 {
        let at = value.get().as_ptr().addr().saturating_sub(text.as_ptr().addr()).min(text.len());
        let (from, line) = if at >= self.counted.0 { self.counted } else { (0, 1) };
        let passed = text.get(from..at).unwrap_or_default();
        let line = line + u64::try_from(passed.matches('\n').count()).unwrap_or_default();
        self.counted = (at, line);
        line
    }

    /// Everything that was read.
    pub fn finish(mut self) -> Inventory {
        let accounts: Vec<String> = self.found.accounts().into_iter().map(str::to_owned).collect();
        let only = if let [one] = accounts.as_slice() { Some(one.clone()) } else { None };
        for provider in std::mem::take(&mut self.unnamed) {
            self.place_provider(provider, only.as_deref());
        }
        self.list_nothing(only.as_deref());
        for account in accounts {
            let pages: Vec<bool> =
                self.pages.iter().filter(|(of, _)| of.as_ref() == Some(&account)).map(|(_, last)| *last).collect();
            let unknown = self.pages.iter().any(|(of, last)| of.is_none() && !last);
            match (pages.is_empty(), pages.contains(&true)) {
                (false, true) if !unknown => {
                    self.found.whole.insert(account);
                }
                (true, _) | (false, true) => {}
                (false, false) => {
                    let why = "the answer goes on after the last page that was given".to_owned();
                    self.found.unread.push(Unread {
                        what: format!("further roles of account {account}"),
                        why,
                        place: None,
                    });
                }
            }
        }
        self.found
    }

    /// A listing without a provider is of the one account, or of that whose roles alone stand in the same file.
    fn list_nothing(&mut self, only: Option<&str>) {
        for file in std::mem::take(&mut self.nothing_listed) {
            let here = |role: &&Role| role.place.as_ref().is_some_and(|p| p.file == file);
            let of: BTreeSet<&str> =
                self.found.roles.iter().filter(here).filter_map(|r| r.account.as_deref()).collect();
            let mut of = of.into_iter();
            let account = match (of.next(), of.next()) {
                (Some(one), None) => Some(one),
                (None, _) | (Some(_), Some(_)) => only,
            };
            let account = account.map(str::to_owned);
            self.found.listed.extend(account);
        }
    }

    /// An answer that names no ARN belongs to the one provider of its issuer that is known, else to the one account.
    fn place_provider(&mut self, provider: Provider, only: Option<&str>) {
        let same: Vec<&Provider> = self.found.providers.values().filter(|p| p.issuer == provider.issuer).collect();
        let arn = match (same.as_slice(), only) {
            ([one], _) => Some(one.arn.clone()),
            ([], Some(account)) => {
                let role = self.found.roles.iter().find(|r| r.account.as_deref() == Some(account));
                let partition = role.and_then(|r| r.arn.split(':').nth(1)).unwrap_or("aws");
                Some(format!("arn:{partition}:iam::{account}:oidc-provider/{}", provider.issuer))
            }
            _ => None,
        };
        if let Some(named) = arn.as_deref().and_then(Provider::named) {
            self.add_provider(Provider { arn: named.arn, account: named.account, ..provider });
            return;
        }
        let why = "its answer has no ARN, and several accounts may have it: add `Arn`, or give the listing";
        let what = format!("provider {}", provider.issuer);
        self.found.unread.push(Unread { what, why: why.to_owned(), place: provider.place });
    }
}

fn last_used(used: Option<&WireUsed>) -> LastUsed {
    match used.map(|u| u.at.as_deref()) {
        None => LastUsed::Unknown,
        Some(None) => LastUsed::Never,
        Some(Some(at)) => seconds(at).map_or(LastUsed::Unknown, LastUsed::At),
    }
}

fn seconds(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

/// The name of a role that cannot be read otherwise.
fn named(one: &RawValue) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(one.get()).ok()?;
    let text = |member: &str| value.get(member).and_then(serde_json::Value::as_str).map(str::to_owned);
    text("Arn").filter(|arn| account_of(arn).is_some()).or_else(|| text("RoleName")).map(|n| format!("role {n}"))
}
