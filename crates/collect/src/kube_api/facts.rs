//! Facts from Kubernetes JSON. A member that is missing or odd yields the field's default:
//! the API server has validated what it stores, and what it omits is its own default.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use trustwalk_core::evidence::{
    Container, ContainerRun, EnvFrom, EnvVar, FieldWriter, Injects, Pod, PodSpec, ROLE_ANNOTATION, ServiceAccount,
    TokenVolume, Webhook, WebhookRule, Workload, kept,
};
use trustwalk_x509::Certificate;

use super::aws_files::{self, Mounts};
use super::network::network_policy;
use super::values::{array, int, map, moment, opt, text, time};
use super::webhook_ca;

/// A controller, or a pod standing for itself.
pub fn workload(kind: &str, v: &Value) -> Workload {
    let template = match kind {
        "Pod" => v,
        "CronJob" => v.pointer("/spec/jobTemplate/spec/template").unwrap_or(&Value::Null),
        _ => v.pointer("/spec/template").unwrap_or(&Value::Null),
    };
    let (desired, ready) = match kind {
        "DaemonSet" => (int(v, "/status/desiredNumberScheduled"), int(v, "/status/numberReady")),
        "Pod" => {
            (i64::from(!matches!(text(v, "/status/phase").as_str(), "Succeeded" | "Failed")), i64::from(is_ready(v)))
        }
        "Job" => (int(v, "/status/active"), int(v, "/status/ready")),
        // Between its times it wants none; while one runs, its pods tell.
        "CronJob" => (0, 0),
        _ => (v.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1), int(v, "/status/readyReplicas")),
    };
    Workload {
        kind: kind.to_owned(),
        namespace: text(v, "/metadata/namespace"),
        name: text(v, "/metadata/name"),
        created: time(v, "/metadata/creationTimestamp"),
        template: pod_spec(template),
        selector: selector_of_workload(v),
        desired,
        ready,
        annotations: kept::annotations(map(v, "/metadata/annotations")),
        labels: kept::labels(map(v, "/metadata/labels")),
        managers: managers(v),
        paused: v.pointer("/spec/paused").and_then(Value::as_bool).unwrap_or(false),
        on_delete: text(v, "/spec/updateStrategy/type") == "OnDelete",
        recreates: kind == "Deployment" && text(v, "/spec/strategy/type") == "Recreate",
        partition: int(v, "/spec/updateStrategy/rollingUpdate/partition"),
        in_order: kind == "StatefulSet" && text(v, "/spec/podManagementPolicy") != "Parallel",
    }
}

/// Whether another object made this one and keeps it as it should be.
pub(super) fn is_controlled(v: &Value) -> bool {
    array(v, "/metadata/ownerReferences").any(|o| o.get("controller").and_then(Value::as_bool) == Some(true))
}

/// Whether a job has done its work.
pub(super) fn is_complete(job: &Value) -> bool {
    has_condition(job, "Complete")
}

/// The web-identity side of a pod or pod template.
pub fn pod_spec(v: &Value) -> PodSpec {
    let pod_user = v.pointer("/spec/securityContext/runAsUser").and_then(Value::as_i64);
    let pod_group = v.pointer("/spec/securityContext/runAsGroup").and_then(Value::as_i64);
    let mounts = Mounts::of(v);
    let pod_non_root = v.pointer("/spec/securityContext/runAsNonRoot").and_then(Value::as_bool);
    let read = |c: &Value, init: bool| Container {
        name: text(c, "/name"),
        image: text(c, "/image"),
        init,
        sidecar: init && c.pointer("/restartPolicy").and_then(Value::as_str) == Some("Always"),
        env: array(c, "/env").map(env_var).collect(),
        env_from: array(c, "/envFrom").filter_map(env_from).collect(),
        aws_files: aws_files::named(c, &mounts),
        run_as_group: c.pointer("/securityContext/runAsGroup").and_then(Value::as_i64).or(pod_group),
        mounts: array(c, "/volumeMounts").map(|m| (text(m, "/name"), text(m, "/mountPath"))).collect(),
        run_as_user: c.pointer("/securityContext/runAsUser").and_then(Value::as_i64).or(pod_user),
        run_as_non_root: c.pointer("/securityContext/runAsNonRoot").and_then(Value::as_bool).or(pod_non_root),
    };
    let containers = array(v, "/spec/containers").map(|c| read(c, false));
    let init = array(v, "/spec/initContainers").map(|c| read(c, true));
    let name = text(v, "/spec/serviceAccountName");
    PodSpec {
        service_account: if name.is_empty() { "default".to_owned() } else { name },
        containers: containers.chain(init).collect(),
        token_volumes: token_volumes(v),
        fs_group: v.pointer("/spec/securityContext/fsGroup").and_then(Value::as_i64),
        automount: v.pointer("/spec/automountServiceAccountToken").and_then(Value::as_bool),
        host_network: v.pointer("/spec/hostNetwork").and_then(Value::as_bool).unwrap_or(false),
        annotations: kept::annotations(map(v, "/metadata/annotations")),
        labels: map(v, "/metadata/labels"),
    }
}

fn token_volumes(v: &Value) -> Vec<TokenVolume> {
    array(v, "/spec/volumes")
        .flat_map(|volume| {
            array(volume, "/projected/sources").filter_map(move |s| s.get("serviceAccountToken")).map(move |t| {
                TokenVolume {
                    name: text(volume, "/name"),
                    audience: text(t, "/audience"),
                    expiration_seconds: t.get("expirationSeconds").and_then(Value::as_i64).unwrap_or(3600),
                    path: text(t, "/path"),
                }
            })
        })
        .collect()
}

fn env_var(v: &Value) -> EnvVar {
    let from = [("secretKeyRef", "secret"), ("configMapKeyRef", "configmap"), ("fieldRef", "field")]
        .into_iter()
        .find_map(|(member, word)| {
            let r = v.pointer(&format!("/valueFrom/{member}"))?;
            Some(format!("{word} {}/{}", text(r, "/name"), [text(r, "/key"), text(r, "/fieldPath")].concat()))
        });
    // The API server leaves an empty value out (Kubernetes API reference, `EnvVar`: `value` defaults to "").
    let value = opt(v, "/value").or_else(|| v.get("valueFrom").is_none().then(String::new));
    EnvVar::new(text(v, "/name"), value, from)
}

fn env_from(v: &Value) -> Option<EnvFrom> {
    let (secret, name) = match (v.pointer("/secretRef/name"), v.pointer("/configMapRef/name")) {
        (Some(name), _) => (true, name),
        (None, Some(name)) => (false, name),
        (None, None) => return None,
    };
    Some(EnvFrom { secret, name: name.as_str()?.to_owned(), prefix: text(v, "/prefix") })
}

/// What one container did.
fn run(v: &Value) -> ContainerRun {
    let state = |name: &str| opt(v, &format!("/state/{name}/reason"));
    // A container that ended for good tells its only run under `state`, one that was restarted under `lastState`.
    let ended = ["/lastState/terminated", "/state/terminated"].into_iter().find_map(|p| v.pointer(p));
    let ended = ended.unwrap_or(&Value::Null);
    ContainerRun {
        name: text(v, "/name"),
        ready: v.get("ready").and_then(Value::as_bool).unwrap_or(false),
        restarts: int(v, "/restartCount"),
        started: moment(v, "/state/running/startedAt"),
        reason: state("waiting").or_else(|| state("terminated")),
        last_started: moment(ended, "/startedAt"),
        last_ended: moment(ended, "/finishedAt"),
        last_reason: opt(ended, "/reason"),
        last_exit: ended.get("exitCode").and_then(Value::as_i64),
    }
}

/// Whether a pod is Ready.
pub(super) fn is_ready(pod: &Value) -> bool {
    has_condition(pod, "Ready")
}

fn has_condition(v: &Value, kind: &str) -> bool {
    array(v, "/status/conditions").any(|c| {
        c.get("type").and_then(Value::as_str) == Some(kind) && c.get("status").and_then(Value::as_str) == Some("True")
    })
}

/// A pod.
pub fn pod(v: &Value) -> Pod {
    let statuses = || array(v, "/status/containerStatuses").chain(array(v, "/status/initContainerStatuses"));
    let reason = statuses()
        .find_map(|s| {
            opt(s, "/state/waiting/reason").or_else(|| opt(s, "/state/terminated/reason").filter(|r| r != "Completed"))
        })
        .or_else(|| opt(v, "/status/reason"));
    Pod {
        uid: text(v, "/metadata/uid"),
        created: time(v, "/metadata/creationTimestamp"),
        phase: text(v, "/status/phase"),
        ready: is_ready(v),
        restarts: statuses().map(|s| int(s, "/restartCount")).fold(0, i64::saturating_add),
        reason,
        node: opt(v, "/spec/nodeName"),
        os: opt(v, "/spec/os/name").or_else(|| opt(v, "/spec/nodeSelector/kubernetes.io~1os")),
        spec: pod_spec(v),
        name: text(v, "/metadata/name"),
        started: moment(v, "/status/startTime"),
        runs: statuses().map(run).collect(),
        leaving: moment(v, "/metadata/deletionTimestamp").is_some(),
    }
}

/// Annotations that the webhook reads.
const OURS: &str = "eks.amazonaws.com/";

/// Who wrote last which of an object's annotations that the webhook reads. The time is that of the manager's last write
/// of any of its fields (Kubernetes API reference, `ManagedFieldsEntry`).
fn writers(v: &Value) -> BTreeMap<String, FieldWriter> {
    let mut all: BTreeMap<String, FieldWriter> = BTreeMap::new();
    for entry in array(v, "/metadata/managedFields") {
        let writer = FieldWriter { manager: text(entry, "/manager"), at: time(entry, "/time") };
        let annotations = entry.pointer("/fieldsV1/f:metadata/f:annotations").and_then(Value::as_object);
        let names = annotations.into_iter().flatten().filter_map(|(field, _)| field.strip_prefix("f:"));
        for name in names.filter(|name| name.starts_with(OURS)) {
            let last = all.entry(name.to_owned()).or_insert_with(|| writer.clone());
            if last.at <= writer.at {
                last.clone_from(&writer);
            }
        }
    }
    all
}

/// Everybody who writes on an object, each once.
fn managers(v: &Value) -> Vec<String> {
    let all = array(v, "/metadata/managedFields").map(|entry| text(entry, "/manager"));
    all.filter(|m| !m.is_empty()).collect::<BTreeSet<_>>().into_iter().collect()
}

/// A service account, with who wrote its role annotation.
pub fn service_account(v: &Value) -> ServiceAccount {
    let written_by = writers(v);
    ServiceAccount {
        namespace: text(v, "/metadata/namespace"),
        name: text(v, "/metadata/name"),
        uid: text(v, "/metadata/uid"),
        created: time(v, "/metadata/creationTimestamp"),
        annotations: kept::annotations(map(v, "/metadata/annotations")),
        role_written_by: written_by.get(ROLE_ANNOTATION).cloned(),
        written_by,
        labels: kept::labels(map(v, "/metadata/labels")),
        managers: managers(v),
        automount: v.get("automountServiceAccountToken").and_then(Value::as_bool),
    }
}

/// A webhook, and what the API server trusts it by.
pub(super) struct Registered {
    /// The webhook.
    pub(super) hook: Webhook,
    /// The certificates of its `caBundle`.
    pub(super) trusted: Vec<Certificate>,
}

/// Webhooks that may inject identity: those that are called so, and all that the API server calls for new pods but
/// those that are known to do something else.
pub(super) fn webhooks(configuration: &Value) -> Vec<Registered> {
    array(configuration, "/webhooks")
        .map(|hook| {
            let trusted = webhook_ca::certificates(&text(hook, "/clientConfig/caBundle"));
            Registered { hook: webhook(configuration, hook, &trusted), trusted }
        })
        .filter(|one| match one.hook.injects() {
            Injects::Yes | Injects::Maybe => true,
            Injects::Unknown => one.hook.rules.iter().any(WebhookRule::is_for_new_pods),
            Injects::No => false,
        })
        .collect()
}

fn webhook(configuration: &Value, hook: &Value, trusted: &[Certificate]) -> Webhook {
    let endpoint = match hook.pointer("/clientConfig/service") {
        Some(s) => format!(
            "service {}/{}:{}",
            text(s, "/namespace"),
            text(s, "/name"),
            s.get("port").and_then(Value::as_i64).unwrap_or(443)
        ),
        None => text(hook, "/clientConfig/url"),
    };
    let excludes = ["namespaceSelector", "objectSelector"]
        .into_iter()
        .filter_map(|which| {
            let selector = hook.get(which)?;
            let empty = selector.as_object().is_none_or(serde_json::Map::is_empty);
            (!empty).then(|| format!("{which} {selector}"))
        })
        .collect();
    Webhook {
        configuration: text(configuration, "/metadata/name"),
        name: text(hook, "/name"),
        failure_policy: text(hook, "/failurePolicy"),
        endpoint,
        path: text(hook, "/clientConfig/service/path"),
        ca_sha256: webhook_ca::fingerprints(trusted),
        ca_bundle: text(hook, "/clientConfig/caBundle"),
        authority: None,
        ca_verifies: None,
        served_sha256: Vec::new(),
        served_issuer: None,
        review_versions: array(hook, "/admissionReviewVersions").filter_map(Value::as_str).map(str::to_owned).collect(),
        excludes,
        ready_endpoints: None,
        image: None,
        created: time(configuration, "/metadata/creationTimestamp"),
        written_by: array(configuration, "/metadata/managedFields")
            .filter(|m| m.pointer("/fieldsV1/f:webhooks").is_some())
            .map(|m| FieldWriter { manager: text(m, "/manager"), at: time(m, "/time") })
            .max_by_key(|w| w.at),
        reinvocation_policy: text(hook, "/reinvocationPolicy"),
        timeout: int(hook, "/timeoutSeconds"),
        conditions: array(hook, "/matchConditions")
            .map(|c| format!("{}: {}", text(c, "/name"), text(c, "/expression")))
            .collect(),
        rules: array(hook, "/rules").map(rule).collect(),
    }
}

fn rule(of: &Value) -> WebhookRule {
    let listed = |at: &str| array(of, at).filter_map(Value::as_str).map(str::to_owned).collect();
    WebhookRule {
        operations: listed("/operations"),
        groups: listed("/apiGroups"),
        versions: listed("/apiVersions"),
        resources: listed("/resources"),
        scope: text(of, "/scope"),
    }
}

/// The secrets that a pod mounts, each once.
pub(super) fn mounted_secrets(pod: &Value) -> Vec<String> {
    let volumes = || array(pod, "/spec/volumes");
    let plain = volumes().filter_map(|v| opt(v, "/secret/secretName"));
    let projected = volumes().flat_map(|v| array(v, "/projected/sources")).filter_map(|s| opt(s, "/secret/name"));
    plain.chain(projected).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The pod's port that a service's port leads to: a number, or the name a container gives it
/// (Kubernetes documentation, "Service", `targetPort`).
pub(super) fn target_port(service: &Value, port: i64, pod: &Value) -> Option<u16> {
    let own = array(service, "/spec/ports").find(|p| int(p, "/port") == port)?;
    let number = match own.get("targetPort") {
        Some(Value::String(name)) => array(pod, "/spec/containers")
            .flat_map(|c| array(c, "/ports"))
            .find(|p| text(p, "/name") == *name)
            .map(|p| int(p, "/containerPort"))?,
        Some(number) => number.as_i64()?,
        None => port,
    };
    u16::try_from(number).ok().filter(|n| *n != 0)
}

/// `a=b,c=d` of a service's selector.
pub(super) fn selector_of_service(v: &Value) -> String {
    map(v, "/spec/selector").iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(",")
}

/// `a=b,c in (d,e)` of a controller's selector.
pub(super) fn selector_of_workload(v: &Value) -> String {
    let mut parts: Vec<String> = map(v, "/spec/selector/matchLabels").iter().map(|(k, v)| format!("{k}={v}")).collect();
    for e in array(v, "/spec/selector/matchExpressions") {
        let values = array(e, "/values").filter_map(Value::as_str).collect::<Vec<_>>().join(",");
        let key = text(e, "/key");
        parts.push(match text(e, "/operator").as_str() {
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key,
            "DoesNotExist" => format!("!{key}"),
            _ => format!("{key} in ({values})"),
        });
    }
    parts.join(",")
}

/// Every other fact, for the fuzz targets.
pub(crate) fn further(object: &Value, template: &PodSpec) {
    let _ = (is_controlled(object), is_complete(object), is_ready(object));
    let _ = (network_policy(object).taking_in(template), webhooks(object).len());
    let _ = (target_port(object, 443, object), selector_of_service(object), selector_of_workload(object));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_without_a_value_is_empty_and_one_from_elsewhere_is_not() {
        let read = |v: Value| env_var(&v);
        let name = "AWS_ACCESS_KEY_ID";
        let bare = read(serde_json::json!({"name": name}));
        assert_eq!((bare.value(), bare.origin()), (Some(""), None));
        let from = serde_json::json!({"name": name, "valueFrom": {"secretKeyRef": {"name": "keys", "key": "id"}}});
        assert_eq!((read(from.clone()).value(), read(from).origin()), (None, Some("secret keys/id")));
        let literal = read(serde_json::json!({"name": name, "value": "canary"}));
        assert_eq!(literal.value(), None);
    }
}
