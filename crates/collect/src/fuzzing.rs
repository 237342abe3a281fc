//! The readers of what clusters, accounts and files say, without the network: for the fuzz targets alone.

use serde_json::Value;

use crate::aws::{parse_credentials, service_error};
use crate::kube_api::{self, parse_credential, parse_kubeconfig};

/// A kubeconfig, and an exec plugin's answer.
pub fn kubeconfig(bytes: &[u8]) {
    let _ = parse_kubeconfig(bytes);
    for asked in [None, Some("client.authentication.k8s.io/v1")] {
        if let Err(said) = parse_credential(bytes, asked) {
            assert!(said.len() < 200, "an answer is quoted: {said}");
        }
    }
}

/// An answer of AWS, of each protocol, and a `credential_process`'s output.
pub fn aws(bytes: &[u8]) {
    if let Ok(mut root) = crate::aws::Element::parse(bytes) {
        let _ = (root.find("Role"), root.text_of("Marker"), root.members("Tags").len());
        let _ = crate::aws::read_role(&root);
        assert!(root.take_members("Roles").iter().all(|m| m.name == "member"));
    }
    let _ = service_error(400, bytes).to_string();
    if let Ok(said) = crate::json::parse(bytes) {
        let _ = crate::aws::read_event(&said);
    }
    let _ = parse_credentials(bytes);
}

/// An answer of the Kubernetes API: an object, read as each kind, and a list.
pub fn kubernetes(bytes: &[u8]) {
    if let Ok(object) = crate::json::parse(bytes) {
        facts(&object);
    }
    let keep = |object: Value| {
        facts(&object);
        Some(())
    };
    if let Ok(page) = crate::json::page(bytes, crate::limits::LIST_OBJECTS, &keep) {
        assert!(page.kept.len() <= bytes.len(), "more objects than bytes");
        assert!(page.next.is_none_or(|token| !token.is_empty()), "a token that asks for the first page again");
    }
}

fn facts(object: &Value) {
    for kind in ["Pod", "CronJob", "Job", "DaemonSet", "Deployment"] {
        let _ = kube_api::workload(kind, object);
    }
    let pod = kube_api::pod(object);
    let _ = kube_api::service_account(object);
    if let Some(text) = object.as_str() {
        let _ = kube_api::profiles(text);
    }
    kube_api::further_facts(object, &pod.spec);
}
