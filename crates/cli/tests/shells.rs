//! trustwalk among other programs: completed by a shell, called by kubectl.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use std::os::unix::fs::symlink;
use std::process::Command;

use crate::support::{LabProcess, succeed, tool, trustwalk};

fn script(shell: &str) -> String {
    succeed(trustwalk().args(["completions", shell]))
}

/// What bash offers for a word, as readline asks.
fn completed(lab: Option<&LabProcess>, words: &[&str]) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("trustwalk.bash");
    std::fs::write(&file, script("bash")).unwrap();
    symlink(env!("CARGO_BIN_EXE_trustwalk"), dir.path().join("trustwalk")).unwrap();
    let at = words.len() - 1;
    let program = format!(
        "source '{}'; COMP_WORDS=({}); COMP_CWORD={at}; _clap_complete_trustwalk trustwalk '{}' '{}'; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        file.display(),
        words.iter().map(|w| format!("'{w}'")).collect::<Vec<_>>().join(" "),
        words[at],
        words[at - 1],
    );
    let mut bash = Command::new("bash");
    if let Some(lab) = lab {
        bash.envs(&lab.env);
    }
    let path = format!("{}:{}", dir.path().display(), std::env::var("PATH").unwrap_or_default());
    let out = succeed(bash.env("PATH", path).args(["--norc", "-c", &program]));
    out.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_formats_causes_and_faults() {
    let offers = |words: &[&str]| completed(None, words);
    assert_eq!(offers(&["trustwalk", "diag"]), ["diagnose"]);
    assert_eq!(offers(&["trustwalk", "diagnose", "-o", "s"]), ["short"]);
    assert_eq!(offers(&["trustwalk", "thumbprint", "-o", "b"]), ["bare"]);
    assert!(offers(&["trustwalk", "collect", "--out"]).contains(&"--output".to_owned()));
    assert_eq!(offers(&["trustwalk", "explain", "TW007"]), ["TW007"]);
    assert_eq!(offers(&["trustwalk", "explain", "thumb"]), ["thumbprint-mismatch"]);
    assert_eq!(offers(&["trustwalk", "demo", "--fault", "thumb"]), ["thumbprint-mismatch"]);
    assert_eq!(offers(&["trustwalk", "diagnose", "daem"]), ["daemonset/"]);
}

#[test]
fn names_are_those_of_the_cluster_and_the_account() {
    let lab = LabProcess::up(&[]);
    let offers = |words: &[&str]| completed(Some(&lab), words);
    assert_eq!(offers(&["trustwalk", "diagnose", "-n", "paym"]), ["payments"]);
    assert_eq!(offers(&["trustwalk", "diagnose", "-n", "payments", "deploy/led"]), ["deploy/ledger"]);
    assert_eq!(offers(&["trustwalk", "diagnose", "-n", "payments", "deployment", "led"]), ["ledger"]);
    assert_eq!(offers(&["trustwalk", "diagnose", "--cluster", "har"]), ["harbour"]);
    let roles = offers(&["trustwalk", "diagnose", "--role", "arn:aws:iam::111122223333:role/HarbourL"]);
    assert_eq!(roles, ["arn:aws:iam::111122223333:role/HarbourLedgerRole"]);
    let config: serde_json::Value =
        serde_json::from_slice(&std::fs::read(lab.dir.path().join("kubeconfig")).unwrap()).unwrap();
    let context = config["current-context"].as_str().unwrap();
    assert_eq!(offers(&["trustwalk", "fix", "--context", &context[..1]]), [context]);
    // kubectl asks in its own way.
    let of_kubectl = lab.dir.path().join("kubectl_complete-trustwalk");
    symlink(env!("CARGO_BIN_EXE_trustwalk"), &of_kubectl).unwrap();
    let out = succeed(lab.command(&of_kubectl).args(["diagnose", "-n", "paym"]));
    assert_eq!(out, "payments\n:4\n");
}

#[test]
fn zsh_and_fish_get_scripts_and_every_command_a_page() {
    let out = trustwalk().args(["completions", "tcsh"]).output().unwrap();
    assert_eq!(out.status.code(), Some(2));
    for shell in ["zsh", "fish"] {
        assert!(script(shell).contains("TRUSTWALK_COMPLETE"), "{shell}");
    }
    let dir = tempfile::tempdir().unwrap();
    succeed(trustwalk().args(["man", "--dir"]).arg(dir.path()));
    for page in ["trustwalk", "trustwalk-diagnose", "trustwalk-fix", "trustwalk-lab-break", "trustwalk-access"] {
        let text = std::fs::read_to_string(dir.path().join(format!("{page}.1"))).unwrap();
        assert!(text.contains(".TH") && text.contains("SYNOPSIS"), "{page}: {text}");
    }
    assert!(succeed(trustwalk().args(["man", "diagnose"])).contains("Exit codes"));
    let out = trustwalk().args(["man", "diagnos"]).output().unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("Next: trustwalk man diagnose"));
}

#[test]
fn kubectl_finds_its_plugin_and_passes_words_and_exit_codes() {
    let dir = tempfile::tempdir().unwrap();
    symlink(env!("CARGO_BIN_EXE_trustwalk"), dir.path().join("kubectl-trustwalk")).unwrap();
    let path = format!("{}:{}", dir.path().display(), std::env::var("PATH").unwrap_or_default());
    let lab = LabProcess::up(&["--broken"]);
    let kubectl = |words: &[&str]| lab.command(tool("kubectl")).env("PATH", &path).args(words).output().unwrap();
    let listed = kubectl(&["plugin", "list"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("kubectl-trustwalk"));
    for words in [&["trustwalk", "--help"][..], &["trustwalk", "diagnose", "--help"]] {
        let help = kubectl(words);
        let help = String::from_utf8_lossy(&help.stdout).into_owned();
        let usage = format!("Usage: kubectl {}", words.split_last().unwrap().1.join(" "));
        assert!(help.contains(&usage), "{help}");
    }
    let found = kubectl(&["trustwalk", "diagnose", "daemonset/aws-node", "-n", "kube-system", "-o", "short"]);
    let said = String::from_utf8_lossy(&found.stdout).into_owned();
    assert_eq!(found.status.code(), Some(3), "{said}");
    assert!(said.contains("root-cause thumbprint-mismatch"), "{said}");
    let wrong = kubectl(&["trustwalk", "diagnos"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("Usage: kubectl trustwalk"));
}
