//! What the pages of the causes say of their repairs is what the cures of the scenarios are.
#![expect(clippy::disallowed_methods, reason = "scenarios that cannot be read must fail every test")]

use std::collections::BTreeSet;

use trustwalk_core::cause::{Cause, Repair};
use trustwalk_testkit::offered;

#[test]
fn every_page_says_of_its_repair_what_the_cures_are() {
    let offered = offered().unwrap();
    let table =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/repairs.md")).unwrap();
    let mut wrong = Vec::new();
    for cause in Cause::ALL {
        let known = offered.get(cause).cloned().unwrap_or_default();
        let (of, actions, acts) = (&known.pods_alone, &known.actions, known.acts_on());
        let (repair, why) = match cause.meta().repair {
            Repair::NeedsApproval => ("by trustwalk", ""),
            Repair::NewPods => ("new pods", ""),
            Repair::Manual(hand) => ("by hand", hand.why()),
        };
        let actions: Vec<String> = actions.iter().map(|a| format!("`{a}`")).collect();
        let (code, name) = (cause.code(), cause.name());
        let row =
            format!("| {code} | [{name}](../rules/{name}.md) | {repair} | {} | {acts} | {why} |\n", actions.join(", "));
        if !table.contains(&row) {
            wrong.push(format!("the table of repairs is stale, run `cargo xtask gen`: {row}"));
        }
        let right = match cause.meta().repair {
            Repair::NeedsApproval => of.contains(&false),
            Repair::NewPods => *of == BTreeSet::from([true]),
            Repair::Manual(_) => of.is_empty(),
        };
        if !right {
            wrong.push(format!("{}: {:?}, and its cures change pods alone: {of:?}", cause.name(), cause.meta().repair));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), Cause::ALL.len(), wrong.join("\n"));
}
