//! The account: its configuration, and the mutators by which a lab sets it up and breaks it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rustls_pki_types::CertificateDer;

use crate::callers::{lasting_id, new_keys};
use crate::catalogue;
use crate::eks::Beside;
use crate::lag::View;
use crate::own::{Follower, Held, Own};
use crate::state::{Addon, Association, Cluster, Credentials, Managed, Principal, Provider, Role, Session, State};

/// How the account decides whether to trust an issuer's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TrustModel {
    /// The library of trusted roots first, thumbprints after (AWS since 2024-08-15).
    #[default]
    LibraryFirst,
    /// Thumbprints alone (AWS before, and compatible systems).
    ThumbprintOnly,
}

/// The account's clock.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
/// Where a host of the outside world is; `None` is unreachable.
pub type Dialer = Arc<dyn Fn(&str, u16) -> Option<SocketAddr> + Send + Sync>;

/// What an account is made of.
#[derive(Clone)]
pub struct AccountConfig {
    /// Twelve digits.
    pub account_id: String,
    /// `aws`, `aws-cn`, …
    pub partition: String,
    /// Region.
    pub region: String,
    /// Trust model.
    pub trust_model: TrustModel,
    /// Roots of the trust library.
    pub library_roots: Vec<CertificateDer<'static>>,
    /// How issuers are reached.
    pub dialer: Dialer,
    /// The clock.
    pub clock: Clock,
}

impl std::fmt::Debug for AccountConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountConfig").field("account_id", &self.account_id).finish_non_exhaustive()
    }
}

/// A running account; clones share it.
#[derive(Clone)]
pub struct Account {
    pub(crate) config: Arc<AccountConfig>,
    pub(crate) own: Arc<Own>,
    view: View,
    /// All accounts behind the endpoint by id, this one among them.
    members: Members,
}

type Members = Arc<Mutex<BTreeMap<String, (Arc<AccountConfig>, Arc<Own>)>>>;

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("config", &self.config).finish_non_exhaustive()
    }
}

/// The user who may do everything.
const ADMINISTRATOR: &str = "admin";
/// The user who may do nothing.
const NOBODY: &str = "nobody";
/// What an administrator may do.
const ADMIN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

impl Account {
    /// An empty account with an administrator and a user who may do nothing.
    pub fn new(config: AccountConfig) -> Self {
        let members = Arc::default();
        Self::member_of(&members, Arc::new(config), Arc::default())
    }

    fn member_of(members: &Members, config: Arc<AccountConfig>, words: Arc<AtomicBool>) -> Self {
        let admin = new_keys("AKIA", None);
        let unprivileged = new_keys("AKIA", None);
        let started = (config.clock)();
        let policies = catalogue::managed(&config.partition).into();
        let mut state = State { policies, started, ..State::default() };
        let user = |name: &str, policies: Vec<String>| Principal::User { name: name.to_owned(), policies };
        state.keys.insert(admin.access_key_id.clone(), (admin, user(ADMINISTRATOR, vec![ADMIN.to_owned()])));
        state.keys.insert(unprivileged.access_key_id.clone(), (unprivileged, user(NOBODY, Vec::new())));
        let own = Arc::new(Own::new(&config.account_id, state, words));
        let id = config.account_id.clone();
        let entry = (Arc::clone(&config), Arc::clone(&own));
        members.lock().unwrap_or_else(PoisonError::into_inner).insert(id, entry);
        Self { config, own, view: View::Written, members: Arc::clone(members) }
    }

    /// Opens another account behind the same endpoint: an empty one that differs in its id alone.
    /// Roles are found by the account in their ARN, callers by their access key.
    #[must_use]
    pub fn join(&self, account_id: &str) -> Self {
        let config = AccountConfig { account_id: account_id.to_owned(), ..AccountConfig::clone(&self.config) };
        self.neighbour(config)
    }

    /// The same in a region of its own.
    #[must_use]
    pub fn join_in(&self, account_id: &str, region: &str) -> Self {
        let (account_id, region) = (account_id.to_owned(), region.to_owned());
        let config = AccountConfig { account_id, region, ..AccountConfig::clone(&self.config) };
        self.neighbour(config)
    }

    fn neighbour(&self, config: AccountConfig) -> Self {
        let words = Arc::clone(&self.own.refuses_audiences_briefly);
        Self::member_of(&self.members, Arc::new(config), words)
    }

    /// An account behind the endpoint by its id.
    pub(crate) fn member(&self, account_id: &str) -> Option<Self> {
        let members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        let (config, own) = members.get(account_id)?;
        let (config, own, view) = (Arc::clone(config), Arc::clone(own), self.view);
        Some(Self { config, own, view, members: Arc::clone(&self.members) })
    }

    /// The account of an ARN, when it is behind the endpoint.
    pub(crate) fn owner_of(&self, arn: &str) -> Option<Self> {
        self.member(arn.split(':').nth(4)?)
    }

    /// The account that gave out an access key; this one when none did.
    pub(crate) fn home_of(&self, access_key_id: &str) -> Self {
        let ids: Vec<String> = self.members.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect();
        let mut accounts = ids.iter().filter_map(|id| self.member(id));
        accounts.find(|a| a.state().keys.contains_key(access_key_id)).unwrap_or_else(|| self.clone())
    }

    /// How a token of an audience that is not registered is refused: in the words seen since July 2026, which are
    /// the same as for a bad signature and what a lab starts with, or in those seen from 2022 until then ("Incorrect
    /// token audience"; both reported).
    pub fn refuse_audiences_as_before_2026(&self, before: bool) {
        self.own.refuses_audiences_briefly.store(before, Ordering::Relaxed);
    }

    pub(crate) fn refuses_audiences_briefly(&self) -> bool {
        self.own.refuses_audiences_briefly.load(Ordering::Relaxed)
    }

    /// The state.
    pub(crate) fn state(&self) -> Held<'_> {
        self.own.hold(self.view, self.now())
    }

    /// The account as somebody sees it, who may see changes late.
    pub(crate) fn seen_by(&self, view: View) -> Self {
        Self { view, ..self.clone() }
    }

    /// The account as it is.
    pub(crate) fn as_written(&self) -> Self {
        self.seen_by(View::Written)
    }

    /// When the account was opened, as far as its clock tells.
    pub fn started(&self) -> Timestamp {
        self.state().started
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.config.clock)()
    }

    /// Keys of the administrator.
    pub fn admin_credentials(&self) -> Credentials {
        self.keys_of(ADMINISTRATOR)
    }

    /// Keys of a user without any permission.
    pub fn unprivileged_credentials(&self) -> Credentials {
        self.keys_of(NOBODY)
    }

    /// Keys of a user; every account has had both of them since it was opened.
    fn keys_of(&self, user: &str) -> Credentials {
        self.credentials_of(user).unwrap_or_else(|| new_keys("AKIA", None))
    }

    /// Keys of a session of a role, as instance metadata hands them out.
    pub fn session_for(&self, role: &str, session: &str, seconds: i64) -> Credentials {
        self.open_session(self.session_of(role, session), seconds)
    }

    /// A session of a role that brings nothing along.
    pub(crate) fn session_of(&self, role: &str, name: &str) -> Session {
        Session {
            role: role.to_owned(),
            role_id: self.role_id(role),
            name: name.to_owned(),
            began: self.now(),
            tags: BTreeMap::new(),
            transitive: Vec::new(),
            source_identity: None,
            policy: None,
            policy_arns: Vec::new(),
            federated: BTreeMap::new(),
        }
    }

    /// Keys of a session.
    pub(crate) fn open_session(&self, session: Session, seconds: i64) -> Credentials {
        /// Sessions at a time: each pod has one or two, and they end after twelve hours at most.
        const MOST: usize = 5000;
        let now = self.now();
        let keys = new_keys("ASIA", Some(now + jiff::SignedDuration::from_secs(seconds)));
        let principal = Principal::Session(Box::new(session));
        let mut state = self.state();
        if state.keys.len() >= MOST {
            state.keys.retain(|_, (keys, _)| keys.expires.is_none_or(|end| end > now));
        }
        if state.keys.len() >= MOST {
            // The one that would end first; keys of users never do.
            let first = state.keys.values().filter_map(|(keys, _)| Some((keys.expires?, &keys.access_key_id))).min();
            if let Some(id) = first.map(|(_, id)| id.clone()) {
                state.keys.remove(&id);
            }
        }
        state.keys.insert(keys.access_key_id.clone(), (keys.clone(), principal));
        keys
    }

    /// ARN of a provider.
    pub fn provider_arn(&self, url: &str) -> String {
        let bare = url.strip_prefix("https://").unwrap_or(url);
        format!("arn:{}:iam::{}:oidc-provider/{bare}", self.config.partition, self.config.account_id)
    }

    /// ARN of a role.
    pub fn role_arn(&self, role: &Role) -> String {
        format!("arn:{}:iam::{}:role{}{}", self.config.partition, self.config.account_id, role.path, role.name)
    }

    /// Registers or replaces a provider.
    pub fn put_provider(&self, provider: Provider) {
        self.state().providers.insert(provider.url.clone(), provider);
    }

    /// A provider by URL without scheme.
    pub fn provider(&self, url: &str) -> Option<Provider> {
        self.state().providers.get(url).cloned()
    }

    /// Takes a provider away.
    pub fn delete_provider(&self, url: &str) {
        self.state().providers.remove(url);
    }

    /// The unique id of a role of that name.
    pub(crate) fn role_id(&self, name: &str) -> String {
        let kept = self.state().kept.get(name).map(|kept| kept.id.clone());
        kept.unwrap_or_else(|| lasting_id("AROA", name))
    }

    /// Whether the role of a session is still the one that it was taken from.
    pub(crate) fn lives(&self, session: &Session) -> bool {
        let state = self.state();
        state.roles.contains_key(&session.role)
            && state.kept.get(&session.role).is_some_and(|kept| kept.id == session.role_id)
    }

    /// A role by name.
    pub fn role(&self, name: &str) -> Option<Role> {
        self.state().roles.get(name).cloned()
    }

    /// Gives a role or a provider the tag of a CloudFormation stack, which that service alone can set; whether there is
    /// one of that ARN.
    pub fn give_to_stack(&self, arn: &str, stack: &str) -> bool {
        let tag = || ("aws:cloudformation:stack-name".to_owned(), stack.to_owned());
        let mut state = self.state();
        if let Some((_, url)) = arn.split_once(":oidc-provider/") {
            return state.providers.get_mut(url).map(|provider| provider.tags.extend([tag()])).is_some();
        }
        let name = arn.rsplit('/').next().unwrap_or_default();
        state.roles.get_mut(name).map(|role| role.tags.extend([tag()])).is_some()
    }

    /// Takes a role away.
    pub fn delete_role(&self, name: &str) {
        self.state().forget_role(name);
    }

    /// Makes or replaces a managed policy.
    pub fn put_policy(&self, arn: &str, document: &str) {
        let policy = Managed::new(arn, "v1", document, self.now());
        self.state().policies.insert(arn.to_owned(), policy);
    }

    /// Takes a managed policy away.
    pub fn delete_policy(&self, arn: &str) {
        self.state().policies.remove(arn);
    }

    /// Makes or replaces a cluster. A new one is the administrator's, as if he had made it.
    pub fn put_cluster(&self, cluster: Cluster) {
        let owner = format!("arn:{}:iam::{}:user/admin", self.config.partition, self.config.account_id);
        let mut state = self.state();
        state.beside.entry(cluster.name.clone()).or_insert_with(|| Beside::owned_by(&owner, cluster.created));
        state.clusters.insert(cluster.name.clone(), cluster);
    }

    /// Makes or replaces an add-on.
    pub fn put_addon(&self, cluster: &str, addon: Addon) {
        if let Some(c) = self.state().clusters.get_mut(cluster) {
            c.addons.insert(addon.name.clone(), addon);
        }
    }

    /// Makes an association.
    pub fn put_association(&self, cluster: &str, association: Association) {
        if let Some(c) = self.state().clusters.get_mut(cluster) {
            c.associations.retain(|a| a.id != association.id);
            c.associations.push(association);
        }
    }

    /// Has somebody hear of a cluster's associations whenever a caller has made, changed or deleted one, as EKS's own
    /// webhook does.
    pub fn follow_associations(&self, cluster: &str, follower: Follower) {
        let mut followers = self.own.followers.lock().unwrap_or_else(PoisonError::into_inner);
        followers.insert(cluster.to_owned(), follower);
    }

    /// Has whoever hears of a cluster's associations hear of them as they are.
    pub fn tell_associations(&self, cluster: &str) {
        let all = |c: &Cluster| {
            c.associations.iter().map(|a| (a.namespace.clone(), a.service_account.clone())).collect::<BTreeSet<_>>()
        };
        let all = self.state().clusters.get(cluster).map(all).unwrap_or_default();
        let followers = self.own.followers.lock().unwrap_or_else(PoisonError::into_inner);
        let follower = followers.get(cluster).cloned();
        drop(followers);
        if let Some(follower) = follower {
            follower(&all);
        }
    }
}
