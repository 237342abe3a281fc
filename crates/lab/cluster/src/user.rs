//! Who calls, and what a user may do beyond the RBAC objects in the store.

/// One permission; `*` matches anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Verb, such as `list`.
    pub verb: String,
    /// API group.
    pub group: String,
    /// Resource, with `/subresource` when it is one.
    pub resource: String,
    /// The namespace it is limited to.
    pub namespace: Option<String>,
}

impl Access {
    /// A permission in all groups and namespaces.
    pub fn new(verb: &str, resource: &str) -> Self {
        Self { verb: verb.into(), group: "*".into(), resource: resource.into(), namespace: None }
    }
}

/// An authenticated caller.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    /// User name.
    pub name: String,
    /// UID, when the authenticator knows one.
    pub uid: String,
    /// Groups.
    pub groups: Vec<String>,
    /// What it may do beyond the RBAC objects in the store.
    pub allow: Vec<Access>,
    /// Extra attributes, as `SelfSubjectReview` shows them.
    pub extra: Vec<(String, Vec<String>)>,
}

impl User {
    /// A user who may do everything.
    pub fn admin(name: &str) -> Self {
        Self {
            name: name.into(),
            groups: vec!["system:masters".into(), "system:authenticated".into()],
            allow: vec![Access::new("*", "*")],
            ..Self::default()
        }
    }

    /// A user who may do only what is listed, as (verb, resource) pairs.
    pub fn restricted(name: &str, allow: &[(&str, &str)]) -> Self {
        Self {
            name: name.into(),
            groups: vec!["system:authenticated".into()],
            allow: allow.iter().map(|(verb, resource)| Access::new(verb, resource)).collect(),
            ..Self::default()
        }
    }

    /// The caller without credentials.
    pub fn anonymous() -> Self {
        Self { name: "system:anonymous".into(), groups: vec!["system:unauthenticated".into()], ..Self::default() }
    }

    /// A service account.
    pub fn service_account(namespace: &str, name: &str, uid: &str) -> Self {
        Self {
            name: format!("system:serviceaccount:{namespace}:{name}"),
            uid: uid.into(),
            groups: vec![
                "system:serviceaccounts".into(),
                format!("system:serviceaccounts:{namespace}"),
                "system:authenticated".into(),
            ],
            ..Self::default()
        }
    }
}
