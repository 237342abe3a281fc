//! The running lab: its parts.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use tokio::sync::{Mutex, watch};
use trustwalk_lab_issuer::Issuer;

use crate::{
    clock::{LabClock, Renewals},
    config::{Addresses, LabConfig},
    hold::Hold,
    kept::Kept,
    outside::{Hosts, Standings},
    scenario::Scene,
    site::Site,
};

/// What a lab is made of.
pub(crate) struct Inner {
    pub(crate) config: LabConfig,
    pub(crate) addresses: Addresses,
    pub(crate) clock: LabClock,
    pub(crate) renewals: Mutex<Renewals>,
    pub(crate) hosts: Hosts,
    pub(crate) standings: Standings,
    /// The story's cluster.
    pub(crate) story: Site,
    pub(crate) ci_issuer: Issuer,
    /// What a scenario has brought, once it is there.
    pub(crate) scene: OnceLock<Scene>,
    pub(crate) down: watch::Sender<bool>,
    pub(crate) hold: Hold,
    /// Whether the lab goes on from a state that was kept.
    pub(crate) goes_on: bool,
    /// Where everything is kept, if it is.
    pub(crate) kept: Option<Arc<Kept>>,
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
