//! Writes to a cluster: what is sent again, and what became of an eviction.

use http::Request;
use serde_json::json;
use trustwalk_collect::kube_api::{Evicted, WriteError};

use crate::server::{Sent, Server, ok};

/// As kube-apiserver 1.36 words it.
const CONFLICT: &str = "Operation cannot be fulfilled on serviceaccounts \"aws-node\": the object has been modified; \
                        please apply your changes to the latest version and try again";

fn status(code: u16, headers: &'static str, reason: &str, message: &str) -> Sent {
    let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message,
        "reason": reason, "code": code});
    Sent::Whole(code, headers, body.to_string())
}

fn patch() -> Request<Vec<u8>> {
    let body = json!({"metadata": {"resourceVersion": "7", "annotations": {"a": "b"}}});
    Request::patch("/api/v1/namespaces/n/serviceaccounts/aws-node")
        .header("content-type", "application/merge-patch+json")
        .body(body.to_string().into_bytes())
        .unwrap()
}

/// It may have arrived: sent again with the same version, it would be refused because of itself.
#[tokio::test]
async fn a_write_that_names_a_version_is_sent_again_only_where_it_did_not_arrive() {
    let troubled = Server::new(|_, before| match before {
        0 => status(500, "retry-after: 0\r\n", "ServerTimeout", "the server could not do it in time"),
        _ => status(409, "", "Conflict", CONFLICT),
    })
    .await;
    let outcome = troubled.cluster().await.write_at_version(patch()).await;
    assert!(matches!(outcome, Err(WriteError::Lost(why)) if why.starts_with("500: ")));
    assert_eq!(troubled.count(), 1);
    let busy = Server::new(|_, before| match before {
        0 => status(429, "retry-after: 0\r\n", "TooManyRequests", "the server has received too many requests"),
        _ => ok("{}"),
    })
    .await;
    assert_eq!(busy.cluster().await.write_at_version(patch()).await, Ok(true));
    assert_eq!(busy.count(), 2);
    let overtaken = Server::new(|_, _| status(409, "", "Conflict", CONFLICT)).await;
    assert_eq!(overtaken.cluster().await.write_at_version(patch()).await, Ok(false));
    assert_eq!(overtaken.count(), 1);
}

/// A conflict over the pod's UID says that it is gone; one over a version, that it is still there.
#[tokio::test]
async fn an_eviction_that_met_another_write_is_told_from_a_pod_that_is_gone() {
    let of = async |pod: fn() -> Sent| {
        let server =
            Server::new(
                move |first, _| {
                    if first.starts_with("POST ") { status(409, "", "Conflict", CONFLICT) } else { pod() }
                },
            )
            .await;
        server.cluster().await.evict("n", "p", "1").await
    };
    let ours = || ok(json!({"metadata": {"name": "p", "uid": "1"}}).to_string());
    assert!(matches!(of(ours).await, Evicted::Busy { why, .. } if why.contains("has been modified")));
    assert_eq!(of(|| ok(json!({"metadata": {"name": "p", "uid": "2"}}).to_string())).await, Evicted::Gone);
    assert_eq!(of(|| status(404, "", "NotFound", "pods \"p\" not found")).await, Evicted::Gone);
    assert!(matches!(of(|| status(403, "", "Forbidden", "no")).await, Evicted::Busy { .. }), "nobody knows");
}
