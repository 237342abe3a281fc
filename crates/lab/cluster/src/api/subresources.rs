//! Subresources with a shape of their own: token, scale, eviction, binding.

use serde_json::{Value, json};

use crate::{
    api::{
        eviction,
        patched::patched,
        reply::{Reply, json_reply},
        request::{Call, Target},
        shared::Shared,
        token,
    },
    objects::{errors::ApiError, json as j},
};

/// Dispatches a call on a subresource.
pub(crate) async fn handle(shared: &Shared, call: &Call, target: &Target, body: Value) -> Result<Reply, ApiError> {
    if !target.kind.subresources.contains(&target.subresource.as_str()) {
        return Err(ApiError::no_such_path());
    }
    match (target.subresource.as_str(), call.method.as_str()) {
        ("token", "POST") => token::request(shared, target, &body),
        ("scale", _) => scale(shared, call, target, body).await,
        ("eviction", "POST") => {
            eviction::evict(&shared.store, &target.key()?, &body, call.dry_run())?;
            Ok(json_reply(201, &success()))
        }
        ("binding", "POST") => {
            let node = j::text(&body, "/target/name").to_owned();
            shared.store.update(&target.key()?, |pod| {
                j::put(pod, "/spec/nodeName", node.into());
            })?;
            Ok(json_reply(201, &success()))
        }
        _ => Err(ApiError::method_not_allowed()),
    }
}

fn success() -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201})
}

/// The `Scale` of a workload.
fn scale_of(object: &Value) -> Value {
    let selector: Vec<String> = j::at(object, "/spec/selector/matchLabels")
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or("")))
        .collect();
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": j::name(object), "namespace": j::namespace(object), "uid": j::uid(object),
            "resourceVersion": j::text(object, "/metadata/resourceVersion"),
            "creationTimestamp": j::text(object, "/metadata/creationTimestamp"),
        },
        "spec": {"replicas": j::int(object, "/spec/replicas").unwrap_or(0)},
        "status": {
            "replicas": j::int(object, "/status/replicas").unwrap_or(0),
            "selector": selector.join(","),
        },
    })
}

async fn scale(shared: &Shared, call: &Call, target: &Target, body: Value) -> Result<Reply, ApiError> {
    let key = target.key()?;
    if call.method == http::Method::GET {
        let object = shared.store.get(&key).ok_or_else(|| ApiError::not_found(&key.gvr, &key.name))?;
        return Ok(json_reply(200, &scale_of(&object)));
    }
    let manager = call.manager();
    let writer = call.writer(&manager, call.dry_run());
    let object = shared
        .pipeline
        .update_as(target.kind, &key, "scale", &writer, |old| {
            let scale = if call.method == http::Method::PUT {
                body.clone()
            } else {
                patched(call, &scale_of(old), &body, target.kind)?
            };
            let mut new = old.clone();
            let version = j::at(&scale, "/metadata/resourceVersion").clone();
            j::put(&mut new, "/metadata/resourceVersion", version);
            let replicas = j::int(&scale, "/spec/replicas").unwrap_or(0);
            if replicas < 0 {
                return Err(ApiError::invalid(
                    "Scale",
                    "autoscaling",
                    &key.name,
                    "spec.replicas",
                    &format!("Invalid value: {replicas}: must be greater than or equal to 0"),
                ));
            }
            j::put(&mut new, "/spec/replicas", replicas.into());
            Ok(new)
        })
        .await?;
    Ok(json_reply(200, &scale_of(&object)))
}
