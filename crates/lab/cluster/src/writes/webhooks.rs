//! Mutating and validating webhooks, called over real HTTPS as `AdmissionReview` of the first version in the webhook's
//! list that an API server knows, `v1` or `v1beta1` (Kubernetes docs, "Dynamic Admission Control"; `k8s.io/apiserver`,
//! `pkg/admission/plugin/webhook/request/admissionreview.go`).

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::policies;
use super::review::{Review, applies};
use crate::{
    contract::{Clock, Resolve},
    objects::{
        address::{Gvr, Key},
        errors::ApiError,
        json as j,
        names::new_uid,
        patch::json_patch,
    },
    store::Store,
};

/// Most bytes read of a webhook's answer; the API server's own limit is 3 MiB.
const LARGEST_ANSWER: usize = 3 * 1024 * 1024;
/// Timeout when a webhook object has none (API reference).
const DEFAULT_TIMEOUT_SECONDS: u64 = 10;

/// Calls the webhooks configured in the store.
#[derive(Clone)]
pub(crate) struct Webhooks {
    store: Store,
    resolver: Arc<dyn Resolve>,
    clock: Clock,
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhooks")
    }
}

/// A version of the review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    V1,
    V1beta1,
}

impl Version {
    const fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V1beta1 => "v1beta1",
        }
    }

    fn api(self) -> String {
        format!("admission.k8s.io/{}", self.name())
    }

    /// The first of a webhook's list that is known; one without a list is asked in `v1`.
    fn asked(hook: &Value) -> Result<Self, CallError> {
        let listed = j::items(hook, "/admissionReviewVersions");
        if listed.is_empty() {
            return Ok(Self::V1);
        }
        let known = [Self::V1, Self::V1beta1];
        let first = listed.iter().find_map(|v| known.into_iter().find(|k| v == k.name()));
        first.ok_or(CallError::NoVersion)
    }
}

#[derive(Debug, thiserror::Error)]
enum CallError {
    #[error("webhook does not accept known AdmissionReview versions (v1, v1beta1)")]
    NoVersion,
    #[error("{0}")]
    Conversion(String),
    #[error("service \"{0}\" not found")]
    NoService(String),
    #[error("{0}")]
    Connect(String),
    #[error("x509: {0}")]
    Trust(String),
    #[error("context deadline exceeded")]
    Timeout,
    #[error("{0}")]
    Status(String),
    #[error("{0}")]
    Answer(String),
}

/// A verdict of one webhook.
enum Answer {
    Allowed(Option<Value>),
    Denied(u16, String),
}

struct ClockProvider(Clock);

impl fmt::Debug for ClockProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClockProvider")
    }
}

impl rustls::time_provider::TimeProvider for ClockProvider {
    fn current_time(&self) -> Option<rustls_pki_types::UnixTime> {
        let seconds = u64::try_from((self.0)().as_second()).ok()?;
        Some(rustls_pki_types::UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

impl Webhooks {
    /// Reads webhook configurations from `store` and finds services with `resolver`.
    pub(crate) fn new(store: Store, resolver: Arc<dyn Resolve>, clock: Clock) -> Self {
        Self { store, resolver, clock }
    }

    /// The object after all mutating webhooks, or the first refusal.
    pub(crate) async fn admit(
        &self,
        review: &Review<'_>,
        mut object: Value,
        old: Option<&Value>,
    ) -> Result<Value, ApiError> {
        // Webhooks never judge webhook configurations: nobody could repair a broken one.
        if review.kind.group == "admissionregistration.k8s.io" {
            return Ok(object);
        }
        for (resource, mutating) in
            [("mutatingwebhookconfigurations", true), ("validatingwebhookconfigurations", false)]
        {
            // Policies are asked about what is to be stored, before webhooks that only judge.
            if !mutating {
                policies::check(&self.store, review, &object, old)?;
            }
            let gvr = Gvr::new("admissionregistration.k8s.io", "v1", resource);
            for configuration in self.store.list(&gvr, None).1 {
                for hook in j::items(&configuration, "/webhooks") {
                    if !applies(&self.store, hook, review, &object, old)
                        || !self.conditions_hold(hook, review, &object, old)?
                    {
                        continue;
                    }
                    let patch = self.ask(hook, review, &object, old).await?;
                    if let Some(patch) = patch.filter(|_| mutating) {
                        object = json_patch::apply(object, &patch)?;
                    }
                }
            }
        }
        Ok(object)
    }

    async fn ask(
        &self,
        hook: &Value,
        review: &Review<'_>,
        object: &Value,
        old: Option<&Value>,
    ) -> Result<Option<Value>, ApiError> {
        let name = j::text(hook, "/name");
        let seconds = j::at(hook, "/timeoutSeconds").as_u64().unwrap_or(DEFAULT_TIMEOUT_SECONDS);
        let call = self.call(hook, review, object, old);
        let answer = tokio::time::timeout(Duration::from_secs(seconds), call).await.unwrap_or(Err(CallError::Timeout));
        match answer {
            Ok(Answer::Allowed(patch)) => Ok(patch),
            Ok(Answer::Denied(code, message)) => Err(ApiError::denied_by_webhook(name, code, &message)),
            Err(_) if j::text(hook, "/failurePolicy") == "Ignore" => Ok(None),
            Err(error) => {
                let why = match &error {
                    CallError::NoVersion => format!("could not create admission objects: {error}"),
                    CallError::Answer(_) => format!("received invalid webhook response: {error}"),
                    CallError::Conversion(_) | CallError::Status(_) => format!("failed to call webhook: {error}"),
                    CallError::NoService(_) | CallError::Connect(_) | CallError::Trust(_) | CallError::Timeout => {
                        let url = address_text(hook);
                        format!("failed to call webhook: Post \"{url}?timeout={seconds}s\": {error}")
                    }
                };
                Err(ApiError::internal(format!("failed calling webhook \"{name}\": {why}")))
            }
        }
    }

    /// Whether a webhook's match conditions hold; one that fails refuses the request, unless failures are ignored.
    fn conditions_hold(
        &self,
        hook: &Value,
        review: &Review<'_>,
        object: &Value,
        old: Option<&Value>,
    ) -> Result<bool, ApiError> {
        let all = j::items(hook, "/matchConditions");
        if all.is_empty() {
            return Ok(true);
        }
        policies::hold(&self.store, review, object, old, all).or_else(|why| {
            if j::text(hook, "/failurePolicy") == "Ignore" {
                return Ok(false);
            }
            let name = j::text(hook, "/name");
            let why = format!("failed to evaluate match conditions for webhook \"{name}\": {why}");
            Err(ApiError::internal(format!("failed calling webhook \"{name}\": {why}")))
        })
    }

    async fn call(
        &self,
        hook: &Value,
        review: &Review<'_>,
        object: &Value,
        old: Option<&Value>,
    ) -> Result<Answer, CallError> {
        let version = Version::asked(hook)?;
        let uid = new_uid();
        let body = request_body(version, &uid, review, object, old);
        let Some((address, server_name, path)) = self.destination(hook)? else {
            return Ok(Answer::Allowed(None));
        };
        let answer = self.post(hook, address, &server_name, &path, &body).await?;
        for text in j::items(&answer, "/response/warnings").iter().filter_map(Value::as_str) {
            review.warnings.tell(text.to_owned());
        }
        read_answer(version, &uid, &answer)
    }

    /// Where a webhook answers. Nothing where a service has pods that are ready and whose program the lab does not run:
    /// a chart's own controller would let sound objects through, and so does the lab.
    fn destination(&self, hook: &Value) -> Result<Option<(SocketAddr, String, String)>, CallError> {
        let service = j::at(hook, "/clientConfig/service");
        if !service.is_null() {
            let (namespace, name) = (j::text(service, "/namespace"), j::text(service, "/name"));
            let port = j::at(service, "/port").as_u64().and_then(|p| u16::try_from(p).ok());
            let path = j::text(service, "/path");
            let path = if path.is_empty() { "/" } else { path };
            let nobody = || CallError::Connect(format!("no endpoints available for service \"{name}\""));
            if let Some((address, server)) = self.resolver.resolve(namespace, name, port.unwrap_or(443)) {
                let there = self.pods_are_wanted(namespace, name);
                return if there { Ok(Some((address, server, path.to_owned()))) } else { Err(nobody()) };
            }
            let known = Key::new(Gvr::core("services"), Some(namespace), name);
            let service = self.store.get(&known).ok_or_else(|| CallError::NoService(name.to_owned()))?;
            let port = i64::from(port.unwrap_or(443));
            if !j::items(&service, "/spec/ports").iter().any(|own| j::int(own, "/port") == Some(port)) {
                let why = format!("no service port {port} found for service \"{name}\"");
                return Err(CallError::Connect(why));
            }
            // Without one the API server calls nobody (`k8s.io/apiserver`, `pkg/util/proxy`).
            return if self.store.has_endpoints(namespace, name) { Ok(None) } else { Err(nobody()) };
        }
        let url = j::text(hook, "/clientConfig/url");
        let uri: http::Uri = url.parse().map_err(|_| CallError::Connect(format!("bad url {url:?}")))?;
        let host = uri.host().unwrap_or("").to_owned();
        let ip = host
            .trim_matches(['[', ']'])
            .parse()
            .or_else(|_| if host == "localhost" { "127.0.0.1".parse() } else { host.parse() })
            .map_err(|_| CallError::Connect(format!("lookup {host}: no such host")))?;
        let address = SocketAddr::new(ip, uri.port_u16().unwrap_or(443));
        Ok(Some((address, host, uri.path().to_owned())))
    }

    /// Whether pods are wanted behind a service of the lab's own: one whose deployment is scaled to zero has no
    /// endpoints. What is only starting counts as there, as the lab's webhook answers before its pod is ready.
    fn pods_are_wanted(&self, namespace: &str, name: &str) -> bool {
        let (services, deployments) = (Gvr::new("", "v1", "services"), Gvr::new("apps", "v1", "deployments"));
        let found = self.store.list(&services, Some(namespace)).1;
        let Some(service) = found.iter().find(|s| j::name(s) == name) else { return true };
        let Some(wanted) = j::at(service, "/spec/selector").as_object().filter(|w| !w.is_empty()) else { return true };
        let behind = |deployment: &Value| {
            let labels = j::at(deployment, "/spec/template/metadata/labels");
            wanted.iter().all(|(k, v)| labels.get(k) == Some(v))
        };
        let all = self.store.list(&deployments, Some(namespace)).1;
        let mut own = all.iter().filter(|d| behind(d)).peekable();
        own.peek().is_none() || own.any(|d| j::at(d, "/spec/replicas").as_i64() != Some(0))
    }

    async fn post(
        &self,
        hook: &Value,
        address: SocketAddr,
        server_name: &str,
        path: &str,
        body: &Value,
    ) -> Result<Value, CallError> {
        let connect = |e: &dyn fmt::Display| CallError::Connect(e.to_string());
        let connector = TlsConnector::from(Arc::new(self.tls(hook)?));
        let name = ServerName::try_from(server_name.to_owned()).map_err(|e| connect(&e))?;
        let tcp = TcpStream::connect(address)
            .await
            .map_err(|_| CallError::Connect(format!("dial tcp {address}: connect: connection refused")))?;
        let tls = connector.connect(name, tcp).await.map_err(|e| CallError::Trust(e.to_string()))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(tls)).await.map_err(|e| connect(&e))?;
        let driver = tokio::spawn(connection);
        let request = http::Request::post(path)
            .header("host", server_name)
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .body(Full::new(Bytes::from(body.to_string())))
            .map_err(|e| connect(&e))?;
        let response = sender.send_request(request).await.map_err(|e| connect(&e))?;
        let status = response.status();
        let bytes = Limited::new(response.into_body(), LARGEST_ANSWER)
            .collect()
            .await
            .map_err(|e| CallError::Status(e.to_string()))?
            .to_bytes();
        driver.abort();
        if !status.is_success() {
            return Err(CallError::Status(format!("unexpected response status {status}")));
        }
        serde_json::from_slice(&bytes).map_err(|e| CallError::Status(e.to_string()))
    }

    fn tls(&self, hook: &Value) -> Result<rustls::ClientConfig, CallError> {
        let bad = |e: &dyn fmt::Display| CallError::Trust(e.to_string());
        let pem = STANDARD.decode(j::text(hook, "/clientConfig/caBundle")).map_err(|e| bad(&e))?;
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|e| bad(&e))?;
            roots.add(certificate).map_err(|e| bad(&e))?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config =
            rustls::ClientConfig::builder_with_details(provider, Arc::new(ClockProvider(Arc::clone(&self.clock))))
                .with_safe_default_protocol_versions()
                .map_err(|e| bad(&e))?
                .with_root_certificates(roots)
                .with_no_client_auth();
        Ok(config)
    }
}

fn address_text(hook: &Value) -> String {
    let service = j::at(hook, "/clientConfig/service");
    if service.is_null() {
        return j::text(hook, "/clientConfig/url").to_owned();
    }
    format!(
        "https://{}.{}.svc:{}{}",
        j::text(service, "/name"),
        j::text(service, "/namespace"),
        j::at(service, "/port").as_u64().unwrap_or(443),
        j::text(service, "/path"),
    )
}

fn request_body(version: Version, uid: &str, review: &Review<'_>, object: &Value, old: Option<&Value>) -> Value {
    let kind = json!({"group": review.kind.group, "version": review.kind.version, "kind": review.kind.kind});
    let resource =
        json!({"group": review.kind.group, "version": review.kind.version, "resource": review.kind.resource});
    let subject = if object.is_null() { old.unwrap_or(object) } else { object };
    let mut request = json!({
        "uid": uid,
        "kind": kind, "resource": resource,
        "requestKind": kind, "requestResource": resource,
        "operation": review.operation,
        "userInfo": {"username": review.user.name, "uid": review.user.uid, "groups": review.user.groups},
        "object": object,
        "oldObject": old,
        "dryRun": review.dry_run,
        "options": null,
    });
    for (member, value) in
        [("/name", j::name(subject)), ("/namespace", j::namespace(subject)), ("/subResource", review.subresource)]
    {
        if !value.is_empty() {
            j::put(&mut request, member, value.into());
        }
    }
    json!({"kind": "AdmissionReview", "apiVersion": version.api(), "request": request})
}

/// The API server's checks of an answer. In `v1beta1` neither version nor uid nor kind of the patch is looked at.
fn read_answer(version: Version, uid: &str, answer: &Value) -> Result<Answer, CallError> {
    let (said, kind) = (j::text(answer, "/apiVersion"), j::text(answer, "/kind"));
    for other in [Version::V1, Version::V1beta1] {
        if other != version && said == other.api() && kind == "AdmissionReview" {
            let (from, to) = (other.name(), version.name());
            return Err(CallError::Conversion(format!(
                "converting ({from}.AdmissionReview) to ({to}.AdmissionReview): unknown conversion"
            )));
        }
    }
    let response = j::at(answer, "/response");
    if response.is_null() {
        return Err(CallError::Answer("webhook response was absent".into()));
    }
    let strict = version == Version::V1;
    if strict && j::text(response, "/uid") != uid {
        return Err(CallError::Answer(format!(
            "expected response.uid=\"{uid}\", got \"{}\"",
            j::text(response, "/uid")
        )));
    }
    if strict && (said != version.api() || kind != "AdmissionReview") {
        // A group and version without a group are written with a slash alone.
        let said = if said.is_empty() { "/" } else { said };
        return Err(CallError::Answer(format!(
            "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got {said}, Kind={kind}"
        )));
    }
    if j::at(response, "/allowed").as_bool() != Some(true) {
        let code = j::at(response, "/status/code").as_u64().and_then(|c| u16::try_from(c).ok());
        let message = j::text(response, "/status/message").to_owned();
        return Ok(Answer::Denied(code.unwrap_or(400), message));
    }
    let encoded = j::text(response, "/patch");
    if encoded.is_empty() {
        return Ok(Answer::Allowed(None));
    }
    if strict && j::text(response, "/patchType") != "JSONPatch" {
        return Err(CallError::Answer("webhook returned response.patch but not response.patchType".into()));
    }
    let patch = STANDARD.decode(encoded).map_err(|e| CallError::Answer(e.to_string()))?;
    serde_json::from_slice(&patch)
        .map(|patch| Answer::Allowed(Some(patch)))
        .map_err(|e| CallError::Answer(e.to_string()))
}
