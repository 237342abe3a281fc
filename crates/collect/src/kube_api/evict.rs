//! Evictions: a pod is asked to go, as far as its disruption budget lets it (Kubernetes documentation, "API-initiated
//! Eviction").

use std::time::Duration;

use http::{Request, StatusCode};
use serde_json::{Value, json};
use trustwalk_foreign::redact;

use super::answer::Failure;
use super::client::KubeApi;
use super::values::{array, text};
use crate::percent::segment;

/// What became of an eviction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evicted {
    /// The pod goes.
    Goes,
    /// It was gone before, or another pod of its name is there.
    Gone,
    /// Not now: a budget allows none, or the server has too much to do.
    NotNow {
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
        let eviction = json!({
            "apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": {"name": name, "namespace": namespace},
            "deleteOptions": {"preconditions": {"uid": uid}},
        });
        let path = format!("/api/v1/namespaces/{}/pods/{}/eviction", segment(namespace), segment(name));
        let request =
            Request::post(path).header("content-type", "application/json").body(eviction.to_string().into_bytes());
        match request {
            Ok(request) => match self.once(&request).await {
                Ok((status, told, body)) => outcome(status, told, &body),
                Err(Failure::Broken { reason, .. }) => Evicted::Lost(reason),
                Err(Failure::Refused { code, message, .. }) => Evicted::Lost(format!("{code}: {message}")),
                Err(Failure::TooLarge(_)) => Evicted::Lost("the answer is too large".to_owned()),
            },
            Err(error) => Evicted::Refused(error.to_string()),
        }
    }
}

/// What an answer means. A budget refuses with 429, and so does a server in a hurry; a UID that is another's is a
/// conflict (Kubernetes documentation, "API-initiated Eviction"; API reference, `Preconditions`).
fn outcome(status: StatusCode, told: Option<Duration>, body: &[u8]) -> Evicted {
    if status.is_success() {
        return Evicted::Goes;
    }
    let words = words(status, body);
    match status.as_u16() {
        404 | 409 => Evicted::Gone,
        429 => Evicted::NotNow { why: words, told },
        400..500 => Evicted::Refused(words),
        // Two budgets over one pod are an error of the server's, which stays (the same page).
        500 if words.contains("more than one PodDisruptionBudget") => Evicted::Refused(words),
        _ => Evicted::Lost(words),
    }
}

/// The server's words, and the budget's.
fn words(status: StatusCode, body: &[u8]) -> String {
    let parsed = crate::json::parse(body).unwrap_or(Value::Null);
    let causes = array(&parsed, "/details/causes").map(|c| text(c, "/message"));
    let all: Vec<String> = std::iter::once(text(&parsed, "/message")).chain(causes).filter(|m| !m.is_empty()).collect();
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
        let Evicted::NotNow { why, .. } = of(429, &body) else { panic!("not a refusal for now") };
        assert!(why.starts_with("Cannot evict") && why.ends_with("has 2 currently"), "{why}");
        assert_eq!((of(404, "{}"), of(409, "{}")), (Evicted::Gone, Evicted::Gone));
        assert!(matches!(of(403, "no"), Evicted::Refused(_)) && matches!(of(503, "no"), Evicted::Lost(_)));
        let two = r#"{"message":"This pod has more than one PodDisruptionBudget, which the eviction subresource does
            not support."}"#;
        assert!(matches!(of(500, two), Evicted::Refused(_)));
    }
}
