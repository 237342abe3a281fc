//! The licences of the crates in the program, which they ask to be handed on with it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::crates::Crate;

/// How files begin that hold a licence or a notice.
const NAMES: [&str; 5] = ["license", "licence", "copying", "notice", "unlicense"];

/// The page: each text once, under the crates that hold it. Crates of this workspace are left out.
pub(crate) fn notices(crates: &[Crate]) -> Result<String> {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut bare = Vec::new();
    let others = crates.iter().filter(|c| c.sum.is_some());
    for one in others.clone() {
        let found = files(&one.folder).with_context(|| format!("cannot read {}", one.folder.display()))?;
        let name = format!("{} {}", one.name, one.version);
        if found.is_empty() {
            let licence = one.licence.as_deref().unwrap_or("no licence is told");
            bare.push(format!("{name}: {licence}"));
        }
        for text in found {
            texts.entry(text).or_default().push(name.clone());
        }
    }
    let mut out = String::from("trustwalk is made with the work of others, under these licences.\n\n");
    for one in others {
        let _ = writeln!(out, "{} {}: {}", one.name, one.version, one.licence.as_deref().unwrap_or("see below"));
    }
    if !bare.is_empty() {
        let _ = writeln!(out, "\nTheir packages hold no text of the licence:\n{}", bare.join("\n"));
    }
    let mut texts: Vec<(Vec<String>, String)> = texts.into_iter().map(|(text, names)| (names, text)).collect();
    texts.sort();
    for (names, text) in texts {
        let _ = write!(out, "\n{}\n{}\n\n{}\n", "=".repeat(80), names.join(", "), text.trim_end());
    }
    Ok(out)
}

fn files(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        if path.is_file() && NAMES.iter().any(|n| name.starts_with(n)) {
            found.push((name, String::from_utf8_lossy(&std::fs::read(&path)?).replace("\r\n", "\n")));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, text)| text).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(name: &str, folder: &Path, sum: Option<&str>) -> Crate {
        Crate {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            licence: Some("MIT".to_owned()),
            repository: None,
            sum: sum.map(str::to_owned),
            folder: folder.to_owned(),
            needs: Vec::new(),
        }
    }

    #[test]
    fn each_text_stands_once_and_a_crate_without_one_is_named() {
        let dir = tempfile::tempdir().unwrap();
        for (name, file) in [("a", "LICENSE-MIT"), ("b", "license.md"), ("c", "README.md"), ("own", "LICENSE")] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
            std::fs::write(dir.path().join(name).join(file), format!("the {file} words", file = "same")).unwrap();
        }
        let of = |name: &str, sum| given(name, &dir.path().join(name), sum);
        let page = notices(&[of("own", None), of("a", Some("1")), of("b", Some("2")), of("c", Some("3"))]).unwrap();
        assert_eq!(page.matches("the same words").count(), 1, "{page}");
        assert!(
            page.contains("\na 1.0.0, b 1.0.0\n") && page.contains("no text of the licence:\nc 1.0.0: MIT"),
            "{page}"
        );
        assert!(!page.contains("own"), "{page}");
    }
}
