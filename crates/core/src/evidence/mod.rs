//! Evidence: everything the rules may look at, as data.

mod alike;
mod annotation;
mod aws;
mod clean;
mod clock;
mod fields;
mod files;
mod foretold;
mod holds;
mod injector;
mod issuer;
mod job;
pub mod kept;
mod kind;
mod kubernetes;
mod lacks;
mod log_identity;
mod logs;
mod network;
mod observed;
mod packed;
mod pods;
mod refusal;
mod run;
mod settle;
mod shared;
pub(crate) mod skip;
mod template;
mod view;
mod whose;

pub use alike::alike;
pub use annotation::{AUDIENCE_ANNOTATION, LIFE_ANNOTATION, REGIONAL_ANNOTATION, ROLE_ANNOTATION};
pub use aws::{Addon, AddonIssue, Caller, EksCluster, Exchange, OWN_SESSION, Provider, Role, RolePolicy, TrailEvent};
pub use clock::{CLOCK_TOLERANCE, Clock, LAST_SECOND};
pub use files::{AwsFile, AwsProfile, FileOrigin};
pub use foretold::{Alternative, Foretold};
pub use holds::Holds;
pub use injector::Injects;
pub use issuer::{Discovery, Fetched, HostChain, HostRole, KeyFacts, Keys, TokenClaims, TokenSource};
pub use job::{CiJob, Means, Platform, Refs, SettingOf, SubjectSetting, TokenRequest, Trigger};
pub use kept::Variable;
pub use kind::Kind;
pub use kubernetes::{
    AgentPod, DEFAULT_AUDIENCE, FieldWriter, InjectionProbe, NetworkPolicy, PodIdentityAssociation, ServiceAccount,
    Webhook, WebhookAuthority, WebhookRule, injects_identity,
};
pub use log_identity::LogIdentity;
pub use logs::{Besides, Happening, LogFailure, LogMention, LogRecord, LogSuccess, LogUnclear, LogsRead, Neighbours};
pub use network::{NetworkPeer, NetworkPort, NetworkRule};
pub use observed::{Gap, Observed, Source};
pub use packed::{Packing, Tables};
pub use pods::{
    Container, ContainerRun, ContainersReady, EnvFrom, EnvVar, Pod, PodSpec, TokenVolume, Workload, at_work, pods_down,
};
pub use refusal::WebhookRefusal;
pub(crate) use run::certificates;
pub use run::{Reached, Repair, Roots, Run, Stores};
pub use settle::{Settler, settled};
pub use shared::Shared;
pub use skip::SKIP_ANNOTATION;
pub use template::{Fit, Letters, Part, Template};
pub use view::View;

use std::ops::{Deref, DerefMut};

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
        /// Whose lines are meant, where the log tells of several identities: all of them where this is absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        identity: Option<LogIdentity>,
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

/// All that is known of one identity's way from workload to permissions. What it shares with every other identity of
/// its run stands in [`Run`], which is read and changed as if it were a part of it; what it shares with some is
/// [`Shared`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What the run shares.
    #[serde(flatten)]
    pub run: Shared<Run>,
    /// What was asked about.
    pub target: Target,
    /// The controller or pod.
    #[serde(default)]
    pub workload: Observed<Workload>,
    /// Its pods.
    #[serde(default)]
    pub pods: Observed<Vec<Pod>>,
    /// Failures read from logs of pods or files.
    #[serde(default)]
    pub logs: Observed<Vec<LogFailure>>,
    /// Whether these logs were given, and not read from the workload itself: they may hold what others did.
    #[serde(default, skip_serializing_if = "is_false")]
    pub logs_given: bool,
    /// What the same logs said besides.
    #[serde(default, skip_serializing_if = "Besides::is_empty")]
    pub besides: Besides,
    /// The service account.
    #[serde(default)]
    pub service_account: Observed<ServiceAccount>,
    /// The service accounts of the namespace: the identity's own stands among them where it was read.
    #[serde(default)]
    pub siblings: Shared<Observed<Vec<ServiceAccount>>>,
    /// What a dry run of a new pod of the service account showed.
    #[serde(default)]
    pub injection_probe: Observed<InjectionProbe>,
    /// ARN of a role of the same name in the caller's own account, when the role asked for is in another.
    #[serde(default)]
    pub namesake: Observed<String>,
    /// Roles of the account whose trust policy names the token's issuer, read when the workload names no role.
    #[serde(default)]
    pub trusting: Shared<Observed<Vec<Role>>>,
    /// Network policies that select the pods.
    #[serde(default)]
    pub network_policies: Shared<Observed<Vec<NetworkPolicy>>>,
    /// Pod Identity associations of the cluster.
    #[serde(default)]
    pub associations: Shared<Observed<Vec<PodIdentityAssociation>>>,
    /// Pods of the Pod Identity agent on the nodes of this identity's pods, read where these have an association.
    #[serde(default)]
    pub agent_pods: Observed<Vec<AgentPod>>,
    /// The role of the association of this service account.
    #[serde(default)]
    pub association_role: Shared<Observed<Role>>,
    /// The role that the association's role assumes for the pod, when the association names one.
    #[serde(default)]
    pub association_target: Shared<Observed<Role>>,
    /// Policies of the role that a pod gets through the association: the target's, or else the association's own.
    #[serde(default)]
    pub association_policies: Shared<Observed<Vec<RolePolicy>>>,
    /// Policies of the association's own role, where it is to assume a target role.
    #[serde(default)]
    pub association_own_policies: Shared<Observed<Vec<RolePolicy>>>,
    /// The token.
    #[serde(default)]
    pub token: Observed<TokenClaims>,
    /// Discovery.
    #[serde(default)]
    pub discovery: Shared<Observed<Discovery>>,
    /// Keys.
    #[serde(default)]
    pub keys: Shared<Observed<Keys>>,
    /// Presented chains: issuer's host first, `jwks_uri`'s host after it if it is another.
    #[serde(default)]
    pub chains: Shared<Vec<Observed<HostChain>>>,
    /// The provider registered for the token's issuer in the role's account.
    #[serde(default)]
    pub provider: Shared<Observed<Provider>>,
    /// The role's ARN as the workload was told it, verbatim, and who told it.
    #[serde(default)]
    pub role_arn: Observed<String>,
    /// The role.
    #[serde(default)]
    pub role: Shared<Observed<Role>>,
    /// A real exchange.
    #[serde(default)]
    pub exchange: Observed<Exchange>,
    /// Policies of the role.
    #[serde(default)]
    pub policies: Shared<Observed<Vec<RolePolicy>>>,
    /// What `CloudTrail` remembers.
    #[serde(default)]
    pub trail: Shared<Observed<Vec<TrailEvent>>>,
    /// Since when the trail is whole, Unix seconds: of what is older only a part was read, or nothing. `None` when all
    /// that `CloudTrail` keeps was read, which are 90 days (`CloudTrail` User Guide, "Event history").
    #[serde(default)]
    pub trail_since: Option<i64>,
    /// The CI job.
    #[serde(default)]
    pub job: Observed<CiJob>,
    /// What was given and contradicts what was asked about, in sentences: nothing is decided from it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dismissed: Vec<String>,
}

/// What an identity is before anything is known of it.
fn blank() -> Evidence {
    Evidence::new(Target::Log { name: String::new(), identity: None }, 0)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Deref for Evidence {
    type Target = Run;

    fn deref(&self) -> &Run {
        &self.run
    }
}

impl DerefMut for Evidence {
    fn deref_mut(&mut self) -> &mut Run {
        &mut self.run
    }
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

    /// Other service accounts of the namespace.
    pub fn other_accounts(&self) -> impl Iterator<Item = &ServiceAccount> {
        let own = self.own_account();
        self.siblings.known().into_iter().flatten().filter(move |s| own != Some(s.name.as_str()))
    }

    /// Whether anything that was read gives the workload a role: its account, its containers, or an association.
    pub fn names_identity(&self) -> bool {
        let (namespace, own) = match &self.target {
            Target::Workload { namespace, .. } | Target::ServiceAccount { namespace, .. } => {
                (namespace.as_str(), self.own_account())
            }
            Target::Role { .. } | Target::Issuer { .. } | Target::Job { .. } | Target::Log { .. } => return true,
        };
        let mut associations = self.associations.known().into_iter().flatten();
        self.role_arn.known().is_some()
            || associations.any(|a| a.namespace == namespace && Some(a.service_account.as_str()) == own)
    }

    /// The name of the identity's service account.
    fn own_account(&self) -> Option<&str> {
        let told = self.service_account.known().map(|s| s.name.as_str());
        told.or_else(|| match &self.target {
            Target::ServiceAccount { name, .. } => Some(name.as_str()),
            Target::Workload { .. }
            | Target::Role { .. }
            | Target::Issuer { .. }
            | Target::Job { .. }
            | Target::Log { .. } => self.workload.known().map(|w| w.template.service_account.as_str()),
        })
    }

    /// Evidence about which nothing is known yet.
    pub fn new(target: Target, now: i64) -> Self {
        Self::of(Run { now, ..Run::default() }.into(), target)
    }

    /// Evidence of one identity of a run, about which nothing is known yet.
    pub fn of(run: Shared<Run>, target: Target) -> Self {
        Self {
            run,
            target,
            workload: Observed::default(),
            pods: Observed::default(),
            logs: Observed::default(),
            logs_given: false,
            besides: Besides::default(),
            service_account: Observed::default(),
            siblings: Shared::default(),
            injection_probe: Observed::default(),
            namesake: Observed::default(),
            trusting: Shared::default(),
            network_policies: Shared::default(),
            associations: Shared::default(),
            association_role: Shared::default(),
            association_target: Shared::default(),
            association_policies: Shared::default(),
            association_own_policies: Shared::default(),
            agent_pods: Observed::default(),
            token: Observed::default(),
            discovery: Shared::default(),
            keys: Shared::default(),
            chains: Shared::default(),
            provider: Shared::default(),
            role_arn: Observed::default(),
            role: Shared::default(),
            exchange: Observed::default(),
            policies: Shared::default(),
            trail: Shared::default(),
            trail_since: None,
            job: Observed::default(),
            dismissed: Vec::new(),
        }
    }
}
