//! What stands in files: logs, workflows, tokens and bundles, in any format.

use std::fmt::Write as _;
use std::process::Command;

fn run(args: &[&str], folder: &std::path::Path) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_trustwalk"))
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .output()
        .unwrap();
    [out.stdout, out.stderr].iter().map(|b| String::from_utf8_lossy(b).into_owned()).collect()
}

/// A secret in each dress in which logs have them.
fn planted(canary: &str) -> Vec<String> {
    vec![
        format!("Authorization: Basic {canary}"),
        format!("Cookie: sid={canary}; theme=x"),
        format!("x-api-key: {canary}"),
        format!("X-Vault-Token: {canary}"),
        format!("postgres://bob:{canary}@db.example/shop"),
        format!("{{\"db\":{{\"password\":\"{canary}\"}},\"user\":\"bob\"}}"),
        format!("{{\\\"client_secret\\\":\\\"{canary}\\\"}}"),
        format!("map[Authorization:[Bearer {canary}]]"),
        format!("https://h.example/x?access_token={canary}&y=1"),
        format!("Value '{canary}' at 'webIdentityToken' failed to satisfy constraint"),
        format!("curl -u bob:{canary} https://h.example"),
        format!("password={canary}"),
    ]
}

#[test]
fn logs_give_no_secret_back() {
    let dir = tempfile::tempdir().unwrap();
    let canary = ["can4ry", "Feather"].concat();
    let failure = "InvalidIdentityToken: Incorrect token audience status code: 400";
    let mut log = String::new();
    for line in planted(&canary) {
        writeln!(log, "2026-11-23T10:00:00Z error {failure} {line}\n").unwrap();
        writeln!(log, "2026-11-23T10:00:00Z error {line}\n\tcaused by: {failure}\n").unwrap();
        let record = serde_json::json!({"level": "error", "msg": failure, "error": line, "password": canary});
        writeln!(log, "{record}\n").unwrap();
    }
    std::fs::write(dir.path().join("app.log"), log).unwrap();
    for args in [
        &["logs", "app.log"][..],
        &["logs", "app.log", "-o", "json"],
        &["diagnose", "--log", "app.log"],
        &["diagnose", "--log", "app.log", "-o", "json"],
        &["collect", "--log", "app.log", "-o", "-"],
    ] {
        let out = run(args, dir.path());
        assert!(out.contains("audience"), "{args:?}: {out}");
        assert!(!out.contains(&canary), "{args:?}: {out}");
    }
}

#[test]
fn what_is_no_token_is_not_shown() {
    let dir = tempfile::tempdir().unwrap();
    let canary = ["can4ry", "Feather"].concat();
    for text in [canary.clone(), format!("[default]\naws_secret_access_key = {canary}\n"), format!("a.{canary}.b")] {
        std::fs::write(dir.path().join("token"), &text).unwrap();
        for args in [&["token", "token"][..], &["token", "token", "-o", "json"]] {
            let out = run(args, dir.path());
            assert!(!out.contains(&canary), "{args:?}: {out}");
        }
    }
}

#[test]
fn a_workflow_gives_nothing_back_but_what_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let canary = ["can4ry", "Feather"].concat();
    let workflow = format!(
        "on: push\nenv: {{DB: {canary}}}\njobs:\n  go:\n    permissions: {{id-token: write}}\n    steps:\n      - \
         run: deploy --password {canary}\n      - uses: aws-actions/configure-aws-credentials@v4\n        with: \
         {{role-to-assume: 'arn:aws:iam::111122223333:role/x', aws-region: us-west-2, role-external-id: \
         {canary}}}\n"
    );
    std::fs::write(dir.path().join("workflow.yml"), workflow).unwrap();
    let out = run(&["collect", "--job", ".", "--no-exchange", "-o", "-"], dir.path());
    assert!(out.contains("role-to-assume") && !out.contains(&canary), "{out}");
}
