//! The pod-identity webhook's registration with the API server.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use trustwalk_lab_cluster::{Gvr, Store};

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
        Registration::Sound => Some(configuration(ca)),
        Registration::ForeignCa => Some(configuration(foreign)),
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
    let there = (wanted != Registration::Absent).then_some(&service);
    pods::put(store, &Gvr::core("services"), Some(NAMESPACE), NAME, there)
}

/// The configuration in the shape EKS and the project's own manifests give it:
/// pods at creation, failure policy Ignore.
fn configuration(ca: &str) -> Value {
    json!({
        "metadata": {"name": NAME},
        "webhooks": [{
            "name": "iam-for-pods.amazonaws.com",
            "admissionReviewVersions": ["v1"],
            "clientConfig": {
                "service": {"name": NAME, "namespace": NAMESPACE, "path": "/mutate", "port": 443},
                "caBundle": STANDARD.encode(ca),
            },
            "failurePolicy": "Ignore",
            "sideEffects": "None",
            "reinvocationPolicy": "IfNeeded",
            "matchPolicy": "Equivalent",
            "timeoutSeconds": 10,
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"], "scope": "*"}],
        }],
    })
}
