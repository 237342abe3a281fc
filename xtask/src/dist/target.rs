//! The kinds of machine that packages are made for.

use anyhow::{Context as _, Result, bail};

use super::elf;

/// A kind of machine, as each packaging calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    /// Rust's name.
    pub(crate) triple: &'static str,
    /// Go's names of system and processor, which OCI images and krew use.
    pub(crate) os: &'static str,
    /// See `os`.
    pub(crate) arch: &'static str,
}

/// All of them. What is named `gnu` is for a machine without the musl target: its programs are static too.
pub(crate) const TARGETS: [Target; 6] = [
    Target { triple: "x86_64-unknown-linux-musl", os: "linux", arch: "amd64" },
    Target { triple: "aarch64-unknown-linux-musl", os: "linux", arch: "arm64" },
    Target { triple: "x86_64-unknown-linux-gnu", os: "linux", arch: "amd64" },
    Target { triple: "aarch64-unknown-linux-gnu", os: "linux", arch: "arm64" },
    Target { triple: "x86_64-apple-darwin", os: "darwin", arch: "amd64" },
    Target { triple: "aarch64-apple-darwin", os: "darwin", arch: "arm64" },
];

/// The target of this name.
pub(crate) fn named(triple: &str) -> Result<Target> {
    TARGETS.into_iter().find(|t| t.triple == triple).with_context(|| {
        let known: Vec<&str> = TARGETS.iter().map(|t| t.triple).collect();
        format!("`{triple}` is not packed for; known are {}", known.join(", "))
    })
}

/// The platform tags of a wheel with this program (`PyPA`, "Platform compatibility tags"): a static program runs under
/// every glibc and musl, another from the glibc on that it asks for.
pub(crate) fn platform_tags(target: Target, program: &[u8]) -> Result<Vec<String>> {
    if target.os == "darwin" {
        // The oldest macOS that Rust's targets run on (rustc book, "Platform support").
        let tag = if target.arch == "arm64" { "macosx_11_0_arm64" } else { "macosx_10_12_x86_64" };
        return Ok(vec![tag.to_owned()]);
    }
    let needs = elf::needs(program)?.context("no Linux program")?;
    let machine = needs.machine;
    if machine != expected(target) {
        bail!("the program is for {machine}, and not for {}", target.triple);
    }
    match (needs.is_static(), needs.glibc) {
        (true, _) => Ok(vec![format!("manylinux_2_17_{machine}"), format!("musllinux_1_1_{machine}")]),
        (false, Some((major, minor))) => Ok(vec![format!("manylinux_{major}_{minor}_{machine}")]),
        (false, None) => bail!("a dynamic program that names no version of glibc: no tag promises what it needs"),
    }
}

/// What the program's header calls the processor.
fn expected(target: Target) -> &'static str {
    if target.arch == "amd64" { "x86_64" } else { "aarch64" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_or_told() {
        assert_eq!(named("aarch64-apple-darwin").unwrap().arch, "arm64");
        let error = named("sparc-sun-solaris").unwrap_err().to_string();
        assert!(error.contains("x86_64-unknown-linux-musl"), "{error}");
    }

    #[test]
    fn a_program_is_not_packed_for_another_processor_and_a_script_for_none() {
        let linux = named("aarch64-unknown-linux-musl").unwrap();
        assert!(platform_tags(linux, b"#!/bin/sh\n").is_err());
        let mut header = b"\x7fELF\x02\x01\x01".to_vec();
        header.resize(64, 0);
        header[18] = 0x3e;
        assert!(platform_tags(linux, &header).unwrap_err().to_string().contains("x86_64"));
        // Without any segment: static.
        let tags = platform_tags(named("x86_64-unknown-linux-gnu").unwrap(), &header).unwrap();
        assert_eq!(tags, ["manylinux_2_17_x86_64", "musllinux_1_1_x86_64"]);
    }
}
