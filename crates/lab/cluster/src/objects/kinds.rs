//! The resources this API server knows: the one table that discovery, routing,
//! printing and defaulting read.

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
    /// Whether `kubectl get all` shows it.
    pub in_all: bool,
    /// Subresources that are served.
    pub subresources: &'static [&'static str],
    /// Review-like resources are created and answered, never stored.
    pub virtual_only: bool,
}

impl Kind {
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
        in_all: false,
        subresources: &[],
        virtual_only: false,
    }
}

const fn short(mut kind: Kind, short: &'static [&'static str]) -> Kind {
    kind.short = short;
    kind
}

const fn all(mut kind: Kind) -> Kind {
    kind.in_all = true;
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

const ADMISSION: &str = "admissionregistration.k8s.io";
const AUTHN: &str = "authentication.k8s.io";
const AUTHZ: &str = "authorization.k8s.io";
const RBAC: &str = "rbac.authorization.k8s.io";

/// Every served resource, in discovery order.
pub static KINDS: &[Kind] = &[
    short(kind("", "configmaps", "configmap", "ConfigMap", true), &["cm"]),
    short(kind("", "endpoints", "endpoints", "Endpoints", true), &["ep"]),
    short(kind("", "events", "event", "Event", true), &["ev"]),
    short(subs(kind("", "namespaces", "namespace", "Namespace", false), &["status"]), &["ns"]),
    short(subs(kind("", "nodes", "node", "Node", false), &["status"]), &["no"]),
    all(short(
        subs(
            kind("", "pods", "pod", "Pod", true),
            &["status", "log", "exec", "attach", "portforward", "eviction", "binding"],
        ),
        &["po"],
    )),
    kind("", "secrets", "secret", "Secret", true),
    short(subs(kind("", "serviceaccounts", "serviceaccount", "ServiceAccount", true), &["token"]), &["sa"]),
    all(short(subs(kind("", "services", "service", "Service", true), &["status"]), &["svc"])),
    kind("apps", "controllerrevisions", "controllerrevision", "ControllerRevision", true),
    all(short(subs(kind("apps", "daemonsets", "daemonset", "DaemonSet", true), &["status"]), &["ds"])),
    all(short(subs(kind("apps", "deployments", "deployment", "Deployment", true), &["status", "scale"]), &["deploy"])),
    all(short(subs(kind("apps", "replicasets", "replicaset", "ReplicaSet", true), &["status", "scale"]), &["rs"])),
    all(short(subs(kind("apps", "statefulsets", "statefulset", "StatefulSet", true), &["status", "scale"]), &["sts"])),
    all(short(subs(kind("batch", "cronjobs", "cronjob", "CronJob", true), &["status"]), &["cj"])),
    all(subs(kind("batch", "jobs", "job", "Job", true), &["status"])),
    short(kind("events.k8s.io", "events", "event", "Event", true), &["ev"]),
    short(kind("networking.k8s.io", "networkpolicies", "networkpolicy", "NetworkPolicy", true), &["netpol"]),
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
