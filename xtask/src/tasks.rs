//! `test` and `gen`.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::bench::bench;
use crate::fidelity;
use crate::run::{root, run};
use crate::schemas;
use crate::setup;

/// Sets up, checks form and lints, builds the binary, sees that the benches agree, and runs every test.
/// The runner's own summary is the last thing printed.
pub(crate) fn test(arguments: &[&str]) -> Result<()> {
    let tools = setup::all()?;
    if arguments.is_empty() {
        run(&["cargo", "fmt", "--all", "--check"])?;
        run(&["cargo", "clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"])?;
        gen_check()?;
        run(&["cargo", "test", "--workspace", "--doc", "--quiet"])?;
    }
    run(&["cargo", "build", "--package", "trustwalk"])?;
    if arguments.is_empty() {
        // Nothing is timed: the benches only have to run, and to agree with the peers that are there.
        bench(&["--quick"])?;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(tools.bin.clone()).chain(std::env::split_paths(&path)))?;
    let mut nextest = Command::new("cargo");
    nextest
        .args(["nextest", "run", "--workspace", "--profile", "ci"])
        .args(arguments)
        .env("NEXTEST_TEST_THREADS", at_a_time())
        .env("PATH", path)
        .env("TRUSTWALK_TOOLS", &tools.bin)
        .env("TRUSTWALK_PKITS", &tools.pkits)
        .env("TRUSTWALK_SARIF", &tools.sarif)
        .env("TRUSTWALK_KUBECTL", tools.bin.join("kubectl"))
        .current_dir(root());
    // Nothing of the surroundings' own AWS or cluster may leak into a test.
    for name in [
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL",
        "KUBECONFIG",
    ] {
        nextest.env_remove(name);
    }
    let status = nextest.status().context("cannot run cargo nextest")?;
    if !status.success() {
        bail!("tests failed ({status})");
    }
    Ok(())
}

/// Builds the documentation of every crate; a warning is a failure.
pub(crate) fn doc() -> Result<()> {
    let words = ["doc", "--workspace", "--no-deps", "--quiet"];
    let status = Command::new("cargo").args(words).env("RUSTDOCFLAGS", "--deny warnings").current_dir(root()).status();
    if !status.context("cannot run cargo")?.success() {
        bail!("the documentation has warnings");
    }
    Ok(())
}

/// Tests at a time: they wait for processes, sockets and clocks half of their time, in which as many others run.
fn at_a_time() -> String {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    (processors * 2).to_string()
}

/// Writes the generated pages, and keeps the golden reports anew.
pub(crate) fn gen_pages() -> Result<()> {
    pages(&[])?;
    fidelity::renew(&root(), false)?;
    schemas::renew(false)?;
    let golden = ["test", "--quiet", "--package", "trustwalk-render", "--test", "it", "golden"];
    let status = Command::new("cargo").args(golden).env("TRUSTWALK_WRITE", "1").current_dir(root()).status();
    if !status.context("cannot run cargo")?.success() {
        bail!("the golden reports could not be written");
    }
    Ok(())
}

/// Fails if the generated pages are not what the generator would write.
fn gen_check() -> Result<()> {
    pages(&["--check"])?;
    fidelity::renew(&root(), true)?;
    schemas::renew(true)
}

fn pages(arguments: &[&str]) -> Result<()> {
    let mut words =
        vec!["cargo", "run", "--quiet", "--package", "trustwalk-core", "--example", "rule_pages", "--", "docs/rules"];
    words.extend(arguments);
    run(&words)
}
