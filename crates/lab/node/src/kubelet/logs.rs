//! Logs of containers and nodes, kept in memory and bounded.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Most bytes one log keeps; the oldest lines go first. A kubelet rotates at
/// 10 MiB, which a lab with many pods has no memory for.
const LARGEST_LOG: usize = 256 * 1024;

/// One growing log.
#[derive(Default)]
pub(crate) struct ContainerLog(Mutex<Vec<u8>>);

impl ContainerLog {
    /// Appends a line.
    pub(crate) fn line(&self, text: &str) {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(b'\n');
        if bytes.len() > LARGEST_LOG {
            // Half goes at once, so that a full log is not moved at every line.
            let from = bytes.len() - LARGEST_LOG / 2;
            let end = bytes.iter().skip(from).position(|byte| *byte == b'\n');
            bytes.drain(..end.map_or(from, |offset| from + offset + 1));
        }
    }

    /// Everything kept.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The `ipamd.log` of each node: it outlives pods, as a file of the host does.
#[derive(Clone, Default)]
pub(crate) struct NodeLogs(Arc<Mutex<BTreeMap<String, Arc<ContainerLog>>>>);

impl NodeLogs {
    /// The file of one node.
    pub(crate) fn ipamd(&self, node: &str) -> Arc<ContainerLog> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(node.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_log_drops_whole_old_lines() {
        let log = ContainerLog::default();
        for number in 0..40_000 {
            log.line(&format!("line {number:08}"));
        }
        let bytes = log.bytes();
        assert!(bytes.len() <= LARGEST_LOG);
        assert!(bytes.starts_with(b"line "));
        assert!(bytes.ends_with(b"line 00039999\n"));
    }
}
