//! What a controller and its pods say of a roll-out.

use serde_json::Value;
use trustwalk_core::evidence::Pod;

use super::facts::{self, selector_of_workload};
use super::values::{array, int, moment, opt, text};

/// The annotation that `kubectl rollout restart` sets on a pod template.
pub const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";
/// No deadline at all (Kubernetes API reference, `DeploymentSpec`: the largest number is taken for none).
const NO_DEADLINE: i64 = i32::MAX as i64;

/// A controller of pods, as its status tells (Kubernetes API reference, `DeploymentStatus`, `DaemonSetStatus`,
/// `StatefulSetStatus`, `ReplicaSetStatus`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Controller {
    /// `Deployment`, `DaemonSet`, `StatefulSet`, `ReplicaSet`, `ReplicationController`.
    pub kind: String,
    /// Its UID.
    pub uid: String,
    /// The generation of what is wanted.
    pub generation: i64,
    /// The generation that the status is of.
    pub observed: i64,
    /// Pods wanted.
    pub desired: i64,
    /// Pods that there are, of whatever template.
    pub replicas: i64,
    /// Pods of the newest template.
    pub updated: i64,
    /// Pods that are ready.
    pub ready: i64,
    /// Pods that have been ready for as long as is asked (`minReadySeconds`).
    pub available: i64,
    /// Whether a deployment is paused.
    pub paused: bool,
    /// Whether pods are replaced only when somebody deletes them (`updateStrategy.type` is `OnDelete`).
    pub on_delete: bool,
    /// Pods that may be unavailable at the same time while they are replaced, one at least.
    pub may_lack: i64,
    /// Of a stateful set: pods of a lower number keep the old template.
    pub partition: Option<i64>,
    /// Of a stateful set whose pods are made one after another (`OrderedReady`): the number of the first one.
    pub in_order_from: Option<u64>,
    /// Of a stateful set: the revision that its pods had.
    pub current_revision: String,
    /// Of a stateful set: the revision that they are to have.
    pub update_revision: String,
    /// Seconds that a deployment may go without progress.
    pub deadline: Option<i64>,
    /// What it says when that time is over: condition `Progressing` with the reason `ProgressDeadlineExceeded`.
    pub exceeded: Option<String>,
    /// What it says when it cannot make pods: condition `ReplicaFailure`.
    pub cannot: Option<String>,
    /// When its template was last restarted by hand, as it stands there.
    pub restarted_at: Option<String>,
    /// The selector of its pods.
    pub selector: String,
}

/// A controller from its object.
pub fn controller(kind: &str, v: &Value) -> Controller {
    let daemon = kind == "DaemonSet";
    let field = |of_set: &str, of_daemon: &str| int(v, if daemon { of_daemon } else { of_set });
    let condition = |name: &'static str| array(v, "/status/conditions").find(move |c| text(c, "/type") == name);
    let exceeded = condition("Progressing").filter(|c| text(c, "/reason") == "ProgressDeadlineExceeded");
    let cannot = condition("ReplicaFailure").filter(|c| text(c, "/status") == "True");
    let wanted = v.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1);
    let in_order = kind == "StatefulSet" && text(v, "/spec/podManagementPolicy") != "Parallel";
    let first = || v.pointer("/spec/ordinals/start").and_then(Value::as_u64).unwrap_or(0);
    let desired = if daemon { int(v, "/status/desiredNumberScheduled") } else { wanted };
    Controller {
        may_lack: may_lack(kind, v, desired),
        kind: kind.to_owned(),
        uid: text(v, "/metadata/uid"),
        generation: int(v, "/metadata/generation"),
        observed: int(v, "/status/observedGeneration"),
        desired,
        replicas: field("/status/replicas", "/status/currentNumberScheduled"),
        updated: field("/status/updatedReplicas", "/status/updatedNumberScheduled"),
        ready: field("/status/readyReplicas", "/status/numberReady"),
        available: field("/status/availableReplicas", "/status/numberAvailable"),
        paused: v.pointer("/spec/paused").and_then(Value::as_bool).unwrap_or(false),
        on_delete: text(v, "/spec/updateStrategy/type") == "OnDelete",
        partition: v.pointer("/spec/updateStrategy/rollingUpdate/partition").and_then(Value::as_i64),
        in_order_from: in_order.then(first),
        current_revision: text(v, "/status/currentRevision"),
        update_revision: text(v, "/status/updateRevision"),
        deadline: v.pointer("/spec/progressDeadlineSeconds").and_then(Value::as_i64).filter(|s| *s < NO_DEADLINE),
        exceeded: exceeded.map(|c| text(c, "/message")),
        cannot: cannot.map(|c| text(c, "/message")),
        restarted_at: opt(v, "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt"),
        selector: selector_of_workload(v),
    }
}

/// `maxUnavailable`, a number or a part of all pods: rounded down for a deployment and up for a daemon set (Kubernetes
/// API reference, `RollingUpdateDeployment`, `RollingUpdateDaemonSet`).
fn may_lack(kind: &str, v: &Value, desired: i64) -> i64 {
    let at = match kind {
        "Deployment" => "/spec/strategy/rollingUpdate/maxUnavailable",
        _ => "/spec/updateStrategy/rollingUpdate/maxUnavailable",
    };
    let share = v.pointer(at).and_then(|m| {
        let percent = || m.as_str()?.strip_suffix('%')?.parse::<i64>().ok().filter(|p| (0..=100).contains(p));
        let up = if kind == "Deployment" { 0 } else { 99 };
        m.as_i64().or_else(|| percent().map(|p| desired.saturating_mul(p).saturating_add(up) / 100))
    });
    share.unwrap_or(1).max(1)
}

/// What a pod waits for (Kubernetes documentation, "Pod Lifecycle").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Waits {
    /// No node takes it; the scheduler's words.
    Node(String),
    /// An image cannot be pulled; the container, and the kubelet's words.
    Image(String, String),
    /// A container's own end, over and over; the container, and how the last run ended.
    Crash(String, String),
    /// A container that does not start for another reason; the container, and why.
    Start(String, String),
    /// Containers that run and are not ready: their readiness probes have not succeeded.
    Probe(String),
    /// A condition that the pod names as a gate.
    Gate(String),
    /// Its own end.
    End,
}

impl Waits {
    /// In a few words, for a count of several pods.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Node(_) => "no node takes it",
            Self::Image(..) => "image pull",
            Self::Crash(..) => "crash loop",
            Self::Start(..) => "container start",
            Self::Probe(_) => "readiness probe",
            Self::Gate(_) => "readiness gate",
            Self::End => "its own end",
        }
    }

    /// The kind and what is known besides.
    pub fn words(&self) -> String {
        let kind = self.kind();
        match self {
            Self::Node(why) => format!("{kind}: {why}"),
            Self::Image(container, why) | Self::Crash(container, why) | Self::Start(container, why) => {
                format!("{kind} of {container}: {why}")
            }
            Self::Probe(containers) => format!("{kind} of {containers}"),
            Self::Gate(gate) => format!("{kind} {gate}"),
            Self::End => kind.to_owned(),
        }
    }
}

/// A pod of a roll-out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LivePod {
    /// The pod.
    pub pod: Pod,
    /// Whether it is on its way out.
    pub leaving: bool,
    /// The UID of what controls it.
    pub owner: Option<String>,
    /// What it waits for, where it is not ready.
    pub waits: Option<Waits>,
}

/// A pod from its object.
pub fn live_pod(v: &Value) -> LivePod {
    let pod = facts::pod(v);
    let leaving = moment(v, "/metadata/deletionTimestamp").is_some();
    let owner = array(v, "/metadata/ownerReferences")
        .find(|o| o.get("controller").and_then(Value::as_bool) == Some(true))
        .map(|o| text(o, "/uid"));
    let waits = if leaving { Some(Waits::End) } else { waits(v).filter(|_| !pod.ready && !pod.ended()) };
    LivePod { pod, leaving, owner, waits }
}

fn waits(v: &Value) -> Option<Waits> {
    let condition = |name: &str| array(v, "/status/conditions").find(|c| text(c, "/type") == name);
    if let Some(unplaced) = condition("PodScheduled").filter(|c| text(c, "/status") == "False") {
        return Some(Waits::Node(text(unplaced, "/message")));
    }
    let statuses = || array(v, "/status/initContainerStatuses").chain(array(v, "/status/containerStatuses"));
    for status in statuses() {
        let (name, waiting) = (text(status, "/name"), text(status, "/state/waiting/reason"));
        let message = text(status, "/state/waiting/message");
        let why = if message.is_empty() { waiting.clone() } else { format!("{waiting}: {message}") };
        match waiting.as_str() {
            "" | "PodInitializing" => {}
            "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" | "ImageInspectError" => {
                return Some(Waits::Image(name, why));
            }
            "CrashLoopBackOff" => {
                let code = int(status, "/lastState/terminated/exitCode");
                let reason = text(status, "/lastState/terminated/reason");
                return Some(Waits::Crash(name, format!("the last run ended with {reason}, exit code {code}")));
            }
            _ => return Some(Waits::Start(name, why)),
        }
    }
    let unready = statuses()
        .filter(|s| s.get("ready").and_then(Value::as_bool) != Some(true) && s.pointer("/state/running").is_some());
    let unready: Vec<String> = unready.map(|s| text(s, "/name")).collect();
    if !unready.is_empty() {
        return Some(Waits::Probe(unready.join(", ")));
    }
    let met = |gate: &str| condition(gate).is_some_and(|c| text(c, "/status") == "True");
    array(v, "/spec/readinessGates").map(|g| text(g, "/conditionType")).find(|g| !met(g)).map(Waits::Gate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(status: &Value) -> Option<Waits> {
        live_pod(
            &json!({"metadata": {"name": "p"}, "spec": {"readinessGates": [{"conditionType": "g"}]}, "status": status}),
        )
        .waits
    }

    #[test]
    fn a_pod_that_is_not_ready_says_what_it_waits_for() {
        let one = |state: Value| json!({"containerStatuses": [{"name": "c", "ready": false, "state": state}]});
        let unplaced = json!({"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes"}]});
        assert_eq!(of(&unplaced), Some(Waits::Node("0/3 nodes".into())));
        let image = one(json!({"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}));
        assert_eq!(of(&image), Some(Waits::Image("c".into(), "ImagePullBackOff: not found".into())));
        let crash = of(&one(json!({"waiting": {"reason": "CrashLoopBackOff"}})));
        assert!(matches!(crash, Some(Waits::Crash(c, _)) if c == "c"));
        assert_eq!(of(&one(json!({"running": {}}))), Some(Waits::Probe("c".into())));
        let made = of(&one(json!({"waiting": {"reason": "ContainerCreating"}})));
        assert_eq!(made, Some(Waits::Start("c".into(), "ContainerCreating".into())));
        let gated = json!({"containerStatuses": [{"name": "c", "ready": true, "state": {"running": {}}}]});
        assert_eq!(of(&gated), Some(Waits::Gate("g".into())));
        let ready = json!({"conditions": [{"type": "Ready", "status": "True"}, {"type": "g", "status": "True"}]});
        assert_eq!(of(&ready), None);
    }
}
