//! A repair that cannot be made is refused in plain words before anything is written, with the right exit code; what
//! cannot be known before is told.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking, as tests do")]

use std::path::PathBuf;
use std::process::Output;

use crate::support::{LabProcess, planned, succeed, tool};
use serde_json::Value;

fn said(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

const DNS: [&str; 3] = ["deployment/external-dns", "-n", "external-dns"];
const LEDGER: [&str; 3] = ["deployment/ledger", "-n", "payments"];
/// What a diagnosis reads.
const READS: &str = r#""iam:Get*","iam:List*","eks:*","cloudtrail:LookupEvents","sts:*""#;

fn fix(target: [&str; 3]) -> Vec<&str> {
    [&["fix"][..], &target, &["--approve", "--receipt", "r.json"]].concat()
}

/// The keys of a role that may do what is named, besides reading, as variables.
fn keys(lab: &LabProcess, name: &str, actions: &str) -> Vec<(&'static str, String)> {
    let aws = |words: &[&str]| succeed(lab.command(tool("aws")).args(words));
    let trust = concat!(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","#,
        r#""Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}]}"#
    );
    aws(&["iam", "create-role", "--role-name", name, "--assume-role-policy-document", trust]);
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":[{READS}{actions}],"Resource":"*"}}]}}"#
    );
    aws(&["iam", "put-role-policy", "--role-name", name, "--policy-name", "p", "--policy-document", &policy]);
    let arn = format!("arn:aws:iam::111122223333:role/{name}");
    let given = aws(&["sts", "assume-role", "--role-arn", &arn, "--role-session-name", "fix", "--output", "json"]);
    let given: Value = serde_json::from_str(&given).unwrap();
    let of = |member: &str| given["Credentials"][member].as_str().unwrap().to_owned();
    vec![
        ("AWS_ACCESS_KEY_ID", of("AccessKeyId")),
        ("AWS_SECRET_ACCESS_KEY", of("SecretAccessKey")),
        ("AWS_SESSION_TOKEN", of("SessionToken")),
    ]
}

/// A kubeconfig of somebody who may read everything, mint tokens and try pods, and change nothing.
fn reader(lab: &LabProcess) -> PathBuf {
    let kubectl = |words: &[&str]| succeed(lab.command(tool("kubectl")).args(words));
    let role = ["create", "clusterrole", "reads", "--verb=get,list,watch,create", "--resource=*.*"];
    kubectl(&role);
    kubectl(&["create", "serviceaccount", "reader", "-n", "default"]);
    kubectl(&["create", "clusterrolebinding", "reads", "--clusterrole=reads", "--serviceaccount=default:reader"]);
    let token = kubectl(&["create", "token", "reader", "-n", "default"]);
    let mut config: Value = serde_json::from_slice(&std::fs::read(&lab.env["KUBECONFIG"]).unwrap()).unwrap();
    config["users"][0]["user"] = serde_json::json!({"token": token.trim()});
    let path = lab.dir.path().join("reader");
    std::fs::write(&path, config.to_string()).unwrap();
    path
}

#[test]
fn a_step_that_the_cluster_would_refuse_stops_the_plan_before_the_first_write() {
    let lab = LabProcess::up(&[]);
    assert!(lab.lab(&["break", "annotation-missing-on-service-account"]).status.success());
    planned(&lab, &DNS);
    let config = reader(&lab);
    let out = lab.command(env!("CARGO_BIN_EXE_trustwalk")).args(fix(DNS)).env("KUBECONFIG", &config).output().unwrap();
    let text = said(&out);
    assert_eq!(out.status.code(), Some(1), "{text}");
    for part in ["step 1 of 2 would be refused", "403", "nothing was changed"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!lab.dir.path().join("r.json").exists(), "{text}");
}

#[test]
fn a_step_that_the_account_would_refuse_is_found_by_the_simulator_or_said_not_to_be_known() {
    let lab = LabProcess::up(&[]);
    assert!(lab.lab(&["break", "sub-wrong-namespace"]).status.success());
    planned(&lab, &LEDGER);
    let told = |name: &str, actions: &str| {
        let mut command = lab.command(env!("CARGO_BIN_EXE_trustwalk"));
        let out = command.args(fix(LEDGER)).envs(keys(&lab, name, actions)).output().unwrap();
        (out.status.code(), said(&out))
    };
    let (code, text) = told("asks", r#","iam:SimulatePrincipalPolicy""#);
    assert_eq!(code, Some(1), "{text}");
    for part in ["would be refused", "role/asks is not allowed iam:UpdateAssumeRolePolicy", "nothing was changed"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!lab.dir.path().join("r.json").exists());
    // Nobody can tell beforehand: said, tried, refused, and the receipt says so.
    let (code, text) = told("guesses", "");
    assert_eq!(code, Some(1), "{text}");
    for part in ["Not known beforehand", "iam:UpdateAssumeRolePolicy", "was refused", "AccessDenied", "r.json"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let receipt: Value = serde_json::from_slice(&std::fs::read(lab.dir.path().join("r.json")).unwrap()).unwrap();
    assert_eq!(receipt["steps"][0]["state"], "pending");
    assert_eq!(lab.trustwalk(&["rollback", "r.json", "--approve"]).status.code(), Some(0));
    std::fs::remove_file(lab.dir.path().join("r.json")).unwrap();
    let (code, text) = told("may", r#","iam:SimulatePrincipalPolicy","iam:UpdateAssumeRolePolicy""#);
    assert_eq!(code, Some(0), "{text}");
    assert!(!text.contains("Not known beforehand"), "{text}");
}

#[test]
fn what_vanished_or_is_elsewhere_is_told_in_plain_words() {
    let lab = LabProcess::up(&[]);
    assert!(lab.lab(&["break", "sub-wrong-namespace"]).status.success());
    let run = |words: &[&str]| {
        let out = lab.trustwalk(words);
        (out.status.code(), said(&out))
    };
    planned(&lab, &LEDGER);
    assert_eq!(run(&fix(LEDGER)).0, Some(0));
    let receipt: Value = serde_json::from_slice(&std::fs::read(lab.dir.path().join("r.json")).unwrap()).unwrap();
    let role = receipt["steps"][0]["step"]["action"]["role"].as_str().unwrap();
    let before = receipt["steps"][0]["step"]["precondition"]["expected"].as_str().unwrap();
    // The role goes after the fix: there is nothing to undo it on, and nothing is pretended.
    let aws = |words: &[&str]| succeed(lab.command(tool("aws")).args(words));
    let attached = aws(&["iam", "list-attached-role-policies", "--role-name", role, "--output", "json"]);
    let attached: Value = serde_json::from_str(&attached).unwrap();
    for policy in attached["AttachedPolicies"].as_array().unwrap() {
        let arn = policy["PolicyArn"].as_str().unwrap();
        aws(&["iam", "detach-role-policy", "--role-name", role, "--policy-arn", arn]);
    }
    let inline = aws(&["iam", "list-role-policies", "--role-name", role, "--output", "json"]);
    let inline: Value = serde_json::from_str(&inline).unwrap();
    for name in inline["PolicyNames"].as_array().unwrap() {
        aws(&["iam", "delete-role-policy", "--role-name", role, "--policy-name", name.as_str().unwrap()]);
    }
    aws(&["iam", "delete-role", "--role-name", role]);
    for words in [&["rollback", "r.json"][..], &["rollback", "r.json", "--approve"]] {
        let (code, text) = run(words);
        assert_eq!(code, Some(3), "{text}");
        assert!(text.contains("does not exist: nothing can be put back there"), "{text}");
    }
    // Made anew with the old document, it stands as before the fix.
    aws(&["iam", "create-role", "--role-name", role, "--assume-role-policy-document", before]);
    assert_eq!(run(&["rollback", "r.json", "--approve"]).0, Some(0));
    // Another account's keys are no way to this one's receipt.
    let (code, text) = run(&["fix", "--resume", "r.json", "--approve"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("was rolled back"), "{text}");
    let (code, text) = run(&["fix", "deployment/nothing", "-n", "payments", "--approve"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("does not exist"), "{text}");
    let (code, text) = run(&["fix", "pod/", "--approve"]);
    assert_eq!(code, Some(2), "{text}");
}
