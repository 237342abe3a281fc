//! The pages in `docs/rules` are what the catalogue says, and lead from every symptom to a page that prints it.
#![expect(clippy::disallowed_methods, reason = "tests read the pages from files")]

use std::collections::BTreeSet;
use std::path::Path;

use trustwalk_core::cause::{Cause, index_by_text};

fn rules() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules")
}

#[test]
fn the_index_by_text_is_what_the_generator_writes() {
    let written = std::fs::read_to_string(rules().join("index-by-text.md")).unwrap();
    // Not `assert_eq`: two pages side by side tell nobody more.
    assert!(written == index_by_text(), "docs/rules/index-by-text.md is stale: run `cargo xtask gen`");
}

#[test]
fn the_index_has_every_sentence_and_leads_to_every_page_that_prints_it() {
    let index = index_by_text();
    let sections: Vec<&str> = index.split("\n## ").skip(1).collect();
    for cause in Cause::ALL {
        let link = format!("[{} {}]({}.md)", cause.code(), cause.name(), cause.name());
        for sentence in &cause.meta().says {
            let printed = format!("\n{sentence}\n");
            let own: Vec<&&str> = sections.iter().filter(|s| s.contains(&printed)).collect();
            assert_eq!(own.len(), 1, "{sentence}");
            assert!(own[0].contains(&link), "{sentence} does not lead to {}", cause.name());
        }
    }
    for section in &sections {
        for file in section.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            assert!(rules().join(file).is_file(), "{file}");
        }
    }
    let titles: Vec<String> = sections.iter().map(|s| s.lines().next().unwrap().to_lowercase()).collect();
    assert_eq!(titles.iter().collect::<BTreeSet<_>>().len(), titles.len(), "two sections have one title");
}
