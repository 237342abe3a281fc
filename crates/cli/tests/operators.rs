//! Two who work on the same thing at once lose nothing of each other's without being told: two runs of trustwalk, or
//! one and a real client, interleaved at a gate that holds a chosen request.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use crate::support::gate::{Gate, account_gate, has, kubeconfig, last_state, server};
use crate::support::{LabProcess, planned, succeed, tool, trustwalk};
use serde_json::Value;

fn said(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

/// trustwalk of one operator, who has a key and locks of their own, as on another machine.
fn operator(lab: &LabProcess, name: &str, words: &[&str]) -> Command {
    let mut command = trustwalk();
    command.envs(&lab.env).env("XDG_STATE_HOME", lab.dir.path().join(name)).current_dir(lab.dir.path()).args(words);
    command
}

fn run(mut command: Command) -> (Option<i32>, String) {
    let out = command.output().unwrap();
    (out.status.code(), said(&out))
}

fn begun(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn ended(child: Child) -> (Option<i32>, String) {
    let out = child.wait_with_output().unwrap();
    (out.status.code(), said(&out))
}

const FIX: [&str; 6] = ["fix", "daemonset/aws-node", "-n", "kube-system", "--approve", "--receipt"];

#[test]
fn two_who_make_the_same_change_at_once_both_come_to_its_end_and_one_way_back() {
    let lab = LabProcess::up(&["--broken"]);
    let gate = account_gate(&lab, "UpdateOpenIDConnectProviderThumbprint");
    let mut first = operator(&lab, "ada", &[&FIX[..], &["a.json"]].concat());
    let mut first = begun(first.env("AWS_ENDPOINT_URL", format!("http://{}", gate.address)));
    gate.wait(&mut first);
    let (code, text) = run(operator(&lab, "grace", &[&FIX[..], &["b.json"]].concat()));
    assert_eq!(code, Some(0), "{text}");
    gate.open();
    let (code, text) = ended(first);
    assert_eq!(code, Some(0), "{text}");
    let sound = || lab.trustwalk(&["diagnose", "daemonset/aws-node", "-n", "kube-system"]).status.code() == Some(0);
    assert!(sound());
    for name in ["grace", "grace"] {
        let (code, text) = run(operator(&lab, name, &["rollback", "b.json", "--approve"]));
        assert_eq!(code, Some(0), "{text}");
        assert!(!sound());
    }
}

#[test]
fn what_was_written_and_taken_away_by_another_meanwhile_is_told_and_stops_the_run() {
    let lab = LabProcess::up(&["--broken"]);
    let journal = lab.dir.path().join("a.json");
    // After the proof, which makes two exchanges: the walk's, and that of a fresh token.
    let exchanges = Arc::new(Mutex::new(0));
    let path = journal.clone();
    let gate = Gate::before(&lab.env["AWS_ENDPOINT_URL"], move |piece| {
        let mut exchanges = exchanges.lock().unwrap();
        let proves = has(piece, "Action=AssumeRoleWithWebIdentity") && last_state(&path).as_deref() == Some("done");
        *exchanges += usize::from(proves);
        *exchanges == 2 && has(piece, "Action=GetOpenIDConnectProvider")
    });
    let mut command = operator(&lab, "ada", &[&FIX[..], &["a.json"]].concat());
    let mut first = begun(command.env("AWS_ENDPOINT_URL", format!("http://{}", gate.address)));
    gate.wait(&mut first);
    let receipt: Value = serde_json::from_slice(&std::fs::read(&journal).unwrap()).unwrap();
    let arn = receipt["steps"][0]["step"]["action"]["provider_arn"].as_str().unwrap();
    let theirs = "0123456789012345678901234567890123456789";
    let update = ["iam", "update-open-id-connect-provider-thumbprint", "--open-id-connect-provider-arn", arn];
    succeed(lab.command(tool("aws")).args(update).args(["--thumbprint-list", theirs]));
    gate.open();
    let (code, text) = ended(first);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("changed by somebody else while this was under way") && text.contains(theirs), "{text}");
    let (code, text) = run(operator(&lab, "ada", &["rollback", "a.json", "--approve"]));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("changed by somebody else") && text.contains(theirs), "{text}");
}

#[test]
fn what_another_writes_to_the_same_object_of_the_cluster_stays() {
    const KEY: &str = "eks.amazonaws.com/role-arn";
    for (annotation, code) in [("team=dns", 0), ("eks.amazonaws.com/role-arn=arn:aws:iam::111122223333:role/Theirs", 1)]
    {
        let lab = LabProcess::up(&[]);
        assert!(lab.lab(&["break", "annotation-missing-on-service-account"]).status.success());
        planned(&lab, &["deployment/external-dns", "-n", "external-dns"]);
        let journal = lab.dir.path().join("a.json");
        // The pieces that are sent from when the step is journalled: the look at the object, and then the write.
        let sent = Arc::new(Mutex::new(0));
        let gate = Gate::before(&server(&lab), move |_| {
            let mut sent = sent.lock().unwrap();
            *sent += usize::from(last_state(&journal).as_deref() == Some("started"));
            *sent == 2
        });
        let gated = kubeconfig(&lab, gate.address);
        let fix = ["fix", "deployment/external-dns", "-n", "external-dns", "--approve", "--receipt", "a.json"];
        let mut first = begun(operator(&lab, "ada", &fix).env("KUBECONFIG", &gated));
        gate.wait(&mut first);
        let annotate = ["annotate", "serviceaccount", "external-dns", "-n", "external-dns", annotation];
        succeed(lab.command(tool("kubectl")).args(annotate));
        gate.open();
        let (ended, text) = ended(first);
        assert_eq!(ended, Some(code), "{annotation}: {text}");
        let get = ["get", "serviceaccount", "external-dns", "-n", "external-dns", "-o", "json"];
        let object: Value = serde_json::from_str(&succeed(lab.command(tool("kubectl")).args(get))).unwrap();
        let (key, value) = annotation.split_once('=').unwrap();
        assert_eq!(object["metadata"]["annotations"][key], value, "{text}");
        if code == 0 {
            assert!(object["metadata"]["annotations"][KEY].is_string(), "{text}");
        } else {
            assert!(text.contains("somebody changed it meanwhile") && text.contains("role/Theirs"), "{text}");
        }
    }
}
