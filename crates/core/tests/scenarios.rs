//! Every scenario names its one root cause and nothing else; healthy evidence names none.
#![expect(clippy::disallowed_methods, reason = "tests read their scenarios from files")]

use std::path::{Path, PathBuf};

use trustwalk_core::diagnosis::{LinkState, diagnose};
use trustwalk_core::finding::{Severity, Verdict};
use trustwalk_core::plan::{Action, build};
use trustwalk_core::rule::View;
use trustwalk_core::{evidence::Evidence, rules};
use trustwalk_testkit::{Expect, Scenario, blank, github_job, story};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
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
        let found: Vec<&str> = d.root_cause.iter().chain(&d.also).map(|f| f.name.as_str()).collect();
        let good = match scenario.expect {
            Expect::Violated => found == [rule.as_str()],
            Expect::Pass => found.is_empty(),
            Expect::Undetermined => found.is_empty() && !d.undetermined.is_empty(),
        };
        if !good {
            wrong.push(format!("{rule}/{file}: found {found:?}; open {:?}", d.undetermined));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_scenario_of_each_kind() {
    let all = scenarios();
    let mut lacking = Vec::new();
    for rule in rules::all() {
        let name = rule.meta().name;
        for expect in [Expect::Violated, Expect::Pass, Expect::Undetermined] {
            if !all.iter().any(|(of, _, s)| of == name && s.expect == expect) {
                lacking.push(format!("{name}: no scenario that expects {expect:?}"));
            }
        }
    }
    for (of, file, _) in &all {
        if rules::by_code_or_name(of).is_none() {
            lacking.push(format!("{of}/{file}: no such rule"));
        }
    }
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
}

/// Each rule by itself, masks and order aside: a neighbour may speak only where the root cause explains it away.
#[test]
fn no_rule_speaks_in_its_neighbours_scenarios() {
    let mut wrong = Vec::new();
    for (of, file, scenario) in scenarios() {
        let evidence = scenario.evidence().unwrap();
        for rule in rules::all() {
            let m = rule.meta();
            let verdict = rule.judge(&View::new(&evidence));
            let spoke = matches!(&verdict, Verdict::Violated { findings }
                if findings.iter().any(|f| f.severity == Severity::Error));
            let own = m.name == of;
            let good = match scenario.expect {
                Expect::Violated => spoke == own || (spoke && m.masked_by.contains(&of.as_str())),
                Expect::Pass => !spoke,
                Expect::Undetermined => !spoke && (!own || matches!(verdict, Verdict::Undetermined { .. })),
            };
            if !good {
                wrong.push(format!("{of}/{file}: {} says {verdict:?}", m.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn healthy_evidence_passes_every_link() {
    for base in [story().unwrap(), github_job().unwrap()] {
        let evidence: Evidence = serde_json::from_value(base).unwrap();
        let d = diagnose(&evidence);
        assert!(d.root_cause.is_none() && d.also.is_empty(), "{:?}", d.root_cause);
        assert_eq!(d.undetermined, Vec::<String>::new());
        for link in &d.links {
            assert!(matches!(link.state, LinkState::Pass | LinkState::NotApplicable), "{link:?}");
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
fn rules_are_described_and_read_only_what_they_say() {
    let all = scenarios();
    for (index, rule) in rules::all().iter().enumerate() {
        let m = rule.meta();
        assert_eq!(m.code, format!("TW{:03}", index + 1));
        for heading in ["What it checks", "Why it breaks", "Evidence", "Repair", "References"] {
            assert!(m.doc.contains(&format!("## {heading}\n")), "{}: {heading}", m.name);
        }
        assert!(!m.citation.is_empty());
        assert!(rules::by_code_or_name(m.name).is_some_and(|r| r.meta().code == m.code));
        for (_, _, scenario) in all.iter().step_by(7) {
            let evidence = scenario.evidence().unwrap();
            let view = View::new(&evidence);
            rule.judge(&view);
            for kind in view.kinds_read() {
                assert!(m.needs.contains(&kind), "{} reads {kind:?}", m.name);
            }
        }
    }
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
        assert_eq!(found.name, "thumbprint-mismatch");
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
        let plan = build(&evidence, &diagnose(&evidence));
        let document = plan.steps.iter().find_map(|s| {
            let Action::SetTrustPolicy { document, .. } = &s.action else { return None };
            Some(document.clone())
        });
        let (Some(document), trustwalk_core::evidence::Observed::Known { value, .. }) = (document, &mut evidence.role)
        else {
            continue;
        };
        value.trust_policy = document;
        let d = diagnose(&evidence);
        let left: Vec<&str> = d.root_cause.iter().chain(&d.also).map(|f| f.name.as_str()).collect();
        // The evidence still holds STS's refusal, which now has no reason in the policy.
        let settled = scenario.sts.is_none() && left.is_empty();
        assert!(settled || left == ["org-policy-rcp-scp-deny"], "{rule}/{file}: {left:?}");
    }
}
