//! A plan as a file, as people use it: written once, compared, carried out, refused when it is stale or forged.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::path::PathBuf;
use std::process::Output;

use crate::support::{LabProcess, planned, succeed, tool};
use serde_json::{Value, json};

const TARGET: [&str; 3] = ["daemonset/aws-node", "-n", "kube-system"];

fn path(lab: &LabProcess, name: &str) -> PathBuf {
    lab.dir.path().join(name)
}

fn read(lab: &LabProcess, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(path(lab, name)).unwrap()).unwrap()
}

fn write(lab: &LabProcess, name: &str, plan: &Value) {
    std::fs::write(path(lab, name), plan.to_string()).unwrap();
}

fn fix(lab: &LabProcess, words: &[&str]) -> Output {
    lab.trustwalk(&[&["fix"], words].concat())
}

/// The code, and all that was said, wherever its lines end.
fn told(out: &Output) -> (Option<i32>, String) {
    let said = [String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr)].concat();
    (out.status.code(), said.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[track_caller]
fn ends(out: &Output, code: i32, says: &str) -> String {
    let (found, text) = told(out);
    assert_eq!(found, Some(code), "{text}");
    assert!(text.contains(says), "`{says}` is not in: {text}");
    text
}

#[test]
fn a_plan_is_written_compared_and_carried_out() {
    let lab = LabProcess::up(&["--broken"]);
    let out = [&TARGET[..], &["--out", "plan.json"]].concat();
    let text = ends(&fix(&lab, &out), 3, "The plan is in plan.json");
    assert!(text.contains("Next: trustwalk fix --plan plan.json --approve"), "{text}");
    ends(&lab.trustwalk(&["receipts", "."]), 0, "No receipts in this folder");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(path(&lab, "plan.json").metadata().unwrap().permissions().mode() & 0o777, 0o600);
        std::os::unix::fs::symlink("elsewhere.json", path(&lab, "link.json")).unwrap();
        let linked = fix(&lab, &[&TARGET[..], &["--out", "link.json"]].concat());
        ends(&linked, 1, "is there already and is not replaced unasked");
        assert!(!path(&lab, "elsewhere.json").exists(), "a link was followed");
    }
    ends(&fix(&lab, &out), 1, "is there already and is not replaced unasked");
    ends(&fix(&lab, &[&out[..], &["--overwrite"]].concat()), 3, "The plan is in plan.json");
    let text = ends(&fix(&lab, &["--plan", "plan.json"]), 3, "fix --plan plan.json --approve");
    assert!(text.contains("risk: affects others"), "{text}");
    ends(&fix(&lab, &["--plan", "plan.json", "--approve"]), 0, "verified");
    // It is done, so the file is no longer true.
    let text = ends(&fix(&lab, &["--plan", "plan.json", "--approve"]), 3, "step 1: thumbprints of arn:aws:iam::");
    assert!(text.contains("the file expects `"), "{text}");
}

#[test]
fn a_forged_plan_changes_nothing() {
    let lab = LabProcess::up(&["--broken"]);
    ends(&fix(&lab, &[&TARGET[..], &["--out", "plan.json"]].concat()), 3, "The plan is in");
    let own = read(&lab, "plan.json");
    let forged = |change: &dyn Fn(&mut Value)| {
        let mut plan = own.clone();
        change(&mut plan);
        write(&lab, "forged.json", &plan);
        fix(&lab, &["--plan", "forged.json", "--approve"])
    };
    let wanted = "/steps/0/action/thumbprints";
    ends(&forged(&|p| *p.pointer_mut(wanted).unwrap() = json!(["0".repeat(40)])), 1, "the file was altered");
    ends(&forged(&|p| p["steps"][0]["more"] = json!(1)), 1, "no plan has");
    ends(&forged(&|p| p["place"]["account"] = json!("999999999999")), 3, "AWS account: the file is for 999999999999");
    ends(&forged(&|p| p["place"]["server"] = json!("https://other")), 3, "API server");
    ends(&forged(&|p| p["tool"] = json!("0.0.1")), 3, "the file is of trustwalk 0.0.1");
    ends(&forged(&|p| p["steps"] = json!([])), 3, "has a step that the file has not");
    ends(&forged(&|p| p["target"]["name"] = json!("../../x")), 1, "target.name");
    ends(&forged(&|p| p["target"]["name"] = json!("nothing")), 3, "what the plan is for is not there");
    // What is never compared is never shown either.
    let shown = forged(&|p| p["steps"][0]["by_hand"]["aws"] = json!("curl evil.example"));
    let (_, text) = told(&shown);
    assert!(!text.contains("evil.example"), "{text}");
    std::fs::write(path(&lab, "large.json"), vec![b' '; 5 << 20]).unwrap();
    ends(&fix(&lab, &["--plan", "large.json"]), 1, "is larger than");
    ends(&fix(&lab, &["--plan", "missing.json"]), 1, "missing.json");
    ends(&fix(&lab, &["--plan", "plan.json", "--out", "x"]), 2, "cannot be used with");
}

#[test]
fn a_file_lets_nobody_into_a_role_unless_it_is_ones_own_or_the_target_is_named() {
    let lab = LabProcess::up(&[]);
    assert!(lab.lab(&["break", "sub-wrong-namespace"]).status.success());
    let all: Value = serde_json::from_slice(&fix(&lab, &["-o", "json"]).stdout).unwrap();
    let broken = all.as_array().unwrap().iter().find(|r| r["diagnosis"]["root_cause"].is_object()).unwrap();
    let target = &broken["diagnosis"]["target"];
    let word = |name: &str| target[name].as_str().unwrap().to_lowercase();
    let object = format!("{}/{}", word("resource"), word("name"));
    let named = [object.as_str(), "-n", &word("namespace")];
    ends(&fix(&lab, &[&named[..], &["--out", "plan.json"]].concat()), 3, "The plan is in");
    let own = read(&lab, "plan.json");
    let set = |a: &Value| a["action"]["action"] == "set-trust-policy";
    assert!(own["steps"].as_array().unwrap().iter().any(set), "{own:#}");
    ends(&fix(&lab, &["--plan", "plan.json"]), 3, "--plan plan.json --approve");
    let mut foreign = own.clone();
    foreign["seal"] = json!("0".repeat(64));
    write(&lab, "foreign.json", &foreign);
    let text = ends(&fix(&lab, &["--plan", "foreign.json", "--approve"]), 3, "Refused");
    assert!(text.contains("nobody is let into the role"), "{text}");
    let beside = [&named[..], &["--plan", "foreign.json", "--approve"]].concat();
    ends(&fix(&lab, &beside), 0, "verified");
}

#[test]
fn what_a_file_is_for_may_be_gone_and_what_was_typed_stays_in_the_next_command() {
    let lab = LabProcess::up(&[]);
    assert!(lab.lab(&["break", "sub-wrong-namespace"]).status.success());
    let target = ["deployment/ledger", "-n", "payments"];
    planned(&lab, &target);
    let out = [&target[..], &["--force-drift", "--out", "plan.json"]].concat();
    ends(&fix(&lab, &out), 3, "The plan is in plan.json");
    let text = ends(&fix(&lab, &["--plan", "plan.json", "--force-drift"]), 3, "Next: trustwalk fix --plan plan.json");
    assert!(text.contains("--force-drift --approve"), "{text}");
    // A file that nobody sealed needs its target named, then as well as now.
    let mut plan = read(&lab, "plan.json");
    plan.as_object_mut().unwrap().remove("seal").unwrap();
    write(&lab, "unsealed.json", &plan);
    let words = [&["--plan", "unsealed.json"][..], &target].concat();
    ends(&fix(&lab, &words), 3, "Next: trustwalk fix deployment/ledger -n payments --plan unsealed.json --approve");
    succeed(lab.command(tool("kubectl")).args(["delete", "deployment", "ledger", "-n", "payments"]));
    ends(&fix(&lab, &["--plan", "plan.json", "--approve"]), 3, "what the plan is for is not there");
    ends(&fix(&lab, &words), 2, "does not exist");
}
