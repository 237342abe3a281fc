//! Pods at rest that were made together: they share all but name, uid, node and version, and are put together when
//! somebody asks for one.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use serde_json::Value;

use crate::objects::json as j;

/// Writes the status of a pod that has come up well, on a node of an address, since a time.
pub type Well = fn(&mut Value, &str, Timestamp);

/// What pods at rest share.
pub(crate) struct Resting {
    /// One as admission left it.
    pub(crate) pod: Value,
    /// Name and address of each node; they take turns.
    pub(crate) nodes: Vec<(Arc<str>, String)>,
    /// Since when they are up.
    pub(crate) since: Timestamp,
    /// How they are up.
    pub(crate) well: Well,
}

impl fmt::Debug for Resting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resting").field("nodes", &self.nodes.len()).finish_non_exhaustive()
    }
}

impl Resting {
    /// One of them.
    pub(super) fn pod(&self, name: &str, uid: &str, node: usize, version: u64) -> Value {
        let mut pod = self.pod.clone();
        j::put(&mut pod, "/metadata/name", name.into());
        j::put(&mut pod, "/metadata/uid", uid.into());
        j::put(&mut pod, "/metadata/resourceVersion", version.to_string().into());
        if let Some((name, address)) = self.nodes.get(node) {
            j::put(&mut pod, "/spec/nodeName", (&**name).into());
            (self.well)(&mut pod, address, self.since);
        }
        pod
    }
}
