//! The words after `cargo xtask dist`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

/// How the command is used.
pub(crate) const USAGE: &str = "cargo xtask dist [--target TRIPLE] [--out FOLDER] [--program FILE [--libraries]] \
                                [--quick]\n   or: \
                                cargo xtask dist --check [--quick] [--target TRIPLE]\n   or: \
                                cargo xtask dist --gather FOLDER \
                                [--repository URL] [--key FILE]";

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Options {
    /// Build twice in two folders, and compare.
    pub(crate) check: bool,
    /// The target; none means this machine's.
    pub(crate) target: Option<String>,
    /// Where packages go; none means `target/dist`.
    pub(crate) out: Option<PathBuf>,
    /// A program that is built already.
    pub(crate) program: Option<PathBuf>,
    /// Lay the libraries of a program that is not static into its image: for a look, never for a release.
    pub(crate) libraries: bool,
    /// For a look: compress little, and build without optimisation.
    pub(crate) quick: bool,
    /// A folder of packages to make a release of.
    pub(crate) gather: Option<PathBuf>,
    /// Where the release will be.
    pub(crate) repository: Option<String>,
    /// An SSH key that signs the sums.
    pub(crate) key: Option<PathBuf>,
}

impl Options {
    /// Reads the words.
    pub(crate) fn read(words: &[&str]) -> Result<Self> {
        let mut out = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().map(|w| (*w).to_owned()).with_context(|| format!("{word} wants a value"));
            match *word {
                "--check" => out.check = true,
                "--libraries" => out.libraries = true,
                "--quick" => out.quick = true,
                "--target" => out.target = Some(value()?),
                "--out" => out.out = Some(value()?.into()),
                "--program" => out.program = Some(value()?.into()),
                "--gather" => out.gather = Some(value()?.into()),
                "--repository" => out.repository = Some(value()?),
                "--key" => out.key = Some(value()?.into()),
                _ => bail!("`{word}` is not known here\nusage: {USAGE}"),
            }
        }
        if out.gather.is_none() && (out.repository.is_some() || out.key.is_some()) {
            bail!("--repository and --key belong to --gather");
        }
        if (out.gather.is_some() || out.check) && (out.program.is_some() || out.out.is_some() || out.libraries) {
            bail!("--program, --libraries and --out belong to packing alone\nusage: {USAGE}");
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_or_refused() {
        let read = Options::read(&["--program", "p", "--quick", "--out", "o"]).unwrap();
        assert_eq!((read.program, read.quick, read.out), (Some("p".into()), true, Some("o".into())));
        for words in
            [&["--key"][..], &["--key", "k"], &["--gather", "d", "--out", "o"], &["--check", "--program", "p"], &["x"]]
        {
            assert!(Options::read(words).is_err(), "{words:?}");
        }
        assert!(Options::read(&["--gather", "d", "--repository", "r", "--key", "k"]).is_ok());
    }
}
