//! A lab for tests: started as a user starts it, used through its environment file, stopped at the end.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

pub(crate) mod gate;
#[cfg(unix)]
pub(crate) mod screen;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The binary under test.
pub(crate) fn trustwalk() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trustwalk"));
    for name in ["AWS_PROFILE", "KUBECONFIG", "AWS_ENDPOINT_URL", "NO_COLOR"] {
        command.env_remove(name);
    }
    command.env("XDG_STATE_HOME", state());
    command
}

/// A state folder of the tests' own, in the place of the user's.
pub(crate) fn state() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("state")
}

/// Faults that are ways to one cause, and the cause; every other is named as its cause.
const WAYS: &[(&str, &str)] = &[
    ("permissions-missing-action", "role-lacks-permission"),
    ("permissions-explicit-deny", "role-explicitly-denied"),
    ("permissions-boundary", "permissions-boundary-lacks-action"),
    ("published-keys-without-kid", "published-key-without-kid-or-alg"),
    ("association-outranked-by-web-identity", "association-outranked-by-annotation"),
    // The variables stand in the template, so the webhook leaves them, and the token for AWS is not used.
    ("other-token-file-of-another-audience", "env-preset-in-pod-blocks-mutation"),
    ("workload-exchange-differs", "app-configured-for-another-credential-source"),
    ("shared-credentials-file-takes-precedence", "static-or-other-credentials-take-precedence"),
    ("pod-identity-role-does-not-trust-eks", "role-does-not-trust-pod-identity"),
    ("pod-identity-role-lacks-tag-session", "role-does-not-trust-pod-identity"),
];

/// Faults that pass by themselves: once they have, they are warned of.
pub(crate) const PASSING: &[&str] = &["issuer-keys-fetch-transient-failure"];

/// Name of the cause that a fault is diagnosed as.
pub(crate) fn cause_of(fault: &'static str) -> &'static str {
    WAYS.iter().find(|(way, _)| *way == fault).map_or(fault, |(_, cause)| *cause)
}

/// A running lab.
pub(crate) struct LabProcess {
    child: Child,
    pub dir: tempfile::TempDir,
    pub env: BTreeMap<String, String>,
}

impl LabProcess {
    /// Starts a lab and waits until it says that it is ready.
    pub(crate) fn up(arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let child = ready(trustwalk().args(["lab", "up", "--dir"]).arg(dir.path()).args(arguments));
        let env = read_env(&dir.path().join("env"));
        Self { child, dir, env }
    }

    /// A command with the lab's environment, as after `source env`.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.envs(&self.env).env("XDG_STATE_HOME", state()).current_dir(self.dir.path());
        command
    }

    /// trustwalk with the lab's environment.
    pub(crate) fn trustwalk(&self, arguments: &[&str]) -> Output {
        let mut command = trustwalk();
        command.envs(&self.env).current_dir(self.dir.path()).args(arguments);
        command.output().unwrap()
    }

    /// Lets a CloudFormation stack own a role or a provider.
    pub(crate) fn give_to_stack(&self, arn: &str, stack: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = trustwalk_lab::control::Client::open(self.dir.path()).unwrap();
        runtime.block_on(client.give_to_stack(arn, stack)).unwrap();
    }

    /// The same for a command of the lab itself.
    pub(crate) fn lab(&self, arguments: &[&str]) -> Output {
        let dir = self.dir.path().display().to_string();
        let words: Vec<&str> = ["lab", "--dir", dir.as_str()].into_iter().chain(arguments.iter().copied()).collect();
        self.trustwalk(&words)
    }

    /// Address and port on which a host's TLS is served.
    pub(crate) fn address_of(&self, host: &str) -> (String, String) {
        let rules = &self.env["TRUSTWALK_CONNECT_TO"];
        let rule = rules.split(',').find(|r| r.starts_with(&format!("{host}:"))).unwrap();
        let mut parts = rule.rsplitn(3, ':');
        let port = parts.next().unwrap().to_owned();
        (parts.next().unwrap().to_owned(), port)
    }
}

impl Drop for LabProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a lab and waits until it says that it is ready.
pub(crate) fn ready(up: &mut Command) -> Child {
    let mut child = up.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = lines.by_ref().map_while(Result::ok).any(|line| line.contains("ready"));
    assert!(ready, "the lab ended before it was ready");
    // Nobody reads the rest, but the pipe must not fill.
    std::thread::spawn(move || lines.for_each(drop));
    child
}

/// `export NAME='value'` lines of a file to source.
pub(crate) fn read_env(path: &Path) -> BTreeMap<String, String> {
    std::fs::read_to_string(path)
        .unwrap()
        .lines()
        .filter_map(|l| l.strip_prefix("export ")?.split_once('='))
        .map(|(k, v)| (k.to_owned(), v.trim_matches(|c| c == '\'' || c == '"').to_owned()))
        .collect()
}

/// A real client installed by the tests' set-up.
pub(crate) fn tool(name: &str) -> PathBuf {
    let tools = std::env::var_os("TRUSTWALK_TOOLS")
        .expect("run the tests with `cargo xtask test`, which installs the real clients");
    PathBuf::from(tools).join(name)
}

/// Output as text, with both streams in the message when the command failed.
pub(crate) fn succeed(command: &mut Command) -> String {
    let out = command.output().unwrap();
    assert!(
        out.status.success(),
        "{command:?} failed: {}\n{}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8(out.stdout).unwrap()
}

/// Repeats a look until it shows what is wanted; the runner's own time limit ends a wait that never does.
pub(crate) fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(found) = look() {
            return found;
        }
        std::thread::yield_now();
    }
}

/// The actions of the plan that is made now.
pub(crate) fn plan_now(lab: &LabProcess, target: &[&str]) -> Vec<serde_json::Value> {
    let out = lab.trustwalk(&[&["fix"], target, &["-o", "json"]].concat());
    let report: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap_or_default();
    let steps = report[0]["plan"]["steps"].as_array().cloned().unwrap_or_default();
    steps.into_iter().map(|s| s["action"].clone()).collect()
}

/// Waits until a fault that was put in has a plan with two steps, the change and new pods.
pub(crate) fn planned(lab: &LabProcess, target: &[&str]) -> Vec<serde_json::Value> {
    until(|| Some(plan_now(lab, target)).filter(|plan| plan.len() > 1))
}
