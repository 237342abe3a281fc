//! The terms of a lab as real clients meet them: fixed ports, services that refuse whoever asks too often, and changes
//! that are seen late.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::net::TcpListener;
use std::process::Output;

use crate::support;
use crate::support::{LabProcess, succeed, tool, trustwalk};
use serde_json::Value;

fn lab(lab: &LabProcess, words: &[&str]) -> String {
    succeed(trustwalk().envs(&lab.env).arg("lab").args(words))
}

/// One call of the real client, which asks so often at most.
fn aws(lab: &LabProcess, attempts: &str, words: &[&str]) -> Output {
    let mut command = lab.command(tool("aws"));
    command.env("AWS_RETRY_MODE", "standard").env("AWS_MAX_ATTEMPTS", attempts);
    command.args(words).output().unwrap()
}

fn told(out: &Output) -> String {
    String::from_utf8_lossy(&[out.stdout.as_slice(), out.stderr.as_slice()].concat()).into_owned()
}

#[test]
fn ports_are_those_that_were_asked_for() {
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let (aws, issuers) = (free(), free());
    let typed = format!("aws={aws},issuers={issuers}");
    let running = LabProcess::up(&["--account-only", "--port", &typed]);
    let status: Value = serde_json::from_str(&lab(&running, &["status", "-o", "json"])).unwrap();
    assert_eq!(status.get("aws"), Some(&Value::String(format!("http://127.0.0.1:{aws}"))));
    assert_eq!(status.get("issuers"), Some(&Value::String(format!("127.0.0.1:{issuers}"))));
    let other = tempfile::tempdir().unwrap();
    let out = trustwalk().args(["lab", "up", "--port", &typed, "--dir"]).arg(other.path()).output().unwrap();
    assert!(out.status.code() == Some(1) && told(&out).contains("listen on port"), "{out:?}");
}

#[test]
fn whoever_asks_too_often_is_refused_and_its_retries_get_through() {
    let running = LabProcess::up(&["--account-only", "--throttle", "iam=0.001:1,eks=0.001:1"]);
    for (words, code) in [
        (["iam", "list-roles"], "(Throttling) when calling the ListRoles operation"),
        (["eks", "list-clusters"], "(ThrottlingException) when calling the ListClusters operation"),
    ] {
        assert!(aws(&running, "1", &words).status.success(), "the first is free");
        let refused = aws(&running, "1", &words);
        assert!(!refused.status.success() && told(&refused).contains(code), "{}", told(&refused));
    }
    // STS was not named.
    assert!(aws(&running, "1", &["sts", "get-caller-identity"]).status.success());
    // One in five seconds: the client is refused, asks again, and gets through.
    lab(&running, &["throttle", "iam=0.2:1"]);
    support::until(|| {
        let out = aws(&running, "20", &["--debug", "iam", "list-roles"]);
        assert!(out.status.success(), "{}", told(&out));
        told(&out).contains("Rate exceeded").then_some(())
    });
    lab(&running, &["throttle", "off"]);
    for _ in 0..3 {
        assert!(aws(&running, "1", &["iam", "list-roles"]).status.success());
    }
}

#[test]
fn changes_are_seen_late_by_those_who_see_them_late() {
    const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
        "Principal":{"AWS":"arn:aws:iam::111122223333:root"}}]}"#;
    let running = LabProcess::up(&["--account-only", "--propagation", "sts=1m"]);
    let create = |name: &str| {
        let made = ["iam", "create-role", "--role-name", name, "--assume-role-policy-document", TRUST];
        assert!(aws(&running, "1", &made).status.success());
    };
    let assume = |name: &str| {
        let arn = format!("arn:aws:iam::111122223333:role/{name}");
        aws(&running, "1", &["sts", "assume-role", "--role-session-name", "late", "--role-arn", &arn])
    };
    create("Late");
    // IAM itself sees it at once, STS a minute later.
    assert!(aws(&running, "1", &["iam", "get-role", "--role-name", "Late"]).status.success());
    let refused = assume("Late");
    assert!(told(&refused).contains("AccessDenied"), "{}", told(&refused));
    lab(&running, &["clock", "+2m"]);
    let taken = assume("Late");
    assert!(taken.status.success(), "{}", told(&taken));
    // And the other way round.
    lab(&running, &["propagation", "iam=1m"]);
    create("Unseen");
    let unseen = aws(&running, "1", &["iam", "get-role", "--role-name", "Unseen"]);
    assert!(told(&unseen).contains("NoSuchEntity"), "{}", told(&unseen));
    assert!(assume("Unseen").status.success());
    lab(&running, &["propagation", "off"]);
    assert!(aws(&running, "1", &["iam", "get-role", "--role-name", "Unseen"]).status.success());
}
