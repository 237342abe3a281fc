//! Every format says what a diagnosis comes to, in the same words, whatever was found.

use serde_json::Value;
use trustwalk_core::diagnosis::{Diagnosis, Outcome, diagnose};
use trustwalk_render::{Pen, Shown, human, many, short};
use trustwalk_testkit::{blank, scenarios};

/// How people are told of a diagnosis that names no cause.
fn sentence(outcome: Outcome) -> String {
    let word = outcome.word();
    let (first, rest) = word.split_at(1);
    format!("{}{rest}: {}\n", first.to_uppercase(), outcome.meaning())
}

/// What is wrong with the three formats of one diagnosis, if anything.
fn disagreement(d: &Diagnosis) -> Option<String> {
    let human = human(d, Pen::new(false), false);
    let said: Vec<Outcome> = [Outcome::Ok, Outcome::Undetermined, Outcome::Broken]
        .into_iter()
        .filter(|o| human.as_str().contains(&sentence(*o)))
        .collect();
    let named = human.as_str().contains("\nRoot cause\n");
    let people = match said.as_slice() {
        [one] if !named => Some(*one),
        [] if named => Some(Outcome::RootCause),
        _ => None,
    };
    let short = short(d);
    let first = short.as_str().lines().next().unwrap_or_default();
    let grep = match first.split(' ').collect::<Vec<_>>().as_slice() {
        [_, "root-cause", ..] => Some(Outcome::RootCause),
        ["broken", ..] => Some(Outcome::Broken),
        ["undetermined", ..] => Some(Outcome::Undetermined),
        ["ok", ..] => Some(Outcome::Ok),
        _ => None,
    };
    let json: Value = serde_json::from_str(Shown::json(d).ok()?.as_str()).ok()?;
    let machine = [Outcome::Ok, Outcome::Undetermined, Outcome::Broken, Outcome::RootCause]
        .into_iter()
        .find(|o| json.get("outcome").is_some_and(|said| said == o.word()));
    let all = [people, grep, machine];
    let meant = first.contains(d.outcome.meaning()) || d.outcome == Outcome::RootCause;
    (all != [Some(d.outcome); 3] || !meant).then(|| format!("{:?}: {all:?}, {first}", d.outcome))
}

#[test]
fn every_format_says_the_same_of_every_scenario() {
    let mut wrong = Vec::new();
    let mut met = Vec::new();
    for (rule, file, scenario) in scenarios().unwrap() {
        let d = diagnose(&scenario.evidence().unwrap());
        met.push(d.outcome);
        wrong.extend(disagreement(&d).map(|w| format!("{rule}/{file}: {w}")));
    }
    wrong.extend(disagreement(&diagnose(&blank())));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for outcome in [Outcome::Ok, Outcome::Undetermined, Outcome::RootCause] {
        assert!(met.contains(&outcome), "no scenario comes to {outcome:?}");
    }
}

#[test]
fn a_failure_without_a_cause_is_broken_in_every_format() {
    let mut evidence = blank();
    for (_, _, scenario) in scenarios().unwrap() {
        let e = scenario.evidence().unwrap();
        if e.exchange.known().is_some_and(|x| x.assumed.is_none()) {
            evidence.exchange = e.exchange;
            break;
        }
    }
    let d = diagnose(&evidence);
    assert_eq!((d.outcome, d.root_cause.is_none()), (Outcome::Broken, true), "{d:?}");
    assert_eq!(disagreement(&d), None);
    let overview = many(&[d.clone(), d], Pen::new(false));
    assert!(overview.as_str().starts_with("trustwalk: 2 identities, 2 broken\n"), "{}", overview.as_str());
}
