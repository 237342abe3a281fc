//! A lab with a state folder goes on as it was, however it ended, and tells in words where it cannot.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::support;
use crate::support::{succeed, tool, trustwalk};
use serde_json::Value;

/// A lab that is killed at the end of the test, if it is there by then.
struct Running {
    child: Child,
    dir: PathBuf,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Kill is SIGKILL: the lab has no time to do anything more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn start(outer: &Path, more: &[&str]) -> Self {
        let dir = outer.join("lab");
        let mut command = trustwalk();
        command.args(["lab", "up", "--dir"]).arg(&dir).arg("--state").arg(outer.join("state")).args(more);
        Self { child: support::ready(&mut command), dir }
    }

    /// A program with the lab's environment.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.envs(support::read_env(&self.dir.join("env")));
        command
    }

    fn aws(&self, words: &[&str]) -> Value {
        let text = succeed(self.command(tool("aws")).args(words).args(["--output", "json"]));
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    fn kubectl(&self, words: &[&str]) -> String {
        succeed(self.command(tool("kubectl")).args(words))
    }

    fn status(&self) -> Value {
        let out = trustwalk().args(["lab", "--dir"]).arg(&self.dir).args(["status", "-o", "json"]).output().unwrap();
        serde_json::from_slice(&out.stdout).unwrap()
    }

    fn lab(&self, words: &[&str]) -> Output {
        trustwalk().args(["lab", "--dir"]).arg(&self.dir).args(words).output().unwrap()
    }
}

/// What real clients see of the account and of objects that nothing changes by itself.
fn seen(lab: &Running) -> Vec<Value> {
    let jwks = succeed(lab.command(tool("kubectl")).args(["get", "--raw", "/openid/v1/jwks"]));
    let objects = ["serviceaccounts", "namespaces", "clusterroles", "configmaps", "secrets"];
    let kubernetes = objects.map(|kind| {
        let text = lab.kubectl(&["get", kind, "-A", "-o", "json"]);
        let list: Value = serde_json::from_str(&text).unwrap();
        list.get("items").cloned().unwrap_or_default()
    });
    let mut all = vec![
        lab.aws(&["iam", "list-roles"]),
        lab.aws(&["iam", "list-policies", "--scope", "Local"]),
        lab.aws(&["iam", "list-open-id-connect-providers"]),
        lab.aws(&["iam", "list-role-tags", "--role-name", "Kept"]),
        lab.aws(&["iam", "get-role-policy", "--role-name", "Kept", "--policy-name", "own"]),
        lab.aws(&["eks", "describe-cluster", "--name", "harbour"]),
        lab.aws(&["eks", "list-addons", "--cluster-name", "harbour"]),
        lab.aws(&["sts", "get-caller-identity"]),
        Value::String(jwks),
    ];
    all.extend(kubernetes);
    all
}

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"AWS":"arn:aws:iam::111122223333:root"}}]}"#;
const ALLOW: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"eks:ListClusters","Resource":"*"}]}"#;

#[test]
fn a_lab_that_was_killed_goes_on_as_it_was() {
    let outer = tempfile::tempdir().unwrap();
    let lab = Running::start(outer.path(), &[]);
    lab.aws(&[
        "iam",
        "create-role",
        "--role-name",
        "Kept",
        "--assume-role-policy-document",
        TRUST,
        "--tags",
        "Key=a,Value=b",
    ]);
    lab.aws(&["iam", "put-role-policy", "--role-name", "Kept", "--policy-name", "own", "--policy-document", ALLOW]);
    lab.kubectl(&["create", "configmap", "kept", "--from-literal=a=b"]);
    lab.kubectl(&["create", "serviceaccount", "kept"]);
    let token = lab.kubectl(&["create", "token", "kept", "--duration=12h"]);
    let session = lab.aws(&[
        "sts",
        "assume-role",
        "--role-arn",
        "arn:aws:iam::111122223333:role/Kept",
        "--role-session-name",
        "kept",
    ]);
    assert!(lab.lab(&["break", "wildcard-with-stringequals"]).status.success());
    assert!(lab.lab(&["clock", "+30m"]).status.success());
    let (before, status) = (seen(&lab), lab.status());
    drop(lab);

    let lab = Running::start(outer.path(), &[]);
    assert_eq!(seen(&lab), before);
    let now = lab.status();
    for same in ["aws", "kubernetes", "issuers", "issuer", "faults", "trust_model", "account"] {
        assert_eq!(now.get(same), status.get(same), "{same}");
    }
    // A token and a session from before are taken.
    let whoami = lab.kubectl(&["--token", token.trim(), "auth", "whoami", "-o", "name"]);
    assert!(!whoami.is_empty());
    let credential =
        |name: &str| session.pointer(&format!("/Credentials/{name}")).unwrap().as_str().unwrap().to_owned();
    let mut command = lab.command(tool("aws"));
    command.env("AWS_ACCESS_KEY_ID", credential("AccessKeyId"));
    command.env("AWS_SECRET_ACCESS_KEY", credential("SecretAccessKey"));
    command.env("AWS_SESSION_TOKEN", credential("SessionToken"));
    assert!(succeed(command.args(["sts", "get-caller-identity"])).contains("assumed-role/Kept/kept"));
    // What was broken can be mended.
    let mended = lab.lab(&["mend"]);
    assert!(String::from_utf8_lossy(&mended.stdout).contains("Everything mended"), "{mended:?}");
    assert!(lab.lab(&["down"]).status.success());
    drop(lab);
    let lab = Running::start(outer.path(), &[]);
    assert_eq!(lab.status().get("faults"), Some(&Value::Array(Vec::new())));
}

const SCENARIO: &str = r#"
accounts:
- id: "111122223333"
  alias: one
  providers: [{issuer: east}]
  users: [{name: ada, allow: ["iam:ListRoles"]}]
  roles:
  - {name: App, trust: [{issuer: east, service-account: shop/app}], allow: ["eks:ListClusters"]}
- id: "444455556666"
  alias: two
  region: us-west-2
  providers: [{issuer: hub}]
  roles:
  - {name: Deploy, trust: [{issuer: hub, subject: "*"}]}
issuers:
- {name: hub, kind: gitlab-self-managed, url: "https://gitlab.lab.example"}
- {name: ci, kind: github}
clusters:
- name: east
  account: one
  served: true
  nodes: 1
  workloads: [{name: shop/app, image: registry.lab.example/app-python:1.42.0, replicas: 1, role: App}]
  manifests:
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: own, namespace: shop}, data: {a: b}}
- {name: dark, account: two}
fleets:
- {name: fleet, account: two, clusters: 2, served: 1, roles: 4, pods: 6}
faults:
- {fault: sub-wrong-service-account, on: east/shop/app}
"#;

/// What real clients see of both accounts, of the issuers and of the cluster.
fn seen_of_both(lab: &Running) -> Vec<Value> {
    let mut all = Vec::new();
    all.push(lab.aws(&["sts", "get-caller-identity", "--profile", "one-ada"]));
    for (profile, cluster) in [("one", "east"), ("two", "dark")] {
        all.extend([
            lab.aws(&["iam", "list-roles", "--profile", profile]),
            lab.aws(&["iam", "list-open-id-connect-providers", "--profile", profile]),
            lab.aws(&["eks", "describe-cluster", "--name", cluster, "--profile", profile]),
        ]);
    }
    let kubectl = |words: &[&str]| Value::String(lab.kubectl(words));
    all.push(kubectl(&["--context", "east", "get", "--raw", "/openid/v1/jwks"]));
    all.push(kubectl(&[
        "--context",
        "fleet-0001",
        "get",
        "pods",
        "-A",
        "-l",
        "app.kubernetes.io/name=app",
        "-o",
        "yaml",
    ]));
    for kind in ["serviceaccounts", "configmaps", "namespaces"] {
        all.push(kubectl(&["--context", "east", "get", kind, "-A", "-o", "yaml"]));
    }
    all
}

#[test]
fn a_scenario_that_was_killed_goes_on_as_it_was() {
    let outer = tempfile::tempdir().unwrap();
    let file = outer.path().join("two.yaml");
    std::fs::write(&file, SCENARIO).unwrap();
    let scenario = ["--scenario", file.to_str().unwrap()];
    let lab = Running::start(outer.path(), &scenario);
    let role = ["iam", "create-role", "--role-name", "Kept", "--assume-role-policy-document", TRUST];
    lab.aws(&[&role[..], &["--profile", "two"]].concat());
    let token = String::from_utf8(lab.lab(&["token", "hub"]).stdout).unwrap();
    let (before, status) = (seen_of_both(&lab), lab.status());
    assert_eq!(status.pointer("/faults/0/on").and_then(Value::as_str), Some("east/shop/app"));
    drop(lab);

    let lab = Running::start(outer.path(), &scenario);
    assert_eq!(seen_of_both(&lab), before);
    let now = lab.status();
    for same in ["aws", "issuers", "accounts", "clusters", "faults"] {
        assert_eq!(now.get(same), status.get(same), "{same}");
    }
    let arn = "arn:aws:iam::444455556666:role/Deploy";
    let exchange = ["sts", "assume-role-with-web-identity", "--role-session-name", "kept", "--role-arn", arn];
    let session = lab.aws(&[&exchange[..], &["--web-identity-token", token.trim()]].concat());
    assert!(session.pointer("/Credentials/AccessKeyId").is_some(), "{session}");
    drop(lab);
    // Without its file, too: the state knows what it began with. What was broken from the start can be mended.
    let lab = Running::start(outer.path(), &[]);
    assert!(lab.lab(&["mend"]).status.success());
    drop(lab);
    let lab = Running::start(outer.path(), &[]);
    assert_eq!(lab.status().get("faults"), Some(&Value::Array(Vec::new())));
    let available = ["wait", "deployment/app", "-n", "shop", "--for=condition=Available", "--timeout=60s"];
    lab.kubectl(&[&["--context", "east"][..], &available].concat());
    drop(lab);
    std::fs::write(&file, SCENARIO.replace("Deploy", "Other")).unwrap();
    let state = outer.path().join("state");
    for (more, says) in [(&scenario[..], "a lab with another scenario"), (&["--broken"], "a lab with a scenario")] {
        let mut command = trustwalk();
        command.args(["lab", "up", "--dir"]).arg(outer.path().join("other")).arg("--state").arg(&state).args(more);
        let out = command.output().unwrap();
        assert_eq!(out.status.code(), Some(1), "{out:?}");
        assert!(String::from_utf8_lossy(&out.stderr).replace('\n', " ").contains(says), "{out:?}");
    }
}

/// Clients write while the lab is killed, each time at another moment: whatever they were told is there is there.
#[test]
fn whatever_a_client_was_told_is_there_after_a_kill() {
    let outer = tempfile::tempdir().unwrap();
    let told: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    for round in 0..6_usize {
        let lab = Running::start(outer.path(), &[]);
        let list = lab.kubectl(&["get", "configmaps", "-n", "default", "-o", "name"]);
        let missing: Vec<String> = {
            let told = told.lock().unwrap();
            told.iter().filter(|name| !list.contains(&format!("configmap/{name}\n"))).cloned().collect()
        };
        assert!(missing.is_empty(), "round {round}: {missing:?}");
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                let (told, stop) = (Arc::clone(&told), Arc::clone(&stop));
                let kubeconfig = lab.dir.join("kubeconfig");
                let config = std::fs::read(&kubeconfig).unwrap();
                let copy = outer.path().join(format!("kubeconfig-{writer}"));
                std::fs::write(&copy, config).unwrap();
                std::thread::spawn(move || {
                    for number in 0.. {
                        if stop.load(Ordering::Relaxed) {
                            return;
                        }
                        let name = format!("r{round}-w{writer}-{number}");
                        let mut kubectl = Command::new(tool("kubectl"));
                        kubectl.args(["create", "configmap", &name, "--kubeconfig"]).arg(&copy);
                        let out = kubectl.stderr(Stdio::null()).output().unwrap();
                        if out.status.success() {
                            told.lock().unwrap().insert(name);
                        }
                    }
                })
            })
            .collect();
        // A few more answers each time, then death at whatever moment that is.
        let enough = told.lock().unwrap().len() + 2 + round;
        support::until(|| (told.lock().unwrap().len() >= enough).then_some(()));
        drop(lab);
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().unwrap();
        }
    }
}

#[test]
fn a_state_that_cannot_go_on_is_refused_in_words() {
    let outer = tempfile::tempdir().unwrap();
    let state = outer.path().join("state");
    let up = |more: &[&str]| {
        let mut command = trustwalk();
        command.args(["lab", "up", "--dir"]).arg(outer.path().join("other")).arg("--state").arg(&state).args(more);
        let out = command.output().unwrap();
        assert_eq!(out.status.code(), Some(1), "{out:?}");
        String::from_utf8_lossy(&out.stderr).replace('\n', " ")
    };
    let lab = Running::start(outer.path(), &["--account-only"]);
    assert!(up(&[]).contains("is in use by a lab that runs"));
    drop(lab);
    assert!(up(&["--broken"]).contains("a lab without a cluster"));
    let journal = |kind: &str| {
        let files = std::fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|end| end == kind)).max().unwrap()
    };
    let snapshot = journal("snapshot");
    let mut bytes = std::fs::read(&snapshot).unwrap();
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    std::fs::write(&snapshot, bytes).unwrap();
    assert!(up(&[]).contains("is damaged"));
    std::fs::write(state.join("notes.txt"), "mine").unwrap();
    assert!(up(&[]).contains("is no file of a lab's state"));
}
