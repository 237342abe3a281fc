//! Behaviour at the edges: readers that go away, terminals that want no colour, names that are no text,
//! errors beside machine output.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Command, Output, Stdio};

use crate::support::{LabProcess, trustwalk};
use serde_json::Value;

const DIAGNOSE: [&str; 4] = ["diagnose", "daemonset/aws-node", "-n", "kube-system"];
/// Bytes that are no UTF-8.
const ODD: &[u8] = b"odd-\xff\xfe-name";
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
    "Principal":{"Federated":"arn:aws-cn:iam::444455556666:oidc-provider/issuer.example"},
    "Action":"sts:AssumeRoleWithWebIdentity",
    "Condition":{"StringEquals":{"issuer.example:sub":"éclair:x","issuer.example:aud":"sts.amazonaws.com"}}}]}"#;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn calm(out: &Output) {
    let said = text(&out.stderr);
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn a_reader_that_takes_one_line_changes_neither_words_nor_exit_code() {
    let lab = LabProcess::up(&["--broken"]);
    for words in [&[][..], &["-o", "json"], &["-o", "short"]] {
        let mut child = lab
            .command(env!("CARGO_BIN_EXE_trustwalk"))
            .args(DIAGNOSE)
            .args(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let out = child.wait_with_output().unwrap();
        assert_eq!((out.status.code(), text(&out.stderr)), (Some(3), String::new()), "{words:?}");
    }
    // As a shell runs it.
    let script = format!("'{}' {} | head -1", env!("CARGO_BIN_EXE_trustwalk"), DIAGNOSE.join(" "));
    let out = lab.command("bash").args(["-o", "pipefail", "-c", &script]).output().unwrap();
    assert_eq!((text(&out.stdout).lines().count(), text(&out.stderr)), (1, String::new()));
}

/// Runs a line on a terminal of its own, which `script` (util-linux) provides.
fn on_a_terminal(lab: &LabProcess, setting: (&str, &str)) -> String {
    let line = format!("'{}' {}", env!("CARGO_BIN_EXE_trustwalk"), DIAGNOSE.join(" "));
    let mut command = lab.command("script");
    command.args(["-qec", &line, "/dev/null"]).env_remove("NO_COLOR").env("TERM", "xterm");
    text(&command.env(setting.0, setting.1).stdin(Stdio::null()).output().unwrap().stdout)
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    let lab = LabProcess::up(&["--broken"]);
    let escape = '\u{1b}';
    let coloured = on_a_terminal(&lab, ("TERM", "xterm"));
    assert!(coloured.contains(escape) && coloured.contains("thumbprint-mismatch"), "{coloured}");
    for setting in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let plain = on_a_terminal(&lab, setting);
        assert!(!plain.contains(escape) && plain.contains("thumbprint-mismatch"), "{setting:?}: {plain}");
    }
    let piped = lab.command(env!("CARGO_BIN_EXE_trustwalk")).args(DIAGNOSE).env("TERM", "xterm").output().unwrap();
    assert!(!text(&piped.stdout).contains(escape) && !text(&piped.stderr).contains(escape));
}

#[test]
fn json_on_standard_output_stands_alone_even_beside_errors() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("policy"), POLICY).unwrap();
    std::fs::write(dir.path().join("empty"), "").unwrap();
    let cases: [(&[&str], i32); 9] = [
        (&["diagnose", "--bundle", "missing"], 1),
        (&["diagnose", "no_sense"], 2),
        (&["diagnos"], 2),
        (&["explain", "TW9999"], 2),
        (&["token", "empty"], 3),
        (&["token", "missing"], 1),
        (&["trust", "policy"], 3),
        (&["trust", "empty"], 1),
        (&["logs", "missing", "empty"], 4),
    ];
    for (words, code) in cases {
        let out = trustwalk().args(words).args(["-o", "json"]).current_dir(dir.path()).output().unwrap();
        calm(&out);
        assert_eq!(out.status.code(), Some(code), "{words:?}: {}", text(&out.stderr));
        if out.stdout.is_empty() {
            assert!(!out.stderr.is_empty(), "{words:?} failed without a word");
        } else {
            let document: Value = serde_json::from_slice(&out.stdout).unwrap();
            assert_eq!(document["schema"], 1, "{words:?}");
        }
        let human = trustwalk().args(words).current_dir(dir.path()).output().unwrap();
        assert_eq!(human.status.code(), Some(code), "the format changed the exit code of {words:?}");
    }
}

#[test]
fn names_that_are_no_text_are_taken_or_refused_and_never_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    let odd = OsStr::from_bytes(ODD);
    let run = |words: &[&str], odd: &OsStr| {
        let mut command = trustwalk();
        command.args(words).arg(odd).current_dir(dir.path()).env("HOME", dir.path());
        let out = command.env("AWS_EC2_METADATA_DISABLED", "true").output().unwrap();
        calm(&out);
        out
    };
    for words in [&["token"][..], &["trust"], &["diagnose", "--bundle"], &["rollback"], &["fix", "--resume"]] {
        let out = run(words, odd);
        assert_eq!(out.status.code(), Some(1), "{words:?}");
        assert!(text(&out.stderr).contains("odd-"), "{words:?}: {}", text(&out.stderr));
    }
    for words in [&["diagnose"][..], &["explain"], &["diagnose", "--issuer"], &["diagnose", "--log"], &[]] {
        assert_eq!(run(words, odd).status.code(), Some(2), "{words:?}");
    }
    std::fs::write(dir.path().join(odd), POLICY).unwrap();
    assert_eq!(run(&["trust"], odd).status.code(), Some(3));
    assert_eq!(run(&["logs"], odd).status.code(), Some(0));
    std::fs::remove_file(dir.path().join(odd)).unwrap();
    assert_eq!(run(&["logs"], odd).status.code(), Some(1));
    let lab = LabProcess::up(&[]);
    let mut collect = lab.command(env!("CARGO_BIN_EXE_trustwalk"));
    let out = collect.args(["collect", "sa/aws-node", "-n", "kube-system", "-o"]).arg(odd).output().unwrap();
    calm(&out);
    assert!(out.status.success() && lab.dir.path().join(odd).exists(), "{}", text(&out.stderr));
}

#[test]
fn a_log_that_cannot_be_read_is_named_while_the_rest_goes_on() {
    let lab = LabProcess::up(&["--broken"]);
    for (log, code) in [("missing", 3), (".", 3)] {
        let out = lab.trustwalk(&[&DIAGNOSE[..], &["--log", log]].concat());
        let said = text(&out.stdout);
        assert_eq!(out.status.code(), Some(code), "{said}");
        // Wherever a line of the report is broken.
        let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(&format!("log {log}: ")) && said.contains("thumbprint-mismatch"), "{said}");
    }
    // The engine by itself: what can be read is read.
    let line = "InvalidIdentityToken: OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint";
    std::fs::write(lab.dir.path().join("a.log"), format!("WebIdentityErr: caused by: {line}\n")).unwrap();
    let out = lab.trustwalk(&["logs", "a.log", "missing", "."]);
    let (said, beside) = (text(&out.stdout), text(&out.stderr));
    assert_eq!(out.status.code(), Some(3), "{said}");
    assert!(said.contains("thumbprint") && beside.contains("cannot read `missing`: No such file"), "{said}{beside}");
    assert!(beside.contains("cannot read `.`"), "{beside}");
}

#[test]
fn trust_takes_the_account_from_the_policy_and_says_what_it_assumed() {
    let dir = tempfile::tempdir().unwrap();
    let anybody = POLICY.replace("arn:aws-cn:iam::444455556666:oidc-provider/issuer.example", "*");
    std::fs::write(dir.path().join("named"), POLICY).unwrap();
    std::fs::write(dir.path().join("anybody"), anybody).unwrap();
    let run = |words: &[&str]| {
        let out = trustwalk().arg("trust").args(words).current_dir(dir.path()).output().unwrap();
        calm(&out);
        (out.status.code(), text(&out.stdout) + &text(&out.stderr))
    };
    let json = |words: &[&str]| -> Value { serde_json::from_str(&run(&[words, &["-o", "json"]].concat()).1).unwrap() };
    assert_eq!(run(&["named", "--subject", "éclair:x"]).0, Some(0));
    let near = json(&["named", "--subject", "éclair:y"]);
    assert_eq!(near["identity"]["provider"], "arn:aws-cn:iam::444455556666:oidc-provider/issuer.example");
    assert!(near["assumed"].to_string().contains("account 444455556666, which the policy names"), "{near}");
    assert_eq!(near["explanation"]["decision"], "implicit-deny");
    let condition = &near["explanation"]["statements"][0]["conditions"][0];
    assert_eq!(
        (condition["verdict"].as_str(), condition["nearest"]["actual_value"].as_str()),
        (Some("not-met"), Some("éclair:y"))
    );
    // The differing characters are told apart though one before them takes two bytes.
    assert!(run(&["named", "--subject", "éclair:y"]).1.contains("in `x` against `y`"));
    let unnamed = json(&["anybody", "--issuer", "https://issuer.example"]);
    assert!(unnamed["assumed"].to_string().contains("no --account was given"), "{unnamed}");
    let given = json(&["anybody", "--issuer", "https://issuer.example", "--account", "777788889999"]);
    assert!(!given["assumed"].to_string().contains("account"), "{given}");
    assert_eq!(run(&["named", "--account", "12"]).0, Some(2));
    let fewer =
        Command::new(env!("CARGO_BIN_EXE_trustwalk")).args(["trust", "-"]).stdin(Stdio::null()).output().unwrap();
    assert_eq!(fewer.status.code(), Some(1));
}
