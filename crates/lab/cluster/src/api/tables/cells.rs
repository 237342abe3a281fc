//! Columns and rows per kind, named as the API server names them.

use jiff::Timestamp;
use serde_json::Value;

use super::{age, pods};
use crate::objects::json as j;

/// Column names in order; those only `-o wide` shows begin with `*`.
fn names(kind: &str) -> &'static str {
    match kind {
        "Pod" => "Name|Ready|Status|Restarts|Age|*IP|*Node|*Nominated Node|*Readiness Gates",
        "DaemonSet" => {
            "Name|Desired|Current|Ready|Up-to-date|Available|\
             Node Selector|Age|*Containers|*Images|*Selector"
        }
        "Deployment" => "Name|Ready|Up-to-date|Available|Age|*Containers|*Images|*Selector",
        "ReplicaSet" => "Name|Desired|Current|Ready|Age|*Containers|*Images|*Selector",
        "StatefulSet" => "Name|Ready|Age|*Containers|*Images",
        "Job" => "Name|Status|Completions|Duration|Age|*Containers|*Images|*Selector",
        "CronJob" => "Name|Schedule|Timezone|Suspend|Active|Last Schedule|Age",
        "Node" => {
            "Name|Status|Roles|Age|Version|*Internal-IP|\
             *External-IP|*OS-Image|*Kernel-Version|*Container-Runtime"
        }
        "Namespace" => "Name|Status|Age",
        "Service" => "Name|Type|Cluster-IP|External-IP|Port(s)|Age|*Selector",
        "Event" => {
            "Last Seen|Type|Reason|Object|*Subobject|*Source|\
             Message|*First Seen|*Count|*Name"
        }
        "ConfigMap" => "Name|Data|Age",
        "Secret" => "Name|Type|Data|Age",
        "Endpoints" => "Name|Endpoints|Age",
        "ControllerRevision" => "Name|Controller|Revision|Age",
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => "Name|Webhooks|Age",
        "RoleBinding" | "ClusterRoleBinding" => "Name|Role|Age",
        "Lease" => "Name|Holder|Age",
        "NetworkPolicy" => "Name|Pod-Selector|Age",
        "Role" | "ClusterRole" => "Name|Created At",
        _ => "Name|Age",
    }
}

/// The columns of a kind; `true` marks those only `-o wide` shows.
pub(crate) fn columns(kind: &str) -> impl Iterator<Item = (&'static str, bool)> {
    names(kind).split('|').map(|name| name.strip_prefix('*').map_or((name, false), |name| (name, true)))
}

fn count(object: &Value, pointer: &str) -> String {
    j::int(object, pointer).unwrap_or(0).to_string()
}

fn or(text: &str, empty: &str) -> String {
    if text.is_empty() { empty.into() } else { text.into() }
}

/// Addresses with their ports, port by port, three of them at most (Kubernetes source, `pkg/printers/internalversion`).
fn endpoints(object: &Value) -> String {
    const SHOWN: usize = 3;
    let subsets = j::items(object, "/subsets");
    if subsets.is_empty() {
        return "<none>".to_owned();
    }
    let mut all: Vec<String> = Vec::new();
    for subset in subsets {
        let addresses = || j::items(subset, "/addresses").iter().map(|one| j::text(one, "/ip"));
        let ports = j::items(subset, "/ports");
        if ports.is_empty() {
            all.extend(addresses().map(str::to_owned));
        }
        for port in ports {
            let port = j::int(port, "/port").unwrap_or_default();
            all.extend(
                addresses().map(|ip| if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }),
            );
        }
    }
    let more = all.len().saturating_sub(SHOWN);
    all.truncate(SHOWN);
    let shown = all.join(",");
    if more > 0 { format!("{shown} + {more} more...") } else { shown }
}

/// `a=b,c=d`, or `<none>`.
fn labels(map: &Value) -> String {
    let pairs: Vec<String> = map
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or("")))
        .collect();
    or(&pairs.join(","), "<none>")
}

fn containers(object: &Value, member: &str) -> String {
    let names: Vec<&str> =
        j::items(object, "/spec/template/spec/containers").iter().map(|c| j::text(c, member)).collect();
    names.join(",")
}

fn size(object: &Value, pointers: &[&str]) -> String {
    let members = pointers.iter().map(|pointer| j::at(object, pointer));
    members.map(|value| value.as_object().map_or(0, serde_json::Map::len)).sum::<usize>().to_string()
}

/// The cells of one object, one for each column.
pub(crate) fn row(kind: &str, object: &Value, now: Timestamp) -> Vec<Value> {
    if kind == "Pod" {
        return pods::row(object, now);
    }
    let name = j::name(object).to_owned();
    let old = age::since(j::text(object, "/metadata/creationTimestamp"), now);
    let cells = match kind {
        "DaemonSet" | "Deployment" | "ReplicaSet" | "StatefulSet" | "Job" | "CronJob" => {
            workload(kind, object, name, old, now)
        }
        "Node" => node(object, name, old),
        "Namespace" => vec![name, j::text(object, "/status/phase").into(), old],
        "Service" => service(object, name, old),
        "Event" => event(object, name, now),
        "ConfigMap" => vec![name, size(object, &["/data", "/binaryData"]), old],
        "Secret" => vec![name, j::text(object, "/type").into(), size(object, &["/data"]), old],
        "Endpoints" => vec![name, endpoints(object), old],
        "ControllerRevision" => {
            let owner = j::at(object, "/metadata/ownerReferences/0");
            let group = j::text(owner, "/apiVersion").split('/').next().unwrap_or("");
            let controller = format!("{}.{group}/{}", j::text(owner, "/kind").to_lowercase(), j::text(owner, "/name"));
            vec![name, controller, count(object, "/revision"), old]
        }
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => {
            vec![name, j::items(object, "/webhooks").len().to_string(), old]
        }
        "RoleBinding" | "ClusterRoleBinding" => {
            let role = format!("{}/{}", j::text(object, "/roleRef/kind"), j::text(object, "/roleRef/name"));
            vec![name, role, old]
        }
        "Role" | "ClusterRole" => vec![name, j::text(object, "/metadata/creationTimestamp").into()],
        "Lease" => vec![name, j::text(object, "/spec/holderIdentity").into(), old],
        "NetworkPolicy" => vec![name, labels(j::at(object, "/spec/podSelector/matchLabels")), old],
        _ => vec![name, old],
    };
    cells.into_iter().map(Value::String).collect()
}

fn workload(kind: &str, object: &Value, name: String, old: String, now: Timestamp) -> Vec<String> {
    let n = |pointer: &str| count(object, pointer);
    let names = containers(object, "/name");
    let images = containers(object, "/image");
    let selector = labels(j::at(object, "/spec/selector/matchLabels"));
    match kind {
        "DaemonSet" => vec![
            name,
            n("/status/desiredNumberScheduled"),
            n("/status/currentNumberScheduled"),
            n("/status/numberReady"),
            n("/status/updatedNumberScheduled"),
            n("/status/numberAvailable"),
            labels(j::at(object, "/spec/template/spec/nodeSelector")),
            old,
            names,
            images,
            selector,
        ],
        "Deployment" => vec![
            name,
            format!("{}/{}", n("/status/readyReplicas"), n("/spec/replicas")),
            n("/status/updatedReplicas"),
            n("/status/availableReplicas"),
            old,
            names,
            images,
            selector,
        ],
        "ReplicaSet" => vec![
            name,
            n("/spec/replicas"),
            n("/status/replicas"),
            n("/status/readyReplicas"),
            old,
            names,
            images,
            selector,
        ],
        "StatefulSet" => {
            vec![name, format!("{}/{}", n("/status/readyReplicas"), n("/spec/replicas")), old, names, images]
        }
        "Job" => job(object, name, old, now, vec![names, images, selector]),
        _ => {
            let last = j::text(object, "/status/lastScheduleTime");
            let last = if last.is_empty() { "<none>".into() } else { age::since(last, now) };
            let suspended = if j::at(object, "/spec/suspend") == true { "True" } else { "False" };
            vec![
                name,
                j::text(object, "/spec/schedule").into(),
                or(j::text(object, "/spec/timeZone"), "<none>"),
                suspended.into(),
                j::items(object, "/status/active").len().to_string(),
                last,
                old,
            ]
        }
    }
}

fn job(object: &Value, name: String, old: String, now: Timestamp, wide: Vec<String>) -> Vec<String> {
    let has = |kind: &str| {
        j::items(object, "/status/conditions")
            .iter()
            .any(|c| j::text(c, "/type") == kind && j::text(c, "/status") == "True")
    };
    let status = if has("Complete") {
        "Complete"
    } else if has("Failed") {
        "Failed"
    } else if j::at(object, "/spec/suspend") == true {
        "Suspended"
    } else {
        "Running"
    };
    let start: Option<Timestamp> = j::text(object, "/status/startTime").parse().ok();
    let end = j::text(object, "/status/completionTime").parse().unwrap_or(now);
    let took = start.map_or(String::new(), |start| age::human(end.as_second() - start.as_second()));
    let completions = format!("{}/{}", count(object, "/status/succeeded"), count(object, "/spec/completions"));
    let mut cells = vec![name, status.into(), completions, took, old];
    cells.extend(wide);
    cells
}

fn node(object: &Value, name: String, old: String) -> Vec<String> {
    let ready =
        j::items(object, "/status/conditions").iter().find(|c| j::text(c, "/type") == "Ready").map_or("Unknown", |c| {
            match j::text(c, "/status") {
                "True" => "Ready",
                _ => "NotReady",
            }
        });
    let status = if j::at(object, "/spec/unschedulable") == true {
        format!("{ready},SchedulingDisabled")
    } else {
        ready.to_owned()
    };
    let address = |kind: &str| {
        let found = j::items(object, "/status/addresses").iter().find(|a| j::text(a, "/type") == kind);
        or(found.map_or("", |a| j::text(a, "/address")), "<none>")
    };
    let info = |member: &str| or(j::text(object, &format!("/status/nodeInfo/{member}")), "<unknown>");
    vec![
        name,
        status,
        "<none>".into(),
        old,
        info("kubeletVersion"),
        address("InternalIP"),
        address("ExternalIP"),
        info("osImage"),
        info("kernelVersion"),
        info("containerRuntimeVersion"),
    ]
}

fn service(object: &Value, name: String, old: String) -> Vec<String> {
    let ports: Vec<String> = j::items(object, "/spec/ports")
        .iter()
        .map(|port| format!("{}/{}", count(port, "/port"), j::text(port, "/protocol")))
        .collect();
    vec![
        name,
        j::text(object, "/spec/type").into(),
        or(j::text(object, "/spec/clusterIP"), "<none>"),
        "<none>".into(),
        or(&ports.join(","), "<none>"),
        old,
        labels(j::at(object, "/spec/selector")),
    ]
}

fn event(object: &Value, name: String, now: Timestamp) -> Vec<String> {
    // The two event APIs name the subject and the text differently.
    let either = |one: &str, other: &str| or(j::text(object, one), j::text(object, other));
    let about = if object.get("regarding").is_some() { "/regarding" } else { "/involvedObject" };
    let subject = format!(
        "{}/{}",
        j::text(object, &format!("{about}/kind")).to_lowercase(),
        j::text(object, &format!("{about}/name"))
    );
    let last = either("/lastTimestamp", "/metadata/creationTimestamp");
    let first = either("/firstTimestamp", "/metadata/creationTimestamp");
    vec![
        age::since(&last, now),
        j::text(object, "/type").into(),
        j::text(object, "/reason").into(),
        subject,
        j::text(object, &format!("{about}/fieldPath")).into(),
        j::text(object, "/source/component").into(),
        either("/message", "/note"),
        age::since(&first, now),
        j::int(object, "/count").unwrap_or(1).to_string(),
        name,
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_fit_columns() {
        for kind in crate::objects::kinds::KINDS {
            let cells = row(kind.kind, &json!({}), Timestamp::UNIX_EPOCH);
            assert_eq!(cells.len(), columns(kind.kind).count(), "{}", kind.kind);
        }
    }

    #[test]
    fn endpoints_are_shown_with_their_ports_three_at_most() {
        let addresses = json!([{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}]);
        for (subsets, shown) in [
            (json!([]), "<none>"),
            (json!([{"addresses": addresses}]), "10.0.0.1,10.0.0.2"),
            (json!([{"notReadyAddresses": addresses, "ports": [{"port": 80}]}]), ""),
            (json!([{"addresses": [{"ip": "2001:db8::1"}], "ports": [{"port": 80}]}]), "[2001:db8::1]:80"),
            (
                json!([{"addresses": addresses, "ports": [{"port": 80}, {"port": 443}]}]),
                "10.0.0.1:80,10.0.0.2:80,10.0.0.1:443 + 1 more...",
            ),
        ] {
            assert_eq!(endpoints(&json!({"subsets": subsets})), shown);
        }
    }
}
