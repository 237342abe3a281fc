//! The Pod Identity agent, as its add-on installs it (eks-pod-identity-agent, Helm chart).

use serde_json::Value;
use trustwalk_core::evidence::{AgentPod, Observed};

use super::client::KubeApi;
use super::facts;
use super::list::Asked;

const PATH: &str = "/apis/apps/v1/namespaces/kube-system/daemonsets/eks-pod-identity-agent";

impl KubeApi {
    /// The ready pods of the agent's `DaemonSet`; absent when it is not installed.
    pub async fn pod_identity_agent(&self) -> Observed<i64> {
        let found = self
            .get(
                PATH,
                "DaemonSet kube-system/eks-pod-identity-agent",
                "get daemonsets",
                "kubectl get ds eks-pod-identity-agent -n kube-system",
            )
            .await;
        found.map(|v| facts::workload("DaemonSet", &v).ready)
    }

    /// Its pods, each with its node: a pod gets credentials from the agent of its own node.
    pub async fn agent_pods(&self) -> Observed<Vec<AgentPod>> {
        let query = "labelSelector=app.kubernetes.io%2Fname%3Deks-pod-identity-agent";
        let asked = Asked { api: "/api/v1", plural: "pods", namespace: Some("kube-system"), query };
        let keep = |v: Value| {
            let pod = facts::pod(&v);
            Some(AgentPod {
                name: pod.name,
                node: pod.node,
                ready: pod.ready,
                restarts: pod.restarts,
                reason: pod.reason,
            })
        };
        self.list(&asked, &keep).await
    }
}
