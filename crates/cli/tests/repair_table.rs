//! The table of repairs: every fault of the lab whose plan trustwalk can carry out is cured by carrying it
//! out, proved by a real exchange, with every pod of the workload ready again.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking, as tests do")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;
use trustwalk_lab::faults::{Fault, REGISTRY, Target};
use trustwalk_lab::{Lab, LabConfig, Ports, Story, TrustModel, story};

/// Longest wait for a fault to show in a log; a machine busy with other tests is slow.
const SHOWS: Duration = Duration::from_mins(1);
/// Longest wait for the pods after a repair that reported success.
const READY: Duration = Duration::from_secs(30);
/// The table is walked in as many parts as this, so that the runner can share them among the cores.
const PARTS: usize = 4;
/// Fewer repairs than this would mean that plans got lost.
const LEAST: usize = 7;

/// `trustwalk fix` of a target, with the lab's environment.
async fn fix(lab: &Lab, dir: &Path, target: Target, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trustwalk"));
    for name in ["AWS_PROFILE", "KUBECONFIG", "NO_COLOR"] {
        command.env_remove(name);
    }
    command.envs(lab.env()).env("KUBECONFIG", dir.join("kubeconfig")).current_dir(dir).arg("fix");
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
    };
    let lab = Lab::start(config).await.unwrap();
    lab.write_files(dir.path()).unwrap();
    story::healthy(&lab).await.unwrap();
    lab.break_with(fault.name).await.unwrap();
    lab.logged(fault.target, fault.symptom, SHOWS).await.unwrap();
    let planned = fix(&lab, dir.path(), fault.target, &["-o", "json"]).await;
    let planned: Value = serde_json::from_slice(&planned.stdout).unwrap();
    let steps = planned[0]["plan"]["steps"].as_array().cloned().unwrap_or_default();
    if !steps.iter().any(|s| s["applicability"] == "needs-approval") {
        lab.ask_down();
        return Outcome::ByHand;
    }
    let applied = fix(&lab, dir.path(), fault.target, &["--approve"]).await;
    let said = String::from_utf8_lossy(&applied.stdout).into_owned() + &String::from_utf8_lossy(&applied.stderr);
    let outcome = if applied.status.code() != Some(0) {
        let tail = said.lines().rev().take(4).collect::<Vec<_>>().join("\n    ");
        Outcome::Wrong(format!("{}: exit {:?}\n    {tail}", fault.name, applied.status.code()))
    } else if let Target::Workload(id) = fault.target {
        match lab.all_ready(&[id], READY).await {
            Ok(()) => Outcome::Cured,
            Err(e) => Outcome::Wrong(format!("{}: fixed, and the pods are not ready: {e}", fault.name)),
        }
    } else {
        Outcome::Cured
    };
    lab.ask_down();
    outcome
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
