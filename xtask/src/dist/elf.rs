//! What a Linux program needs to start: which processor, which loader, which glibc. Read from the file (System V ABI,
//! "Program Header"; Linux Standard Base Core 5.0, "Symbol Version Requirements"), so that a package promises no more
//! than is so.

use anyhow::{Context as _, Result, bail};

/// What was read from a program's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Needs {
    /// The processor, as the wheel's tags call it (`x86_64`, `aarch64`).
    pub(crate) machine: &'static str,
    /// The loader that starts it; none for a static program.
    pub(crate) loader: Option<String>,
    /// The newest glibc of which it names a symbol; none for a static program, and for one of another C library.
    pub(crate) glibc: Option<(u32, u32)>,
}

impl Needs {
    /// Whether it starts on any Linux of its processor.
    pub(crate) fn is_static(&self) -> bool {
        self.loader.is_none()
    }
}

/// A segment of the program: its kind, where it is in the file, where in memory, and how long in the file.
struct Segment {
    kind: u64,
    offset: u64,
    address: u64,
    size: u64,
}

const PT_LOAD: u64 = 1;
const PT_DYNAMIC: u64 = 2;
const PT_INTERP: u64 = 3;
const DT_STRTAB: u64 = 5;
const DT_VERNEED: u64 = 0x6fff_fffe;
const DT_VERNEEDNUM: u64 = 0x6fff_ffff;
/// More libraries, or versions of one, than a program of ours can name.
const MOST: u64 = 10_000;

/// What the program in these bytes needs, or nothing where they are no Linux program.
pub(crate) fn needs(bytes: &[u8]) -> Result<Option<Needs>> {
    if !bytes.starts_with(b"\x7fELF") {
        return Ok(None);
    }
    if bytes.get(4..6) != Some(&[2, 1]) {
        bail!("no program of 64 bits, least byte first");
    }
    let machine = match number(bytes, 18, 2)? {
        0x3e => "x86_64",
        0xb7 => "aarch64",
        other => bail!("a program for a processor that is not packed for ({other})"),
    };
    let (table, size, count) = (number(bytes, 32, 8)?, number(bytes, 54, 2)?, number(bytes, 56, 2)?);
    let mut segments = Vec::new();
    for n in 0..count {
        let at = table.saturating_add(n * size);
        segments.push(Segment {
            kind: number(bytes, at, 4)?,
            offset: number(bytes, at + 8, 8)?,
            address: number(bytes, at + 16, 8)?,
            size: number(bytes, at + 32, 8)?,
        });
    }
    let loader = segments.iter().find(|s| s.kind == PT_INTERP).map(|s| text(bytes, s.offset)).transpose()?;
    Ok(Some(Needs { machine, loader, glibc: glibc(bytes, &segments)? }))
}

/// The newest `GLIBC_x.y` among the versions that the program asks for.
fn glibc(bytes: &[u8], segments: &[Segment]) -> Result<Option<(u32, u32)>> {
    let Some(dynamic) = segments.iter().find(|s| s.kind == PT_DYNAMIC) else { return Ok(None) };
    let tag = |wanted: u64| -> Result<Option<u64>> {
        for n in 0..dynamic.size / 16 {
            if number(bytes, dynamic.offset + n * 16, 8)? == wanted {
                return number(bytes, dynamic.offset + n * 16 + 8, 8).map(Some);
            }
        }
        Ok(None)
    };
    let in_file = |address: u64| -> Result<u64> {
        let holds = |s: &&Segment| s.kind == PT_LOAD && (s.address..s.address + s.size).contains(&address);
        let segment = segments.iter().find(holds).context("an address outside the file")?;
        Ok(address - segment.address + segment.offset)
    };
    let (Some(names), Some(first), Some(count)) = (tag(DT_STRTAB)?, tag(DT_VERNEED)?, tag(DT_VERNEEDNUM)?) else {
        return Ok(None);
    };
    let (names, mut library) = (in_file(names)?, in_file(first)?);
    let mut newest = None;
    for _ in 0..count.min(MOST) {
        let mut version = library + number(bytes, library + 8, 4)?;
        for _ in 0..number(bytes, library + 2, 2)? {
            let name = text(bytes, names + number(bytes, version + 8, 4)?)?;
            newest = newest.max(name.strip_prefix("GLIBC_").and_then(release));
            version += number(bytes, version + 12, 4)?;
        }
        library += number(bytes, library + 12, 4)?;
    }
    Ok(newest)
}

/// `2.34` as two numbers.
fn release(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
}

/// A number of some bytes, least byte first.
fn number(bytes: &[u8], at: u64, size: usize) -> Result<u64> {
    let at = usize::try_from(at)?;
    let field = bytes.get(at..at.saturating_add(size)).context("the file ends early")?;
    Ok(field.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

/// Text up to its zero byte.
fn text(bytes: &[u8], at: u64) -> Result<String> {
    let rest = bytes.get(usize::try_from(at)?..).context("the file ends early")?;
    let end = rest.iter().position(|b| *b == 0).context("a text without end")?;
    Ok(String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of this test's own program, a dynamic one for this machine, what `readelf` says of it too.
    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn a_programs_loader_and_glibc_are_those_that_readelf_tells() {
        let own = std::env::current_exe().unwrap();
        let read = needs(&std::fs::read(&own).unwrap()).unwrap().unwrap();
        let mut readelf = std::process::Command::new("readelf");
        let words = ["--program-headers", "--version-info", "--wide"];
        let Ok(out) = readelf.args(words).arg(&own).output() else { return assert!(read.loader.is_some()) };
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(said.contains(&format!("interpreter: {}]", read.loader.as_ref().unwrap())), "{read:?}");
        let versions = said.split("Name: GLIBC_").skip(1).filter_map(|t| release(t.split(' ').next()?));
        assert_eq!(read.glibc, versions.max());
        assert_eq!(read.machine, std::env::consts::ARCH);
        assert!(!read.is_static());
    }

    #[test]
    fn what_is_no_linux_program_has_no_needs_and_what_is_cut_is_an_error() {
        assert_eq!(needs(b"#!/bin/sh\n").unwrap(), None);
        assert_eq!(needs(b"\xcf\xfa\xed\xfe").unwrap(), None);
        let own = std::fs::read("/proc/self/exe").unwrap_or_default();
        for length in [4, 20, 60, 100] {
            if let Some(cut) = own.get(..length) {
                assert!(needs(cut).is_err(), "{length}");
            }
        }
    }
}
