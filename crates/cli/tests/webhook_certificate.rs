//! Whether the API server can verify the identity webhook: seen through the webhook's own pod, in a
//! sound cluster, in one with another authority's bundle, and by somebody who may not forward ports.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, as tests do")]

use std::path::Path;

use serde_json::{Value, json};
use trustwalk_collect::kube_api::{KubeApi, KubeOptions};
use trustwalk_collect::proxy::Proxies;
use trustwalk_core::evidence::Webhook;
use trustwalk_lab::{Lab, LabConfig, Outside, Ports, Story, Terms, TrustModel, story};
use trustwalk_lab_cluster::Gvr;

/// Somebody who may read and nothing else.
const READER: &str = "auditor";

async fn lab(dir: &Path) -> Lab {
    let config = LabConfig {
        story: Story::Healthy,
        trust_model: TrustModel::ThumbprintOnly,
        ports: Ports::default(),
        state_dir: dir.to_owned(),
        outside: Outside::default(),
        terms: Terms::default(),
    };
    let lab = Lab::start(config).await.unwrap();
    lab.write_files(dir).unwrap();
    story::healthy(&lab).await.unwrap();
    lab
}

/// The one identity webhook, as a kubeconfig's user sees it.
async fn webhook(kubeconfig: &Path) -> Webhook {
    let options = KubeOptions { kubeconfig: Some(kubeconfig.to_owned()), context: None };
    let kube = KubeApi::new(&options, &Proxies::from_environment().unwrap(), jiff::Timestamp::now().as_second())
        .await
        .unwrap();
    let found = kube.webhooks().await;
    let list = found.known().unwrap_or_else(|| panic!("{found:?}"));
    let [hook] = list.as_slice() else { panic!("{list:?}") };
    hook.clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_verifies_what_its_authority_signed_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(dir.path()).await;
    let kubeconfig = dir.path().join("kubeconfig");
    let sound = webhook(&kubeconfig).await;
    assert_eq!((sound.ca_verifies, sound.ready_endpoints), (Some(true), Some(1)));
    assert_eq!(sound.served_sha256.len(), 1, "the leaf alone: {:?}", sound.served_sha256);
    assert!(!sound.ca_sha256.contains(&sound.served_sha256[0]));

    lab.break_with("webhook-misconfigured-cabundle").await.unwrap();
    let foreign = webhook(&kubeconfig).await;
    assert_eq!(foreign.ca_verifies, Some(false));
    assert_eq!(foreign.served_sha256, sound.served_sha256, "the bundle changed, not the webhook");
    assert_ne!(foreign.ca_sha256, sound.ca_sha256);
    lab.ask_down();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_forward_ports_gets_no_verdict_and_everything_else() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(dir.path()).await;
    let rbac = |resource: &str| Gvr::new("rbac.authorization.k8s.io", "v1", resource);
    let rules = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]}]);
    let role = json!({"metadata": {"name": READER}, "rules": rules});
    lab.store().create(&rbac("clusterroles"), role).unwrap();
    let binding = json!({
        "metadata": {"name": READER},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": READER},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": READER}],
    });
    lab.store().create(&rbac("clusterrolebindings"), binding).unwrap();
    let own = std::fs::read_to_string(dir.path().join("kubeconfig")).unwrap();
    let mut config: Value = serde_json::from_str(&own).unwrap();
    config["users"][0]["user"]["as"] = json!(READER);
    let kubeconfig = dir.path().join("reader");
    std::fs::write(&kubeconfig, config.to_string()).unwrap();

    let hook = webhook(&kubeconfig).await;
    assert_eq!((hook.ca_verifies, hook.served_sha256.len()), (None, 0));
    assert_eq!(hook.ready_endpoints, Some(1));
    assert!(hook.image.is_some());
    lab.ask_down();
}
