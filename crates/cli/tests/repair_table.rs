//! The table of repairs: every fault of the lab whose plan trustwalk can carry out is cured by carrying it
//! out, proved by a real exchange and by a diagnosis that is sound, with every pod of the workload ready again; and
//! rolling it back leaves account and cluster as they were, byte for byte.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking, as tests do")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use aws_credential_types::Credentials;
use serde_json::{Value, json};
use trustwalk_collect::aws::{AwsClient, AwsOptions};
use trustwalk_collect::dial::Dialer;
use trustwalk_collect::roots::RootOptions;
use trustwalk_lab::faults::{Fault, REGISTRY, Target};
use trustwalk_lab::world::{ALL, names::CLUSTER};
use trustwalk_lab::{Lab, LabConfig, Outside, Ports, Story, Terms, TrustModel, story};
use trustwalk_lab_cluster::{Gvr, Key};

/// Longest wait for a fault to show in a log; a machine busy with other tests is slow.
const SHOWS: Duration = Duration::from_mins(1);
/// Longest wait for the pods after a repair that reported success.
const READY: Duration = Duration::from_secs(30);
/// The table is walked in as many parts as this, so that the runner can share them among the cores.
const PARTS: usize = 4;
/// Fewer repairs in a part than this would mean that plans got lost; where those that a person makes fall depends on
/// how many faults there are.
const LEAST: usize = 6;

/// What plans change, as account and cluster hold it.
async fn objects(lab: &Lab, aws: &AwsClient) -> Value {
    let roles = aws.roles_trusting("").await;
    let roles = roles.known().unwrap();
    let mut all = serde_json::Map::new();
    for role in roles {
        let policies = aws.policy_names(&role.name).await;
        all.insert(role.name.clone(), json!([role.trust_policy, policies.known().unwrap()]));
    }
    let arns = aws.providers().await.known().unwrap().clone();
    for arn in arns {
        // Providers that were made anew are others: their time is not among what is compared.
        let provider = aws.provider(&arn).await;
        let provider = provider.known().unwrap();
        all.insert(arn, json!([provider.client_ids, provider.thumbprints]));
    }
    for id in ALL {
        let found = aws.associations(CLUSTER, Some(id.namespace)).await;
        all.insert(format!("associations of {}", id.namespace), json!(found.known().unwrap()));
        let key = Key::new(Gvr::core("serviceaccounts"), Some(id.namespace), id.name);
        let annotations = lab.store().get(&key).map(|sa| sa["metadata"]["annotations"].clone());
        let annotations = annotations.filter(|a| a.as_object().is_some_and(|a| !a.is_empty()));
        all.insert(format!("annotations of {id}"), json!(annotations));
    }
    let gvr = Gvr::new("admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations");
    let mut hooks: Vec<Value> = lab.store().list(&gvr, None).1.iter().map(|c| c["webhooks"].clone()).collect();
    // Any write through the API gives these their defaults.
    for hook in hooks.iter_mut().flat_map(|c| c.as_array_mut().into_iter().flatten()) {
        hook.as_object_mut().unwrap().retain(|name, value| !name.ends_with("Selector") || *value != json!({}));
    }
    all.insert("webhooks".to_owned(), json!(hooks));
    Value::Object(all)
}

/// The account, as the lab's administrator sees it.
async fn account(lab: &Lab) -> AwsClient {
    let env = lab.env();
    let keys = Credentials::from_keys(&env["AWS_ACCESS_KEY_ID"], &env["AWS_SECRET_ACCESS_KEY"], None);
    let options = AwsOptions {
        profile: None,
        region: env.get("AWS_REGION").or(env.get("AWS_DEFAULT_REGION")).cloned(),
        endpoint: Some(format!("http://{}", lab.addresses().aws)),
        keys: Some(keys),
    };
    AwsClient::new(&options, Dialer::default(), RootOptions::default(), 0).await
}

/// `trustwalk fix` of a target, with the lab's environment.
async fn fix(lab: &Lab, dir: &Path, target: Target, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trustwalk"));
    for name in ["AWS_PROFILE", "KUBECONFIG", "NO_COLOR"] {
        command.env_remove(name);
    }
    command.envs(lab.env()).env("KUBECONFIG", dir.join("kubeconfig")).current_dir(dir);
    if arguments.first() == Some(&"rollback") {
        command.args(arguments);
        return tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    }
    command.arg("fix");
    match target {
        Target::Workload(id) => command.args([format!("{}/{}", id.resource, id.name).as_str(), "-n", id.namespace]),
        Target::Job => command.args(["--job", "ci/deploy"]),
    };
    command.args(arguments);
    // The lab answers from this process, so its runtime must stay free.
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// What a try came to.
enum Outcome {
    /// The plan is for a person.
    ByHand,
    Cured,
    Wrong(String),
}

async fn tried(fault: &Fault) -> Outcome {
    let dir = tempfile::tempdir().unwrap();
    let config = LabConfig {
        story: Story::Healthy,
        trust_model: TrustModel::ThumbprintOnly,
        ports: Ports::default(),
        state_dir: dir.path().to_owned(),
        outside: Outside::default(),
        terms: Terms::default(),
    };
    let lab = Lab::start(config).await.unwrap();
    lab.write_files(dir.path()).unwrap();
    story::healthy(&lab).await.unwrap();
    lab.break_with(fault.name).await.unwrap();
    lab.logged(fault.target, fault.symptom, SHOWS).await.unwrap();
    let aws = account(&lab).await;
    let before = objects(&lab, &aws).await;
    let planned = fix(&lab, dir.path(), fault.target, &["-o", "json"]).await;
    let planned: Value = serde_json::from_slice(&planned.stdout).unwrap();
    let steps = planned[0]["plan"]["steps"].as_array().cloned().unwrap_or_default();
    if !steps.iter().any(|s| s["applicability"] == "needs-approval") {
        lab.ask_down();
        return Outcome::ByHand;
    }
    let applied = fix(&lab, dir.path(), fault.target, &["--approve", "--receipt", "r.json"]).await;
    let said = String::from_utf8_lossy(&applied.stdout).into_owned() + &String::from_utf8_lossy(&applied.stderr);
    let ready = match fault.target {
        Target::Workload(id) => lab.all_ready(&[id], READY).await.map_err(|e| e.to_string()),
        Target::Job => Ok(()),
    };
    // Of a fault that new pods alone cure nothing is left to be undone.
    let of_pods = ["restart", "renew"].map(Value::from);
    let changes = steps.iter().any(|s| !of_pods.contains(&s["action"]["action"]));
    let outcome = match (applied.status.code(), ready) {
        (Some(0), Ok(())) if changes => undone(&lab, dir.path(), fault, &aws, &before).await,
        (Some(0), Ok(())) => Outcome::Cured,
        (Some(0), Err(why)) => Outcome::Wrong(format!("{}: fixed, and the pods are not ready: {why}", fault.name)),
        (code, _) => Outcome::Wrong(format!("{}: exit {code:?}\n    {}", fault.name, tail(&said))),
    };
    lab.ask_down();
    outcome
}

fn tail(said: &str) -> String {
    said.lines().rev().take(4).collect::<Vec<_>>().join("\n    ")
}

/// Rolls the repair back, and compares.
async fn undone(lab: &Lab, dir: &Path, fault: &Fault, aws: &AwsClient, before: &Value) -> Outcome {
    let after = objects(lab, aws).await;
    if after == *before {
        return Outcome::Wrong(format!("{}: cured, and nothing was changed", fault.name));
    }
    // Where IAM takes the old value no more, that is said beforehand, and there is nothing to go back to.
    let shown = fix(lab, dir, fault.target, &["rollback", "r.json"]).await;
    let foretold = String::from_utf8_lossy(&shown.stdout).contains("IAM would not save the old trust policy again");
    let back = fix(lab, dir, fault.target, &["rollback", "r.json", "--approve"]).await;
    let said = String::from_utf8_lossy(&back.stdout).into_owned() + &String::from_utf8_lossy(&back.stderr);
    if foretold && back.status.code() == Some(1) && said.contains("not everything could be undone") {
        return Outcome::Cured;
    }
    if back.status.code() != Some(0) {
        return Outcome::Wrong(format!("{}: rollback, exit {:?}\n    {}", fault.name, back.status.code(), tail(&said)));
    }
    let now = objects(lab, aws).await;
    let differs = |(name, was): (&String, &Value)| {
        let is = now.get(name).unwrap_or(&Value::Null);
        (is != was).then(|| format!("{}: rolled back, and {name} is {is}, where it was {was}", fault.name))
    };
    let mut all = before.as_object().into_iter().flatten().filter_map(differs).peekable();
    if all.peek().is_none() && now == *before {
        return Outcome::Cured;
    }
    Outcome::Wrong(all.collect::<Vec<_>>().join("\n"))
}

async fn part(number: usize) {
    let mut wrong = String::new();
    let mut cured = 0;
    for fault in REGISTRY.iter().skip(number).step_by(PARTS) {
        match tried(fault).await {
            Outcome::ByHand => {}
            Outcome::Cured => cured += 1,
            Outcome::Wrong(line) => writeln!(wrong, "{line}").unwrap(),
        }
    }
    eprintln!("{cured} faults of part {number} were repaired");
    assert!(wrong.is_empty(), "not cured:\n{wrong}");
    assert!(cured >= LEAST, "only {cured} faults of this part were repaired");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fix_applies_cures_1() {
    part(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fix_applies_cures_2() {
    part(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fix_applies_cures_3() {
    part(2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fix_applies_cures_4() {
    part(3).await;
}
