//! The running lab: its parts.

use std::{collections::BTreeSet, fmt, sync::Arc};

use tokio::sync::{Mutex, watch};
use trustwalk_lab_cluster::{NodeRuntime, Store};
use trustwalk_lab_issuer::{Issuer, IssuerServer, pki::Hierarchy};
use trustwalk_lab_node::{NodeAgent, Settings, WebhookSettings};

use crate::{
    account::AccountSide,
    clock::{LabClock, Renewals},
    config::{Addresses, LabConfig},
    hold::Hold,
    outside::{Hosts, Standings},
    world::World,
};

/// What a lab is made of.
pub(crate) struct Inner {
    pub(crate) config: LabConfig,
    pub(crate) addresses: Addresses,
    pub(crate) clock: LabClock,
    pub(crate) renewals: Mutex<Renewals>,
    pub(crate) account: AccountSide,
    pub(crate) store: Store,
    pub(crate) runtime: Arc<dyn NodeRuntime>,
    pub(crate) agent: NodeAgent,
    pub(crate) settings: Settings,
    pub(crate) hosts: Hosts,
    pub(crate) standings: Standings,
    pub(crate) webhook: WebhookSettings,
    pub(crate) webhook_ca: String,
    pub(crate) foreign_ca: String,
    pub(crate) server: IssuerServer,
    pub(crate) issuer: Issuer,
    pub(crate) ci_issuer: Issuer,
    pub(crate) old_hierarchy: Hierarchy,
    pub(crate) new_hierarchy: Hierarchy,
    pub(crate) registered_thumbprint: String,
    pub(crate) kubeconfig: String,
    pub(crate) world: Mutex<Applied>,
    pub(crate) down: watch::Sender<bool>,
    pub(crate) hold: Hold,
}

/// What has been pushed so far.
pub(crate) struct Applied {
    pub(crate) base: World,
    pub(crate) current: World,
    pub(crate) active: BTreeSet<&'static str>,
}

/// A running lab. Cloning shares it; its tasks end with the runtime or [`Lab::ask_down`].
#[derive(Clone)]
pub struct Lab {
    pub(crate) inner: Arc<Inner>,
}

impl fmt::Debug for Lab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lab").field("addresses", &self.inner.addresses).finish_non_exhaustive()
    }
}
