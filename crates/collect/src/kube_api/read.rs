//! The objects a walk needs, each as one request.

use serde_json::Value;
use trustwalk_core::evidence::{Observed, Pod, ServiceAccount, Source, Workload};
use trustwalk_foreign::shell;

use super::client::KubeApi;
use super::facts;
use super::list::Asked;
use super::network::{self, SelectingPolicy};
use crate::percent::{self, segment};

/// A resource kind trustwalk knows how to walk from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource {
    /// Kind as Kubernetes writes it.
    pub kind: &'static str,
    /// Path prefix of its API group.
    pub api: &'static str,
    /// Plural.
    pub plural: &'static str,
    /// Short names and aliases kubectl knows.
    aliases: &'static [&'static str],
}

const POD: Resource = Resource { kind: "Pod", api: "/api/v1", plural: "pods", aliases: &["po", "pod", "pods"] };

const RESOURCES: [Resource; 9] = [
    Resource {
        kind: "DaemonSet",
        api: "/apis/apps/v1",
        plural: "daemonsets",
        aliases: &["ds", "daemonset", "daemonsets"],
    },
    Resource {
        kind: "Deployment",
        api: "/apis/apps/v1",
        plural: "deployments",
        aliases: &["deploy", "deployment", "deployments"],
    },
    Resource {
        kind: "StatefulSet",
        api: "/apis/apps/v1",
        plural: "statefulsets",
        aliases: &["sts", "statefulset", "statefulsets"],
    },
    Resource {
        kind: "ReplicaSet",
        api: "/apis/apps/v1",
        plural: "replicasets",
        aliases: &["rs", "replicaset", "replicasets"],
    },
    Resource { kind: "Job", api: "/apis/batch/v1", plural: "jobs", aliases: &["job", "jobs"] },
    Resource { kind: "CronJob", api: "/apis/batch/v1", plural: "cronjobs", aliases: &["cj", "cronjob", "cronjobs"] },
    Resource {
        kind: "ReplicationController",
        api: "/api/v1",
        plural: "replicationcontrollers",
        aliases: &["rc", "replicationcontroller", "replicationcontrollers"],
    },
    POD,
    Resource {
        kind: "ServiceAccount",
        api: "/api/v1",
        plural: "serviceaccounts",
        aliases: &["sa", "serviceaccount", "serviceaccounts"],
    },
];

/// The resource a word means, case aside: `ds`, `DaemonSet`, `daemonset.apps`.
pub fn resource(word: &str) -> Option<Resource> {
    let word = word.to_ascii_lowercase();
    let word = word.split('.').next().unwrap_or_default();
    RESOURCES.into_iter().find(|r| r.aliases.contains(&word))
}

/// The names of the kinds, in the singular.
pub fn kinds() -> [&'static str; 9] {
    RESOURCES.map(|r| r.aliases.iter().find(|alias| alias.eq_ignore_ascii_case(r.kind)).copied().unwrap_or(r.plural))
}

/// A workload to walk from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkloadRef {
    /// Resource.
    pub resource: Resource,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
}

/// Whether a pod's name is one that a `CronJob`'s job gives: its own, the scheduled minute, and five characters
/// (Kubernetes documentation, "`CronJob`", "Job creation").
pub(crate) fn of_cron(cron: &str, pod: &str) -> bool {
    let rest = pod.strip_prefix(cron).and_then(|rest| rest.strip_prefix('-'));
    let minute = rest.and_then(|rest| rest.split_once('-')).map(|(minute, _)| minute);
    minute.is_some_and(|m| !m.is_empty() && m.bytes().all(|b| b.is_ascii_digit()))
}

impl KubeApi {
    /// One object of a known kind.
    pub async fn object(&self, target: &WorkloadRef) -> Observed<Value> {
        let WorkloadRef { resource: r, namespace, name } = target;
        let source = self.source_of_object(target);
        self.get(
            &format!("{}/namespaces/{}/{}/{}", r.api, segment(namespace), r.plural, segment(name)),
            &source.what,
            &format!("get {}", r.plural),
            source.by_hand.as_deref().unwrap_or_default(),
        )
        .await
    }

    /// Where an object stands.
    pub(crate) fn source_of_object(&self, target: &WorkloadRef) -> Source {
        let WorkloadRef { resource: r, namespace, name } = target;
        Source {
            what: format!("{} {namespace}/{name}", r.kind),
            at: self.now(),
            by_hand: Some(shell::line("kubectl get {} {} -n {} -o yaml", &[r.plural, name, namespace])),
        }
    }

    /// A namespace.
    pub(crate) async fn namespace_object(&self, name: &str) -> Observed<Value> {
        let by_hand = shell::line("kubectl get namespace {} -o yaml", &[name]);
        let path = format!("/api/v1/namespaces/{}", segment(name));
        self.get(&path, &format!("Namespace {name}"), "get namespaces", &by_hand).await
    }

    /// The workload itself.
    pub async fn workload(&self, target: &WorkloadRef) -> Observed<Workload> {
        self.object(target).await.map(|v| facts::workload(target.resource.kind, &v))
    }

    /// A service account.
    pub async fn service_account(&self, namespace: &str, name: &str) -> Observed<ServiceAccount> {
        self.get(
            &format!("/api/v1/namespaces/{}/serviceaccounts/{}", segment(namespace), segment(name)),
            &format!("ServiceAccount {namespace}/{name}"),
            "get serviceaccounts",
            &shell::line("kubectl get sa {} -n {} -o yaml", &[name, namespace]),
        )
        .await
        .map(|v| facts::service_account(&v))
    }

    /// Where a list of a namespace's objects of the core API stands.
    pub(crate) fn source_of(&self, plural: &str, namespace: &str) -> Source {
        Asked { api: "/api/v1", plural, namespace: Some(namespace), query: "" }.source(self.now())
    }

    /// Service accounts of a namespace, or of all.
    pub async fn service_accounts(&self, namespace: Option<&str>) -> Observed<Vec<ServiceAccount>> {
        let asked = Asked { api: "/api/v1", plural: "serviceaccounts", namespace, query: "" };
        self.list(&asked, &|v| Some(facts::service_account(&v))).await
    }

    /// Pods of a namespace that are wanted: the one of this name, or of all.
    pub(crate) async fn pods(
        &self,
        namespace: &str,
        name: Option<&str>,
        wanted: &(dyn Fn(&Pod) -> bool + Sync),
    ) -> Observed<Vec<Pod>> {
        let query = name.map(|n| format!("fieldSelector=metadata.name%3D{}", percent::encode(n))).unwrap_or_default();
        self.chosen_pods(namespace, &query, wanted).await
    }

    async fn chosen_pods(
        &self,
        namespace: &str,
        query: &str,
        wanted: &(dyn Fn(&Pod) -> bool + Sync),
    ) -> Observed<Vec<Pod>> {
        let asked = Asked { api: "/api/v1", plural: "pods", namespace: Some(namespace), query };
        self.list(&asked, &|v| Some(facts::pod(&v)).filter(wanted)).await
    }

    /// Pods that belong to a controller.
    pub async fn pods_of(&self, workload: &Workload) -> Observed<Vec<Pod>> {
        let Workload { namespace, name, selector, .. } = workload;
        if selector.is_empty() {
            // A CronJob selects none: its pods carry its jobs' names.
            return self.pods(namespace, None, &|pod| of_cron(name, &pod.name)).await;
        }
        self.chosen_pods(namespace, &format!("labelSelector={}", percent::encode(selector)), &|_| true).await
    }

    /// The workload controllers of a namespace, or of all, that nothing else controls. Jobs that are complete want
    /// no identity any more.
    pub async fn controllers(&self, namespace: Option<&str>) -> Vec<(Resource, Observed<Vec<Workload>>)> {
        let kinds = RESOURCES.into_iter().filter(|r| !matches!(r.kind, "Pod" | "ServiceAccount"));
        let lists = kinds.map(|r| async move {
            let idle = |o: &Value| facts::is_controlled(o) || (r.kind == "Job" && facts::is_complete(o));
            let asked = Asked { api: r.api, plural: r.plural, namespace, query: "" };
            (r, self.list(&asked, &|v| (!idle(&v)).then(|| facts::workload(r.kind, &v))).await)
        });
        futures_util::future::join_all(lists).await
    }

    /// Pods that nothing controls and that are not ready, of a namespace or of all.
    pub(crate) async fn failing_pods(&self, namespace: Option<&str>) -> (Resource, Observed<Vec<Workload>>) {
        let Resource { api, plural, kind, .. } = POD;
        let fails = |w: &Workload| w.ready < w.desired;
        let keep = |v: Value| {
            let alone = !facts::is_controlled(&v) && !facts::is_ready(&v);
            alone.then(|| facts::workload(kind, &v)).filter(fails)
        };
        (POD, self.list(&Asked { api, plural, namespace, query: "" }, &keep).await)
    }

    /// Names of all objects of a kind, each with its namespace, that have the labels of a selector.
    pub(crate) async fn names(
        &self,
        kind: Resource,
        namespace: Option<&str>,
        selector: &str,
    ) -> Observed<Vec<(String, String)>> {
        self.list_names(kind, namespace, selector, |_| true).await
    }

    /// The same of the objects that are walked from: of controllers, those that nothing else controls.
    pub async fn own_names(
        &self,
        kind: Resource,
        namespace: Option<&str>,
        selector: &str,
    ) -> Observed<Vec<(String, String)>> {
        self.list_names(kind, namespace, selector, |v| !facts::is_controlled(v)).await
    }

    async fn list_names(
        &self,
        kind: Resource,
        namespace: Option<&str>,
        selector: &str,
        wanted: impl Fn(&Value) -> bool + Sync,
    ) -> Observed<Vec<(String, String)>> {
        let query = match selector {
            "" => String::new(),
            labels => format!("labelSelector={}", percent::encode(labels)),
        };
        let asked = Asked { api: kind.api, plural: kind.plural, namespace, query: &query };
        let text =
            |v: &Value, key: &str| v.pointer(&format!("/metadata/{key}")).and_then(Value::as_str).map(str::to_owned);
        self.list(&asked, &|v| Some((text(&v, "namespace")?, text(&v, "name")?)).filter(|_| wanted(&v))).await
    }

    /// Names of the namespaces.
    pub async fn namespaces(&self) -> Observed<Vec<String>> {
        let asked = Asked { api: "/api/v1", plural: "namespaces", namespace: None, query: "" };
        self.list(&asked, &|v| v.pointer("/metadata/name").and_then(Value::as_str).map(str::to_owned)).await
    }

    /// Network policies of a namespace.
    pub(crate) async fn network_policies(&self, namespace: &str) -> Observed<Vec<SelectingPolicy>> {
        let api = "/apis/networking.k8s.io/v1";
        let asked = Asked { api, plural: "networkpolicies", namespace: Some(namespace), query: "" };
        self.list(&asked, &|v| Some(network::network_policy(&v))).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubectls_words_are_understood() {
        for (word, kind) in [
            ("ds", "DaemonSet"),
            ("DaemonSet", "DaemonSet"),
            ("deployment.apps", "Deployment"),
            ("SA", "ServiceAccount"),
            ("po", "Pod"),
        ] {
            assert_eq!(resource(word).map(|r| r.kind), Some(kind), "{word}");
        }
        assert_eq!(resource("ingress"), None);
        let singular = RESOURCES.map(|r| r.kind.to_lowercase());
        assert_eq!(kinds(), singular.each_ref().map(String::as_str));
    }

    #[test]
    fn a_cron_jobs_pods_are_told_from_its_namesakes() {
        assert!(of_cron("nightly", "nightly-29384700-x7k2p"));
        for other in ["nightly", "nightly-29384700", "nightly-report-29384700-x7k2p", "weekly-29384700-x7k2p"] {
            assert!(!of_cron("nightly", other), "{other}");
        }
    }

    #[test]
    fn selectors_are_encoded() {
        assert_eq!(percent::encode("k8s-app=aws-node,x"), "k8s-app%3Daws-node%2Cx");
    }
}
