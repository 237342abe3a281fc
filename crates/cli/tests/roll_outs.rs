//! Roll-outs as clusters have them: pods that take their time, deployments that somebody holds back, and templates
//! that somebody else keeps.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking, as tests do")]

use crate::support;
use crate::support::{LabProcess, succeed, tool, until};
use serde_json::Value;

/// A gate of readiness that nobody but the test opens.
const GATE: &str = r#"{"spec":{"template":{"spec":{"readinessGates":[{"conditionType":"example.com/open"}]}}}}"#;
const OPEN: &str = r#"{"status":{"conditions":[{"type":"example.com/open","status":"True"}]}}"#;

fn kubectl(lab: &LabProcess, arguments: &[&str]) -> String {
    succeed(lab.command(tool("kubectl")).args(arguments))
}

/// Pods of a namespace whose names begin so.
fn pods(lab: &LabProcess, namespace: &str, name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(&kubectl(lab, &["get", "pods", "-n", namespace, "-o", "json"])).unwrap();
    let all = all["items"].as_array().unwrap().iter();
    all.filter(|p| p["metadata"]["name"].as_str().unwrap().starts_with(name)).cloned().collect()
}

fn names(pods: &[Value]) -> Vec<String> {
    pods.iter().map(|p| p["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

fn trustwalk(lab: &LabProcess, line: &str) -> (Option<i32>, String) {
    let out = lab.trustwalk(&line.split(' ').collect::<Vec<_>>());
    (out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr))
}

#[test]
fn the_time_that_is_given_ends_the_wait_alone_and_the_receipt_waits_again() {
    let lab = LabProcess::up(&["--broken"]);
    kubectl(&lab, &["patch", "ds", "aws-node", "-n", "kube-system", "--type=merge", "-p", GATE]);
    let gated = |p: &Value| !p["spec"]["readinessGates"].is_null();
    until(|| Some(pods(&lab, "kube-system", "aws-node")).filter(|all| all.iter().all(gated)));
    let (code, said) = trustwalk(&lab, "fix daemonset/aws-node -n kube-system --approve --receipt r.json --timeout 1s");
    assert_eq!(code, Some(4), "{said}");
    for words in [
        "it has no progress deadline; --timeout ends the wait after 1 s",
        "the roll-out of DaemonSet kube-system/aws-node goes on in the cluster, and what was changed stands",
        "readiness gate example.com/open",
        "trustwalk fix --resume r.json --approve",
    ] {
        let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(words), "{words}: {said}");
    }
    for name in names(&pods(&lab, "kube-system", "aws-node")) {
        kubectl(
            &lab,
            &["patch", "pod", &name, "-n", "kube-system", "--subresource=status", "--type=merge", "-p", OPEN],
        );
    }
    let before = names(&pods(&lab, "kube-system", "aws-node"));
    let (code, said) = trustwalk(&lab, "fix --resume r.json --approve");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(names(&pods(&lab, "kube-system", "aws-node")), before, "it was waited for, and not asked for again");
}

#[test]
fn a_paused_deployment_is_left_to_whoever_paused_it_and_what_a_repository_keeps_is_evicted() {
    let lab = LabProcess::up(&[]);
    assert!(lab.lab(&["break", "pod-created-before-annotation-or-webhook"]).status.success());
    let workload = ["patch", "deployment", "external-dns", "-n", "external-dns", "--type=merge", "-p"];
    let patch = |change: &str| kubectl(&lab, &[&workload[..], &[change]].concat());
    patch(r#"{"spec":{"paused":true}}"#);
    let (code, said) = trustwalk(&lab, "fix deployment/external-dns -n external-dns --approve");
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("kubectl rollout resume -n external-dns deployment/external-dns"), "{said}");
    patch(r#"{"spec":{"paused":false},"metadata":{"labels":{"argocd.argoproj.io/instance":"shop"}}}"#);
    let template = [
        "get",
        "deployment",
        "external-dns",
        "-n",
        "external-dns",
        "-o",
        "jsonpath={.spec.template.metadata.annotations}",
    ];
    let kept = kubectl(&lab, &template);
    let before = names(&pods(&lab, "external-dns", "external-dns"));
    let (code, said) = trustwalk(&lab, "fix deployment/external-dns -n external-dns --approve");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Argo CD, application shop") && said.contains("evict"), "{said}");
    let after = names(&pods(&lab, "external-dns", "external-dns"));
    assert!(before.len() == after.len() && before.iter().all(|name| !after.contains(name)), "{before:?} {after:?}");
    assert_eq!(kubectl(&lab, &template), kept, "the template is the repository's");
}

#[test]
fn pods_that_fail_for_another_reason_end_the_wait_and_pods_that_are_not_there_prove_nothing() {
    let lab = LabProcess::up(&[]);
    let scale = |replicas: &str| kubectl(&lab, &["scale", "deployment/ledger", "-n", "payments", replicas]);
    scale("--replicas=0");
    until(|| pods(&lab, "payments", "ledger").is_empty().then_some(()));
    let (code, said) = trustwalk(&lab, "diagnose deployment/ledger -n payments");
    assert!(code == Some(0) && said.contains("Ok: no fault found in what a new pod would get, and no pod"), "{said}");
    assert!(!said.contains("every link holds"), "{said}");
    scale("--replicas=2");
    until(|| (pods(&lab, "payments", "ledger").len() == 2).then_some(()));
    // The exchange is refused first, and what the role lacks shows once it is not.
    for fault in ["sub-wrong-service-account", "permissions-missing-action"] {
        assert!(lab.lab(&["break", fault]).status.success());
    }
    let (code, said) = trustwalk(&lab, "fix deployment/ledger -n payments --approve --receipt r.json");
    assert_eq!(code, Some(3), "{said}");
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "its progress deadline is 600 s",
        "new pods of Deployment payments/ledger fail, and what was changed stands",
        "was restarted 3 times and does not become ready: crash loop of ledger",
        "Root cause: TW107 role-lacks-permission (proven)",
    ] {
        assert!(flat.contains(words), "{words}: {said}");
    }
}

#[test]
fn what_somebody_changed_since_is_told_and_not_called_useless() {
    let lab = LabProcess::up(&["--broken"]);
    kubectl(&lab, &["patch", "ds", "aws-node", "-n", "kube-system", "--type=merge", "-p", GATE]);
    let gated = |p: &Value| !p["spec"]["readinessGates"].is_null();
    until(|| Some(pods(&lab, "kube-system", "aws-node")).filter(|all| all.iter().all(gated)));
    let (code, said) = trustwalk(&lab, "fix daemonset/aws-node -n kube-system --approve --receipt r.json --timeout 1s");
    assert_eq!(code, Some(4), "{said}");
    // By hand, all is as it was before.
    let receipt: Value = serde_json::from_slice(&std::fs::read(lab.dir.path().join("r.json")).unwrap()).unwrap();
    let step = &receipt["steps"][0]["step"];
    let before: Vec<String> = serde_json::from_str(step["precondition"]["expected"].as_str().unwrap()).unwrap();
    let arn = step["action"]["provider_arn"].as_str().unwrap();
    let mut put_back = lab.command(tool("aws"));
    put_back.args(["iam", "update-open-id-connect-provider-thumbprint", "--open-id-connect-provider-arn", arn]);
    succeed(put_back.arg("--thumbprint-list").args(before));
    let (code, said) = trustwalk(&lab, "fix --resume r.json --approve");
    assert_eq!(code, Some(6), "{said}");
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("was done, and it is as it was before"), "{said}");
    assert!(flat.contains("Next: trustwalk fix daemonset/aws-node -n kube-system"), "{said}");
    for words in ["did not help", "were left alone"] {
        assert!(!flat.contains(words), "{words}: {said}");
    }
}

#[test]
fn a_time_is_written_as_kubectl_takes_it() {
    let lab = |words: &str| {
        let out = support::trustwalk().args(words.split(' ')).output().unwrap();
        (out.status.code(), String::from_utf8(out.stderr).unwrap())
    };
    for wrong in ["5", "0s", "-1s", "1x", "m", "1h5"] {
        let (code, said) = lab(&format!("fix daemonset/a -n b --timeout={wrong}"));
        assert!(code == Some(2) && said.contains("write it as 90s, 5m or 1h30m"), "{wrong}: {said}");
    }
}
