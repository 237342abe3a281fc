//! Bundles: what is written is read back, older formats too, and what identities share stands once.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::path::Path;

use trustwalk_collect::Bundle;
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::{Diagnosis, diagnose};
use trustwalk_core::evidence::Evidence;
use trustwalk_testkit::crowd;

fn fixture(name: &str) -> Bundle {
    Bundle::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bundles").join(name)).unwrap()
}

fn causes(all: &[Evidence]) -> Vec<Option<Cause>> {
    all.iter().map(|e| diagnose(e).root_cause.map(|f| f.cause)).collect()
}

fn words(d: &Diagnosis) -> String {
    serde_json::to_string(d).unwrap()
}

#[test]
fn a_bundle_of_format_2_says_what_it_said() {
    let told =
        [Some(Cause::ThumbprintMismatch), Some(Cause::SubWrongNamespace), Some(Cause::GhaSubEnvironmentVsRef), None];
    assert_eq!(causes(&fixture("format-2.json").evidence()), told);
}

#[test]
fn a_bundle_of_format_1_says_what_it_said_and_is_held_to_the_list_of_what_is_kept() {
    let bundle = fixture("format-1.json");
    let text = bundle.text().unwrap();
    // It stands in the file where format 1 kept commands, labels, annotations, values and inputs.
    assert!(!text.contains("canary-feather"), "{text}");
    let evidence = bundle.evidence();
    assert_eq!(causes(&evidence), [Some(Cause::ThumbprintMismatch), Some(Cause::GhaSubEnvironmentVsRef)]);
    let addons = evidence[0].addons.known().unwrap();
    assert_eq!(addons.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["vpc-cni"]);
}

#[test]
fn an_older_bundle_written_anew_is_the_same_in_this_format() {
    for name in ["format-1.json", "format-2.json"] {
        let bundle = fixture(name);
        let text = bundle.text().unwrap();
        assert!(text.contains("\"version\":3"), "{text}");
        assert_eq!(Bundle::parse(text.as_bytes()).as_ref(), Ok(&bundle), "{name}");
    }
}

#[test]
fn many_identities_are_written_read_back_and_judged_alike() {
    let crowd = crowd(200).unwrap();
    let before: Vec<String> = crowd.iter().map(|e| words(&diagnose(e))).collect();
    let text = Bundle::new(crowd).unwrap().text().unwrap();
    let read = Bundle::parse(text.as_bytes()).unwrap().evidence();
    let after: Vec<String> = read.iter().map(|e| words(&diagnose(e))).collect();
    assert_eq!(before, after);
    let kinds: std::collections::BTreeSet<_> = causes(&read).into_iter().collect();
    assert!(kinds.len() > 3, "the crowd is all alike: {kinds:?}");
}

#[test]
fn what_identities_share_is_written_and_kept_once() {
    let size = |count: usize| {
        let crowd = crowd(count).unwrap();
        let root = crowd[0].roots.library[0].clone();
        let text = Bundle::new(crowd).unwrap().text().unwrap();
        assert_eq!(text.matches(&root).count(), 1, "the roots stand more than once");
        assert_eq!(text.matches("\"client_ids\"").count(), 1, "the provider stands more than once");
        text.len()
    };
    let (few, many) = (size(20), size(60));
    assert!((many - few) / 40 < LARGEST, "an identity takes {} bytes", (many - few) / 40);
    let read = Bundle::parse(Bundle::new(crowd(20).unwrap()).unwrap().text().unwrap().as_bytes()).unwrap().evidence();
    assert!(read.iter().all(|e| e.run.is(&read[0].run) && e.chains.is(&read[0].chains)));
}

/// Bytes that one identity may take beyond what it shares.
const LARGEST: usize = 8 << 10;

#[test]
fn an_identity_that_refers_to_nothing_is_refused_and_so_are_more_objects_than_a_bundle_has() {
    let text = r#"{"version":3,"tool":"t","shared":{},"identities":[{"target":{"kind":"log","name":"a"},"run":1}]}"#;
    assert!(Bundle::parse(text.as_bytes()).unwrap_err().contains("refers to"));
    let many = format!(r#"{{"version":3,"tool":"t","shared":{{}},"identities":[{}{{}}]}}"#, "{},".repeat(1 << 20));
    let refused = Bundle::parse(many.as_bytes()).unwrap_err();
    assert!(refused.contains("JSON objects"), "{refused}");
}
