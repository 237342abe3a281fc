//! The webhooks that inject identity, and what stands behind them.

use futures_util::future::join_all;
use serde_json::Value;
use trustwalk_core::evidence::{Injects, Observed, Webhook, WebhookAuthority};
use trustwalk_foreign::shell;
use trustwalk_x509::Certificate;

use super::client::KubeApi;
use super::facts::{self, Registered};
use super::list::Asked;
use super::webhook_ca;
use crate::percent::segment;

/// The config map with the cluster's own authority.
const ROOTS: &str = "kube-root-ca.crt";
/// Most secrets of a pod that are looked at for an authority.
const SECRETS: usize = 8;

/// A service of this cluster, as a webhook's registration names it.
struct Service<'a> {
    namespace: &'a str,
    name: &'a str,
    port: i64,
}

impl<'a> Service<'a> {
    /// From `service NAMESPACE/NAME:PORT`. A URL is none: it is meant for the API server's own host,
    /// so nothing is dialled for it from here.
    fn of(endpoint: &'a str) -> Option<Self> {
        let (namespace, rest) = endpoint.strip_prefix("service ")?.split_once('/')?;
        let (name, port) = rest.split_once(':')?;
        Some(Self { namespace, name, port: port.parse().ok()? })
    }
}

/// A pod behind such a service.
struct Backend {
    name: String,
    ready: bool,
    image: Option<String>,
    /// Where the service's port leads.
    port: Option<u16>,
    /// The secrets that it mounts.
    secrets: Vec<String>,
}

impl Backend {
    fn of(service: &Value, port: i64, pod: &Value) -> Self {
        Self {
            name: pod.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned(),
            ready: facts::is_ready(pod),
            image: facts::pod_spec(pod).containers.first().map(|c| c.image.clone()),
            port: facts::target_port(service, port, pod),
            secrets: facts::mounted_secrets(pod),
        }
    }
}

impl KubeApi {
    /// One `MutatingWebhookConfiguration`, as it is stored.
    pub async fn webhook_configuration(&self, name: &str) -> Observed<Value> {
        self.get(
            &format!("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{}", segment(name)),
            &format!("MutatingWebhookConfiguration {name}"),
            "get mutatingwebhookconfigurations",
            &shell::line("kubectl get mutatingwebhookconfiguration {} -o yaml", &[name]),
        )
        .await
    }

    /// Mutating webhooks that inject web identity, or may.
    pub async fn webhooks(&self) -> Observed<Vec<Webhook>> {
        let api = "/apis/admissionregistration.k8s.io/v1";
        let asked = Asked { api, plural: "mutatingwebhookconfigurations", namespace: None, query: "" };
        let found = self.list(&asked, &|v| Some(facts::webhooks(&v)).filter(|own| !own.is_empty())).await;
        let Observed::Known { value: registered, source } = found else { return found.map(|_| Vec::new()) };
        let registered: Vec<Registered> = registered.into_iter().flatten().collect();
        // Where one is known to be it, nobody needs to know more of the others.
        let known = registered.iter().any(|one| one.hook.injects() == Injects::Yes);
        let asked = registered.into_iter().map(|one| async move {
            if known && one.hook.injects() != Injects::Yes { one.hook } else { Box::pin(self.with_backends(one)).await }
        });
        let value = join_all(asked).await;
        Observed::Known { value, source }
    }

    /// How many pods stand ready behind a webhook's service, which image they run, and whether the
    /// API server can verify the certificate one of them serves.
    async fn with_backends(&self, registered: Registered) -> Webhook {
        let Registered { mut hook, trusted } = registered;
        let endpoint = hook.endpoint.clone();
        let Some(service) = Service::of(&endpoint) else { return hook };
        let Service { namespace, name, port } = service;
        let found = self
            .get(
                &format!("/api/v1/namespaces/{}/services/{}", segment(namespace), segment(name)),
                &format!("Service {namespace}/{name}"),
                "get services",
                &shell::line("kubectl get service {} -n {}", &[name, namespace]),
            )
            .await;
        if found.is_absent() {
            hook.ready_endpoints = Some(0);
            return hook;
        }
        let Some(object) = found.known() else { return hook };
        let selector = facts::selector_of_service(object);
        // A service without a selector fronts something outside the cluster, as on EKS's own control plane.
        if selector.is_empty() {
            return hook;
        }
        let query = format!("labelSelector={}", crate::percent::encode(&selector));
        let asked = Asked { api: "/api/v1", plural: "pods", namespace: Some(namespace), query: &query };
        let pods = self.list(&asked, &|pod| Some(Backend::of(object, port, &pod))).await;
        let Some(pods) = pods.known() else { return hook };
        hook.ready_endpoints = i64::try_from(pods.iter().filter(|p| p.ready).count()).ok();
        hook.image = pods.first().and_then(|p| p.image.clone());
        let Some(pod) = pods.iter().find(|p| p.ready) else { return hook };
        let (Some(target), secrets, pod) = (pod.port, &pod.secrets, pod.name.as_str()) else { return hook };
        let server = format!("{name}.{namespace}.svc");
        if let Some(ders) = Box::pin(self.served(namespace, pod, target, &server)).await {
            let chain: Result<Vec<Certificate>, _> = ders.iter().map(|der| Certificate::from_der(der)).collect();
            // What we cannot read, the API server may: no verdict then.
            let Ok(chain) = chain else { return hook };
            self.compare(&mut hook, &trusted, &chain, &server);
            if hook.ca_verifies == Some(false) {
                hook.authority = self.authority(namespace, secrets, &chain, &server).await;
            }
        }
        hook
    }

    /// The authority that verifies a chain, among those that objects beside the webhook name: the cluster's own, which
    /// every namespace has (Kubernetes documentation, `kube-root-ca.crt`), and `ca.crt` of the secrets that the webhook
    /// mounts, where cert-manager and others put who signed it (cert-manager documentation, "Certificate resource").
    /// What the webhook presents itself is never one.
    async fn authority(
        &self,
        namespace: &str,
        secrets: &[String],
        chain: &[Certificate],
        server: &str,
    ) -> Option<WebhookAuthority> {
        let own = (format!("ConfigMap {namespace}/{ROOTS}"), self.authorities_of_cluster(namespace).await);
        if let Some(found) = self.verifying(own, chain, server) {
            return Some(found);
        }
        for secret in secrets.iter().take(SECRETS) {
            let held = (format!("Secret {namespace}/{secret}, ca.crt"), self.authorities_of(namespace, secret).await);
            if let Some(found) = self.verifying(held, chain, server) {
                return Some(found);
            }
        }
        None
    }

    /// The first of several certificates that verifies a chain by itself.
    fn verifying(
        &self,
        (source, held): (String, Vec<Certificate>),
        chain: &[Certificate],
        server: &str,
    ) -> Option<WebhookAuthority> {
        let alone =
            |c: &&Certificate| webhook_ca::verifies(std::slice::from_ref(c), chain, server, self.now()) == Some(true);
        let found = held.iter().find(alone)?;
        Some(WebhookAuthority { bundle: webhook_ca::bundle(std::slice::from_ref(found)), source })
    }

    async fn authorities_of_cluster(&self, namespace: &str) -> Vec<Certificate> {
        let path = format!("/api/v1/namespaces/{}/configmaps/{ROOTS}", segment(namespace));
        let by_hand = shell::line("kubectl get configmap {} -n {} -o yaml", &[ROOTS, namespace]);
        let found = self.get(&path, &format!("ConfigMap {namespace}/{ROOTS}"), "get configmaps", &by_hand).await;
        let text = found.known().and_then(|v| v.pointer("/data/ca.crt")).and_then(Value::as_str).unwrap_or_default();
        webhook_ca::of_pem(text.as_bytes())
    }

    /// Of a secret nothing but `ca.crt` is looked at.
    async fn authorities_of(&self, namespace: &str, secret: &str) -> Vec<Certificate> {
        let path = format!("/api/v1/namespaces/{}/secrets/{}", segment(namespace), segment(secret));
        let by_hand = shell::line("kubectl get secret {} -n {} -o jsonpath='{.data.ca\\.crt}'", &[secret, namespace]);
        let found = self.get(&path, &format!("Secret {namespace}/{secret}"), "get secrets", &by_hand).await;
        let text = found.known().and_then(|v| v.pointer("/data/ca.crt")).and_then(Value::as_str).unwrap_or_default();
        webhook_ca::certificates(text)
    }

    fn compare(&self, hook: &mut Webhook, trusted: &[Certificate], chain: &[Certificate], server: &str) {
        hook.ca_verifies = webhook_ca::verifies(trusted, chain, server, self.now());
        hook.served_sha256 = webhook_ca::fingerprints(chain);
        hook.served_issuer = chain.last().map(|c| c.issuer().to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_services_are_looked_behind() {
        let service = Service::of("service kube-system/pod-identity-webhook:443").unwrap();
        assert_eq!((service.namespace, service.name, service.port), ("kube-system", "pod-identity-webhook", 443));
        assert!(Service::of("https://127.0.0.1:23443/mutate").is_none());
    }
}
