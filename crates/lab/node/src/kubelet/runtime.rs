//! The kubelet's main loop: pods appear, change and go.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    future::Future,
    sync::{Arc, PoisonError, RwLock},
};

use serde_json::Value;
use tokio::task::{AbortHandle, JoinSet};
use trustwalk_lab_cluster::{
    Event, EventKind, ExecResult, Gvr, Key, LogLine, NodeRuntime, Seen, Store, TokenMinter, is_at_rest, json as j,
};

use super::{
    inside::Shell,
    logs::NodeLogs,
    pod::{self, Container, Kubelet, Pod},
    program,
};
use crate::config::Settings;

/// Pods on the nodes, by UID.
type Registry = Arc<RwLock<BTreeMap<String, Arc<Pod>>>>;

/// The kubelet of every node.
#[derive(Clone)]
pub struct NodeAgent {
    settings: Settings,
    pods: Registry,
}

impl fmt::Debug for NodeAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeAgent").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl NodeAgent {
    /// A kubelet that runs nothing yet. A cluster wants its runtime before there is
    /// a store: take [`NodeAgent::runtime`] first and call [`NodeAgent::run`] later.
    pub fn prepare(settings: Settings) -> Self {
        Self { settings, pods: Registry::default() }
    }

    /// Runtime and run loop in one go, for callers that have a store already.
    pub fn start(
        store: Store,
        minter: Arc<dyn TokenMinter>,
        settings: Settings,
    ) -> (Arc<dyn NodeRuntime>, impl Future<Output = ()> + Send) {
        let agent = Self::prepare(settings);
        (agent.runtime(), agent.run(store, minter))
    }

    /// The side that answers `logs` and `exec`.
    pub fn runtime(&self) -> Arc<dyn NodeRuntime> {
        Arc::new(self.clone())
    }

    /// Runs the pods of `store` for as long as the future is polled; dropping it
    /// stops every program.
    pub async fn run(self, store: Store, minter: Arc<dyn TokenMinter>) {
        let kubelet = Arc::new(Kubelet {
            store: store.clone(),
            minter,
            settings: self.settings.clone(),
            node_logs: NodeLogs::default(),
            program: |pod, spec, container, log| {
                Box::pin(async move { program::run(&pod, &spec, &container, &log).await })
            },
        });
        let mut running = Running { kubelet, pods: self.pods, programs: JoinSet::new(), handles: BTreeMap::new() };
        loop {
            let mut watch = store.watch();
            running.list();
            // Ends only when changes were missed: list again.
            while let Some(event) = watch.next().await {
                running.event(&event);
            }
        }
    }
}

impl NodeAgent {
    /// Projects the volumes of every pod anew, as the kubelet does when their tokens are due: after the time was moved
    /// all of them may be.
    pub fn renew(&self) {
        let pods: Vec<Arc<Pod>> = self.pods.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for pod in pods {
            pod.renew();
        }
    }

    fn container(&self, pod: &Value, container: &str) -> Option<(Arc<Pod>, Arc<Container>)> {
        let pods = self.pods.read().unwrap_or_else(PoisonError::into_inner);
        let pod = pods.get(j::uid(pod))?;
        Some((Arc::clone(pod), pod.containers.get(container).cloned()?))
    }
}

impl NodeRuntime for NodeAgent {
    fn logs(&self, pod: &Value, container: &str, previous: bool) -> Option<Vec<LogLine>> {
        match self.container(pod, container) {
            Some((_, found)) => found.log(previous),
            // What is at rest came up once, and nothing runs in it that would write.
            None => (is_at_rest(pod) && !previous).then(Vec::new),
        }
    }

    fn exec(&self, pod: &Value, container: &str, command: &[String], stdin: Option<Vec<u8>>) -> ExecResult {
        match self.container(pod, container) {
            Some((pod, found)) => Shell::new(&pod, &found).run(command, stdin),
            None if is_at_rest(pod) => ExecResult {
                stderr: b"the lab has so many of these pods that they are at rest: nothing runs in them\n".to_vec(),
                code: 1,
                ..ExecResult::default()
            },
            None => ExecResult {
                stderr: format!("container not found (\"{container}\")\n").into_bytes(),
                code: 1,
                ..ExecResult::default()
            },
        }
    }
}

/// The loop's own state.
struct Running {
    kubelet: Arc<Kubelet>,
    pods: Registry,
    programs: JoinSet<()>,
    handles: BTreeMap<String, AbortHandle>,
}

impl Running {
    fn list(&mut self) {
        let pods = self.kubelet.store.seen(&Gvr::core("pods"), None);
        let there: BTreeSet<&str> = pods.iter().map(Seen::uid).collect();
        let gone: Vec<String> = self.handles.keys().filter(|uid| !there.contains(uid.as_str())).cloned().collect();
        for uid in gone {
            self.forget(&uid);
        }
        for pod in pods.iter().filter(|pod| !pod.is_up_at_rest()) {
            self.consider(&pod.whole());
        }
    }

    fn event(&mut self, event: &Event) {
        // Finished programs are collected here, so that they do not pile up.
        while self.programs.try_join_next().is_some() {}
        if event.key.gvr != Gvr::core("pods") {
            return;
        }
        match event.kind {
            EventKind::Deleted => {
                let uid = j::uid(&event.object);
                if let Some(known) = self.known(uid) {
                    known.killing();
                }
                self.forget(uid);
            }
            EventKind::Added | EventKind::Modified => self.consider(&event.object),
        }
    }

    fn consider(&mut self, pod: &Value) {
        let uid = j::uid(pod);
        let key = Key::of(&Gvr::core("pods"), pod);
        if !j::text(pod, "/metadata/deletionTimestamp").is_empty() {
            // Somebody else may have removed it already: the goal is reached either way.
            let current = self.kubelet.store.get(&key);
            if current.is_some_and(|current| j::uid(&current) == uid) {
                let _ = self.kubelet.store.delete(&key);
            }
            // The deletion comes back as an event and stops the programs.
            return;
        }
        let finished = matches!(j::text(pod, "/status/phase"), "Succeeded" | "Failed");
        if finished || self.handles.contains_key(uid) {
            // Others write the conditions that a pod names as gates, and `kubectl debug` adds containers.
            let gated = !j::items(pod, "/spec/readinessGates").is_empty();
            let (added, told) = ("/spec/ephemeralContainers", "/status/ephemeralContainerStatuses");
            let grown = j::items(pod, added).len() != j::items(pod, told).len();
            if let Some(known) = self.known(uid).filter(|_| gated || grown) {
                known.publish();
            }
            return;
        }
        // The scheduler gives it a node; that change brings the pod back here.
        if j::text(pod, "/spec/nodeName").is_empty() {
            return;
        }
        if is_at_rest(pod) {
            if j::text(pod, "/status/phase") != "Running" {
                pod::rest(&self.kubelet.store, pod, self.kubelet.settings.now());
            }
            return;
        }
        let made = Arc::new(Pod::new(Arc::clone(&self.kubelet), pod));
        self.pods.write().unwrap_or_else(PoisonError::into_inner).insert(uid.to_owned(), Arc::clone(&made));
        let handle = self.programs.spawn(made.run());
        self.handles.insert(uid.to_owned(), handle);
    }

    fn known(&self, uid: &str) -> Option<Arc<Pod>> {
        self.pods.read().unwrap_or_else(PoisonError::into_inner).get(uid).cloned()
    }

    fn forget(&mut self, uid: &str) {
        if let Some(handle) = self.handles.remove(uid) {
            handle.abort();
        }
        self.pods.write().unwrap_or_else(PoisonError::into_inner).remove(uid);
    }
}
