//! Evidence with one fact less, or with one that has no bearing: what is said may become less sure, and never wrong.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "evidence that cannot be read must fail every test")]

use serde_json::{Value, json};
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::{Diagnosis, Outcome, diagnose};
use trustwalk_core::evidence::Evidence;
use trustwalk_core::finding::Confidence;
use trustwalk_testkit::{Expect, scenarios};

/// Facts that can be taken out of evidence: every member that says whether it is known.
fn facts(e: &Value) -> Vec<String> {
    let known = |v: &Value| v.get("state").and_then(Value::as_str) == Some("known");
    e.as_object().unwrap().iter().filter(|(_, v)| known(v)).map(|(k, _)| k.clone()).collect()
}

fn without(e: &Value, fact: &str) -> Evidence {
    let mut e = e.clone();
    e[fact] = json!({"state": "denied", "permission": format!("read {fact}"), "message": "no",
        "source": {"what": fact, "at": 1_658_239_200}});
    serde_json::from_value(e).unwrap()
}

fn first(d: &Diagnosis) -> Option<(&'static str, Confidence)> {
    d.root_cause.as_ref().map(|f| (f.name(), f.confidence))
}

/// What was said of the whole evidence, of what is broken in it.
fn broken() -> Vec<(String, Value, Diagnosis)> {
    let broken = scenarios().unwrap().into_iter().filter(|(_, _, s)| s.expect == Expect::Violated);
    broken
        .map(|(cause, file, scenario)| {
            let e = scenario.evidence().unwrap();
            (format!("{cause}/{file}"), serde_json::to_value(&e).unwrap(), diagnose(&e))
        })
        .collect()
}

#[test]
fn a_fact_less_never_makes_it_sound_nor_proves_another_cause() {
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for (name, whole, said) in broken() {
        let all: Vec<Cause> = said.root_cause.iter().chain(&said.also).map(|f| f.cause).collect();
        for fact in facts(&whole) {
            tried += 1;
            let d = diagnose(&without(&whole, &fact));
            let sound = d.outcome == Outcome::Ok;
            // What the cause refines stays true.
            let true_still = |c: Cause| all.contains(&c) || all.iter().any(|a| a.meta().refines.contains(&c));
            let proven = d.root_cause.as_ref().filter(|f| f.confidence == Confidence::Proven);
            let other = proven.is_some_and(|f| !true_still(f.cause));
            if sound || other {
                wrong.push(format!("{name} without {fact}: {:?} {:?}", d.outcome, first(&d)));
            }
        }
    }
    assert!(tried > 1500, "{tried}");
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_has_no_bearing_changes_nothing() {
    let mut wrong = Vec::new();
    for (name, whole, said) in broken() {
        let mut more = whole.clone();
        let push = |e: &mut Value, fact: &str, item: Value| {
            if let Some(list) = e.pointer_mut(&format!("/{fact}/value")).and_then(Value::as_array_mut) {
                list.push(item);
            }
        };
        push(&mut more, "providers", json!("arn:aws:iam::111122223333:oidc-provider/elsewhere.example"));
        push(
            &mut more,
            "trail",
            json!({"at": 1_658_000_000, "name": "CreateOpenIDConnectProvider",
            "who": "other", "resource": "arn:aws:iam::111122223333:oidc-provider/elsewhere.example"}),
        );
        push(&mut more, "associations", json!({"namespace": "elsewhere", "service_account": "other", "created": 1}));
        push(&mut more, "siblings", json!({"namespace": "kube-system", "name": "unrelated-account"}));
        let d = diagnose(&serde_json::from_value(more).unwrap());
        if first(&d) != first(&said) || d.outcome != said.outcome {
            wrong.push(format!("{name}: {:?} became {:?}", first(&said), first(&d)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
