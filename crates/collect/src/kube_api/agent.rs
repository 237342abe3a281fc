//! The Pod Identity agent, as its add-on installs it (eks-pod-identity-agent, Helm chart).

use trustwalk_core::evidence::Observed;

use super::client::KubeApi;
use super::facts;

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
}
