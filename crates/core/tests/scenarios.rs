//! Every scenario names its one root cause and nothing else; healthy evidence names none.
#![expect(clippy::disallowed_methods, reason = "tests read their scenarios from files")]

use std::path::{Path, PathBuf};

use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::{LinkState, diagnose};
use trustwalk_core::evidence::Evidence;
use trustwalk_core::finding::{Confidence, Finding};
use trustwalk_core::plan::{Action, build};
use trustwalk_testkit::{Expect, Scenario, blank, github_job, story};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("causes")
}

#[expect(clippy::unwrap_used, reason = "a scenario that cannot be read must fail every test")]
fn scenarios() -> Vec<(String, String, Scenario)> {
    trustwalk_testkit::scenarios().unwrap()
}

#[test]
fn each_scenario_has_the_root_cause_it_expects_and_no_other() {
    let mut wrong = Vec::new();
    for (rule, file, scenario) in scenarios() {
        let evidence = scenario.evidence().unwrap_or_else(|e| panic!("{rule}/{file}: {e}"));
        let d = diagnose(&evidence);
        let found: Vec<&str> = d.root_cause.iter().chain(&d.also).map(Finding::name).collect();
        let sure = d.root_cause.as_ref().is_some_and(|f| f.confidence > Confidence::Possible) && d.possible.is_empty();
        let possible: Vec<&str> = d.possible.iter().map(Finding::name).collect();
        let good = match scenario.expect {
            Expect::Violated => found == [rule.as_str()] && sure,
            Expect::Possible => found == [rule.as_str()] && !sure,
            Expect::Warning => found.is_empty() && d.warnings.iter().map(Finding::name).eq([rule.as_str()]),
            Expect::Pass => found.is_empty() && possible.is_empty(),
            Expect::Undetermined => found.is_empty() && possible.is_empty() && !d.undetermined.is_empty(),
        };
        if !good {
            wrong.push(format!("{rule}/{file}: found {found:?}; possible {possible:?}; open {:?}", d.undetermined));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_cause_has_a_scenario_of_each_kind() {
    let all = scenarios();
    let mut lacking = Vec::new();
    for cause in Cause::ALL {
        let own: Vec<&Scenario> = all.iter().filter(|(of, _, _)| of == cause.name()).map(|(_, _, s)| s).collect();
        let has = |expects: &[Expect]| own.iter().any(|s| expects.contains(&s.expect));
        for expects in
            [&[Expect::Violated, Expect::Possible, Expect::Warning][..], &[Expect::Pass], &[Expect::Undetermined]]
        {
            if !has(expects) {
                lacking.push(format!("{}: no scenario that expects {expects:?}", cause.name()));
            }
        }
    }
    for (of, file, _) in &all {
        if Cause::find(of).is_none() {
            lacking.push(format!("{of}/{file}: no such cause"));
        }
    }
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
}

#[test]
fn healthy_evidence_passes_every_link() {
    for base in [story().unwrap(), github_job().unwrap()] {
        let evidence: Evidence = serde_json::from_value(base).unwrap();
        let d = diagnose(&evidence);
        assert!(d.root_cause.is_none() && d.also.is_empty(), "{:?}", d.root_cause);
        assert_eq!(d.undetermined, Vec::<String>::new());
        for link in &d.links {
            assert!(matches!(link.state, LinkState::Pass | LinkState::Seen | LinkState::NotApplicable), "{link:?}");
            assert!(!link.saw.is_empty());
        }
    }
}

#[test]
fn nothing_known_is_never_success() {
    let d = diagnose(&blank());
    assert!(d.root_cause.is_none());
    assert!(!d.undetermined.is_empty());
    assert!(d.links.iter().all(|l| l.state == LinkState::Undetermined), "{:?}", d.links);
}

#[test]
fn thumbprints_are_added_kept_and_never_pinned_blindly() {
    let read = |file: &str| Scenario::parse(&std::fs::read_to_string(folder().join(file)).unwrap()).unwrap();
    let mut scenario = read("thumbprint-mismatch/violated.toml");
    scenario.chain = Some("private-issuer".to_owned());
    let evidence = scenario.evidence().unwrap();
    let plan = build(&evidence, &diagnose(&evidence));
    let Some(Action::SetThumbprints { thumbprints, .. }) = plan.steps.first().map(|s| s.action.clone()) else {
        panic!("{plan:?}")
    };
    assert_eq!(thumbprints.len(), 2);
    assert!(thumbprints.contains(&"9e99a48a9960b14926bb7f3b02e22da2b0ab7280".to_owned()));
    let found = diagnose(&evidence).root_cause.unwrap();
    assert!(found.cures[0].title.contains("verified by your bundle alone (`CN=Private Root`)"), "{found:?}");
    // Neither what nobody trusts, nor what only a bundle of ours does while the host is everybody's.
    for chain in ["untrusted", "private"] {
        scenario.chain = Some(chain.to_owned());
        let evidence = scenario.evidence().unwrap();
        let diagnosis = diagnose(&evidence);
        let found = diagnosis.root_cause.as_ref().unwrap();
        assert_eq!(found.name(), "thumbprint-mismatch");
        assert!(found.cures.iter().all(|c| c.actions.is_empty() && c.by_hand.iter().all(|(tool, _)| tool == "note")));
        assert!(build(&evidence, &diagnosis).steps.is_empty(), "{chain}");
    }
}

#[test]
fn an_inspected_public_issuer_is_a_question() {
    let file = folder().join("thumbprint-mismatch/violated.toml");
    let mut scenario = Scenario::parse(&std::fs::read_to_string(file).unwrap()).unwrap();
    // STS said nothing: that AWS would consult the thumbprint for what is seen from here proves nothing.
    scenario.sts = None;
    scenario.denied = vec!["exchange".to_owned()];
    for chain in ["private", "untrusted"] {
        scenario.chain = Some(chain.to_owned());
        let evidence = scenario.evidence().unwrap();
        let diagnosis = diagnose(&evidence);
        assert!(diagnosis.root_cause.is_none() && diagnosis.also.is_empty(), "{diagnosis:?}");
        let asked = diagnosis.undetermined.iter().any(|u| format!("{u:?}").contains("which certificates AWS sees of"));
        assert!(asked, "{:?}", diagnosis.undetermined);
        assert!(build(&evidence, &diagnosis).steps.is_empty());
    }
}

#[test]
fn a_repaired_trust_policy_admits_the_identity() {
    for (rule, file, scenario) in scenarios() {
        let mut evidence = scenario.evidence().unwrap();
        let diagnosis = diagnose(&evidence);
        // A plan is long to make, and only what is proposed stands in one.
        let named = diagnosis.root_cause.iter().chain(&diagnosis.also);
        let mut actions = named.flat_map(|f| &f.cures).flat_map(|c| &c.actions);
        if !actions.any(|a| matches!(a, Action::SetTrustPolicy { .. })) {
            continue;
        }
        let plan = build(&evidence, &diagnosis);
        let document = plan.steps.iter().find_map(|s| {
            let Action::SetTrustPolicy { document, .. } = &s.action else { return None };
            Some(document.clone())
        });
        let (Some(document), trustwalk_core::evidence::Observed::Known { value, .. }) = (document, &mut *evidence.role)
        else {
            continue;
        };
        value.trust_policy = document;
        let d = diagnose(&evidence);
        let left: Vec<&str> = d.root_cause.iter().chain(&d.also).map(Finding::name).collect();
        // The evidence still holds STS's refusal, which now has no reason in the policy.
        let settled = scenario.sts.is_none() && left.is_empty();
        assert!(settled || left == ["org-policy-rcp-scp-deny"], "{rule}/{file}: {left:?}");
    }
}
