//! `trustwalk lab up --scenario`, and what belongs to it.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;
use trustwalk_foreign::shell;
use trustwalk_lab::{LabError, Scenario, WrongScenario, scenario};
use trustwalk_render::Shown;

use crate::exit::UsageError;
use crate::style;

/// Reads a scenario's file. What is wrong with it is the user's to mend.
pub(super) fn read(file: &Path) -> anyhow::Result<Scenario> {
    let name = file.display().to_string();
    let read = || -> std::io::Result<String> {
        let mut text = String::new();
        // One byte more than is taken, so that a larger file is refused and not cut.
        std::fs::File::open(file)?.take(scenario::LARGEST + 1).read_to_string(&mut text)?;
        Ok(text)
    };
    let text = read().map_err(|error| UsageError(format!("cannot read the scenario `{name}`: {error}")))?;
    let folder = file.parent().unwrap_or(Path::new(""));
    Scenario::read(&text, folder).map_err(|wrong| wrong_file(&name, &wrong).into())
}

fn wrong_file(name: &str, wrong: &WrongScenario) -> UsageError {
    UsageError(format!("the scenario `{name}` cannot be: {}", trustwalk_foreign::redact(&wrong.to_string())))
}

/// What kept a scenario from starting: the file, or the lab.
pub(super) fn refused(error: LabError) -> anyhow::Error {
    if matches!(error, LabError::Scenario(_) | LabError::NoEffect { .. }) {
        return UsageError(error.to_string()).into();
    }
    anyhow::Error::new(error).context("the lab could not start")
}

/// The story's scenario.
pub(super) fn story() -> Shown {
    let mut out = style::pen().page();
    for line in scenario::STORY.lines() {
        out.line(line);
    }
    out.shown()
}

/// Claims as they are typed.
pub(super) fn claims(typed: &[String]) -> anyhow::Result<Vec<(String, String)>> {
    let split = |one: &String| {
        let (name, value) = one
            .split_once('=')
            .with_context(|| UsageError("a claim is NAME=VALUE, such as sub=repo:octo-lab/ledger:*".to_owned()))?;
        Ok((name.to_owned(), value.to_owned()))
    };
    typed.iter().map(split).collect()
}

/// What looks at a workload of the scenario's that a fault has hit.
pub(super) fn look_at(hit: &Value, on: &str) -> String {
    let target = hit.get("target").and_then(Value::as_str).unwrap_or_default();
    let cluster = on.split('/').next().unwrap_or_default();
    shell::line(&["trustwalk diagnose ", target, " --context {}"].concat(), &[cluster])
}
