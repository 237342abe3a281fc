//! What lists tell of many identities at once, so that requests to the API server grow with namespaces and pages and
//! not with identities.

use std::collections::BTreeMap;

use trustwalk_core::evidence::{Observed, Pod, ServiceAccount, Shared, Source, Variable, Workload};
use trustwalk_foreign::shell;

use super::kept::cell;
use super::world::World;
use crate::kube_api::{KubeApi, WorkloadRef, of_cron, takes_in};

/// What was listed of one target.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// The workload; nothing where the target is none, or was not listed.
    pub(super) workload: Option<Observed<Workload>>,
    /// Whether accounts and pods of its namespace are read together.
    pub(super) together: bool,
}

impl World {
    /// Keeps service accounts that were listed for all namespaces, so that none is asked for again.
    pub(super) async fn know_accounts(&self, kube: &KubeApi, listed: Vec<ServiceAccount>) {
        let mut by_namespace: BTreeMap<String, Vec<ServiceAccount>> = BTreeMap::new();
        for account in listed {
            by_namespace.entry(account.namespace.clone()).or_default().push(account);
        }
        for (namespace, value) in by_namespace {
            let source = kube.source_of("serviceaccounts", &namespace);
            let slot = cell(&self.cache.service_accounts, &namespace).await;
            // Of two who ask at the same time one is as good as the other.
            let _ = slot.set(Shared::from(Observed::Known { value, source }));
        }
    }

    /// A service account: of many, from the list of its namespace.
    pub(super) async fn account(
        &self,
        kube: &KubeApi,
        listed: &Listed,
        namespace: &str,
        name: &str,
    ) -> Observed<ServiceAccount> {
        if !listed.together {
            return kube.service_account(namespace, name).await;
        }
        let all = self.service_accounts(kube, namespace).await;
        let Some(accounts) = all.known() else { return kube.service_account(namespace, name).await };
        let source = Source {
            what: format!("ServiceAccount {namespace}/{name}"),
            at: self.options.now,
            by_hand: shell::try_line("kubectl get sa {} -n {} -o yaml", &[name, namespace]).ok(),
        };
        match accounts.iter().find(|a| a.name == name) {
            Some(account) => Observed::Known { value: account.clone(), source },
            None => Observed::Absent { source },
        }
    }

    /// Pods of the target: by its selector, or by their service account when the target is one.
    pub(super) async fn pods(
        &self,
        kube: &KubeApi,
        listed: &Listed,
        target: &WorkloadRef,
        workload: &Observed<Workload>,
        account: &str,
    ) -> Observed<Vec<Pod>> {
        let namespace = target.namespace.as_str();
        let uses = |pod: &Pod| pod.spec.service_account == account;
        let is_account = target.resource.kind == "ServiceAccount";
        let is_pod = target.resource.kind == "Pod";
        let pods = match workload.known() {
            Some(_) if listed.together && is_pod => {
                self.pods_together(kube, namespace, &|pod| pod.name == target.name).await
            }
            Some(workload) if listed.together => {
                self.pods_together(kube, namespace, &|pod| belongs(workload, pod)).await
            }
            None if listed.together && is_account => self.pods_together(kube, namespace, &uses).await,
            _ if is_pod => kube.pods(namespace, Some(&target.name), &|_| true).await,
            _ if is_account => kube.pods(namespace, None, &uses).await,
            Some(workload) => kube.pods_of(workload).await,
            None => workload.clone().map(|_| Vec::new()),
        };
        pods.map(staying)
    }

    async fn pods_together(
        &self,
        kube: &KubeApi,
        namespace: &str,
        wanted: &(dyn Fn(&Pod) -> bool + Sync),
    ) -> Observed<Vec<Pod>> {
        let slot = cell(&self.cache.pods, namespace).await;
        let all = slot.get_or_init(|| kube.pods(namespace, None, &|_| true)).await;
        let Observed::Known { value, source } = all else { return all.clone() };
        let value = value.iter().filter(|pod| wanted(pod)).cloned().collect();
        Observed::Known { value, source: source.clone() }
    }
}

/// The pods that stay, where there are any: what those on their way out say is of before, for as long as their grace
/// period lasts (recorded from kube-apiserver 1.36.2: after a roll-out the old ones are listed among the new ones).
fn staying(mut pods: Vec<Pod>) -> Vec<Pod> {
    if pods.iter().any(|pod| !pod.leaving) {
        pods.retain(|pod| !pod.leaving);
    }
    pods
}

/// Whether a pod is of a workload: by its selector, and of a `CronJob`, which has none, by its name.
fn belongs(workload: &Workload, pod: &Pod) -> bool {
    match workload.selector.as_str() {
        "" => of_cron(&workload.name, &pod.name),
        selector => takes_in(selector, &pod.spec.labels),
    }
}

/// Whether every pod carries what its service account tells: a new one need not be tried.
pub(super) fn carried(account: &Observed<ServiceAccount>, pods: &Observed<Vec<Pod>>) -> bool {
    let Some(role) = account.known().and_then(ServiceAccount::role_arn) else { return false };
    let mut alive = pods.known().into_iter().flatten().filter(|p| !p.ended()).peekable();
    let carries = |pod: &Pod| pod.spec.containers.iter().any(|c| c.env_value(Variable::AwsRoleArn) == Some(role));
    alive.peek().is_some() && alive.all(carries)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::staying;
    use crate::kube_api::live_pod;

    #[test]
    fn pods_on_their_way_out_say_nothing_where_others_stay() {
        // As a kube-apiserver 1.36.2 listed them after a roll-out: the old one for its grace period, and not ready.
        let old = json!({"metadata": {"name": "web-66758f4577-zss4g", "deletionTimestamp": "2026-11-30T15:01:55Z",
            "deletionGracePeriodSeconds": 30}, "status": {"phase": "Running"}});
        let new = json!({"metadata": {"name": "web-6769dc4f87-gwzff"}, "status": {"phase": "Running"}});
        let [old, new] = [old, new].map(|pod| live_pod(&pod).pod);
        let names = |pods: Vec<_>| staying(pods).into_iter().map(|pod| pod.name).collect::<Vec<_>>();
        assert!(old.leaving && !new.leaving);
        assert_eq!(names(vec![old.clone(), new.clone()]), [new.name]);
        assert_eq!(names(vec![old.clone()]), [old.name], "while there are no others, they are all there is");
    }
}
