//! `fuzz`: the bounded run that is part of the tests, or one guided by coverage for some seconds.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::run::{has, root, run};

/// Guided runs' driver; installed by cargo where it is missing.
const CARGO_FUZZ: &str = "0.13.1";
/// The guided program's package.
const GUIDED: &str = "fuzz/guided";
/// Targets of the collector, whose dependencies are built for them alone.
const COLLECTING: [&str; 6] = ["aws", "bundles", "kubeconfig", "kubernetes", "tls", "workflows"];
/// A mutated input that takes longer is a finding.
const SECONDS_EACH: u32 = 10;

/// Without `--seconds` checks seeds and fixed mutations of one target or all; with it each target is
/// run guided by coverage for as long.
pub(crate) fn fuzz(arguments: &[&str]) -> Result<()> {
    match arguments {
        ["--seconds", seconds] => guided(seconds, None),
        ["--seconds", seconds, target] => guided(seconds, Some(target)),
        [] => run(&["cargo", "test", "--package", "trustwalk-fuzz", "--test", "bounded"]),
        [target] => {
            run(&["cargo", "test", "--package", "trustwalk-fuzz", "--test", "bounded", "--", "--exact", target])
        }
        _ => bail!("usage: cargo xtask fuzz [--seconds N] [TARGET]"),
    }
}

fn guided(seconds: &str, target: Option<&str>) -> Result<()> {
    if !has("cargo-fuzz") {
        run(&["cargo", "install", "cargo-fuzz", "--locked", "--version", CARGO_FUZZ])?;
    }
    run(&["cargo", "run", "--quiet", "--package", "trustwalk-fuzz", "--bin", "seed", "--", GUIDED])?;
    let corpus = root().join(GUIDED).join("corpus");
    let mut targets = Vec::new();
    for entry in std::fs::read_dir(&corpus)? {
        targets.push(entry?.file_name().to_string_lossy().into_owned());
    }
    targets.sort_unstable();
    targets.retain(|name| target.is_none_or(|wanted| wanted == name));
    if targets.is_empty() {
        bail!("there is no such target");
    }
    for name in &targets {
        run_guided(name, seconds)?;
    }
    Ok(())
}

fn run_guided(target: &str, seconds: &str) -> Result<()> {
    let mut command = Command::new("cargo");
    command.args(["fuzz", "run", "--fuzz-dir", GUIDED]);
    if COLLECTING.contains(&target) {
        command.args(["--features", "tls"]);
    }
    command
        .args(["guided", &format!("{GUIDED}/corpus/{target}"), "--"])
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-timeout={SECONDS_EACH}"))
        .arg(format!("-dict={GUIDED}/{target}.dict"))
        // A sanitizer is asked for by an option that stable compilers hide.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("TRUSTWALK_FUZZ_TARGET", target)
        .current_dir(root());
    let status = command.status().context("cannot run cargo fuzz")?;
    if !status.success() {
        bail!("`{target}` has a finding, or did not start ({status})");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_of_the_collector_is_known() {
        let list = std::fs::read_to_string(root().join("fuzz/src/lib.rs")).unwrap();
        let mut gated = Vec::new();
        let mut lines = list.lines().map(str::trim);
        while let Some(line) = lines.next() {
            if line == r#"#[cfg(feature = "tls")]"# {
                gated.extend(lines.next().and_then(|next| next.strip_suffix("::TARGET,")));
            }
        }
        assert_eq!(gated, COLLECTING);
    }
}
