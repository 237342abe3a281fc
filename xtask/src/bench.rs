//! `bench`: the goals of speed, each with its peers in the same run (see `bench/`).

use anyhow::Result;

use crate::setup;

/// Builds and runs the benchmark workspace.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    setup::all()?;
    setup::run(&["cargo", "build", "--release", "--package", "trustwalk"])?;
    let mut words = vec!["cargo", "run", "--release", "--manifest-path", "bench/Cargo.toml", "--"];
    words.extend(arguments);
    setup::run(&words)
}
