//! The listener and the first decisions about a request: who, what, allowed or not.

use std::{
    future::Future,
    sync::{Arc, atomic::Ordering},
};

use http::header;
use hyper::{Request, body::Incoming};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use trustwalk_lab_serve::{PATIENCE, Slot, Version, accept, speak};

use crate::{
    api::{
        authn,
        decoding::warned,
        discovery, openapi,
        reply::{Reply, json_reply, text_reply},
        request::{Call, Target, parse_query},
        shared::Shared,
        token, verbs,
    },
    objects::errors::ApiError,
    rbac::{self, User},
    writes::warnings::Warnings,
};

/// Connections at a time: a client uses one or a few, and a shell gives the lab's process as few as 1,024
/// descriptors for all its listeners and what its pods dial.
const CONNECTIONS: usize = 256;

/// Accepts connections until `shutdown` completes.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    listener: TcpListener,
    tls: Arc<rustls::ServerConfig>,
    shutdown: impl Future<Output = ()> + Send,
) {
    let acceptor = TlsAcceptor::from(tls);
    accept(listener, CONNECTIONS, shutdown, move |tcp, slot| {
        connection(Arc::clone(&shared), acceptor.clone(), tcp, slot)
    })
    .await;
}

async fn connection(shared: Arc<Shared>, acceptor: TlsAcceptor, tcp: TcpStream, slot: Slot) {
    // A client that does not trust us, or goes away, is its own affair.
    let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, acceptor.accept(tcp)).await else {
        return;
    };
    let version = match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => Version::Two,
        Some(_) | None => Version::One,
    };
    speak(stream, slot, version, move |request| handle(Arc::clone(&shared), request)).await;
}

async fn handle(shared: Arc<Shared>, request: Request<Incoming>) -> Reply {
    shared.requests.fetch_add(1, Ordering::Relaxed);
    let warnings = Warnings::default();
    let reply = match route(&shared, request, &warnings).await {
        Ok(reply) => reply,
        Err(error) => json_reply(error.code, &error.status()),
    };
    warned(reply, &warnings.all())
}

async fn route(shared: &Arc<Shared>, request: Request<Incoming>, warnings: &Warnings) -> Result<Reply, ApiError> {
    let user = authn::authenticate(shared, request.headers())?;
    let call = Call {
        method: request.method().clone(),
        path: request.uri().path().to_owned(),
        query: parse_query(request.uri().query().unwrap_or("")),
        headers: request.headers().clone(),
        host: host(&request),
        user: impersonated(shared, user, request.headers())?,
        warnings: warnings.clone(),
    };
    if let Some(target) = Target::parse(&shared.store, &call.path) {
        let attempt = call.attempt(&target);
        if !rbac::allowed(&shared.store, &call.user, &attempt) {
            return Err(rbac::refusal(&call.user, &attempt));
        }
        return verbs::handle(shared, call, target, request).await;
    }
    let verb = call.method.as_str().to_lowercase();
    if !rbac::allowed_path(&shared.store, &call.user, &verb, &call.path) {
        return Err(ApiError::forbidden_path(&call.user.name, &verb, &call.path));
    }
    plain_path(shared, &call)
}

/// The name the client used for us: HTTP/2 carries it in the URI.
fn host(request: &Request<Incoming>) -> String {
    let header = request.headers().get(header::HOST).and_then(|h| h.to_str().ok());
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    authority.or(header).unwrap_or("localhost").to_owned()
}

/// `kubectl --as`: needs the `impersonate` verb.
fn impersonated(shared: &Shared, user: User, headers: &http::HeaderMap) -> Result<User, ApiError> {
    let read = |name: &str| -> Vec<String> {
        let values = headers.get_all(name).iter();
        values.filter_map(|v| v.to_str().ok()).map(str::to_owned).collect()
    };
    let Some(name) = read("impersonate-user").into_iter().next() else {
        return Ok(user);
    };
    let attempt = rbac::Attempt {
        verb: "impersonate",
        group: "",
        resource: "users",
        subresource: "",
        namespace: "",
        name: &name,
    };
    if !rbac::allowed(&shared.store, &user, &attempt) {
        return Err(rbac::refusal(&user, &attempt));
    }
    let account = name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
    let mut other = match account {
        Some((namespace, account)) => User::service_account(namespace, account, ""),
        None => User { groups: vec!["system:authenticated".into()], name: name.clone(), ..User::default() },
    };
    if let Some(known) = shared.config.tokens.values().find(|u| u.name == name) {
        other = known.clone();
    }
    other.groups.extend(read("impersonate-group"));
    Ok(other)
}

fn plain_path(shared: &Shared, call: &Call) -> Result<Reply, ApiError> {
    if let Some(document) = discovery::document(&shared.store, call) {
        return Ok(document);
    }
    if let Some(document) = openapi::reply(&shared.store, call) {
        return Ok(document);
    }
    match call.path.trim_end_matches('/') {
        "/version" => Ok(json_reply(200, &version(&shared.config.version))),
        "/healthz" | "/livez" | "/readyz" => Ok(text_reply("ok")),
        "/.well-known/openid-configuration" => token::discovery(shared, call),
        "/openid/v1/jwks" => token::jwks(shared),
        _ => Err(ApiError::no_such_path()),
    }
}

fn version(git: &str) -> Value {
    let mut parts = git.trim_start_matches('v').split('.');
    json!({
        "major": parts.next().unwrap_or(""),
        "minor": parts.next().unwrap_or(""),
        "gitVersion": git,
        "gitCommit": "", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "", "compiler": "", "platform": "linux/amd64",
    })
}
