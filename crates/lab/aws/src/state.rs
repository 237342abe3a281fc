//! What the account holds, as data.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::eks::Beside;
use crate::language::Keys;
use crate::table::Table;

/// Keys of a caller.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: String,
    /// Session token of temporary keys.
    pub session_token: Option<String>,
    /// When temporary keys end.
    pub expires: Option<Timestamp>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// An IAM OIDC provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    /// URL without its scheme.
    pub url: String,
    /// Registered audiences.
    pub client_ids: Vec<String>,
    /// Registered thumbprints, lower case.
    pub thumbprints: Vec<String>,
    /// Creation.
    pub created: Timestamp,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// An IAM role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Role {
    /// Name.
    pub name: String,
    /// Path, `/` by default.
    pub path: String,
    /// Trust policy text.
    pub trust_policy: String,
    /// Longest session in seconds.
    pub max_session: i64,
    /// Creation.
    pub created: Timestamp,
    /// Managed policies' ARNs.
    pub attached: Vec<String>,
    /// Inline policies.
    pub inline: BTreeMap<String, String>,
    /// ARN of the managed policy that is its permissions boundary.
    pub boundary: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Last use.
    pub last_used: Option<Timestamp>,
}

/// An EKS cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cluster {
    /// Name.
    pub name: String,
    /// Kubernetes version.
    pub version: String,
    /// Creation.
    pub created: Timestamp,
    /// Issuer URL.
    pub issuer: String,
    /// API server's URL.
    pub endpoint: String,
    /// Base64 of the API server's CA.
    pub ca: String,
    /// Add-ons by name.
    pub addons: BTreeMap<String, Addon>,
    /// Pod Identity associations.
    pub associations: Vec<Association>,
}

/// An EKS add-on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addon {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Role of its service account.
    pub role_arn: Option<String>,
    /// What is wrong with it; nothing when it is active.
    pub issues: Vec<AddonIssue>,
    /// Creation.
    pub created: Timestamp,
    /// Last change.
    pub modified: Timestamp,
}

/// What keeps an add-on from being well: `health.issues` of the EKS API reference, `Addon`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddonIssue {
    /// Code, such as `InsufficientNumberOfReplicas`.
    pub code: String,
    /// What EKS says of it.
    pub message: String,
}

/// A Pod Identity association.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Association {
    /// Id.
    pub id: String,
    /// Namespace.
    pub namespace: String,
    /// Service account.
    pub service_account: String,
    /// Role.
    pub role_arn: String,
    /// Creation.
    pub created: Timestamp,
    /// Last change.
    pub modified: Timestamp,
}

/// Who stands behind an access key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Principal {
    /// A user, with the policies it has.
    User { name: String, policies: Vec<String> },
    /// A session of a role.
    Session(Box<Session>),
}

/// A session of a role: whose it is, and what it brings along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// Name of the role.
    pub(crate) role: String,
    /// The role's unique id: a role made later under the same name is another one.
    pub(crate) role_id: String,
    /// Name of the session.
    pub(crate) name: String,
    /// When it began.
    pub(crate) began: Timestamp,
    /// Session tags.
    pub(crate) tags: BTreeMap<String, String>,
    /// Keys of the tags that go on to sessions taken with this one.
    pub(crate) transitive: Vec<String>,
    /// Source identity, which goes on as well.
    pub(crate) source_identity: Option<String>,
    /// Session policies: the document that was passed.
    pub(crate) policy: Option<String>,
    /// Session policies: ARNs of the managed ones that were passed.
    pub(crate) policy_arns: Vec<String>,
    /// Condition keys that a web identity leaves with its session.
    pub(crate) federated: Keys,
}

/// What the account itself keeps of a role, beside what whoever makes one says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// Unique id.
    pub(crate) id: String,
    /// Description.
    pub(crate) description: Option<String>,
    /// Unique ids of the roles that its trust policy names, by ARN, as they were when it was saved: IAM keeps the id,
    /// so that a role made later under a name that was trusted is not (IAM User Guide, "Principal", "IAM roles").
    pub(crate) trusted: BTreeMap<String, String>,
}

/// A managed policy with its versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Managed {
    /// Unique id.
    pub(crate) id: String,
    /// Versions, the oldest first.
    pub(crate) versions: Vec<PolicyVersion>,
    /// Id of the version that counts.
    pub(crate) default: String,
    /// Number of the version that is made next; numbers are not used twice.
    pub(crate) next: u32,
    /// Description.
    pub(crate) description: Option<String>,
    /// Tags.
    pub(crate) tags: BTreeMap<String, String>,
    /// Creation.
    pub(crate) created: Timestamp,
    /// Last change.
    pub(crate) updated: Timestamp,
}

/// One version of a managed policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PolicyVersion {
    /// `v1`, `v2`, …
    pub(crate) id: String,
    /// Its document.
    pub(crate) document: String,
    /// Creation.
    pub(crate) created: Timestamp,
}

impl Managed {
    /// The document that counts.
    pub(crate) fn document(&self) -> &str {
        let counts = self.versions.iter().find(|version| version.id == self.default);
        counts.map(|version| version.document.as_str()).unwrap_or_default()
    }
}

/// An instance profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profile {
    /// Unique id.
    pub(crate) id: String,
    /// Name.
    pub(crate) name: String,
    /// Path.
    pub(crate) path: String,
    /// Creation.
    pub(crate) created: Timestamp,
    /// Its role, if it has one.
    pub(crate) role: Option<String>,
    /// Tags.
    pub(crate) tags: BTreeMap<String, String>,
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Touched {
    /// Its type, such as `AWS::IAM::Role`.
    pub(crate) kind: Cow<'static, str>,
    /// Name or ARN.
    pub(crate) name: String,
}

/// One recorded event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) username: String,
    pub(crate) read_only: bool,
    /// Access key id of the caller.
    pub(crate) key: String,
    pub(crate) resources: Vec<Touched>,
    /// JSON, as it is shown.
    pub(crate) detail: String,
}

/// What happened, the newest last; the oldest give way.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    /// Events by their numbers.
    events: VecDeque<(u64, Event)>,
    next: u64,
    bytes: usize,
    /// How many of the newest came, and which went, since somebody asked.
    added: usize,
    lost: Vec<u64>,
}

impl Trail {
    /// Events kept: as many as a long lab day makes.
    const MOST: usize = 20_000;
    /// Bytes they hold together: what is recorded comes from requests, which anybody may send, of a megabyte each.
    const MOST_BYTES: usize = 16 * 1024 * 1024;

    /// Adds an event.
    pub(crate) fn push(&mut self, event: Event) {
        self.bytes += event.bytes();
        self.added += 1;
        self.events.push_back((self.next, event));
        self.next += 1;
        while self.events.len() > Self::MOST || self.bytes > Self::MOST_BYTES {
            let Some((number, lost)) = self.events.pop_front() else { break };
            self.bytes -= lost.bytes();
            if self.events.len() < self.added {
                self.added = self.events.len();
            } else {
                self.lost.push(number);
            }
        }
    }

    /// Events that were kept, in the order of their numbers.
    pub(crate) fn of(kept: impl IntoIterator<Item = (u64, Event)>) -> Self {
        let mut trail = Self::default();
        for (number, event) in kept {
            trail.next = number;
            trail.push(event);
        }
        trail.take_changes();
        trail
    }

    /// How many of the newest events came, and which went, since this was last asked.
    pub(crate) fn take_changes(&mut self) -> (usize, Vec<u64>) {
        (std::mem::take(&mut self.added), std::mem::take(&mut self.lost))
    }

    /// All of them, the newest first, with their numbers.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (u64, &Event)> {
        self.events.iter().rev().map(|(number, event)| (*number, event))
    }

    /// The newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Event> {
        self.numbered().map(|(_, event)| event)
    }
}

impl Event {
    fn bytes(&self) -> usize {
        /// The structure itself, its id and what keeps its texts.
        const AROUND: usize = 400;
        let resources: usize = self.resources.iter().map(|touched| touched.name.len() + AROUND / 8).sum();
        AROUND
            + self.name.len()
            + self.key.len()
            + self.source.len()
            + self.username.len()
            + resources
            + self.detail.len()
    }
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) providers: Table<Provider>,
    pub(crate) roles: Table<Role>,
    pub(crate) clusters: Table<Cluster>,
    pub(crate) keys: Table<(Credentials, Principal)>,
    pub(crate) policies: Table<Managed>,
    pub(crate) events: Trail,
    /// When the account was opened, as far as its clock tells.
    pub(crate) started: Timestamp,
    /// What is kept of roles, by name.
    pub(crate) kept: Table<Kept>,
    pub(crate) profiles: Table<Profile>,
    /// What EKS keeps of clusters, by name.
    pub(crate) beside: Table<Beside>,
    /// Tags of what EKS and EC2 have, by ARN.
    pub(crate) eks_tags: Table<BTreeMap<String, String>>,
}

impl State {
    /// Takes a role away, and with it what is kept of it: one made later under its name is another one.
    pub(crate) fn forget_role(&mut self, name: &str) {
        self.roles.remove(name);
        self.kept.remove(name);
    }
}
