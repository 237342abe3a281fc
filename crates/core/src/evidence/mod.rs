//! Evidence: everything the rules may look at, as data.

mod aws;
mod clock;
mod files;
mod foretold;
mod holds;
mod issuer;
mod job;
pub mod kept;
mod kind;
mod kubernetes;
mod logs;
mod network;
mod observed;
mod template;
mod view;

pub use aws::{Addon, AddonIssue, Caller, EksCluster, Exchange, Provider, Role, RolePolicy, TrailEvent};
pub use clock::{CLOCK_TOLERANCE, Clock};
pub use files::{AwsFile, AwsProfile, FileOrigin};
pub use foretold::{Alternative, Foretold};
pub use holds::Holds;
pub use issuer::{Discovery, Fetched, HostChain, HostRole, KeyFacts, Keys, TokenClaims, TokenSource};
pub use job::{CiJob, Means, Platform, Refs, SettingOf, SubjectSetting, TokenRequest, Trigger};
pub use kept::Variable;
pub use kind::Kind;
pub use kubernetes::{
    AgentPod, Container, ContainerRun, EnvFrom, EnvVar, FieldWriter, InjectionProbe, NetworkPolicy, Pod,
    PodIdentityAgent, PodIdentityAssociation, PodSpec, ROLE_ANNOTATION, ServiceAccount, TokenVolume, Webhook, Workload,
    pods_down,
};
pub use logs::{Besides, Happening, LogFailure, LogRecord, LogSuccess, LogUnclear, LogsRead, Neighbours};
pub use network::{NetworkPeer, NetworkPort, NetworkRule};
pub use observed::{Gap, Observed, Source};
pub use template::{Fit, Letters, Part, Template};
pub use view::View;

use serde::{Deserialize, Serialize};

/// What the user points at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Target {
    /// `daemonset/aws-node -n kube-system`, `pod/…`, `deployment/…`, …
    Workload {
        /// Resource kind as Kubernetes writes it, such as `DaemonSet`.
        resource: String,
        /// Namespace.
        namespace: String,
        /// Name.
        name: String,
    },
    /// A service account.
    ServiceAccount {
        /// Namespace.
        namespace: String,
        /// Name.
        name: String,
    },
    /// A role and the subject that is to get it.
    Role {
        /// Role ARN.
        arn: String,
        /// Token subject.
        subject: Option<String>,
    },
    /// An issuer alone.
    Issuer {
        /// URL.
        url: String,
    },
    /// A CI job.
    Job {
        /// A name for it.
        name: String,
    },
    /// Logs alone.
    Log {
        /// File name or `-`.
        name: String,
    },
}

/// In which order AWS asks for trust in an issuer's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum TrustModel {
    /// The library of trusted roots first, thumbprints after (AWS, every issuer, since 2024-08-15).
    #[default]
    LibraryFirst,
    /// Thumbprints alone (AWS before, and compatible systems).
    ThumbprintOnly,
}

/// The three sets of roots a verdict about a chain can rest on, base64 of DER.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Roots {
    /// What AWS is taken to trust: the public library, or the one given.
    pub library: Vec<String>,
    /// Where `library` came from, for the report.
    pub library_name: String,
    /// What the user trusts besides: system store and `--ca-bundle`.
    pub user: Vec<String>,
}

/// All that is known of one identity's way from workload to permissions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was asked about.
    pub target: Target,
    /// When the evidence was gathered, Unix seconds: the `now` of every rule.
    pub now: i64,
    /// What AWS said the time is.
    #[serde(default)]
    pub clock: Observed<Clock>,
    /// The trust model in force.
    #[serde(default)]
    pub trust_model: TrustModel,
    /// Roots for verdicts about chains.
    #[serde(default)]
    pub roots: Roots,
    /// The controller or pod.
    #[serde(default)]
    pub workload: Observed<Workload>,
    /// Its pods.
    #[serde(default)]
    pub pods: Observed<Vec<Pod>>,
    /// Failures read from logs of pods or files.
    #[serde(default)]
    pub logs: Observed<Vec<LogFailure>>,
    /// What the same logs said besides.
    #[serde(default, skip_serializing_if = "Besides::is_empty")]
    pub besides: Besides,
    /// The service account.
    #[serde(default)]
    pub service_account: Observed<ServiceAccount>,
    /// Other service accounts of the namespace.
    #[serde(default)]
    pub siblings: Observed<Vec<ServiceAccount>>,
    /// Webhooks that could inject web identity.
    #[serde(default)]
    pub webhooks: Observed<Vec<Webhook>>,
    /// What a dry run of a new pod of the service account showed.
    #[serde(default)]
    pub injection_probe: Observed<InjectionProbe>,
    /// ARN of a role of the same name in the caller's own account, when the role asked for is in another.
    #[serde(default)]
    pub namesake: Observed<String>,
    /// Roles of the account whose trust policy names the token's issuer, read when the workload names no role.
    #[serde(default)]
    pub trusting: Observed<Vec<Role>>,
    /// Network policies that select the pods.
    #[serde(default)]
    pub network_policies: Observed<Vec<NetworkPolicy>>,
    /// Pod Identity associations of the cluster.
    #[serde(default)]
    pub associations: Observed<Vec<PodIdentityAssociation>>,
    /// Whether the Pod Identity agent runs: its `DaemonSet`'s ready pods.
    #[serde(default)]
    pub pod_identity_agent: Observed<i64>,
    /// The Pod Identity agent and its pods, read where an association or a container's variables make it matter.
    #[serde(default)]
    pub agent: Observed<PodIdentityAgent>,
    /// The role of the association of this service account.
    #[serde(default)]
    pub association_role: Observed<Role>,
    /// The role that the association's role assumes for the pod, when the association names one.
    #[serde(default)]
    pub association_target: Observed<Role>,
    /// Policies of the role that a pod gets through the association: the target's, or else the association's own.
    #[serde(default)]
    pub association_policies: Observed<Vec<RolePolicy>>,
    /// The token.
    #[serde(default)]
    pub token: Observed<TokenClaims>,
    /// The EKS cluster.
    #[serde(default)]
    pub cluster: Observed<EksCluster>,
    /// Its add-ons.
    #[serde(default)]
    pub addons: Observed<Vec<Addon>>,
    /// Discovery.
    #[serde(default)]
    pub discovery: Observed<Discovery>,
    /// Keys.
    #[serde(default)]
    pub keys: Observed<Keys>,
    /// Presented chains: issuer's host first, `jwks_uri`'s host after it if it is another.
    #[serde(default)]
    pub chains: Vec<Observed<HostChain>>,
    /// The provider registered for the token's issuer in the role's account.
    #[serde(default)]
    pub provider: Observed<Provider>,
    /// All providers of the account.
    #[serde(default)]
    pub providers: Observed<Vec<String>>,
    /// The role's ARN as the workload was told it, verbatim, and who told it.
    #[serde(default)]
    pub role_arn: Observed<String>,
    /// The role.
    #[serde(default)]
    pub role: Observed<Role>,
    /// The caller's identity in AWS.
    #[serde(default)]
    pub caller: Observed<Caller>,
    /// A real exchange.
    #[serde(default)]
    pub exchange: Observed<Exchange>,
    /// Policies of the role.
    #[serde(default)]
    pub policies: Observed<Vec<RolePolicy>>,
    /// What `CloudTrail` remembers.
    #[serde(default)]
    pub trail: Observed<Vec<TrailEvent>>,
    /// Since when the trail is whole, Unix seconds: of what is older only a part was read, or nothing. `None` when all
    /// that `CloudTrail` keeps was read, which are 90 days (`CloudTrail` User Guide, "Event history").
    #[serde(default)]
    pub trail_since: Option<i64>,
    /// The CI job.
    #[serde(default)]
    pub job: Observed<CiJob>,
    /// The region in use.
    #[serde(default)]
    pub region: Option<String>,
}

impl Evidence {
    /// Whether there are pods, and none of them fails.
    pub fn pods_up(&self) -> bool {
        self.pods.known().is_some_and(|p| !p.is_empty() && pods_down(p) == 0)
    }

    /// How many of the pods fail.
    pub fn pods_down(&self) -> usize {
        self.pods.known().map_or(0, |p| pods_down(p))
    }

    /// Evidence about which nothing is known yet.
    pub fn new(target: Target, now: i64) -> Self {
        Self {
            target,
            now,
            clock: Observed::default(),
            trust_model: TrustModel::default(),
            roots: Roots::default(),
            workload: Observed::default(),
            pods: Observed::default(),
            logs: Observed::default(),
            besides: Besides::default(),
            service_account: Observed::default(),
            siblings: Observed::default(),
            webhooks: Observed::default(),
            injection_probe: Observed::default(),
            namesake: Observed::default(),
            trusting: Observed::default(),
            network_policies: Observed::default(),
            associations: Observed::default(),
            pod_identity_agent: Observed::default(),
            agent: Observed::default(),
            association_role: Observed::default(),
            association_target: Observed::default(),
            association_policies: Observed::default(),
            token: Observed::default(),
            cluster: Observed::default(),
            addons: Observed::default(),
            discovery: Observed::default(),
            keys: Observed::default(),
            chains: Vec::new(),
            provider: Observed::default(),
            providers: Observed::default(),
            role_arn: Observed::default(),
            role: Observed::default(),
            caller: Observed::default(),
            exchange: Observed::default(),
            policies: Observed::default(),
            trail: Observed::default(),
            trail_since: None,
            job: Observed::default(),
            region: None,
        }
    }
}
