//! What others make of the documents: SARIF's own schema, and a browser of the page that a reviewer is sent.

use std::net::TcpListener;
use std::process::Command;

use boon::{Compiler, Schemas};
use serde_json::{Value, json};

use super::{GITHUB, KEY, audit, policy};

/// The schema of OASIS, where set-up has fetched it.
fn schema() -> Option<Value> {
    let Some(path) = std::env::var_os("TRUSTWALK_SARIF") else {
        eprintln!("skipped: TRUSTWALK_SARIF is not set; `cargo xtask test` sets it");
        return None;
    };
    Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
}

#[test]
fn findings_are_sarif_as_its_own_schema_has_it() {
    let Some(schema) = schema() else { return };
    let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
    compiler.add_resource("urn:sarif", schema).unwrap();
    let of_sarif = compiler.compile("urn:sarif", &mut schemas).unwrap();
    let ends = json!({"StringLike": {KEY: "repo:acme/*"}, "DateLessThan": {"aws:CurrentTime": "2999-01-01"}});
    let hostile = json!({"StringLike": {KEY: ["repo:*", "repo:\u{202e}a/<b>:\"%2F"]}});
    for conditions in [ends, hostile, json!({"StringLike": {KEY: "repo:acme/api:*"}})] {
        let (_, text) = audit(&policy(GITHUB, &conditions), &["-o", "sarif"]);
        let document: Value = serde_json::from_str(&text).unwrap();
        if let Err(error) = schemas.validate(&document, of_sarif) {
            panic!("{error:#}\n{document:#}");
        }
    }
    // A schema that took anything would hold anything.
    let mut wrong: Value = serde_json::from_str(&audit(&policy(GITHUB, &json!({})), &["-o", "sarif"]).1).unwrap();
    wrong["runs"][0]["results"] = json!([{"message": "no object"}]);
    assert!(schemas.validate(&wrong, of_sarif).is_err());
}

const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// A page that opens the audit's in a frame, types into its filter, sorts it, and tells what came of it.
const TYPIST: &str = r#"<!doctype html><meta charset="utf-8">
<iframe id="page" src="audit.html"></iframe><pre id="told"></pre>
<script>
document.getElementById("page").addEventListener("load", () => {
  const page = document.getElementById("page").contentDocument;
  const rows = () => [...page.querySelectorAll("body > table > tbody > tr")];
  const shown = () => rows().filter((row) => !row.hidden).length;
  const all = shown();
  const filter = page.getElementById("filter");
  filter.value = "TA002";
  filter.dispatchEvent(new Event("input"));
  const filtered = shown();
  const count = page.getElementById("count").textContent;
  filter.value = "";
  filter.dispatchEvent(new Event("input"));
  const head = page.querySelectorAll("body > table thead th")[1];
  head.firstElementChild.click();
  const codes = [...page.querySelectorAll("body > table")][0].tBodies[0].rows;
  const sorted = [...codes].map((row) => row.cells[1].textContent);
  const foreign = page.querySelectorAll("img, iframe, link, object, script:not(:last-of-type)").length;
  const text = page.body.textContent.includes("<img src=");
  document.getElementById("told").textContent =
    JSON.stringify({ title: page.title, all, filtered, count, sorted, foreign, text });
});
</script>"#;

#[test]
fn a_browser_shows_the_page_sorts_and_filters_it_and_fetches_nothing() {
    let has = |name: &&&str| Command::new(**name).arg("--version").output().is_ok_and(|out| out.status.success());
    let Some(browser) = BROWSERS.iter().find(has) else {
        eprintln!("skipped: there is no browser; `cargo xtask site --check` installs one");
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let image = format!("x\"><img src='http://{}/'>", listener.local_addr().unwrap());
    let conditions = json!({"StringLike": {KEY: ["repo:*", image]}, "DateLessThan": {"aws:CurrentTime": "2999-01-01"}});
    let (code, page) = audit(&policy(GITHUB, &conditions), &["-o", "html"]);
    assert_eq!(code, 3);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("audit.html"), page).unwrap();
    std::fs::write(folder.path().join("typist.html"), TYPIST).unwrap();
    let out = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"])
        .args(["--disable-background-networking", "--disable-component-update", "--allow-file-access-from-files"])
        .args(["--virtual-time-budget=5000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("file://{}", folder.path().join("typist.html").display()))
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&out.stdout).into_owned();
    let told = dom.split("<pre id=\"told\">").nth(1).and_then(|t| t.split("</pre>").next()).unwrap_or_default();
    let told: Value = serde_json::from_str(&told.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
        .unwrap_or_else(|error| panic!("{error}: {dom}"));
    assert_eq!((&told["title"], &told["foreign"]), (&json!("Web identity trust"), &json!(0)), "{told}");
    // Two findings and one grant; the code stands in one row alone.
    assert_eq!((&told["all"], &told["filtered"], &told["count"]), (&json!(3), &json!(1), &json!("1 row")), "{told}");
    assert_eq!(told["sorted"], json!(["TA002", "TA017"]), "{told}");
    assert_eq!(told["text"], true, "{told}");
    assert!(listener.accept().is_err(), "the page fetched something");
}
