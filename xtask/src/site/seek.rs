//! Seeks in the built site as a person does: each sentence that a cause's page says is printed is typed into the search
//! of the first page in a browser, and the cause's page has to be among what it finds.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::run::{has, root};
use crate::say;
use crate::setup::install_system;

/// Names of the browser.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// The page that types, beside the site's first page.
const TYPIST: &str = "typist.html";

/// Fails if a sentence does not lead to its cause.
pub(crate) fn seek(book: &Path) -> Result<()> {
    let sentences = sentences(&root().join("docs/rules"))?;
    if sentences.len() < 100 {
        bail!("only {} sentences on the pages", sentences.len());
    }
    // Each is typed once: a search for what is sought already is none.
    let mut causes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (sentence, page) in &sentences {
        causes.entry(sentence).or_default().push(page);
    }
    let list: Vec<Value> = causes.into_iter().map(|(sentence, pages)| json!([typed(sentence), pages])).collect();
    std::fs::write(book.join(TYPIST), typist(&list))?;
    let told = told_by_browser(&book.join(TYPIST));
    std::fs::remove_file(book.join(TYPIST))?;
    let told = told?;
    let missed: Vec<&str> = told.lines().filter(|l| l.starts_with("missed ")).collect();
    let found = told.lines().filter(|l| l.starts_with("found ")).count();
    if found + missed.len() != sentences.len() {
        bail!("the browser sought {found} and {} of {} sentences:\n{told:.4000}", missed.len(), sentences.len());
    }
    if !missed.is_empty() {
        bail!("{} of {} sentences do not lead to their cause:\n{}", missed.len(), sentences.len(), missed.join("\n"));
    }
    say(&format!("{found} sentences lead to their causes"));
    Ok(())
}

/// What of a sentence can be sought: mdBook's index has no word of more than 80 bytes (`MAX_WORD_LENGTH_TO_INDEX`),
/// which in a line of JSON is easily one, and parts words at blanks and hyphens.
fn typed(sentence: &str) -> String {
    let words = sentence.split(|c: char| c.is_whitespace() || c == '-');
    if words.clone().all(|word| word.len() <= 80) {
        return sentence.to_owned();
    }
    words.filter(|word| word.len() <= 80).collect::<Vec<_>>().join(" ")
}

/// The sentences of each cause's page under "What is printed".
fn sentences(rules: &Path) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(rules)? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path)?;
        if text.starts_with("# TW") {
            found.extend(printed(&text).into_iter().map(|sentence| (sentence, name.clone())));
        }
    }
    found.sort();
    Ok(found)
}

fn printed(page: &str) -> Vec<String> {
    let Some((_, after)) = page.split_once("## What is printed\n") else { return Vec::new() };
    let block = after.split("```").nth(1).unwrap_or_default();
    block.lines().skip(1).filter(|l| !l.trim().is_empty()).map(str::to_owned).collect()
}

/// What the browser's page says once it has sought all.
fn told_by_browser(page: &Path) -> Result<String> {
    if !BROWSERS.iter().any(|b| has(b)) {
        install_system(&[("chromium", "chromium")])?;
    }
    let browser = BROWSERS.into_iter().find(|b| has(b)).context("no browser to seek with")?;
    let profile = root().join("target/site/profile");
    let out = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"])
        .args(["--disable-background-networking", "--disable-component-update", "--allow-file-access-from-files"])
        .args(["--virtual-time-budget=6000000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .with_context(|| format!("cannot run {browser}"))?;
    let dom = String::from_utf8_lossy(&out.stdout).into_owned();
    let told = dom.split("<pre id=\"told\">").nth(1).and_then(|t| t.split("</pre>").next());
    told.map(str::to_owned).with_context(|| format!("the browser shows no page: {dom:.500}"))
}

/// A page that opens the site's first page in a frame, types each sentence into its search, and tells what was found.
fn typist(sentences: &[Value]) -> String {
    // `<` would end the script where a sentence has a tag.
    let list = Value::from(sentences.to_vec()).to_string().replace('<', "\\u003c");
    format!(
        r#"<!doctype html><meta charset="utf-8"><title>typist</title>
<iframe id="site" src="index.html" width="1200" height="800"></iframe><pre id="told"></pre>
<script>
const all = {list};
const told = document.getElementById("told");
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
async function until(what, holds) {{
  for (let n = 0; n < 400; n++) {{
    const value = holds();
    if (value) return value;
    await wait(25);
  }}
  throw new Error("waited in vain for " + what);
}}
document.getElementById("site").addEventListener("load", async () => {{
  try {{
    const page = document.getElementById("site").contentDocument;
    const find = (name) => page.getElementById("mdbook-" + name) || page.getElementById(name);
    (await until("the search's button", () => find("search-toggle"))).click();
    const bar = await until("the search's field", () => find("searchbar"));
    const results = () => [...(find("searchresults")?.querySelectorAll("a") || [])].map((a) => a.getAttribute("href"));
    for (const [sentence, causes] of all) {{
      bar.value = "";
      for (const kind of ["input", "keyup"]) bar.dispatchEvent(new Event(kind, {{ bubbles: true }}));
      await until("an empty list", () => results().length === 0);
      bar.value = sentence;
      for (const kind of ["input", "keyup"]) bar.dispatchEvent(new Event(kind, {{ bubbles: true }}));
      let links = [];
      try {{ links = await until("results", () => results().length && results()); }} catch (_) {{ }}
      for (const cause of causes) {{
        const hit = links.some((l) => l.includes("/" + cause + ".html"));
        told.textContent += (hit ? "found " : "missed ") + cause + ": " + sentence + "\n";
      }}
    }}
  }} catch (error) {{ told.textContent += "failed: " + error + "\n"; }}
}});
</script>
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_those_under_what_is_printed() {
        let page =
            "# TW001: x\n\n## What is printed\n\n```text\nError: a\nError: b\n```\n\n## Example\n\n```json\n{}\n```\n";
        assert_eq!(printed(page), ["Error: a", "Error: b"]);
        assert!(printed("# TW001: x\n\n```text\nno\n```\n").is_empty());
    }

    #[test]
    fn words_that_no_index_has_are_left_out() {
        let long = "x".repeat(81);
        assert_eq!(typed(&format!("a {long}-b c")), "a b c");
        assert_eq!(typed("as it-is"), "as it-is");
    }

    #[test]
    fn a_sentence_with_a_tag_ends_no_script() {
        assert!(!typist(&[json!(["</script><b>", "x"])]).contains("</script><b>"));
    }
}
