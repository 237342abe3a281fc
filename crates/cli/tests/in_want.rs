//! Workloads that use no identity and fail, or may for all that could be read: a walk over everything tells them, and
//! says "ok" only where nothing that fails was left out.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::io::Write as _;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::{LabProcess, succeed, tool};
use serde_json::json;

fn text(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

fn apply(lab: &LabProcess, objects: &serde_json::Value) {
    let mut apply = lab.command(tool("kubectl"));
    apply.args(["apply", "-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = apply.spawn().unwrap();
    child.stdin.take().unwrap().write_all(objects.to_string().as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

/// Asks again until the answer is one, as the pods of a lab take moments to fail.
fn until(lab: &LabProcess, arguments: &[&str], fits: impl Fn(&str) -> bool) -> Output {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let out = lab.trustwalk(arguments);
        if fits(&text(&out)) || Instant::now() > end {
            return out;
        }
    }
}

/// A deployment that calls AWS as a service account that names no role, in a namespace of its own.
fn bare(namespace: &str) -> serde_json::Value {
    let labels = json!({"app": "till"});
    let container = json!({"name": "till", "image": "registry.lab.example/app-python:1.42.0",
        "env": [{"name": "LAB_ACTION", "value": "eks:ListClusters"}]});
    json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "till", "namespace": namespace}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "till", "namespace": namespace},
            "spec": {"replicas": 1, "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels},
                    "spec": {"serviceAccountName": "till", "containers": [container]}}}},
    ]})
}

#[test]
fn a_workload_without_an_identity_that_fails_is_told() {
    let lab = LabProcess::up(&[]);
    apply(&lab, &bare("shop"));
    let out = until(&lab, &["diagnose", "-n", "shop", "-o", "short"], |said| said.contains("TW002"));
    assert!(matches!(out.status.code(), Some(3)), "{}", text(&out));
    assert!(text(&out).contains("TW002"), "{}", text(&out));
    let whole = lab.trustwalk(&["diagnose", "-o", "short"]);
    assert_eq!(whole.status.code(), Some(3), "{}", text(&whole));
    assert!(text(&whole).contains("deployment/till in namespace shop"), "{}", text(&whole));

    // An account of nearly the right name.
    let broken = lab.lab(&["break", "workload-runs-as-another-service-account"]);
    assert!(broken.status.success(), "{}", text(&broken));
    let out = until(&lab, &["diagnose", "-n", "payments", "-o", "short"], |said| said.contains("TW129"));
    assert_eq!(out.status.code(), Some(3), "{}", text(&out));
    assert!(text(&out).contains("TW129"), "{}", text(&out));
}

#[test]
fn what_could_not_be_listed_of_an_account_may_name_an_identity() {
    let lab = LabProcess::up(&[]);
    succeed(lab.command(tool("kubectl")).args(["create", "namespace", "calm"]));
    assert_eq!(lab.trustwalk(&["diagnose", "-n", "calm"]).status.code(), Some(0));
    for action in ["eks:ListPodIdentityAssociations", "iam:ListRoles"] {
        let out = without(&lab, action, &["diagnose", "-n", "calm"]);
        assert_eq!(out.status.code(), Some(4), "{action}: {}", text(&out));
        assert!(text(&out).contains(action), "{action}: {}", text(&out));
    }
    for action in ["iam:GetRolePolicy", "cloudtrail:LookupEvents"] {
        let out = without(&lab, action, &["diagnose", "deployment/ledger", "-n", "payments"]);
        assert_eq!(out.status.code(), Some(4), "{action}: {}", text(&out));
        assert!(text(&out).contains("not read: "), "{action}: {}", text(&out));
        assert!(text(&out).contains(action), "{action}: {}", text(&out));
    }
}

/// What is said to somebody who is allowed everything but one action.
fn without(lab: &LabProcess, action: &str, arguments: &[&str]) -> Output {
    let name = action.replace(':', "-");
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"}}]});
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": action, "Resource": "*"}]});
    let aws = |words: &[&str]| succeed(lab.command(tool("aws")).args(words));
    aws(&["iam", "create-role", "--role-name", &name, "--assume-role-policy-document", &trust.to_string()]);
    let put = ["iam", "put-role-policy", "--policy-name", "all-but-one", "--role-name", &name, "--policy-document"];
    aws(&[&put[..], &[&policy.to_string()]].concat());
    let arn = format!("arn:aws:iam::111122223333:role/{name}");
    let query = "Credentials.[AccessKeyId,SecretAccessKey,SessionToken]";
    let assume =
        ["sts", "assume-role", "--role-session-name", "tester", "--output", "text", "--query", query, "--role-arn"];
    let keys = aws(&[&assume[..], &[&arn]].concat());
    let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
    let mut command = lab.command(env!("CARGO_BIN_EXE_trustwalk"));
    command.envs(names.into_iter().zip(keys.split_whitespace())).args(arguments).output().unwrap()
}

#[test]
fn who_is_not_allowed_to_mint_a_token_is_told_the_cause_all_the_same() {
    let lab = LabProcess::up(&[]);
    let kubectl = |words: &[&str]| succeed(lab.command(tool("kubectl")).args(words));
    let resources = "pods,pods/log,serviceaccounts,services,configmaps,deployments.apps,daemonsets.apps,\
                     mutatingwebhookconfigurations.admissionregistration.k8s.io,\
                     networkpolicies.networking.k8s.io,endpointslices.discovery.k8s.io";
    kubectl(&["create", "clusterrole", "looker", "--verb", "get,list", "--resource", resources]);
    kubectl(&["create", "clusterrolebinding", "looker", "--clusterrole", "looker", "--user", "looker"]);
    let own = std::fs::read(lab.dir.path().join("kubeconfig")).unwrap();
    let mut config: serde_json::Value = serde_json::from_slice(&own).unwrap();
    config.pointer_mut("/users/0/user").unwrap().as_object_mut().unwrap().insert("as".to_owned(), json!("looker"));
    let path = lab.dir.path().join("looker");
    std::fs::write(&path, config.to_string()).unwrap();
    let broken = lab.lab(&["break", "sub-wrong-namespace"]);
    assert!(broken.status.success(), "{}", text(&broken));
    let mut command = lab.command(env!("CARGO_BIN_EXE_trustwalk"));
    let out = command.env("KUBECONFIG", &path).args(["diagnose", "deployment/ledger", "-n", "payments"]).output();
    let out = out.unwrap();
    assert_eq!(out.status.code(), Some(3), "{}", text(&out));
    assert!(text(&out).contains("sub-wrong-namespace"), "{}", text(&out));
    let next = text(&out).lines().filter(|l| l.contains("Next: ")).collect::<Vec<_>>().join("");
    assert!(!next.contains("create token"), "{next}");
    // Of an identity of which nothing is wrong its own pods' exchange counts, which their log tells of.
    let well = lab.lab(&["mend"]);
    assert!(well.status.success(), "{}", text(&well));
    let mut command = lab.command(env!("CARGO_BIN_EXE_trustwalk"));
    let out = command.env("KUBECONFIG", &path).args(["diagnose", "deployment/settlement", "-n", "batch"]).output();
    let out = out.unwrap();
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
}
