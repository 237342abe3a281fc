//! trustwalk among other programs: completed by a shell, called by kubectl.
#![cfg(unix)]

mod support;

use std::os::unix::fs::symlink;
use std::process::Command;

use support::{LabProcess, succeed, tool, trustwalk};

fn script(shell: &str) -> String {
    succeed(trustwalk().args(["completions", shell]))
}

#[test]
fn bash_completes_commands_and_formats() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("trustwalk.bash");
    std::fs::write(&file, script("bash")).unwrap();
    let completed = |words: &str, at: usize| {
        let program = format!(
            "source '{}'; COMP_WORDS=({words}); COMP_CWORD={at}; \
             _trustwalk trustwalk \"${{COMP_WORDS[{at}]}}\" \"${{COMP_WORDS[{}]}}\"; echo \"${{COMPREPLY[@]}}\"",
            file.display(),
            at - 1,
        );
        succeed(Command::new("bash").args(["--norc", "-c", &program])).trim().to_owned()
    };
    assert_eq!(completed("trustwalk diag", 1), "diagnose");
    assert_eq!(completed("trustwalk diagnose -o s", 3), "short");
    assert_eq!(completed("trustwalk thumbprint -o b", 3), "bare");
    assert!(completed("trustwalk collect --out", 2).contains("--output"));
}

#[test]
fn zsh_and_fish_get_scripts_that_know_every_command() {
    let out = trustwalk().args(["completions", "tcsh"]).output().unwrap();
    assert_eq!(out.status.code(), Some(2));
    for shell in ["zsh", "fish"] {
        let script = script(shell);
        for command in ["diagnose", "fix", "rollback", "collect", "thumbprint", "token", "trust", "logs", "lab"] {
            assert!(script.contains(command), "{shell} does not know {command}");
        }
    }
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
