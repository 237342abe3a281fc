//! The webhooks that inject identity, and what stands behind them.

use futures_util::future::join_all;
use serde_json::Value;
use trustwalk_core::evidence::{Observed, Webhook};
use trustwalk_foreign::shell;
use trustwalk_x509::Certificate;

use super::client::KubeApi;
use super::facts::{self, Registered};
use super::list::Asked;
use super::webhook_ca;
use crate::percent::segment;

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
}

impl Backend {
    fn of(service: &Value, port: i64, pod: &Value) -> Self {
        Self {
            name: pod.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned(),
            ready: facts::is_ready(pod),
            image: facts::pod_spec(pod).containers.first().map(|c| c.image.clone()),
            port: facts::target_port(service, port, pod),
        }
    }
}

impl KubeApi {
    /// Mutating webhooks that could inject web identity.
    pub async fn webhooks(&self) -> Observed<Vec<Webhook>> {
        let api = "/apis/admissionregistration.k8s.io/v1";
        let asked = Asked { api, plural: "mutatingwebhookconfigurations", namespace: None, query: "" };
        let found = self.list(&asked, &|v| Some(facts::webhooks(&v)).filter(|own| !own.is_empty())).await;
        let Observed::Known { value: registered, source } = found else { return found.map(|_| Vec::new()) };
        let registered = registered.into_iter().flatten();
        let value = join_all(registered.map(|one| self.with_backends(one))).await;
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
        let (Some(target), pod) = (pod.port, pod.name.as_str()) else { return hook };
        let server = format!("{name}.{namespace}.svc");
        if let Some(ders) = self.served(namespace, pod, target, &server).await {
            self.compare(&mut hook, &trusted, &ders, &server);
        }
        hook
    }

    fn compare(&self, hook: &mut Webhook, trusted: &[Certificate], ders: &[Vec<u8>], server: &str) {
        let chain: Result<Vec<Certificate>, _> = ders.iter().map(|der| Certificate::from_der(der)).collect();
        // What we cannot read, the API server may: no verdict then.
        let Ok(chain) = chain else { return };
        hook.ca_verifies = webhook_ca::verifies(trusted, &chain, server, self.now());
        hook.served_sha256 = webhook_ca::fingerprints(&chain);
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
