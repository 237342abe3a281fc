//! A walk over everything: which workloads it finds, that each root cause is told once, and what it says of what
//! it may not list.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::io::Write as _;
use std::process::Stdio;

use crate::support::{LabProcess, succeed, tool};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::111122223333:role/BillingRole";

fn apply(lab: &LabProcess, objects: &[Value]) {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
    let mut child = lab
        .command(tool("kubectl"))
        .args(["apply", "-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(list.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

/// A namespace whose service account names a role that does not exist, used by one workload of each kind.
fn batch_namespace() -> Vec<Value> {
    let meta = |name: &str| json!({"name": name, "namespace": "pay"});
    let pod = json!({"serviceAccountName": "billing", "containers": [{"name": "c", "image": "app:1"}]});
    let once = json!({"serviceAccountName": "billing", "restartPolicy": "Never",
        "containers": [{"name": "c", "image": "app:1"}]});
    let labelled = |app: &str| json!({"metadata": {"labels": {"app": app}}, "spec": pod});
    let selector = |app: &str| json!({"matchLabels": {"app": app}});
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "pay"}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "billing", "namespace": "pay",
            "annotations": {"eks.amazonaws.com/role-arn": ROLE}}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "spare", "namespace": "pay",
            "annotations": {"eks.amazonaws.com/role-arn": ROLE}}}),
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": meta("once"),
            "spec": {"suspend": true, "template": {"spec": once}}}),
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta("nightly"),
            "spec": {"schedule": "0 1 * * *", "jobTemplate": {"spec": {"template": {"spec": once}}}}}),
        json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta("db"),
            "spec": {"serviceName": "db", "replicas": 2, "selector": selector("db"), "template": labelled("db")}}),
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta("rs"),
            "spec": {"replicas": 1, "selector": selector("rs"), "template": labelled("rs")}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta("bare"), "spec": pod}),
    ]
}

#[test]
fn every_kind_of_workload_is_found_once_and_a_shared_cause_is_told_once() {
    let lab = LabProcess::up(&[]);
    succeed(lab.command(tool("kubectl")).args([
        "rollout",
        "status",
        "daemonset/aws-node",
        "-n",
        "kube-system",
        "--timeout=60s",
    ]));
    apply(&lab, &batch_namespace());
    let out = lab.trustwalk(&["diagnose", "--exchange"]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert_eq!(out.status.code(), Some(3), "{text}");
    let kinds = ["statefulset/db", "replicaset/rs", "job/once", "cronjob/nightly", "serviceaccount/spare"];
    for target in kinds {
        let line = format!("  \u{d7} {target} in namespace pay");
        assert_eq!(text.matches(&line).count(), 1, "{line}\n{text}");
    }
    assert!(text.contains("  \u{221a} daemonset/aws-node in namespace kube-system\n"), "{text}");
    assert_eq!(text.matches(", and the same in ").count(), 1, "{text}");
    assert_eq!(text.matches("\nRoot cause: TW").count(), 1, "{text}");

    // A CronJob between its times, and a Job that is held, are as they should be.
    let cron = String::from_utf8(lab.trustwalk(&["diagnose", "cronjob/nightly", "-n", "pay", "-v"]).stdout).unwrap();
    assert!(cron.contains("\u{221a} workload        CronJob pay/nightly as billing, no pod wanted now\n"), "{cron}");
    assert!(cron.contains("- permissions     there is no role to have any\n"), "{cron}");

    let other = lab.trustwalk(&["diagnose", "-n", "payments", "-o", "short"]);
    let text = String::from_utf8(other.stdout).unwrap();
    assert_eq!((other.status.code(), text.lines().count()), (Some(0), 1), "{text}");
    let empty = lab.trustwalk(&["diagnose", "-n", "kube-node-lease"]);
    let nowhere = lab.trustwalk(&["diagnose", "-n", "nowhere"]);
    assert_eq!((nowhere.status.code(), nowhere.stdout.is_empty()), (Some(2), true), "a namespace that is not there");
    assert!(matches!(empty.status.code(), Some(0 | 2)), "{empty:?}");
}

#[test]
fn one_approval_cures_what_several_workloads_share() {
    let lab = LabProcess::up(&[]);
    apply(&lab, &batch_namespace());
    let issuer = "oidc.eks.us-west-2.amazonaws.com/id";
    let list = ["iam", "list-open-id-connect-providers", "--output", "text", "--query"];
    let query = format!("OpenIDConnectProviderList[?contains(Arn, '{issuer}')].Arn");
    let provider = succeed(lab.command(tool("aws")).args(list).arg(&query)).trim().to_owned();
    let key = provider.split_once("oidc-provider/").unwrap().1;
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {format!("{key}:sub"): "system:serviceaccount:pay:biling"}}}]});
    succeed(
        lab.command(tool("aws"))
            .args(["iam", "create-role", "--role-name", "BillingRole"])
            .args(["--assume-role-policy-document", &trust.to_string()]),
    );
    // The other account stays broken: the statement that is added names the one that was mistyped.
    succeed(lab.command(tool("kubectl")).args(["delete", "serviceaccount", "spare", "-n", "pay"]));
    let plan = lab.trustwalk(&["fix", "-n", "pay", "--exchange"]);
    let text = String::from_utf8(plan.stdout).unwrap();
    assert_eq!(plan.status.code(), Some(3), "{text}");
    assert!(text.contains("trustwalk: job/once in namespace pay, the same root cause as statefulset/db"), "{text}");
    let done = lab.trustwalk(&["fix", "-n", "pay", "--approve", "--exchange"]);
    let text = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(0), "{text}");
    assert_eq!(lab.trustwalk(&["diagnose", "-n", "pay", "--exchange"]).status.code(), Some(0));
}

#[test]
fn nobody_gets_a_role_by_an_annotation_while_the_whole_cluster_is_repaired() {
    let lab = LabProcess::up(&[]);
    let role = "arn:aws:iam::111122223333:role/HarbourVpcCniRole";
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {
        "name": "aws-node", "namespace": "default", "annotations": {"eks.amazonaws.com/role-arn": role}}});
    apply(&lab, &[account]);
    let trust = || {
        let words = ["iam", "get-role", "--role-name", "HarbourVpcCniRole", "--query", "Role.AssumeRolePolicyDocument"];
        succeed(lab.command(tool("aws")).args(words))
    };
    let before = trust();
    let out = lab.trustwalk(&["fix", "--approve"]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert_eq!((out.status.code(), trust()), (Some(5), before.clone()), "{text}");
    assert!(text.contains("trustwalk fix serviceaccount/aws-node -n default"), "{text}");
    // Whoever names it means it.
    let out = lab.trustwalk(&["fix", "serviceaccount/aws-node", "-n", "default", "--approve"]);
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stdout));
    assert_ne!(trust(), before);
}

#[test]
fn what_may_not_be_listed_is_said_and_never_taken_for_sound() {
    let lab = LabProcess::up(&[]);
    let verbs = json!(["get", "list"]);
    let named = |kind: &str| {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind,
        "metadata": {"name": "looker"}})
    };
    let mut role = named("ClusterRole");
    role["rules"] = json!([
        {"apiGroups": [""], "resources": ["serviceaccounts", "replicationcontrollers"], "verbs": verbs},
        {"apiGroups": ["apps"], "resources": ["deployments", "statefulsets", "replicasets"], "verbs": verbs},
        {"apiGroups": ["batch"], "resources": ["jobs", "cronjobs"], "verbs": verbs},
    ]);
    let mut binding = named("ClusterRoleBinding");
    binding["roleRef"] = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "looker"});
    binding["subjects"] = json!([{"kind": "ServiceAccount", "name": "looker", "namespace": "default"}]);
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "looker", "namespace": "default"}});
    apply(&lab, &[account, role, binding]);
    let token = succeed(lab.command(tool("kubectl")).args(["create", "token", "looker"]));
    let config = lab.dir.path().join("looker");
    std::fs::copy(lab.env.get("KUBECONFIG").unwrap(), &config).unwrap();
    let kubectl = |words: &[&str]| {
        succeed(lab.command(tool("kubectl")).args(["config", "--kubeconfig"]).arg(&config).args(words))
    };
    kubectl(&["set-credentials", "looker", "--token", token.trim()]);
    kubectl(&["set-context", "--current", "--user", "looker"]);
    let mut diagnose = lab.command(env!("CARGO_BIN_EXE_trustwalk"));
    let out = diagnose.env("KUBECONFIG", &config).args(["diagnose", "-n", "batch", "-o", "short"]).output().unwrap();
    let said = String::from_utf8(out.stderr).unwrap();
    assert!(said.contains("daemonsets were not looked at: "), "{said}");
    assert!(!said.contains("deployments were not"), "{said}");
    assert!(matches!(out.status.code(), Some(3 | 4)), "{said}");

    // A token that nobody may mint is each account's own: where the issuer is known, by what it would say.
    let as_looker = |account: &str| -> Vec<Value> {
        let mut diagnose = lab.command(env!("CARGO_BIN_EXE_trustwalk"));
        diagnose.env("KUBECONFIG", &config).env("AWS_ENDPOINT_URL", account).args(["diagnose", "-o", "json"]);
        serde_json::from_slice(&diagnose.output().unwrap().stdout).unwrap()
    };
    let mut namespaces = std::collections::BTreeSet::new();
    for one in as_looker("http://127.0.0.1:1") {
        let (namespace, text) = (one["target"]["namespace"].as_str().unwrap(), one.to_string());
        for command in text.split("kubectl create token ").skip(1) {
            let own = command.split('`').next().unwrap().contains(&format!(" -n {namespace} "));
            assert!(own, "{namespace}: {command:.120}");
            namespaces.insert(namespace.to_owned());
        }
    }
    assert!(namespaces.len() > 1, "{namespaces:?}");
    let derived = as_looker(lab.env.get("AWS_ENDPOINT_URL").unwrap());
    assert!(derived.len() > 1);
    for one in derived {
        let subject = format!("sub system:serviceaccount:{}:", one["target"]["namespace"].as_str().unwrap());
        let links = one["links"].as_array().unwrap();
        assert!(links.iter().any(|l| l["saw"].as_str().unwrap().starts_with(&subject)), "{subject}: {links:?}");
    }
}
