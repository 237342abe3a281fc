//! Programs that are not the lab's: a container's own command, as far as the lab's shell goes, and its probes.
//!
//! A command that the lab does not know is taken for a server, which runs until its pod goes, or for a task that
//! succeeds where the pod is one that ends (`restartPolicy` `Never` or `OnFailure`).

use std::{future::pending, sync::Arc};

use serde_json::Value;
use tokio::time::Duration;
use trustwalk_lab_cluster::{ExecResult, json as j};

use super::{
    inside::{Shell, failed},
    logs::ContainerLog,
    pod::{Container, Pod},
};
use crate::agent::Reports as _;

/// Exit code of a container that its kubelet killed (128 and the number of the signal).
const KILLED: i32 = 137;
/// Failed probes in a row after which a container counts as failed, unless stated (API reference, `Probe`).
const FAILURES: i64 = 3;

/// Runs the program to its end; a server has none.
pub(super) async fn run(pod: &Arc<Pod>, spec: &Value, container: &Arc<Container>, log: &ContainerLog) -> i32 {
    let forever = !matches!(j::text(pod.object(), "/spec/restartPolicy"), "Never" | "OnFailure");
    let command = command(spec, container);
    if !command.is_empty() {
        let (result, stays) = shell(pod, container, command, Some(forever)).await;
        for bytes in [&result.stdout, &result.stderr] {
            for line in String::from_utf8_lossy(bytes).lines() {
                log.line(line, pod.settings().now());
            }
        }
        if !stays {
            return result.code;
        }
    } else if !forever {
        return 0;
    }
    if let Some(code) = startup(pod, spec, container).await {
        return code;
    }
    tokio::select! {
        () = readiness(pod, spec, container) => 0,
        code = liveness(pod, spec, container) => code,
    }
}

/// The command with its arguments; references to variables are filled in (API reference, `Container`). An image of the
/// AWS CLI has `aws` as its own.
fn command(spec: &Value, container: &Container) -> Vec<String> {
    let mut all: Vec<&str> =
        ["/command", "/args"].iter().flat_map(|at| j::items(spec, at)).filter_map(Value::as_str).collect();
    let image = j::text(spec, "/image").rsplit('/').next().unwrap_or_default();
    if j::items(spec, "/command").is_empty() && !all.is_empty() && image.split([':', '@']).next() == Some("aws-cli") {
        all.insert(0, "aws");
    }
    let fill = |word: &str| {
        container.env.iter().fold(word.to_owned(), |text, (name, value)| text.replace(&format!("$({name})"), value))
    };
    all.into_iter().map(fill).collect()
}

/// Runs a command in the container's shell, away from the reactor; whether it goes on running.
async fn shell(
    pod: &Arc<Pod>,
    container: &Arc<Container>,
    command: Vec<String>,
    program: Option<bool>,
) -> (ExecResult, bool) {
    let (pod, container) = (Arc::clone(pod), Arc::clone(container));
    let run = move || {
        let shell = Shell { program, ..Shell::new(&pod, &container) };
        let result = shell.run(&command, None);
        (result, shell.stays.get())
    };
    tokio::task::spawn_blocking(run).await.unwrap_or_else(|_| (failed("", KILLED), false))
}

/// What a probe found: nothing to complain of, or why not.
async fn probe(pod: &Arc<Pod>, spec: &Value, container: &Arc<Container>, probe: &Value) -> Result<(), String> {
    let words: Vec<String> =
        j::items(probe, "/exec/command").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if words.is_empty() {
        return named_port(spec, probe);
    }
    let (result, _) = shell(pod, container, words, None).await;
    if result.code == 0 {
        return Ok(());
    }
    let said = [result.stdout, result.stderr].concat();
    Err(String::from_utf8_lossy(&said).trim_end().to_owned())
}

/// A probe over the network: servers of the lab answer at every port, but a name has to be one of the container's.
fn named_port(spec: &Value, probe: &Value) -> Result<(), String> {
    let port = ["/httpGet/port", "/tcpSocket/port"].iter().find_map(|at| j::at(probe, at).as_str());
    let Some(name) = port.filter(|text| text.parse::<u16>().is_err()) else { return Ok(()) };
    if j::items(spec, "/ports").iter().any(|p| j::text(p, "/name") == name) {
        return Ok(());
    }
    Err(format!("couldn't find port: {name}"))
}

/// Asks whether the container has started, before anything else is asked; the code it is ended with where it does not.
async fn startup(pod: &Arc<Pod>, spec: &Value, container: &Arc<Container>) -> Option<i32> {
    let asked = spec.get("startupProbe")?;
    let most = j::int(asked, "/failureThreshold").unwrap_or(FAILURES);
    let mut failures = 0;
    while failures < most {
        match probe(pod, spec, container, asked).await {
            Ok(()) => {
                pod.reporter(container, true).started();
                return None;
            }
            Err(why) => {
                failures += 1;
                pod.unhealthy(&container.name, &format!("Startup probe failed: {why}"));
            }
        }
        period(pod, asked).await;
    }
    Some(KILLED)
}

/// Asks whether the container is ready, again and again.
async fn readiness(pod: &Arc<Pod>, spec: &Value, container: &Arc<Container>) {
    let reports = pod.reporter(container, true);
    let Some(asked) = spec.get("readinessProbe") else {
        reports.ready(true);
        return pending().await;
    };
    let most = j::int(asked, "/failureThreshold").unwrap_or(FAILURES);
    let mut failures = 0;
    loop {
        match probe(pod, spec, container, asked).await {
            Ok(()) => {
                failures = 0;
                reports.ready(true);
            }
            Err(why) => {
                failures += 1;
                pod.unhealthy(&container.name, &format!("Readiness probe failed: {why}"));
                if failures >= most {
                    reports.unready();
                }
            }
        }
        period(pod, asked).await;
    }
}

/// Asks whether the container lives; returns once it does not.
async fn liveness(pod: &Arc<Pod>, spec: &Value, container: &Arc<Container>) -> i32 {
    let Some(asked) = spec.get("livenessProbe") else {
        return pending().await;
    };
    let most = j::int(asked, "/failureThreshold").unwrap_or(FAILURES);
    let mut failures = 0;
    while failures < most {
        period(pod, asked).await;
        match probe(pod, spec, container, asked).await {
            Ok(()) => failures = 0,
            Err(why) => {
                failures += 1;
                pod.unhealthy(&container.name, &format!("Liveness probe failed: {why}"));
            }
        }
    }
    KILLED
}

/// Waits until a probe is due again: its period, or the lab's own where that is shorter.
async fn period(pod: &Pod, probe: &Value) {
    let seconds = j::int(probe, "/periodSeconds").and_then(|s| u64::try_from(s).ok()).unwrap_or(10);
    let longest = pod.settings().get().call_period;
    tokio::time::sleep(Duration::from_secs(seconds).min(longest)).await;
}
