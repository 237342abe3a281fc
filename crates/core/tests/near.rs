//! How near to its fault a sound configuration gets: a scenario that is expected to pass and is the healthy base itself
//! shows only that health is healthy.

use std::collections::BTreeMap;

use trustwalk_core::diagnosis::{Outcome, diagnose};
use trustwalk_core::evidence::Observed;
use trustwalk_core::finding::Finding;
use trustwalk_testkit::{Expect, Scenario, scenarios};

/// Whether nothing is changed in the base.
fn is_plain(s: &Scenario) -> bool {
    let text = s.sts.is_none() && s.chain.is_none() && s.log.is_empty();
    text && s.set.is_empty() && s.trust.is_empty() && s.denied.is_empty() && s.absent.is_empty()
}

#[test]
fn what_is_near_a_fault_differs_from_health() {
    let mut nearest: BTreeMap<String, bool> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (cause, file, scenario) in scenarios().unwrap() {
        if scenario.expect != Expect::Pass {
            continue;
        }
        let plain = is_plain(&scenario);
        if plain && file.starts_with("near") {
            wrong.push(format!("{cause}/{file} is the healthy base"));
        }
        let all_plain = nearest.entry(cause).or_insert(true);
        *all_plain = *all_plain && plain;
    }
    for (cause, all_plain) in &nearest {
        if *all_plain {
            wrong.push(format!("{cause}: what is to pass is the healthy base; write a near.toml"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_two_near_misses_of_a_cause_are_one() {
    let mut seen: BTreeMap<(String, String), String> = BTreeMap::new();
    for (cause, file, scenario) in scenarios().unwrap() {
        if scenario.expect == Expect::Pass && !is_plain(&scenario) {
            let other = seen.insert((cause.clone(), format!("{scenario:?}")), file.clone());
            assert!(other.is_none(), "{cause}/{file} is {other:?}");
        }
    }
}

/// What is near a fault and cannot be called sound, each with why.
const UNSETTLED: [(&str, &str); 8] = [
    ("addon-annotates-one-of-several-service-accounts/near-role.toml", NO_ROLE),
    ("addon-annotates-one-of-several-service-accounts/near.toml", NO_ROLE),
    ("annotation-missing-on-service-account/near.toml", NO_ROLE),
    ("ci-job-does-not-request-token/pass-asked.toml", NO_RUN),
    ("gha-id-token-permission-missing/near.toml", NO_RUN),
    ("role-to-assume-empty/near.toml", NO_RUN),
    ("imds-hop-limit-blocks-node-role/near.toml", "a log alone tells nothing of cluster and account"),
    ("role-does-not-trust-pod-identity/near.toml", "the policies of the association's role were not read"),
];
const NO_ROLE: &str = "no role is named, so that there is no exchange to judge";
const NO_RUN: &str = "of a job without a run nobody knows the token";

/// STS accepts what these scenarios show, and questions about token, issuer, provider and trust ask no further then: so
/// each is judged as if nobody had asked STS, too.
#[test]
fn what_is_near_a_fault_is_sound_whether_or_not_sts_was_asked() {
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for (cause, file, scenario) in scenarios().unwrap() {
        if scenario.expect != Expect::Pass || is_plain(&scenario) {
            continue;
        }
        let asked = scenario.evidence().unwrap();
        let mut unasked = asked.clone();
        unasked.exchange = Observed::NotCollected { reason: "nobody asked STS".to_owned() };
        for (how, e) in [("asked", asked), ("unasked", unasked)] {
            tried += 1;
            let d = diagnose(&e);
            let failing = d.root_cause.iter().chain(&d.also).chain(&d.possible);
            let warned = d.warnings.iter().filter(|f| f.name() == cause);
            let found: Vec<&str> = failing.chain(warned).map(Finding::name).collect();
            if !found.is_empty() {
                wrong.push(format!("{cause}/{file}, STS {how}: {found:?}"));
            }
            let name = format!("{cause}/{file}");
            let settled = UNSETTLED.iter().all(|(unsettled, _)| *unsettled != name);
            if how == "asked" && settled != (d.outcome == Outcome::Ok) {
                wrong.push(format!("{name} comes to {:?}: {:?}", d.outcome, d.undetermined));
            }
        }
    }
    assert!(wrong.is_empty() && tried > 100, "{tried}:\n{}", wrong.join("\n"));
}
