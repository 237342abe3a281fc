//! `docs/lab-fidelity.md`: what the lab does as AWS and Kubernetes do, made of the facts in `crates/lab/facts` and of
//! the tables that the lab's tests run. Each fact names the tests that hold it, and `xtask/tests/house.rs` finds them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use toml::Table;

/// Where facts stand, one file for each section, in the order of their names.
const FACTS: &str = "crates/lab/facts";
/// Where tables of checks stand that a test runs whole: one line of the page for each file.
const CHECKS: &str = "crates/lab/cluster/tests/checks";
/// The test that runs them.
const RUNS_CHECKS: &str = "cluster/tests/it/checks.rs";
/// The page.
const PAGE: &str = "docs/lab-fidelity.md";

/// The columns of a section's table, in order: the member of a fact, and its heading where a section names none.
const COLUMNS: [(&str, &str); 5] =
    [("what", "what"), ("same", "as the real one"), ("differs", "differs"), ("own", "own words"), ("source", "source")];

/// One of the page's sections.
#[derive(Debug)]
pub(crate) struct Section {
    title: String,
    before: String,
    after: String,
    heads: Table,
    pub(crate) facts: Vec<Fact>,
}

/// What the lab does as the real one does, or otherwise.
#[derive(Debug)]
pub(crate) struct Fact {
    cells: Table,
    /// Tests, as `FILE::FUNCTION` with the file's path below `crates/lab`.
    pub(crate) held: Vec<String>,
}

fn words(table: &Table, name: &str) -> String {
    table.get(name).and_then(toml::Value::as_str).unwrap_or_default().trim().to_owned()
}

impl Fact {
    /// A member on one line, as a cell of a table.
    pub(crate) fn cell(&self, name: &str) -> String {
        words(&self.cells, name).replace('\n', " ").replace('|', "\\|")
    }
}

fn section(text: &str) -> Result<Section> {
    let mut table: Table = text.parse()?;
    let mut facts = Vec::new();
    if let Some(toml::Value::Array(all)) = table.remove("fact") {
        for fact in all {
            let toml::Value::Table(mut cells) = fact else { bail!("a fact is no table") };
            let held = match cells.remove("held") {
                Some(toml::Value::Array(all)) => {
                    all.iter().filter_map(toml::Value::as_str).map(str::to_owned).collect()
                }
                Some(_) | None => Vec::new(),
            };
            let known = |name: &&String| COLUMNS.iter().any(|(column, _)| column == name);
            if let Some(odd) = cells.keys().find(|name| !known(name)) {
                bail!("a fact has a member `{odd}`, which no column shows");
            }
            facts.push(Fact { cells, held });
        }
    }
    let heads = match table.get("heads") {
        Some(toml::Value::Table(heads)) => heads.clone(),
        Some(_) | None => Table::new(),
    };
    Ok(Section {
        title: words(&table, "title"),
        before: words(&table, "before"),
        after: words(&table, "after"),
        heads,
        facts,
    })
}

/// TOML files of a folder, by name; none where there is no such folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// All sections, the page's own head first.
pub(crate) fn sections(root: &Path) -> Result<Vec<Section>> {
    let mut all = Vec::new();
    for path in files(&root.join(FACTS))? {
        let text = std::fs::read_to_string(&path)?;
        all.push(section(&text).with_context(|| format!("{} cannot be read", path.display()))?);
    }
    Ok(all)
}

fn table(out: &mut String, section: &Section) {
    let used: Vec<(&str, &str)> =
        COLUMNS.into_iter().filter(|(name, _)| section.facts.iter().any(|fact| !fact.cell(name).is_empty())).collect();
    let named =
        |name: &str, usual: &str| section.heads.get(name).and_then(toml::Value::as_str).unwrap_or(usual).to_owned();
    let held = section.facts.iter().any(|fact| !fact.held.is_empty());
    let mut heads: Vec<String> = used.iter().map(|(name, usual)| named(name, usual)).collect();
    if held {
        heads.push("held by".to_owned());
    }
    let _ = writeln!(out, "| {} |\n|{}", heads.join(" | "), "---|".repeat(heads.len()));
    for fact in &section.facts {
        let mut row: Vec<String> = used
            .iter()
            .map(|(name, _)| Some(fact.cell(name)).filter(|cell| !cell.is_empty()).unwrap_or_else(|| "–".to_owned()))
            .collect();
        if held {
            row.push(links(&fact.held));
        }
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
}

/// The files of some tests, each linked once, with how many of its tests are meant.
fn links(held: &[String]) -> String {
    let mut files: Vec<(&str, usize)> = Vec::new();
    for test in held {
        let file = test.split("::").next().unwrap_or_default();
        match files.iter_mut().find(|(name, _)| *name == file) {
            Some((_, count)) => *count += 1,
            None => files.push((file, 1)),
        }
    }
    let link = |(file, count): &(&str, usize)| {
        let stem = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".rs");
        let times = if *count > 1 { format!(" ({count})") } else { String::new() };
        format!("[{stem}](../crates/lab/{file}){times}")
    };
    if files.is_empty() { "–".to_owned() } else { files.iter().map(link).collect::<Vec<_>>().join(", ") }
}

/// The tables of checks, a line for each.
fn checks(root: &Path) -> Result<(String, usize)> {
    let mut out = String::new();
    let mut count = 0;
    for path in files(&root.join(CHECKS))? {
        let text = std::fs::read_to_string(&path)?;
        let table: Table = text.parse().with_context(|| format!("{} cannot be read", path.display()))?;
        let all = table.get("check").and_then(toml::Value::as_array).map_or(&[][..], Vec::as_slice);
        let told = |name: &str| {
            let each = all.iter().filter_map(toml::Value::as_table).map(|check| words(check, name));
            let each: BTreeSet<String> = each.filter(|text| !text.is_empty()).collect();
            let joined = each.into_iter().collect::<Vec<_>>().join("; ").replace('\n', " ").replace('|', "\\|");
            if joined.is_empty() { "–".to_owned() } else { joined }
        };
        count += all.len();
        let (title, source) = (words(&table, "title"), words(&table, "source"));
        let (differs, own) = (told("differs"), told("own"));
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let _ =
            writeln!(out, "| {title} | {} | {differs} | {own} | {source} | [{name}](../{CHECKS}/{name}) |", all.len());
    }
    let head = "| what | checks | differs | own words | source | table |\n|---|---:|---|---|---|---|\n";
    Ok((if count > 0 { format!("{head}{out}") } else { String::new() }, count))
}

/// The page's text.
pub(crate) fn page(root: &Path) -> Result<String> {
    let all = sections(root)?;
    let (checks, count) = checks(root)?;
    let mut out = String::new();
    let tests: BTreeSet<&String> = all.iter().flat_map(|s| &s.facts).flat_map(|f| &f.held).collect();
    let facts = all.iter().map(|s| s.facts.iter().filter(|f| !f.held.is_empty()).count()).sum::<usize>();
    let own = all.iter().flat_map(|s| &s.facts).filter(|f| !f.cell("own").is_empty()).count();
    for (at, section) in all.iter().enumerate() {
        let level = if at == 0 { "#" } else { "\n##" };
        let _ = writeln!(out, "{level} {}", section.title);
        if !section.before.is_empty() {
            let _ = writeln!(out, "\n{}", section.before);
        }
        if at == 0 {
            let _ = writeln!(
                out,
                "\n{facts} lines below are held by {} tests, {own} of them with words of our own, and {count} more \
                 checks stand in tables.",
                tests.len()
            );
        }
        if !section.facts.is_empty() {
            out.push('\n');
            table(&mut out, section);
        }
        if section.title == "kubectl and Helm" && !checks.is_empty() {
            let _ = write!(out, "\nRun whole by [checks](../crates/lab/{RUNS_CHECKS}):\n\n{checks}");
        }
        if !section.after.is_empty() {
            let _ = writeln!(out, "\n{}", section.after);
        }
    }
    Ok(out)
}

/// Writes the page, or fails where it is not what would be written.
pub(crate) fn renew(root: &Path, check: bool) -> Result<()> {
    let text = page(root)?;
    let path = root.join(PAGE);
    if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    if check {
        bail!("{PAGE} is not what the generator writes: run `cargo xtask gen`");
    }
    std::fs::write(&path, text).with_context(|| format!("cannot write {PAGE}"))
}
