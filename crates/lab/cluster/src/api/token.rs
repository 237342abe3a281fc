//! Service-account tokens: `TokenRequest`, `TokenReview`, discovery documents. Texts
//! and shapes as a Kubernetes 1.36 API server was observed to answer.

use http::header;
use serde_json::{Value, json};

use crate::{
    api::{
        authn,
        reply::{Reply, json_reply, typed_reply, warn},
        request::{Call, Target},
        shared::Shared,
    },
    contract::{TokenSpec, VerifiedToken},
    objects::{
        address::{Gvr, Key},
        errors::ApiError,
        json as j,
        names::stamp,
    },
};

/// Lifetime when the request names none, seconds (API reference).
const DEFAULT_SECONDS: i64 = 3600;
/// Shortest lifetime granted, seconds.
const SHORTEST_SECONDS: i64 = 600;
/// Longest lifetime the field can hold, seconds: 2^32.
const LONGEST_SECONDS: i64 = 1 << 32;

fn invalid(problem: &str) -> ApiError {
    ApiError::invalid("TokenRequest", "authentication.k8s.io", "", "spec.expirationSeconds", problem)
}

/// `POST …/serviceaccounts/{name}/token`.
pub(crate) fn request(shared: &Shared, target: &Target, body: &Value) -> Result<Reply, ApiError> {
    let key = target.key()?;
    let account = shared.store.get(&key).ok_or_else(|| ApiError::not_found(&key.gvr, &key.name))?;
    let asked = j::int(body, "/spec/expirationSeconds").unwrap_or(DEFAULT_SECONDS);
    if asked < SHORTEST_SECONDS {
        return Err(invalid(&format!("Invalid value: {asked}: may not specify a duration less than 10 minutes")));
    }
    if asked > LONGEST_SECONDS {
        return Err(invalid(&format!("Invalid value: {asked}: may not specify a duration larger than 2^32 seconds")));
    }
    let granted = shared.config.minter.max_expiration_seconds().map_or(asked, |max| asked.min(max));
    let mut audiences: Vec<String> =
        j::items(body, "/spec/audiences").iter().filter_map(|a| a.as_str().map(str::to_owned)).collect();
    if audiences.is_empty() {
        audiences.push(shared.config.minter.issuer());
    }
    let namespace = target.namespace.clone().unwrap_or_default();
    let bound_pod = bound_pod(shared, &namespace, &key.name, body)?;
    let owner = VerifiedToken {
        namespace: namespace.clone(),
        service_account: key.name.clone(),
        sa_uid: j::uid(&account).to_owned(),
        audiences: audiences.clone(),
        bound_pod: bound_pod.clone(),
    };
    let minted = shared.config.minter.mint(TokenSpec {
        namespace: namespace.clone(),
        service_account: key.name.clone(),
        sa_uid: j::uid(&account).to_owned(),
        audiences: audiences.clone(),
        expiration_seconds: granted,
        bound_pod,
    });
    shared.issued.remember(&minted.token, owner, minted.expires, shared.store.now());
    let answer = json!({
        "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"name": key.name, "namespace": namespace, "creationTimestamp": stamp(shared.store.now())},
        "spec": {"audiences": audiences, "expirationSeconds": granted,
            "boundObjectRef": j::at(body, "/spec/boundObjectRef")},
        "status": {"token": minted.token, "expirationTimestamp": stamp(minted.expires)},
    });
    let mut reply = json_reply(201, &answer);
    if granted < asked {
        warn(&mut reply, &format!("requested expiration of {asked} seconds shortened to {granted} seconds"));
    }
    Ok(reply)
}

/// The pod a token is to be bound to: it must exist, be that pod, and use the account.
fn bound_pod(
    shared: &Shared,
    namespace: &str,
    account: &str,
    body: &Value,
) -> Result<Option<(String, String)>, ApiError> {
    let reference = j::at(body, "/spec/boundObjectRef");
    if reference.is_null() {
        return Ok(None);
    }
    if j::text(reference, "/kind") != "Pod" {
        let (group, version) = match j::text(reference, "/apiVersion") {
            "" => ("", ""),
            all => all.split_once('/').unwrap_or(("", all)),
        };
        // As Go prints a kind with its group and version (`GroupVersionKind.String`).
        return Err(ApiError::bad_request(format!(
            "cannot bind token to object of type {group}/{version}, Kind={}",
            j::text(reference, "/kind")
        )));
    }
    let key = Key::new(Gvr::core("pods"), Some(namespace), j::text(reference, "/name"));
    let pod = shared.store.get(&key).ok_or_else(|| ApiError::not_found(&key.gvr, &key.name))?;
    let wanted = j::text(reference, "/uid");
    if !wanted.is_empty() && wanted != j::uid(&pod) {
        return Err(ApiError {
            code: 409,
            reason: "Conflict",
            message: format!(
                "Operation cannot be fulfilled on pods \"{}\": the UID in the bound object reference ({wanted}) \
                 does not match the UID in record. The object might have been deleted and then recreated",
                key.name
            ),
            details: None,
        });
    }
    if j::text(&pod, "/spec/serviceAccountName") != account {
        return Err(ApiError::bad_request(format!(
            "cannot bind token for serviceaccount \"{account}\" to pod running with different serviceaccount name."
        )));
    }
    Ok(Some((key.name, j::uid(&pod).to_owned())))
}

/// `POST /apis/authentication.k8s.io/v1/tokenreviews`.
pub(crate) fn review(shared: &Shared, body: &Value) -> Value {
    let token = j::text(body, "/spec/token");
    let asked: Vec<&str> = j::items(body, "/spec/audiences").iter().filter_map(Value::as_str).collect();
    let issuer = shared.config.minter.issuer();
    let wanted = if asked.is_empty() { vec![issuer.as_str()] } else { asked };
    let mut answer = body.clone();
    let status = match authn::service_account_token(shared, token) {
        None => json!({"authenticated": false, "user": {}, "error": "[invalid bearer token]"}),
        Some(owner) => {
            let shared_audiences: Vec<&str> =
                wanted.into_iter().filter(|audience| owner.audiences.iter().any(|a| a == audience)).collect();
            if shared_audiences.is_empty() {
                let error = format!(
                    "[invalid bearer token, token audiences {:?} is invalid for the target audiences]",
                    owner.audiences
                );
                json!({"authenticated": false, "user": {}, "error": error})
            } else {
                let user = authn::user_of(&owner);
                json!({"authenticated": true, "user": user_info(&user), "audiences": shared_audiences})
            }
        }
    };
    j::put(&mut answer, "/status", status);
    answer
}

/// A user as the authentication API shows it.
pub(crate) fn user_info(user: &crate::rbac::User) -> Value {
    let mut info = json!({"username": user.name, "groups": user.groups});
    if !user.uid.is_empty() {
        j::put(&mut info, "/uid", user.uid.as_str().into());
    }
    for (name, values) in &user.extra {
        let slot = j::object(&mut info).entry("extra").or_insert(Value::Null);
        j::object(slot).insert(name.clone(), json!(values));
    }
    info
}

/// `/.well-known/openid-configuration`. A plain-http issuer switches both
/// documents off, as the API server does.
pub(crate) fn discovery(shared: &Shared, call: &Call) -> Result<Reply, ApiError> {
    let minter = &shared.config.minter;
    let issuer = minter.issuer();
    if !issuer.starts_with("https://") {
        return Err(ApiError::no_such_path());
    }
    let own = || format!("https://{}/openid/v1/jwks", call.host);
    let keys = minter.jwks();
    let mut algorithms: Vec<&str> = Vec::new();
    for key in j::items(&keys, "/keys") {
        let algorithm = key.get("alg").and_then(Value::as_str).unwrap_or("RS256");
        if !algorithms.contains(&algorithm) {
            algorithms.push(algorithm);
        }
    }
    if algorithms.is_empty() {
        algorithms.push("RS256");
    }
    let document = json!({
        "issuer": issuer,
        "jwks_uri": minter.jwks_uri().unwrap_or_else(own),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
    });
    Ok(public(typed_reply(200, "application/json", document.to_string())))
}

/// `/openid/v1/jwks`.
pub(crate) fn jwks(shared: &Shared) -> Result<Reply, ApiError> {
    if !shared.config.minter.issuer().starts_with("https://") {
        return Err(ApiError::no_such_path());
    }
    let keys = shared.config.minter.jwks();
    Ok(public(typed_reply(200, "application/jwk-set+json", keys.to_string())))
}

fn public(mut reply: Reply) -> Reply {
    let value = header::HeaderValue::from_static("public, max-age=3600");
    reply.headers_mut().insert(header::CACHE_CONTROL, value);
    reply
}
