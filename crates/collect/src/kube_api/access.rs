//! Whether the caller is allowed what a walk or a repair asks for, and who the caller is: as `kubectl auth can-i` and
//! `kubectl auth whoami` ask, which anybody is allowed to (Kubernetes documentation, "Checking API access").

use http::Request;
use serde_json::{Value, json};
use trustwalk_core::evidence::{Observed, Source};

use super::client::KubeApi;
use super::values::text;
use crate::aws::Allowed;
use crate::rights::Right;

impl KubeApi {
    /// Who the API server takes the caller for; by servers before 1.28, which are not asked so, it is not told.
    pub async fn whoami(&self) -> Observed<String> {
        let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
        let answer = self.review("/apis/authentication.k8s.io/v1/selfsubjectreviews", &review, "kubectl auth whoami");
        answer.await.map(|v| text(&v, "/status/userInfo/username"))
    }

    /// Whether a right is given: in a namespace, or in all.
    pub async fn may(&self, right: &Right, namespace: Option<&str>) -> Allowed {
        let (resource, subresource) = right.resource.split_once('/').unwrap_or((right.resource, ""));
        let namespace = namespace.filter(|_| !right.rule.cluster).unwrap_or_default();
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "verb": right.verb, "group": right.rule.group, "resource": resource, "subresource": subresource,
                "namespace": namespace,
            }},
        });
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        match self.review(path, &review, "kubectl auth can-i --list").await {
            Observed::Known { value, .. } if value.pointer("/status/allowed") == Some(&Value::Bool(true)) => {
                Allowed::Yes
            }
            Observed::Known { value, .. } => {
                let said = [text(&value, "/status/reason"), text(&value, "/status/evaluationError")];
                let said: Vec<&str> = said.iter().map(String::as_str).filter(|s| !s.is_empty()).collect();
                Allowed::No { why: trustwalk_foreign::redact(&said.join("; ")).into_owned() }
            }
            other @ (Observed::Absent { .. }
            | Observed::Denied { .. }
            | Observed::Unreachable { .. }
            | Observed::Spared { .. }
            | Observed::NotCollected { .. }) => Allowed::Unknown { why: other.gap().unwrap_or_default() },
        }
    }

    async fn review(&self, path: &str, review: &Value, by_hand: &str) -> Observed<Value> {
        let source = Source {
            what: "a review of one's own access".to_owned(),
            at: self.now(),
            by_hand: Some(by_hand.to_owned()),
        };
        let request = Request::post(path).header("content-type", "application/json");
        match request.body(review.to_string().into_bytes()) {
            Ok(request) => self.observe(request, source, "create selfsubjectaccessreviews").await,
            Err(e) => Observed::Unreachable { source, error: e.to_string() },
        }
    }
}
