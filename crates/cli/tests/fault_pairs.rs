//! Pairs of faults: two of one target at a time, wherever they can be there together. The first diagnosis names one of
//! them and nothing else; when that is mended, the next one names the other. The ordinary run takes a sample, always
//! the same; with `TRUSTWALK_PAIRS=all` every pair is tried.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{PASSING, cause_of};
use serde_json::Value;
use trustwalk_lab::faults::{Fault, REGISTRY, Start, Target};
use trustwalk_lab::{Lab, LabConfig, LabError, Outside, Ports, Story, Terms, TrustModel, story};

/// Longest wait for a fault to show in a log; a machine busy with other tests is slow.
const SHOWS: Duration = Duration::from_mins(1);
/// Pairs of the ordinary run.
const SAMPLE: usize = 10;
/// What the sample is drawn with: any number, and always the same.
const SEED: u64 = 0x7721_5eed;

/// The name of no cause.
const NOTHING: &str = "nothing";

type Pair = (&'static Fault, &'static Fault);

/// Every pair of one target that can be there together.
fn all() -> Vec<Pair> {
    let lasting = || REGISTRY.iter().copied().filter(|fault| !PASSING.contains(&fault.name));
    let mut pairs = Vec::new();
    for (number, one) in lasting().enumerate() {
        for other in lasting().skip(number + 1).filter(|other| other.target == one.target) {
            // Two ways to one cause are told as that cause.
            let both_long_ago = [one, other].iter().all(|fault| fault.start == Start::LongAgo);
            if cause_of(one.name) != cause_of(other.name) && !both_long_ago && one.stands_with(other) {
                pairs.push((one, other));
            }
        }
    }
    pairs
}

/// The pairs to try: all, or a sample (xorshift, which is enough to spread it).
fn chosen() -> Vec<Pair> {
    let mut pairs = all();
    if std::env::var_os("TRUSTWALK_PAIRS").is_some_and(|which| which == "all") {
        return pairs;
    }
    let mut state = SEED;
    let mut sample = Vec::new();
    for _ in 0..SAMPLE {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let at = usize::try_from(state % u64::try_from(pairs.len()).unwrap()).unwrap();
        sample.push(pairs.swap_remove(at));
    }
    sample
}

async fn diagnose(lab: &Lab, dir: &Path, target: Target) -> (i32, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trustwalk"));
    for name in ["AWS_PROFILE", "KUBECONFIG", "NO_COLOR"] {
        command.env_remove(name);
    }
    command.envs(lab.env()).env("KUBECONFIG", dir.join("kubeconfig")).current_dir(dir).arg("diagnose");
    match target {
        Target::Workload(id) => command.args([format!("{}/{}", id.resource, id.name).as_str(), "-n", id.namespace]),
        Target::Job => command.args(["--job", "ci/deploy"]),
    };
    command.args(["-o", "json"]);
    // The lab answers from this process, so its runtime must stay free.
    let out = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let json: Value = serde_json::from_str(&text).unwrap_or_else(|e| {
        panic!("{e}: {text}{}", String::from_utf8_lossy(&out.stderr));
    });
    let one = json.as_array().map_or(&json, |list| &list[0]).clone();
    (out.status.code().unwrap(), one)
}

/// The same, again while no cause is named: between two roll-outs a failure may be seen of which nothing else is known.
async fn diagnosed(lab: &Lab, dir: &Path, target: Target) -> (i32, Value) {
    let until = Instant::now() + SHOWS;
    loop {
        let (code, found) = diagnose(lab, dir, target).await;
        if named(&found).0 != NOTHING || Instant::now() > until {
            return (code, found);
        }
    }
}

/// Names of what was found: the root cause, what is there too, and what is possible.
fn named(found: &Value) -> (String, Vec<String>) {
    let root = found["root_cause"]["name"].as_str().unwrap_or(NOTHING).to_owned();
    let lists = ["also", "possible"].into_iter().filter_map(|list| found[list].as_array()).flatten();
    (root, lists.filter_map(|f| f["name"].as_str().map(str::to_owned)).collect())
}

/// Waits until one of the faults, which have one target, shows.
async fn shows(lab: &Lab, faults: &[&Fault]) -> Result<(), LabError> {
    let [first, rest @ ..] = faults else { return Ok(()) };
    // In the middle of a roll-out there are no pods to look at.
    if let Target::Workload(id) = first.target {
        lab.replaced(id, SHOWS).await?;
    }
    let last = rest.last().unwrap_or(first);
    tokio::select! {
        seen = lab.logged(first.target, first.symptom, SHOWS) => seen,
        seen = lab.logged(last.target, last.symptom, SHOWS) => seen,
    }
}

/// What is wrong with the diagnoses of a pair, if anything.
async fn tried(lab: &Lab, dir: &Path, (one, other): Pair) -> Option<String> {
    // What started long ago was well until then, so it is there before the other one.
    let (one, other) = if other.start == Start::LongAgo { (other, one) } else { (one, other) };
    let pair = format!("{} + {}", one.name, other.name);
    for fault in [one, other] {
        if let Err(error) = lab.break_with(fault.name).await {
            return Some(format!("{pair}: {error}"));
        }
    }
    if let Err(error) = shows(lab, &[one, other]).await {
        return Some(format!("{pair}: {error}"));
    }
    let (code, found) = diagnosed(lab, dir, one.target).await;
    let (root, more) = named(&found);
    let causes = [one, other].map(|fault| cause_of(fault.name));
    let open = found["root_cause"]["confidence"] == "possible";
    let strangers: Vec<&String> = more.iter().filter(|name| !causes.contains(&name.as_str())).collect();
    if code != 3 || !causes.contains(&root.as_str()) || !strangers.is_empty() && !open {
        return Some(format!("{pair}: exit {code}, named {root}, besides {more:?}"));
    }
    let (mended, left) = if root == causes[0] { (one, other) } else { (other, one) };
    lab.mend(Some(mended.name)).await.unwrap();
    if let Err(error) = shows(lab, &[left]).await {
        return Some(format!("{pair}: {} mended: {error}", mended.name));
    }
    let (code, found) = diagnosed(lab, dir, left.target).await;
    let (root, more) = named(&found);
    let open = found["root_cause"]["confidence"] == "possible";
    let named = root == cause_of(left.name) || open && more.iter().any(|name| name == cause_of(left.name));
    let wrong = || format!("{pair}: {} mended: exit {code}, named {root}, besides {more:?}", mended.name);
    (!named || code != 3 || !open && !more.is_empty()).then(wrong)
}

#[test]
fn which_pairs_there_are_follows_from_what_each_changes() {
    let of = |name: &str| *REGISTRY.iter().find(|fault| fault.name == name).unwrap();
    let stand = |one: &str, other: &str| of(one).stands_with(of(other));
    // Both change the subject's condition.
    assert!(!stand("sub-wrong-namespace", "sub-wrong-service-account"));
    // One takes away what the other changes.
    assert!(!stand("oidc-provider-missing-in-account", "client-id-with-invisible-characters"));
    assert!(stand("sub-wrong-namespace", "audience-condition-wrong-in-trust-policy"));
    assert!(stand("thumbprint-mismatch", "federated-arn-wrong-provider"));
    let pairs = all();
    assert!(pairs.len() > SAMPLE * 10, "{}", pairs.len());
    for (one, other) in pairs {
        assert!(other.stands_with(one), "{} + {}", one.name, other.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pair_of_faults_is_named_as_one_and_then_as_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let config = LabConfig {
        story: Story::Healthy,
        trust_model: TrustModel::ThumbprintOnly,
        ports: Ports::default(),
        state_dir: dir.path().to_owned(),
        outside: Outside::default(),
        terms: Terms::default(),
    };
    let lab = Lab::start(config).await.unwrap();
    let mut wrong = Vec::new();
    for pair in chosen() {
        story::healthy(&lab).await.unwrap();
        let line = tried(&lab, dir.path(), pair).await;
        if let Some(line) = &line {
            eprintln!("{line}");
        }
        wrong.extend(line);
        lab.mend(None).await.unwrap();
    }
    assert!(wrong.is_empty(), "{} pairs:\n{}", wrong.len(), wrong.join("\n"));
}
