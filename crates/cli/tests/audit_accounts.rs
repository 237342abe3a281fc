//! An audit of many accounts: what one does not tell costs no other, and a run that is cut short goes on.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::process::Output;

use crate::accounts::{EKS, OWN, Organization, Way, role, trusting};
use crate::support;
use crate::support::until;
use serde_json::{Value, json};

const PAYMENTS: &str = "system:serviceaccount:payments:ledger";

fn text(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

fn report(out: &Output) -> Value {
    let read: Value = serde_json::from_slice(&out.stdout).unwrap_or_default();
    assert!(read.is_object(), "{}", text(out));
    read
}

/// What could not be read, by name.
fn unread(report: &Value) -> Vec<(String, String)> {
    let all = report["unread"].as_array().unwrap();
    all.iter().map(|u| (u["what"].as_str().unwrap().to_owned(), u["why"].as_str().unwrap().to_owned())).collect()
}

fn home(accounts: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("accounts"), accounts).unwrap();
    dir
}

#[test]
fn each_account_is_read_and_what_one_does_not_tell_is_told() {
    let org = Organization::new();
    let (ok, refused, unable, throttled, slow) =
        ("222222222222", "333333333333", "444444444444", "555555555555", "666666666666");
    trusting(&org.add(ok, true), "ledger", PAYMENTS, true);
    org.add(unable, false);
    org.add(throttled, true);
    trusting(&org.add(slow, true), "ledger", PAYMENTS, true);
    org.set(throttled, Way::Throttled);
    org.set(slow, Way::Held);
    let dir = home(&format!("# ours\n{OWN}\n{ok}\n{refused}, gone\n{unable}\n{throttled}\n{slow}\n"));
    let out = std::thread::scope(|scope| {
        let run = scope.spawn(|| org.audit(dir.path(), &["-o", "json", "--state", "state"]));
        // The slow one answers once all the others are done.
        until(|| dir.path().join(format!("state/{ok}.json")).is_file().then_some(()));
        org.set(slow, Way::Open);
        run.join().unwrap()
    });
    let report = report(&out);
    assert_eq!(out.status.code(), Some(4), "{}", text(&out));
    let roles: Vec<&str> = report["trust"].as_array().unwrap().iter().filter_map(|t| t["role"].as_str()).collect();
    assert_eq!(roles, [ok, slow].map(|n| format!("arn:aws:iam::{n}:role/ledger")), "{report}");
    let told = unread(&report);
    let why = |part: &str| -> Vec<&str> {
        told.iter().filter(|(what, _)| what.contains(part)).map(|(_, why)| why.as_str()).collect()
    };
    assert!(why(&format!("account {refused}"))[0].contains("lacks sts:AssumeRole"), "{told:?}");
    assert!(why(&format!("the roles of account {unable}"))[0].contains("lacks iam:GetAccount"), "{told:?}");
    assert!(why(&format!("of account {throttled}")).iter().all(|w| w.contains("Rate exceeded")), "{told:?}");
    assert_eq!(told.len(), 5, "{told:?}");
    // In words, those that answered are not asked again.
    org.calls();
    let out = org.audit(dir.path(), &["--state", "state"]);
    let words = text(&out);
    assert!(words.contains("3 accounts, read from") && words.contains("not asked again"), "{words}");
    assert!(words.contains(refused) && words.contains("Undetermined"), "{words}");
    let asked: Vec<String> = org.calls().into_iter().map(|(account, _)| account).collect();
    assert!(!asked.iter().any(|a| a == ok || a == slow), "{asked:?}");
}

#[test]
fn a_run_that_is_killed_goes_on_and_comes_to_the_same() {
    let org = Organization::new();
    let numbers: Vec<String> = (1..=6).map(|n| format!("{n}").repeat(12)).collect();
    let wide = json!({"Statement": [{"Effect": "Allow", "Principal": {"Federated": "accounts.google.com"},
        "Action": "sts:AssumeRoleWithWebIdentity"}]});
    for (at, number) in numbers.iter().enumerate() {
        let account = org.add(number, true);
        trusting(&account, "ledger", PAYMENTS, at != 2);
        if at == 4 {
            account.put_role(role("wide", &wide));
        }
    }
    let dir = home(&numbers.join("\n"));
    let held = numbers[3].as_str();
    org.set(held, Way::Held);
    let mut run = org.begin(dir.path(), &["-o", "json", "--state", "state"]);
    let kept = || numbers.iter().filter(|n| dir.path().join(format!("state/{n}.json")).is_file()).count();
    until(|| (kept() == 5).then_some(()));
    run.kill().unwrap();
    run.wait().unwrap();
    // Half a file of the one that was being written.
    std::fs::write(dir.path().join(format!("state/{held}.json.1.new")), "{").unwrap();
    org.set(held, Way::Open);
    org.calls();
    let resumed = org.audit(dir.path(), &["-o", "json", "--state", "state"]);
    let asked = org.calls();
    assert!(asked.iter().all(|(account, _)| account == OWN || account == held), "{asked:?}");
    assert!(asked.iter().any(|(account, action)| account == held && action.starts_with("GetAccount")), "{asked:?}");
    let whole = org.audit(dir.path(), &["-o", "json", "--state", "other"]);
    assert_eq!(text(&resumed), text(&whole));
    assert_eq!(resumed.status.code(), whole.status.code());
    // Without a folder it is the same, and so it is from the folder alone.
    assert_eq!(text(&org.audit(dir.path(), &["-o", "json"])), text(&whole));
    let report = report(&whole);
    let codes: Vec<&str> = report["findings"].as_array().unwrap().iter().filter_map(|f| f["code"].as_str()).collect();
    assert!(codes.contains(&"TA009") && codes.contains(&"TW021"), "{codes:?}");
    let files = support::trustwalk().current_dir(dir.path()).args(["audit", "state", "-o", "json"]).output().unwrap();
    let of_files: Value = serde_json::from_slice(&files.stdout).unwrap();
    assert_eq!(of_files["trust"], report["trust"]);
}

#[test]
fn questions_are_answered_over_all_accounts() {
    let org = Organization::new();
    let (one, two, without) = ("222222222222", "333333333333", "444444444444");
    for (number, registered) in [(one, true), (two, true), (without, false)] {
        trusting(&org.add(number, true), "ledger", PAYMENTS, registered);
    }
    let answer = json!({"Accounts": [{"Id": one, "Status": "ACTIVE"}, {"Id": two, "Status": "ACTIVE"},
        {"Id": without, "Status": "ACTIVE"}, {"Id": "999999999999", "Status": "SUSPENDED"}]});
    let dir = home(&answer.to_string());
    let arn = |number: &str| json!(format!("arn:aws:iam::{number}:role/ledger"));
    let issuer = format!("https://{EKS}");
    let words = ["--issuer", &issuer, "--subject", PAYMENTS, "--audience", "sts.amazonaws.com", "-o", "json"];
    let out = org.audit(dir.path(), &words);
    let can: Vec<Value> = report(&out)["assumable"].as_array().unwrap().iter().map(|a| a["role"].clone()).collect();
    // STS looks for the provider in the role's account.
    assert_eq!(can, [arn(one), arn(two)], "{}", text(&out));
    assert_eq!(out.status.code(), Some(4), "one account is suspended");
    let who = org.audit(dir.path(), &["--role", "ledger", "-o", "json"]);
    let roles: Vec<Value> = report(&who)["trust"].as_array().unwrap().iter().map(|t| t["role"].clone()).collect();
    assert_eq!(roles, [arn(one), arn(two), arn(without)]);
    assert_eq!(who.status.code(), Some(3), "the provider is not registered in one: {}", text(&who));
    for (words, told) in [
        (&["--external-id", "x", "--state", "accounts"][..], "state folder"),
        (&["policy.json"], "cannot be used with"),
    ] {
        let out = org.audit(dir.path(), words);
        assert!(text(&out).contains(told), "{}", text(&out));
    }
    std::fs::write(dir.path().join("accounts"), "111122223333\n12\n").unwrap();
    let out = org.audit(dir.path(), &[]);
    assert!(out.status.code() == Some(2) && text(&out).contains("line 2"), "{}", text(&out));
}
