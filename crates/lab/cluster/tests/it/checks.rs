//! kubectl's commands and what they print, from tables: `tests/checks`. Each line is a fact of docs/lab-fidelity.md.
//! Runs where the environment names a kubectl in `TRUSTWALK_KUBECTL`, and says so where it does not.

use std::{path::Path, time::Duration};

use toml::{Table, Value};

use crate::{kubectl::Kubectl, support::Lab};

/// Longest that one line is tried for: what controllers do comes a little later.
const PATIENCE: Duration = Duration::from_secs(10);

/// Words of a command line, with quotes as a shell has them.
fn split(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words.last_mut().unwrap().push(other),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn text<'t>(check: &'t Table, name: &str) -> Option<&'t str> {
    check.get(name).map(|value| value.as_str().unwrap())
}

/// What differs from what a line says, if anything.
async fn tried(kubectl: &Kubectl, check: &Table) -> Result<(), String> {
    let line = text(check, "run").unwrap();
    let output = kubectl.words(&split(line)).await;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let code = check.get("code").map_or(0, |code| code.as_integer().unwrap());
    let differs = |what: &str, wanted: &str| {
        let status = output.status.code();
        Err(format!("kubectl {line}\n  {what} is not {wanted:?}\n  exit {status:?}\n  out {out:?}\n  err {err:?}\n"))
    };
    if output.status.code().map(i64::from) != Some(code) {
        return differs("the exit code", &code.to_string());
    }
    match text(check, "is") {
        Some(wanted) if wanted.trim() != out.trim() => return differs("the output", wanted),
        Some(_) | None => {}
    }
    for (name, found) in [("out", &out), ("err", &err)] {
        match text(check, name) {
            Some(wanted) if !found.contains(wanted) => return differs(name, wanted),
            Some(_) | None => {}
        }
    }
    Ok(())
}

/// Runs a table against a fresh cluster, line by line.
async fn run(table: &str) {
    let lab = Lab::start().await;
    lab.run_kubelet();
    let Some(kubectl) = Kubectl::find(&lab) else { return };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checks").join(format!("{table}.toml"));
    let all: Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    for (name, content) in all.get("files").and_then(Value::as_table).into_iter().flatten() {
        std::fs::write(kubectl.path().join(name), content.as_str().unwrap()).unwrap();
    }
    let mut wrong = Vec::new();
    for check in all.get("check").and_then(Value::as_array).unwrap() {
        let check = check.as_table().unwrap();
        let mut changes = lab.store.watch();
        let mut outcome = tried(&kubectl, check).await;
        // What only reads may be asked again as the controllers go on, with each change that they make.
        let asks =
            |line: &str| ["get ", "describe ", "events ", "rollout ", "top "].iter().any(|verb| line.starts_with(verb));
        let until = tokio::time::Instant::now() + PATIENCE;
        while outcome.is_err()
            && asks(text(check, "run").unwrap())
            && tokio::time::timeout_at(until, changes.next()).await.is_ok()
        {
            outcome = tried(&kubectl, check).await;
        }
        wrong.extend(outcome.err());
    }
    assert!(wrong.is_empty(), "{} lines differ:\n{}", wrong.len(), wrong.concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_created() {
    run("10-create").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed() {
    run("20-change").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read() {
    run("30-read").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_run() {
    run("40-run").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_measured() {
    run("50-measures").await;
}
