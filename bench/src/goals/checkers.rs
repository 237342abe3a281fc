//! Goal G: what is wrong before it is applied, beside the checkers that people use: many manifests, many workflows, and
//! the trust of an account's roles. Verdicts are compared with what the corpora were made to hold.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::corpora::{account, manifests, role, terraform, workflows};
use crate::harness::{Held, Section, Settings, Spread, Variant, cpu, run, run_apart_to, take_turns, wall};

const ROUNDS: usize = 3;
/// Manifests, and of them those that a slow peer is given.
const MANIFESTS: usize = 50_000;
const FEW: usize = 200;
const WORKFLOWS: usize = 2_000;
const ROLES: usize = 2_000;
/// Roles of the largest organization that is measured.
const MANY: usize = 100_000;
const OURS: &str = "trustwalk";
/// kubeconform's published time for as many (its README, "Speed comparison with Kubeval"), seconds.
const PUBLISHED: f64 = 1.0;

/// Runs the goal.
pub(crate) fn run_goal(settings: &Settings) -> Result<Section> {
    let mut section = Section::new("G. Files and accounts, beforehand");
    of_manifests(settings, &mut section)?;
    of_workflows(settings, &mut section)?;
    of_roles(settings, &mut section)?;
    if !settings.quick {
        at_size(settings, &mut section)?;
    }
    Ok(section)
}

/// What trustwalk's document says, and what the run cost.
fn ours(settings: &Settings, words: &[&str]) -> Result<(Value, crate::harness::Ran)> {
    let out = settings.file("ours.json");
    let ran = run_apart_to(&[], &settings.trustwalk, &[words, &["-o", "json"]].concat(), &out)?;
    let code = ran.status.code().unwrap_or(-1);
    ensure!([0, 3, 4].contains(&code), "trustwalk ended with {code}: {}", ran.err.trim());
    let document = serde_json::from_slice(&std::fs::read(&out)?).context("trustwalk's document")?;
    Ok((document, ran))
}

/// A peer that may find something.
fn theirs(mut command: Command, codes: &[i32]) -> Result<crate::harness::Ran> {
    let ran = run(&mut command)?;
    let code = ran.status.code().unwrap_or(-1);
    ensure!(codes.contains(&code), "it ended with {code}: {}", ran.err.trim().chars().take(400).collect::<String>());
    Ok(ran)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a folder's name is no text")
}

fn of_manifests(settings: &Settings, section: &mut Section) -> Result<()> {
    let root = settings.file("manifests");
    let count = settings.size(200, MANIFESTS);
    manifests(&root, count)?;
    let words = ["preflight", text(&root)?];
    let (document, _) = ours(settings, &words)?;
    ensure!(document["files"] == count, "{} files of {count} were read", document["files"]);
    ensure!(document["findings"].as_array().is_some_and(Vec::is_empty), "a sound manifest is found fault with");
    section.agreed(format!("{count} manifests, all of them read and none found fault with"));
    if settings.quick {
        return Ok(());
    }
    let few = settings.file("few");
    manifests(&few, FEW)?;
    let mut variants = vec![Variant::new(OURS, || Ok(ours(settings, &words)?.1.cost.each(count)))];
    match settings.checker("kubernetes-validate") {
        Some(program) => {
            let few = few.clone();
            variants.push(Variant::new("kubernetes-validate", move || {
                let mut command = Command::new(&program);
                command.args(files(&few)?);
                Ok(theirs(command, &[0, 1])?.cost.each(FEW))
            }));
        }
        None => section.left_out("kubernetes-validate is not installed"),
    }
    let measured = take_turns(ROUNDS, variants)?;
    section.table(
        "One manifest of 50,000 in files of their own (of a slow peer, of 200)",
        ("µs", 1e6),
        &measured,
        OURS,
    );
    let all = Spread::of(measured.costs(OURS).iter().map(|c| wall(c) * count as f64));
    section.hold("G: 50,000 manifests, s (kubeconform's published figure)", Held::AtMost(PUBLISHED), all);
    if measured.names().any(|n| n == "kubernetes-validate") {
        let ratio = measured.ratio("kubernetes-validate", OURS, cpu);
        section.hold("G: manifests, times as fast as kubernetes-validate", Held::AtLeast(10.0), ratio);
    }
    Ok(())
}

/// Every file below a folder.
fn files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    found.sort();
    Ok(found)
}

fn of_workflows(settings: &Settings, section: &mut Section) -> Result<()> {
    let root = settings.file("repository");
    let count = settings.size(20, WORKFLOWS);
    let faulty = workflows(&root, count)?;
    let words = ["preflight", text(&root)?];
    let (document, _) = ours(settings, &words)?;
    let found = document["findings"].as_array().context("no findings")?;
    let places: BTreeSet<String> = found.iter().map(|f| f["at"]["file"].to_string()).collect();
    ensure!(places.len() == faulty, "{} of {faulty} workflows are found fault with", places.len());
    section.agreed(format!("{count} workflows, of which {faulty} ask for a role without a right to a token"));
    if settings.quick {
        return Ok(());
    }
    let mut variants = vec![Variant::new(OURS, || Ok(ours(settings, &words)?.1.cost.each(count)))];
    let mut peers: Vec<&str> = Vec::new();
    if let Some(program) = settings.checker("zizmor") {
        peers.push("zizmor --offline");
        let root = root.clone();
        variants.push(Variant::new("zizmor --offline", move || {
            let mut command = Command::new(&program);
            command.args(["--offline", "--no-exit-codes", "--quiet", "--format", "json"]).arg(&root);
            Ok(theirs(command, &[0])?.cost.each(count))
        }));
    } else {
        section.left_out("zizmor is not installed");
    }
    match Settings::command("actionlint") {
        Some(program) => {
            peers.push("actionlint");
            let root = root.clone();
            variants.push(Variant::new("actionlint", move || {
                let mut command = Command::new(&program);
                command.args(["-shellcheck=", "-pyflakes=", "-oneline"]).current_dir(&root);
                Ok(theirs(command, &[0, 1])?.cost.each(count))
            }));
        }
        None => section.left_out("actionlint is not on the path; its package fetches it from elsewhere"),
    }
    let measured = take_turns(ROUNDS, variants)?;
    section.table("One workflow of 2,000 of one repository", ("µs", 1e6), &measured, OURS);
    for peer in peers {
        let ratio = measured.ratio(OURS, peer, wall);
        section.hold(format!("G: workflows, wall over {peer}"), Held::AtMost(1.0), ratio);
    }
    Ok(())
}

/// The roles that strangers get into, as the corpus was made.
fn open(count: usize) -> BTreeSet<String> {
    (0..count).map(role).filter(|(_, _, open)| *open).map(|(name, ..)| name).collect()
}

/// How many roles somebody judges right: those told and open, and those not told and closed.
fn right(told: &BTreeSet<String>, open: &BTreeSet<String>, count: usize) -> usize {
    count - told.symmetric_difference(open).count()
}

fn of_roles(settings: &Settings, section: &mut Section) -> Result<()> {
    let count = settings.size(56, ROLES);
    let file = settings.file("account.json");
    std::fs::write(&file, serde_json::to_vec(&account(count))?)?;
    let words = ["audit", "--authorization-details", text(&file)?];
    let (document, _) = ours(settings, &words)?;
    let errors = document["findings"].as_array().context("no findings")?.iter().filter(|f| f["level"] == "error");
    let told: BTreeSet<String> =
        errors.filter_map(|f| f["about"]["arn"].as_str()?.rsplit('/').next()).map(str::to_owned).collect();
    let open = open(count);
    ensure!(told == open, "trustwalk is right about {} of {count} roles", right(&told, &open, count));
    section.agreed(format!("{count} roles, of which {} admit strangers, each told with a token", open.len()));
    if settings.quick {
        return Ok(());
    }
    let folder = settings.file("terraform");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("main.tf"), terraform(count)?)?;
    let mut variants = vec![Variant::new(OURS, || Ok(ours(settings, &words)?.1.cost.each(count)))];
    let mut verdicts = Vec::new();
    if let Some(program) = settings.checker("checkov") {
        let ask = {
            let folder = folder.clone();
            move || {
                let mut command = Command::new(&program);
                command.args(["--quiet", "--compact", "--framework", "terraform", "-o", "json", "-d"]).arg(&folder);
                command.args(["--check", "CKV_AWS_358,CKV_AWS_60,CKV_AWS_61"]).env("BC_SKIP_MAPPING", "TRUE");
                theirs(command, &[0, 1])
            }
        };
        let told = of_checkov(&ask()?.out)?;
        verdicts.push(format!("checkov is right about {} of {count} roles", right(&told, &open, count)));
        variants.push(Variant::new("checkov", move || Ok(ask()?.cost.each(count))));
    } else {
        section.left_out("checkov is not installed");
    }
    if let Some(program) = settings.checker("cloudsplaining") {
        let (file, out) = (file.clone(), settings.file("cloudsplaining"));
        std::fs::create_dir_all(&out)?;
        variants.push(Variant::new("cloudsplaining", move || {
            let mut command = Command::new(&program);
            command.args(["scan", "--skip-open-report", "--input-file"]).arg(&file).arg("--output").arg(&out);
            Ok(theirs(command, &[0, 1])?.cost.each(count))
        }));
    } else {
        section.left_out("cloudsplaining is not installed");
    }
    if let Some(program) = settings.checker("parliament") {
        let file = file.clone();
        let ask = move || {
            let mut command = Command::new(&program);
            command.args(["--json", "--auth-details-file"]).arg(&file);
            theirs(command, &[0, 1])
        };
        variants.push(Variant::new("parliament", move || Ok(ask()?.cost.each(count))));
    } else {
        section.left_out("parliament is not installed");
    }
    let measured = take_turns(ROUNDS, variants)?;
    section.table("One role of 2,000", ("µs", 1e6), &measured, OURS);
    for peer in ["checkov", "cloudsplaining", "parliament"] {
        if measured.names().any(|n| n == peer) {
            let ratio = measured.ratio(peer, OURS, cpu);
            section.hold(format!("G: roles, times as fast as {peer}"), Held::AtLeast(10.0), ratio);
        }
    }
    for verdict in verdicts {
        section.note(verdict);
    }
    section.note("cloudsplaining and parliament have no rule for who may assume a role by a web identity");
    Ok(())
}

/// The roles that checkov finds fault with.
fn of_checkov(out: &str) -> Result<BTreeSet<String>> {
    let read: Value = serde_json::from_str(out).context("checkov's document")?;
    let failed = read["results"]["failed_checks"].as_array().cloned().unwrap_or_default();
    let number =
        |f: &Value| f["resource"].as_str()?.strip_prefix("aws_iam_policy_document.t").map(|n| format!("role-{n}"));
    Ok(failed.iter().filter_map(number).collect())
}

/// Time, memory and documents of an audit of 100,000 roles.
fn at_size(settings: &Settings, section: &mut Section) -> Result<()> {
    let file = settings.file("many.json");
    std::fs::write(&file, serde_json::to_vec(&account(MANY))?)?;
    let size = std::fs::metadata(&file)?.len();
    for format in ["json", "sarif", "html", "csv"] {
        let out = settings.file("many.out");
        let words = ["audit", "--authorization-details", text(&file)?, "-o", format];
        let ran = run_apart_to(&[], &settings.trustwalk, &words, &out)?;
        ensure!(ran.status.code() == Some(3), "{}", ran.err.trim());
        let bytes = std::fs::metadata(&out)?.len();
        section.note(format!(
            "{MANY} roles ({} MiB of JSON) as {format}: {:.2} s, {} MiB resident, {} MiB written",
            size >> 20,
            ran.cost.wall,
            ran.rss >> 20,
            bytes >> 20
        ));
    }
    Ok(())
}
