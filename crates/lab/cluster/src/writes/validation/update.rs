//! Members that may not change.

use serde_json::Value;

use crate::objects::{json as j, kinds::Kind, problems::Problem};

/// Checks a change by the object's kind.
pub(super) fn check(kind: &Kind, old: &Value, new: &Value, problems: &mut Vec<Problem>) {
    let mut fixed = |at: &str| {
        if j::at(old, at) != j::at(new, at) {
            let field = at.trim_start_matches('/').replace('/', ".");
            problems.push(Problem::immutable(field, j::at(new, at)));
        }
    };
    match kind.kind {
        "DaemonSet" | "Deployment" | "ReplicaSet" => fixed("/spec/selector"),
        "Job" => {
            for at in ["/spec/completions", "/spec/selector", "/spec/template", "/spec/completionMode"] {
                fixed(at);
            }
        }
        "StatefulSet" => stateful(old, new, problems),
        "Pod" => pod(old, new, problems),
        "ConfigMap" | "Secret" => {
            if kind.kind == "Secret" {
                fixed("/type");
            }
            sealed(old, new, problems);
        }
        "Service" => {
            let (before, after) = (j::at(old, "/spec/clusterIP"), j::at(new, "/spec/clusterIP"));
            let outside = |service: &Value| j::text(service, "/spec/type") == "ExternalName";
            if before != after && !outside(old) && !outside(new) {
                let value = serde_json::json!([after]);
                problems.push(Problem::invalid("spec.clusterIPs[0]", &value, "may not change once set"));
            }
        }
        "RoleBinding" | "ClusterRoleBinding" if j::at(old, "/roleRef") != j::at(new, "/roleRef") => {
            problems.push(Problem::invalid("roleRef", j::at(new, "/roleRef"), "cannot change roleRef"));
        }
        "PersistentVolumeClaim" => claim(old, new, problems),
        "StorageClass" => {
            for member in ["parameters", "provisioner"] {
                if old.get(member) != new.get(member) {
                    problems.push(Problem::forbidden(member, &format!("updates to {member} are forbidden.")));
                }
            }
            for member in ["reclaimPolicy", "volumeBindingMode"] {
                if old.get(member) != new.get(member) {
                    problems.push(Problem::immutable(member, new.get(member).unwrap_or(&Value::Null)));
                }
            }
        }
        "PriorityClass" if old.get("value") != new.get("value") => {
            problems.push(Problem::forbidden("value", "may not be changed in an update."));
        }
        "IngressClass" => fixed("/spec/controller"),
        "CustomResourceDefinition" => {
            for at in ["/spec/group", "/spec/scope", "/spec/names/kind", "/spec/names/plural"] {
                fixed(at);
            }
        }
        _ => {}
    }
}

/// A config map or secret that says that it does not change.
fn sealed(old: &Value, new: &Value, problems: &mut Vec<Problem>) {
    if j::at(old, "/immutable") != true {
        return;
    }
    for member in ["immutable", "data", "binaryData"] {
        if old.get(member) != new.get(member) {
            problems.push(Problem::forbidden(member, "field is immutable when `immutable` is set"));
        }
    }
}

fn stateful(old: &Value, new: &Value, problems: &mut Vec<Problem>) {
    const FREE: [&str; 7] = [
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    ];
    let rest = |set: &Value| {
        let mut spec = j::at(set, "/spec").clone();
        for member in FREE {
            j::remove(&mut spec, &format!("/{member}"));
        }
        spec
    };
    if rest(old) != rest(new) {
        problems.push(Problem::forbidden(
            "spec",
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', \
             'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        ));
    }
}

fn claim(old: &Value, new: &Value, problems: &mut Vec<Problem>) {
    let rest = |claim: &Value| {
        let mut spec = j::at(claim, "/spec").clone();
        for member in ["/resources/requests", "/volumeAttributesClassName", "/volumeName"] {
            j::remove(&mut spec, member);
        }
        spec
    };
    if rest(old) != rest(new) {
        problems.push(Problem::forbidden(
            "spec",
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
        ));
    }
}

/// Containers that `kubectl debug` adds: those that are there stay as they are, and a new one has name and image.
pub(super) fn ephemeral(old: &Value, new: &Value, problems: &mut Vec<Problem>) {
    const LIST: &str = "/spec/ephemeralContainers";
    let named = |list: &[Value], name: &str| list.iter().find(|c| j::text(c, "/name") == name).cloned();
    for container in j::items(old, LIST) {
        let name = j::text(container, "/name");
        if named(j::items(new, LIST), name).as_ref() != Some(container) {
            let why = format!("existing ephemeral containers \"{name}\" may not be changed\n");
            problems.push(Problem::forbidden("spec.ephemeralContainers", &why));
        }
    }
    let mut taken: Vec<&str> = ["/spec/containers", "/spec/initContainers"]
        .iter()
        .flat_map(|list| j::items(new, list))
        .map(|c| j::text(c, "/name"))
        .collect();
    for (index, container) in j::items(new, LIST).iter().enumerate() {
        let field = |member: &str| format!("spec.ephemeralContainers[{index}].{member}");
        let name = j::text(container, "/name");
        if name.is_empty() {
            problems.push(Problem::required(field("name"), ""));
        } else if taken.contains(&name) {
            problems.push(Problem::duplicate(field("name"), &name.into()));
        }
        if j::text(container, "/image").is_empty() {
            problems.push(Problem::required(field("image"), ""));
        }
        taken.push(name);
    }
}

/// A pod's spec is fixed but for a few members (API reference, "Pod update and replacement").
fn pod(old: &Value, new: &Value, problems: &mut Vec<Problem>) {
    let fixed = |pod: &Value| {
        let mut spec = j::at(pod, "/spec").clone();
        for member in ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"] {
            j::remove(&mut spec, &format!("/{member}"));
        }
        for list in ["containers", "initContainers"] {
            for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                j::remove(container, "/image");
            }
        }
        spec
    };
    if fixed(old) == fixed(new) {
        return;
    }
    problems.push(Problem::forbidden(
        "spec",
        "pod updates may not change fields other than \
         `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` \
         (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if \
         it was previously negative)",
    ));
}
