//! Goal C: trust policies decided one at a time and by the hundred thousand.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use cedar_policy::{Authorizer, Entities};
use serde::Deserialize;
use trustwalk_trust_policy::sample::Inventory;

use super::inventories;
use super::pairs::{Cedar, Pair, pairs};
use crate::harness::{
    CLIENT_CORE, Cost, Held, Section, Settings, Variant, cpu, free_all_cores, pin, run_ok, take_turns, work,
};

const SEED: u64 = 1;
const ROUNDS: usize = 5;
/// Decisions a round makes: enough for the clock, few enough for the slowest.
const FAST: usize = 400_000;
const SLOW: usize = 20_000;
/// Policies that answer in turn, as different ones do in a caller's life.
const HOT: usize = 8;
const OURS: &str = "trustwalk";
const EXPLAINED: &str = "trustwalk, with the explanation";
const CEDAR: &str = "cedar-policy, request reused";
const SIMULATE: &str = "@cloud-copilot/iam-simulate";

/// Runs the goal.
pub(crate) fn run(settings: &Settings) -> Result<Section> {
    let mut section = Section::new("C. Trust policies");
    agree(settings, &mut section)?;
    if !settings.quick {
        pin(CLIENT_CORE);
        one(settings, &mut section)?;
    }
    inventories::run(settings, &mut section)?;
    free_all_cores();
    Ok(section)
}

#[derive(Deserialize)]
struct Told {
    decisions: String,
    cpu: f64,
    wall: f64,
}

/// Asks the script about pairs.
fn simulate(settings: &Settings, node: &Path, asked: &[Pair]) -> Result<Told> {
    let file = settings.file("pairs");
    let lines: Vec<String> = asked.iter().map(Pair::line).collect::<Result<_>>()?;
    std::fs::write(&file, lines.join("\n"))?;
    let ran = run_ok(Command::new(node).arg(settings.script("iam.mjs")?).arg(&file))?;
    Ok(serde_json::from_str(&ran.out)?)
}

/// The same decision by all three, for pairs that are mostly refused and pairs that are half allowed.
fn agree(settings: &Settings, section: &mut Section) -> Result<()> {
    let inventory = Inventory { seed: SEED, roles: settings.size(40, 100), subjects: 10, providers: 1 };
    let mut asked = pairs(&inventory, false)?;
    asked.extend(pairs(&inventory, true)?);
    let ours: String = asked.iter().map(|p| if p.allowed() { '1' } else { '0' }).collect();
    let allowed = ours.matches('1').count();
    ensure!(allowed >= inventory.roles, "no policy admits its own subject");
    let (authorizer, entities) = (Authorizer::new(), Entities::empty());
    let cedar: Vec<Cedar> = asked.iter().map(Cedar::of).collect::<Result<_>>()?;
    let theirs: String = cedar.iter().map(|c| if c.allowed(&authorizer, &entities) { '1' } else { '0' }).collect();
    ensure!(ours == theirs, "cedar-policy decides otherwise");
    let mut equal = "cedar-policy".to_owned();
    match settings.node("@cloud-copilot/iam-simulate") {
        Some(node) => {
            let told = simulate(settings, &node, &asked)?;
            ensure!(ours == told.decisions, "iam-simulate decides otherwise");
            equal.push_str(" and iam-simulate");
        }
        None => section.left_out("iam-simulate is not installed"),
    }
    section.agreed(format!("{} decisions, {allowed} of them to allow, as {equal} decide", asked.len()));
    Ok(())
}

/// One decision on hot policies, half of them to allow.
fn one(settings: &Settings, section: &mut Section) -> Result<()> {
    let asked = pairs(&Inventory { seed: SEED, roles: HOT, subjects: 0, providers: 1 }, true)?;
    let cedar: Vec<Cedar> = asked.iter().map(Cedar::of).collect::<Result<_>>()?;
    let (authorizer, entities) = (Authorizer::new(), Entities::empty());
    let mut variants = vec![
        Variant::new(OURS, || {
            let job = || asked.iter().cycle().take(FAST).filter(|p| black_box(p).allowed()).count();
            let (allowed, cost) = work(job);
            ensure!(allowed == FAST / 2, "{allowed} allowed");
            Ok(cost.each(FAST))
        }),
        Variant::new(EXPLAINED, || {
            let job =
                || asked.iter().cycle().take(SLOW).for_each(|p| _ = black_box(p.policy.explain(black_box(&p.request))));
            Ok(work(job).1.each(SLOW))
        }),
        Variant::new(CEDAR, || {
            let job =
                || cedar.iter().cycle().take(SLOW).filter(|c| black_box(c).allowed(&authorizer, &entities)).count();
            let (allowed, cost) = work(job);
            ensure!(allowed == SLOW / 2, "{allowed} allowed");
            Ok(cost.each(SLOW))
        }),
    ];
    if let Some(node) = settings.node(SIMULATE) {
        let sample = pairs(&Inventory { seed: SEED, roles: 500, subjects: 0, providers: 1 }, true)?;
        variants.push(Variant::new(SIMULATE, move || {
            let told = simulate(settings, &node, &sample)?;
            Ok(Cost { wall: told.wall, cpu: told.cpu }.each(sample.len()))
        }));
    }
    let measured = take_turns(ROUNDS, variants)?;
    section.table("One decision, policy compiled, audience and subject compared", ("\u{b5}s", 1e6), &measured, OURS);
    let mut hold = |ours: &str, theirs: &str, least| {
        if measured.names().any(|n| n == theirs) {
            section.hold(
                format!("C: {ours}, times as fast as {theirs}"),
                Held::AtLeast(least),
                measured.ratio(theirs, ours, cpu),
            );
        }
    };
    hold(OURS, CEDAR, 10.0);
    hold(OURS, SIMULATE, 500.0);
    hold(EXPLAINED, CEDAR, 2.0);
    hold(EXPLAINED, SIMULATE, 100.0);
    for name in measured.names().filter(|n| *n == CEDAR || *n == SIMULATE) {
        let hours = measured.spread(name, cpu).median * 1e9 / 3600.0;
        section.note(format!("{name}: the 10^9 pairs below would take {hours:.1} hours (extrapolated)"));
    }
    Ok(())
}
