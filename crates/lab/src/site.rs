//! A cluster of the lab with what it hangs on: its account, its issuer, its nodes, and the world pushed into them.

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::sync::Mutex;
use trustwalk_lab_cluster::{NodeRuntime, Store, json as j};
use trustwalk_lab_issuer::{Issuer, IssuerServer, pki::Hierarchy};
use trustwalk_lab_node::{NodeAgent, Settings, WebhookSettings};

use crate::{
    LabError,
    account::AccountSide,
    clock::LabClock,
    faults::Mark,
    kept::{Course, Keeper, KeptHit, Stand},
    pods,
    world::{Base, Place, WorkloadId, World},
};

/// The generations of authorities that issuers stand behind.
#[derive(Debug, Clone)]
pub(crate) struct Authorities {
    /// The one of the providers' creation.
    pub(crate) old: Arc<Hierarchy>,
    /// The one that replaced it.
    pub(crate) new: Arc<Hierarchy>,
}

/// A cluster with what it hangs on.
pub(crate) struct Site {
    pub(crate) place: Place,
    /// Whether there is an API server; without one there are no workloads either.
    pub(crate) served: bool,
    pub(crate) clock: LabClock,
    pub(crate) account: AccountSide,
    pub(crate) store: Store,
    pub(crate) runtime: Arc<dyn NodeRuntime>,
    pub(crate) agent: NodeAgent,
    pub(crate) settings: Settings,
    pub(crate) webhook: WebhookSettings,
    pub(crate) webhook_ca: String,
    pub(crate) foreign_ca: String,
    pub(crate) server: IssuerServer,
    pub(crate) issuer: Issuer,
    pub(crate) authorities: Authorities,
    /// Thumbprints that are registered with the provider at first.
    pub(crate) registered: Vec<String>,
    pub(crate) kubeconfig: String,
    pub(crate) world: Mutex<Applied>,
    /// Where it is kept how the world stands, if it is.
    pub(crate) keeper: Option<Keeper>,
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("place", &self.place).finish_non_exhaustive()
    }
}

/// A fault on what it hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hit {
    pub(crate) fault: &'static str,
    /// The workload; none is the CI job.
    pub(crate) on: Option<WorkloadId>,
}

impl From<Hit> for KeptHit {
    fn from(hit: Hit) -> Self {
        let on = hit.on.map(|id| [id.resource, id.namespace, id.name].map(str::to_owned));
        Self { fault: hit.fault.to_owned(), on }
    }
}

/// What has been pushed so far.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) base: World,
    pub(crate) current: World,
    pub(crate) active: BTreeSet<Hit>,
    /// What `base` is made from.
    pub(crate) origin: Base,
    /// Whether the issuer was switched to the other authorities.
    pub(crate) switched: bool,
    /// Where the world stood when it last came to rest.
    pub(crate) settled: Stand,
}

impl Applied {
    /// A world without a fault.
    pub(crate) fn new(world: &World, origin: Base) -> Self {
        let (base, current, active) = (world.clone(), world.clone(), BTreeSet::new());
        Self { base, current, active, origin, switched: false, settled: Stand::at(origin) }
    }

    /// Where the world stands, or goes.
    pub(crate) fn stand(&self) -> Stand {
        let faults = self.active.iter().map(|hit| (*hit).into()).collect();
        Stand { base: self.origin, switched: self.switched, faults }
    }

    /// Whether the active faults leave the world as it is now.
    pub(crate) fn is_settled(&self) -> bool {
        self.wanted() == self.current
    }

    /// The base with the active faults.
    pub(crate) fn wanted(&self) -> World {
        let mut wanted = self.base.clone();
        for hit in &self.active {
            if let Some(fault) = crate::faults::find(hit.fault) {
                (fault.edit)(&mut wanted, &Mark::of(&self.base, hit.on));
            }
        }
        wanted
    }
}

impl Site {
    /// Keeps where the world stands, and where it goes.
    pub(crate) fn keep_course(&self, now: &Stand, towards: Option<&Stand>) {
        if let Some(keeper) = &self.keeper {
            keeper.put(&Course { now: now.clone(), towards: towards.cloned() });
        }
    }

    /// Waits until every pod of a workload is one made after its last restart.
    pub(crate) async fn replaced(&self, id: WorkloadId, limit: Duration) -> Result<(), LabError> {
        let store = &self.store;
        pods::wait(store, &format!("the roll-out of {id}"), limit, || pods::replaced(store, id)).await
    }

    /// Waits until the workloads' pods are all new and Ready.
    pub(crate) async fn all_ready(&self, ids: &[WorkloadId], limit: Duration) -> Result<(), LabError> {
        let store = &self.store;
        pods::wait(store, "all pods Ready", limit, || {
            for id in ids {
                pods::replaced(store, *id).map_err(|state| format!("{id}: {state}"))?;
                for pod in pods::of(store, *id) {
                    if !pods::is_ready(&pod) {
                        return Err(format!("{} is not ready", j::name(&pod)));
                    }
                }
            }
            Ok(())
        })
        .await
    }

    /// What a container has logged: its current and its previous instance.
    pub(crate) fn log(&self, pod: &Value, container: &str) -> String {
        let mut text = String::new();
        for previous in [true, false] {
            for line in self.runtime.logs(pod, container, previous).unwrap_or_default() {
                text.push_str(&String::from_utf8_lossy(&line.text));
            }
        }
        let ipamd = ["cat".to_owned(), "/host/var/log/aws-routed-eni/ipamd.log".to_owned()];
        if container == "aws-node" {
            let result = self.runtime.exec(pod, container, &ipamd, None);
            text.push_str(&String::from_utf8_lossy(&result.stdout));
        }
        text
    }
}
