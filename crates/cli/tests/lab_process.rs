//! A lab as a process: one for a folder, gone without a trace however it ends, and still there after more
//! connections than it has descriptors.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Child, Command, Output};
use std::time::Duration;

use crate::support;
use crate::support::{LabProcess, succeed, tool, trustwalk, until};
use serde_json::json;
use trustwalk_lab_issuer::{
    Issuer, IssuerServer, ServerConfig, SigningKey,
    pki::{Hierarchy, LeafKey, Presentation, days_after, to_pem},
};

/// Descriptors of a lab that is flooded; it needs some fifty itself.
const DESCRIPTORS: usize = 128;
/// Connections to each of its listeners: more than that together.
const FLOOD: usize = 100;
/// How long a connection on loopback may take before it counts as not let in.
const PATIENCE: Duration = Duration::from_secs(2);

/// A lab that is killed at the end of the test, if it is there by then.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(dir: &Path) -> Running {
    Running(support::ready(trustwalk().args(["lab", "up", "--dir"]).arg(dir)))
}

fn lab(dir: &Path, words: &[&str]) -> Output {
    trustwalk().args(["lab", "--dir"]).arg(dir).args(words).output().unwrap()
}

fn complaint(out: &Output) -> String {
    assert_eq!(out.status.code(), Some(1), "{out:?}");
    String::from_utf8_lossy(&out.stderr).into_owned()
}

#[test]
fn more_connections_than_descriptors_end_no_listener() {
    let outer = tempfile::tempdir().unwrap();
    let dir = outer.path().join("lab");
    let script = format!("ulimit -n {DESCRIPTORS}; exec \"$0\" lab up --dir \"$1\"");
    let mut shell = Command::new("sh");
    let _lab = Running(support::ready(shell.args(["-c", &script, env!("CARGO_BIN_EXE_trustwalk")]).arg(&dir)));
    let status: serde_json::Value = serde_json::from_slice(&lab(&dir, &["status", "-o", "json"]).stdout).unwrap();
    let mut addresses: Vec<String> = ["aws", "kubernetes", "issuers"]
        .map(|name| status.get(name).unwrap().as_str().unwrap().rsplit('/').next().unwrap().to_owned())
        .into();
    let state: serde_json::Value = serde_json::from_slice(&std::fs::read(dir.join("lab.json")).unwrap()).unwrap();
    addresses.push(state.get("address").unwrap().as_str().unwrap().to_owned());
    // Once a listener's queue is full the kernel drops what comes, and tries again for minutes: that is flood enough.
    let connect = |address: &str| TcpStream::connect_timeout(&address.parse().unwrap(), PATIENCE).ok();
    let flood: Vec<TcpStream> =
        addresses.iter().flat_map(|address| (0..FLOOD).map_while(move |_| connect(address))).collect();
    assert!(flood.len() > DESCRIPTORS, "{}", flood.len());
    drop(flood);
    // Account, API server and issuer are all asked for this; until the last of the flood is gone, they may wait.
    let env = std::fs::read_to_string(dir.join("env")).unwrap();
    until(|| {
        let script = format!("{env}\nexec \"$0\" diagnose daemonset/aws-node -n kube-system");
        let out = Command::new("sh").args(["-c", &script, env!("CARGO_BIN_EXE_trustwalk")]).output().unwrap();
        // Something that is found is told only where all three were heard.
        matches!(out.status.code(), Some(0 | 3)).then_some(())
    });
    assert!(lab(&dir, &["status"]).status.success());
}

#[test]
fn a_second_lab_is_refused_and_the_first_goes_on() {
    let outer = tempfile::tempdir().unwrap();
    let dir = outer.path().join("lab");
    // What there is to break is known without a lab.
    let list = lab(&dir, &["break"]);
    assert!(
        list.status.success() && String::from_utf8_lossy(&list.stdout).contains("\nthumbprint-mismatch "),
        "{list:?}"
    );
    let first = start(&dir);
    let mended = lab(&dir, &["mend", "thumbprint-mismatch"]);
    assert!(mended.status.success() && String::from_utf8_lossy(&mended.stdout).contains("is not in"), "{mended:?}");
    let env = std::fs::read(dir.join("env")).unwrap();
    let said = complaint(&lab(&dir, &["up"]));
    assert!(said.contains("is running in") && said.contains(&format!("process {}", first.0.id())), "{said}");
    assert_eq!(std::fs::read(dir.join("env")).unwrap(), env);
    assert!(lab(&dir, &["status"]).status.success());
    assert!(lab(&dir, &["down"]).status.success());
    assert!(!dir.exists(), "neither an `env` nor anything else of a lab that is down");
    assert!(complaint(&lab(&dir, &["status"])).contains("no lab is running"));
    drop(start(&dir));
}

#[test]
fn every_way_to_end_a_lab_leaves_nothing() {
    let outer = tempfile::tempdir().unwrap();
    for signal in ["INT", "TERM", "HUP"] {
        let dir = outer.path().join(signal);
        let mut running = start(&dir);
        let id = running.0.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        assert!(running.0.wait().unwrap().success(), "{signal}");
        assert!(!dir.exists(), "{signal}");
    }
}

#[test]
fn a_killed_lab_is_known_as_such() {
    let outer = tempfile::tempdir().unwrap();
    let dir = outer.path().join("lab");
    drop(start(&dir));
    assert!(dir.join("env").exists());
    assert!(complaint(&lab(&dir, &["status"])).contains("no lab is running"));
    drop(start(&dir));
    let out = lab(&dir, &["down"]);
    assert!(out.status.success() && String::from_utf8_lossy(&out.stdout).contains("killed"), "{out:?}");
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0);
}

#[test]
fn only_a_folder_of_ones_own_is_used_and_only_a_labs_files_are_replaced() {
    let outer = tempfile::tempdir().unwrap();
    let dir = |name: &str| outer.path().join(name);
    std::fs::create_dir(dir("open")).unwrap();
    std::fs::set_permissions(dir("open"), std::fs::Permissions::from_mode(0o777)).unwrap();
    symlink(outer.path(), dir("link")).unwrap();
    std::fs::create_dir(dir("mine")).unwrap();
    std::fs::set_permissions(dir("mine"), std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::write(dir("mine").join("kubeconfig"), "mine").unwrap();
    // Somebody else's state file would lead the token of a command anywhere.
    std::fs::write(dir("open").join("lab.json"), r#"{"address":"127.0.0.1:9","token":"x"}"#).unwrap();
    for (name, command, why) in [
        ("open", "up", "others may write to it"),
        ("open", "status", "others may write to it"),
        ("link", "up", "it is a link"),
        ("mine", "up", "kubeconfig"),
    ] {
        let said = complaint(&lab(&dir(name), &[command]));
        assert!(said.contains("is not used") && said.contains(why), "{said}");
    }
    assert_eq!(std::fs::read(dir("mine").join("kubeconfig")).unwrap(), b"mine");
}

#[test]
fn without_a_folder_of_the_users_none_is_guessed() {
    let mut command = trustwalk();
    for name in ["XDG_RUNTIME_DIR", "XDG_STATE_HOME", "HOME", "TRUSTWALK_LAB_DIR"] {
        command.env_remove(name);
    }
    let out = command.args(["lab", "status"]).output().unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("--dir"));
}

#[test]
fn a_folder_of_any_name_can_be_sourced_from_anywhere() {
    let outer = tempfile::tempdir().unwrap();
    let mut command = trustwalk();
    command.args(["lab", "up", "--dir", "it's a $(lab)"]).current_dir(outer.path());
    let _lab = Running(support::ready(&mut command));
    let env = outer.path().join("it's a $(lab)").join("env");
    let script = ". \"$0\" && test -f \"$KUBECONFIG\" && test -f \"$AWS_CA_BUNDLE\" && \"$1\" lab status >/dev/null && \
                  \"$1\" lab break >/dev/null && \"$1\" lab down >/dev/null && exec \"$1\" diagnose";
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).arg(&env).arg(env!("CARGO_BIN_EXE_trustwalk")).current_dir("/");
    // What the shell still names is gone with the lab, which is said.
    let complaint = complaint(&shell.output().unwrap());
    assert!(complaint.contains("`TRUSTWALK_LAB_DIR` names is down"), "{complaint}");
    assert!(complaint.trim_end().ends_with("Next: trustwalk lab up"), "{complaint}");
}

/// Somebody's GitLab: an issuer of its own, with an authority of its own.
const GITLAB: &str = "gitlab.harbour.example";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_of_ones_own_exchanges_at_the_sts_of_an_account_alone() {
    let now = jiff::Timestamp::now();
    let hierarchy = Hierarchy::new("own", days_after(now, -900)).unwrap();
    let server = IssuerServer::start(ServerConfig { bind: ([127, 0, 0, 1], 0).into() }).await.unwrap();
    let url = format!("https://{GITLAB}");
    let issuer = Issuer::new(&url, SigningKey::generate().unwrap()).unwrap();
    server.serve_issuer(issuer.clone());
    let chain = hierarchy.present(&[GITLAB], days_after(now, -9), Presentation::Full, LeafKey::P256).unwrap();
    server.set_chain(GITLAB, &chain, false).unwrap();
    let outer = tempfile::tempdir().unwrap();
    let roots = outer.path().join("roots.pem");
    std::fs::write(&roots, to_pem(&hierarchy.roots())).unwrap();
    let rule = format!("{GITLAB}:443:{}", server.address());
    let own = ["--issuer", &url, "--connect-to", &rule, "--ca-bundle", roots.to_str().unwrap()];
    let lab = LabProcess::up(&[&["--account-only", "--model", "library-first"][..], &own].concat());
    assert!(!lab.env.contains_key("KUBECONFIG") && !lab.dir.path().join("kubeconfig").exists());
    let aws = |words: &[&str]| succeed(lab.command(tool("aws")).args(words).args(["--output", "json"]));
    let provider = ["iam", "create-open-id-connect-provider", "--url", &url, "--client-id-list", "harbour-ci"];
    assert!(aws(&provider).contains(GITLAB));
    let subject = "project_path:harbour/ledger:ref_type:branch:ref:main";
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": format!("arn:aws:iam::111122223333:oidc-provider/{GITLAB}")},
        "Condition": {"StringEquals": {(format!("{GITLAB}:sub")): subject}},
    }]});
    aws(&["iam", "create-role", "--role-name", "Deploy", "--assume-role-policy-document", &trust.to_string()]);
    let exchange = |subject: &str| {
        let times = (now.as_second(), now.as_second() + 600);
        let claims =
            json!({"iss": url, "aud": "harbour-ci", "sub": subject, "iat": times.0, "nbf": times.0, "exp": times.1});
        let token = issuer.mint(&claims).unwrap();
        let assumed = ["--role-arn", "arn:aws:iam::111122223333:role/Deploy", "--role-session-name", "job"];
        let mut command = lab.command(tool("aws"));
        command.args(["sts", "assume-role-with-web-identity", "--web-identity-token", token.expose()]).args(assumed);
        command.output().unwrap()
    };
    let given = exchange(subject);
    assert!(String::from_utf8_lossy(&given.stdout).contains("assumed-role/Deploy/job"), "{given:?}");
    let refused = exchange("project_path:harbour/other:ref_type:branch:ref:main");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("AccessDenied"), "{refused:?}");
    let status = String::from_utf8(lab.lab(&["status", "-o", "json"]).stdout).unwrap();
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status.pointer("/outside/0"), Some(&json!({"issuer": url, "answers": true, "trusted": true})));
    let said = complaint(&lab.lab(&["break", "thumbprint-mismatch"]));
    assert!(said.contains("an account alone"), "{said}");
}

#[test]
fn an_issuer_that_nobody_could_reach_keeps_the_lab_from_starting() {
    let outer = tempfile::tempdir().unwrap();
    let said = complaint(&lab(&outer.path().join("lab"), &["up", "--issuer", "http://gitlab.example"]));
    assert!(said.contains("is an https URL") && said.contains("--connect-to"), "{said}");
    assert!(!outer.path().join("lab").exists());
}
