//! A running `trustwalk lab`, whose issuer, account and cluster the real clients ask too.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::harness::{SERVER_CORE, Settings, free_all_cores, pin, run_ok};

/// The workload whose chain is walked.
pub(crate) const TARGET: [&str; 3] = ["daemonset/aws-node", "-n", "kube-system"];

/// The lab's pods take a moment to become ready; a debug build on a busy machine, some seconds.
const SETTLED_WITHIN: Duration = Duration::from_mins(1);

/// A lab that ends with this value.
#[derive(Debug)]
pub(crate) struct Lab {
    child: Child,
    env: Vec<(String, String)>,
    /// The cluster's issuer.
    pub(crate) issuer: String,
    /// The issuer's host.
    pub(crate) host: String,
    /// Where that host's TLS is served.
    pub(crate) address: String,
}

impl Lab {
    /// Starts one on the servers' core, and waits until it says that it is ready.
    pub(crate) fn up(settings: &Settings, name: &str) -> Result<Self> {
        let dir = settings.file(name);
        let mut command = Command::new(&settings.trustwalk);
        command.args(["lab", "up", "--dir"]).arg(&dir).stdin(Stdio::null()).stdout(Stdio::piped());
        pin(SERVER_CORE);
        let child = command.spawn();
        free_all_cores();
        let mut lab =
            Self { child: child?, env: Vec::new(), issuer: String::new(), host: String::new(), address: String::new() };
        let mut lines = BufReader::new(lab.child.stdout.take().context("no output")?).lines();
        let ready = lines.by_ref().map_while(Result::ok).any(|line| line.contains("ready"));
        ensure!(ready, "the lab ended before it was ready");
        // Nobody reads the rest, but the pipe must not fill.
        std::thread::spawn(move || lines.for_each(drop));
        for line in std::fs::read_to_string(dir.join("env"))?.lines() {
            let pair = line.strip_prefix("export ").and_then(|l| l.split_once('='));
            lab.env.extend(pair.map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned())));
        }
        let began = Instant::now();
        let status = loop {
            let mut status = Command::new(&settings.trustwalk);
            status.args(["lab", "status", "--output", "json", "--dir"]).arg(&dir);
            let status: Value = serde_json::from_str(&run_ok(&mut status)?.out)?;
            if all_ready(&status) {
                break status;
            }
            ensure!(began.elapsed() < SETTLED_WITHIN, "the lab's pods do not become ready: {status}");
        };
        let text = |key: &str| status.get(key).and_then(Value::as_str).map(str::to_owned).context("no status");
        (lab.issuer, lab.address) = (text("issuer")?, text("issuers")?);
        let host = lab.issuer.trim_start_matches("https://").split('/').next();
        lab.host = host.unwrap_or_default().to_owned();
        Ok(lab)
    }

    /// A variable of the lab's environment.
    pub(crate) fn told(&self, name: &str) -> Result<String> {
        let found = self.env.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.clone()).with_context(|| format!("the lab sets no {name}"))
    }

    /// A command in the lab's environment.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_remove("AWS_PROFILE").envs(self.env.iter().map(|(n, v)| (n, v)));
        command
    }

    /// Words for `sh -c`, with the lab's names as `$HOST`, `$ADDRESS` and `$ISSUER`.
    pub(crate) fn shell(&self, words: &str) -> Command {
        let mut command = self.command("sh");
        command.args(["-c", words]);
        command.env("HOST", &self.host).env("ADDRESS", &self.address).env("ISSUER", &self.issuer);
        command
    }
}

fn all_ready(status: &Value) -> bool {
    let pods = status.get("pods").and_then(Value::as_array);
    pods.is_some_and(|all| all.iter().all(|pod| pod.get("ready") == Some(&Value::Bool(true))))
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
