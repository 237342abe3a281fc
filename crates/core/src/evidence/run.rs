//! What all identities of one run share.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use trustwalk_x509::{Certificate, TrustStore};

use crate::cause::Cause;

use super::{Addon, Caller, Clock, EksCluster, HostChain, Observed, Shared, TrustModel, Webhook};

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

/// The roots of [`Roots`], read.
#[derive(Debug)]
pub struct Stores {
    /// Those of the library.
    pub public: TrustStore,
    /// The user's.
    pub own: TrustStore,
}

impl Shared<Roots> {
    /// The roots, read once for all who share them: a system's store has some 150.
    pub fn stores(&self) -> Arc<Stores> {
        let store = |encoded: &[String]| TrustStore::of(&certificates(encoded));
        self.once(|roots| Stores { public: store(&roots.library), own: store(&roots.user) })
    }
}

/// Most judgements of the same chains that are kept: by the machine's clock and by the servers'.
const JUDGEMENTS: usize = 4;

/// What judging came to, by which roots and at which time.
type Judged = (Shared<Roots>, i64, Arc<dyn Any + Send + Sync>);

/// Presented chains, read, and what judging them came to.
struct Read {
    certificates: Arc<Vec<Vec<Certificate>>>,
    judged: Mutex<Vec<Judged>>,
}

impl Shared<Vec<Observed<HostChain>>> {
    fn read(&self) -> Arc<Read> {
        self.once(|chains| Read {
            certificates: Arc::new(chains.iter().filter_map(Observed::known).map(|c| certificates(&c.chain)).collect()),
            judged: Mutex::default(),
        })
    }

    /// The certificates of each chain that was seen, read once for all who share them.
    pub fn certificates(&self) -> Arc<Vec<Vec<Certificate>>> {
        Arc::clone(&self.read().certificates)
    }

    /// What `judge` makes of the certificates by these roots and at this time, once for all who share them: their
    /// signatures are the dearest part of a diagnosis. One kind of judgement is kept.
    pub(super) fn judged<M: Any + Send + Sync>(
        &self,
        (roots, now): (&Shared<Roots>, i64),
        judge: impl FnOnce(&[Vec<Certificate>]) -> M,
    ) -> Arc<M> {
        let read = self.read();
        let mut judged = read.judged.lock().unwrap_or_else(PoisonError::into_inner);
        let known = judged.iter().find(|(by, at, _)| by.is(roots) && *at == now);
        if let Some(known) = known.and_then(|(_, _, known)| Arc::clone(known).downcast().ok()) {
            return known;
        }
        let made = Arc::new(judge(&read.certificates));
        if judged.len() >= JUDGEMENTS {
            judged.clear();
        }
        judged.push((roots.clone(), now, made.clone()));
        made
    }
}

/// Those of the certificates, base64 of DER, that can be read.
pub(crate) fn certificates(encoded: &[String]) -> Vec<Certificate> {
    encoded.iter().filter_map(|c| Certificate::from_der(&STANDARD.decode(c).ok()?).ok()).collect()
}

/// What one run knows whichever identity it looks at: when and where it ran, as whom, and what account and cluster
/// say of themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Run {
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
    pub roots: Shared<Roots>,
    /// Webhooks that could inject web identity.
    #[serde(default)]
    pub webhooks: Observed<Vec<Webhook>>,
    /// Whether the Pod Identity agent runs: its `DaemonSet`'s ready pods.
    #[serde(default)]
    pub pod_identity_agent: Observed<i64>,
    /// The EKS cluster.
    #[serde(default)]
    pub cluster: Observed<EksCluster>,
    /// Its add-ons.
    #[serde(default)]
    pub addons: Observed<Vec<Addon>>,
    /// All providers of the account.
    #[serde(default)]
    pub providers: Observed<Vec<String>>,
    /// The caller's identity in AWS.
    #[serde(default)]
    pub caller: Observed<Caller>,
    /// The region in use.
    #[serde(default)]
    pub region: Option<String>,
    /// How cluster and files were reached.
    #[serde(default)]
    pub reached: Reached,
    /// What trustwalk changed just before; `None` where it changed nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repair: Option<Repair>,
}

/// How cluster and files were reached: for people to compare with where they meant. It decides nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Reached {
    /// The kubeconfig's context; `None` inside a cluster, and where no cluster is.
    pub context: Option<String>,
    /// The API server's URL, without user information.
    pub server: Option<String>,
    /// Why no cluster could be asked.
    pub no_cluster: Option<String>,
    /// Folder or file of a CI job, as it was given.
    pub folder: Option<String>,
    /// Logs that were given, as they were.
    pub logs: Vec<String>,
}

/// A repair by trustwalk, for the look at what came of it: the account's trail tells of changes minutes later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repair {
    /// When its last change was made, Unix seconds.
    pub at: i64,
    /// What it cures.
    pub causes: Vec<Cause>,
}
