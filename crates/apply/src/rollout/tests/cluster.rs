//! A cluster whose kubelet is the test's: pods run, and are ready while the gate is open.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use trustwalk_collect::kube_api::{KubeApi, KubeOptions};
use trustwalk_collect::proxy::Proxies;
use trustwalk_lab_cluster::{
    Cluster, ClusterConfig, FnResolver, Gvr, Key, Minted, NoNodes, NodeSpec, Store, TlsMaterial, TokenMinter,
    TokenSpec, User, json as j,
};

struct NoTokens;

impl TokenMinter for NoTokens {
    fn mint(&self, _: TokenSpec) -> Minted {
        Minted { token: "none".to_owned(), expires: Timestamp::now() }
    }

    fn issuer(&self) -> String {
        "https://issuer.example".to_owned()
    }
}

/// Tokens of one who may do everything, and of one who may look and not watch.
const ADMIN: &str = "a-test-of-ours";
const LOOKER: &str = "another-of-ours";

/// What the kubelet makes of pods.
#[derive(Default)]
struct Gates {
    shut: AtomicBool,
    crash: AtomicBool,
}

pub(super) struct Bench {
    pub(super) store: Store,
    kubeconfig: tempfile::NamedTempFile,
    gates: Arc<Gates>,
    cluster: Cluster,
}

impl Bench {
    /// A cluster with one workload `ledger`, all of whose pods are ready.
    pub(super) async fn with(resource: &str, kind: &str, pods: usize, spec: Value) -> Self {
        let node =
            |n: usize| NodeSpec { name: format!("node-{n}"), internal_ip: "10.0.0.1".into(), ..NodeSpec::default() };
        let cluster = Cluster::new(ClusterConfig {
            name: "lab".into(),
            version: "v1.36.2".into(),
            tls: TlsMaterial::self_made(&["127.0.0.1", "localhost"]).unwrap(),
            tokens: BTreeMap::from([
                (ADMIN.to_owned(), User::admin("admin")),
                (LOOKER.to_owned(), User::restricted("looker", &[("get", "*"), ("list", "*")])),
            ]),
            runtime: Arc::new(NoNodes),
            minter: Arc::new(NoTokens),
            resolver: Arc::new(FnResolver(|_: &str, _: &str, _| None)),
            clock: Arc::new(Timestamp::now),
            nodes: (0..pods).map(node).collect(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let kubeconfig = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(kubeconfig.path(), cluster.kubeconfig(address)).unwrap();
        let store = cluster.store();
        let served = cluster.clone();
        tokio::spawn(async move { served.serve(listener, std::future::pending()).await });
        let bench = Self { store, kubeconfig, gates: Arc::default(), cluster };
        bench.run_kubelet();
        let mut object = json!({
            "apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "ledger", "namespace": "default"},
            "spec": {
                "selector": {"matchLabels": {"app": "ledger"}},
                "template": {
                    "metadata": {"labels": {"app": "ledger"}},
                    "spec": {"containers": [{"name": "main", "image": "example:1"}]},
                },
            },
        });
        if kind != "DaemonSet" {
            j::put(&mut object, "/spec/replicas", pods.into());
        }
        let paused = spec.get("paused").is_some();
        for (name, value) in spec.as_object().unwrap().iter().filter(|(name, _)| *name != "paused") {
            j::put(&mut object, &format!("/spec/{name}"), value.clone());
        }
        bench.store.create(&Gvr::apps(resource), object).unwrap();
        let ready = |b: &Self| {
            let set = b.store.get(&Self::key(resource)).unwrap();
            let all = b.pods();
            let available =
                j::int(&set, "/status/availableReplicas").or_else(|| j::int(&set, "/status/numberAvailable"));
            all.len() == pods && all.iter().all(|p| is_ready(p)) && available == i64::try_from(pods).ok()
        };
        bench.until("ready", ready).await;
        if paused {
            bench.patch(resource, &json!({"spec": {"paused": true}}));
        }
        bench
    }

    /// Requests that were answered so far.
    pub(super) fn requests(&self) -> u64 {
        self.cluster.requests()
    }

    fn key(resource: &str) -> Key {
        Key::new(Gvr::apps(resource), Some("default"), "ledger")
    }

    pub(super) async fn kube(&self) -> KubeApi {
        let options = KubeOptions { kubeconfig: Some(self.kubeconfig.path().to_owned()), context: None };
        KubeApi::new(&options, &Proxies::from_environment().unwrap(), 0).await.unwrap()
    }

    /// The same for somebody who may get and list, and do nothing else.
    pub(super) async fn kube_without_watch(&self) -> KubeApi {
        let config = std::fs::read_to_string(self.kubeconfig.path()).unwrap();
        assert!(config.contains(ADMIN));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), config.replace(ADMIN, LOOKER)).unwrap();
        let options = KubeOptions { kubeconfig: Some(file.path().to_owned()), context: None };
        KubeApi::new(&options, &Proxies::from_environment().unwrap(), 0).await.unwrap()
    }

    /// Opens or shuts the gate of readiness, also for pods that wait at it.
    pub(super) fn gate(&self, open: bool) {
        self.gates.shut.store(!open, Ordering::SeqCst);
        for pod in self.pods() {
            mark(&self.store, &self.gates, &pod);
        }
    }

    /// Has every pod end over and over from now on.
    pub(super) fn crash(&self, crash: bool) {
        self.gates.crash.store(crash, Ordering::SeqCst);
    }

    /// Has every pod that is there fail for good.
    pub(super) fn fail(&self) {
        for pod in self.pods() {
            let not_ready = json!([{"type": "Ready", "status": "False"}]);
            self.store
                .update(&Key::of(&Gvr::core("pods"), &pod), |pod| j::put(pod, "/status/conditions", not_ready))
                .unwrap();
        }
    }

    /// Changes the workload.
    pub(super) fn patch(&self, resource: &str, change: &Value) {
        self.store.update(&Self::key(resource), |object| merge(object, change)).unwrap();
    }

    /// Makes a disruption budget over the workload's pods, and waits until it counts.
    pub(super) async fn budget(&self, mut spec: Value) {
        j::put(&mut spec, "/selector", json!({"matchLabels": {"app": "ledger"}}));
        let budget = json!({"metadata": {"name": "ledger", "namespace": "default"}, "spec": spec});
        self.store.create(&Self::budget_key().gvr, budget).unwrap();
        self.until("budget", |b| {
            let budget = b.store.get(&Self::budget_key()).unwrap();
            j::int(&budget, "/status/currentHealthy").is_some_and(|healthy| healthy > 0)
        })
        .await;
    }

    fn budget_key() -> Key {
        Key::new(Gvr::new("policy", "v1", "poddisruptionbudgets"), Some("default"), "ledger")
    }

    pub(super) fn change_budget(&self, spec: &Value) {
        self.store.update(&Self::budget_key(), |budget| merge(budget, &json!({"spec": spec}))).unwrap();
    }

    pub(super) fn pods(&self) -> Vec<Arc<Value>> {
        self.store.list(&Gvr::core("pods"), Some("default")).1
    }

    /// Waits until something holds; the runner's own limit ends a wait that never does.
    pub(super) async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let mut watch = self.store.watch();
        while !holds(self) {
            assert!(watch.next().await.is_some(), "never: {what}");
        }
    }

    fn run_kubelet(&self) {
        let (store, gates) = (self.store.clone(), Arc::clone(&self.gates));
        let mut watch = store.watch();
        tokio::spawn(async move {
            while let Some(event) = watch.next().await {
                let placed = !j::text(&event.object, "/spec/nodeName").is_empty();
                if event.key.gvr == Gvr::core("pods") && placed && j::text(&event.object, "/status/phase") == "Pending"
                {
                    mark(&store, &gates, &event.object);
                }
            }
        });
    }
}

fn is_ready(pod: &Value) -> bool {
    let met = |c: &Value| j::text(c, "/type") == "Ready" && j::text(c, "/status") == "True";
    j::items(pod, "/status/conditions").iter().any(met)
}

/// Whether a pod is of a template that was restarted.
pub(super) fn is_stamped(pod: &Value) -> bool {
    !j::text(pod, "/metadata/annotations/kubectl.kubernetes.io~1restartedAt").is_empty()
}

/// Writes a pod's status as its gates have it. A pod that was ready stays so.
fn mark(store: &Store, gates: &Gates, pod: &Value) {
    let _ = store.update(&Key::of(&Gvr::core("pods"), pod), |pod| {
        // Read while nobody else writes: whoever opens the gate comes before this, or after it.
        let (shut, crash) = (gates.shut.load(Ordering::SeqCst), gates.crash.load(Ordering::SeqCst));
        if j::text(pod, "/spec/nodeName").is_empty() {
            return;
        }
        let was = is_ready(pod);
        let ready = was || !(shut || crash);
        let state = if crash && !was {
            json!({"waiting": {"reason": "CrashLoopBackOff"}})
        } else {
            json!({"running": {"startedAt": "2026-03-01T12:00:00Z"}})
        };
        j::put(pod, "/status/phase", "Running".into());
        j::put(pod, "/status/conditions", json!([{"type": "Ready", "status": if ready { "True" } else { "False" }}]));
        j::put(
            pod,
            "/status/containerStatuses",
            json!([{"name": "main", "ready": ready, "restartCount": if crash { 3 } else { 0 }, "state": state,
                "lastState": {"terminated": {"exitCode": 7, "reason": "Error"}}}]),
        );
    });
}

/// A merge patch (RFC 7396), as far as these tests need one.
fn merge(into: &mut Value, change: &Value) {
    let Some(change) = change.as_object() else {
        into.clone_from(change);
        return;
    };
    for (name, value) in change {
        merge(j::object(into).entry(name).or_insert(Value::Null), value);
    }
}
