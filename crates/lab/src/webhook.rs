//! The pod-identity webhook's registration with the API server, and the objects that
//! webhook and Pod Identity Agent run as.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use trustwalk_lab_cluster::{Gvr, Key, Store};

use crate::{LabError, pods, world::Registration};

/// Name of the configuration, as EKS calls it.
pub(crate) const NAME: &str = "pod-identity-webhook";
/// Namespace and service of a self-managed webhook.
pub(crate) const NAMESPACE: &str = "kube-system";

/// Makes the registration as wanted. `ca` signed the serving certificate, `foreign`
/// did not; both PEM.
pub(crate) fn register(store: &Store, wanted: Registration, ca: &str, foreign: &str) -> Result<(), LabError> {
    let gvr = Gvr::new("admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations");
    let object = match wanted {
        Registration::Absent => None,
        Registration::Sound => Some(configuration(ca, &["v1beta1"])),
        Registration::V1First => Some(configuration(ca, &["v1", "v1beta1"])),
        Registration::ForeignCa => Some(configuration(foreign, &["v1beta1"])),
    };
    pods::put(store, &gvr, None, NAME, object.as_ref())?;
    // The service stays when only the registration is wrong.
    let service = json!({
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {
            "selector": {"app": NAME},
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 443}],
        },
    });
    let labels = json!({"app": NAME});
    let program = json!({
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [
                {"name": NAME, "image": "registry.lab.example/amazon-eks-pod-identity-webhook:v0.6.11",
                 "volumeMounts": [{"name": "cert", "mountPath": "/etc/webhook/certs", "readOnly": true}]},
            ], "volumes": [{"name": "cert", "secret": {"secretName": NAME}}]}},
        },
    });
    // As cert-manager writes it, the key left out: nobody but the webhook needs that, and it has its own.
    let secret = json!({
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "type": "Opaque",
        "data": {"ca.crt": STANDARD.encode(ca)},
    });
    let objects =
        [(Gvr::core("secrets"), &secret), (Gvr::core("services"), &service), (Gvr::apps("deployments"), &program)];
    for (gvr, object) in objects {
        let there = store.get(&Key::new(gvr.clone(), Some(NAMESPACE), NAME)).is_some();
        // Written again, without the defaults it was given since, it would roll its pods for nothing.
        if there != (wanted != Registration::Absent) {
            pods::put(store, &gvr, Some(NAMESPACE), NAME, (!there).then_some(object))?;
        }
    }
    Ok(())
}

/// The Pod Identity Agent's `DaemonSet`, as its add-on makes it.
pub(crate) fn agent(store: &Store, there: bool) -> Result<(), LabError> {
    /// Name of the add-on's `DaemonSet`.
    const AGENT: &str = "eks-pod-identity-agent";
    let labels = json!({"app.kubernetes.io/name": AGENT});
    let object = json!({
        "metadata": {"name": AGENT, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"hostNetwork": true, "containers": [
                {"name": AGENT, "image": "registry.lab.example/eks-pod-identity-agent:v0.1.31"},
            ]}},
        },
    });
    pods::put(store, &Gvr::apps("daemonsets"), Some(NAMESPACE), AGENT, there.then_some(&object))
}

/// The configuration in the shape EKS and the project's own manifests give it:
/// pods at creation, failure policy Ignore, reviews of `v1beta1` (`deploy/mutatingwebhook.yaml`; reported of EKS in
/// amazon-eks-user-guide pull request 894).
fn configuration(ca: &str, versions: &[&str]) -> Value {
    json!({
        "metadata": {"name": NAME},
        "webhooks": [{
            "name": "iam-for-pods.amazonaws.com",
            "admissionReviewVersions": versions,
            "clientConfig": {
                "service": {"name": NAME, "namespace": NAMESPACE, "path": "/mutate", "port": 443},
                "caBundle": STANDARD.encode(ca),
            },
            "failurePolicy": "Ignore",
            "sideEffects": "None",
            "reinvocationPolicy": "IfNeeded",
            "matchPolicy": "Equivalent",
            "timeoutSeconds": 10,
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"],
                "scope": "*"}],
        }],
    })
}
