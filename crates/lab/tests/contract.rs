//! Operations of IAM, STS and EKS as boto3 calls them, from tables (`contract/*.toml`): each call with its answer or
//! its refusal. One process of Python runs them all, where the environment names the tools (`TRUSTWALK_TOOLS`).

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, as tests do")]

use std::{collections::BTreeMap, path::Path};

use serde_json::{Value, json};
use trustwalk_lab::{Lab, LabConfig, Outside, Ports, Scenario, Story, Terms, TrustModel};

/// An account with an issuer, roles for its tokens, and a cluster.
const WORLD: &str = "
accounts:
- id: '111122223333'
  alias: main
  region: us-west-2
  providers: [{issuer: hub}, {issuer: blue}]
  roles:
  - {name: web, trust: [{issuer: hub, subject: ledger}], allow: ['sts:AssumeRole', 'iam:ListRoles']}
  - {name: chained, trust: [{role: main/web}, {account: main}]}
  - {name: eks, trust: [{service: eks.amazonaws.com}, {service: ec2.amazonaws.com}]}
issuers: [{name: hub, kind: other, url: 'https://hub.contract.example'}]
clusters: [{name: blue, account: main}]
";

async fn lab(dir: &Path) -> Lab {
    let config = LabConfig {
        story: Story::AccountAlone,
        trust_model: TrustModel::LibraryFirst,
        ports: Ports::default(),
        state_dir: dir.join("lab"),
        outside: Outside::default(),
        terms: Terms::default(),
    };
    Lab::start_scenario(config, &Scenario::read(WORLD, dir).unwrap()).await.unwrap()
}

/// Runs tables of calls in one process of Python.
async fn asked(tables: &[&str]) {
    let Some(tools) = std::env::var_os("TRUSTWALK_TOOLS") else {
        eprintln!("skipped: TRUSTWALK_TOOLS names no tools");
        return;
    };
    let python = Path::new(&tools).join("python");
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(dir.path()).await;
    let claims = |claims: Value| -> BTreeMap<String, Value> { serde_json::from_value(claims).unwrap() };
    let token = |changes: Value| lab.token("hub", &claims(changes)).unwrap();
    let known = json!({
        "token": token(json!({})),
        "other": token(json!({"sub": "somebody else"})),
        "audience": token(json!({"aud": "nobody"})),
        "late": token(json!({"iat": 1_600_000_000, "exp": 1_600_003_600})),
        "stranger": token(json!({"iss": "https://nobody.contract.example"})),
    });
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract");
    let mut command = std::process::Command::new(&python);
    command.arg(folder.join("run.py")).env("TRUSTWALK_KNOWN", known.to_string()).env("HOME", dir.path());
    command.args(tables.iter().map(|table| folder.join(table))).envs(lab.env());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    assert_eq!(told.get("wrong"), Some(&json!([])), "{told:#}");
    assert!(told.get("cases").and_then(Value::as_u64) > Some(0), "{told:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn iam_answers_boto3_as_aws_does() {
    asked(&["iam.toml"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn iam_saves_and_refuses_policies_of_boto3_as_aws_does() {
    asked(&["policies.toml"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sts_and_eks_answer_boto3_as_aws_does() {
    asked(&["sts.toml", "eks.toml"]).await;
}
