//! `cargo xtask new-cause NAME`: the folder of a new cause, with what its page and its scenarios begin as, and its
//! variant.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};

/// The catalogue's enum, below the root of the repository.
const ENUM: &str = "crates/core/src/cause/mod.rs";
/// The folders of the causes.
const FOLDERS: &str = "crates/core/causes";

/// Makes a cause below `root`, and tells where.
pub(crate) fn new(root: &Path, name: &str) -> anyhow::Result<String> {
    let word = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    ensure!(name.split('-').all(word), "`{name}` is not words of a to z and 0 to 9 with hyphens between");
    ensure!(name.starts_with(|c: char| c.is_ascii_lowercase()), "`{name}` does not begin with a letter");
    let folder = root.join(FOLDERS).join(name);
    ensure!(!folder.exists(), "there is a cause `{name}` already");
    let source = root.join(ENUM);
    let text = fs::read_to_string(&source).with_context(|| format!("cannot read {}", source.display()))?;
    let (before, after) = text.split_once("\ncauses! {\n").context("the catalogue has no list of causes")?;
    let (list, rest) = after.split_once("}\n").context("the list of causes has no end")?;
    let code = next_code(root)?;
    let text = format!("{before}\ncauses! {{\n{list}    {} = \"{name}\",\n}}\n{rest}", camel(name));
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("page.md"), page(&code, name))?;
    for (file, expect) in [("violated", "violated"), ("near", "pass"), ("undetermined", "undetermined")] {
        fs::write(folder.join(format!("{file}.toml")), format!("base = \"story\"\nexpect = \"{expect}\"\n"))?;
    }
    fs::write(&source, text)?;
    Ok(format!("{code}: {FOLDERS}/{name}, and {} in {ENUM}", camel(name)))
}

/// `audience-typo` as a variant's name.
fn camel(name: &str) -> String {
    name.split('-')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
        })
        .collect()
}

/// The code after the highest that a page has.
fn next_code(root: &Path) -> anyhow::Result<String> {
    let mut highest = 0;
    for folder in fs::read_dir(root.join(FOLDERS))? {
        let page = fs::read_to_string(folder?.path().join("page.md"))?;
        let code = page.lines().find_map(|l| l.strip_prefix("code: TW")).context("a page has no code")?;
        highest = highest.max(code.trim().parse::<u32>()?);
    }
    Ok(format!("TW{:03}", highest + 1))
}

fn page(code: &str, name: &str) -> String {
    let mut out = format!("---\ncode: {code}\nlink: trust\nseverity: error\nrepair: unknown\n");
    let _ = writeln!(out, "summary: {}", name.replace('-', " "));
    out.push_str("since: 0.2.0\nhome: anywhere\nshows: not-authorized-web-identity\ndecided-by: role, token\n");
    out.push_str("sources:\n  - Title, \"section\" <https://docs.aws.amazon.com/>\n---\n");
    for heading in ["What you see", "Why it happens", "Example", "Check by hand", "Cure", "Not to be confused with"] {
        let _ = writeln!(out, "## {heading}\n\nTo be written.\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{camel, new};
    use std::path::Path;

    fn copy() -> tempfile::TempDir {
        let (from, to) = (Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), tempfile::tempdir().unwrap());
        std::fs::create_dir_all(to.path().join("crates/core/src/cause")).unwrap();
        std::fs::copy(from.join(super::ENUM), to.path().join(super::ENUM)).unwrap();
        for folder in std::fs::read_dir(from.join(super::FOLDERS)).unwrap() {
            let folder = folder.unwrap();
            let place = to.path().join(super::FOLDERS).join(folder.file_name());
            std::fs::create_dir_all(&place).unwrap();
            std::fs::copy(folder.path().join("page.md"), place.join("page.md")).unwrap();
        }
        to
    }

    #[test]
    fn a_new_cause_has_a_folder_a_variant_and_the_next_code() {
        let root = copy();
        let told = new(root.path(), "audience-typo-in-provider").unwrap();
        let text = std::fs::read_to_string(root.path().join(super::ENUM)).unwrap();
        assert!(text.contains("    AudienceTypoInProvider = \"audience-typo-in-provider\",\n}\n"), "{text}");
        let folder = root.path().join(super::FOLDERS).join("audience-typo-in-provider");
        let code = told.split(':').next().unwrap();
        assert!(std::fs::read_to_string(folder.join("page.md")).unwrap().contains(&format!("code: {code}\n")));
        for file in ["violated", "near", "undetermined"] {
            assert!(folder.join(format!("{file}.toml")).exists());
        }
        // The one after it has the code after it.
        let next = new(root.path(), "another").unwrap();
        let number = |t: &str| t.get(2..5).unwrap().parse::<u32>().unwrap();
        assert_eq!(number(&next), number(&told) + 1);
    }

    #[test]
    fn what_is_no_name_or_is_there_already_is_refused() {
        let root = copy();
        for name in ["", "Upper", "a_b", "a--b", "-a", "a-", "9lives", "../a", "thumbprint-mismatch"] {
            assert!(new(root.path(), name).is_err(), "{name}");
        }
    }

    #[test]
    fn variants_are_written_in_camel_case() {
        assert_eq!(camel("sts-client-has-no-region"), "StsClientHasNoRegion");
    }
}
