//! What tools print that people paste into issues, as a whole: what it means, and what is said of it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::Stdio;

use crate::support;
use serde_json::Value;

/// Each section: `## TOOL | SYMPTOMS | VERDICT | SOURCE`, and what the tool prints.
const TEXTS: &str = include_str!("tools.txt");

/// The tools and languages of which nothing may be missing here.
const TOOLS: [&str; 34] = [
    "JavaScript",
    "Go 1",
    "Go 2",
    "Java 1",
    "Java 2",
    "botocore",
    ".NET",
    "Ruby",
    "PHP",
    "Rust",
    "C++",
    "Kotlin",
    "Swift",
    "minio-go",
    "Hadoop S3A",
    "Flink",
    "Trino",
    "Airflow",
    "Loki",
    "Thanos",
    "Fluent Bit",
    "Vector",
    "Velero",
    "external-secrets",
    "secrets-store",
    "cert-manager",
    "external-dns",
    "Karpenter",
    "load-balancer",
    "Terraform",
    "Crossplane",
    "ACK",
    "API server",
    "Pod Identity agent",
];
/// Platforms of CI.
const CI: [&str; 6] = ["GitHub", "GitLab", "CircleCI", "Bitbucket", "Buildkite", "HCP Terraform"];

struct Section<'a> {
    tool: &'a str,
    symptoms: BTreeSet<&'a str>,
    verdict: &'a str,
    text: &'a str,
}

fn sections() -> Vec<Section<'static>> {
    let parts = TEXTS.split("\n## ").map(|part| part.strip_prefix("## ").unwrap_or(part));
    parts
        .map(|part| {
            let (head, text) = part.split_once('\n').unwrap();
            let [tool, symptoms, verdict, _source] =
                head.split(" | ").collect::<Vec<_>>().try_into().unwrap_or_else(|v| panic!("{v:?}"));
            Section { tool, symptoms: symptoms.split(' ').filter(|s| *s != "none").collect(), verdict, text }
        })
        .collect()
}

fn diagnosed(text: &str) -> Value {
    serde_json::from_slice::<Value>(&said(&["diagnose", "--log", "-", "-o", "json"], text)).unwrap()[0].take()
}

fn said(words: &[&str], text: &str) -> Vec<u8> {
    let mut child = support::trustwalk()
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap().stdout
}

#[test]
fn what_each_tool_prints_is_understood_and_not_overstated() {
    let mut wrong = Vec::new();
    for section in sections() {
        let d = diagnosed(section.text);
        let observations = d["observations"].as_array().unwrap();
        let symptoms: BTreeSet<&str> = observations.iter().filter_map(|o| o["symptom"].as_str()).collect();
        let root = &d["root_cause"];
        let verdict = match root["name"].as_str() {
            Some(name) => format!("{} {name}", root["confidence"].as_str().unwrap()),
            None => "undecided".to_owned(),
        };
        if symptoms != section.symptoms || verdict != section.verdict {
            wrong.push(format!("{}: {symptoms:?} {verdict}", section.tool));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_text_means_the_same_wherever_it_is_looked_up() {
    let mut wrong = Vec::new();
    for section in sections().into_iter().filter(|s| !s.symptoms.is_empty()) {
        let explained: Value = serde_json::from_slice(&said(&["explain", "-o", "json", "-"], section.text)).unwrap();
        let means: BTreeSet<&str> =
            explained["means"].as_array().unwrap().iter().filter_map(|m| m["symptom"].as_str()).collect();
        if means != section.symptoms {
            wrong.push(format!("{}: {means:?}", section.tool));
        }
        let causes: Vec<&str> =
            explained["causes"].as_array().unwrap().iter().filter_map(|c| c["name"].as_str()).collect();
        if let Some(("proven", name)) = section.verdict.split_once(' ')
            && !causes.contains(&name)
        {
            wrong.push(format!("{}: {name} is not among {causes:?}", section.tool));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_only_possible_is_told_as_possible_with_all_that_is_left() {
    let unsure = |s: &Section<'_>| s.verdict == "undecided" || s.verdict.starts_with("possible");
    // What means the same is told the same: one of each kind.
    let mut kinds = BTreeSet::new();
    for section in sections().into_iter().filter(unsure) {
        if !kinds.insert((section.symptoms.clone(), section.verdict)) {
            continue;
        }
        let told = String::from_utf8(said(&["diagnose", "--log", "-"], section.text)).unwrap();
        let d = diagnosed(section.text);
        let broken = d["outcome"] == "broken";
        for candidate in d["candidates"].as_array().unwrap().iter().filter(|c| broken && c["standing"] != "excluded") {
            let code = candidate["code"].as_str().unwrap();
            assert!(told.contains(code), "{code} is not told of {}:\n{told}", section.tool);
        }
        if let Some(sentence) = d["root_cause"]["sentence"].as_str() {
            let begin = sentence.split_at(sentence.floor_char_boundary(40)).0;
            let stated = told.lines().any(|l| l.trim_start().starts_with('\u{d7}') && l.contains(begin));
            assert!(!stated, "{}:\n{told}", section.tool);
        }
        assert!(told.lines().count() <= 22, "{} rows of {}:\n{told}", told.lines().count(), section.tool);
    }
}

#[test]
fn no_tool_is_missing() {
    let tools: Vec<&str> = sections().iter().map(|s| s.tool).collect();
    for wanted in TOOLS.iter().chain(&CI) {
        assert!(tools.iter().any(|tool| tool.contains(wanted)), "{wanted}: {tools:?}");
    }
}
