//! What the user points at, from words.

use std::path::PathBuf;

use crate::error::CollectError;
use crate::kube_api::{WorkloadRef, resource};

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Every workload that uses web identity.
    Everything {
        /// Of this namespace alone; `None` for the whole cluster.
        namespace: Option<String>,
    },
    /// One workload or service account.
    Workload(WorkloadRef),
    /// A role, and the subject that is to get it.
    Role {
        /// ARN.
        arn: String,
        /// Subject.
        subject: Option<String>,
    },
    /// An issuer.
    Issuer(String),
    /// A CI job's files.
    Job {
        /// Its folder, a checkout or a workflow.
        path: PathBuf,
        /// The subject of its token, when somebody knows it.
        subject: Option<String>,
    },
    /// Logs alone.
    Logs,
}

/// `kind/name`, with the namespace to use when the words name none.
pub fn parse_target(words: &str, namespace: &str) -> Result<WorkloadRef, CollectError> {
    let bad = || CollectError::Target(words.to_owned());
    let (kind, name) = words.split_once('/').ok_or_else(bad)?;
    let (namespace, name) = name.split_once('/').unwrap_or((namespace, name));
    let sound = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    if !sound(name) || !sound(namespace) {
        return Err(bad());
    }
    let resource = resource(kind).ok_or_else(bad)?;
    Ok(WorkloadRef { resource, namespace: namespace.to_owned(), name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_kind_and_name_and_nothing_that_could_change_the_path() {
        let t = parse_target("ds/aws-node", "kube-system").unwrap();
        assert_eq!((t.resource.kind, t.namespace.as_str(), t.name.as_str()), ("DaemonSet", "kube-system", "aws-node"));
        for bad in ["aws-node", "ds/", "ds/a/../b", "ds/a?x", "thing/a", "ds/a b"] {
            assert!(parse_target(bad, "default").is_err(), "{bad}");
        }
    }
}
