//! The resources this API server knows: the one table that discovery, routing,
//! printing and defaulting read.

use std::sync::{Mutex, PoisonError};

use crate::objects::address::Gvr;

/// One served resource.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// API group; empty for core.
    pub group: &'static str,
    /// API version.
    pub version: &'static str,
    /// Plural resource name.
    pub resource: &'static str,
    /// Singular resource name.
    pub singular: &'static str,
    /// Kind.
    pub kind: &'static str,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
    /// Short names kubectl accepts.
    pub short: &'static [&'static str],
    /// Groups of kinds that it belongs to, such as `all`.
    pub categories: &'static [&'static str],
    /// Subresources that are served.
    pub subresources: &'static [&'static str],
    /// Review-like resources are created and answered, never stored.
    pub virtual_only: bool,
    /// Whether a definition in the cluster brings it along.
    pub custom: bool,
}

impl Kind {
    /// Whether its objects are measures, which are made when they are asked for.
    pub(crate) fn is_measured(&self) -> bool {
        self.group == METRICS
    }

    /// The stored form of the triple.
    pub fn gvr(&self) -> Gvr {
        Gvr { group: self.group.into(), version: self.version.into(), resource: self.resource.into() }
    }

    /// `apiVersion` of its objects.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.into() } else { format!("{}/{}", self.group, self.version) }
    }
}

const fn kind(
    group: &'static str,
    resource: &'static str,
    singular: &'static str,
    kind: &'static str,
    namespaced: bool,
) -> Kind {
    Kind {
        group,
        version: "v1",
        resource,
        singular,
        kind,
        namespaced,
        short: &[],
        categories: &[],
        subresources: &[],
        virtual_only: false,
        custom: false,
    }
}

const fn short(mut kind: Kind, short: &'static [&'static str]) -> Kind {
    kind.short = short;
    kind
}

const fn all(mut kind: Kind) -> Kind {
    kind.categories = &["all"];
    kind
}

const fn subs(mut kind: Kind, subresources: &'static [&'static str]) -> Kind {
    kind.subresources = subresources;
    kind
}

const fn review(mut kind: Kind) -> Kind {
    kind.virtual_only = true;
    kind
}

const fn version(mut kind: Kind, version: &'static str) -> Kind {
    kind.version = version;
    kind
}

const METRICS: &str = "metrics.k8s.io";
const STATUS: &[&str] = &["status"];
const ADMISSION: &str = "admissionregistration.k8s.io";
const AUTHN: &str = "authentication.k8s.io";
const AUTHZ: &str = "authorization.k8s.io";
const RBAC: &str = "rbac.authorization.k8s.io";
const STORAGE: &str = "storage.k8s.io";
const NETWORK: &str = "networking.k8s.io";
const FLOW: &str = "flowcontrol.apiserver.k8s.io";

/// What the metrics API serves, where there is one.
pub(crate) static MEASURED: &[Kind] = &[
    version(kind(METRICS, "nodes", "node", "NodeMetrics", false), "v1beta1"),
    version(kind(METRICS, "pods", "pod", "PodMetrics", true), "v1beta1"),
];

/// Every served resource, in discovery order.
pub static KINDS: &[Kind] = &[
    short(kind("", "configmaps", "configmap", "ConfigMap", true), &["cm"]),
    short(kind("", "endpoints", "endpoints", "Endpoints", true), &["ep"]),
    short(kind("", "events", "event", "Event", true), &["ev"]),
    short(kind("", "limitranges", "limitrange", "LimitRange", true), &["limits"]),
    short(subs(kind("", "namespaces", "namespace", "Namespace", false), &["status"]), &["ns"]),
    short(subs(kind("", "nodes", "node", "Node", false), &["status"]), &["no"]),
    short(
        subs(kind("", "persistentvolumeclaims", "persistentvolumeclaim", "PersistentVolumeClaim", true), STATUS),
        &["pvc"],
    ),
    short(subs(kind("", "persistentvolumes", "persistentvolume", "PersistentVolume", false), STATUS), &["pv"]),
    all(short(
        subs(
            kind("", "pods", "pod", "Pod", true),
            &["status", "log", "exec", "attach", "portforward", "eviction", "binding", "ephemeralcontainers"],
        ),
        &["po"],
    )),
    kind("", "podtemplates", "podtemplate", "PodTemplate", true),
    all(short(
        subs(
            kind("", "replicationcontrollers", "replicationcontroller", "ReplicationController", true),
            &["status", "scale"],
        ),
        &["rc"],
    )),
    short(subs(kind("", "resourcequotas", "resourcequota", "ResourceQuota", true), STATUS), &["quota"]),
    kind("", "secrets", "secret", "Secret", true),
    short(subs(kind("", "serviceaccounts", "serviceaccount", "ServiceAccount", true), &["token"]), &["sa"]),
    all(short(subs(kind("", "services", "service", "Service", true), &["status"]), &["svc"])),
    kind("apps", "controllerrevisions", "controllerrevision", "ControllerRevision", true),
    all(short(subs(kind("apps", "daemonsets", "daemonset", "DaemonSet", true), &["status"]), &["ds"])),
    all(short(subs(kind("apps", "deployments", "deployment", "Deployment", true), &["status", "scale"]), &["deploy"])),
    all(short(subs(kind("apps", "replicasets", "replicaset", "ReplicaSet", true), &["status", "scale"]), &["rs"])),
    all(short(subs(kind("apps", "statefulsets", "statefulset", "StatefulSet", true), &["status", "scale"]), &["sts"])),
    version(
        all(short(
            subs(
                kind(
                    "autoscaling",
                    "horizontalpodautoscalers",
                    "horizontalpodautoscaler",
                    "HorizontalPodAutoscaler",
                    true,
                ),
                STATUS,
            ),
            &["hpa"],
        )),
        "v2",
    ),
    all(short(subs(kind("batch", "cronjobs", "cronjob", "CronJob", true), &["status"]), &["cj"])),
    all(subs(kind("batch", "jobs", "job", "Job", true), &["status"])),
    short(kind("events.k8s.io", "events", "event", "Event", true), &["ev"]),
    kind(NETWORK, "ingressclasses", "ingressclass", "IngressClass", false),
    short(subs(kind(NETWORK, "ingresses", "ingress", "Ingress", true), STATUS), &["ing"]),
    short(kind(NETWORK, "networkpolicies", "networkpolicy", "NetworkPolicy", true), &["netpol"]),
    kind("node.k8s.io", "runtimeclasses", "runtimeclass", "RuntimeClass", false),
    short(
        subs(kind("policy", "poddisruptionbudgets", "poddisruptionbudget", "PodDisruptionBudget", true), &["status"]),
        &["pdb"],
    ),
    kind("discovery.k8s.io", "endpointslices", "endpointslice", "EndpointSlice", true),
    kind("coordination.k8s.io", "leases", "lease", "Lease", true),
    kind(
        ADMISSION,
        "mutatingwebhookconfigurations",
        "mutatingwebhookconfiguration",
        "MutatingWebhookConfiguration",
        false,
    ),
    kind(
        ADMISSION,
        "validatingwebhookconfigurations",
        "validatingwebhookconfiguration",
        "ValidatingWebhookConfiguration",
        false,
    ),
    kind(
        ADMISSION,
        "validatingadmissionpolicybindings",
        "validatingadmissionpolicybinding",
        "ValidatingAdmissionPolicyBinding",
        false,
    ),
    subs(
        kind(ADMISSION, "validatingadmissionpolicies", "validatingadmissionpolicy", "ValidatingAdmissionPolicy", false),
        STATUS,
    ),
    short(
        subs(
            kind(
                "apiextensions.k8s.io",
                "customresourcedefinitions",
                "customresourcedefinition",
                "CustomResourceDefinition",
                false,
            ),
            STATUS,
        ),
        &["crd", "crds"],
    ),
    subs(kind("apiregistration.k8s.io", "apiservices", "apiservice", "APIService", false), STATUS),
    short(
        subs(
            kind(
                "certificates.k8s.io",
                "certificatesigningrequests",
                "certificatesigningrequest",
                "CertificateSigningRequest",
                false,
            ),
            &["status", "approval"],
        ),
        &["csr"],
    ),
    subs(kind(FLOW, "flowschemas", "flowschema", "FlowSchema", false), STATUS),
    subs(
        kind(FLOW, "prioritylevelconfigurations", "prioritylevelconfiguration", "PriorityLevelConfiguration", false),
        STATUS,
    ),
    short(kind("scheduling.k8s.io", "priorityclasses", "priorityclass", "PriorityClass", false), &["pc"]),
    kind(STORAGE, "csidrivers", "csidriver", "CSIDriver", false),
    kind(STORAGE, "csinodes", "csinode", "CSINode", false),
    kind(STORAGE, "csistoragecapacities", "csistoragecapacity", "CSIStorageCapacity", true),
    short(kind(STORAGE, "storageclasses", "storageclass", "StorageClass", false), &["sc"]),
    subs(kind(STORAGE, "volumeattachments", "volumeattachment", "VolumeAttachment", false), STATUS),
    short(kind(STORAGE, "volumeattributesclasses", "volumeattributesclass", "VolumeAttributesClass", false), &["vac"]),
    kind(RBAC, "clusterrolebindings", "clusterrolebinding", "ClusterRoleBinding", false),
    kind(RBAC, "clusterroles", "clusterrole", "ClusterRole", false),
    kind(RBAC, "rolebindings", "rolebinding", "RoleBinding", true),
    kind(RBAC, "roles", "role", "Role", true),
    review(kind(AUTHN, "selfsubjectreviews", "selfsubjectreview", "SelfSubjectReview", false)),
    review(kind(AUTHN, "tokenreviews", "tokenreview", "TokenReview", false)),
    review(kind(AUTHZ, "localsubjectaccessreviews", "localsubjectaccessreview", "LocalSubjectAccessReview", true)),
    review(kind(AUTHZ, "selfsubjectaccessreviews", "selfsubjectaccessreview", "SelfSubjectAccessReview", false)),
    review(kind(AUTHZ, "selfsubjectrulesreviews", "selfsubjectrulesreview", "SelfSubjectRulesReview", false)),
    review(kind(AUTHZ, "subjectaccessreviews", "subjectaccessreview", "SubjectAccessReview", false)),
];

/// The entry for a group, version and plural resource.
pub fn find_kind(group: &str, version: &str, resource: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|k| k.group == group && k.version == version && k.resource == resource)
}

/// Kinds that definitions have brought along, each once: there are few, and a cluster's end does not undo them.
static CUSTOM: Mutex<Vec<&'static Kind>> = Mutex::new(Vec::new());
/// Custom kinds of one process at most; the operators of a whole platform bring some hundreds.
const MOST_CUSTOM: usize = 10_000;

/// What a definition says of its kind in one version.
pub(crate) struct Named<'a> {
    pub(crate) group: &'a str,
    pub(crate) version: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) singular: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) namespaced: bool,
    pub(crate) short: Vec<&'a str>,
    pub(crate) categories: Vec<&'a str>,
    pub(crate) status: bool,
    pub(crate) scale: bool,
}

impl Named<'_> {
    fn subresources(&self) -> &'static [&'static str] {
        match (self.status, self.scale) {
            (true, true) => &["status", "scale"],
            (true, false) => STATUS,
            (false, true) => &["scale"],
            (false, false) => &[],
        }
    }

    fn is(&self, kind: &Kind) -> bool {
        let names = [kind.group, kind.version, kind.resource, kind.singular, kind.kind];
        names == [self.group, self.version, self.resource, self.singular, self.kind]
            && kind.namespaced == self.namespaced
            && kind.short == self.short
            && kind.categories == self.categories
            && kind.subresources == self.subresources()
    }
}

/// The entry of a custom kind; none once there are too many.
pub(crate) fn custom(named: &Named<'_>) -> Option<&'static Kind> {
    let mut known = CUSTOM.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(kind) = known.iter().find(|kind| named.is(kind)) {
        return Some(kind);
    }
    if known.len() >= MOST_CUSTOM {
        return None;
    }
    let text = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
    let list = |list: &[&str]| -> &'static [&'static str] { Box::leak(list.iter().map(|t| text(t)).collect()) };
    let made: &'static Kind = Box::leak(Box::new(Kind {
        group: text(named.group),
        version: text(named.version),
        resource: text(named.resource),
        singular: text(named.singular),
        kind: text(named.kind),
        namespaced: named.namespaced,
        short: list(&named.short),
        categories: list(&named.categories),
        subresources: named.subresources(),
        virtual_only: false,
        custom: true,
    }));
    known.push(made);
    Some(made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::address::is_built_in;

    #[test]
    fn the_groups_of_the_table_are_the_built_in_ones() {
        assert!(KINDS.iter().all(|kind| is_built_in(kind.group)));
        assert!(!is_built_in("karpenter.sh") && !is_built_in("gateway.networking.k8s.io"));
    }
}
