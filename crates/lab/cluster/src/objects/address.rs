//! Where an object is: its resource, its namespace and its name.

use serde_json::Value;

use crate::objects::json;

/// Whether a group is one of Kubernetes' own that are served here.
pub(crate) fn is_built_in(group: &str) -> bool {
    matches!(
        group,
        "" | "apps"
            | "autoscaling"
            | "batch"
            | "policy"
            | "admissionregistration.k8s.io"
            | "apiextensions.k8s.io"
            | "apiregistration.k8s.io"
            | "authentication.k8s.io"
            | "authorization.k8s.io"
            | "certificates.k8s.io"
            | "coordination.k8s.io"
            | "discovery.k8s.io"
            | "events.k8s.io"
            | "flowcontrol.apiserver.k8s.io"
            | "networking.k8s.io"
            | "node.k8s.io"
            | "rbac.authorization.k8s.io"
            | "scheduling.k8s.io"
            | "storage.k8s.io"
    )
}

/// Group, version and plural resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gvr {
    /// API group, empty for core.
    pub group: String,
    /// API version.
    pub version: String,
    /// Plural resource name.
    pub resource: String,
}

impl Gvr {
    /// A triple from its parts.
    pub fn new(group: &str, version: &str, resource: &str) -> Self {
        Self { group: group.into(), version: version.into(), resource: resource.into() }
    }

    /// A resource of the core group.
    pub fn core(resource: &str) -> Self {
        Self::new("", "v1", resource)
    }

    /// A resource of `apps/v1`.
    pub fn apps(resource: &str) -> Self {
        Self::new("apps", "v1", resource)
    }

    /// `resource` or `resource.group`, as error messages name it.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() { self.resource.clone() } else { format!("{}.{}", self.resource, self.group) }
    }

    /// The triple under which objects are kept: both event APIs share one storage, and so do all versions of a custom
    /// kind.
    pub(crate) fn stored(&self) -> Self {
        if self.group == "events.k8s.io" {
            Self::core("events")
        } else if is_built_in(&self.group) {
            self.clone()
        } else {
            Self { version: String::new(), ..self.clone() }
        }
    }
}

/// The address of one object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Its resource.
    pub gvr: Gvr,
    /// Its namespace, when it has one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl Key {
    /// A key from its parts.
    pub fn new(gvr: Gvr, namespace: Option<&str>, name: &str) -> Self {
        Self { gvr, namespace: namespace.map(Into::into), name: name.into() }
    }

    /// The key of an object.
    pub fn of(gvr: &Gvr, object: &Value) -> Self {
        let namespace = json::namespace(object);
        Self::new(gvr.clone(), (!namespace.is_empty()).then_some(namespace), json::name(object))
    }
}
