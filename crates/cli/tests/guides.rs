//! The guides say what is so: their marked blocks run in a lab with the real clients, their policies and roles
//! suffice there, and their links lead somewhere.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, as tests do")]

use std::fmt::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::support::{LabProcess, succeed, tool, until};
use serde_json::{Value, json};

/// Longest a guide is; a person with an incident reads no more.
const MOST_LINES: usize = 120;
const TARGET: [&str; 3] = ["daemonset/aws-node", "-n", "kube-system"];

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").canonicalize().unwrap()
}

fn guide(name: &str) -> String {
    std::fs::read_to_string(docs().join("guides").join(name)).unwrap()
}

/// Fenced blocks: what stands after the fence, and the text.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match (line.strip_prefix("```"), inside) {
            (Some(info), false) => {
                found.push((info.to_owned(), String::new()));
                inside = true;
            }
            (Some(_), true) => inside = false,
            (None, true) => {
                if let Some((_, text)) = found.last_mut() {
                    *text += line;
                    text.push('\n');
                }
            }
            (None, false) => {}
        }
    }
    found
}

#[track_caller]
fn block(name: &str, info: &str) -> String {
    blocks(&guide(name)).into_iter().find(|(i, _)| i == info).unwrap_or_else(|| panic!("{name} has no {info}")).1
}

/// Whether the parts of a line stand in a text in this order, on one line of it.
fn shows(text: &str, line: &str) -> bool {
    text.lines().any(|printed| {
        let mut rest = Some(printed);
        for part in line.split('…').map(str::trim) {
            rest = rest.and_then(|r| r.split_once(part)).map(|(_, after)| after);
        }
        rest.is_some()
    })
}

/// Runs a guide's marked blocks, in order and in one shell that stops at a failure as no person would miss it, and
/// compares what the `text` blocks promise.
fn walk(name: &str) {
    walk_in(name, &["--broken"]);
}

fn walk_in(name: &str, arguments: &[&str]) {
    let lab = LabProcess::up(arguments);
    let work = lab.dir.path().join("work");
    std::fs::create_dir(&work).unwrap();
    symlink(env!("CARGO_BIN_EXE_trustwalk"), work.join("trustwalk")).unwrap();
    // The story has broken once every pod says so.
    until(|| {
        if !arguments.contains(&"--broken") {
            return Some(());
        }
        let out = lab.trustwalk(&[&["diagnose"][..], &TARGET, &["-o", "short"]].concat());
        String::from_utf8_lossy(&out.stdout).contains("thumbprint-mismatch").then_some(())
    });
    let all = blocks(&guide(name));
    let mut script = String::from("set -eu\n");
    let mut promises: Vec<(usize, String)> = Vec::new();
    let mut ran = 0;
    for (info, text) in &all {
        if info == "sh run" {
            ran += 1;
            let _ = writeln!(script, "{{\n{text}}} > out.{ran}");
        } else if info == "text" {
            promises.push((ran, text.clone()));
        }
    }
    assert!(ran > 0, "{name} runs nothing");
    let tools = tool("kubectl").parent().unwrap().to_owned();
    let path = format!("{}:{}:{}", work.display(), tools.display(), std::env::var("PATH").unwrap_or_default());
    let mut bash = lab.command("bash");
    bash.args(["--norc", "-c", &script]).current_dir(&work).env("PATH", path).env("LAB", lab.dir.path());
    let out = bash.output().unwrap();
    let printed = |n: usize| std::fs::read_to_string(work.join(format!("out.{n}"))).unwrap_or_default();
    let log = (1..=ran).map(|n| format!("--- {n}\n{}", printed(n))).collect::<Vec<_>>().concat();
    assert!(out.status.success(), "{name} stopped: {}\n{log}", String::from_utf8_lossy(&out.stderr));
    for (n, promised) in promises {
        for line in promised.lines().filter(|l| !l.trim().is_empty()) {
            assert!(shows(&printed(n), line), "block {n} of {name} does not print `{line}`:\n{}", printed(n));
        }
    }
}

#[test]
fn the_lab_guide_does_what_it_says() {
    walk("lab.md");
}

#[test]
fn the_guide_to_what_is_yours_does_what_it_says() {
    walk_in("lab-own.md", &[]);
}

#[test]
fn the_guide_to_a_world_of_your_own_does_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.yaml");
    std::fs::write(&file, block("lab-scenario.md", "yaml")).unwrap();
    walk_in("lab-scenario.md", &["--scenario", file.to_str().unwrap()]);
}

#[test]
fn the_rotation_guide_does_what_it_says() {
    walk_in("rotation.md", &[]);
}

#[test]
fn the_bulk_guide_does_what_it_says() {
    walk("bulk.md");
}

#[test]
fn the_audit_guide_does_what_it_says() {
    walk_in("audit.md", &[]);
}

/// A kubeconfig of somebody who has these cluster roles and nothing else.
fn reader(lab: &LabProcess, name: &str, roles: &[&str]) -> PathBuf {
    for role in roles {
        let bind = ["create", "clusterrolebinding", &format!("{name}-{role}"), "--clusterrole", role, "--user", name];
        succeed(lab.command(tool("kubectl")).args(bind));
    }
    let own = std::fs::read(lab.dir.path().join("kubeconfig")).unwrap();
    let mut config: Value = serde_json::from_slice(&own).unwrap();
    *config.pointer_mut("/users/0/user").unwrap().as_object_mut().unwrap().entry("as").or_insert(Value::Null) =
        json!(name);
    let path = lab.dir.path().join(name);
    std::fs::write(&path, config.to_string()).unwrap();
    path
}

/// Credentials of a session whose role has these policies and nothing else.
fn session(lab: &LabProcess, name: &str, policies: &[String]) -> Vec<(&'static str, String)> {
    let aws = |words: &[&str]| succeed(lab.command(tool("aws")).args(words).args(["--output", "json"]));
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"}}]});
    aws(&["iam", "create-role", "--role-name", name, "--assume-role-policy-document", &trust.to_string()]);
    for (n, policy) in policies.iter().enumerate() {
        let put = [
            "iam",
            "put-role-policy",
            "--role-name",
            name,
            "--policy-name",
            &n.to_string(),
            "--policy-document",
            policy,
        ];
        aws(&put);
    }
    let arn = format!("arn:aws:iam::111122223333:role/{name}");
    let assumed = aws(&["sts", "assume-role", "--role-arn", &arn, "--role-session-name", "guide"]);
    let keys: Value = serde_json::from_str(&assumed).unwrap();
    [
        ("AWS_ACCESS_KEY_ID", "AccessKeyId"),
        ("AWS_SECRET_ACCESS_KEY", "SecretAccessKey"),
        ("AWS_SESSION_TOKEN", "SessionToken"),
    ]
    .map(|(variable, key)| {
        (variable, keys.pointer(&format!("/Credentials/{key}")).unwrap().as_str().unwrap().to_owned())
    })
    .into()
}

#[test]
fn the_published_permissions_suffice_to_read_and_to_fix() {
    let lab = LabProcess::up(&["--broken"]);
    for kind in ["yaml role=read", "yaml role=fix"] {
        let file = lab.dir.path().join("roles.yaml");
        std::fs::write(&file, block("read-only-access.md", kind)).unwrap();
        succeed(lab.command(tool("kubectl")).args(["apply", "-f"]).arg(&file));
    }
    let policy = |kind: &str| block("read-only-access.md", kind);
    let read = session(&lab, "Reader", &[policy("json policy=read")]);
    let fix = session(&lab, "Fixer", &[policy("json policy=read"), policy("json policy=fix")]);
    let prober = reader(&lab, "prober", &["trustwalk-read", "trustwalk-probe"]);
    let fixer = reader(&lab, "fixer", &["trustwalk-read", "trustwalk-probe", "trustwalk-fix"]);
    let run = |who: (&Path, &[(&'static str, String)]), words: &[&str]| {
        let mut command = lab.command(env!("CARGO_BIN_EXE_trustwalk"));
        let keys = who.1.iter().map(|(name, value)| (*name, value.as_str()));
        let out = command.env("KUBECONFIG", who.0).envs(keys).args(words).output().unwrap();
        (out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr))
    };
    let everything = run((&prober, &read), &["diagnose", "-v"]);
    let one = run((&prober, &read), &[&["diagnose", "-v"][..], &TARGET].concat());
    for (code, said) in [&everything, &one] {
        assert_eq!(*code, Some(3), "{said}");
        assert!(said.contains("thumbprint-mismatch") && !said.contains("lacks "), "{said}");
    }
    let approve = [&["fix"][..], &TARGET, &["--approve", "--receipt", "r.json"]].concat();
    let (code, said) = run((&prober, &read), &approve);
    assert_eq!(code, Some(1), "a reader changed something: {said}");
    let (code, said) = run((&fixer, &fix), &[&approve[..approve.len() - 1], &["r2.json"]].concat());
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = run((&fixer, &fix), &["rollback", "r2.json", "--approve"]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn guides_are_short_and_their_links_lead_somewhere() {
    let mut pages: Vec<PathBuf> = Vec::new();
    for folder in ["guides", "reference", "schema"] {
        pages.extend(std::fs::read_dir(docs().join(folder)).unwrap().map(|e| e.unwrap().path()));
    }
    pages.retain(|p| p.extension().is_some_and(|e| e == "md"));
    assert!(pages.len() >= 7, "{pages:?}");
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        let short = !page.parent().unwrap().ends_with("guides") || text.lines().count() < MOST_LINES;
        assert!(short, "{} is too long", page.display());
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            let there = link.contains("://") || page.parent().unwrap().join(file).exists();
            assert!(there, "{}: `{link}` leads nowhere", page.display());
        }
    }
}
