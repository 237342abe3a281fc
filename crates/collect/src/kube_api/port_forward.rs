//! The certificates a program in a pod serves, seen through `portforward`: the same way in as
//! `kubectl port-forward`, with nothing listening here and nothing changed there.

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, Portforwarder};
use rustls_pki_types::ServerName;

use super::client::KubeApi;
use crate::limits::WEBHOOK_TIMEOUT;
use crate::tls::{self, DialOptions};

/// Ends the forwarding with whoever uses it: left alone, its task would go on.
struct Forwarding(Portforwarder);

impl Drop for Forwarding {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl KubeApi {
    /// The chain served at a pod's port to somebody who asks for `name`. `None` when it cannot be seen
    /// within [`WEBHOOK_TIMEOUT`]: forwarding may not be permitted (`create pods/portforward`), or
    /// what listens there does not speak TLS.
    pub(super) async fn served(&self, namespace: &str, pod: &str, port: u16, name: &str) -> Option<Vec<Vec<u8>>> {
        let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}/portforward");
        let look = tokio::time::timeout(WEBHOOK_TIMEOUT, self.look(namespace, pod, port, name));
        Box::pin(self.upgraded(&path, async { look.await.ok().flatten() }, Option::is_some)).await
    }

    async fn look(&self, namespace: &str, pod: &str, port: u16, name: &str) -> Option<Vec<Vec<u8>>> {
        let name = ServerName::try_from(name.to_owned()).ok()?;
        let pods: Api<Pod> = Api::namespaced(self.upgrades().await.ok()?, namespace);
        let mut forwarding = Forwarding(pods.portforward(pod, &[port]).await.ok()?);
        let stream = forwarding.0.take_stream(port)?;
        let refused = forwarding.0.take_error(port)?;
        let options = DialOptions::default();
        tokio::select! {
            biased;
            shaken = tls::shake(stream, name, &options) => Some(shaken.ok()?.0),
            _ = refused => None,
        }
    }
}
