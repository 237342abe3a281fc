//! A receipt is a file, and a file may be anybody's: nothing is done from one that was not shown and approved, and
//! one that the user did not sign needs a second word.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::Value;
use support::{LabProcess, trustwalk};

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
fn a_receipt_that_was_edited_or_comes_from_elsewhere_needs_a_second_word() {
    let (lab, receipt) = repaired();
    let text = std::fs::read_to_string(&receipt).unwrap();
    let mut edited: Value = serde_json::from_str(&text).unwrap();
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
    let good: Value = serde_json::from_slice(&std::fs::read(&receipt).unwrap()).unwrap();
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
