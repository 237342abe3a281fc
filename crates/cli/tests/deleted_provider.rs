//! A provider that somebody deleted: the trail is asked for the ARN that is missing, and the report says who and when.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking, as tests do")]

use crate::support::{LabProcess, succeed, tool};
use serde_json::Value;

/// ARNs of the providers that the account has.
fn providers(lab: &LabProcess) -> Vec<String> {
    let list = ["iam", "list-open-id-connect-providers", "--output", "json"];
    let told: Value = serde_json::from_str(&succeed(lab.command(tool("aws")).args(list))).unwrap();
    let all = told["OpenIDConnectProviderList"].as_array().unwrap();
    all.iter().map(|p| p["Arn"].as_str().unwrap().to_owned()).collect()
}

fn delete(lab: &LabProcess, arn: &str) {
    let words = ["iam", "delete-open-id-connect-provider", "--open-id-connect-provider-arn", arn];
    succeed(lab.command(tool("aws")).args(words));
}

fn diagnosed(lab: &LabProcess, format: &str) -> (Option<i32>, String) {
    let out = lab.trustwalk(&["diagnose", "deployment/ledger", "-n", "payments", "-o", format]);
    (out.status.code(), String::from_utf8(out.stdout).unwrap())
}

#[test]
fn who_deleted_the_provider_and_when_is_told() {
    let lab = LabProcess::up(&[]);
    let rollout = ["rollout", "status", "deployment/ledger", "-n", "payments", "--timeout=60s"];
    succeed(lab.command(tool("kubectl")).args(rollout));
    let (of_cluster, others): (Vec<String>, Vec<String>) =
        providers(&lab).into_iter().partition(|arn| arn.contains("oidc.eks."));
    // That of another issuer says nothing about this one.
    for other in &others {
        delete(&lab, other);
    }
    let (code, text) = diagnosed(&lab, "json");
    assert_eq!(code, Some(0), "{text}");
    delete(&lab, &of_cluster[0]);
    let (code, text) = diagnosed(&lab, "json");
    let answer: Value = serde_json::from_str(&text).unwrap();
    let cause = &answer.get(0).unwrap_or(&answer)["root_cause"];
    assert_eq!((code, cause["name"].as_str()), (Some(3), Some("oidc-provider-deleted-by-another-stack")), "{text}");
    let who: Value = serde_json::from_str(&succeed(lab.command(tool("aws")).args([
        "sts",
        "get-caller-identity",
        "--output",
        "json",
    ])))
    .unwrap();
    let sentence = cause["sentence"].as_str().unwrap();
    assert!(sentence.contains(who["Arn"].as_str().unwrap()), "{sentence}");
    let proof = cause["proof"].as_array().unwrap();
    assert!(
        proof
            .iter()
            .any(|x| x["label"] == "deleted" && x["value"].as_str().unwrap().ends_with(who["Arn"].as_str().unwrap())),
        "{proof:?}"
    );
    let year = |text: &str| text.contains(" at 20") && text.contains('Z');
    assert!(year(sentence), "the moment is a date: {sentence}");
    let out = lab.trustwalk(&["diagnose", "deployment/ledger", "-n", "payments", "-v"]);
    let words = String::from_utf8(out.stdout).unwrap();
    assert!(words.contains("DeleteOpenIDConnectProvider"), "the changes name it: {words}");
    // Of many identities the trail is asked for that alone.
    let whole = lab.trustwalk(&["diagnose", "-o", "short"]);
    let text = String::from_utf8(whole.stdout).unwrap();
    let told = |line: &&str| line.starts_with("TW084 root-cause") && line.contains(who["Arn"].as_str().unwrap());
    assert!(text.lines().filter(told).count() > 1, "{text}");
}
