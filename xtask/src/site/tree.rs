//! The site's source: the repository's own pages as a book, links led to what is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::links::{file_of, leads_out, led};

/// Pages at the root, besides the README, which is the first.
const AT_ROOT: [&str; 3] = ["CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];
/// The parts of the book: heading and folder below `docs`; none is what lies in `docs` itself.
const PARTS: [(&str, Option<&str>); 6] = [
    ("Guides", Some("guides")),
    ("Causes", Some("rules")),
    ("Reference", Some("reference")),
    ("JSON documents", Some("schema")),
    ("The project", None),
    ("Decisions", Some("decisions")),
];

/// The book's settings. Every word of a text that is sought has to be on the page.
pub(crate) const SETTINGS: &str = r#"[book]
title = "trustwalk"
language = "en"

[output.html]
no-section-label = true

[output.html.fold]
enable = true

[output.html.search]
limit-results = 50
use-boolean-and = true
boost-title = 2
boost-hierarchy = 1
expand = false
heading-split-level = 1
"#;

/// The files of the book's source, by path.
pub(crate) fn tree(root: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut pages: Vec<PathBuf> = vec!["README.md".into()];
    pages.extend(AT_ROOT.map(PathBuf::from));
    let mut others = Vec::new();
    for (_, folder) in PARTS {
        let folder = folder.map_or_else(|| PathBuf::from("docs"), |f| Path::new("docs").join(f));
        for file in files(root, &folder)? {
            if file.extension().is_some_and(|e| e == "md") { pages.push(file) } else { others.push(file) }
        }
    }
    let known: BTreeSet<PathBuf> = pages.iter().chain(&others).cloned().collect();
    let mut out = BTreeMap::new();
    let mut titles = BTreeMap::new();
    for page in &pages {
        let text =
            std::fs::read_to_string(root.join(page)).with_context(|| format!("cannot read {}", page.display()))?;
        titles.insert(page.clone(), title(&text).unwrap_or_else(|| page.display().to_string()));
        out.insert(placed(page), site_page(&text, page, &known).into_bytes());
    }
    for file in others {
        let bytes = std::fs::read(root.join(&file))?;
        out.insert(file, bytes);
    }
    out.insert("SUMMARY.md".into(), summary(&pages, &titles).into_bytes());
    Ok(out)
}

fn files(root: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root.join(folder))? {
        let entry = entry?;
        if entry.path().is_file() {
            found.push(folder.join(entry.file_name()));
        }
    }
    found.sort();
    Ok(found)
}

/// Where a page stands in the book: a folder's README is its index.
fn placed(page: &Path) -> PathBuf {
    if page.ends_with("README.md") { page.with_file_name("index.md") } else { page.to_owned() }
}

/// A page's first heading.
fn title(page: &str) -> Option<String> {
    Some(page.lines().find_map(|l| l.strip_prefix("# "))?.replace('`', ""))
}

/// A page as it stands in the book. A link to what is not in it becomes its words: there is no promise where the
/// sources are published.
fn site_page(text: &str, page: &Path, known: &BTreeSet<PathBuf>) -> String {
    led(text, |words, target| {
        if leads_out(target) {
            return format!("[{words}]({target})");
        }
        let Some((file, place)) = file_of(page, target) else { return words.to_owned() };
        // A folder without a page of its own is in the list at the side.
        if !known.contains(&file) {
            return words.to_owned();
        }
        let up = page.parent().map_or(0, |p| p.components().count());
        let to = placed(&file);
        format!("[{words}]({}{}{place})", "../".repeat(up), to.display())
    })
}

/// The list at the side.
fn summary(pages: &[PathBuf], titles: &BTreeMap<PathBuf, String>) -> String {
    let line = |page: &PathBuf, depth: usize| {
        let title = titles.get(page).cloned().unwrap_or_default().replace(['[', ']'], "");
        format!("{}- [{title}]({})\n", "  ".repeat(depth), placed(page).display())
    };
    let mut out = String::from("# Summary\n\n[trustwalk](index.md)\n");
    for (heading, folder) in PARTS {
        let _ = write!(out, "\n# {heading}\n\n");
        let folder = folder.map_or_else(|| PathBuf::from("docs"), |f| Path::new("docs").join(f));
        let mut inside: Vec<&PathBuf> = pages.iter().filter(|p| p.parent() == Some(&folder)).collect();
        // A cause's page stands by its code.
        inside.sort_by_key(|p| (titles.get(*p).filter(|t| t.starts_with("TW")).cloned(), (*p).clone()));
        let overviews: Vec<&PathBuf> =
            inside.iter().copied().filter(|p| p.ends_with("README.md") || p.ends_with("index-by-text.md")).collect();
        let nested = usize::from(!overviews.is_empty());
        out.extend(overviews.iter().map(|p| line(p, 0)));
        out.extend(inside.iter().filter(|p| !overviews.contains(p)).map(|p| line(p, nested)));
        if heading == "The project" {
            out.extend(AT_ROOT.iter().map(|p| line(&PathBuf::from(p), 0)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::links::{anchors, targets};
    use super::*;
    use crate::run::root;

    fn text(tree: &BTreeMap<PathBuf, Vec<u8>>, path: &str) -> String {
        String::from_utf8(tree[Path::new(path)].clone()).unwrap()
    }

    #[test]
    fn a_link_stays_in_the_book_or_becomes_words() {
        let known: BTreeSet<PathBuf> = ["docs/a/b.md", "docs/a/README.md"].map(PathBuf::from).into();
        let page = "[b](../a/b.md#x) [o](../a/README.md) [s](../../src/x.rs) [f](../a) [w](https://w.example)";
        let led = site_page(page, Path::new("docs/g/p.md"), &known);
        assert_eq!(led, "[b](../../docs/a/b.md#x) [o](../../docs/a/index.md) s f [w](https://w.example)");
    }

    #[test]
    fn every_page_of_the_repository_is_in_the_book_and_every_link_in_it_leads_somewhere() {
        let tree = tree(&root()).unwrap();
        let summary = text(&tree, "SUMMARY.md");
        let mut broken = Vec::new();
        for (path, bytes) in tree.iter().filter(|(p, _)| p.extension().is_some_and(|e| e == "md")) {
            if !path.ends_with("SUMMARY.md") {
                assert!(summary.contains(&format!("]({})\n", path.display())), "{}", path.display());
            }
            for target in targets(std::str::from_utf8(bytes).unwrap()).iter().filter(|t| !leads_out(t)) {
                let there = file_of(path, target).is_some_and(|(file, _)| tree.contains_key(&file));
                if !there {
                    broken.push(format!("{}: {target}", path.display()));
                }
            }
        }
        assert!(broken.is_empty(), "{broken:#?}");
        assert!(summary.contains("  - [TW007: thumbprint-mismatch](docs/rules/thumbprint-mismatch.md)\n"), "{summary}");
    }

    /// In the repository itself: every file that a page links to is there, and has the heading that the link names.
    #[test]
    fn every_relative_link_in_the_repository_leads_to_a_file_and_a_heading() {
        let root = root();
        let mut pages: Vec<PathBuf> = ["README.md"].iter().chain(&AT_ROOT).map(PathBuf::from).collect();
        for (_, folder) in PARTS {
            let folder = folder.map_or_else(|| PathBuf::from("docs"), |f| Path::new("docs").join(f));
            pages.extend(
                files(&root, &folder).unwrap().into_iter().filter(|p| p.extension().is_some_and(|e| e == "md")),
            );
        }
        let mut broken = Vec::new();
        for page in &pages {
            let text = std::fs::read_to_string(root.join(page)).unwrap();
            for target in targets(&text).iter().filter(|t| !leads_out(t)) {
                let Some((file, place)) = file_of(page, target) else {
                    broken.push(format!("{}: {target} leads out", page.display()));
                    continue;
                };
                let there = root.join(&file).exists();
                let named = place.is_empty() || file.extension().is_none_or(|e| e != "md") || {
                    let text = std::fs::read_to_string(root.join(&file)).unwrap_or_default();
                    anchors(&text).iter().any(|a| format!("#{a}") == place)
                };
                if !there || !named {
                    broken.push(format!("{}: {target}", page.display()));
                }
            }
        }
        assert!(pages.len() > 100 && broken.is_empty(), "{broken:#?}");
    }
}
