//! What the command line promises: exit codes, machine output, and plain words on bad input.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use crate::support::{LabProcess, trustwalk};

fn run(arguments: &[&str]) -> (i32, String, String) {
    let out = trustwalk().args(arguments).output().unwrap();
    (out.status.code().unwrap(), String::from_utf8(out.stdout).unwrap(), String::from_utf8(out.stderr).unwrap())
}

#[test]
fn words_that_make_no_sense_end_with_two() {
    for words in [
        &["diagnos"][..],
        &["diagnose", "aws_node"],
        &["diagnose", "ingress/x"],
        &["explain", "TW9999"],
        &["diagnose", "--token", "f"],
    ] {
        let (code, out, err) = run(words);
        assert_eq!(code, 2, "{words:?}: {err}");
        assert!(out.is_empty() && !err.is_empty(), "{words:?}");
    }
}

#[test]
fn a_first_look_fits_a_screen_and_names_every_command() {
    let (code, out, err) = run(&[]);
    assert_eq!((code, out.as_str()), (2, ""));
    let lines: Vec<&str> = err.lines().collect();
    assert!(lines.len() < 24 && lines.iter().all(|line| line.chars().count() <= 80), "{err}");
    let (_, help, _) = run(&["help"]);
    let listed = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let commands: Vec<&str> = listed
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| !["completions", "man"].contains(name))
        .collect();
    assert!(commands.len() > 10, "{help}");
    for command in commands {
        assert!(err.contains(command), "{command}: {err}");
    }
}

#[test]
fn what_is_taken_out_of_a_message_is_told() {
    let (_, _, err) = run(&["diagnose", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"]);
    assert!(err.contains("`[withheld]` is not a target") && err.contains("looks like a secret"), "{err}");
    let (_, _, err) = run(&["diagnose", "aws_node"]);
    assert!(!err.contains("secret"), "{err}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let (code, _, err) = run(&["diagnose", "--bundle", "no-such-file.json"]);
    assert_eq!(code, 1);
    assert!(err.contains("cannot read `no-such-file.json`"), "{err}");
}

#[test]
fn a_bundle_from_a_newer_version_is_refused_with_both_versions() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("b.json");
    std::fs::write(&path, r#"{"version": 99, "tool": "trustwalk 9.0.0", "evidence": "other"}"#).unwrap();
    let (code, _, err) = run(&["diagnose", "--bundle", path.to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(err.contains("format 99") && err.contains("trustwalk 9.0.0") && err.contains("formats 1 to 3"), "{err}");
}

#[test]
fn an_unreachable_cluster_is_undetermined_and_never_sound() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config");
    // Port 9 on loopback: nobody listens there.
    std::fs::write(
        &config,
        "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: c, cluster: {server: \
         'http://127.0.0.1:9'}}]\ncontexts: [{name: c, context: {cluster: c, user: u}}]\nusers: [{name: u, user: \
         {token: t}}]\n",
    )
    .unwrap();
    let out = trustwalk()
        .args(["diagnose", "-v", "daemonset/aws-node", "-n", "kube-system", "--kubeconfig"])
        .arg(&config)
        .args(["--endpoint-url", "http://127.0.0.1:9", "--region", "us-west-2"])
        .env("AWS_ACCESS_KEY_ID", "x")
        .env("AWS_SECRET_ACCESS_KEY", "x")
        .output()
        .unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    assert_eq!(out.status.code(), Some(4), "{text}");
    assert!(text.contains("Could not be determined"), "{text}");
}

#[test]
fn the_format_never_changes_the_exit_code_and_json_stands_alone() {
    let lab = LabProcess::up(&["--broken"]);
    let target = ["diagnose", "daemonset/aws-node", "-n", "kube-system"];
    for format in ["human", "short", "json"] {
        let out = lab.trustwalk(&[&target[..], &["-o", format]].concat());
        assert_eq!(out.status.code(), Some(3), "{format}: {}", String::from_utf8_lossy(&out.stdout));
        if format == "json" {
            let parsed: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
            assert_eq!(parsed[0]["root_cause"]["name"], "thumbprint-mismatch");
            assert_eq!(parsed[0]["links"].as_array().unwrap().len(), 11);
        }
    }
}

#[test]
fn a_bundle_gives_the_diagnosis_the_live_run_gave_and_holds_no_secret() {
    let lab = LabProcess::up(&["--broken"]);
    let target = ["daemonset/aws-node", "-n", "kube-system"];
    let live = lab.trustwalk(&[&["diagnose"][..], &target, &["-o", "json"]].concat());
    let collected = lab.trustwalk(&[&["collect"][..], &target, &["-o", "bundle.json"]].concat());
    assert!(collected.status.success());
    let again = lab.trustwalk(&["diagnose", "--bundle", "bundle.json", "-o", "json"]);
    let causes = |bytes: &[u8]| {
        let v: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        (
            v[0]["root_cause"]["name"].clone(),
            v[0]["links"].as_array().unwrap().iter().map(|l| l["state"].clone()).collect::<Vec<_>>(),
        )
    };
    assert_eq!(causes(&live.stdout), causes(&again.stdout));
    let bundle = std::fs::read_to_string(lab.dir.path().join("bundle.json")).unwrap();
    for secret in ["AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"] {
        assert!(!bundle.contains(&lab.env[secret]), "the bundle holds {secret}");
    }
    // Every token begins with the base64 of `{"`.
    assert!(!bundle.contains("eyJ"), "the bundle holds something like a token");
}

#[test]
fn a_fix_is_planned_applied_verified_and_undone() {
    let lab = LabProcess::up(&["--broken"]);
    let target = ["daemonset/aws-node", "-n", "kube-system"];
    let planned = lab.trustwalk(&[&["fix"][..], &target].concat());
    assert_eq!(planned.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&planned.stdout).contains("No changes were made"));
    let fixed = lab.trustwalk(&[&["fix"][..], &target, &["--approve", "--receipt", "receipt.json"]].concat());
    let text = String::from_utf8_lossy(&fixed.stdout).into_owned();
    assert_eq!(fixed.status.code(), Some(0), "{text}\n{}", String::from_utf8_lossy(&fixed.stderr));
    assert!(text.contains("verified: STS gave"), "{text}");
    let sound = lab.trustwalk(&[&["diagnose"][..], &target].concat());
    assert_eq!(sound.status.code(), Some(0), "{}", String::from_utf8_lossy(&sound.stdout));
    let undone = lab.trustwalk(&["rollback", "receipt.json", "--approve"]);
    assert!(undone.status.success(), "{}", String::from_utf8_lossy(&undone.stderr));
    let broken = lab.trustwalk(&[&["diagnose"][..], &target].concat());
    assert_eq!(broken.status.code(), Some(3), "{}", String::from_utf8_lossy(&broken.stdout));
}
