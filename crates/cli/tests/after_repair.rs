//! What was behind the fault that is cured: after a repair the diagnosis runs again, and the exit code is its.

use crate::support::LabProcess;
use serde_json::Value;

/// A job that is not let into its role, and that asks for a longer session than the role gives: STS says the first
/// alone, and trustwalk can cure no more than that.
#[test]
fn a_repair_is_as_sound_as_what_is_diagnosed_after_it() {
    let lab = LabProcess::up(&[]);
    let job = |receipt: &str| {
        let out = lab.trustwalk(&["fix", "--job", "ci/deploy", "--approve", "--receipt", receipt, "-o", "json"]);
        let report: Value = serde_json::from_slice(&out.stdout).unwrap();
        (out.status.code(), report[0]["applied"].clone(), String::from_utf8(out.stderr).unwrap())
    };
    for fault in ["gha-sub-case-mismatch", "requested-lifetime-exceeds-limit"] {
        assert!(lab.lab(&["break", fault]).status.success(), "{fault}");
    }
    let (code, applied, said) = job("both.json");
    assert_eq!((code, &applied["verification"]), (Some(3), &Value::from("proven")), "{said}");
    assert_eq!(applied["now"]["root_cause"]["name"], "requested-lifetime-exceeds-limit");
    assert!(said.contains("diagnosed again: TW089 requested-lifetime-exceeds-limit (proven)"), "{said}");
    assert!(said.trim_end().ends_with("Next: trustwalk diagnose --job ci/deploy"), "{said}");
    assert!(lab.lab(&["mend"]).status.success());
    assert!(lab.lab(&["break", "gha-sub-case-mismatch"]).status.success());
    let (code, applied, said) = job("one.json");
    assert_eq!((code, &applied["now"]["outcome"]), (Some(0), &Value::from("ok")), "{said}");
    let receipt: Value = serde_json::from_slice(&std::fs::read(lab.dir.path().join("one.json")).unwrap()).unwrap();
    let verified = receipt["verified"].as_str().unwrap();
    assert!(verified.ends_with("; diagnosed again: no fault found, every link holds"), "{verified}");
}
