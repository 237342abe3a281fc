//! Peers written in Go, built by the Go that the set-up installs.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::harness::{Settings, run_ok};

/// Builds a peer; nothing if there is no Go.
pub(crate) fn built(settings: &Settings, name: &str) -> Result<Option<PathBuf>> {
    let Some(go) = settings.python("go") else { return Ok(None) };
    let binary = settings.peers.join(name);
    let cache = settings.peers.join("go-cache");
    let mut build = Command::new(go);
    build.arg("build").arg("-o").arg(&binary).arg(settings.scripts.join(format!("{name}.go")));
    run_ok(build.env("GOCACHE", cache).env("GOFLAGS", "-mod=mod").env("CGO_ENABLED", "0"))?;
    Ok(Some(binary))
}
