//! Goal C, many at once: which of 10^5 roles admit which of 10^4 subjects.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use trustwalk_trust_policy::sample::Inventory;
use trustwalk_trust_policy::{Decision, Identity, Policy, Request, RoleIndex};

use crate::harness::{Held, Section, Settings, Spread, Variant, count, cpu, run_ok, take_turns, work};

const SEED: u64 = 7;
const ROLES: usize = 100_000;
const SUBJECTS: usize = 10_000;
const ROUNDS: usize = 5;
/// Subjects whose every pair is decided at full size.
const SAMPLED: usize = 20;
/// Roles and subjects of which every pair is compared.
const SMALL: (usize, usize) = (2_000, 500);
/// One in so many roles is also asked by whom it is meant for.
const MEANT_ONE_IN: usize = 20;
/// The word that makes this program measure its own memory.
pub(crate) const MEMORY: &str = "--memory-of-inventory";

const WHOLE: &str = "trustwalk, parse, index and ask";
const TWICE: &str = "trustwalk, twice the roles and subjects";
const UNTYPED: &str = "serde_json::Value, parse only";
const PAIRS: &str = "trustwalk, every pair (extrapolated)";

/// Runs both mixes.
pub(crate) fn run(settings: &Settings, section: &mut Section) -> Result<()> {
    for providers in [1, 200] {
        let (roles, subjects) = if settings.quick { (400, 100) } else { SMALL };
        equal(&Inventory { seed: SEED, roles, subjects, providers }, section)?;
        if !settings.quick {
            measure(providers, section)?;
        }
    }
    if !settings.quick {
        memory(section)?;
    }
    Ok(())
}

fn build(texts: &[String]) -> RoleIndex {
    // A text that is no policy would be a fault of the generator: the number of roles shows it.
    RoleIndex::build(texts.iter().filter_map(|t| Policy::parse(t).ok()))
}

fn ask(index: &RoleIndex, requests: &[Request]) -> usize {
    requests.iter().map(|r| index.roles_for(r).len()).sum()
}

/// The number of allowed pairs, and the index that gave it.
fn answer(texts: &[String], requests: &[Request]) -> (usize, RoleIndex) {
    let index = build(texts);
    (ask(&index, requests), index)
}

/// What deciding every pair gives for one subject.
fn brute(index: &RoleIndex, request: &Request) -> Vec<usize> {
    let decided = index.roles().iter().enumerate();
    decided.filter(|(_, policy)| policy.evaluate(request) == Decision::Allow).map(|(role, _)| role).collect()
}

/// The identity that a policy for exactly one subject is meant for.
fn meant(text: &str) -> Option<Request> {
    let policy: serde_json::Value = serde_json::from_str(text).ok()?;
    let arn = policy.pointer("/Statement/0/Principal/Federated")?.as_str()?;
    let keys = policy.pointer("/Statement/0/Condition/StringEquals")?.as_object()?;
    let identity = keys.iter().try_fold(Identity::new(arn), |identity, (key, value)| {
        let (_, claim) = key.rsplit_once(':')?;
        Some(identity.with_claim(claim, value.as_str()?))
    })?;
    Some(Request::web_identity(&identity))
}

fn equal(inventory: &Inventory, section: &mut Section) -> Result<()> {
    let texts = inventory.policies();
    let index = build(&texts);
    ensure!(index.roles().len() == inventory.roles, "{} roles were read", index.roles().len());
    let mut allowed = 0;
    let mut requests = inventory.requests();
    // Chance alone rarely sends a subject to its own provider.
    requests.extend(texts.iter().step_by(MEANT_ONE_IN).filter_map(|t| meant(t)));
    for request in &requests {
        let found = index.roles_for(request);
        ensure!(found == brute(&index, request), "the index and all pairs disagree about {:?}", request.context);
        allowed += found.len();
    }
    ensure!(allowed > 0, "nobody is allowed anything");
    section.agreed(format!(
        "all {} pairs of {} roles and {} identities, {} provider(s): {allowed} allowed by the index and by \
         deciding each",
        inventory.roles * requests.len(),
        inventory.roles,
        requests.len(),
        inventory.providers
    ));
    Ok(())
}

fn measure(providers: usize, section: &mut Section) -> Result<()> {
    let inventory = Inventory { seed: SEED, roles: ROLES, subjects: SUBJECTS, providers };
    let (texts, requests) = (inventory.policies(), inventory.requests());
    let double = Inventory { roles: ROLES * 2, subjects: SUBJECTS * 2, ..inventory };
    let (more_texts, more_requests) = (double.policies(), double.requests());
    let index = build(&texts);
    let sample = requests.get(..SAMPLED).context("too few subjects")?;
    for request in sample {
        ensure!(index.roles_for(request) == brute(&index, request), "the index and all pairs disagree");
    }
    let whole = ask(&index, &requests);
    let variants = vec![
        Variant::new(WHOLE, || {
            // The index is let go after the answer is there.
            let ((allowed, _), cost) = work(|| answer(&texts, &requests));
            ensure!(allowed == whole, "{allowed} pairs");
            Ok(cost)
        }),
        Variant::new(TWICE, || Ok(work(|| answer(&more_texts, &more_requests)).1)),
        Variant::new(UNTYPED, || {
            let job = || texts.iter().filter(|t| serde_json::from_str::<serde_json::Value>(t).is_ok()).count();
            let (read, cost) = work(job);
            ensure!(read == ROLES, "{read} policies");
            Ok(cost)
        }),
        Variant::new(PAIRS, || {
            let (allowed, cost) = work(|| sample.iter().map(|r| brute(&index, r).len()).sum::<usize>());
            ensure!(allowed > 0, "nobody is allowed anything");
            let share = count(SUBJECTS) / count(SAMPLED);
            Ok(crate::harness::Cost { wall: cost.wall * share, cpu: cost.cpu * share })
        }),
    ];
    let measured = take_turns(ROUNDS, variants)?;
    let heading = format!(
        "{ROLES} roles and {SUBJECTS} subjects, {providers} provider(s), {whole} allowed pairs. Every pair was decided \
         for {SAMPLED} subjects, with the same answer, and its time multiplied."
    );
    section.table(&heading, ("s", 1.0), &measured, WHOLE);
    let pair = measured.spread(PAIRS, cpu).median / (count(ROLES) * count(SUBJECTS)) * 1e9;
    section.note(format!("{providers} provider(s): deciding one pair of a large inventory takes {pair:.0} ns"));
    let mix = format!("C, {providers} provider(s)");
    section.hold(
        format!("{mix}: whole batch over an untyped parse"),
        Held::AtMost(2.0),
        measured.ratio(WHOLE, UNTYPED, cpu),
    );
    section.hold(
        format!("{mix}: twice roles and subjects over once"),
        Held::AtMost(2.3),
        measured.ratio(TWICE, WHOLE, cpu),
    );
    Ok(())
}

/// Memory is measured in a process of its own: what this one has used before would be counted.
fn memory(section: &mut Section) -> Result<()> {
    let ran = run_ok(Command::new(std::env::current_exe()?).arg(MEMORY))?;
    let kib: f64 = ran.out.trim().parse()?;
    section.hold(
        "C: KiB of memory per role, policies' texts included",
        Held::AtMost(3.0),
        Spread::of([kib / count(ROLES)]),
    );
    Ok(())
}

/// Builds the whole inventory and gives the most memory this process ever had, in KiB.
pub(crate) fn peak() -> Result<u64> {
    let inventory = Inventory { seed: SEED, roles: ROLES, subjects: SUBJECTS, providers: 1 };
    let index = build(&inventory.policies());
    ensure!(ask(&index, &inventory.requests()) > 0, "nobody is allowed anything");
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(peak.trim().trim_end_matches(" kB").parse()?)
}
