//! Arguments of `preflight`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// How a look at a checkout is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PreflightFormat {
    /// For people, with the lines of the files
    Human,
    /// One JSON document on standard output
    Json,
    /// The same as YAML
    Yaml,
    /// Findings for code scanning, SARIF 2.1.0
    Sarif,
    /// A test for each identity and each file not read, as XML of `JUnit`
    Junit,
    /// Annotations of GitHub Actions, and a summary for its page
    Github,
    /// A report of GitLab's code quality
    Gitlab,
}

/// Reads `owner/name`.
fn repository(text: &str) -> Result<String, &'static str> {
    let plain = |half: &str| !half.is_empty() && !half.contains(['/', ':', '@', ' ']);
    match text.split_once('/') {
        Some((owner, name)) if plain(owner) && plain(name) => Ok(text.to_owned()),
        _ => Err("a repository is OWNER/NAME"),
    }
}

#[derive(Debug, Args)]
pub(crate) struct PreflightArgs {
    /// Files and folders to read, - for standard input; without any, the checkout
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// The repository on GitHub whose checkout it is; else as git or the runner tells
    #[arg(long, value_name = "OWNER/NAME", value_parser = repository)]
    pub(crate) repository: Option<String>,
    /// What the change since the branch left this revision (a branch, a tag, a commit) lets in and shuts out, for each
    /// trust policy
    #[arg(long, value_name = "REVISION")]
    pub(crate) base: Option<String>,
    /// Fill in from cluster and account what the files do not tell
    #[arg(long, conflicts_with = "bundle")]
    pub(crate) live: bool,
    /// Fill in from what somebody collected
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: Option<PathBuf>,
    /// Set what the files declare up in a lab, in this process, and make each exchange there
    #[arg(long)]
    pub(crate) rehearse: bool,
    /// Set aside what this earlier report (-o json) found already
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub(crate) output: PreflightFormat,
}
