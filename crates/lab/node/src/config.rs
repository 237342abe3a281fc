//! What the lab decides about its nodes: where AWS is, what pods can reach, and how
//! fast things happen. Everything can be changed while pods run: that is how faults
//! are injected and mended.

use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio::sync::watch;
use trustwalk_lab_cluster::Clock;

use crate::credentials::Credentials;

/// How a host answers when a pod calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// Requests arrive.
    #[default]
    Open,
    /// The name does not resolve.
    NoSuchHost,
    /// It resolves, packets vanish. Reported at once; nothing really waits.
    Blackholed,
    /// The proxy that a container names refuses `CONNECT` with 403; who names none gets there.
    ProxyForbidden,
}

/// Whether pods get at the instance metadata service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Imds {
    /// Every pod does.
    #[default]
    Open,
    /// Hop limit 1: only pods on the host's network do (Amazon EC2 User Guide,
    /// "Instance metadata options").
    HopLimited,
    /// Nobody does.
    Disabled,
}

/// What pods can reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Reach of single hosts; every other host has [`Network::otherwise`].
    pub hosts: BTreeMap<String, Reach>,
    /// Reach of hosts not listed.
    pub otherwise: Reach,
    /// The instance metadata service.
    pub imds: Imds,
    /// Whether the EKS Pod Identity Agent runs on the nodes.
    pub pod_identity_agent: bool,
}

impl Default for Network {
    fn default() -> Self {
        Self { hosts: BTreeMap::new(), otherwise: Reach::Open, imds: Imds::Open, pod_identity_agent: true }
    }
}

impl Network {
    /// How `host` answers.
    pub fn reach(&self, host: &str) -> Reach {
        self.hosts.get(host).copied().unwrap_or(self.otherwise)
    }

    /// Whether a pod gets at the metadata service.
    pub fn reaches_imds(&self, host_network: bool) -> bool {
        match self.imds {
            Imds::Open => true,
            Imds::HopLimited => host_network,
            Imds::Disabled => false,
        }
    }
}

/// The instances' own role, as the metadata service hands it out.
#[derive(Debug, Clone)]
pub struct NodeRole {
    /// Role name.
    pub name: String,
    /// Its current session.
    pub credentials: Credentials,
}

/// Everything about the nodes.
#[derive(Clone)]
pub struct NodeConfig {
    /// Where the account's endpoints answer in plain HTTP; the `Host` header says
    /// which AWS endpoint is meant.
    pub aws: SocketAddr,
    /// Region of the instances.
    pub region: String,
    /// Name of the EKS cluster, for Pod Identity.
    pub cluster_name: String,
    /// Minor version of the kubelets (`19` is 1.19); decides token file ownership.
    pub kubernetes_minor: u32,
    /// The time.
    pub clock: Clock,
    /// How long a failed container really waits at first before it restarts, whatever
    /// back-off its status names. It grows sixteenfold while the container keeps failing.
    pub restart_period: Duration,
    /// How often a running agent repeats its AWS call, and how often token files
    /// are looked at for rotation.
    pub call_period: Duration,
    /// What pods can reach.
    pub network: Network,
    /// The instances' role; `None` when they have no instance profile.
    pub node_role: Option<NodeRole>,
    /// Agents exchange their token for every call instead of once per session, so
    /// that a fault shows at once instead of after an hour.
    pub exchange_every_call: bool,
    /// Every app keeps the first token it read. Single pods: env
    /// `LAB_TOKEN_READ=once`.
    pub token_read_once: bool,
    /// No app renews its session. Single pods: env `LAB_SESSION_REFRESH=never`.
    pub session_never_refreshed: bool,
}

impl fmt::Debug for NodeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeConfig")
            .field("aws", &self.aws)
            .field("region", &self.region)
            .field("kubernetes_minor", &self.kubernetes_minor)
            .field("network", &self.network)
            .field("node_role", &self.node_role)
            .finish_non_exhaustive()
    }
}

impl NodeConfig {
    /// A configuration with everything in order: the system's time, one-second
    /// periods, current Kubernetes, no instance role.
    pub fn new(aws: SocketAddr, region: &str) -> Self {
        Self {
            aws,
            region: region.into(),
            cluster_name: "lab".into(),
            kubernetes_minor: 36,
            clock: Arc::new(jiff::Timestamp::now),
            restart_period: Duration::from_secs(1),
            call_period: Duration::from_secs(1),
            network: Network::default(),
            node_role: None,
            exchange_every_call: false,
            token_read_once: false,
            session_never_refreshed: false,
        }
    }
}

/// A shared configuration that can be changed while it is in use.
#[derive(Clone)]
pub struct Settings {
    config: Arc<RwLock<NodeConfig>>,
    changes: Arc<watch::Sender<u64>>,
    rounds: Arc<watch::Sender<Rounds>>,
}

/// What agents are at, by a number each has.
#[derive(Default)]
struct Rounds {
    next: u64,
    /// The version of the configuration under which an agent came to rest; none while it works.
    agents: BTreeMap<u64, Option<u64>>,
}

/// An agent while it runs.
pub(crate) struct Round<'s> {
    settings: &'s Settings,
    number: u64,
}

impl Round<'_> {
    fn is_at(&self, rest: Option<u64>) {
        self.settings.rounds.send_modify(|rounds| {
            rounds.agents.insert(self.number, rest);
        });
    }

    /// Waits one call period, or less if the configuration changes.
    pub(crate) async fn pause(&self) {
        let mut changes = self.settings.changes.subscribe();
        // Before the period is read, so that whatever changes after is seen to have.
        let seen = *changes.borrow_and_update();
        let period = self.settings.get().call_period;
        self.is_at(Some(seen));
        // Either a change or the elapsed period ends the wait; which one is irrelevant.
        let _ = tokio::time::timeout(period, changes.changed()).await;
        self.is_at(None);
    }
}

impl Drop for Round<'_> {
    fn drop(&mut self) {
        self.settings.rounds.send_modify(|rounds| {
            rounds.agents.remove(&self.number);
        });
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Settings").field(&self.get()).finish()
    }
}

impl From<NodeConfig> for Settings {
    fn from(config: NodeConfig) -> Self {
        Self {
            config: Arc::new(RwLock::new(config)),
            changes: Arc::new(watch::Sender::new(0)),
            rounds: Arc::new(watch::Sender::new(Rounds::default())),
        }
    }
}

impl Settings {
    /// A copy of the current configuration.
    pub fn get(&self) -> NodeConfig {
        self.config.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the configuration and wakes running agents, so that a fault shows
    /// at once instead of after a period.
    pub fn update(&self, change: impl FnOnce(&mut NodeConfig)) {
        change(&mut self.config.write().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_modify(|version| *version += 1);
    }

    /// An agent begins to run.
    pub(crate) fn begin(&self) -> Round<'_> {
        let mut number = 0;
        self.rounds.send_modify(|rounds| {
            number = rounds.next;
            rounds.next += 1;
            rounds.agents.insert(number, None);
        });
        Round { settings: self, number }
    }

    /// Waits until every agent that runs rests, under the present configuration: none of their calls is under way, and
    /// the next one is a call period away.
    pub async fn at_rest(&self) {
        let mut rounds = self.rounds.subscribe();
        let rest = |rounds: &Rounds| {
            let version = *self.changes.borrow();
            rounds.agents.values().all(|seen| *seen == Some(version))
        };
        // The sender lives in the settings themselves, so it cannot be gone here.
        let _at_rest = rounds.wait_for(rest).await;
    }

    /// The time.
    pub(crate) fn now(&self) -> jiff::Timestamp {
        (self.get().clock)()
    }

    /// Waits one call period, or less if the configuration changes.
    pub(crate) async fn pause(&self) {
        let period = self.get().call_period;
        let mut changes = self.changes.subscribe();
        // Either a change or the elapsed period ends the wait; which one is irrelevant.
        let _ = tokio::time::timeout(period, changes.changed()).await;
    }
}
