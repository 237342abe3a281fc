//! Terraform itself, where it is at hand: the same values, the same policies.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use trustwalk_terraform::{File, read, read_plan};

use super::expressions::KNOWN;
use super::plan::summary;

/// The version that these tests are written against.
const VERSION: &str = "Terraform v1.11";

/// Whether a Terraform of that version is at hand; says in words where not.
fn terraform() -> bool {
    let told = Command::new("terraform").arg("version").output();
    let there = told.is_ok_and(|told| String::from_utf8_lossy(&told.stdout).contains(VERSION));
    if !there {
        eprintln!("skipped: {VERSION} is not at hand to be asked");
    }
    there
}

#[test]
fn terraform_computes_the_same() {
    if !terraform() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut asked = String::from("jsonencode([");
    for (expression, _) in KNOWN {
        write!(asked, "{expression}, ").unwrap();
    }
    asked.push_str("])\n");
    let mut console = Command::new("terraform")
        .arg("console")
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    console.stdin.take().unwrap().write_all(asked.as_bytes()).unwrap();
    let told = console.wait_with_output().unwrap();
    let answer = String::from_utf8(told.stdout).unwrap();
    // The console writes a text as it would be written in its language, which JSON reads here.
    let text: String = serde_json::from_str(answer.trim())
        .unwrap_or_else(|error| panic!("{error}: {answer}{}", String::from_utf8_lossy(&told.stderr)));
    let values: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(values.len(), KNOWN.len());
    for ((expression, wanted), value) in KNOWN.iter().zip(values) {
        assert_eq!(value.as_str(), Some(*wanted), "{expression}");
    }
}

/// Makes a plan of the fixture; `None`, in words, where the provider is not at hand.
fn planned(folder: &Path) -> Option<String> {
    let run = |arguments: &[&str]| Command::new("terraform").args(arguments).current_dir(folder).output().ok();
    let init = run(&["init", "-backend=false", "-input=false", "-no-color"])?;
    if !init.status.success() {
        eprintln!("skipped: the AWS provider 5.100 is not at hand: set TF_CLI_CONFIG_FILE to a mirror that has it");
        return None;
    }
    let plan = run(&["plan", "-input=false", "-no-color", "-out=plan"])?;
    assert!(plan.status.success(), "{}", String::from_utf8_lossy(&plan.stderr));
    let shown = run(&["show", "-json", "plan"])?;
    Some(String::from_utf8_lossy(&shown.stdout).into_owned())
}

#[test]
fn terraform_plans_what_the_fixture_says() {
    if !terraform() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cluster");
    std::fs::create_dir(folder.path().join("role")).unwrap();
    for name in ["main.tf", "role/main.tf"] {
        std::fs::copy(fixture.join(name), folder.path().join(name)).unwrap();
    }
    let Some(text) = planned(folder.path()) else { return };
    let told = std::fs::read_to_string(fixture.join("plan.json")).unwrap();
    let summary_of = |text: String| summary(&read_plan(&File { path: "plan.json".into(), text }));
    assert_eq!(summary_of(text), summary_of(told));
}

#[test]
fn places_lie_in_their_files_and_no_cut_of_a_file_stops_the_reader() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cluster/main.tf");
    let text = std::fs::read_to_string(fixture).unwrap();
    let ends = text.char_indices().map(|(at, _)| at).filter(|at| at % 41 == 0);
    for end in ends {
        let cut = text.get(..end).unwrap().to_owned();
        let lines = cut.split('\n').count();
        let declared = read(&[File { path: "main.tf".into(), text: cut }]);
        let roles = declared.roles.iter().flat_map(|role| [&role.from.at, &role.name.at, &role.trust.at]);
        for place in roles.chain(declared.unread.iter().map(|unread| &unread.at)) {
            assert!(place.line >= 1 && place.end_line as usize <= lines && place.line <= place.end_line, "{place:?}");
        }
    }
}
