//! Evictions: a pod is asked to go, as far as its disruption budget lets it (Kubernetes documentation, "API-initiated
//! Eviction").

use std::time::Duration;

use http::{Request, StatusCode};
use serde_json::{Value, json};
use trustwalk_foreign::{redact, shell};

use super::answer::Failure;
use super::client::KubeApi;
use super::values::{array, text};
use crate::percent::segment;

/// What became of an eviction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evicted {
    /// The pod goes, or in a rehearsal would.
    Goes,
    /// It was gone before, or another pod of its name is there.
    Gone,
    /// A disruption budget allows none now.
    Budget {
        /// The server's words, which name the budget and what it needs.
        why: String,
        /// When it asks to be asked again.
        told: Option<Duration>,
    },
    /// The server has too much to do.
    Busy {
        /// Its words.
        why: String,
        /// When it asks to be asked again.
        told: Option<Duration>,
    },
    /// It was refused for good.
    Refused(String),
    /// The answer was lost: the pod may go.
    Lost(String),
}

impl KubeApi {
    /// Evicts the pod of a name while it is the one of this UID. It is asked once: what a budget refuses now is
    /// better waited for by watching it.
    pub async fn evict(&self, namespace: &str, name: &str, uid: &str) -> Evicted {
        self.eviction((namespace, name, uid), "").await
    }

    /// Asks what the API server would say to that, with nothing evicted (Kubernetes API concepts, "Dry-run").
    pub async fn rehearse_eviction(&self, namespace: &str, name: &str, uid: &str) -> Evicted {
        self.eviction((namespace, name, uid), "?dryRun=All").await
    }

    async fn eviction(&self, (namespace, name, uid): (&str, &str, &str), query: &str) -> Evicted {
        let eviction = json!({
            "apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": {"name": name, "namespace": namespace},
            "deleteOptions": {"preconditions": {"uid": uid}},
        });
        let path = format!("/api/v1/namespaces/{}/pods/{}/eviction{query}", segment(namespace), segment(name));
        let request =
            Request::post(path).header("content-type", "application/json").body(eviction.to_string().into_bytes());
        match request {
            Ok(request) => match self.once(&request).await {
                Ok((StatusCode::CONFLICT, told, body)) => match self.is_there(namespace, name, uid).await {
                    Some(false) => Evicted::Gone,
                    Some(true) | None => outcome(StatusCode::CONFLICT, told, &body),
                },
                Ok((status, told, body)) => outcome(status, told, &body),
                Err(Failure::Broken { reason, .. }) => Evicted::Lost(reason),
                Err(Failure::Refused { code, message, .. }) => Evicted::Lost(format!("{code}: {message}")),
                Err(Failure::TooLarge(_)) => Evicted::Lost("the answer is too large".to_owned()),
            },
            Err(error) => Evicted::Refused(error.to_string()),
        }
    }

    /// Whether the pod of a name is there and is the one of this UID; `None` where nobody knows.
    async fn is_there(&self, namespace: &str, name: &str, uid: &str) -> Option<bool> {
        let path = format!("/api/v1/namespaces/{}/pods/{}", segment(namespace), segment(name));
        let by_hand = shell::line("kubectl get pod {} -n {} -o yaml", &[name, namespace]);
        let found = self.get(&path, &format!("Pod {namespace}/{name}"), "get pods", &by_hand).await;
        match found.known() {
            Some(pod) => Some(text(pod, "/metadata/uid") == uid),
            None => found.is_absent().then_some(false),
        }
    }
}

/// The cause that a refusal has which a budget makes (Kubernetes, `policy/v1`, `DisruptionBudgetCause`).
const DISRUPTION_BUDGET: &str = "DisruptionBudget";

/// What an answer means. A budget refuses with 429, and so does a server in a hurry; the cause in the details tells
/// them apart (Kubernetes documentation, "API-initiated Eviction"). A conflict over another UID was told apart before:
/// one that is left is over a version, of a pod that starts or of a budget that others write to, which the server
/// itself tried for seconds (Kubernetes, `pkg/registry/core/pod/storage/eviction.go`); the pod is still there.
fn outcome(status: StatusCode, told: Option<Duration>, body: &[u8]) -> Evicted {
    if status.is_success() {
        return Evicted::Goes;
    }
    let parsed = crate::json::parse(body).unwrap_or(Value::Null);
    let by_budget = array(&parsed, "/details/causes").any(|c| text(c, "/reason") == DISRUPTION_BUDGET);
    let why = words(status, &parsed, body);
    match status.as_u16() {
        404 => Evicted::Gone,
        429 if by_budget => Evicted::Budget { why, told },
        409 | 429 => Evicted::Busy { why, told },
        400..500 => Evicted::Refused(why),
        // Two budgets over one pod are an error of the server's, which stays (the same page).
        500 if why.contains("more than one PodDisruptionBudget") => Evicted::Refused(why),
        _ => Evicted::Lost(why),
    }
}

/// The server's words, and the budget's.
fn words(status: StatusCode, parsed: &Value, body: &[u8]) -> String {
    let causes = array(parsed, "/details/causes").map(|c| text(c, "/message"));
    let all: Vec<String> = std::iter::once(text(parsed, "/message")).chain(causes).filter(|m| !m.is_empty()).collect();
    if all.is_empty() {
        return crate::words::beginning(body, 200);
    }
    let lead = if status.as_u16() == 429 { String::new() } else { format!("{}: ", status.as_u16()) };
    redact(&format!("{lead}{}", all.join(" "))).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budgets_refusal_is_told_from_every_other() {
        let body = json!({
            "kind": "Status", "status": "Failure", "reason": "TooManyRequests", "code": 429,
            "message": "Cannot evict pod as it would violate the pod's disruption budget.",
            "details": {"causes": [{
                "reason": "DisruptionBudget",
                "message": "The disruption budget ledger needs 2 healthy pods and has 2 currently",
            }]},
        })
        .to_string();
        let of = |code: u16, body: &str| outcome(StatusCode::from_u16(code).unwrap(), None, body.as_bytes());
        assert_eq!(of(201, "{}"), Evicted::Goes);
        let Evicted::Budget { why, .. } = of(429, &body) else { panic!("not a budget's refusal") };
        assert!(why.starts_with("Cannot evict") && why.ends_with("has 2 currently"), "{why}");
        let busy = r#"{"message":"the server has received too many requests and has asked us to try again later",
            "reason":"TooManyRequests","code":429}"#;
        assert!(matches!(of(429, busy), Evicted::Busy { why, .. } if why.starts_with("the server has received")));
        assert_eq!(of(404, "{}"), Evicted::Gone);
        let met = json!({"reason": "Conflict", "message": "Operation cannot be fulfilled on \
            poddisruptionbudgets.policy \"ledger\": the object has been modified; please apply your changes to the \
            latest version and try again"})
        .to_string();
        assert!(matches!(of(409, &met), Evicted::Busy { why, .. } if why.starts_with("409: Operation cannot")));
        assert!(matches!(of(403, "no"), Evicted::Refused(_)) && matches!(of(503, "no"), Evicted::Lost(_)));
        let two = json!({"message": "This pod has more than one PodDisruptionBudget, which the eviction subresource \
            does not support."})
        .to_string();
        assert!(matches!(of(500, &two), Evicted::Refused(_)));
    }
}
