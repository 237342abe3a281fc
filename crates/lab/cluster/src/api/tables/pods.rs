//! The pod row: kubectl's READY, STATUS and RESTARTS are computed, not stored.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::age;
use crate::objects::json as j;

/// The STATUS column: the most telling reason among pod and containers.
pub(crate) fn status(pod: &Value) -> String {
    let mut reason = match j::text(pod, "/status/reason") {
        "" => j::text(pod, "/status/phase").to_owned(),
        reason => reason.to_owned(),
    };
    if reason.is_empty() {
        reason = "Unknown".into();
    }
    let inits = j::items(pod, "/status/initContainerStatuses");
    for (index, init) in inits.iter().enumerate() {
        let ended = j::at(init, "/state/terminated");
        if j::int(ended, "/exitCode") == Some(0) {
            continue;
        }
        let waiting = j::text(init, "/state/waiting/reason");
        return if !ended.is_null() {
            format!("Init:{}", ended_reason(ended))
        } else if !waiting.is_empty() && waiting != "PodInitializing" {
            format!("Init:{waiting}")
        } else {
            format!("Init:{index}/{}", j::items(pod, "/spec/initContainers").len())
        };
    }
    let mut running = false;
    for container in j::items(pod, "/status/containerStatuses").iter().rev() {
        let waiting = j::text(container, "/state/waiting/reason");
        let ended = j::at(container, "/state/terminated");
        if !waiting.is_empty() {
            waiting.clone_into(&mut reason);
        } else if !ended.is_null() {
            reason = ended_reason(ended);
        } else if j::at(container, "/ready") == true && !j::at(container, "/state/running").is_null() {
            running = true;
        }
    }
    if reason == "Completed" && running {
        reason = "Running".into();
    }
    if !j::at(pod, "/metadata/deletionTimestamp").is_null() {
        reason = "Terminating".into();
    }
    reason
}

fn ended_reason(ended: &Value) -> String {
    match (j::text(ended, "/reason"), j::int(ended, "/signal").unwrap_or(0)) {
        ("", 0) => format!("ExitCode:{}", j::int(ended, "/exitCode").unwrap_or(0)),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

/// The cells of one pod.
pub(crate) fn row(pod: &Value, now: Timestamp) -> Vec<Value> {
    let statuses = j::items(pod, "/status/containerStatuses");
    let ready = statuses.iter().filter(|s| j::at(s, "/ready") == true).count();
    let total = j::items(pod, "/spec/containers").len();
    let restarts: i64 = statuses.iter().filter_map(|s| j::int(s, "/restartCount")).sum();
    let last = statuses.iter().map(|s| j::text(s, "/lastState/terminated/finishedAt")).max().unwrap_or("");
    let restarts = if restarts > 0 && !last.is_empty() {
        json!(format!("{restarts} ({} ago)", age::since(last, now)))
    } else {
        json!(restarts.to_string())
    };
    let or_none = |pointer: &str| match j::text(pod, pointer) {
        "" => json!("<none>"),
        text => json!(text),
    };
    let gates = j::items(pod, "/spec/readinessGates").len();
    vec![
        json!(j::name(pod)),
        json!(format!("{ready}/{total}")),
        json!(status(pod)),
        restarts,
        json!(age::since(j::text(pod, "/metadata/creationTimestamp"), now)),
        or_none("/status/podIP"),
        or_none("/spec/nodeName"),
        or_none("/status/nominatedNodeName"),
        if gates == 0 { json!("<none>") } else { json!(format!("0/{gates}")) },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_loop_shows_as_status() {
        let pod = json!({
            "spec": {"containers": [{"name": "a"}]},
            "status": {"phase": "Running", "containerStatuses": [
                {"ready": false, "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                 "lastState": {"terminated": {"finishedAt": "1970-01-01T00:00:00Z"}}},
            ]},
        });
        let cells = row(&pod, Timestamp::UNIX_EPOCH);
        assert_eq!(cells[1..4], [json!("0/1"), json!("CrashLoopBackOff"), json!("3 (0s ago)")]);
    }
}
