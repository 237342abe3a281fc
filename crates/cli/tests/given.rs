//! What is given is used, or refused at once, or told to contradict what was asked about; nothing is dropped without
//! a word, and nobody is let in for it.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::process::Output;

use crate::support::{LabProcess, succeed, tool, trustwalk, until};

const ROLE: &str = "arn:aws:iam::111122223333:role/r";

#[track_caller]
fn expect(out: &Output, code: i32, words: &[&str]) -> String {
    let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(code), "{text}");
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for w in words {
        assert!(flat.contains(w), "`{w}` is missing from:\n{text}");
    }
    flat
}

#[test]
fn options_that_would_be_dropped_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    std::fs::write(at("file"), "x").unwrap();
    let file = at("file");
    let run =
        |words: &[&str]| trustwalk().current_dir(dir.path()).env("HOME", dir.path()).args(words).output().unwrap();
    let bundle = ["diagnose", "--bundle", &file];
    for beside in [
        &["--log", &file][..],
        &["--token", &file],
        &["--role", ROLE],
        &["--subject", "s"],
        &["--issuer", "https://i.example"],
        &["--job", "."],
        &["--exchange"],
    ] {
        expect(&run(&[&bundle[..], beside].concat()), 2, &["--bundle"]);
    }
    expect(&run(&["fix", "--resume", &file, "deployment/x"]), 2, &["--resume"]);
    for verb in ["diagnose", "fix", "collect"] {
        for (words, told) in [
            (&["deployment/x", "--subject", "s"][..], "--subject"),
            (&["deployment/x", "--job", "."], "--job"),
            (&["--subject", "s"], "--subject"),
            (&["--issuer", "https://i.example", "--subject", "s"], "--subject"),
            (&["--log", &file, "--subject", "s"], "--subject"),
            (&["--log", &file, "--token", &file], "--token"),
            (&["--issuer", "https://i.example", "--token", &file], "--token"),
            (&["--token", &file], "`--token` goes with --role ARN"),
            (&["--role", ROLE, "-n", "x"], "--namespace"),
            (&["--job", ".", "-n", "x"], "--namespace"),
            (&["--role", ROLE, "--job-answer", &file], "--job-answer"),
            (&["--role", "HarbourVpcCniRole"], "`HarbourVpcCniRole` is not a role's ARN"),
        ] {
            expect(&run(&[&[verb][..], words].concat()), 2, &[told]);
        }
    }
}

/// A token of a service account, from the lab's own cluster, in a file of the lab's folder.
fn token(lab: &LabProcess, namespace: &str, account: &str) -> String {
    let words = ["create", "token", account, "-n", namespace, "--audience", "sts.amazonaws.com"];
    let text = succeed(lab.command(tool("kubectl")).args(words));
    let name = format!("token-{account}");
    std::fs::write(lab.dir.path().join(&name), text.trim()).unwrap();
    name
}

#[test]
fn a_token_of_somebody_else_decides_nothing_and_lets_nobody_in() {
    let lab = LabProcess::up(&[]);
    let ready = ["get", "deployment", "ledger", "-n", "payments", "-o", "jsonpath={.status.readyReplicas}"];
    until(|| (succeed(lab.command(tool("kubectl")).args(ready)).trim() == "2").then_some(()));
    let (ledger, other) = (token(&lab, "payments", "ledger"), token(&lab, "external-dns", "external-dns"));
    let strange = |words: &[&str]| {
        let text = expect(&lab.trustwalk(words), 4, &["is not of what was asked about", "nothing was decided from it"]);
        assert!(!text.contains("Root cause") && !text.contains("update-assume-role-policy"), "{text}");
    };
    let workload = ["deployment/ledger", "-n", "payments"];
    for verb in ["diagnose", "fix"] {
        strange(&[&[verb][..], &workload, &["--token", &other]].concat());
        strange(&[verb, "--job", "ci/deploy", "--token", &ledger]);
    }
    // The right one is used.
    let out = lab.trustwalk(&[&["diagnose"][..], &workload, &["--token", &ledger]].concat());
    expect(&out, 0, &[]);
    let role = "arn:aws:iam::111122223333:role/HarbourLedgerRole";
    let subject = "system:serviceaccount:external-dns:external-dns";
    let both = ["diagnose", "--role", role, "--subject", subject, "--token", &ledger];
    expect(&lab.trustwalk(&both), 2, &["--subject is", "the subject of the given token is"]);
    let both = ["diagnose", "--role", role, "--issuer", "https://i.example", "--token", &ledger];
    expect(&lab.trustwalk(&both), 2, &["--issuer is", "the issuer of the given token is"]);
    // Contradictions that only the walk shows.
    let issuer = [&["diagnose"][..], &workload, &["--issuer", "https://i.example"]].concat();
    expect(&lab.trustwalk(&issuer), 4, &["--issuer is `https://i.example`"]);
    let cluster = [&["diagnose"][..], &workload, &["--cluster", "nosuch"]].concat();
    expect(&lab.trustwalk(&cluster), 2, &["EKS cluster nosuch does not exist in region us-west-2"]);
    let out = lab.trustwalk(&["diagnose", "--job", "ci/deploy", "--subject", "repo:a/b:pull_request"]);
    expect(&out, 4, &["--subject is `repo:a/b:pull_request`"]);
}
