//! Every format of `diagnose` and the exit code say the same, for every scenario of every rule.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use crate::support::trustwalk;
use serde_json::{Value, json};
use trustwalk_core::diagnosis::{Outcome, besides_identity, diagnose};
use trustwalk_core::evidence::Evidence;
use trustwalk_testkit::{blank, scenarios};

/// Evidence of a failure for which no cause can be named: STS refuses, and nothing else is known.
fn unexplained(all: &[Evidence]) -> Evidence {
    let refused = all.iter().find(|e| e.exchange.known().is_some_and(|x| x.assumed.is_none())).unwrap();
    Evidence { exchange: refused.exchange.clone(), ..blank() }
}

#[test]
fn the_formats_and_the_exit_code_agree_whatever_was_found() {
    let mut all: Vec<Evidence> = scenarios().unwrap().iter().map(|(_, _, s)| s.evidence().unwrap()).collect();
    all.extend([blank(), unexplained(&all)]);
    for (outcome, code) in [(Outcome::Ok, 0), (Outcome::Undetermined, 4), (Outcome::Broken, 3), (Outcome::RootCause, 3)]
    {
        // Of many, those that fail for another reason than an identity are told apart.
        let judged = |e: &&Evidence| {
            let d = diagnose(e);
            d.outcome == outcome && besides_identity(e, &d).is_none()
        };
        let these: Vec<&Evidence> = all.iter().filter(judged).collect();
        assert!(!these.is_empty(), "nothing comes to {outcome:?}");
        let dir = tempfile::tempdir().unwrap();
        let bundle = json!({"version": 1, "tool": "trustwalk", "evidence": these});
        std::fs::write(dir.path().join("bundle"), bundle.to_string()).unwrap();
        let run = |words: &[&str]| {
            let words = [&["diagnose", "--bundle", "bundle"], words].concat();
            let out = trustwalk().args(words).current_dir(dir.path()).output().unwrap();
            assert_eq!(out.status.code(), Some(code), "{outcome:?}");
            String::from_utf8(out.stdout).unwrap()
        };
        let human = run(&["-v"]);
        let told: &[&str] = match outcome {
            Outcome::Ok => &["\nOk: no fault found, every link holds; judged: "],
            Outcome::Undetermined => {
                &["\nUndetermined: nothing wrong was found", "\nUndetermined: the workload is not well"]
            }
            Outcome::Broken => &["\nBroken: something fails"],
            Outcome::RootCause => &["\nRoot cause: TW"],
        };
        assert_eq!(told.iter().map(|t| human.matches(t).count()).sum::<usize>(), these.len(), "{outcome:?}");
        let short = run(&["-o", "short"]);
        let firsts = short.lines().filter(|l| match outcome {
            Outcome::RootCause => l.split(' ').nth(1) == Some("root-cause"),
            Outcome::Ok | Outcome::Undetermined | Outcome::Broken => l.split(' ').next() == Some(outcome.word()),
        });
        assert_eq!(firsts.count(), these.len(), "{outcome:?}: {short}");
        let json: Value = serde_json::from_str(&run(&["-o", "json"])).unwrap();
        assert!(json.as_array().unwrap().iter().all(|d| d["outcome"] == outcome.word()), "{outcome:?}");
        let overview = run(&[]);
        let word = if outcome == Outcome::RootCause { "broken" } else { outcome.word() };
        let title = format!("trustwalk: {} identities, {} {word}\n", these.len(), these.len());
        assert!(these.len() == 1 || overview.starts_with(&title), "{overview}");
    }
}

/// A record of `CloudTrail`, as a delivery has it.
fn record(name: &str, error: Option<&str>) -> Value {
    let issuer = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-west-2.amazonaws.com/id/AB12";
    let subject = format!("system:serviceaccount:shop:{name}");
    json!({"eventSource": "sts.amazonaws.com", "eventName": "AssumeRoleWithWebIdentity", "eventID": name,
        "eventTime": "2026-01-01T00:00:00Z", "errorCode": error.map(|_| "AccessDenied"), "errorMessage": error,
        "userIdentity": {"type": "WebIdentityUser", "userName": subject, "identityProvider": issuer},
        "requestParameters": {"roleArn": format!("arn:aws:iam::111122223333:role/{name}")}})
}

#[test]
fn a_log_of_several_identities_is_told_identity_by_identity() {
    let dir = tempfile::tempdir().unwrap();
    let lines = "store a: could not assume role arn:aws:iam::111122223333:role/cart: InvalidIdentityToken: Incorrect \
                 token audience\nstore b: could not assume role arn:aws:iam::111122223333:role/till: AccessDenied: \
                 Not authorized to perform sts:AssumeRoleWithWebIdentity\n";
    std::fs::write(dir.path().join("app.log"), lines).unwrap();
    let denied = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
    let records =
        json!({"Records": [record("cart", Some(denied)), record("till", Some(denied)), record("good", None)]});
    std::fs::write(dir.path().join("trail.json"), records.to_string()).unwrap();
    let run = |words: &[&str]| {
        let words = [&["diagnose"], words].concat();
        let out = trustwalk().args(words).current_dir(dir.path()).env("HOME", dir.path()).output().unwrap();
        assert_eq!(out.status.code(), Some(3), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    let roles = |log: &str| {
        let json: Value = serde_json::from_str(&run(&["--log", log, "-o", "json"])).unwrap();
        let role = |d: &Value| d["target"]["identity"]["role"].as_str().unwrap_or_default().to_owned();
        json.as_array()
            .unwrap()
            .iter()
            .map(|d| (role(d), d["outcome"].as_str().unwrap().to_owned()))
            .collect::<Vec<_>>()
    };
    let arn = |name: &str| format!("arn:aws:iam::111122223333:role/{name}");
    let broken = |name: &str| (arn(name), "broken".to_owned());
    assert_eq!(roles("app.log"), [broken("cart"), broken("till")]);
    // Who succeeded stands beside them, and is nobody's fault.
    let all = roles("trail.json");
    assert_eq!(all.get(..2), Some(&[broken("cart"), broken("till")][..]), "{all:?}");
    let short = run(&["--log", "app.log", "-o", "short"]);
    assert!(short.contains(&arn("cart")) && short.contains(&arn("till")), "{short}");
    let human = run(&["--log", "app.log"]);
    assert!(human.starts_with("trustwalk: 2 identities, 2 broken"), "{human}");
    let whole = run(&["--log", "app.log", "-v"]);
    let section = |name: &str| whole.find(&format!("log app.log, {}", arn(name)));
    let (cart, till) = (section("cart").unwrap(), section("till").unwrap());
    let of = |words: &str| whole.find(words).unwrap();
    assert!(cart < of("Incorrect token audience") && of("Incorrect token audience") < till, "{whole}");
    assert!(till < of("Not authorized to perform"), "{whole}");
}
