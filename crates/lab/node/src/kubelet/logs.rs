//! Logs of containers and nodes, kept in memory and bounded.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use trustwalk_lab_cluster::LogLine;

/// Most bytes one log keeps; the oldest lines go first. A kubelet rotates at
/// 10 MiB, which a lab with many pods has no memory for.
const LARGEST_LOG: usize = 256 * 1024;

/// One growing log.
#[derive(Default)]
pub(crate) struct ContainerLog(Mutex<Kept>);

/// Its bytes, and of each line its length and its time: a vector for each line would take as much again.
#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    lines: Vec<(usize, Timestamp)>,
}

impl ContainerLog {
    /// Appends a line that was written at this time.
    pub(crate) fn line(&self, text: &str, at: Timestamp) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One record of the log is one line: a text of many is many.
        for line in text.split('\n') {
            kept.bytes.extend_from_slice(line.as_bytes());
            kept.bytes.push(b'\n');
            kept.lines.push((line.len() + 1, at));
        }
        if kept.bytes.len() > LARGEST_LOG {
            kept.halve();
        }
    }

    /// Everything kept.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).bytes.clone()
    }

    /// Everything kept, by its lines.
    pub(crate) fn lines(&self) -> Vec<LogLine> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rest = kept.bytes.as_slice();
        let mut next = |length: usize| {
            let (line, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            rest = after;
            line.to_vec()
        };
        kept.lines.iter().map(|(length, at)| LogLine { at: *at, text: next(*length) }).collect()
    }
}

impl Kept {
    /// Half goes at once, so that a full log is not moved at every line.
    fn halve(&mut self) {
        let (mut lines, mut bytes) = (0, 0);
        for (length, _) in &self.lines {
            if self.bytes.len() - bytes <= LARGEST_LOG / 2 {
                break;
            }
            bytes += length;
            lines += 1;
        }
        self.lines.drain(..lines);
        self.bytes.drain(..bytes);
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
            log.line(&format!("line {number:08}"), Timestamp::from_second(number).unwrap());
        }
        let bytes = log.bytes();
        assert!(bytes.len() <= LARGEST_LOG);
        let lines = log.lines();
        assert_eq!(lines.iter().flat_map(|line| line.text.clone()).collect::<Vec<u8>>(), bytes);
        assert_eq!(lines.last().map(|line| line.at.as_second()), Some(39_999));
        assert!(bytes.starts_with(b"line "));
        assert!(bytes.ends_with(b"line 00039999\n"));
    }
}
