//! `-o` of each command: formats where there are formats, a file where the result is one.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use crate::support::{LabProcess, trustwalk};
use serde_json::Value;

const TARGET: [&str; 3] = ["daemonset/aws-node", "-n", "kube-system"];
const ISSUER_HOST: &str = "oidc.eks.us-west-2.amazonaws.com";

/// The URL that the story's provider is registered with.
fn issuer(lab: &LabProcess) -> String {
    let out = lab.trustwalk(&[&["diagnose"][..], &TARGET, &["-o", "json"]].concat());
    let diagnosis: Value = serde_json::from_slice(&out.stdout).unwrap();
    let text = diagnosis.to_string();
    let (_, id) = text.split_once(&format!("https://{ISSUER_HOST}/id/")).unwrap();
    let id: String = id.chars().take_while(|c| !matches!(c, ' ' | '"' | '\\' | ',' | ')')).collect();
    format!("https://{ISSUER_HOST}/id/{id}")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn collect_writes_the_file_its_output_names() {
    let lab = LabProcess::up(&["--broken"]);
    for flag in ["-o", "--output", "--to", "-f"] {
        let name = format!("bundle{flag}.json");
        let out = lab.trustwalk(&[&["collect"][..], &TARGET, &[flag, &name]].concat());
        assert_eq!(out.status.code(), Some(0), "{flag}: {}", text(&out.stderr));
        let bundle: Value = serde_json::from_slice(&std::fs::read(lab.dir.path().join(&name)).unwrap()).unwrap();
        assert_eq!(
            (bundle["version"].as_u64(), bundle["identities"].as_array().unwrap().len()),
            (Some(3), 1),
            "{flag}"
        );
        assert!(text(&out.stdout).contains(&name), "{flag}");
    }
    // Standard output holds the bundle and nothing else, and what it holds can be diagnosed.
    let piped = lab.trustwalk(&[&["collect"][..], &TARGET, &["-o", "-"]].concat());
    assert_eq!(piped.status.code(), Some(0));
    std::fs::write(lab.dir.path().join("piped"), &piped.stdout).unwrap();
    let again = lab.trustwalk(&["diagnose", "--bundle", "piped", "-o", "short"]);
    assert!(text(&again.stdout).contains("root-cause thumbprint-mismatch"), "{}", text(&again.stderr));
}

#[test]
fn a_format_is_no_file_of_collect() {
    let dir = tempfile::tempdir().unwrap();
    for word in ["json", "human", "short"] {
        let out = trustwalk().args(["collect", "ds/x", "-o", word]).current_dir(dir.path()).output().unwrap();
        assert_eq!(out.status.code(), Some(2), "{word}");
        let said = text(&out.stderr);
        assert!(said.contains("-o -") && said.contains(&format!("-o ./{word}")), "{said}");
        assert!(std::fs::read_dir(dir.path()).unwrap().next().is_none(), "{word} became a file");
    }
}

#[test]
fn thumbprint_writes_each_of_its_formats() {
    let lab = LabProcess::up(&["--broken"]);
    let url = issuer(&lab);
    let run = |words: &[&str]| {
        let out = lab.trustwalk(&[&["thumbprint", url.as_str()], words].concat());
        // What AWS asks for is not registered, which is no trouble of a script that asks for the value alone.
        let code = if words == ["-o", "json"] { 3 } else { 0 };
        assert_eq!(out.status.code(), Some(code), "{words:?}: {}", text(&out.stderr));
        text(&out.stdout)
    };
    let json: Value = serde_json::from_str(&run(&["-o", "json"])).unwrap();
    let wanted = json["aws_wants"][0].as_str().unwrap();
    assert_eq!(run(&["-o", "bare"]).trim(), wanted);
    assert_eq!(run(&["--bare"]).trim(), wanted);
    let pem = run(&["-o", "pem"]);
    assert_eq!(pem.matches("-----BEGIN CERTIFICATE-----").count(), 4);
    assert_eq!(run(&["--pem"]), pem);
    for words in [&["--pem", "--bare"][..], &["--bare", "-o", "json"], &["-o", "short"]] {
        let out = trustwalk().arg("thumbprint").arg(&url).args(words).output().unwrap();
        assert_eq!(out.status.code(), Some(2), "{words:?}");
    }
    let out = trustwalk().args(["thumbprint", "--fleet", "-", "-o", "pem"]).output().unwrap();
    assert_eq!(out.status.code(), Some(2));
}

#[test]
fn thumbprint_shows_what_the_account_registered_unless_told_not_to_ask() {
    let lab = LabProcess::up(&["--broken"]);
    let url = issuer(&lab);
    let asked: Value = serde_json::from_slice(&lab.trustwalk(&["thumbprint", &url, "-o", "json"]).stdout).unwrap();
    assert_eq!(asked["account"]["state"], "registered");
    let registered = asked["configured"][0].as_str().unwrap();
    let human = text(&lab.trustwalk(&["thumbprint", &url]).stdout);
    assert!(human.contains(registered) && human.contains("is not among them"), "{human}");
    let silent = lab.trustwalk(&["thumbprint", &url, "--no-account"]);
    let said = text(&silent.stdout);
    assert_eq!(silent.status.code(), Some(0));
    assert!(said.contains("not read: --no-account") && !said.contains(registered), "{said}");
    let mut stranger = lab.command(env!("CARGO_BIN_EXE_trustwalk"));
    stranger.args(["thumbprint", &url]).env("HOME", lab.dir.path()).env("AWS_EC2_METADATA_DISABLED", "true");
    let out = stranger.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY").output().unwrap();
    let said = text(&out.stdout);
    assert_eq!(out.status.code(), Some(0), "{said}");
    assert!(said.contains("not read:") && said.contains("credentials"), "{said}");
    // A provider that is not there is not one that could not be read.
    let other = format!("https://{ISSUER_HOST}");
    let none = text(&lab.trustwalk(&["thumbprint", &other]).stdout);
    assert!(none.contains("does not exist"), "{none}");
}

#[test]
fn a_fix_speaks_json_alone_and_beside_it() {
    let lab = LabProcess::up(&["--broken"]);
    let fix = |words: &[&str]| {
        let out = lab.trustwalk(&[&["fix"][..], &TARGET, &["-o", "json"], words].concat());
        let all: Value = serde_json::from_slice(&out.stdout).unwrap();
        (out.status.code(), all[0].clone(), text(&out.stderr))
    };
    let (code, planned, _) = fix(&[]);
    assert_eq!((code, planned["applied"].is_null()), (Some(3), true));
    assert_eq!(planned["plan"]["cures"], "thumbprint-mismatch");
    let (code, done, beside) = fix(&["--approve", "--receipt", "r.json"]);
    assert_eq!(code, Some(0), "{beside}");
    assert_eq!(
        (done["applied"]["verification"].as_str(), done["applied"]["receipt"].as_str()),
        (Some("proven"), Some("r.json"))
    );
    assert!(beside.contains("verified: STS gave"), "{beside}");
    let back = lab.trustwalk(&["rollback", "r.json", "--approve", "-o", "json"]);
    let back: Value = serde_json::from_slice(&back.stdout).unwrap();
    assert_eq!(back["undone"], 1);
}
