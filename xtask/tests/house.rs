//! The house's invariants, read off the repository itself.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests fail by panicking, as tests do"
)]

#[path = "house/facts.rs"]
mod facts;
#[path = "house/workflows.rs"]
mod workflows;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// No file grows past what one person reads in a sitting.
const MOST_LINES: usize = 600;
/// No line is wider than what two windows side by side show, in bytes: rustfmt leaves what is in a macro or a long
/// string as it is.
const MOST_BYTES: usize = 120;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Workspace crates and the workspace crates each depends on, tests' own dependencies aside.
fn edges() -> BTreeMap<String, BTreeSet<String>> {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let ours: BTreeSet<&str> = packages.iter().map(|p| p["name"].as_str().unwrap()).collect();
    packages
        .iter()
        .map(|p| {
            let needs = p["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|d| d["kind"].as_str() != Some("dev"))
                .filter_map(|d| d["name"].as_str())
                .filter(|n| ours.contains(n))
                .map(str::to_owned)
                .collect();
            (p["name"].as_str().unwrap().to_owned(), needs)
        })
        .collect()
}

fn reach(edges: &BTreeMap<String, BTreeSet<String>>, from: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut next = vec![from.to_owned()];
    while let Some(one) = next.pop() {
        for need in &edges[&one] {
            if found.insert(need.clone()) {
                next.push(need.clone());
            }
        }
    }
    found
}

const DOCTOR: [&str; 16] = [
    "trustwalk-foreign",
    "trustwalk-core",
    "trustwalk-render",
    "trustwalk-trust-policy",
    "trustwalk-x509",
    "trustwalk-token",
    "trustwalk-symptoms",
    "trustwalk-logs",
    "trustwalk-ci",
    "trustwalk-audit",
    "trustwalk-forecast",
    "trustwalk-checkout",
    "trustwalk-terraform",
    "trustwalk-preflight",
    "trustwalk-collect",
    "trustwalk-apply",
];

#[test]
fn the_lab_and_the_doctor_share_no_code() {
    let edges = edges();
    for name in edges.keys() {
        let reached = reach(&edges, name);
        let lab = name.starts_with("trustwalk-lab");
        for other in &reached {
            let crosses = (lab && DOCTOR.contains(&other.as_str()))
                || (DOCTOR.contains(&name.as_str()) && other.starts_with("trustwalk-lab"));
            assert!(!crosses, "{name} reaches {other}");
        }
    }
}

#[test]
fn the_core_reaches_only_pure_crates() {
    let pure: BTreeSet<String> =
        ["trustwalk-foreign", "trustwalk-trust-policy", "trustwalk-x509", "trustwalk-token", "trustwalk-symptoms"]
            .map(str::to_owned)
            .into();
    assert!(reach(&edges(), "trustwalk-core").is_subset(&pure));
    let manifest = std::fs::read_to_string(root().join("crates/core/Cargo.toml")).unwrap();
    let direct = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    for io in ["tokio", "hyper", "reqwest", "kube", "rustls"] {
        assert!(!direct.lines().any(|l| l.starts_with(io)), "core depends on {io}");
    }
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_some_and(|n| n != "target") {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for dir in ["crates", "xtask", "bench", "fuzz"] {
        let dir = root().join(dir);
        if dir.is_dir() {
            sources(&dir, &mut found);
        }
    }
    found.sort();
    found
        .into_iter()
        .map(|p| (p.strip_prefix(root()).unwrap().display().to_string(), std::fs::read_to_string(&p).unwrap()))
        .collect()
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<String> =
        all_sources().into_iter().filter(|(_, text)| !text.starts_with("//!")).map(|(path, _)| path).collect();
    assert!(silent.is_empty(), "no `//!` at the top of {silent:#?}");
}

#[test]
fn no_file_is_longer_than_a_sitting() {
    let long: Vec<(String, usize)> =
        all_sources().into_iter().map(|(p, t)| (p, t.lines().count())).filter(|(_, n)| *n > MOST_LINES).collect();
    assert!(long.is_empty(), "split {long:#?}");
}

#[test]
fn no_line_is_wider_than_a_window() {
    let mut wide = Vec::new();
    for (path, text) in all_sources() {
        let lines = text.lines().enumerate().filter(|(_, line)| line.len() > MOST_BYTES);
        wide.extend(lines.map(|(n, line)| format!("{path}:{}: {} bytes", n + 1, line.len())));
    }
    assert!(wide.is_empty(), "break these, a long string with a `\\` at the line's end:\n{}", wide.join("\n"));
}

#[test]
fn nothing_sleeps_and_nothing_is_skipped() {
    // Put together here, so that this file does not find itself.
    let banned = [
        ["#[ig", "nore"].concat(),
        ["thread::sl", "eep"].concat(),
        ["to", "do!("].concat(),
        ["unimple", "mented!("].concat(),
    ];
    for (path, text) in all_sources() {
        for word in &banned {
            assert!(!text.contains(word.as_str()), "{path} has {word}");
        }
    }
}

#[test]
fn every_file_of_tests_is_run() {
    let mut forgotten = Vec::new();
    for (path, text) in all_sources().iter().filter(|(path, _)| path.ends_with("/tests/main.rs")) {
        let folder = path.trim_end_matches("main.rs");
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let found = entry.unwrap().path();
            let name = found.file_stem().unwrap().to_string_lossy().into_owned();
            let is_part = found.is_dir() && found.join("mod.rs").is_file()
                || found.extension().is_some_and(|kind| kind == "rs") && name != "main";
            if is_part && !text.lines().any(|line| line == format!("mod {name};")) {
                forgotten.push(format!("{folder}{name}"));
            }
        }
    }
    assert!(forgotten.is_empty(), "not named in the folder's `main.rs`, so never run: {forgotten:#?}");
}

#[test]
fn every_crate_forbids_what_the_workspace_forbids() {
    for manifest in [
        "foreign",
        "core",
        "render",
        "trust-policy",
        "x509",
        "token",
        "symptoms",
        "logs",
        "audit",
        "forecast",
        "checkout",
        "terraform",
        "preflight",
        "collect",
        "apply",
        "cli",
        "testkit",
        "lab",
        "lab/aws",
        "lab/cluster",
        "lab/node",
        "lab/issuer",
        "lab/keep",
        "lab/serve",
    ] {
        let text = std::fs::read_to_string(root().join("crates").join(manifest).join("Cargo.toml")).unwrap();
        assert!(text.contains("[lints]\nworkspace = true"), "crates/{manifest} opts out of the lints");
    }
}

/// Programs that the doctor tells people to run, with what follows them in a command and not in a sentence.
const PROGRAMS: [(&str, &[&str]); 9] = [
    ("aws", &["iam", "sts", "eks", "ec2", "s3api", "account", "organizations", "cloudtrail", "service-quotas"]),
    (
        "kubectl",
        &[
            "get", "describe", "create", "annotate", "delete", "edit", "exec", "logs", "patch", "rollout", "run",
            "set", "apply", "label",
        ],
    ),
    ("curl", &["{", "-", "http"]),
    ("openssl", &["s_client", "x509"]),
    ("eksctl", &["create", "utils", "get", "delete"]),
    ("gh", &["api", "run"]),
    ("terraform", &["import", "state", "apply"]),
    ("source", &["{"]),
    (
        "trustwalk",
        &["diagnose", "fix", "rollback", "lab", "collect", "token", "trust", "thumbprint", "logs", "explain"],
    ),
];

/// Places where the value is ours.
const OWN_VALUES: [(&str, &str); 1] = [
    // A heading with a time.
    ("crates/cli/src/commands/demo.rs", "trustwalk diagnose ({} ms)"),
];

/// String literals that a formatting macro fills, with the line they begin in. Comments and tests are left out.
fn formatted(text: &str) -> Vec<(usize, String)> {
    let body = text.split("#[cfg(test)]").next().unwrap();
    let mut found = Vec::new();
    let (mut at, mut macros) = (0, None::<usize>);
    let bytes = body.as_bytes();
    while at < bytes.len() {
        let rest = &body[at..];
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("'\"'") {
            at += 3;
        } else if let Some(name) =
            ["format!(", "write!(", "writeln!(", "bail!(", "anyhow!(", "error("].iter().find(|m| rest.starts_with(**m))
        {
            at += name.len();
            macros = Some(at);
        } else if rest.starts_with('"') || rest.starts_with("r#\"") {
            let raw = rest.starts_with('r');
            let begin = at + if raw { 3 } else { 1 };
            let mut end = begin;
            while end < bytes.len() && !(if raw { body[end..].starts_with("\"#") } else { bytes[end] == b'"' }) {
                end += if bytes[end] == b'\\' && !raw { 2 } else { 1 };
            }
            // The template is the first literal of the macro, or the one after what it writes into.
            if macros.take().is_some() {
                found.push((body[..at].lines().count(), body[begin..end].to_owned()));
            }
            at = end + if raw { 2 } else { 1 };
        } else {
            if rest.starts_with(';') {
                macros = None;
            }
            at += rest.chars().next().unwrap().len_utf8();
        }
    }
    found
}

/// Whether a template has a command in it with a value after the command's first words.
fn fills_a_command(template: &str) -> bool {
    let filled = |rest: &str| {
        let command = rest.split(['`', ';', '\n', '\\']).next().unwrap();
        let slots = command.replace("{{", "").replace("}}", "");
        slots.contains('{')
    };
    PROGRAMS.iter().any(|(program, next)| {
        template.match_indices(program).any(|(at, _)| {
            let before = template[..at].chars().next_back();
            let rest = template[at + program.len()..].strip_prefix(' ');
            before.is_none_or(|c| !c.is_alphanumeric() && !"-_./:".contains(c))
                && rest.is_some_and(|rest| next.iter().any(|n| rest.starts_with(n)) && filled(rest))
        })
    }) || (template.contains("export ") && template.contains("={"))
}

/// A value gets into a command by `shell::line` alone, and into a snippet by `snippet`: never by a format string.
#[test]
fn no_command_is_put_together_by_hand() {
    assert!(fills_a_command("run `aws iam get-role --role-name {name}`"));
    assert!(fills_a_command("curl {}"));
    assert!(!fills_a_command("use the trustwalk that wrote it, {name}"));
    assert!(!fills_a_command("`kubectl get pods -A`, and {name}"));
    let mut wrong = Vec::new();
    for (path, text) in all_sources() {
        let doctor = path.starts_with("crates/") && path.contains("/src/") && !path.starts_with("crates/lab");
        if !doctor {
            continue;
        }
        for (line, template) in formatted(&text) {
            let own = OWN_VALUES.iter().any(|(p, t)| *p == path && template.contains(t));
            if fills_a_command(&template) && !own {
                wrong.push(format!("{path}:{line}: {template}"));
            }
        }
        let squeezed: String = text.split_whitespace().collect();
        for tool in ["aws", "kubectl", "eksctl", "curl", "trustwalk", "workflow"] {
            let pair = format!("(\"{tool}\",format!(");
            if squeezed.contains(&pair) {
                wrong.push(format!("{path}: a cure by {tool} is made with format!"));
            }
        }
        if squeezed.contains("by_hand:Some(format!(") {
            wrong.push(format!("{path}: a source's command is made with format!"));
        }
    }
    assert!(wrong.is_empty(), "quote with trustwalk_foreign::shell::line or snippet:\n{}", wrong.join("\n"));
}

#[test]
fn the_tests_that_the_threat_model_names_are_there() {
    let page = std::fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let rows: Vec<&str> = page.lines().filter(|l| l.starts_with("| **")).collect();
    let targets = std::fs::read_to_string(root().join("fuzz/tests/bounded.rs")).unwrap();
    let mut named = 0;
    for row in &rows {
        let tests = row.trim_end_matches([' ', '|']).rsplit(" | ").next().unwrap();
        let fuzzed = tests.split("fuzz ").nth(1).unwrap_or_default();
        for word in tests.split('`').skip(1).step_by(2) {
            named += 1;
            let is_there = if fuzzed.contains(&format!("`{word}`")) {
                targets.split_whitespace().any(|target| target == word)
            } else if word.contains('/') {
                root().join("crates").join(word).exists()
            } else {
                // A crate, or a test in one of its files.
                let path = word.replace("::", "/").replace("/tests", ".rs");
                root().join("crates").join(word).exists()
                    || root().join("crates/collect/src").join(path).exists()
                    || all_sources().iter().any(|(_, text)| text.contains(&format!("fn {word}(")))
            };
            assert!(is_there, "SECURITY.md names `{word}`, which is not there");
        }
    }
    assert!(rows.len() > 10 && named > rows.len(), "the table has another form: {} rows, {named} tests", rows.len());
}

/// The names of the fields of a public struct.
fn fields(text: &str, of: &str) -> Vec<String> {
    let body = text.split_once(&format!("pub struct {of} {{\n")).unwrap().1.split_once("\n}").unwrap().0;
    let named = body.lines().filter_map(|line| line.strip_prefix("    pub ")?.split_once(':'));
    named.map(|(name, _)| name.to_owned()).collect()
}

/// Every Rust file under these folders of `core`, as one text.
fn core_text(folders: &[&str]) -> String {
    let mut next: Vec<PathBuf> = folders.iter().map(|f| root().join("crates/core/src").join(f)).collect();
    let mut text = String::new();
    while let Some(folder) = next.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                next.push(path);
            } else {
                text += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    text
}

#[test]
fn every_fact_that_is_collected_is_read() {
    let evidence = |name: &str| std::fs::read_to_string(root().join("crates/core/src/evidence").join(name)).unwrap();
    let view = evidence("view.rs");
    let mut facts = fields(&evidence("mod.rs"), "Evidence");
    facts.retain(|name| name != "run");
    facts.extend(fields(&evidence("run.rs"), "Run"));
    assert!(facts.len() > 30, "{facts:?}");
    let readers = core_text(&["question", "diagnosis", "plan"]);
    let accessors: Vec<(&str, &str)> =
        view.split("    pub fn ").skip(1).filter_map(|accessor| accessor.split_once('(')).collect();
    for fact in facts {
        let shows = |body: &str| {
            let field = format!(".{fact}");
            let mut places = body.match_indices(&field);
            places.any(|(at, found)| !body[at + found.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        };
        let mut showing = accessors.iter().filter(|(_, body)| shows(body)).map(|(name, _)| *name).peekable();
        assert!(showing.peek().is_some(), "`View` does not show {fact}");
        let read = showing.any(|name| readers.contains(&format!(".{name}()")));
        assert!(read, "{fact} is collected, and no question, diagnosis or plan reads it through `View`");
    }
}
