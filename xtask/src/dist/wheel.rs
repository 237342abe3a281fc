//! The wheel for Python's package index: the program alone, as a script (`PyPA`, "Binary distribution format").

use std::fmt::Write as _;

use anyhow::Result;

use super::archive::{Effort, zip};
use super::digest::{base64url, sha256};
use super::entry::Entry;
use super::target::{Target, platform_tags};

/// What a wheel says of itself besides what is in it.
#[derive(Debug)]
pub(crate) struct About<'a> {
    /// The package's version.
    pub(crate) version: &'a str,
    /// One line on what it is.
    pub(crate) summary: &'a str,
    /// The page about it, in Markdown.
    pub(crate) page: &'a str,
    /// Files of licences: name and text.
    pub(crate) licences: &'a [(String, String)],
}

/// A wheel: its file name and its bytes.
pub(crate) fn wheel(about: &About<'_>, target: Target, program: Vec<u8>, effort: Effort) -> Result<(String, Vec<u8>)> {
    let tags = platform_tags(target, &program)?;
    let version = python_version(about.version);
    let stem = format!("trustwalk-{version}");
    let info = format!("{stem}.dist-info");
    let mut entries = vec![Entry::program(format!("{stem}.data/scripts/trustwalk"), program)];
    entries.push(Entry::file(format!("{info}/METADATA"), metadata(about, &version)));
    let mut made = String::from("Wheel-Version: 1.0\nGenerator: trustwalk xtask\nRoot-Is-Purelib: false\n");
    for tag in &tags {
        let _ = writeln!(made, "Tag: py3-none-{tag}");
    }
    entries.push(Entry::file(format!("{info}/WHEEL"), made));
    for (name, text) in about.licences {
        entries.push(Entry::file(format!("{info}/licenses/{name}"), text.as_bytes()));
    }
    let mut record = String::new();
    for entry in &entries {
        let sum = base64url(&sha256(&entry.bytes));
        let _ = writeln!(record, "{},sha256={sum},{}", entry.path, entry.bytes.len());
    }
    let _ = writeln!(record, "{info}/RECORD,,");
    entries.push(Entry::file(format!("{info}/RECORD"), record));
    let name = format!("{stem}-py3-none-{}.whl", tags.join("."));
    Ok((name, zip(&entries, effort)?))
}

/// A version as Python writes it (`PyPA`, "Version specifiers"): `1.2.0-rc.1` is `1.2.0rc1`.
fn python_version(version: &str) -> String {
    let Some((release, pre)) = version.split_once('-') else { return version.to_owned() };
    let pre = pre.replace("alpha", "a").replace("beta", "b").replace('.', "");
    format!("{release}{pre}")
}

fn metadata(about: &About<'_>, version: &str) -> String {
    let files = about.licences.iter().fold(String::new(), |mut all, (name, _)| {
        let _ = writeln!(all, "License-File: {name}");
        all
    });
    format!(
        "Metadata-Version: 2.4\nName: trustwalk\nVersion: {version}\nSummary: {}\nKeywords: \
         aws,irsa,oidc,sts,kubernetes\n\
         Classifier: Environment :: Console\nClassifier: Topic :: System :: Systems Administration\n\
         License-Expression: Apache-2.0 OR MIT\n{files}Requires-Python: >=3.8\n\
         Description-Content-Type: text/markdown; charset=UTF-8\n\n{}",
        about.summary, about.page
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_written_as_python_does() {
        for (ours, theirs) in
            [("0.1.0", "0.1.0"), ("1.2.0-rc.1", "1.2.0rc1"), ("1.0.0-alpha.2", "1.0.0a2"), ("1.0.0-beta", "1.0.0b")]
        {
            assert_eq!(python_version(ours), theirs);
        }
    }
}
