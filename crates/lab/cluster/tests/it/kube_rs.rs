//! kube-rs against the lab's API server: typed lists, watches, patches, exec.

use futures_util::StreamExt;
use k8s_openapi::api::{
    apps::v1::DaemonSet,
    core::v1::{Pod, ServiceAccount},
};
use kube::{
    Api, Client, Config,
    api::{AttachParams, ListParams, LogParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams},
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::json;
use tokio::io::AsyncReadExt;

use crate::support::{Lab, daemon_set};

pub(crate) async fn client(lab: &Lab) -> Client {
    // rustls wants one process-wide provider; another test may have set it already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let kubeconfig = Kubeconfig::from_yaml(&lab.kubeconfig).unwrap();
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    Client::try_from(config).unwrap()
}

#[tokio::test]
async fn typed_objects_round_trip() {
    let lab = Lab::start().await;
    lab.run_kubelet();
    let client = client(&lab).await;
    let sets: Api<DaemonSet> = Api::default_namespaced(client.clone());
    let set: DaemonSet = serde_json::from_value(daemon_set("d")).unwrap();
    sets.create(&PostParams::default(), &set).await.unwrap();
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    let mut events = pods.watch(&WatchParams::default(), "0").await.unwrap().boxed();
    let mut ready = std::collections::BTreeSet::new();
    while ready.len() < 2 {
        let event = events.next().await.unwrap().unwrap();
        if let WatchEvent::Added(pod) | WatchEvent::Modified(pod) = event
            && pod.status.as_ref().and_then(|s| s.phase.as_deref()) == Some("Running")
        {
            ready.insert(pod.metadata.name.unwrap());
        }
    }
    let listed = pods.list(&ListParams::default().labels("app=d")).await.unwrap();
    assert_eq!(listed.items.len(), 2);
    let accounts: Api<ServiceAccount> = Api::default_namespaced(client);
    let patch = json!({"metadata": {"annotations": {"a": "b"}}});
    let patched = accounts.patch("default", &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    assert_eq!(patched.metadata.annotations.unwrap()["a"], "b");
}

#[tokio::test]
async fn logs_and_exec_work() {
    let lab = Lab::start().await;
    let client = client(&lab).await;
    let pods: Api<Pod> = Api::default_namespaced(client);
    let pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]},
    }))
    .unwrap();
    pods.create(&PostParams::default(), &pod).await.unwrap();
    let logs = pods.logs("p", &LogParams::default()).await.unwrap();
    assert_eq!(logs, "p/c one\ntwo\n");
    let mut attached = pods.exec("p", ["echo", "hi"], &AttachParams::default().stderr(false)).await.unwrap();
    let mut output = String::new();
    attached.stdout().unwrap().read_to_string(&mut output).await.unwrap();
    assert_eq!(output, "echo hi");
    let status = attached.take_status().unwrap().await.unwrap();
    assert_eq!(status.status.as_deref(), Some("Success"));
}
