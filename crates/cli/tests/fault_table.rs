//! The table of faults: every fault of the lab, lived, and diagnosed by the real binary as itself and
//! nothing else; and a healthy world, in which nothing is found.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::support;
use crate::support::{PASSING, cause_of};
use serde_json::{Value, json};
use trustwalk_collect::rights::{self, Level};
use trustwalk_lab::faults::{Fault, REGISTRY, Target};
use trustwalk_lab::world::ALL;
use trustwalk_lab::{Lab, LabConfig, Outside, Ports, Story, Terms, TrustModel, story};
use trustwalk_lab_cluster::Gvr;

/// Longest wait for a fault to show in a log; a machine busy with other tests is slow.
const SHOWS: Duration = Duration::from_mins(1);
/// The table is walked in as many parts as this, so that the runner can share them among the cores.
const PARTS: usize = 4;
/// Exit code of a diagnosis that names a root cause.
const BROKEN: i32 = 3;

async fn lab(dir: &Path) -> Lab {
    let config = LabConfig {
        story: Story::Healthy,
        trust_model: TrustModel::ThumbprintOnly,
        ports: Ports::default(),
        state_dir: dir.to_owned(),
        outside: Outside::default(),
        terms: Terms::default(),
    };
    let lab = Lab::start(config).await.unwrap();
    lab.write_files(dir).unwrap();
    story::healthy(&lab).await.unwrap();
    lab
}

/// A kubeconfig of somebody who has the published rights to read and no others: no token, no dry run, no look into
/// pods.
fn reader(lab: &Lab, dir: &Path) -> PathBuf {
    let (store, rbac) = (lab.store(), |kind: &str| Gvr::new("rbac.authorization.k8s.io", "v1", kind));
    let rule =
        |rule: &rights::Rule| json!({"apiGroups": [rule.group], "resources": rule.resources, "verbs": rule.verbs});
    let rules: Vec<Value> = rights::RULES.iter().filter(|r| r.level == Level::Read).map(rule).collect();
    let named = |kind: &str| {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": "reader"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "reader"}],
        })
    };
    let mut cluster_role = named("ClusterRole");
    cluster_role["rules"] = json!(rules);
    store.create(&rbac("clusterroles"), cluster_role).unwrap();
    store.create(&rbac("clusterrolebindings"), named("ClusterRoleBinding")).unwrap();
    let own = std::fs::read(dir.join("kubeconfig")).unwrap();
    let mut config: Value = serde_json::from_slice(&own).unwrap();
    config["users"][0]["user"]["as"] = json!("reader");
    let path = dir.join("reader");
    std::fs::write(&path, config.to_string()).unwrap();
    path
}

/// `trustwalk diagnose` of a target, with the lab's environment.
fn asking(lab: &Lab, dir: &Path, target: Option<Target>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trustwalk"));
    for name in ["AWS_PROFILE", "KUBECONFIG", "NO_COLOR"] {
        command.env_remove(name);
    }
    command.envs(lab.env()).env("KUBECONFIG", dir.join("kubeconfig")).current_dir(dir).arg("diagnose");
    match target {
        Some(Target::Workload(id)) => {
            command.args([format!("{}/{}", id.resource, id.name).as_str(), "-n", id.namespace])
        }
        Some(Target::Job) => command.args(["--job", "ci/deploy"]),
        // Of many, each is only sound once STS has said so.
        None => command.arg("--exchange"),
    };
    command
}

/// The exit code, and what was printed as JSON.
async fn diagnose(lab: &Lab, dir: &Path, target: Option<Target>) -> (i32, Value) {
    diagnose_as(lab, (dir, &dir.join("kubeconfig")), target).await
}

/// The same as somebody else.
async fn diagnose_as(lab: &Lab, (dir, kubeconfig): (&Path, &Path), target: Option<Target>) -> (i32, Value) {
    let mut command = asking(lab, dir, target);
    command.args(["-o", "json"]).env("KUBECONFIG", kubeconfig);
    // The lab answers from this process, so its runtime must stay free.
    let out = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let json = serde_json::from_str(&text).unwrap_or_else(|e| {
        panic!("{e}: {text}{}", String::from_utf8_lossy(&out.stderr));
    });
    (out.status.code().unwrap(), json)
}

/// Why the report does not fit a terminal of 24 rows, the last of which is the prompt's; or does not end with the
/// verdict and a command. Returned with the report itself.
#[cfg(unix)]
async fn tall(lab: &Lab, dir: &Path, target: Target) -> Option<String> {
    let mut command = asking(lab, dir, Some(target));
    let look = move || support::screen::on_screen(support::screen::usual(&mut command), (80, 24), "");
    let screen = tokio::task::spawn_blocking(look).await.unwrap();
    let starts = |word: &str| screen.rows.iter().any(|row| row.starts_with(word));
    let whole = starts("Ok: ") || (starts("Root cause: ") || starts("Broken: ")) && starts("Next: ");
    (screen.rows.len() > 23 || !whole).then(|| format!("{} rows\n{}\n", screen.rows.len(), screen.text()))
}

fn names(findings: &Value) -> Vec<&str> {
    findings.as_array().into_iter().flatten().filter_map(|f| f["name"].as_str()).collect()
}

/// The one diagnosis of an answer that holds exactly one.
fn only(answer: &Value) -> &Value {
    match answer.as_array() {
        Some(list) => {
            assert_eq!(list.len(), 1, "{answer:#}");
            &list[0]
        }
        None => answer,
    }
}

/// What is wrong with the diagnosis of one fault, and with its report, if anything.
async fn tried(fault: &Fault) -> (Option<String>, Option<String>) {
    tried_in(fault, fault.symptom).await
}

/// What STS said of a wrong audience before July 2026; faults that it refused so then.
const OLDER_WORDS: &str = "Incorrect token audience";
const WRONG_AUDIENCES: &[&str] = &[
    "audience-confused-with-sts-endpoint",
    "audience-not-in-provider-client-ids",
    "client-id-with-invisible-characters",
    "other-token-file-of-another-audience",
    "partition-audience-mismatch",
    "wrong-token-file-kubernetes-default-token",
];

/// The same with the words that the log is to hold.
async fn tried_in(fault: &Fault, words: &str) -> (Option<String>, Option<String>) {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(dir.path()).await;
    lab.refuse_audiences_as_before_2026(words == OLDER_WORDS);
    lab.break_with(fault.name).await.unwrap();
    lab.logged(fault.target, words, SHOWS).await.unwrap();
    let (code, answer) = diagnose(&lab, dir.path(), Some(fault.target)).await;
    let found = only(&answer);
    let cause = found["root_cause"]["name"].as_str().unwrap_or("nothing");
    let also = names(&found["also"]);
    let tall = tall(&lab, dir.path(), fault.target).await.map(|why| format!("{}: {why}", fault.name));
    let (_, reading) = diagnose_as(&lab, (dir.path(), &reader(&lab, dir.path())), Some(fault.target)).await;
    lab.ask_down();
    // Where a log alone tells, several causes survive: the fault's own is among them.
    let possible = names(&found["possible"]);
    let open = found["root_cause"]["confidence"] == "possible";
    let wanted = cause_of(fault.name);
    let named = cause == wanted || (open && possible.contains(&wanted));
    let passed = PASSING.contains(&fault.name) && code == 0 && names(&found["warnings"]) == [fault.name];
    let right = passed || code == BROKEN && named && also.is_empty() && (open || possible.is_empty());
    let wrong = format!("{}: exit {code}, named {cause}, also {also:?}, possible {possible:?}", fault.name);
    let read = read_only(fault.name, wanted, only(&reading)).filter(|_| !PASSING.contains(&fault.name));
    let read = read.map(|wrong| format!("{}: read-only: {wrong}", fault.name));
    ((!right).then_some(wrong).or(read), tall)
}

/// Faults that cannot be told from reading alone, and what would tell them.
const NEEDS_MORE: &[(&str, &str)] = &[
    ("webhook-sa-cache-race", "create pods, a dry run: a new pod would be injected"),
    ("webhook-version-ignores-annotation", "create pods, a dry run: a new pod would not be injected"),
    ("webhook-misconfigured-api-version", "create pods, a dry run: the webhook's answer is refused"),
    ("webhook-misconfigured-cabundle", "create pods/portforward: the certificate that the webhook serves"),
];

/// What is wrong with the diagnosis of somebody who only reads. It may be less sure, and name other causes besides as
/// possible; another cause than the fault's own it never takes for the root.
fn read_only(fault: &str, wanted: &str, found: &Value) -> Option<String> {
    let cause = found["root_cause"]["name"].as_str().unwrap_or("nothing");
    let possible = names(&found["possible"]);
    let proven_other = found["root_cause"]["confidence"] != "possible" && cause != wanted && cause != "nothing";
    let named = cause == wanted || possible.contains(&wanted);
    let excused = NEEDS_MORE.iter().any(|(name, _)| *name == fault);
    (proven_other || named == excused).then(|| format!("named {cause}, possible {possible:?}"))
}

async fn part(number: usize) {
    let (mut wrong, mut too_tall, mut all) = (String::new(), Vec::new(), 0);
    for fault in REGISTRY.iter().skip(number).step_by(PARTS) {
        let (line, tall) = tried(fault).await;
        if let Some(line) = line {
            writeln!(wrong, "{line}").unwrap();
        }
        all += 1;
        too_tall.extend(tall);
    }
    assert!(wrong.is_empty(), "not named as themselves:\n{wrong}");
    // Nine of ten fit.
    assert!(too_tall.len() * 10 <= all, "{} of {all} do not fit a terminal:\n{}", too_tall.len(), too_tall.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_is_named_as_itself_and_nothing_else_1() {
    part(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_is_named_as_itself_and_nothing_else_2() {
    part(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_is_named_as_itself_and_nothing_else_3() {
    part(2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_is_named_as_itself_and_nothing_else_4() {
    part(3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_audience_is_named_in_older_words_too() {
    let mut wrong = Vec::new();
    for fault in REGISTRY.iter().filter(|fault| WRONG_AUDIENCES.contains(&fault.name)) {
        wrong.extend(tried_in(fault, OLDER_WORDS).await.0);
    }
    assert!(wrong.is_empty(), "not named as themselves:\n{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_found_in_a_healthy_world() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(dir.path()).await;
    let targets = ALL.iter().map(|id| Some(Target::Workload(*id))).chain([Some(Target::Job), None]);
    for target in targets {
        let (code, answer) = diagnose(&lab, dir.path(), target).await;
        let list = answer.as_array().map_or(std::slice::from_ref(&answer), Vec::as_slice);
        for found in list {
            let at = &found["subject"];
            assert!(found["root_cause"].is_null(), "{at}: {:#}", found["root_cause"]);
            assert_eq!(names(&found["also"]), Vec::<&str>::new(), "{at}");
            assert_eq!(names(&found["warnings"]), Vec::<&str>::new(), "{at}");
        }
        assert_eq!(code, 0, "{target:?}: {answer:#}");
    }
}
