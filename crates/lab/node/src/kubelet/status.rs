//! A pod's status as kubelets write it (Kubernetes docs, "Pod Lifecycle").

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};
use trustwalk_lab_cluster::json as j;

use super::events::stamp;

/// First back-off named in a status, seconds; it doubles with every restart.
const FIRST_BACK_OFF_SECONDS: u64 = 10;
/// Longest back-off named, seconds.
const LONGEST_BACK_OFF_SECONDS: u64 = 300;

/// A finished run of a container.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) started: Timestamp,
    pub(crate) finished: Timestamp,
    pub(crate) id: String,
}

impl Ended {
    fn json(&self) -> Value {
        let reason = if self.code == 0 { "Completed" } else { "Error" };
        json!({
            "exitCode": self.code, "reason": reason,
            "startedAt": stamp(self.started), "finishedAt": stamp(self.finished),
            "containerID": self.id,
        })
    }
}

/// What a container does now.
#[derive(Debug, Clone)]
pub(crate) enum Phase {
    Creating,
    Running { since: Timestamp },
    BackOff,
    Done(Ended),
}

/// One container's status.
#[derive(Debug, Clone)]
pub(crate) struct ContainerStatus {
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) phase: Phase,
    pub(crate) last: Option<Ended>,
    pub(crate) restarts: u32,
    pub(crate) ready: bool,
    /// Its startup probe has not passed yet.
    pub(crate) starting: bool,
    pub(crate) id: String,
}

/// The back-off a status names after so many restarts, as Go prints durations.
pub(crate) fn back_off(restarts: u32) -> String {
    let doubled = FIRST_BACK_OFF_SECONDS.saturating_mul(1 << restarts.min(8));
    let seconds = doubled.min(LONGEST_BACK_OFF_SECONDS);
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds}s"),
        (minutes, seconds) => format!("{minutes}m{seconds}s"),
    }
}

impl ContainerStatus {
    pub(crate) fn new(container: &Value) -> Self {
        Self {
            name: j::text(container, "/name").to_owned(),
            image: j::text(container, "/image").to_owned(),
            phase: Phase::Creating,
            last: None,
            restarts: 0,
            ready: false,
            starting: false,
            id: String::new(),
        }
    }

    fn json(&self, pod: &Value) -> Value {
        let state = match &self.phase {
            Phase::Creating => json!({"waiting": {"reason": "ContainerCreating"}}),
            Phase::Running { since } => json!({"running": {"startedAt": stamp(*since)}}),
            Phase::BackOff => json!({"waiting": {
                "reason": "CrashLoopBackOff",
                "message": format!(
                    "back-off {} restarting failed container={} pod={}_{}({})",
                    back_off(self.restarts), self.name, j::name(pod), j::namespace(pod), j::uid(pod)
                ),
            }}),
            Phase::Done(ended) => json!({"terminated": ended.json()}),
        };
        let last = self.last.as_ref().map_or(json!({}), |ended| json!({"terminated": ended.json()}));
        let image_id = if self.id.is_empty() {
            String::new()
        } else {
            format!("{}@sha256:{}", self.image, self.id.rsplit('/').next().unwrap_or_default())
        };
        json!({
            "name": self.name, "state": state, "lastState": last,
            "ready": self.ready, "restartCount": self.restarts,
            "image": self.image, "imageID": image_id, "containerID": self.id,
            "started": matches!(self.phase, Phase::Running { .. }) && !self.starting,
        })
    }

    fn started(&self) -> bool {
        !matches!(self.phase, Phase::Creating)
    }
}

/// Addresses of a pod.
pub(crate) struct Addresses {
    pub(crate) pod: String,
    pub(crate) host: String,
}

fn phase(statuses: &[ContainerStatus]) -> &'static str {
    let done: Option<Vec<i32>> = statuses
        .iter()
        .map(|status| match &status.phase {
            Phase::Done(ended) => Some(ended.code),
            Phase::Creating | Phase::Running { .. } | Phase::BackOff => None,
        })
        .collect();
    match done {
        Some(codes) if codes.iter().all(|code| *code == 0) => "Succeeded",
        Some(_) => "Failed",
        None if statuses.iter().all(ContainerStatus::started) => "Running",
        None => "Pending",
    }
}

fn condition(pod: &Value, kind: &str, problem: Option<(&str, String)>, now: Timestamp) -> Value {
    let status = if problem.is_none() { "True" } else { "False" };
    let old = j::items(pod, "/status/conditions")
        .iter()
        .find(|c| j::text(c, "/type") == kind && j::text(c, "/status") == status);
    let since = old.map_or_else(|| stamp(now), |c| j::text(c, "/lastTransitionTime").to_owned());
    let mut condition = json!({
        "type": kind, "status": status, "lastProbeTime": null, "lastTransitionTime": since,
    });
    if let Some((reason, message)) = problem {
        j::put(&mut condition, "/reason", reason.into());
        if !message.is_empty() {
            j::put(&mut condition, "/message", message.into());
        }
    }
    condition
}

/// The first readiness gate that is not open (Kubernetes documentation, "Pod Lifecycle", "Pod readiness").
fn gate(pod: &Value) -> Option<(&'static str, String)> {
    j::items(pod, "/spec/readinessGates").iter().map(|g| j::text(g, "/conditionType")).find_map(|gate| {
        let found = j::items(pod, "/status/conditions").iter().find(|c| j::text(c, "/type") == gate);
        let why = match found.map(|c| j::text(c, "/status")) {
            Some("True") => return None,
            Some(status) => format!("the status of pod readiness gate \"{gate}\" is not \"True\", but {status}"),
            None => format!("corresponding condition of pod readiness gate \"{gate}\" does not exist."),
        };
        Some(("ReadinessGatesNotReady", why))
    })
}

fn init_statuses(pod: &Value, now: Timestamp) -> Vec<Value> {
    let ended = |name: &str| Ended { code: 0, started: now, finished: now, id: container_id(j::uid(pod), name, 0) };
    j::items(pod, "/spec/initContainers")
        .iter()
        .map(|container| {
            let mut status = ContainerStatus::new(container);
            let ended = ended(&status.name);
            status.id.clone_from(&ended.id);
            status.ready = true;
            status.phase = Phase::Done(ended);
            status.json(pod)
        })
        .collect()
}

/// Containers that were added to a pod that runs: each is up from when it was first seen.
fn ephemeral_statuses(pod: &Value, now: Timestamp) -> Vec<Value> {
    let known = j::items(pod, "/status/ephemeralContainerStatuses");
    let fresh = |container: &Value| {
        let mut status = ContainerStatus::new(container);
        status.id = container_id(j::uid(pod), &status.name, 0);
        status.phase = Phase::Running { since: now };
        let mut told = status.json(pod);
        // Readiness is no matter of theirs.
        j::put(&mut told, "/ready", false.into());
        told
    };
    j::items(pod, "/spec/ephemeralContainers")
        .iter()
        .map(|container| {
            let before = known.iter().find(|s| j::text(s, "/name") == j::text(container, "/name"));
            before.cloned().unwrap_or_else(|| fresh(container))
        })
        .collect()
}

/// A container id as containerd's: 64 hex digits, here made of what it names.
pub(crate) fn container_id(uid: &str, name: &str, run: u32) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut digits = String::from("containerd://");
    for part in 0..4_u32 {
        for byte in uid.bytes().chain(name.bytes()).chain((run * 4 + part).to_be_bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        // Writing into a String does not fail.
        let _ = write!(digits, "{hash:016x}");
    }
    digits
}

/// Writes the status of `pod` from its containers'.
pub(crate) fn write(pod: &mut Value, statuses: &[ContainerStatus], addresses: &Addresses, now: Timestamp) {
    let unready: Vec<&str> = statuses.iter().filter(|s| !s.ready).map(|s| s.name.as_str()).collect();
    let phase = phase(statuses);
    let problem = (!unready.is_empty()).then(|| match phase {
        "Succeeded" => ("PodCompleted", String::new()),
        "Failed" => ("PodFailed", String::new()),
        _ => ("ContainersNotReady", format!("containers with unready status: [{}]", unready.join(" "))),
    });
    let ready = problem.clone().or_else(|| gate(pod));
    let started = match j::text(pod, "/status/startTime") {
        "" => stamp(now),
        given => given.to_owned(),
    };
    let began = started.parse().unwrap_or(now);
    let mut conditions = vec![
        condition(pod, "PodReadyToStartContainers", None, now),
        condition(pod, "Initialized", None, now),
        condition(pod, "Ready", ready, now),
        condition(pod, "ContainersReady", problem, now),
        condition(pod, "PodScheduled", None, now),
    ];
    let own = |c: &&Value| !conditions.iter().any(|o| j::text(o, "/type") == j::text(c, "/type"));
    let others: Vec<Value> = j::items(pod, "/status/conditions").iter().filter(own).cloned().collect();
    conditions.extend(others);
    let mut status = json!({
        "phase": phase,
        "conditions": conditions,
        "hostIP": addresses.host, "hostIPs": [{"ip": addresses.host}],
        "podIP": addresses.pod, "podIPs": [{"ip": addresses.pod}],
        "startTime": started,
        "containerStatuses": statuses.iter().map(|s| s.json(pod)).collect::<Vec<_>>(),
        "qosClass": "BestEffort",
    });
    let init = init_statuses(pod, began);
    if !init.is_empty() {
        j::put(&mut status, "/initContainerStatuses", Value::Array(init));
    }
    let added = ephemeral_statuses(pod, now);
    if !added.is_empty() {
        j::put(&mut status, "/ephemeralContainerStatuses", Value::Array(added));
    }
    j::put(pod, "/status", status);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_off_doubles_to_five_minutes() {
        let named: Vec<String> = (0..7).map(back_off).collect();
        assert_eq!(named, ["10s", "20s", "40s", "1m20s", "2m40s", "5m0s", "5m0s"]);
    }

    #[test]
    fn container_ids_are_64_hex_digits() {
        let id = container_id("u", "n", 1);
        let digits = id.strip_prefix("containerd://").unwrap();
        assert_eq!(digits.len(), 64);
        assert_ne!(id, container_id("u", "n", 2));
    }
}
