//! Whether a new pod of a service account would be injected: a server-side dry run, which
//! stores nothing and asks the same webhooks.

use http::Request;
use serde_json::{Value, json};
use trustwalk_core::evidence::{InjectionProbe, Observed, Source, Variable, WebhookRefusal};
use trustwalk_foreign::{shell, visible};

use super::client::KubeApi;
use super::facts;
use crate::percent::segment;

/// The volume that the webhook makes for a web identity's token.
const WEBHOOK_VOLUME: &str = "aws-iam-token";

impl KubeApi {
    /// Asks the API server to admit, without storing it, a pod of this service account.
    pub async fn injection_probe(
        &self,
        namespace: &str,
        service_account: &str,
        labels: &Value,
    ) -> Observed<InjectionProbe> {
        let overrides = json!({"spec": {"serviceAccountName": service_account}}).to_string();
        let source = Source {
            what: format!("dry run of a pod of {namespace}/{service_account}"),
            at: self.now(),
            by_hand: shell::try_line(
                "kubectl run probe -n {} --image=pause --overrides={} --dry-run=server -o yaml",
                &[namespace, &visible::json(&overrides)],
            )
            .ok(),
        };
        // As strict as the strictest of the Pod Security Standards asks, so that no namespace turns it away for that.
        let container = json!({
            "name": "probe", "image": "registry.k8s.io/pause:3.10",
            "securityContext": {
                "allowPrivilegeEscalation": false, "runAsNonRoot": true, "capabilities": {"drop": ["ALL"]},
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        });
        let body = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"generateName": "trustwalk-probe-", "namespace": namespace, "labels": labels},
            "spec": {"serviceAccountName": service_account, "containers": [container]},
        });
        let request =
            Request::post(format!("/api/v1/namespaces/{}/pods?dryRun=All&fieldManager=trustwalk", segment(namespace)))
                .header(http::header::CONTENT_TYPE, "application/json")
                .body(body.to_string().into_bytes());
        let request = match request {
            Ok(r) => r,
            Err(e) => return Observed::Unreachable { source, error: e.to_string() },
        };
        let answer = self.observe(request, source, "create pods (dry run)").await;
        // With failurePolicy Fail the API server says itself what is wrong with the webhook. One that answers and
        // denies the pod is a policy's, and tells nothing.
        if let Observed::Unreachable { source, error } = &answer
            && let Some(refusal) = WebhookRefusal::read(error)
        {
            let value = InjectionProbe { error: Some(refusal), ..InjectionProbe::default() };
            return Observed::Known { value, source: source.clone() };
        }
        answer.map(|pod| injected(&pod))
    }
}

/// What the webhooks put into the pod.
fn injected(pod: &Value) -> InjectionProbe {
    let spec = facts::pod_spec(pod);
    let container = spec.containers.first();
    let env = |variable| container.and_then(|c| c.env_value(variable)).map(str::to_owned);
    let volume = spec.token_volumes.iter().find(|v| v.name == WEBHOOK_VOLUME);
    InjectionProbe {
        audience: volume.map(|v| v.audience.clone()),
        expiration_seconds: volume.map(|v| v.expiration_seconds),
        role_arn: env(Variable::AwsRoleArn),
        token_file: env(Variable::AwsWebIdentityTokenFile),
        container_credentials: container.is_some_and(|c| c.has_env(Variable::AwsContainerCredentialsFullUri)),
        regional_sts: env(Variable::AwsStsRegionalEndpoints),
        // The webhook sets both alike.
        region: env(Variable::AwsRegion).or_else(|| env(Variable::AwsDefaultRegion)),
        error: None,
    }
}
