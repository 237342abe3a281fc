//! What the pages of the causes say of their repairs is what the cures of the scenarios are.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "scenarios that cannot be read must fail every test"
)]

use std::collections::{BTreeMap, BTreeSet};

use trustwalk_core::cause::{Cause, Repair};
use trustwalk_core::diagnosis::diagnose;
use trustwalk_core::finding::Finding;
use trustwalk_core::plan::Action;
use trustwalk_testkit::{Expect, scenarios};

/// The actions of each cause's cures, and whether a cure's are of pods alone, over all scenarios in which it is found.
fn offered() -> BTreeMap<Cause, (BTreeSet<bool>, BTreeSet<String>)> {
    let broken = [Expect::Violated, Expect::Possible, Expect::Warning];
    let mut all: BTreeMap<Cause, (BTreeSet<bool>, BTreeSet<String>)> = BTreeMap::new();
    for (_, _, scenario) in scenarios().unwrap().into_iter().filter(|(_, _, s)| broken.contains(&s.expect)) {
        let d = diagnose(&scenario.evidence().unwrap());
        let found: Vec<&Finding> = d.root_cause.iter().chain(&d.also).chain(&d.possible).chain(&d.warnings).collect();
        for finding in found {
            for cure in finding.cures.iter().filter(|c| !c.actions.is_empty()) {
                let pods = cure.actions.iter().all(Action::renews_pods);
                let (alone, names) = all.entry(finding.cause).or_default();
                alone.insert(pods);
                let name = |a: &Action| serde_json::to_value(a).unwrap()["action"].as_str().unwrap().to_owned();
                names.extend(cure.actions.iter().map(name));
            }
        }
    }
    all
}

#[test]
fn every_page_says_of_its_repair_what_the_cures_are() {
    let offered = offered();
    let table =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/repairs.md")).unwrap();
    let mut wrong = Vec::new();
    for cause in Cause::ALL {
        let (of, actions) = offered.get(cause).cloned().unwrap_or_default();
        let (repair, why) = match cause.meta().repair {
            Repair::NeedsApproval => ("by trustwalk", ""),
            Repair::NewPods => ("new pods", ""),
            Repair::Manual(hand) => ("by hand", hand.why()),
        };
        let actions: Vec<String> = actions.iter().map(|a| format!("`{a}`")).collect();
        let (code, name) = (cause.code(), cause.name());
        let row = format!("| {code} | [{name}](../rules/{name}.md) | {repair} | {} | {why} |\n", actions.join(", "));
        if !table.contains(&row) {
            wrong.push(format!("the table of repairs is stale, run `cargo xtask gen`: {row}"));
        }
        let right = match cause.meta().repair {
            Repair::NeedsApproval => of.contains(&false),
            Repair::NewPods => of == BTreeSet::from([true]),
            Repair::Manual(_) => of.is_empty(),
        };
        if !right {
            wrong.push(format!("{}: {:?}, and its cures change pods alone: {of:?}", cause.name(), cause.meta().repair));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), Cause::ALL.len(), wrong.join("\n"));
}
