//! Clients of others against a whole lab: kubectl's file copies and debug containers, and Helm's own library. Each runs
//! where the environment names it (`TRUSTWALK_KUBECTL`, `TRUSTWALK_TOOLS`), and says so where it does not.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use std::{path::Path, process::Output};

use serde_json::{Value, json};
use trustwalk_lab::{Lab, LabConfig, Outside, Ports, Story, Terms, TrustModel};

async fn lab(dir: &Path) -> Lab {
    let config = LabConfig {
        story: Story::Healthy,
        trust_model: TrustModel::LibraryFirst,
        ports: Ports::default(),
        state_dir: dir.join("lab"),
        outside: Outside::default(),
        terms: Terms::default(),
    };
    Lab::start(config).await.unwrap()
}

/// Runs a program away from the reactor's threads, on which the lab answers it.
async fn run(program: &Path, words: &[&str], dir: &Path) -> Output {
    let mut command = std::process::Command::new(program);
    command.args(words).current_dir(dir).env("HOME", dir).env("KUBECONFIG", dir.join("lab/kubeconfig"));
    tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_copies_in_and_out_and_debugs() {
    let Ok(kubectl) = std::env::var("TRUSTWALK_KUBECTL") else {
        eprintln!("skipped: TRUSTWALK_KUBECTL names no kubectl");
        return;
    };
    let kubectl = Path::new(&kubectl);
    let dir = tempfile::tempdir().unwrap();
    let _lab = lab(dir.path()).await;
    std::fs::write(dir.path().join("in.txt"), "one\ntwo\n").unwrap();
    let lines: [(&[&str], i32, &str); 8] = [
        (&["run", "own", "--image=own.example/app:1"], 0, "pod/own created"),
        (&["wait", "--for=condition=Ready", "pod/own", "--timeout=20s"], 0, "condition met"),
        (&["cp", "in.txt", "own:/tmp/there.txt"], 0, ""),
        (&["exec", "own", "--", "cat", "/tmp/there.txt"], 0, "one\ntwo"),
        (&["cp", "own:/tmp/there.txt", "out.txt"], 0, ""),
        (&["exec", "own", "--", "sh", "-c", "exit 7"], 7, ""),
        (&["debug", "own", "--image=busybox:1", "--container=look", "--profile=general", "--attach=false"], 0, ""),
        (
            &[
                "wait",
                "--for=jsonpath={.status.ephemeralContainerStatuses[0].state.running}",
                "pod/own",
                "--timeout=20s",
            ],
            0,
            "condition met",
        ),
    ];
    for (words, code, out) in lines {
        let output = run(kubectl, words, dir.path()).await;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.code() == Some(code) && said.contains(out), "{words:?}: {output:?}");
    }
    assert_eq!(std::fs::read_to_string(dir.path().join("out.txt")).unwrap(), "one\ntwo\n");
}

/// Installs, changes, refuses, rolls back, tests and removes one of the charts beside this file, after others that it
/// needs. With each values that are refused come parts of what is said.
async fn helm(name: &str, refused: &[(Value, &[&str])], changed: Value, before: &[&str]) {
    let Some(tools) = std::env::var_os("TRUSTWALK_TOOLS") else {
        eprintln!("skipped: TRUSTWALK_TOOLS names no tools");
        return;
    };
    let python = Path::new(&tools).join("python");
    let dir = tempfile::tempdir().unwrap();
    if !run(&python, &["-c", "import helm_python"], dir.path()).await.status.success() {
        eprintln!("skipped: the tools have no Helm");
        return;
    }
    let _lab = lab(dir.path()).await;
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let (script, charts) = (tests.join("helm.py"), tests.join("charts"));
    let kubeconfig = dir.path().join("lab/kubeconfig");
    let wrong: Value = refused.iter().map(|(values, _)| values.clone()).collect();
    let (wrong, right) = (wrong.to_string(), changed.to_string());
    let mut words = vec![script.to_str().unwrap(), kubeconfig.to_str().unwrap(), charts.to_str().unwrap()];
    words.extend([name, &wrong, &right]);
    words.extend(before);
    let output = run(&python, &words, dir.path()).await;
    let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    for other in before {
        assert_eq!(told[other], "deployed 1", "{told:#}");
    }
    assert_eq!(told["install"], "deployed 1", "{told:#}");
    assert!(told["again"].as_str().unwrap().contains("cannot reuse a name that is still in use"), "{told:#}");
    for (number, (_, parts)) in refused.iter().enumerate() {
        let said = told[format!("refused {number}")].as_str().unwrap();
        let missing: Vec<&&str> = parts.iter().filter(|part| !said.contains(**part)).collect();
        assert!(missing.is_empty(), "no {missing:?}: {told:#}");
    }
    assert_eq!(told["upgrade"], format!("deployed {}", refused.len() + 2), "{told:#}");
    assert_eq!((&told["rollback"], &told["test"]), (&"done".into(), &"done".into()), "{told:#}");
    assert_eq!(told["history"].as_array().unwrap().last().unwrap(), "deployed", "{told:#}");
    assert_eq!((&told["uninstall"], &told["left"]), (&"done".into(), &Value::Array(Vec::new())), "{told:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn helm_installs_changes_rolls_back_tests_and_uninstalls_a_chart() {
    let refused: &[&str] = &["spec: Invalid value: \"object\": size is at most most"];
    helm("sound", &[(json!({"size": 9}), refused)], json!({"replicas": 3}), &[]).await;
}

/// The kinds, schemas and rules of a chart that makes nodes, as Karpenter's has them.
#[tokio::test(flavor = "multi_thread")]
async fn helm_is_held_to_the_rules_of_a_chart_s_definitions() {
    let requirement = |key: &str, values: &[&str]| json!({"key": key, "operator": "Gt", "values": values});
    let refused: [(Value, &[&str]); 3] = [
        (
            json!({"alias": "other"}),
            &[
                "Class.pools.example \"default\" is invalid",
                "spec.images[0].alias: Invalid value: \"string\": 'alias' is 'family@version'",
                "spec.images[0].alias: Invalid value: \"string\": family is not supported",
            ],
        ),
        (
            json!({"weight": 101, "requirement": requirement("a/b/c", &["1"])}),
            &[
                "Pool.pools.example \"default\" is invalid",
                "spec.weight: Invalid value: 101: spec.weight in body should be less than or equal to 100",
                "spec.requirements[0].key in body should match",
            ],
        ),
        (
            json!({"requirement": requirement("example.com/size", &["1", "2"])}),
            &["spec.requirements: Invalid value: \"array\": requirements operator 'Gt' or 'Lt' must have a single"],
        ),
    ];
    let right = json!({"alias": "windows@2022", "requirement": requirement("example.com/size", &["1"])});
    helm("pools", &refused, right, &[]).await;
}

/// Definitions among the templates, a webhook that is fatal, a hook's Job: as cert-manager's chart has them; and what a
/// team makes of its kinds.
#[tokio::test(flavor = "multi_thread")]
async fn helm_installs_issuers_behind_another_chart_s_webhook() {
    let both = json!({"issuer": {"selfSigned": {}, "acme": {"server": "not a url"}}});
    let refused: &[&str] = &[
        "ClusterIssuer.certificates.example \"public\" is invalid",
        "must validate one and only one schema (oneOf). Found 2 valid alternatives",
        "spec.acme.server in body must be of type uri",
    ];
    let changed = json!({"issuer": {"acme": {"email": "team@example.com"}}});
    helm("issuers", &[(both, refused)], changed, &["certificates"]).await;
}

/// Ordered pods, hooks with rights of their own, open schemas, numbers that may be texts: as Argo CD's chart has them.
#[tokio::test(flavor = "multi_thread")]
async fn helm_installs_a_chart_with_hooks_and_open_schemas() {
    let refused: &[&str] = &["spec.syncPolicy.retry.limit: Invalid value: \"string\""];
    helm("delivery", &[(json!({"retry": {"limit": "many"}}), refused)], json!({"retry": {"limit": 7}}), &[]).await;
}
