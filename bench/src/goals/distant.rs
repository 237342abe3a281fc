//! Goal I: how long a person waits when account, cluster and issuer are far away.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::lab::{Lab, TARGET};
use crate::harness::{Held, Section, Settings, Variant, delayed, run_ok, take_turns, wall};

const ROUNDS: usize = 7;
/// A round trip to the account.
const AWS_AWAY: Duration = Duration::from_millis(100);
/// A round trip to the cluster, and to the issuer.
const CLUSTER_AWAY: Duration = Duration::from_millis(50);
const DIAGNOSE: &str = "trustwalk diagnose daemonset/aws-node";
const KUBECTL: &str = "kubectl get daemonset aws-node";
const AWS: &str = "aws iam list-open-id-connect-providers";

/// Runs the goal.
pub(crate) fn run_goal(settings: &Settings) -> Result<Section> {
    let mut section = Section::new("I. Round trips");
    let lab = Far { lab: Lab::up(settings, "lab-far")?, env: Vec::new() }.away(settings)?;
    let ran = run_ok(lab.command(&settings.trustwalk).args(["diagnose", "-vv"]).args(TARGET))?;
    ensure!(ran.out.contains("no fault found"), "a healthy lab is found at fault: {}", ran.out);
    section.agreed("`trustwalk diagnose` finds nothing wrong through the longer wires");
    if settings.quick {
        return Ok(section);
    }
    let mut variants = vec![timed(DIAGNOSE, || {
        let mut command = lab.command(&settings.trustwalk);
        command.arg("diagnose").args(TARGET);
        command
    })];
    for (name, program, words) in [
        (KUBECTL, "kubectl", ["get", "daemonset", "aws-node", "--namespace=kube-system"].as_slice()),
        (AWS, "aws", ["iam", "list-open-id-connect-providers"].as_slice()),
    ] {
        match Settings::command(program) {
            Some(program) => variants.push(timed(name, {
                let lab = &lab;
                move || {
                    let mut command = lab.command(&program);
                    command.args(words);
                    command
                }
            })),
            None => section.left_out(format!("{program} is not installed")),
        }
    }
    let measured = take_turns(ROUNDS, variants)?;
    let heading =
        format!("{} ms to the account, {} ms to cluster and issuer", AWS_AWAY.as_millis(), CLUSTER_AWAY.as_millis());
    section.table(&heading, ("ms", 1e3), &measured, DIAGNOSE);
    section.hold("I: trustwalk diagnose, s, wall", Held::AtMost(0.85), measured.spread(DIAGNOSE, wall));
    section.note("the lab's account speaks plain HTTP: with TLS each connection to AWS takes a round trip more");
    section.note(format!(
        "the path, in milliseconds from the start: when each call was sent, what it gave, how long it \
         took\n\n```\n{}\n```",
        picture(&ran.out)
    ));
    Ok(section)
}

/// The calls of a run, in the order in which they were sent.
fn picture(told: &str) -> String {
    let mut calls: Vec<(u64, &str)> = told
        .lines()
        .filter_map(|line| {
            let (at, _) = line.trim_start().split_once(" ms ")?;
            Some((at.parse().ok()?, line))
        })
        .collect();
    calls.sort_by_key(|(at, _)| *at);
    calls.into_iter().map(|(_, line)| line.trim_end()).collect::<Vec<_>>().join("\n")
}

fn timed<'a>(name: &str, command: impl Fn() -> Command + 'a) -> Variant<'a> {
    Variant::new(name, move || Ok(run_ok(&mut command())?.cost))
}

/// A lab behind longer wires.
struct Far {
    lab: Lab,
    env: Vec<(String, String)>,
}

impl Far {
    fn away(mut self, settings: &Settings) -> Result<Self> {
        let account = self.lab.told("AWS_ENDPOINT_URL")?;
        let here = delayed(address(&account)?, AWS_AWAY)?;
        self.env.push(("AWS_ENDPOINT_URL".to_owned(), format!("http://{here}")));
        let issuers = self.lab.told("TRUSTWALK_CONNECT_TO")?;
        let here = delayed(address(&self.lab.address)?, CLUSTER_AWAY)?;
        self.env.push(("TRUSTWALK_CONNECT_TO".to_owned(), issuers.replace(&self.lab.address, &here.to_string())));
        let kubeconfig = self.lab.told("KUBECONFIG")?;
        let moved = moved(Path::new(&kubeconfig), settings)?;
        self.env.push(("KUBECONFIG".to_owned(), moved.to_string_lossy().into_owned()));
        Ok(self)
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = self.lab.command(program);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// The same kubeconfig, with the API server behind a longer wire.
fn moved(kubeconfig: &Path, settings: &Settings) -> Result<PathBuf> {
    let text = std::fs::read_to_string(kubeconfig)?;
    let server = text.split('"').find(|word| word.starts_with("https://")).context("no server")?;
    let here = delayed(address(server)?, CLUSTER_AWAY)?;
    let path = settings.file("kubeconfig-far");
    std::fs::write(&path, text.replace(server, &format!("https://{here}")))?;
    Ok(path)
}

/// The address in a URL, or in a host and port.
fn address(url: &str) -> Result<SocketAddr> {
    let authority = url.rsplit("//").next().unwrap_or(url).split('/').next().unwrap_or(url);
    authority.to_socket_addrs()?.next().with_context(|| format!("`{url}` has no address"))
}
