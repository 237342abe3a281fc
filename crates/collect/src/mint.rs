//! A token like the workload's own, by `TokenRequest`: same service account, same audience.

use http::Request;
use serde_json::{Value, json};
use trustwalk_core::evidence::{Observed, Source};
use trustwalk_foreign::shell;

use crate::kube_api::KubeApi;
use crate::percent::segment;
use crate::secret::SecretToken;

/// The shortest life the API server grants (Kubernetes: "may not specify a duration less than 10 minutes").
const TOKEN_SECONDS: i64 = 600;

impl KubeApi {
    /// Where a token of an account comes from.
    pub(crate) fn minting(&self, namespace: &str, service_account: &str, audience: &str) -> Source {
        let template = "kubectl create token {} -n {} --audience {}";
        Source {
            what: format!("TokenRequest {namespace}/{service_account} for {audience}"),
            at: self.now(),
            by_hand: shell::try_line(template, &[service_account, namespace, audience]).ok(),
        }
    }

    /// Mints a token that the API server forgets in ten minutes.
    pub async fn mint(&self, namespace: &str, service_account: &str, audience: &str) -> Observed<SecretToken> {
        let source = self.minting(namespace, service_account, audience);
        let body = json!({
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": {"audiences": [audience], "expirationSeconds": TOKEN_SECONDS},
        });
        let path =
            format!("/api/v1/namespaces/{}/serviceaccounts/{}/token", segment(namespace), segment(service_account));
        let request =
            Request::post(path).header("content-type", "application/json").body(body.to_string().into_bytes());
        let request = match request {
            Ok(r) => r,
            Err(e) => return Observed::Unreachable { source, error: e.to_string() },
        };
        let answer = self.observe(request, source, "create serviceaccounts/token").await;
        answer.then(|value, source| match value.pointer("/status/token").and_then(Value::as_str) {
            Some(token) => Observed::Known { value: SecretToken::new(token.to_owned()), source },
            None => Observed::Unreachable { source, error: "the answer holds no token".to_owned() },
        })
    }
}
