//! Kinds with a few rules of their own.

use serde_json::Value;

use super::{
    pods::{in_range, not_negative, one_of},
    words,
};
use crate::objects::{definition, json as j, problems::Problem};

const TYPES: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
/// Highest priority of anybody's own (Kubernetes documentation, "Pod Priority and Preemption").
const HIGHEST_PRIORITY: i64 = 1_000_000_000;

/// Checks an object by its kind.
pub(super) fn check(kind: &str, object: &Value, problems: &mut Vec<Problem>) {
    match kind {
        "Service" => service(object, problems),
        "ConfigMap" | "Secret" => files(kind, object, problems),
        "PersistentVolumeClaim" => claim(object, problems),
        "Ingress" => {
            let spec = j::at(object, "/spec");
            if j::at(spec, "/defaultBackend").is_null() && j::items(spec, "/rules").is_empty() {
                let why = "either `defaultBackend` or `rules` must be specified";
                problems.push(Problem::invalid("spec", spec, why));
            }
        }
        "HorizontalPodAutoscaler" => autoscaler(object, problems),
        "PodDisruptionBudget" => {
            let spec = j::at(object, "/spec");
            if !j::at(spec, "/minAvailable").is_null() && !j::at(spec, "/maxUnavailable").is_null() {
                let why = "minAvailable and maxUnavailable cannot be both set";
                problems.push(Problem::invalid("spec", spec, why));
            }
        }
        "PriorityClass" => {
            let system = j::name(object).starts_with("system-");
            if j::int(object, "/value").is_some_and(|value| value > HIGHEST_PRIORITY) && !system {
                let why = format!("maximum allowed value of a user defined priority is {HIGHEST_PRIORITY}");
                problems.push(Problem::forbidden("value", &why));
            }
        }
        "StorageClass" if j::text(object, "/provisioner").is_empty() => {
            problems.push(Problem::required("provisioner", ""));
        }
        "CustomResourceDefinition" => problems.extend(definition::problems(object)),
        _ => {}
    }
}

fn service(object: &Value, problems: &mut Vec<Problem>) {
    let spec = j::at(object, "/spec");
    let ports = j::items(spec, "/ports");
    let outside = j::text(spec, "/type") == "ExternalName";
    one_of("spec.type".to_owned(), j::at(spec, "/type"), &TYPES, problems);
    if outside && j::text(spec, "/externalName").is_empty() {
        problems.push(Problem::required("spec.externalName", ""));
    }
    if ports.is_empty() && !outside && j::text(spec, "/clusterIP") != "None" {
        problems.push(Problem::required("spec.ports", ""));
    }
    for (index, port) in ports.iter().enumerate() {
        let field = format!("spec.ports[{index}]");
        if ports.len() > 1 && j::text(port, "/name").is_empty() {
            problems.push(Problem::required(format!("{field}.name"), ""));
        }
        in_range(format!("{field}.port"), j::int(port, "/port").unwrap_or(0), problems);
        if let Some(number) = j::int(port, "/targetPort") {
            in_range(format!("{field}.targetPort"), number, problems);
        }
        one_of(format!("{field}.protocol"), j::at(port, "/protocol"), &["SCTP", "TCP", "UDP"], problems);
    }
}

fn files(kind: &str, object: &Value, problems: &mut Vec<Problem>) {
    for part in ["data", "binaryData"] {
        for (key, _) in j::at(object, &format!("/{part}")).as_object().into_iter().flatten() {
            let wrong = words::config_key(key);
            problems.extend(wrong.map(|why| Problem::invalid(format!("{part}[{key}]"), &key.as_str().into(), &why)));
        }
    }
    if kind == "Secret" && j::text(object, "/type") == "kubernetes.io/tls" {
        for key in ["tls.crt", "tls.key"] {
            let there = ["data", "stringData"].iter().any(|part| object.get(*part).and_then(|d| d.get(key)).is_some());
            if !there {
                problems.push(Problem::required(format!("data[{key}]"), ""));
            }
        }
    }
}

fn claim(object: &Value, problems: &mut Vec<Problem>) {
    if j::items(object, "/spec/accessModes").is_empty() {
        problems.push(Problem::required("spec.accessModes", "at least 1 access mode is required"));
    }
    if j::at(object, "/spec/resources/requests/storage").is_null() {
        problems.push(Problem::required("spec.resources[storage]", ""));
    }
}

fn autoscaler(object: &Value, problems: &mut Vec<Problem>) {
    let least = j::int(object, "/spec/minReplicas").unwrap_or(1);
    let most = j::int(object, "/spec/maxReplicas").unwrap_or(0);
    not_negative(object, "/spec/minReplicas", "spec.minReplicas", problems);
    if most < 1 {
        problems.push(Problem::invalid("spec.maxReplicas", &most.into(), "must be greater than 0"));
    } else if most < least {
        let why = "must be greater than or equal to `minReplicas`";
        problems.push(Problem::invalid("spec.maxReplicas", &most.into(), why));
    }
    for member in ["kind", "name"] {
        if j::text(object, &format!("/spec/scaleTargetRef/{member}")).is_empty() {
            problems.push(Problem::required(format!("spec.scaleTargetRef.{member}"), ""));
        }
    }
}
