//! What the user points at, from words.

use std::path::PathBuf;

use crate::error::{CollectError, Likely};
use crate::kube_api::{Resource, WorkloadRef, kinds, resource};
use crate::near;

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Every workload that uses web identity.
    Everything {
        /// Of this namespace alone; `None` for the whole cluster.
        namespace: Option<String>,
        /// Of these kinds alone; empty for all.
        kinds: Vec<Resource>,
    },
    /// One workload or service account.
    Workload(WorkloadRef),
    /// Several, each of which must be there.
    Several(Vec<WorkloadRef>),
    /// Those that a list shows.
    Chosen(Choice),
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

/// Objects by what a list shows of them, as kubectl chooses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    /// Of these kinds; empty for whatever controls pods.
    pub kinds: Vec<Resource>,
    /// With one of these names; empty for any.
    pub names: Vec<String>,
    /// In this namespace; `None` for all.
    pub namespace: Option<String>,
    /// With these labels, as kubectl's `-l` writes them.
    pub selector: Option<String>,
}

/// What words name, as kubectl reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Words {
    /// Nothing is named.
    None,
    /// Kinds alone: `deployments,ds`.
    Kinds(Vec<Resource>),
    /// Objects, of kinds each with each name: `ds/aws-node deploy/ledger`, `deploy ledger settlement`.
    Objects(Vec<WorkloadRef>),
    /// A name of something that runs pods, whose kind the cluster tells: `ledger`, `payments/ledger`.
    Named {
        /// Its name.
        name: String,
        /// Its namespace.
        namespace: String,
    },
}

/// Reads targets: `kind/name` any number of times, or a kind and names, or kinds alone.
pub fn parse_targets(words: &[String], namespace: &str) -> Result<Words, CollectError> {
    let (Some(first), rest) = (words.first(), words.get(1..).unwrap_or_default()) else { return Ok(Words::None) };
    if let Some(named) = named(first, namespace).filter(|_| rest.is_empty()) {
        return Ok(named);
    }
    if words.iter().any(|w| w.contains('/')) {
        if let Some(bare) = words.iter().find(|w| !w.contains('/')) {
            return Err(bad(bare, "beside targets of the form KIND/NAME each must be one", Vec::new()));
        }
        return words.iter().map(|w| parse_target(w, namespace)).collect::<Result<_, _>>().map(Words::Objects);
    }
    let kinds = first.split(',').map(|word| kind_of(word, first, rest)).collect::<Result<Vec<_>, _>>()?;
    if rest.is_empty() {
        return Ok(Words::Kinds(kinds));
    }
    let mut objects = Vec::new();
    for resource in kinds {
        for name in rest {
            if !sound(name) {
                return Err(bad(name, "it is not a name of Kubernetes", Vec::new()));
            }
            objects.push(WorkloadRef { resource, namespace: namespace.to_owned(), name: name.clone() });
        }
    }
    Ok(Words::Objects(objects))
}

/// Kinds that kubectl knows and that run no pods, by the names that people write: whoever writes one means it.
const IDLE: [&str; 18] = [
    "cm",
    "configmap",
    "configmaps",
    "hpa",
    "ing",
    "ingress",
    "ingresses",
    "namespace",
    "namespaces",
    "netpol",
    "networkpolicy",
    "ns",
    "pdb",
    "pvc",
    "secret",
    "secrets",
    "service",
    "svc",
];

/// What a word names that has no kind, alone or with its namespace before it as `kubectl get -A` shows both: it is read
/// so where no kind is called that or nearly that, and where it can be a name (Kubernetes documentation, "Object Names
/// and IDs").
fn named(word: &str, namespace: &str) -> Option<Words> {
    let (first, name) = word.split_once('/').unwrap_or((namespace, word));
    let kind = word.split('/').next().unwrap_or_default();
    let is_kind =
        |kind: &str| resource(kind).is_some() || IDLE.contains(&kind) || !near::like(kinds(), kind).is_empty();
    let can_be = |name: &str| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b));
    (sound(first) && sound(name) && can_be(name) && !is_kind(kind))
        .then(|| Words::Named { name: name.to_owned(), namespace: first.to_owned() })
}

fn kind_of(word: &str, first: &str, rest: &[String]) -> Result<Resource, CollectError> {
    if let Some(resource) = resource(word) {
        return Ok(resource);
    }
    let alone = rest.is_empty() && !first.contains(',');
    let near = near::like(kinds(), word).into_iter();
    let near: Vec<Likely> = match rest {
        [] => near.map(|kind| Likely::new("{}", &[kind])).collect(),
        [name, ..] => near.map(|kind| Likely::new("{}", &[&[kind, "/", name].concat()])).collect(),
    };
    let reason = if alone && near.is_empty() { WRITE } else { NO_KIND };
    Err(bad(word, reason, near))
}

/// `kind/name`, with the namespace to use when the words name none.
pub fn parse_target(words: &str, namespace: &str) -> Result<WorkloadRef, CollectError> {
    let Some((kind, name)) = words.split_once('/') else { return Err(bad(words, WRITE, Vec::new())) };
    let (namespace, name) = name.split_once('/').unwrap_or((namespace, name));
    if !sound(name) || !sound(namespace) {
        return Err(bad(words, WRITE, Vec::new()));
    }
    let Some(resource) = resource(kind) else {
        let near = near::like(kinds(), kind).into_iter();
        let near = near.map(|kind| Likely::new("{}", &[&[kind, "/", name].concat()])).collect();
        return Err(bad(words, NO_KIND, near));
    };
    Ok(WorkloadRef { resource, namespace: namespace.to_owned(), name: name.to_owned() })
}

const WRITE: &str = "write KIND/NAME, such as daemonset/aws-node";
const NO_KIND: &str = "no such kind runs pods or is a service account";

fn bad(words: &str, reason: &'static str, near: Vec<Likely>) -> CollectError {
    CollectError::Target { words: words.to_owned(), reason, near }
}

fn sound(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
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

    fn words(text: &str) -> Result<Words, CollectError> {
        let words: Vec<String> = text.split(' ').filter(|w| !w.is_empty()).map(str::to_owned).collect();
        parse_targets(&words, "n")
    }

    #[test]
    fn several_are_named_as_kubectl_takes_them() {
        let names = |text: &str| match words(text).unwrap() {
            Words::Objects(all) => all.iter().map(|o| format!("{}/{}", o.resource.kind, o.name)).collect::<Vec<_>>(),
            other @ (Words::None | Words::Kinds(_) | Words::Named { .. }) => panic!("{other:?}"),
        };
        assert_eq!(names("deploy/a ds/b"), ["Deployment/a", "DaemonSet/b"]);
        assert_eq!(names("deploy a b"), ["Deployment/a", "Deployment/b"]);
        assert_eq!(names("deploy,sts a"), ["Deployment/a", "StatefulSet/a"]);
        assert!(matches!(words("deployments,ds"), Ok(Words::Kinds(k)) if k.len() == 2));
        assert_eq!(words("").unwrap(), Words::None);
    }

    #[test]
    fn a_kind_with_a_slip_is_suggested() {
        for (text, near) in [
            ("deploymnet/x", "deployment/x"),
            ("deploymnet x", "deployment/x"),
            ("deamonset/x", "daemonset/x"),
            ("serviceacount", "serviceaccount"),
        ] {
            let said = words(text).unwrap_err().to_string();
            assert!(said.contains(&format!("there is {near}")), "{said}");
        }
        for bad in ["deploy/a deploy", "aws-node b", "ds a/b", "ds a?b", "a/b?c", "a,b", "deploymnet/a/b", "x y/z"] {
            assert!(words(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_without_a_kind_is_one_that_the_cluster_knows() {
        for (text, namespace, name) in [
            ("payments/ledger", "payments", "ledger"),
            ("external-dns/external-dns", "external-dns", "external-dns"),
            ("aws-node", "n", "aws-node"),
            ("kube-system/aws-node", "kube-system", "aws-node"),
        ] {
            let expected = Words::Named { name: name.to_owned(), namespace: namespace.to_owned() };
            assert_eq!(words(text).unwrap(), expected, "{text}");
        }
        // What can be no name, and kinds that run no pods.
        for text in ["aws_node", "Ledger", "ingress/x", "svc", "a/b_c"] {
            assert!(words(text).is_err(), "{text}");
        }
        for kind in ["ds", "deployment.apps", "Pods"] {
            assert!(matches!(words(kind), Ok(Words::Kinds(_))), "{kind}");
        }
    }
}
