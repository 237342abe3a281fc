//! The pages in `docs/rules` are what the catalogue says, and lead from every symptom to a page that prints it.
#![expect(clippy::disallowed_methods, reason = "tests read the pages from files")]

use std::collections::BTreeSet;
use std::path::Path;

use trustwalk_core::cause::{Cause, index_by_text, says_nothing};
use trustwalk_symptoms::{Symptom, classify_all};

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

/// Symptoms that lie outside the catalogue: no cause is about them, so no page prints them.
const OUTSIDE: &[Symptom] = &[Symptom::ProviderIdSent, Symptom::PackedPolicyTooLarge, Symptom::Throttled];

#[test]
fn every_symptoms_wording_stands_on_the_page_of_a_cause_that_shows_it() {
    let printed = |symptom: Symptom| {
        let mut said = Cause::of(symptom).flat_map(|c| &c.meta().says);
        said.any(|sentence| classify_all(sentence).iter().any(|f| f.symptom == symptom))
    };
    let lacking = |s: &&Symptom| !says_nothing(**s) && !OUTSIDE.contains(s) && !printed(**s);
    let lacking: Vec<&str> = Symptom::ALL.iter().filter(lacking).map(|s| s.name()).collect();
    assert!(lacking.is_empty(), "no page of a cause that shows it prints {lacking:?}");
    for symptom in OUTSIDE {
        assert!(!printed(*symptom), "{symptom} is inside the catalogue now");
    }
}

#[test]
fn a_sentence_means_what_its_cause_shows() {
    let mut wrong = Vec::new();
    for cause in Cause::ALL {
        for sentence in &cause.meta().says {
            let read = classify_all(sentence);
            if !read.is_empty() && !read.iter().any(|f| cause.shows().contains(&f.symptom) || says_nothing(f.symptom)) {
                let means: Vec<&str> = read.iter().map(|f| f.symptom.name()).collect();
                wrong.push(format!("{} does not show {}: {sentence}", cause.name(), means.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
