//! `site`: the pages as a site of files, which any web server or none can hand out; `--check` seeks in it with a
//! browser.

mod links;
mod seek;
mod tree;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::run::{root, run};
use crate::say;

/// What makes pages of Markdown, with a search that needs no server.
const MDBOOK: &str = "0.5.4";

/// Builds the site; with `--check`, seeks in it too.
pub(crate) fn site(words: &[&str]) -> Result<()> {
    let check = match words {
        [] => false,
        ["--check"] => true,
        _ => bail!("usage: cargo xtask site [--check]"),
    };
    let base = root().join("target/site");
    lay_out(&base)?;
    run(&[&mdbook()?.to_string_lossy(), "build", &base.to_string_lossy()])?;
    let book = base.join("book");
    let broken = broken_links(&book)?;
    if !broken.is_empty() {
        bail!("links that lead nowhere:\n{}", broken.join("\n"));
    }
    if check {
        seek::seek(&book)?;
    }
    say(&format!("the site is in {}", book.display()));
    Ok(())
}

/// The book's source, anew.
fn lay_out(base: &Path) -> Result<()> {
    if base.exists() {
        std::fs::remove_dir_all(base)?;
    }
    for (path, bytes) in tree::tree(&root())? {
        let path = base.join("src").join(path);
        std::fs::create_dir_all(path.parent().context("a file in a folder")?)?;
        std::fs::write(path, bytes)?;
    }
    std::fs::write(base.join("book.toml"), tree::SETTINGS)?;
    Ok(())
}

/// mdBook, installed where git does not look.
fn mdbook() -> Result<PathBuf> {
    let tools = root().join("target/tools");
    let program = tools.join("bin/mdbook");
    if !program.is_file() {
        let (version, tools) = (MDBOOK, tools.to_string_lossy().into_owned());
        let install = ["cargo", "install", "mdbook", "--locked", "--version", version, "--root", &tools];
        // Without its server and what watches for changes, which are most of it.
        run(&[&install[..], &["--no-default-features", "--features", "search"]].concat())?;
    }
    Ok(program)
}

fn pages(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            pages(&path, found)?;
        } else if path.extension().is_some_and(|e| e == "html") {
            found.push(path);
        }
    }
    Ok(())
}

/// Links of the built pages to files that are not there.
fn broken_links(book: &Path) -> Result<Vec<String>> {
    let (mut all, mut broken) = (Vec::new(), Vec::new());
    pages(book, &mut all)?;
    // One that prints the whole book, and one for an address that is not there, which any folder may show.
    for page in all.iter().filter(|p| !p.ends_with("print.html") && !p.ends_with("404.html")) {
        let text = std::fs::read_to_string(page)?;
        for part in text.split(" href=\"").skip(1) {
            let target = part.split('"').next().unwrap_or_default();
            let file = target.split('#').next().unwrap_or_default();
            if links::leads_out(target) || file.is_empty() {
                continue;
            }
            if !page.parent().context("a page in a folder")?.join(file).exists() {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    Ok(broken)
}
