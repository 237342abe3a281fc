//! The defaults the Kubernetes API reference documents for workload objects.

use serde_json::{Value, json};

use crate::objects::{json as j, kinds::Kind};

/// Which of its templates a daemon set has, which has a member no longer (`pkg/apis/apps/v1/conversion.go`).
const TEMPLATE_GENERATION: &str = "/metadata/annotations/deprecated.daemonset.template.generation";

/// Fills in the documented defaults of an object.
pub(crate) fn apply(kind: &Kind, object: &mut Value) {
    match kind.kind {
        "Pod" => {
            pod_spec(object, "/spec");
            j::put_default(object, "/status", json!({"phase": "Pending", "qosClass": "BestEffort"}));
        }
        "DaemonSet" => {
            template(object);
            j::put_default(object, TEMPLATE_GENERATION, "1".into());
            j::put_default(object, "/spec/revisionHistoryLimit", 10.into());
            j::put_default(object, "/spec/updateStrategy/type", "RollingUpdate".into());
            if j::text(object, "/spec/updateStrategy/type") == "RollingUpdate" {
                j::put_default(object, "/spec/updateStrategy/rollingUpdate/maxSurge", 0.into());
                j::put_default(object, "/spec/updateStrategy/rollingUpdate/maxUnavailable", 1.into());
            }
            j::put_default(
                object,
                "/status",
                json!({"currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0,
                    "numberReady": 0}),
            );
        }
        "Deployment" => {
            template(object);
            j::put_default(object, "/spec/replicas", 1.into());
            j::put_default(object, "/spec/revisionHistoryLimit", 10.into());
            j::put_default(object, "/spec/progressDeadlineSeconds", 600.into());
            j::put_default(object, "/spec/strategy/type", "RollingUpdate".into());
            if j::text(object, "/spec/strategy/type") == "RollingUpdate" {
                j::put_default(object, "/spec/strategy/rollingUpdate/maxSurge", "25%".into());
                j::put_default(object, "/spec/strategy/rollingUpdate/maxUnavailable", "25%".into());
            }
            j::put_default(object, "/status", json!({}));
        }
        "ReplicaSet" | "ReplicationController" => {
            template(object);
            j::put_default(object, "/spec/replicas", 1.into());
            j::put_default(object, "/status", json!({"replicas": 0}));
        }
        "StatefulSet" => {
            template(object);
            j::put_default(object, "/spec/replicas", 1.into());
            j::put_default(object, "/spec/revisionHistoryLimit", 10.into());
            j::put_default(object, "/spec/podManagementPolicy", "OrderedReady".into());
            j::put_default(object, "/spec/updateStrategy/type", "RollingUpdate".into());
            if j::text(object, "/spec/updateStrategy/type") == "RollingUpdate" {
                j::put_default(object, "/spec/updateStrategy/rollingUpdate/partition", 0.into());
            }
            for when in ["Deleted", "Scaled"] {
                let at = format!("/spec/persistentVolumeClaimRetentionPolicy/when{when}");
                j::put_default(object, &at, "Retain".into());
            }
            j::put_default(object, "/status", json!({"replicas": 0, "availableReplicas": 0}));
        }
        "Job" => {
            label_job(object);
            template(object);
            // As many as run at once do where that is all that is said.
            if j::at(object, "/spec/parallelism").is_null() {
                j::put_default(object, "/spec/completions", 1.into());
            }
            j::put_default(object, "/spec/parallelism", 1.into());
            j::put_default(object, "/spec/backoffLimit", 6.into());
            j::put_default(object, "/spec/suspend", false.into());
            j::put_default(object, "/spec/completionMode", "NonIndexed".into());
            j::put_default(object, "/status", json!({}));
        }
        _ => other(kind, object),
    }
}

/// The defaults of what makes no pods.
fn other(kind: &Kind, object: &mut Value) {
    match kind.kind {
        "Namespace" => {
            let name = j::name(object).to_owned();
            j::put(object, "/metadata/labels/kubernetes.io~1metadata.name", name.into());
            j::put_default(object, "/spec/finalizers", json!(["kubernetes"]));
            j::put(object, "/status", json!({"phase": "Active"}));
        }
        "PodDisruptionBudget" => {
            let none = json!({"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0});
            j::put_default(object, "/status", none);
        }
        "CronJob" => {
            for (at, value) in [
                ("/spec/concurrencyPolicy", json!("Allow")),
                ("/spec/suspend", json!(false)),
                ("/spec/successfulJobsHistoryLimit", json!(3)),
                ("/spec/failedJobsHistoryLimit", json!(1)),
                ("/status", json!({})),
            ] {
                j::put_default(object, at, value);
            }
            pod_spec(object, "/spec/jobTemplate/spec/template/spec");
        }
        "PersistentVolumeClaim" => {
            j::put_default(object, "/spec/volumeMode", "Filesystem".into());
            j::put_default(object, "/status", json!({"phase": "Pending"}));
        }
        "StorageClass" => {
            j::put_default(object, "/reclaimPolicy", "Delete".into());
            j::put_default(object, "/volumeBindingMode", "Immediate".into());
        }
        "PriorityClass" => j::put_default(object, "/preemptionPolicy", "PreemptLowerPriority".into()),
        "HorizontalPodAutoscaler" => {
            j::put_default(object, "/spec/minReplicas", 1.into());
            j::put_default(object, "/status", json!({"currentMetrics": null, "desiredReplicas": 0}));
        }
        "RoleBinding" | "ClusterRoleBinding" => binding(object),
        "Service" => service(object),
        "Secret" => secret(object),
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => webhooks(object),
        _ => {}
    }
}

/// Keeps what the API server once gave and a replacement leaves out.
pub(crate) fn keep(kind: &Kind, old: &Value, new: &mut Value) {
    let kept: &[&str] = match kind.kind {
        "Service" => &["/spec/clusterIP", "/spec/clusterIPs"],
        "PersistentVolumeClaim" => &["/spec/volumeName"],
        "Job" => &["/spec/selector"],
        _ => &[],
    };
    if kind.kind == "DaemonSet" {
        let before = j::text(old, TEMPLATE_GENERATION).parse::<u64>().unwrap_or(1);
        let changed = j::at(old, "/spec/template") != j::at(new, "/spec/template");
        j::put(new, TEMPLATE_GENERATION, (before + u64::from(changed)).to_string().into());
    }
    for at in kept {
        let value = j::at(old, at);
        if !value.is_null() && j::text(new, "/spec/type") != "ExternalName" {
            j::put_default(new, at, value.clone());
        }
    }
}

/// The selector and labels the API server gives a job without its own.
fn label_job(job: &mut Value) {
    if !j::at(job, "/spec/selector").is_null() {
        return;
    }
    let (uid, name) = (j::uid(job).to_owned(), j::name(job).to_owned());
    j::put(job, "/spec/selector/matchLabels/batch.kubernetes.io~1controller-uid", uid.as_str().into());
    for (key, value) in [
        ("batch.kubernetes.io~1controller-uid", &uid),
        ("batch.kubernetes.io~1job-name", &name),
        ("controller-uid", &uid),
        ("job-name", &name),
    ] {
        let pointer = format!("/spec/template/metadata/labels/{key}");
        j::put(job, &pointer, value.as_str().into());
    }
}

fn template(object: &mut Value) {
    pod_spec(object, "/spec/template/spec");
    if j::at(object, "/spec/template/metadata").is_null() {
        j::put(object, "/spec/template/metadata", json!({}));
    }
}

fn pod_spec(object: &mut Value, at: &str) {
    let mut spec = j::at(object, at).clone();
    j::put_default(&mut spec, "/restartPolicy", "Always".into());
    j::put_default(&mut spec, "/terminationGracePeriodSeconds", 30.into());
    j::put_default(&mut spec, "/dnsPolicy", "ClusterFirst".into());
    j::put_default(&mut spec, "/schedulerName", "default-scheduler".into());
    j::put_default(&mut spec, "/securityContext", json!({}));
    // Either spelling of the service account sets the other (API reference: the
    // short one is a deprecated alias).
    let account = j::text(&spec, "/serviceAccountName").to_owned();
    let alias = j::text(&spec, "/serviceAccount").to_owned();
    if account.is_empty() && !alias.is_empty() {
        j::put(&mut spec, "/serviceAccountName", alias.into());
    } else if !account.is_empty() {
        j::put(&mut spec, "/serviceAccount", account.into());
    }
    for list in ["containers", "initContainers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            container_defaults(container);
        }
    }
    for volume in spec.get_mut("volumes").and_then(Value::as_array_mut).into_iter().flatten() {
        volume_defaults(volume);
    }
    j::put(object, at, spec);
}

fn container_defaults(container: &mut Value) {
    let image = j::text(container, "/image");
    let last = image.rsplit('/').next().unwrap_or(image);
    let floating = !last.contains('@') && (!last.contains(':') || last.ends_with(":latest"));
    let policy = if floating { "Always" } else { "IfNotPresent" };
    j::put_default(container, "/imagePullPolicy", policy.into());
    j::put_default(container, "/resources", json!({}));
    j::put_default(container, "/terminationMessagePath", "/dev/termination-log".into());
    j::put_default(container, "/terminationMessagePolicy", "File".into());
    for port in container.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        j::put_default(port, "/protocol", "TCP".into());
    }
}

/// Mode bits of projected files, 0644 (API reference).
const DEFAULT_MODE: i64 = 0o644;
/// Lifetime of a projected token unless stated, seconds (API reference).
const PROJECTED_TOKEN_SECONDS: i64 = 3600;

fn volume_defaults(volume: &mut Value) {
    // A volume that names no source is an empty folder.
    if volume.as_object().is_some_and(|members| members.len() == 1) {
        j::put(volume, "/emptyDir", json!({}));
    }
    for source in ["projected", "configMap", "secret", "downwardAPI"] {
        if !j::at(volume, &format!("/{source}")).is_null() {
            j::put_default(volume, &format!("/{source}/defaultMode"), DEFAULT_MODE.into());
        }
    }
    let sources = volume.pointer_mut("/projected/sources").and_then(Value::as_array_mut);
    for source in sources.into_iter().flatten() {
        if !j::at(source, "/serviceAccountToken").is_null() {
            j::put_default(source, "/serviceAccountToken/expirationSeconds", PROJECTED_TOKEN_SECONDS.into());
        }
    }
}

/// Groups of who and what is bound.
fn binding(object: &mut Value) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    j::put_default(object, "/roleRef/apiGroup", GROUP.into());
    for subject in object.get_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten() {
        if matches!(j::text(subject, "/kind"), "User" | "Group") {
            j::put_default(subject, "/apiGroup", GROUP.into());
        }
    }
}

fn service(object: &mut Value) {
    j::put_default(object, "/spec/type", "ClusterIP".into());
    j::put_default(object, "/spec/sessionAffinity", "None".into());
    if j::text(object, "/spec/clusterIP").is_empty() && j::text(object, "/spec/type") != "ExternalName" {
        let [a, b] = crate::objects::names::random::<2>();
        let address = format!("10.100.{a}.{}", b.max(1));
        j::put(object, "/spec/clusterIP", address.as_str().into());
        j::put(object, "/spec/clusterIPs", json!([address]));
    }
    if j::text(object, "/spec/type") != "ExternalName" {
        j::put_default(object, "/spec/internalTrafficPolicy", "Cluster".into());
        j::put_default(object, "/spec/ipFamilies", json!(["IPv4"]));
        j::put_default(object, "/spec/ipFamilyPolicy", "SingleStack".into());
    }
    if matches!(j::text(object, "/spec/type"), "NodePort" | "LoadBalancer") {
        j::put_default(object, "/spec/externalTrafficPolicy", "Cluster".into());
    }
    let ports = object.pointer_mut("/spec/ports").and_then(Value::as_array_mut);
    for port in ports.into_iter().flatten() {
        j::put_default(port, "/protocol", "TCP".into());
        let number = j::at(port, "/port").clone();
        j::put_default(port, "/targetPort", number);
    }
    j::put_default(object, "/status", json!({"loadBalancer": {}}));
}

fn secret(object: &mut Value) {
    use base64::{Engine, engine::general_purpose::STANDARD};
    j::put_default(object, "/type", "Opaque".into());
    let plain = j::remove(object, "/stringData");
    for (name, value) in plain.iter().filter_map(Value::as_object).flatten() {
        let data = STANDARD.encode(value.as_str().unwrap_or(""));
        j::object(j::object(object).entry("data").or_insert(Value::Null)).insert(name.clone(), data.into());
    }
}

fn webhooks(object: &mut Value) {
    let hooks = object.get_mut("webhooks").and_then(Value::as_array_mut);
    for hook in hooks.into_iter().flatten() {
        j::put_default(hook, "/failurePolicy", "Fail".into());
        j::put_default(hook, "/matchPolicy", "Equivalent".into());
        j::put_default(hook, "/timeoutSeconds", 10.into());
        j::put_default(hook, "/reinvocationPolicy", "Never".into());
        j::put_default(hook, "/namespaceSelector", json!({}));
        j::put_default(hook, "/objectSelector", json!({}));
        if !j::at(hook, "/clientConfig/service").is_null() {
            j::put_default(hook, "/clientConfig/service/port", 443.into());
        }
        for rule in hook.get_mut("rules").and_then(Value::as_array_mut).into_iter().flatten() {
            j::put_default(rule, "/scope", "*".into());
        }
    }
}
