//! What another tool keeps, by tags, labels and add-ons of the lab's own objects: refused with that tool's way, done at
//! the user's word, and told afterwards.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking, as tests do")]

use crate::support::{LabProcess, succeed, tool, until};
use serde_json::Value;

const LEDGER: [&str; 3] = ["deployment/ledger", "-n", "payments"];
const DNS: [&str; 3] = ["deployment/external-dns", "-n", "external-dns"];
const NODE: [&str; 3] = ["daemonset/aws-node", "-n", "kube-system"];

fn aws(lab: &LabProcess, line: &str) -> String {
    succeed(lab.command(tool("aws")).args(line.split(' ')))
}

fn kubectl(lab: &LabProcess, line: &str) -> String {
    succeed(lab.command(tool("kubectl")).args(line.split(' ')))
}

fn breaks(lab: &LabProcess, fault: &str) {
    assert!(lab.lab(&["break", fault]).status.success());
}

/// The report of one target.
fn report(lab: &LabProcess, words: &[&str]) -> (Option<i32>, Value) {
    let out = lab.trustwalk(&[words, &["-o", "json"]].concat());
    (out.status.code(), serde_json::from_slice(&out.stdout).unwrap_or_default())
}

/// A fault whose cure is kept: refused and left as it is, and done with the flag.
#[track_caller]
fn is_kept(lab: &LabProcess, target: [&str; 3], owner: &str, tool: &str, action: &str) {
    let fix = [&["fix"][..], &target].concat();
    let kept = |report: &Value| report[0]["plan"]["withheld"][0]["action"]["action"] == action;
    until(|| Some(report(lab, &fix).1).filter(kept));
    let receipts = || report(lab, &["receipts"]).1["receipts"].as_array().unwrap().len();
    let before = receipts();
    let (code, refused) = report(lab, &[&fix[..], &["--approve"]].concat());
    let plan = &refused[0]["plan"];
    assert_eq!(code, Some(5), "{refused:#}");
    assert_eq!((&plan["steps"], &refused[0]["applied"]), (&Value::Array(Vec::new()), &Value::Null), "{refused:#}");
    let one = &plan["withheld"][0];
    assert!(one["owner"].as_str().unwrap().starts_with(owner), "{one:#}");
    assert!(one["through"] == tool && one["by_hand"][tool].is_string(), "{one:#}");
    assert_eq!(receipts(), before, "nothing was begun");
    let words = [&fix[..], &["--approve", "--force-drift", "--receipt", "forced.json"]].concat();
    let (code, done) = report(lab, &words);
    assert_eq!(code, Some(0), "{done:#}");
    let (_, all) = report(lab, &["receipts"]);
    let one = all["receipts"].as_array().unwrap().iter().find(|r| r["file"] == "forced.json").unwrap();
    let past = one["steps"][0]["past"].as_str().unwrap_or_default();
    assert!(past.starts_with(owner), "{one:#}");
    let told = lab.trustwalk(&["receipts"]);
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains(&format!("past:     {owner}")), "{told}");
}

#[test]
fn a_role_of_terraform() {
    let lab = LabProcess::up(&[]);
    breaks(&lab, "sub-wrong-namespace");
    aws(&lab, "iam tag-role --role-name HarbourLedgerRole --tags Key=managed-by,Value=terraform");
    is_kept(&lab, LEDGER, "Terraform", "terraform", "set-trust-policy");
}

#[test]
fn a_role_of_a_stack() {
    let lab = LabProcess::up(&[]);
    breaks(&lab, "sub-wrong-namespace");
    lab.give_to_stack("arn:aws:iam::111122223333:role/HarbourLedgerRole", "shop");
    is_kept(&lab, LEDGER, "CloudFormation, stack shop", "cloudformation", "set-trust-policy");
}

#[test]
fn a_service_account_of_helm() {
    let lab = LabProcess::up(&[]);
    kubectl(&lab, "label serviceaccount external-dns -n external-dns app.kubernetes.io/managed-by=Helm");
    breaks(&lab, "annotation-missing-on-service-account");
    is_kept(&lab, DNS, "Helm", "helm", "annotate");
}

#[test]
fn a_service_account_of_an_add_on_whose_pods_are_left_alone_too() {
    let lab = LabProcess::up(&[]);
    let arn = "arn:aws:iam::111122223333:role/eks/HarbourVpcCniRole";
    let line = format!("annotate serviceaccount aws-node -n kube-system --overwrite eks.amazonaws.com/role-arn={arn}");
    kubectl(&lab, &line);
    is_kept(&lab, NODE, "the EKS add-on vpc-cni", "aws", "annotate");
}
