//! On the lab's moved clock every break comes on the day that was foretold, and none comes unannounced.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{LabProcess, succeed, tool};

/// What is asked about: as `diagnose -o name` writes it.
const LEDGER: &str = "deployment/payments/ledger";
const CNI: &str = "daemonset/kube-system/aws-node";
const DAY: i64 = 86_400;

fn json_of(out: &std::process::Output) -> Value {
    serde_json::from_slice(&out.stdout).unwrap()
}

/// What is foretold to fail on a day, by day: the cause's code, and whom it concerns.
fn foretold(lab: &LabProcess) -> BTreeMap<i64, Vec<(String, Vec<String>)>> {
    let out = lab.trustwalk(&["forecast", "--within", "10y", "-o", "json"]);
    let document = json_of(&out);
    let mut all: BTreeMap<i64, Vec<(String, Vec<String>)>> = BTreeMap::new();
    for one in document["forthcoming"].as_array().unwrap() {
        let Some(at) = one["when"]["at"].as_i64().filter(|_| one["fails"] == true) else { continue };
        let whom = one["whom"].as_array().unwrap().iter().map(|t| {
            let text = |key: &str| t[key].as_str().unwrap().to_lowercase();
            format!("{}/{}/{}", text("resource"), text("namespace"), text("name"))
        });
        all.entry(at).or_default().push((one["code"].as_str().unwrap().to_owned(), whom.collect()));
    }
    all.retain(|at, _| *at < document["until"].as_i64().unwrap());
    all
}

/// What is broken now, each with the code of its root cause.
fn broken(lab: &LabProcess) -> BTreeMap<String, String> {
    let out = lab.trustwalk(&["diagnose", "-o", "json", "--exchange"]);
    let all: Value = json_of(&out);
    let of = |d: &Value| {
        let text = |key: &str| d["target"][key].as_str().unwrap().to_lowercase();
        let code = d["root_cause"]["code"].as_str()?.to_owned();
        Some((format!("{}/{}/{}", text("resource"), text("namespace"), text("name")), code))
    };
    all.as_array().unwrap().iter().filter_map(of).collect()
}

fn set(lab: &LabProcess, at: i64) {
    let to = jiff::Timestamp::from_second(at).unwrap().to_string();
    let out = lab.lab(&["clock", &to]);
    assert!(out.status.success(), "{to}: {}", String::from_utf8_lossy(&out.stderr));
}

fn thumbprint_of(lab: &LabProcess, position: usize) -> String {
    let issuer = super::issuer(lab);
    let all = json_of(&lab.trustwalk(&["thumbprint", &issuer, "--no-account", "-o", "json"]));
    all["hosts"][0]["certificates"][position]["sha1"].as_str().unwrap().to_owned()
}

#[test]
fn what_was_foretold_breaks_on_its_day_and_nothing_else_does() {
    let lab = LabProcess::up(&[]);
    assert_eq!(broken(&lab), BTreeMap::new());
    let aws = |words: &[&str]| succeed(lab.command(tool("aws")).args(words));
    // One role's trust ends in three weeks, and of the issuer's chain only the authority below the roots is pinned.
    let now = jiff::Timestamp::now().as_second();
    let end = jiff::Timestamp::from_second(now + 21 * DAY).unwrap().to_string();
    let arn = json_of(&lab.trustwalk(&["collect", "deployment/ledger", "-n", "payments", "-o", "-"]));
    let arn = arn["identities"][0]["role_arn"]["value"].as_str().unwrap();
    let name = arn.rsplit('/').next().unwrap();
    let query = ["--query", "Role.AssumeRolePolicyDocument", "--output", "json"];
    let policy = aws(&[&["iam", "get-role", "--role-name", name][..], &query].concat());
    let mut policy: Value = serde_json::from_str(&policy).unwrap();
    policy["Statement"][0]["Condition"]["DateLessThan"] = serde_json::json!({"aws:CurrentTime": end});
    let policy = policy.to_string();
    aws(&["iam", "update-assume-role-policy", "--role-name", name, "--policy-document", &policy]);
    // Whoever looks at now is told what comes soon, and it is no fault.
    let said = lab.trustwalk(&["diagnose", "deployment/ledger", "-n", "payments"]);
    let words = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.status.success() && words.contains("Later: ") && words.contains("in 20 days: TW108"), "{words}");
    let provider = super::standing(&lab, &[])["provider"].as_str().unwrap().to_owned();
    let pinned = thumbprint_of(&lab, 1);
    let update = ["iam", "update-open-id-connect-provider-thumbprint", "--open-id-connect-provider-arn", &provider];
    aws(&[&update[..], &["--thumbprint-list", &pinned]].concat());

    let days = foretold(&lab);
    assert_eq!(days.len(), 2, "{days:#?}");
    let mut gone: BTreeMap<String, String> = BTreeMap::new();
    let mut before = now;
    for (at, breaks) in &days {
        // On the way there nothing breaks: not with a new leaf, not with new keys, not an hour before.
        for on_the_way in [before + (at - before) / 2, at - 3_600] {
            set(&lab, on_the_way);
            assert_eq!(broken(&lab), gone, "{on_the_way}, before {breaks:#?}");
        }
        set(&lab, at + 60);
        for (code, whom) in breaks {
            gone.extend(whom.iter().map(|who| (who.clone(), code.clone())));
        }
        assert_eq!(broken(&lab), gone, "{at}");
        before = *at;
    }
    assert!(gone.contains_key(LEDGER) && gone.contains_key(CNI), "{gone:#?}");
    let now = json_of(&lab.lab(&["clock", "now", "-o", "json"]));
    assert!(now["moved"].as_i64().unwrap().abs() < 2, "{now}");
}
