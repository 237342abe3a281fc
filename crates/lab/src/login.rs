//! Logins with IAM, in the API server: what EKS's access policies allow (EKS User Guide, "Review access policy
//! permissions"), as far as the lab's cluster has the kinds.

use trustwalk_lab_aws::{AccessPolicy, Login};
use trustwalk_lab_cluster::{Access, User};

/// What workloads are made of, without what is secret.
const PLAIN: [&str; 22] = [
    "pods",
    "pods/log",
    "pods/status",
    "services",
    "endpoints",
    "configmaps",
    "serviceaccounts",
    "persistentvolumeclaims",
    "events",
    "replicationcontrollers",
    "resourcequotas",
    "limitranges",
    "deployments",
    "replicasets",
    "statefulsets",
    "daemonsets",
    "jobs",
    "cronjobs",
    "ingresses",
    "networkpolicies",
    "horizontalpodautoscalers",
    "poddisruptionbudgets",
];
/// What whoever edits may do besides.
const EDITED: [&str; 8] = [
    "secrets",
    "pods/exec",
    "pods/attach",
    "pods/portforward",
    "pods/eviction",
    "deployments/scale",
    "replicasets/scale",
    "statefulsets/scale",
];
/// What an administrator of a namespace does besides.
const GOVERNED: [&str; 3] = ["roles", "rolebindings", "localsubjectaccessreviews"];
const READ: [&str; 3] = ["get", "list", "watch"];

/// The user that a login stands for.
pub(crate) fn user(login: Login) -> User {
    let mut groups = login.groups;
    groups.push("system:authenticated".to_owned());
    let allow = login.grants.iter().flat_map(|(policy, namespaces)| match namespaces {
        None => within(*policy, None),
        Some(all) => all.iter().flat_map(|namespace| within(*policy, Some(namespace))).collect(),
    });
    let allow = allow.collect();
    let extra = login.extra.into_iter().map(|(name, value)| (name, vec![value])).collect();
    User { name: login.username, groups, allow, extra, ..User::default() }
}

/// What a policy allows in a namespace, or in all.
fn within(policy: AccessPolicy, namespace: Option<&String>) -> Vec<Access> {
    let all = |verbs: &[&str], resources: &[&str]| -> Vec<Access> {
        let pairs = verbs.iter().flat_map(|verb| resources.iter().map(move |resource| (*verb, *resource)));
        pairs.map(|(verb, resource)| Access { namespace: namespace.cloned(), ..Access::new(verb, resource) }).collect()
    };
    match policy {
        AccessPolicy::ClusterAdmin => all(&["*"], &["*"]),
        AccessPolicy::AdminView => all(&READ, &["*"]),
        AccessPolicy::Admin => [all(&["*"], &PLAIN), all(&["*"], &EDITED), all(&["*"], &GOVERNED)].concat(),
        AccessPolicy::Edit => [all(&["*"], &PLAIN), all(&["*"], &EDITED), all(&READ, &["namespaces"])].concat(),
        AccessPolicy::View => [all(&READ, &PLAIN), all(&READ, &["namespaces"])].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_reaches_as_far_as_its_namespaces() {
        let login = |policy, namespaces: Option<Vec<String>>| {
            let grants = vec![(policy, namespaces)];
            user(Login { username: "u".into(), groups: vec!["g".into()], grants, extra: Vec::new() })
        };
        let view = login(AccessPolicy::View, Some(vec!["payments".to_owned()]));
        assert_eq!(view.groups, ["g", "system:authenticated"]);
        assert!(view.allow.iter().all(|access| access.namespace.as_deref() == Some("payments")));
        assert!(view.allow.iter().any(|access| access.resource == "pods" && access.verb == "list"));
        assert!(!view.allow.iter().any(|access| access.resource == "secrets" || access.verb == "*"));
        assert_eq!(login(AccessPolicy::ClusterAdmin, None).allow, [Access::new("*", "*")]);
    }
}
