//! Mutating webhooks over real HTTPS.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use trustwalk_lab_cluster::{Gvr, Store, TlsMaterial, json as j};

use crate::support::{Lab, read};

const PODS: &str = "/api/v1/namespaces/default/pods";
const HOOKS: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

/// Answers every review with a label, in `v1` or without a version.
async fn answer(request: Request<Incoming>, versioned: bool) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let bytes = request.into_body().collect().await?.to_bytes();
    let review: Value = serde_json::from_slice(&bytes).unwrap();
    let patch = json!([{"op": "add", "path": "/metadata/labels", "value": {"mutated": "yes"}}]);
    let mut response = json!({
        "response": {
            "uid": j::text(&review, "/request/uid"),
            "allowed": j::text(&review, "/request/name") != "forbidden",
            "status": {"message": "not this one"},
            "patchType": "JSONPatch", "patch": STANDARD.encode(patch.to_string()),
        },
    });
    if versioned {
        j::put(&mut response, "/apiVersion", "admission.k8s.io/v1".into());
        j::put(&mut response, "/kind", "AdmissionReview".into());
    }
    Ok(Response::new(Full::new(Bytes::from(response.to_string()))))
}

/// Serves the webhook for its service name; returns its authority.
async fn serve(lab: &Lab) -> String {
    serve_as(lab, true).await
}

async fn serve_as(lab: &Lab, versioned: bool) -> String {
    let tls = TlsMaterial::self_made(&["hook.default.svc"]).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(tls.chain.clone(), tls.key.clone_key())
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    *lab.webhook.lock().unwrap() = Some(listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            if let Ok(stream) = acceptor.accept(tcp).await {
                let io = TokioIo::new(stream);
                let http = hyper::server::conn::http1::Builder::new();
                tokio::spawn(http.serve_connection(io, service_fn(move |request| answer(request, versioned))));
            }
        }
    });
    tls.ca_pem
}

fn configuration(ca_pem: &str, policy: &str, versions: &[&str]) -> Value {
    json!({
        "metadata": {"name": "hook"},
        "webhooks": [{
            "name": "hook.example.com",
            "clientConfig": {
                "service": {"namespace": "default", "name": "hook", "path": "/mutate"},
                "caBundle": STANDARD.encode(ca_pem),
            },
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
            "objectSelector": {"matchExpressions": [{"key": "skip", "operator": "DoesNotExist"}]},
            "failurePolicy": policy, "sideEffects": "None", "admissionReviewVersions": versions,
        }],
    })
}

fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    })
}

#[tokio::test]
async fn a_webhook_changes_and_refuses_pods() {
    let lab = Lab::start().await;
    let ca = serve(&lab).await;
    assert_eq!(lab.call("POST", HOOKS, configuration(&ca, "Fail", &["v1"])).await.0, 201);
    let (_, made) = lab.call("POST", PODS, pod("a")).await;
    assert_eq!(j::text(&made, "/metadata/labels/mutated"), "yes");
    let (code, status) = lab.call("POST", PODS, pod("forbidden")).await;
    assert_eq!(code, 400);
    assert_eq!(status["message"], "admission webhook \"hook.example.com\" denied the request: not this one");
    let mut skipped = pod("b");
    j::put(&mut skipped, "/metadata/labels/skip", "1".into());
    let (_, made) = lab.call("POST", PODS, skipped).await;
    assert_eq!(j::text(&made, "/metadata/labels/mutated"), "");
}

#[tokio::test]
async fn a_dead_webhook_is_ignored_or_fatal_as_configured() {
    let lab = Lab::start().await;
    let other = TlsMaterial::self_made(&["x"]).unwrap().ca_pem;
    lab.call("POST", HOOKS, configuration(&other, "Ignore", &["v1"])).await;
    let (code, made) = lab.call("POST", PODS, pod("a")).await;
    assert_eq!((code, j::text(&made, "/metadata/labels/mutated")), (201, ""));
    let patch = json!({"webhooks": configuration(&other, "Fail", &["v1"])["webhooks"]});
    lab.call("PATCH", &format!("{HOOKS}/hook"), patch).await;
    let (code, status) = lab.call("POST", PODS, pod("b")).await;
    assert_eq!(code, 500);
    assert_eq!(
        status["message"],
        "Internal error occurred: failed calling webhook \"hook.example.com\": failed to call webhook: Post \
         \"https://hook.default.svc:443/mutate?timeout=10s\": service \"hook\" not found"
    );
}

#[tokio::test]
async fn a_webhook_with_a_foreign_certificate_is_not_believed() {
    let lab = Lab::start().await;
    serve(&lab).await;
    let other = TlsMaterial::self_made(&["hook.default.svc"]).unwrap().ca_pem;
    lab.call("POST", HOOKS, configuration(&other, "Fail", &["v1"])).await;
    let (code, status) = lab.call("POST", PODS, pod("a")).await;
    assert_eq!(code, 500);
    assert!(j::text(&status, "/message").contains("x509: "));
}

/// What the API server says when the webhook of the test, which answers in `v1` or without a version, is registered for
/// these versions; nothing where it takes the answer.
async fn said(versions: &[&str], versioned: bool) -> Option<String> {
    let lab = Lab::start().await;
    let ca = serve_as(&lab, versioned).await;
    lab.call("POST", HOOKS, configuration(&ca, "Fail", versions)).await;
    let (code, made) = lab.call("POST", PODS, pod("a")).await;
    if code == 201 {
        assert_eq!(j::text(&made, "/metadata/labels/mutated"), "yes");
        return None;
    }
    assert_eq!(code, 500);
    let message = j::text(&made, "/message").to_owned();
    message.strip_prefix("Internal error occurred: failed calling webhook \"hook.example.com\": ").map(str::to_owned)
}

#[tokio::test]
async fn the_first_known_version_of_the_list_is_asked_for_and_judged_by() {
    const UNVERSIONED: &str = "received invalid webhook response: expected webhook response of admission.k8s.io/v1, \
                               Kind=AdmissionReview, got /, Kind=";
    assert_eq!(said(&["v1", "v1beta1"], true).await, None);
    assert_eq!(said(&["v1beta1"], false).await, None);
    assert_eq!(said(&["v2", "v1beta1", "v1"], false).await, None);
    assert_eq!(said(&["v1"], false).await.as_deref(), Some(UNVERSIONED));
    assert_eq!(said(&["v1", "v1beta1"], false).await.as_deref(), Some(UNVERSIONED));
    assert_eq!(
        said(&["v1beta1"], true).await.as_deref(),
        Some(
            "failed to call webhook: converting (v1.AdmissionReview) to (v1beta1.AdmissionReview): unknown conversion"
        )
    );
}

#[tokio::test]
async fn a_charts_webhook_refuses_until_its_pods_are_ready_and_lets_through_then() {
    let lab = Lab::start().await;
    let labels = json!({"app": "controller"});
    let service = json!({"metadata": {"name": "controller"}, "spec": {"selector": labels, "ports": [{"port": 443}]}});
    assert_eq!(lab.call("POST", "/api/v1/namespaces/default/services", service).await.0, 201);
    let hook = json!({"metadata": {"name": "controller"}, "webhooks": [{
        "name": "v.controller.example", "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "clientConfig": {"service": {"namespace": "default", "name": "controller", "path": "/validate"}},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}],
    }]});
    let hooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    assert_eq!(lab.call("POST", hooks, hook).await.0, 201);
    let maps = "/api/v1/namespaces/default/configmaps";
    let map = |name: &str| json!({"metadata": {"name": name}});
    let (code, status) = lab.call("POST", maps, map("a")).await;
    assert_eq!(code, 500);
    let said = j::text(&status, "/message").to_owned();
    assert!(said.ends_with("?timeout=10s\": no endpoints available for service \"controller\""), "{said}");
    // Its pods come up, as a kubelet would tell.
    lab.run_kubelet();
    let mut own = pod("controller");
    j::put(&mut own, "/metadata/labels", labels);
    assert_eq!(lab.call("POST", PODS, own).await.0, 201);
    let slices = Gvr::new("discovery.k8s.io", "v1", "endpointslices");
    let ready = |store: &Store| {
        let all = store.list(&slices, Some("default")).1;
        all.iter().any(|slice| j::at(slice, "/endpoints/0/conditions/ready") == true)
    };
    lab.until("a ready endpoint", ready).await;
    assert_eq!(lab.call("POST", maps, map("a")).await.0, 201);
    // Another port than the service's is nowhere.
    let other = json!({"webhooks": [{"name": "v.controller.example", "clientConfig": {"service": {"port": 8443}}}]});
    let kind = "application/strategic-merge-patch+json";
    let path = format!("{hooks}/controller");
    let changed = lab.send(Some(&lab.admin), "PATCH", &path, kind, &other.to_string()).await;
    assert_eq!(read(changed).await.0, 200);
    let (code, status) = lab.call("POST", maps, map("b")).await;
    assert_eq!(code, 500);
    let said = j::text(&status, "/message").to_owned();
    assert!(said.ends_with("no service port 8443 found for service \"controller\""), "{said}");
}
