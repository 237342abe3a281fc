//! What a Linux program needs to start: which processor, which loader, which glibc. Read from the file, so that a
//! package promises no more than is so.

use anyhow::{Context as _, Result, bail};
use object::LittleEndian;
use object::elf::{EM_AARCH64, EM_X86_64, FileHeader64};
use object::read::elf::{FileHeader as _, ProgramHeader as _};

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

/// What the program in these bytes needs, or nothing where they are no Linux program.
pub(crate) fn needs(bytes: &[u8]) -> Result<Option<Needs>> {
    if !bytes.starts_with(b"\x7fELF") {
        return Ok(None);
    }
    let header = FileHeader64::<LittleEndian>::parse(bytes).context("no program of 64 bits, least byte first")?;
    let endian = header.endian().context("no program of 64 bits, least byte first")?;
    let machine = match header.e_machine(endian) {
        EM_X86_64 => "x86_64",
        EM_AARCH64 => "aarch64",
        other => bail!("a program for a processor that is not packed for ({other})"),
    };
    let mut loader = None;
    for segment in header.program_headers(endian, bytes)? {
        if let Some(path) = segment.interpreter(endian, bytes)? {
            loader = Some(String::from_utf8_lossy(path).into_owned());
        }
    }
    Ok(Some(Needs { machine, loader, glibc: glibc(header, endian, bytes)? }))
}

/// The newest `GLIBC_x.y` among the versions that the program asks for.
fn glibc(header: &FileHeader64<LittleEndian>, endian: LittleEndian, bytes: &[u8]) -> Result<Option<(u32, u32)>> {
    let sections = header.sections(endian, bytes)?;
    let Some((libraries, names)) = sections.gnu_verneed(endian, bytes)? else { return Ok(None) };
    let names = sections.strings(endian, bytes, names)?;
    let mut newest = None;
    for library in libraries {
        for version in library?.1 {
            let name = String::from_utf8_lossy(version?.name(endian, names)?);
            newest = newest.max(name.strip_prefix("GLIBC_").and_then(release));
        }
    }
    Ok(newest)
}

/// `2.34` as two numbers.
fn release(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
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
