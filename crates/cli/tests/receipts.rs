//! A receipt is a file, and a file may be anybody's: nothing is done from one that was not shown and approved, and
//! one that the user did not sign needs a second word.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use crate::support;
use crate::support::{LabProcess, trustwalk};
use serde_json::Value;

const TARGET: [&str; 4] = ["fix", "daemonset/aws-node", "-n", "kube-system"];

fn said(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

fn run(lab: &LabProcess, words: &[&str]) -> (Option<i32>, String) {
    let out = lab.trustwalk(words);
    (out.status.code(), said(&out))
}

fn repaired() -> (LabProcess, PathBuf) {
    let lab = LabProcess::up(&["--broken"]);
    let (code, text) = run(&lab, &[&TARGET[..], &["--approve", "--receipt", "r.json"]].concat());
    assert_eq!(code, Some(0), "{text}");
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let at = |start: &str| lines.iter().position(|l| l.starts_with(start));
    assert!(at("Journal: r.json").unwrap() < at("\u{25ba} set").unwrap(), "named before the first change: {text}");
    let receipt = lab.dir.path().join("r.json");
    (lab, receipt)
}

/// A receipt as anybody can write one: of the format before, which has no history.
fn without_history(receipt: &[u8]) -> Value {
    let mut value: Value = serde_json::from_slice(receipt).unwrap();
    let members = value.as_object_mut().unwrap();
    members.remove("entries");
    members.insert("version".to_owned(), 2.into());
    value
}

/// What the lab's provider has, by the doctor's own eyes.
fn is_sound(lab: &LabProcess) -> bool {
    lab.trustwalk(&["diagnose", "daemonset/aws-node", "-n", "kube-system"]).status.code() == Some(0)
}

#[test]
fn a_plan_for_several_causes_is_carried_out_and_undone() {
    let lab = LabProcess::up(&["--broken"]);
    assert!(lab.lab(&["break", "sub-wrong-namespace"]).status.success());
    let target = ["fix", "deployment/ledger", "-n", "payments"];
    let (code, text) = run(&lab, &[&target[..], &["--approve", "--receipt", "r.json"]].concat());
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("Plan to fix thumbprint-mismatch, sub-wrong-namespace"), "{text}");
    let (code, text) = run(&lab, &["rollback", "r.json", "--approve"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("Rolled back 2 changes"), "{text}");
}

#[test]
fn what_is_gone_keeps_nothing_else_from_being_undone() {
    let lab = LabProcess::up(&["--broken"]);
    assert!(lab.lab(&["break", "sub-wrong-namespace"]).status.success());
    let target = ["fix", "deployment/ledger", "-n", "payments", "--approve", "--receipt", "r.json"];
    let (code, text) = run(&lab, &target);
    assert_eq!(code, Some(0), "{text}");
    let aws = |words: &[&str]| support::succeed(lab.command(support::tool("aws")).args(words));
    let role = ["--role-name", "HarbourLedgerRole"];
    let policies =
        aws(&[&["iam", "list-role-policies"], &role[..], &["--query", "PolicyNames[]", "--output", "text"]].concat());
    for name in policies.split_whitespace() {
        aws(&[&["iam", "delete-role-policy"], &role[..], &["--policy-name", name]].concat());
    }
    aws(&[&["iam", "delete-role"], &role[..]].concat());
    // Shown first.
    let (code, text) = run(&lab, &["rollback", "r.json"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("HarbourLedgerRole does not exist") && text.contains("everything else is undone"), "{text}");
    let (code, text) = run(&lab, &["rollback", "r.json", "--approve"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("Rolled back 1 change of") && text.contains("Undone in part:"), "{text}");
    assert!(!is_sound(&lab), "the thumbprints are those of before");
    let (_, text) = run(&lab, &["receipts", "."]);
    assert!(text.contains("rolled back;") && text.contains("not back:") && !text.contains("undo:"), "{text}");
}

#[test]
fn a_receipt_that_was_edited_or_comes_from_elsewhere_needs_a_second_word() {
    let (lab, receipt) = repaired();
    let text = std::fs::read_to_string(&receipt).unwrap();
    // With its history it is known for an edited one.
    std::fs::write(&receipt, text.replacen("\"done\"", "\"pending\"", 1)).unwrap();
    let (code, told) = run(&lab, &["rollback", "r.json", "--approve", "--foreign-receipt"]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("its history says") && told.contains("changed after it was written"), "{told}");
    let mut edited = without_history(text.as_bytes());
    // The way back to a thumbprint of somebody's choice.
    let chosen = serde_json::json!(["c".repeat(40)]);
    edited["steps"][0]["step"]["precondition"]["expected"] = chosen.to_string().into();
    edited["steps"][0]["step"]["inverse"]["thumbprints"] = chosen;
    std::fs::write(&receipt, serde_json::to_string_pretty(&edited).unwrap()).unwrap();
    for words in [&["rollback", "r.json"][..], &["rollback", "r.json", "--approve"]] {
        let (code, said) = run(&lab, words);
        assert_eq!(code, Some(3), "{said}");
        assert!(said.contains("not known to be yours") && said.contains("No changes were made"), "{said}");
        assert!(said.contains(&format!("+ {}", "c".repeat(40))), "what would be written is shown: {said}");
    }
    assert!(is_sound(&lab));

    // The same file, untouched, with another user's key and with none.
    std::fs::write(&receipt, &text).unwrap();
    let other = lab.dir.path().join("other-state");
    let stranger = |words: &[&str]| {
        let mut command = trustwalk();
        command.envs(&lab.env).env("XDG_STATE_HOME", &other).current_dir(lab.dir.path());
        let out = command.args(words).output().unwrap();
        (out.status.code(), said(&out))
    };
    let (code, text) = stranger(&["rollback", "r.json", "--approve"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("--foreign-receipt") && text.contains("no key of yours"), "{text}");
    assert!(!other.exists(), "looking makes no key");
    let (code, text) = stranger(&["fix", "--resume", "r.json", "--approve"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(is_sound(&lab));
    let (code, text) = stranger(&["rollback", "r.json", "--approve", "--foreign-receipt"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("Rolled back 1 change of") && !is_sound(&lab), "{text}");
    let (code, text) = stranger(&["rollback", "r.json", "--approve"]);
    assert_eq!(code, Some(3), "taken over once is not the user's own: {text}");
}

#[test]
fn what_a_forged_receipt_says_it_does_is_never_what_is_shown() {
    let (lab, receipt) = repaired();
    let good = without_history(&std::fs::read(&receipt).unwrap());
    let open = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}"#;
    let inverse = serde_json::json!({"action": "set-trust-policy", "role": "HarbourVpcCniRole", "document": open});
    let mut smuggled = good.clone();
    smuggled["steps"][1]["step"]["inverse"] = inverse;
    let mut deletes = good.clone();
    deletes["steps"][1]["step"]["action"]["name"] = "doomed?x=".into();
    let mut admin = good.clone();
    admin["steps"][1]["step"]["action"] = serde_json::json!({
        "action": "attach-policy", "role": "HarbourVpcCniRole",
        "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"
    });
    let mut nowhere = good.clone();
    nowhere["place"]["account"] = Value::Null;
    for (forged, why) in [
        (smuggled, "step 2: inverse"),
        (deletes, "step 2: name"),
        (admin, "step 2: policy_arn"),
        (nowhere, "the receipt is about AWS account `not known`"),
    ] {
        std::fs::write(&receipt, forged.to_string()).unwrap();
        for words in [&["rollback", "r.json"][..], &["fix", "--resume", "r.json"]] {
            let all = [words, &["--approve", "--foreign-receipt"]].concat();
            let (code, said) = run(&lab, &all);
            assert_eq!(code, Some(1), "{words:?}: {said}");
            assert!(said.contains(why), "{words:?}: {said}");
        }
    }
    assert!(is_sound(&lab));
}

#[test]
fn what_is_no_plain_file_is_refused_and_nobody_waits() {
    let dir = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("mkfifo").arg(dir.path().join("pipe")).status().unwrap();
    assert!(made.success());
    std::fs::write(dir.path().join("real"), "{}").unwrap();
    std::os::unix::fs::symlink("real", dir.path().join("link")).unwrap();
    for (name, why) in [("pipe", "plain file"), ("link", "link"), ("/dev/zero", "plain file")] {
        for words in [&["rollback"][..], &["fix", "--resume"]] {
            let out = trustwalk().args(words).arg(name).current_dir(dir.path()).output().unwrap();
            assert_eq!(out.status.code(), Some(1), "{name}: {}", said(&out));
            assert!(said(&out).contains(why) && said(&out).contains(name), "{}", said(&out));
        }
    }
}

#[test]
fn a_full_disk_behind_standard_output_is_told_beside_it_with_the_receipt() {
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let lab = LabProcess::up(&["--broken"]);
    let fix = |more: &[&str]| {
        let mut command = lab.command(env!("CARGO_BIN_EXE_trustwalk"));
        let words = [&TARGET[..], &["--approve", "--receipt", "r.json"], more].concat();
        command.args(words).stdout(full()).stderr(Stdio::piped()).output().unwrap()
    };
    // A plan that nobody could see is not carried out.
    let out = fix(&[]);
    assert_eq!(out.status.code(), Some(1), "{}", said(&out));
    assert!(!Path::new(&lab.dir.path().join("r.json")).exists());
    // With JSON the plan is shown on standard error, and only the end cannot be told.
    let out = fix(&["-o", "json"]);
    assert_eq!(out.status.code(), Some(1), "{}", said(&out));
    let told = said(&out);
    assert!(told.contains("r.json") && told.contains("No space left"), "{told}");
    assert!(is_sound(&lab), "what was begun went on to its end");
}

#[test]
fn a_place_where_no_receipt_or_key_can_be_kept_stops_the_run_before_the_first_change() {
    let lab = LabProcess::up(&["--broken"]);
    let blocked = lab.dir.path().join("blocked");
    std::fs::write(&blocked, "").unwrap();
    let mut command = lab.command(env!("CARGO_BIN_EXE_trustwalk"));
    command.env("XDG_STATE_HOME", &blocked);
    let out = command.args(TARGET).args(["--approve", "--receipt", "r.json"]).output().unwrap();
    assert_eq!(out.status.code(), Some(1), "{}", said(&out));
    assert!(said(&out).contains("XDG_STATE_HOME") && said(&out).contains("nothing was changed"), "{}", said(&out));
    let (code, text) = run(&lab, &[&TARGET[..], &["--approve", "--receipt", "missing/r.json"]].concat());
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("cannot keep the journal `missing/r.json`"), "{text}");
    assert!(!is_sound(&lab));
}

#[test]
fn receipts_are_listed_with_who_did_what_and_how_to_go_back() {
    let (lab, receipt) = repaired();
    let list = |words: &[&str]| {
        let out = lab.trustwalk(&[&["receipts"][..], words].concat());
        (out.status.code(), said(&out))
    };
    let (code, text) = list(&[]);
    assert_eq!(code, Some(0), "{text}");
    for part in
        ["r.json", "thumbprint-mismatch", "complete", "user/admin", "Kubernetes user lab-admin", "trustwalk rollback"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("kubeconfig"), "other files are none: {text}");
    let (code, text) = list(&["-o", "json"]);
    let told: Value = serde_json::from_str(&text).unwrap();
    let one = &told["receipts"][0];
    assert_eq!((code, one["state"].as_str(), one["yours"].as_bool()), (Some(0), Some("complete"), Some(true)));
    assert_eq!(one["hands"][0]["errand"], "fix");
    let noted = one["digest"].as_str().unwrap().to_owned();
    assert_eq!(run(&lab, &["rollback", "r.json", "--approve"]).0, Some(0));
    let told: Value = serde_json::from_str(&list(&["-o", "json"]).1).unwrap();
    let one = &told["receipts"][0];
    assert_eq!((one["state"].as_str(), one["undo"].as_str()), (Some("rolled-back"), None));
    assert_ne!(one["digest"], noted);
    // A run that was stopped, and one that somebody changed.
    let whole = std::fs::read_to_string(&receipt).unwrap();
    let cut = lab.dir.path().join("trustwalk-receipt-x-1.json");
    std::fs::write(&cut, whole.get(..whole.len() / 2).unwrap()).unwrap();
    let (code, text) = list(&[]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("not to be relied on"), "{text}");
    let (code, text) = run(&lab, &["receipts", "nowhere"]);
    assert_eq!(code, Some(1), "{text}");
}

/// As on a disk that is full: no file may grow beyond so many blocks of 512 bytes.
fn without_room(lab: &LabProcess, blocks: u32, words: &[&str]) -> (Option<i32>, String) {
    let line = format!("ulimit -f {blocks}; trap '' XFSZ; exec \"$0\" \"$@\"");
    let mut command = lab.command("sh");
    let out = command.arg("-c").arg(line).arg(env!("CARGO_BIN_EXE_trustwalk")).args(words).output().unwrap();
    (out.status.code(), said(&out))
}

#[test]
fn a_full_disk_stops_a_run_before_its_first_write_and_before_each_way_on() {
    let lab = LabProcess::up(&["--broken"]);
    let fix = [&TARGET[..], &["--approve", "--receipt", "r.json"]].concat();
    for blocks in [0, 1, 8, 32] {
        let (code, text) = without_room(&lab, blocks, &fix);
        assert_eq!(code, Some(1), "{blocks}: {text}");
        assert!(text.contains("cannot keep the journal") || text.contains("cannot keep what is yours"), "{text}");
        assert!(text.contains("nothing was changed"), "{text}");
        assert!(!is_sound(&lab) && !lab.dir.path().join("r.json").exists(), "{blocks}: {text}");
    }
    let (code, text) = run(&lab, &fix);
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = without_room(&lab, 8, &["rollback", "r.json", "--approve"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(is_sound(&lab) && text.contains("nothing was changed"), "{text}");
    // Where nobody may write, whoever asks.
    let (code, text) = run(&lab, &[&TARGET[..], &["--approve", "--receipt", "/proc/self/r.json"]].concat());
    assert_eq!(code, Some(0), "nothing is broken any more: {text}");
    assert_eq!(run(&lab, &["rollback", "r.json", "--approve"]).0, Some(0));
    let (code, text) = run(&lab, &[&TARGET[..], &["--approve", "--receipt", "/proc/self/r.json"]].concat());
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("cannot keep the journal") && text.contains("nothing was changed"), "{text}");
    assert!(!is_sound(&lab));
}
