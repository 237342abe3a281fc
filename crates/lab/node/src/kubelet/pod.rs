//! One pod on its node: volumes, then every container's program, restarted as the
//! pod's restart policy says.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;
use tokio::task::JoinSet;
use trustwalk_lab_cluster::{Gvr, Key, LogLine, Store, TokenMinter, json as j};

use super::{
    egress, env,
    events::{Note, record},
    files::{Files, User, Volumes},
    logs::{ContainerLog, NodeLogs},
    status::{self, Addresses, ContainerStatus, Ended, Phase, container_id},
    volumes::Projector,
};
use crate::{
    agent::{self, AWS_NODE_CONTAINER, Context, Reports},
    config::Settings,
};

/// Runs of a failing container after which its wait doubles: somebody who repairs sees the effect at once, and a lab
/// left broken for an hour costs little.
const PATIENT_RUNS: u32 = 8;
/// Doublings at most.
const LONGEST_DOUBLINGS: u32 = 4;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the whole kubelet shares.
pub(crate) struct Kubelet {
    pub(crate) store: Store,
    pub(crate) minter: Arc<dyn TokenMinter>,
    pub(crate) settings: Settings,
    pub(crate) node_logs: NodeLogs,
    /// Runs programs that are not the lab's.
    pub(crate) program: Program,
}

/// The run of a container's own program in a pod, by its specification and with its log; its exit code.
pub(crate) type Program = fn(Arc<Pod>, Value, Arc<Container>, Arc<ContainerLog>) -> Run;
/// A program that runs.
pub(crate) type Run = Pin<Box<dyn Future<Output = i32> + Send>>;

/// Who AWS said a container is, or why not.
pub(crate) type Identity = Arc<Mutex<Option<Result<String, String>>>>;

/// A container as `logs` and `exec` see it.
pub(crate) struct Container {
    pub(crate) name: String,
    image: String,
    /// Whether its program is one of the lab's that calls AWS by itself.
    pub(crate) acts: bool,
    /// Whether it has a readiness probe.
    probed: bool,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) user: User,
    pub(crate) files: Arc<Files>,
    pub(crate) identity: Identity,
    current: Mutex<Arc<ContainerLog>>,
    previous: Mutex<Option<Arc<ContainerLog>>>,
}

impl Container {
    /// Its log, or that of its last terminated instance.
    pub(crate) fn log(&self, previous: bool) -> Option<Vec<LogLine>> {
        if previous {
            return locked(&self.previous).as_ref().map(|log| log.lines());
        }
        Some(locked(&self.current).lines())
    }
}

/// A pod on its node.
pub(crate) struct Pod {
    kubelet: Arc<Kubelet>,
    object: Value,
    key: Key,
    volumes: Arc<Volumes>,
    addresses: Addresses,
    pub(crate) containers: BTreeMap<String, Arc<Container>>,
    statuses: Mutex<Vec<ContainerStatus>>,
}

/// An address inside the pod network, made from the pod's UID.
fn pod_address(uid: &str) -> String {
    let hash = uid.bytes().fold(17_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    format!("10.0.{}.{}", hash / 253 % 253 + 1, hash % 253 + 1)
}

/// Writes the status of a pod whose containers have all come up well on a node of this address.
pub fn write_well(pod: &mut Value, host: &str, since: jiff::Timestamp) {
    let statuses: Vec<ContainerStatus> = j::items(pod, "/spec/containers")
        .iter()
        .map(|container| {
            let mut status = ContainerStatus::new(container);
            status.id = container_id(j::uid(pod), &status.name, 0);
            status.phase = Phase::Running { since };
            status.ready = true;
            status
        })
        .collect();
    let addresses = Addresses { pod: pod_address(j::uid(pod)), host: host.to_owned() };
    status::write(pod, &statuses, &addresses, since);
}

/// Has a pod at rest be as if it had come up well.
pub(super) fn rest(store: &Store, pod: &Value, now: jiff::Timestamp) {
    let host = addresses(store, pod).host;
    // A pod deleted meanwhile needs no status.
    let _ = store.update(&Key::of(&Gvr::core("pods"), pod), |pod| write_well(pod, &host, now));
}

fn addresses(store: &Store, pod: &Value) -> Addresses {
    let node = Key::new(Gvr::core("nodes"), None, j::text(pod, "/spec/nodeName"));
    let host = store
        .get(&node)
        .and_then(|node| {
            let all = j::items(&node, "/status/addresses");
            let own = all.iter().find(|a| j::text(a, "/type") == "InternalIP")?;
            Some(j::text(own, "/address").to_owned())
        })
        .unwrap_or_else(|| "10.0.0.1".into());
    let pod =
        if j::at(pod, "/spec/hostNetwork") == &Value::Bool(true) { host.clone() } else { pod_address(j::uid(pod)) };
    Addresses { pod, host }
}

impl Pod {
    pub(crate) fn new(kubelet: Arc<Kubelet>, pod: &Value) -> Self {
        let mut object = pod.clone();
        let addresses = addresses(&kubelet.store, pod);
        j::put(&mut object, "/status/podIP", addresses.pod.clone().into());
        j::put(&mut object, "/status/hostIP", addresses.host.clone().into());
        let volumes = Arc::new(Volumes::default());
        let node = j::text(pod, "/spec/nodeName");
        let containers = j::items(pod, "/spec/containers")
            .iter()
            .map(|container| {
                let name = j::text(container, "/name").to_owned();
                let host = (name == AWS_NODE_CONTAINER).then(|| kubelet.node_logs.ipamd(node));
                let image = j::text(container, "/image").to_owned();
                let made = Container {
                    name: name.clone(),
                    acts: agent::acts(&name, &image),
                    image,
                    probed: container.get("readinessProbe").is_some(),
                    env: env::resolve(&kubelet.store, &object, container),
                    user: User::of(pod, container),
                    files: Arc::new(Files::new(container, Arc::clone(&volumes), host)),
                    identity: Identity::default(),
                    current: Mutex::default(),
                    previous: Mutex::default(),
                };
                (name, Arc::new(made))
            })
            .collect();
        let statuses = j::items(pod, "/spec/containers").iter().map(ContainerStatus::new).collect();
        let key = Key::of(&Gvr::core("pods"), pod);
        let statuses = Mutex::new(statuses);
        Self { kubelet, object, key, volumes, addresses, containers, statuses }
    }

    /// Writes the current status, if the pod is still this one.
    pub(crate) fn publish(&self) {
        let statuses = locked(&self.statuses).clone();
        let now = self.kubelet.settings.now();
        // A pod deleted meanwhile needs no status.
        let _ = self.kubelet.store.update(&self.key, |pod| {
            if j::uid(pod) == j::uid(&self.object) {
                status::write(pod, &statuses, &self.addresses, now);
            }
        });
    }

    fn change(&self, container: &str, change: impl FnOnce(&mut ContainerStatus)) {
        let found = {
            let mut statuses = locked(&self.statuses);
            statuses.iter_mut().find(|status| status.name == container).map(change).is_some()
        };
        if found {
            self.publish();
        }
    }

    fn note(&self, container: &str, kind: &str, reason: &str, message: &str) {
        let host = j::text(&self.object, "/spec/nodeName");
        let note = Note { component: "kubelet", host, container, kind, reason, message };
        record(&self.kubelet.store, &self.object, &note);
    }

    fn projector(&self) -> Projector {
        Projector {
            store: self.kubelet.store.clone(),
            minter: Arc::clone(&self.kubelet.minter),
            settings: self.kubelet.settings.clone(),
            volumes: Arc::clone(&self.volumes),
        }
    }

    /// Sets up the volumes anew.
    pub(crate) fn renew(&self) {
        if let Err(error) = self.projector().set_up(&self.object) {
            self.note("", "Warning", "FailedMount", &error.to_string());
        }
    }

    /// Runs the pod until all its containers are done for good.
    pub(crate) async fn run(self: Arc<Self>) {
        self.publish();
        let projector = self.projector();
        let settings = &self.kubelet.settings;
        let mut due = loop {
            match projector.set_up(&self.object) {
                Ok(due) => break due,
                Err(error) => self.note("", "Warning", "FailedMount", &error.to_string()),
            }
            settings.pause().await;
        };
        let mut programs = JoinSet::new();
        for container in j::items(&self.object, "/spec/containers") {
            programs.spawn(Arc::clone(&self).container(container.clone()));
        }
        loop {
            tokio::select! {
                ended = programs.join_next() => if ended.is_none() {
                    return;
                },
                () = settings.pause() => {
                    if due.is_some_and(|due| settings.now() >= due) {
                        match projector.set_up(&self.object) {
                            Ok(next) => due = next,
                            // The old token stays in place until this works again.
                            Err(error) => self.note("", "Warning", "FailedMount", &error.to_string()),
                        }
                    }
                }
            }
        }
    }

    /// Says that the pod's containers are being stopped.
    pub(crate) fn killing(&self) {
        for name in self.containers.keys() {
            self.note(name, "Normal", "Killing", &format!("Stopping container {name}"));
        }
    }

    async fn container(self: Arc<Self>, spec: Value) {
        let name = j::text(&spec, "/name").to_owned();
        let Some(container) = self.containers.get(&name).cloned() else {
            return;
        };
        let policy = j::text(&self.object, "/spec/restartPolicy");
        let mut run = 0;
        loop {
            let ended = self.once(&spec, &name, &container, run).await;
            let again = match policy {
                "Never" => false,
                "OnFailure" => ended.code != 0,
                _ => true,
            };
            if !again {
                self.change(&name, |status| {
                    status.ready = false;
                    status.phase = Phase::Done(ended);
                });
                return;
            }
            self.change(&name, |status| {
                status.ready = false;
                status.last = Some(ended);
                status.phase = Phase::BackOff;
            });
            let (pod, namespace, uid) = (j::name(&self.object), j::namespace(&self.object), j::uid(&self.object));
            let text = format!("Back-off restarting failed container {name} in pod {pod}_{namespace}({uid})");
            self.note(&name, "Warning", "BackOff", &text);
            let period = self.kubelet.settings.get().restart_period;
            tokio::time::sleep(period.saturating_mul(1 << (run / PATIENT_RUNS).min(LONGEST_DOUBLINGS))).await;
            run += 1;
        }
    }

    /// One run of a container's program.
    async fn once(self: &Arc<Self>, spec: &Value, name: &str, container: &Arc<Container>, run: u32) -> Ended {
        let image = j::text(spec, "/image");
        let pulled = format!("Container image \"{image}\" already present on machine");
        self.note(name, "Normal", "Pulled", &pulled);
        self.note(name, "Normal", "Created", &format!("Created container: {name}"));
        self.note(name, "Normal", "Started", &format!("Started container {name}"));
        container.files.renew();
        let log = Arc::new(ContainerLog::default());
        *locked(&container.current) = Arc::clone(&log);
        let started = self.kubelet.settings.now();
        let id = container_id(j::uid(&self.object), name, run);
        self.change(name, |status| {
            status.restarts = run;
            status.id.clone_from(&id);
            status.starting = spec.get("startupProbe").is_some();
            status.phase = Phase::Running { since: started };
        });
        let code = if container.acts {
            agent::run(name, &self.context(container, Arc::clone(&log))).await
        } else {
            let own = (Arc::clone(self), spec.clone(), Arc::clone(container), Arc::clone(&log));
            (self.kubelet.program)(own.0, own.1, own.2, own.3).await
        };
        *locked(&container.previous) = Some(log);
        if code != 0 && container.probed && container.acts {
            self.unhealthy(name, UNANSWERED);
        }
        Ended { code, started, finished: self.kubelet.settings.now(), id }
    }

    /// Says that a probe failed.
    pub(super) fn unhealthy(&self, container: &str, why: &str) {
        self.note(container, "Warning", "Unhealthy", why);
    }

    /// The object, with the addresses that it has here.
    pub(super) fn object(&self) -> &Value {
        &self.object
    }

    /// What the lab decides about the node.
    pub(super) fn settings(&self) -> &Settings {
        &self.kubelet.settings
    }

    /// What programs in a container know of it.
    pub(super) fn context(self: &Arc<Self>, container: &Container, log: Arc<ContainerLog>) -> Context {
        Context {
            settings: self.kubelet.settings.clone(),
            image: container.image.clone(),
            user_agent: agent::user_agent(&container.image),
            env: container.env.clone(),
            user: container.user.clone(),
            files: Arc::clone(&container.files),
            log,
            node: j::text(&self.object, "/spec/nodeName").to_owned(),
            node_logs: self.kubelet.node_logs.clone(),
            host_network: j::at(&self.object, "/spec/hostNetwork") == &Value::Bool(true),
            reports: Arc::new(self.reporter(container, container.probed)),
            identity: Arc::clone(&container.identity),
        }
    }

    /// Carries what is reported of a container to the pod.
    pub(super) fn reporter(self: &Arc<Self>, container: &Container, probed: bool) -> Reporter {
        Reporter { pod: Arc::clone(self), container: container.name.clone(), probed }
    }
}

/// What is said of a program of the lab's that fails.
const UNANSWERED: &str = "Readiness probe failed: the container does not answer";

/// Carries an agent's reports to its pod.
pub(super) struct Reporter {
    pod: Arc<Pod>,
    container: String,
    probed: bool,
}

impl Reporter {
    /// The container's startup probe has passed.
    pub(super) fn started(&self) {
        self.pod.change(&self.container, |status| status.starting = false);
    }

    /// The container is no longer ready.
    pub(super) fn unready(&self) {
        self.pod.change(&self.container, |status| status.ready = false);
    }
}

impl Reports for Reporter {
    fn ready(&self, ready: bool) {
        let was = locked(&self.pod.statuses).iter().any(|status| status.name == self.container && status.ready);
        // Without a readiness probe a container that came up stays ready.
        if was == ready || (was && !self.probed) {
            return;
        }
        self.pod.change(&self.container, |status| status.ready = ready);
        if !ready {
            self.pod.unhealthy(&self.container, UNANSWERED);
        }
    }

    fn reaches_aws(&self) -> bool {
        egress::reaches_aws(&self.pod.kubelet.store, &self.pod.object)
    }

    fn event(&self, kind: &str, reason: &str, message: &str) {
        let host = j::text(&self.pod.object, "/spec/nodeName");
        let note = Note { component: &self.container, host, container: "", kind, reason, message };
        record(&self.pod.kubelet.store, &self.pod.object, &note);
    }
}
