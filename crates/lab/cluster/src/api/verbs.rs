//! The verbs on resources: get, list, watch, create, update, patch, delete.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hyper::{Request, body::Incoming};
use serde_json::{Value, json};

use crate::{
    api::{
        decoding::{self, decoded, warned},
        forms::{self, partial, typed},
        logs, metrics, options,
        patched::patched,
        port_forward,
        reply::{Reply, json_reply},
        request::{Call, Target, read_body, settle_namespace},
        reviews,
        shared::Shared,
        streams, subresources, tables, watch,
    },
    objects::{address::Key, errors::ApiError, json as j, patch::apply},
    store::{Place, Seen},
    writes::pipeline::Writer,
};

/// Dispatches an allowed request.
pub(crate) async fn handle(
    shared: &Arc<Shared>,
    call: Call,
    target: Target,
    request: Request<Incoming>,
) -> Result<Reply, ApiError> {
    options::check(&call)?;
    if target.kind.virtual_only {
        if call.method != http::Method::POST {
            return Err(ApiError::method_not_allowed());
        }
        let body = read_body(request.into_body(), call.content_type()).await?;
        return Ok(json_reply(201, &reviews::answer(shared, &call, &target, &body)?));
    }
    match target.subresource.as_str() {
        "" | "status" | "ephemeralcontainers" => {}
        "log" => return logs::logs(shared, &call, &target),
        "exec" | "attach" => return streams::exec(shared, &call, &target, request),
        "portforward" => return port_forward::open(shared, &call, &target, request),
        _ => {
            let body = read_body(request.into_body(), call.content_type()).await?;
            return subresources::handle(shared, &call, &target, body).await;
        }
    }
    if !target.subresource.is_empty() && !target.kind.subresources.contains(&target.subresource.as_str()) {
        return Err(ApiError::no_such_path());
    }
    match call.method.as_str() {
        "GET" | "HEAD" => read(shared, &call, &target),
        _ if target.kind.is_measured() => Err(ApiError::method_not_allowed()),
        "POST" if target.name.is_none() => {
            let body = read_body(request.into_body(), call.content_type()).await?;
            create(shared, &call, &target, body).await
        }
        "PUT" => {
            let body = read_body(request.into_body(), call.content_type()).await?;
            replace(shared, &call, &target, body).await
        }
        "PATCH" => {
            let body = read_body(request.into_body(), call.content_type()).await?;
            patch(shared, &call, &target, body).await
        }
        "DELETE" => {
            let body = read_body(request.into_body(), call.content_type()).await?;
            delete(shared, &call, &target, &body).await
        }
        _ => Err(ApiError::method_not_allowed()),
    }
}

fn read(shared: &Arc<Shared>, call: &Call, target: &Target) -> Result<Reply, ApiError> {
    forms::acceptable(call.accept())?;
    let version = call.param("resourceVersion");
    if !version.is_empty() && version.parse::<u64>().is_err() {
        return Err(ApiError::no_version(version));
    }
    if target.kind.is_measured() {
        return measured(shared, call, target);
    }
    if call.flag("watch") || target.watch {
        return watch::stream(shared, call, target);
    }
    if target.name.is_some() {
        let key = target.key()?;
        let object = shared.store.get(&key).ok_or_else(|| ApiError::not_found(&key.gvr, &key.name))?;
        return Ok(show(shared, call, target, 200, &object));
    }
    list(shared, call, target)
}

/// An object in the form the client accepts.
fn show(shared: &Shared, call: &Call, target: &Target, code: u16, object: &Value) -> Reply {
    let object = typed(target, object);
    if tables::wanted(call.accept()) {
        let version = j::text(&object, "/metadata/resourceVersion").to_owned();
        let list = [Arc::new(object)];
        let printed = shared.store.printed(target.kind);
        let metadata = json!({"resourceVersion": version});
        let table =
            tables::table((target.kind, &printed), &list, &metadata, call.param("includeObject"), shared.store.now());
        return json_reply(code, &table);
    }
    if call.accept().contains("as=PartialObjectMetadata;") {
        return json_reply(code, &partial(&object));
    }
    json_reply(code, &object)
}

/// Why a text is no place where a page starts, as Go's decoder says it.
fn no_key(token: &str) -> String {
    let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let at = token.bytes().position(|b| !known(b)).unwrap_or(token.len() / 4 * 4);
    let why = if URL_SAFE_NO_PAD.decode(token).is_ok() {
        "invalid character".to_owned()
    } else {
        format!("illegal base64 data at input byte {at}")
    };
    format!("invalid continue token: continue key is not valid: {why}")
}

/// Where the next page starts: the last place shown, opaque to clients.
fn continuation(version: u64, last: &Value) -> String {
    let place = json!({"v": version, "ns": j::namespace(last), "name": j::name(last)});
    URL_SAFE_NO_PAD.encode(place.to_string())
}

/// What the metrics API tells, where it is served.
fn measured(shared: &Shared, call: &Call, target: &Target) -> Result<Reply, ApiError> {
    if call.flag("watch") || target.watch {
        return Err(ApiError::method_not_allowed());
    }
    let gvr = target.kind.gvr();
    if !shared.store.measures() {
        return Err(ApiError::unavailable("get", &gvr));
    }
    let all = metrics::objects(shared, target.kind, target.namespace.as_deref());
    let Some(name) = target.name.as_deref() else {
        let after = continued(call)?.map(|(_, place)| place);
        let all = all.into_iter().filter(|object| after.as_ref().is_none_or(|after| place(object) > *after));
        return listed(shared, call, target, shared.store.version(), all.map(Seen::from).collect());
    };
    let found = all.iter().find(|object| j::name(object) == name);
    Ok(show(shared, call, target, 200, found.ok_or_else(|| ApiError::not_found(&gvr, name))?))
}

fn list(shared: &Shared, call: &Call, target: &Target) -> Result<Reply, ApiError> {
    let (from, after) = continued(call)?.unzip();
    let (version, found) = shared.store.seen_after(&target.kind.gvr(), target.namespace.as_deref(), after);
    listed(shared, call, target, from.unwrap_or(version), found)
}

/// The version and the last place of the page before this one, if there was one.
fn continued(call: &Call) -> Result<Option<(u64, Place)>, ApiError> {
    let token = call.param("continue");
    if token.is_empty() {
        return Ok(None);
    }
    let last: Value = URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(|| ApiError::bad_request(no_key(token)))?;
    let version = j::at(&last, "/v").as_u64().ok_or_else(|| ApiError::bad_request(no_key(token)))?;
    let namespace = Some(j::text(&last, "/ns")).filter(|namespace| !namespace.is_empty());
    Ok(Some((version, (namespace.map(str::to_owned), j::text(&last, "/name").to_owned()))))
}

/// Where an object stands among those of its resource.
fn place(object: &Value) -> Place {
    let namespace = Some(j::namespace(object)).filter(|namespace| !namespace.is_empty());
    (namespace.map(str::to_owned), j::name(object).to_owned())
}

fn listed(shared: &Shared, call: &Call, target: &Target, version: u64, found: Vec<Seen>) -> Result<Reply, ApiError> {
    let filter = call.filter(target)?;
    let limit = call.number("limit")?.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0).unwrap_or(usize::MAX);
    let mut rest = found.into_iter();
    let mut wanted = rest.by_ref().map(|seen| seen.whole()).filter(|object| filter.matches(object));
    let found: Vec<Arc<Value>> = wanted.by_ref().take(limit).collect();
    // What is on no page of this answer is looked at only where a selector may not want it.
    let more = if filter.is_empty() { rest.len() > 0 } else { wanted.next().is_some() };
    let mut metadata = json!({"resourceVersion": version.to_string()});
    if let Some(last) = found.last().filter(|_| more) {
        j::put(&mut metadata, "/continue", continuation(version, last).into());
        // How many are left of a selection nobody counts (API reference, `ListMeta`).
        if filter.is_empty() {
            j::put(&mut metadata, "/remainingItemCount", rest.len().into());
        }
    }
    if tables::wanted(call.accept()) {
        let printed = shared.store.printed(target.kind);
        let table =
            tables::table((target.kind, &printed), &found, &metadata, call.param("includeObject"), shared.store.now());
        return Ok(json_reply(200, &table));
    }
    if call.accept().contains("as=PartialObjectMetadataList") {
        let items: Vec<Value> = found.iter().map(|o| partial(o)).collect();
        return Ok(json_reply(
            200,
            &json!({
                "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                "metadata": metadata, "items": items,
            }),
        ));
    }
    let items: Vec<Value> = found
        .iter()
        .map(|object| {
            let mut item = typed(target, object);
            // Items of a typed list carry no type of their own.
            j::remove(&mut item, "/apiVersion");
            j::remove(&mut item, "/kind");
            item
        })
        .collect();
    Ok(json_reply(
        200,
        &json!({
            "kind": format!("{}List", target.kind.kind), "apiVersion": target.kind.api_version(),
            "metadata": metadata, "items": items,
        }),
    ))
}

async fn create(shared: &Shared, call: &Call, target: &Target, body: Value) -> Result<Reply, ApiError> {
    let (mut body, warnings) = decoded(shared, call, target, body)?;
    settle_namespace(target, &mut body)?;
    j::remove(&mut body, "/metadata/managedFields");
    let manager = call.manager();
    let writer = call.writer(&manager, call.dry_run());
    let object = shared.pipeline.create_as(&target.kind.gvr(), body, &writer).await?;
    if target.kind.kind == "Namespace" && !call.dry_run() {
        crate::seed::namespace_contents(&shared.store, j::name(&object), &shared.config.tls.ca_pem);
    }
    Ok(warned(show(shared, call, target, 201, &object), &warnings))
}

async fn replace(shared: &Shared, call: &Call, target: &Target, body: Value) -> Result<Reply, ApiError> {
    let (mut body, warnings) = decoded(shared, call, target, body)?;
    settle_namespace(target, &mut body)?;
    let key = target.key()?;
    if j::name(&body) != key.name {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({}) does not match the name on the URL ({})",
            j::name(&body),
            key.name
        )));
    }
    let manager = call.manager();
    let writer = call.writer(&manager, call.dry_run());
    let object =
        shared.pipeline.update_as(target.kind, &key, &target.subresource, &writer, |_| Ok(body.clone())).await?;
    Ok(warned(show(shared, call, target, 200, &object), &warnings))
}

async fn patch(shared: &Shared, call: &Call, target: &Target, body: Value) -> Result<Reply, ApiError> {
    let key = target.key()?;
    let manager = call.manager();
    let writer = call.writer(&manager, call.dry_run());
    if call.content_type() != "application/apply-patch+yaml" {
        let mut warnings = Vec::new();
        let object = shared
            .pipeline
            .update_as(target.kind, &key, &target.subresource, &writer, |old| {
                let new = patched(call, old, &body, target.kind)?;
                let (new, told) = decoding::patched(shared, call, target, &body, new)?;
                warnings = told;
                Ok(new)
            })
            .await?;
        return Ok(warned(show(shared, call, target, 200, &object), &warnings));
    }
    let mut body = decoding::applied(shared, target, body)?;
    settle_namespace(target, &mut body)?;
    j::put_default(&mut body, "/metadata/name", key.name.as_str().into());
    let now = shared.store.now();
    let force = call.flag("force");
    if shared.store.get(&key).is_none() {
        let object = apply::apply(None, &body, &manager, force, now)?;
        let object = shared.pipeline.create_as(&key.gvr, object, &writer).await?;
        return Ok(show(shared, call, target, 201, &object));
    }
    let object = shared
        .pipeline
        .update_as(target.kind, &key, &target.subresource, &writer, |old| {
            let mut new = apply::apply(Some(old), &body, &manager, force, now)?;
            if j::text(&body, "/metadata/resourceVersion").is_empty() {
                j::remove(&mut new, "/metadata/resourceVersion");
            }
            Ok(new)
        })
        .await?;
    Ok(show(shared, call, target, 200, &object))
}

async fn delete(shared: &Shared, call: &Call, target: &Target, options: &Value) -> Result<Reply, ApiError> {
    let manager = call.manager();
    let dry_run = call.dry_run() || j::items(options, "/dryRun").iter().any(|x| x == "All");
    let writer = call.writer(&manager, dry_run);
    if target.name.is_some() {
        let key = target.key()?;
        let object = delete_one(shared, target, &key, options, &writer).await?;
        let status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": {"name": key.name, "group": key.gvr.group, "kind": key.gvr.resource, "uid": j::uid(&object)},
        });
        // The API server returns a pod (it ends later) but a Status for most kinds.
        let held = !j::at(&object, "/metadata/finalizers").is_null() || target.kind.kind == "Namespace";
        let body = if target.kind.kind == "Pod" || held { &*object } else { &status };
        return Ok(json_reply(200, body));
    }
    let filter = call.filter(target)?;
    let (version, mut found) = shared.store.list(&target.kind.gvr(), target.namespace.as_deref());
    found.retain(|object| filter.matches(object));
    for object in &found {
        let key = Key::of(&target.kind.gvr(), object);
        delete_one(shared, target, &key, options, &writer).await?;
    }
    let items: Vec<Value> = found.iter().map(|o| Value::clone(o)).collect();
    Ok(json_reply(
        200,
        &json!({
            "kind": format!("{}List", target.kind.kind), "apiVersion": target.kind.api_version(),
            "metadata": {"resourceVersion": version.to_string()}, "items": items,
        }),
    ))
}

/// Namespaces that stay (Kubernetes source, `NamespaceLifecycle`).
const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

async fn delete_one(
    shared: &Shared,
    target: &Target,
    key: &Key,
    options: &Value,
    writer: &Writer<'_>,
) -> Result<Arc<Value>, ApiError> {
    let object = shared.store.get(key).ok_or_else(|| ApiError::not_found(&key.gvr, &key.name))?;
    let wanted = j::text(options, "/preconditions/uid");
    if !wanted.is_empty() && wanted != j::uid(&object) {
        return Err(ApiError::other_uid(&key.gvr, &key.name, wanted, j::uid(&object)));
    }
    shared.pipeline.admit_delete(target.kind, &object, writer).await?;
    if writer.dry_run {
        return Ok(object);
    }
    if target.kind.kind == "Namespace" && IMMORTAL.contains(&key.name.as_str()) {
        let message = format!("namespaces \"{}\" is forbidden: this namespace may not be deleted", key.name);
        return Err(ApiError::forbidden(&key.gvr, &key.name, message));
    }
    match j::text(options, "/propagationPolicy") {
        "Orphan" => crate::controllers::orphan_dependents(&shared.store, j::uid(&object)),
        "Foreground" => {
            shared.store.update(key, |object| {
                let mut all = j::items(object, "/metadata/finalizers").to_vec();
                if !all.iter().any(|name| name == crate::controllers::FOREGROUND) {
                    all.push(crate::controllers::FOREGROUND.into());
                }
                j::put(object, "/metadata/finalizers", Value::Array(all));
            })?;
        }
        _ => {}
    }
    shared.store.delete(key)
}
