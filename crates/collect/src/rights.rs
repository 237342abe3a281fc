//! What trustwalk asks of a cluster and of an account, and for what: the one list that the guide, the reference, the
//! command `access` and their tests are made of.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};

/// How far somebody is to be let. Each level needs those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// To diagnose, reading alone: no token is made, nothing is run.
    Read,
    /// To diagnose with a token like the workload's own, and to look into pods.
    Probe,
    /// To repair what was found, and to go back.
    Fix,
}

impl Level {
    /// All, in their order.
    pub const ALL: [Self; 3] = [Self::Read, Self::Probe, Self::Fix];

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Probe => "probe",
            Self::Fix => "fix",
        }
    }

    /// What it is for.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Read => "diagnose, reading alone",
            Self::Probe => "diagnose with a token of the workload's, and look into pods",
            Self::Fix => "fix and roll back",
        }
    }

    /// This level and those before it.
    pub fn up_to(self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |level| *level <= self)
    }
}

/// Verbs on resources of one API group, as RBAC writes a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Which level needs it.
    pub level: Level,
    /// API group; empty for the core.
    pub group: &'static str,
    /// Resources, with their subresource where it is one.
    pub resources: &'static [&'static str],
    /// Verbs.
    pub verbs: &'static [&'static str],
    /// Whether the resources stand in no namespace.
    pub cluster: bool,
    /// What it is for.
    pub what: &'static str,
}

/// One verb on one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    /// Verb.
    pub verb: &'static str,
    /// Resource, with its subresource.
    pub resource: &'static str,
    /// The rule it is of.
    pub rule: &'static Rule,
}

impl std::fmt::Display for Right {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let group = if self.rule.group.is_empty() { String::new() } else { format!(".{}", self.rule.group) };
        write!(f, "{} {}{group}", self.verb, self.resource)
    }
}

/// Permissions of IAM with the same purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actions {
    /// Which level needs them.
    pub level: Level,
    /// `service:Operation`.
    pub actions: &'static [&'static str],
    /// What they are for.
    pub what: &'static str,
}

const fn rule(
    level: Level,
    group: &'static str,
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
    what: &'static str,
) -> Rule {
    Rule { level, group, resources, verbs, cluster: false, what }
}

const fn of_cluster(rule: Rule) -> Rule {
    Rule { cluster: true, ..rule }
}

const ADMISSION: &str = "admissionregistration.k8s.io";
const WEBHOOKS: &[&str] = &["mutatingwebhookconfigurations"];

/// What is asked of a cluster.
pub const RULES: &[Rule] = &[
    rule(
        Level::Read,
        "",
        &["pods", "serviceaccounts", "replicationcontrollers"],
        &["get", "list"],
        "the workload, its pods and its service account; without a target, in all namespaces",
    ),
    rule(Level::Read, "", &["services"], &["get"], "what is behind the webhook"),
    rule(Level::Read, "", &["pods/log"], &["get"], "failures in logs"),
    rule(
        Level::Read,
        "",
        &["configmaps"],
        &["get"],
        "the one from which a container takes its `AWS_CONFIG_FILE`: its profiles, their roles and regions",
    ),
    of_cluster(rule(Level::Read, "", &["namespaces"], &["get", "list"], "whether a namespace that is named exists")),
    rule(
        Level::Read,
        "apps",
        &["daemonsets", "deployments", "statefulsets", "replicasets"],
        &["get", "list"],
        "the workload",
    ),
    rule(Level::Read, "batch", &["jobs", "cronjobs"], &["get", "list"], "the workload"),
    rule(Level::Read, "networking.k8s.io", &["networkpolicies"], &["list"], "what stands between pod and STS"),
    of_cluster(rule(Level::Read, ADMISSION, WEBHOOKS, &["list"], "who injects")),
    rule(
        Level::Probe,
        "",
        &["serviceaccounts/token"],
        &["create"],
        "a token like the workload's own, for the real exchange; not with `--no-exchange`",
    ),
    rule(
        Level::Probe,
        "",
        &["pods"],
        &["create"],
        "a dry run that shows whether a new pod would be injected; nothing is stored",
    ),
    rule(Level::Probe, "", &["pods/exec"], &["get", "create"], "`ipamd.log`, which the VPC CNI writes to a file"),
    rule(Level::Probe, "", &["pods/portforward"], &["get", "create"], "the certificate that the webhook serves"),
    rule(Level::Fix, "", &["serviceaccounts"], &["patch"], "annotations"),
    rule(
        Level::Fix,
        "apps",
        &["daemonsets", "deployments", "statefulsets"],
        &["patch", "watch"],
        "restarts, and how they go",
    ),
    of_cluster(rule(
        Level::Fix,
        ADMISSION,
        WEBHOOKS,
        &["get", "patch"],
        "a webhook's `caBundle` or `admissionReviewVersions`",
    )),
    rule(Level::Fix, "", &["pods", "replicationcontrollers"], &["watch"], "how a roll-out goes"),
    rule(Level::Fix, "apps", &["replicasets"], &["watch"], "how a roll-out goes"),
    rule(Level::Fix, "", &["pods/eviction"], &["create"], "new pods where no controller can be restarted"),
    rule(Level::Fix, "policy", &["poddisruptionbudgets"], &["list", "watch"], "what holds an eviction up"),
];

/// What is asked of an account. `sts:GetCallerIdentity` needs no permission, and `AssumeRoleWithWebIdentity` is not
/// signed.
pub const ACTIONS: &[Actions] = &[
    Actions {
        level: Level::Read,
        actions: &["iam:ListOpenIDConnectProviders", "iam:GetOpenIDConnectProvider"],
        what: "what the account registered",
    },
    Actions { level: Level::Read, actions: &["iam:GetRole"], what: "the trust policy" },
    Actions {
        level: Level::Read,
        actions: &[
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
            "iam:GetRolePolicy",
            "iam:GetPolicy",
            "iam:GetPolicyVersion",
        ],
        what: "what the role is allowed",
    },
    Actions {
        level: Level::Read,
        actions: &["iam:ListRoles"],
        what: "roles that could be meant, when a service account names none",
    },
    Actions {
        level: Level::Read,
        actions: &["eks:ListClusters", "eks:DescribeCluster", "eks:ListAddons", "eks:DescribeAddon"],
        what: "the cluster, its issuer and its add-ons",
    },
    Actions {
        level: Level::Read,
        actions: &["eks:ListPodIdentityAssociations", "eks:DescribePodIdentityAssociation"],
        what: "EKS Pod Identity",
    },
    Actions {
        level: Level::Read,
        actions: &["cloudtrail:LookupEvents"],
        what: "who changed what, and when; which exchanges were refused",
    },
    Actions {
        level: Level::Fix,
        actions: &[
            "iam:UpdateOpenIDConnectProviderThumbprint",
            "iam:AddClientIDToOpenIDConnectProvider",
            "iam:CreateOpenIDConnectProvider",
            "iam:UpdateAssumeRolePolicy",
            "iam:AttachRolePolicy",
            "eks:CreatePodIdentityAssociation",
            "eks:UpdatePodIdentityAssociation",
            "iam:PassRole",
        ],
        what: "`fix --approve`, by what the plan says",
    },
    Actions {
        level: Level::Fix,
        actions: &[
            "iam:RemoveClientIDFromOpenIDConnectProvider",
            "iam:DeleteOpenIDConnectProvider",
            "iam:DetachRolePolicy",
            "eks:DeletePodIdentityAssociation",
        ],
        what: "`rollback --approve` besides",
    },
    Actions {
        level: Level::Fix,
        actions: &["iam:SimulatePrincipalPolicy"],
        what: "knowing before the first write whether each is allowed",
    },
];

/// Every right that a level needs of a cluster, those of the levels before it aside.
pub fn rights(level: Level) -> impl Iterator<Item = Right> {
    RULES.iter().filter(move |rule| rule.level == level).flat_map(|rule| {
        let of = move |resource: &'static str| rule.verbs.iter().map(move |verb| Right { verb, resource, rule });
        rule.resources.iter().flat_map(move |resource| of(resource))
    })
}

/// Every permission that a level needs of an account, those of the levels before it aside.
pub fn actions(level: Level) -> impl Iterator<Item = (&'static str, &'static str)> {
    let of = ACTIONS.iter().filter(move |a| a.level == level);
    of.flat_map(|a| a.actions.iter().map(|action| (*action, a.what)))
}

/// Whom a role is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// As the API server calls the user.
    pub user: String,
}

/// RBAC that gives these levels, as a manifest: for the whole cluster, or for one namespace and what stands in none.
pub fn rbac(levels: &[Level], namespace: Option<&str>, subject: Option<&Subject>) -> String {
    let mut out = Vec::new();
    for level in levels {
        let name = format!("trustwalk-{}", level.name());
        let of = |cluster: bool| RULES.iter().filter(move |r| r.level == *level && r.cluster == cluster);
        let all = || RULES.iter().filter(|r| r.level == *level);
        let parts: Vec<(Option<&str>, Vec<&Rule>)> = match namespace {
            None => vec![(None, all().collect())],
            Some(_) => vec![(namespace, of(false).collect()), (None, of(true).collect())],
        };
        for (namespace, rules) in parts.into_iter().filter(|(_, rules)| !rules.is_empty()) {
            out.push(role(&name, namespace, &rules));
            out.extend(subject.map(|subject| binding(&name, namespace, subject)));
        }
    }
    out.join("---\n")
}

fn head(kind: &str, name: &str, namespace: Option<&str>) -> String {
    let kind = if namespace.is_some() { kind.to_owned() } else { format!("Cluster{kind}") };
    let place = namespace.map(|n| format!("  namespace: {}\n", scalar(n))).unwrap_or_default();
    format!("apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: {name}\n{place}")
}

fn role(name: &str, namespace: Option<&str>, rules: &[&Rule]) -> String {
    let mut out = head("Role", name, namespace) + "rules:\n";
    for rule in rules {
        let group = if rule.group.is_empty() { "\"\"" } else { rule.group };
        let _ = writeln!(
            out,
            "  - {{apiGroups: [{group}], resources: [{}], verbs: [{}]}}",
            rule.resources.join(", "),
            rule.verbs.join(", ")
        );
    }
    out
}

fn binding(name: &str, namespace: Option<&str>, subject: &Subject) -> String {
    let kind = if namespace.is_some() { "Role" } else { "ClusterRole" };
    let account = subject.user.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
    let who = match account {
        Some((namespace, name)) => {
            format!("  - kind: ServiceAccount\n    name: {}\n    namespace: {}\n", scalar(name), scalar(namespace))
        }
        None => {
            format!("  - apiGroup: rbac.authorization.k8s.io\n    kind: User\n    name: {}\n", scalar(&subject.user))
        }
    };
    format!(
        "{}roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: {kind}\n  name: {name}\nsubjects:\n{who}",
        head("RoleBinding", name, namespace)
    )
}

/// A value for YAML: JSON's strings are YAML's.
fn scalar(text: &str) -> String {
    Value::from(text).to_string()
}

/// A policy of IAM that gives these levels; `None` where they need nothing.
pub fn policy(levels: &[Level]) -> Option<Value> {
    let statement = |level: &Level| {
        let all: Vec<&str> = actions(*level).map(|(action, _)| action).collect();
        let sid = match level {
            Level::Read => "TrustwalkReads",
            Level::Probe => "TrustwalkProbes",
            Level::Fix => "TrustwalkFixesAndRollsBack",
        };
        (!all.is_empty()).then(|| json!({"Sid": sid, "Effect": "Allow", "Action": all, "Resource": "*"}))
    };
    let statements: Vec<Value> = levels.iter().filter_map(statement).collect();
    (!statements.is_empty()).then(|| json!({"Version": "2012-10-17", "Statement": statements}))
}

/// The same as people write it: a few actions a line.
pub fn policy_text(levels: &[Level]) -> String {
    const WIDTH: usize = 100;
    let Some(policy) = policy(levels) else { return String::new() };
    let mut statements = Vec::new();
    for statement in policy.get("Statement").and_then(Value::as_array).into_iter().flatten() {
        let sid = statement.get("Sid").cloned().unwrap_or_default();
        let mut lines = vec![String::new()];
        for action in statement.get("Action").and_then(Value::as_array).into_iter().flatten() {
            let action = format!("{action}, ");
            match lines.last_mut() {
                Some(line) if line.len() + action.len() <= WIDTH => line.push_str(&action),
                Some(_) | None => lines.push(action),
            }
        }
        let actions: Vec<String> = lines.iter().map(|line| format!("        {}", line.trim_end())).collect();
        statements.push(format!(
            "    {{\n      \"Sid\": {sid}, \"Effect\": \"Allow\", \"Resource\": \"*\",\n      \"Action\": [\n{}\
             \n      ]\n    }}",
            actions.join("\n").trim_end_matches(',')
        ));
    }
    format!("{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n{}\n  ]\n}}\n", statements.join(",\n"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_right_is_listed_twice() {
        let mut seen = BTreeSet::new();
        for right in Level::ALL.into_iter().flat_map(rights) {
            assert!(seen.insert(right.to_string()), "{right}");
        }
        let mut seen = BTreeSet::new();
        for (action, _) in Level::ALL.into_iter().flat_map(actions) {
            assert!(seen.insert(action), "{action}");
        }
    }

    #[test]
    fn a_role_of_a_namespace_leaves_what_is_in_none_to_the_cluster() {
        let subject = Subject { user: "system:serviceaccount:ci:reader".to_owned() };
        let text = rbac(&[Level::Read], Some("payments"), Some(&subject));
        let parts: Vec<&str> = text.split("---\n").collect();
        assert_eq!(parts.len(), 4, "{text}");
        assert!(parts[0].contains("kind: Role\n") && !parts[0].contains("namespaces"), "{text}");
        assert!(parts[2].contains("kind: ClusterRole\n") && parts[2].contains("namespaces"), "{text}");
        assert!(parts[1].contains("kind: ServiceAccount"), "{text}");
        let whole = rbac(&Level::ALL, None, Some(&Subject { user: "a\": b".to_owned() }));
        assert_eq!(whole.matches("kind: ClusterRole\nmetadata").count(), 3);
        assert!(whole.contains(r#"name: "a\": b""#), "{whole}");
    }

    #[test]
    fn only_reading_and_fixing_need_the_account() {
        assert_eq!(policy(&[Level::Probe]), None);
        assert_eq!(policy(&Level::ALL).unwrap()["Statement"].as_array().map(Vec::len), Some(2));
        for levels in [&Level::ALL[..], &[Level::Fix]] {
            assert_eq!(serde_json::from_str::<Value>(&policy_text(levels)).ok(), policy(levels));
        }
    }
}
