//! Every command that a report prints is pasted into a real shell, whatever hostile values the evidence holds: it runs
//! the one program it shows, with the values whole, and does nothing else.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use trustwalk_core::diagnosis::diagnose;
use trustwalk_core::evidence::Evidence;
use trustwalk_core::plan::build;
use trustwalk_foreign::{shell, visible};
use trustwalk_testkit::Scenario;

/// What strangers write where a name is expected. Each that a shell would act on makes a file `X`.
const HOSTILE: [&str; 11] = [
    "';touch${IFS}X;'",
    "';touch X;'`touch X`$(touch X)\"$(touch X)\"",
    "a' || touch X #",
    "\"; touch X; \"",
    "&touch X|touch X>X",
    "x\ntouch X\n",
    "x\r\u{1b}[2K\u{202e}touch X",
    "--kubeconfig=X",
    "file:///etc/passwd",
    "\"${file(\"X\")}%{ if true }X",
    "${{ secrets.X }}",
];

/// Programs that reports tell a person to run, and what stands between them.
const PROGRAMS: [&str; 10] = ["aws", "kubectl", "curl", "openssl", "eksctl", "trustwalk", "gh", "jq", "grep", "base64"];

/// Texts replaced in one scenario, other ones in the next: a hundred scenarios share their names, and a diagnosis
/// without optimisation takes some time.
const TEXTS: usize = 6;

/// Members of the evidence that are not free text.
const FIXED: [&str; 6] = ["state", "kind", "symptom", "chain", "library", "sdk"];

fn scenarios() -> Vec<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/causes");
    let rules = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = rules
        .flat_map(|rule| std::fs::read_dir(rule.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().contains("violated"))
        .collect();
    files.sort();
    files.iter().map(|path| Scenario::parse(&std::fs::read_to_string(path).unwrap()).unwrap()).collect()
}

/// Every text in the evidence that somebody else wrote.
fn texts(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            map.iter().filter(|(key, _)| !FIXED.contains(&key.as_str())).for_each(|(_, inner)| texts(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| texts(inner, found)),
        Value::String(text) => {
            found.insert(text.clone());
            // The name at the end of an ARN or a subject stands alone in commands.
            found.extend(text.rsplit([':', '/']).next().filter(|name| name.len() > 2).map(str::to_owned));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The same evidence with a text replaced wherever it stands, in the policy's strings too, so that what fitted
/// together still does.
fn replaced(value: &Value, old: &str, new: &str) -> Value {
    match value {
        Value::Object(map) => {
            let one = |(key, inner): (&String, &Value)| {
                let inner = if FIXED.contains(&key.as_str()) { inner.clone() } else { replaced(inner, old, new) };
                (key.clone(), inner)
            };
            Value::Object(map.iter().map(one).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(|inner| replaced(inner, old, new)).collect()),
        Value::String(text) => Value::String(match serde_json::from_str::<Value>(text) {
            Ok(policy) if policy.is_object() => replaced(&policy, old, new).to_string(),
            Ok(_) | Err(_) => text.replace(old, new),
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// What one report tells a person to run or to write: pairs of tool and text, and prose with commands in it.
#[derive(Default)]
struct Told {
    by_hand: BTreeSet<(String, String)>,
    prose: BTreeSet<String>,
}

impl Told {
    fn add(&mut self, other: Self) {
        self.by_hand.extend(other.by_hand);
        self.prose.extend(other.prose);
    }

    /// Whether a text stands in something that looks like a command or a snippet.
    fn names(&self, text: &str) -> bool {
        let commands = |prose: &String| {
            prose.match_indices('`').any(|(at, _)| is_command(&prose[at + 1..]) && prose[at..].contains(text))
        };
        self.by_hand.iter().any(|(_, way)| way.contains(text)) || self.prose.iter().any(commands)
    }
}

fn report(e: &Evidence) -> Told {
    let d = diagnose(e);
    let mut told = Told::default();
    for finding in d.root_cause.iter().chain(&d.also).chain(&d.warnings) {
        told.prose.extend(finding.decide.clone());
        let ways = finding.cures.iter().flat_map(|cure| &cure.by_hand);
        told.by_hand.extend(ways.map(|(tool, text)| (tool.clone(), text.clone())));
    }
    told.prose.extend(d.undetermined.iter().cloned().chain(build(e, &d).notes));
    told.prose.retain(|text| text.contains('`'));
    told
}

fn told(shard: usize, shards: usize) -> Told {
    let mut told = Told::default();
    for (number, scenario) in scenarios().iter().enumerate().filter(|(n, _)| n % shards == shard) {
        let mut evidence = serde_json::to_value(scenario.evidence().unwrap()).unwrap();
        if scenario.chain.is_none() {
            // Chains cost most of a diagnosis and lead to no command where they hold.
            evidence["chains"] = Value::Array(Vec::new());
        }
        let plain = report(&serde_json::from_value(evidence.clone()).unwrap());
        let mut all = BTreeSet::new();
        texts(&evidence, &mut all);
        all.retain(|text| !text.is_empty() && plain.names(text));
        let from = number % all.len().max(1);
        for (turn, old) in all.iter().cycle().skip(from).take(all.len().min(TEXTS)).enumerate() {
            let hostile = HOSTILE[(number + turn) % HOSTILE.len()];
            let new = if turn % 2 == 0 { hostile.to_owned() } else { format!("{old}{hostile}") };
            // A text that is a word of the format cannot be anything.
            if let Ok(e) = serde_json::from_value::<Evidence>(replaced(&evidence, old, &new)) {
                told.add(report(&e));
            }
        }
    }
    told
}

/// An empty folder and programs that only say with which words they were called.
struct Desk {
    folder: tempfile::TempDir,
    programs: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let (folder, programs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for name in PROGRAMS {
            let path = programs.path().join(name);
            std::fs::write(&path, "#!/bin/sh\nprintf '%s\\0' \"${0##*/}\" \"$@\"\n").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        // What a hostile value calls is there and works.
        let touch = programs.path().join("touch");
        std::fs::write(&touch, "#!/bin/sh\n: > X\n").unwrap();
        std::fs::set_permissions(&touch, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder, programs }
    }

    /// Pastes a text: the words the programs were called with.
    fn paste(&self, text: &str) -> Vec<String> {
        let out = Command::new("/bin/sh")
            .args(["-c", text])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", self.programs.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let made: Vec<_> = std::fs::read_dir(self.folder.path()).unwrap().collect();
        assert!(made.is_empty(), "pasting makes {made:?}:\n{text}");
        let said = String::from_utf8(out.stdout).unwrap();
        said.split_terminator('\0').map(str::to_owned).collect()
    }
}

fn is_command(text: &str) -> bool {
    PROGRAMS.iter().any(|program| text.strip_prefix(program).is_some_and(|rest| rest.starts_with(' ')))
}

fn check(told: &Told) {
    let desk = Desk::new();
    let mut whole = 0_usize;
    for (tool, text) in &told.by_hand {
        assert!(!text.chars().any(|c| visible::is_hidden(c) && c != '\n'), "{tool}: {text:?}");
        match tool.as_str() {
            "terraform" => assert!(!text.contains("${") && !text.contains("%{") && !text.contains('\n'), "{text}"),
            "cloudformation" => assert!(!text.contains('\n'), "{text}"),
            "workflow" => assert!(!text.contains("${{"), "{text}"),
            _ if !is_command(text) => {}
            _ => {
                let called = desk.paste(text);
                assert!(!called.is_empty(), "{text}");
                assert!(!called.iter().any(|word| word.starts_with("--kubeconfig")), "{called:?}");
                let of_file = |word: &String| word.starts_with("file:") && word != "file://trust-policy.json";
                assert!(tool != "aws" || !called.iter().any(of_file), "{called:?}");
                if let Some(words) = shell::words(text) {
                    // The shell saw what an eye sees: one program, each value one word.
                    assert_eq!(called, words, "{text}");
                    whole += usize::from(text.contains("touch"));
                }
            }
        }
    }
    // A person copies from one backquote to another, perhaps not to the right one.
    let mut copied = BTreeSet::new();
    for text in &told.prose {
        let ends: Vec<usize> = text.match_indices('`').map(|(at, _)| at).collect();
        for (start, begin) in ends.iter().enumerate().filter(|(_, begin)| is_command(&text[**begin + 1..])) {
            copied.extend(ends[start + 1..].iter().take(8).map(|end| &text[begin + 1..*end]));
        }
    }
    for text in copied {
        desk.paste(text);
    }
    assert!(whole > 20, "{whole} commands had a hostile value in them");
}

#[test]
fn commands_of_the_first_third_of_the_causes() {
    check(&told(0, 3));
}

#[test]
fn commands_of_the_second_third_of_the_causes() {
    check(&told(1, 3));
}

#[test]
fn commands_of_the_last_third_of_the_causes() {
    check(&told(2, 3));
}

#[test]
fn a_bundle_offers_no_command_that_does_more_than_read() {
    let scenario = "base = \"story\"\ndenied = [\"logs\"]\nabsent = [\"exchange\"]";
    let mut evidence = serde_json::to_value(Scenario::parse(scenario).unwrap().evidence().unwrap()).unwrap();
    for (command, shown) in [("kubectl logs -n kube-system aws-node-1 --all-containers", true), ("touch X", false)] {
        evidence["logs"]["source"]["by_hand"] = command.into();
        let d = diagnose(&serde_json::from_value(evidence.clone()).unwrap());
        assert_eq!(d.undetermined.iter().any(|u| u.contains(command)), shown, "{:?}", d.undetermined);
    }
}
