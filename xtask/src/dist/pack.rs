//! What goes into the packages of one target.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::archive::{Effort, gzip, tar};
use super::crates;
use super::digest::{hex_of, sums};
use super::entry::Entry;
use super::image::{self, Layout};
use super::notices::notices;
use super::sbom::sbom;
use super::target::Target;
use super::wheel::{self, wheel};
use crate::say;

/// One line on what the program is, of what every manifest takes.
pub(crate) const SUMMARY: &str = "Find the broken link between a workload and its AWS role";
/// The licences under which the program is.
const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];
/// The name of the sums' file.
pub(crate) const SUMS: &str = "SHA256SUMS";

/// What is packed, and how.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    /// The folder of the sources that the program was built from: what goes with it is of the same.
    pub(crate) sources: &'a Path,
    /// For whom.
    pub(crate) target: Target,
    /// The program's file.
    pub(crate) program: &'a Path,
    /// Where the packages go.
    pub(crate) out: &'a Path,
    /// Seconds since 1970 that stand for the making.
    pub(crate) time: u64,
    /// How hard to compress.
    pub(crate) effort: Effort,
    /// Whether the libraries of a program that is not static go into its image.
    pub(crate) libraries: bool,
}

/// The version of the program, which all its packages have.
pub(crate) fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

fn licences(job: &Job<'_>) -> Result<Vec<(String, String)>> {
    LICENCES.iter().map(|name| Ok(((*name).to_owned(), page(job, name)?))).collect()
}

/// A file of the sources.
fn page(job: &Job<'_>, name: &str) -> Result<String> {
    std::fs::read_to_string(job.sources.join(name)).with_context(|| format!("cannot read {name}"))
}

/// Makes every package of a target.
pub(crate) fn pack(job: &Job<'_>) -> Result<()> {
    let program = std::fs::read(job.program).with_context(|| format!("cannot read {}", job.program.display()))?;
    let said = run_it(job.program, &["--version"])?;
    if said.trim() != format!("trustwalk {}", version()) {
        bail!("{} says of itself `{}`, and this is version {}", job.program.display(), said.trim(), version());
    }
    std::fs::create_dir_all(job.out)?;
    let crates = crates::of_program(job.sources, job.target.triple)?;
    let mut licences = licences(job)?;
    licences.push(("THIRD-PARTY.txt".to_owned(), notices(&crates)?));
    let stem = format!("trustwalk-{}-{}", version(), job.target.triple);
    write(job, &format!("{stem}.cdx.json"), sbom(&crates, job.target.triple, job.time)?.as_bytes())?;
    let archive = tar(&archive(job, &stem, &program, &licences)?, job.time)?;
    write(job, &format!("{stem}.tar.gz"), &gzip(&archive, job.effort)?)?;
    let page = page(job, "packaging/about.md")?;
    let about = wheel::About { version: version(), summary: SUMMARY, page: &page, licences: &licences };
    let (name, bytes) = wheel(&about, job.target, program.clone(), job.effort)?;
    write(job, &name, &bytes)?;
    if job.target.os == "linux" {
        image(job, program, &licences)?;
    }
    list_sums(job.out)
}

/// The image of one platform, as a layout in a folder of its own.
fn image(job: &Job<'_>, program: Vec<u8>, licences: &[(String, String)]) -> Result<()> {
    let libraries = match image::fits(&program) {
        Ok(()) => Vec::new(),
        Err(_) if job.libraries => libraries(job.program)?,
        Err(error) => {
            say(&format!("no image: {error}"));
            return Ok(());
        }
    };
    let about = image::About {
        version: version(),
        summary: SUMMARY,
        time: job.time,
        source: None,
        licences,
        libraries: &libraries,
    };
    let mut layout = Layout::default();
    layout.add(&about, job.target, program, job.effort)?;
    write_layout(&job.out.join(format!("oci-{}", job.target.arch)), &layout.files)
}

/// Writes a layout anew.
pub(crate) fn write_layout(folder: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    for (path, bytes) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().context("a file in a layout")?)?;
        std::fs::write(path, bytes)?;
    }
    Ok(())
}

/// The loader and the libraries that a program names, from this machine.
fn libraries(program: &Path) -> Result<Vec<Entry>> {
    let out = Command::new("ldd").arg(program).output().context("cannot run ldd")?;
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    let paths = said.split_whitespace().filter(|word| word.starts_with('/'));
    paths.map(|path| Ok(Entry::program(path.trim_start_matches('/'), std::fs::read(path)?))).collect()
}

/// The files of the archive: the program, what shells and `man` read, and the pages that go with it.
fn archive(job: &Job<'_>, stem: &str, program: &[u8], licences: &[(String, String)]) -> Result<Vec<Entry>> {
    let at = |path: &str| format!("{stem}/{path}");
    let mut entries = vec![Entry::program(at("trustwalk"), program)];
    // Under these names kubectl finds a plugin, and what completes its words (Kubernetes documentation, "Extend kubectl
    // with plugins").
    entries.extend(["kubectl-trustwalk", "kubectl_complete-trustwalk"].map(|name| Entry::link(at(name), "trustwalk")));
    for name in ["README.md", "CHANGELOG.md", "SECURITY.md"] {
        entries.push(Entry::file(at(name), page(job, name)?));
    }
    entries.extend(licences.iter().map(|(name, text)| Entry::file(at(name), text.as_bytes())));
    for (shell, path) in [
        ("bash", "share/bash-completion/completions/trustwalk"),
        ("zsh", "share/zsh/site-functions/_trustwalk"),
        ("fish", "share/fish/vendor_completions.d/trustwalk.fish"),
    ] {
        entries.push(Entry::file(at(path), run_it(job.program, &["completions", shell])?));
    }
    for (name, page) in manual(job)? {
        entries.push(Entry::file(at(&format!("share/man/man1/{name}")), page));
    }
    Ok(entries)
}

/// The program's manual: pages by name.
fn manual(job: &Job<'_>) -> Result<Vec<(String, Vec<u8>)>> {
    let folder = job.out.join("man");
    run_it(job.program, &["man", "--dir", &folder.to_string_lossy()])?;
    let pages = files_of(&folder, ".1")?.into_iter().map(|page| {
        let name = page.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok((name, std::fs::read(page)?))
    });
    let pages = pages.collect::<Result<Vec<_>>>()?;
    std::fs::remove_dir_all(folder)?;
    Ok(pages)
}

/// Runs the program that is packed, away from what this machine has set up.
fn run_it(program: &Path, words: &[&str]) -> Result<String> {
    let out = Command::new(program.canonicalize()?)
        .args(words)
        .env_clear()
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    if !out.status.success() {
        let said = String::from_utf8_lossy(&out.stderr);
        bail!("{} {} failed ({}): {said}", program.display(), words.join(" "), out.status);
    }
    Ok(String::from_utf8(out.stdout)?)
}

/// The files of a folder with this ending, by name.
pub(crate) fn files_of(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_file() && path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn write(job: &Job<'_>, name: &str, bytes: &[u8]) -> Result<()> {
    std::fs::write(job.out.join(name), bytes).with_context(|| format!("cannot write {name}"))
}

/// Writes the sums of a folder's files; what signs them is no part of them.
pub(crate) fn list_sums(folder: &Path) -> Result<()> {
    let mut all = Vec::new();
    for path in files_of(folder, "")? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with(SUMS) {
            all.push((name, hex_of(&std::fs::read(&path)?)));
        }
    }
    std::fs::write(folder.join(SUMS), sums(&all))?;
    Ok(())
}
