//! Goal F: a whole cluster, with many identities.

use std::cell::RefCell;
use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::many::{Many, NAME, NAMESPACE};
use crate::harness::{
    CLIENT_CORE, Cost, Held, Measured, Ran, Section, Settings, Spread, Variant, count, cpu, free_all_cores, pin,
    run_apart_in, take_turns, wall,
};

const ROUNDS: usize = 3;
/// Identities of the two clusters; of a quick run, in one.
const FEW: usize = 500;
const MANY: usize = 5_000;
const QUICK: usize = 40;
const KIB: f64 = 1024.0;

/// Runs the goal.
pub(crate) fn run_goal(settings: &Settings) -> Result<Section> {
    let mut section = Section::new("F. A whole cluster");
    if settings.quick {
        let world = World::up(settings, QUICK)?;
        world.agree(settings, &mut section)?;
        return Ok(section);
    }
    let (few, many) = (World::up(settings, FEW)?, World::up(settings, MANY)?);
    many.agree(settings, &mut section)?;
    pin(CLIENT_CORE);
    let measured = measure(settings, [&few, &many], &mut section);
    free_all_cores();
    measured?;
    Ok(section)
}

struct World {
    many: Many,
    identities: usize,
    bundle: std::path::PathBuf,
}

/// What is run, by name.
#[derive(Clone, Copy)]
enum Run {
    Collect,
    Diagnose,
    FromBundle,
}

impl Run {
    const ALL: [Self; 3] = [Self::Collect, Self::Diagnose, Self::FromBundle];

    fn name(self) -> &'static str {
        match self {
            Self::Collect => "trustwalk collect",
            Self::Diagnose => "trustwalk diagnose",
            Self::FromBundle => "trustwalk diagnose --bundle",
        }
    }
}

impl World {
    fn up(settings: &Settings, identities: usize) -> Result<Self> {
        let dir = settings.file(&format!("many-{identities}"));
        let many = Many::up(&dir, identities)?;
        Ok(Self { many, identities, bundle: dir.join("bundle.json") })
    }

    fn run(&self, settings: &Settings, run: Run) -> Result<Ran> {
        let bundle = self.bundle.to_string_lossy();
        let words = match run {
            Run::Collect => vec!["collect", "--cluster", NAME, "--overwrite", "-o", &bundle],
            Run::Diagnose => vec!["diagnose", "--cluster", NAME, "-o", "json"],
            Run::FromBundle => vec!["diagnose", "--bundle", &bundle, "-o", "json"],
        };
        run_apart_in(self.many.env(), &settings.trustwalk, &words, &self.out())
    }

    fn out(&self) -> std::path::PathBuf {
        self.bundle.with_file_name("out")
    }

    /// Every identity is found, and a bundle says of each what the walk did.
    fn agree(&self, settings: &Settings, section: &mut Section) -> Result<()> {
        self.run(settings, Run::Diagnose)?;
        let live = outcomes(&self.out())?;
        self.run(settings, Run::Collect)?;
        self.run(settings, Run::FromBundle)?;
        let read = outcomes(&self.out())?;
        ensure!(live.len() == self.identities, "{} of {} identities were found", live.len(), self.identities);
        ensure!(live == read, "the bundle tells otherwise than the walk");
        ensure!(live.iter().all(|o| o.ends_with("ok")), "a sound identity is found at fault: {:?}", live.first());
        section.agreed(format!(
            "`trustwalk diagnose` finds {} identities sound, and the bundle of `trustwalk collect` says the same",
            self.identities
        ));
        Ok(())
    }
}

/// Each diagnosis's target and outcome.
fn outcomes(path: &Path) -> Result<Vec<String>> {
    let all: Vec<Value> = serde_json::from_slice(&std::fs::read(path)?)?;
    let text = |d: &Value, at: &str| d.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(all.iter().map(|d| format!("{} {}", text(d, "/target/name"), text(d, "/outcome"))).collect())
}

/// What one kind of run took in both clusters.
struct Taken {
    costs: Measured,
    /// Resident bytes, round by round.
    sizes: [Vec<f64>; 2],
    /// Requests to the API server, of one run.
    requests: [f64; 2],
}

fn take(settings: &Settings, run: Run, worlds: [&World; 2]) -> Result<Taken> {
    let sizes = RefCell::new([Vec::new(), Vec::new()]);
    let before = worlds.map(|w| w.many.requests());
    let variants = worlds.iter().enumerate().map(|(at, world)| {
        let sizes = &sizes;
        Variant::new(world.identities.to_string(), move || -> Result<Cost> {
            let ran = world.run(settings, run)?;
            if let Some(list) = sizes.borrow_mut().get_mut(at) {
                list.push(ran.rss as f64);
            }
            Ok(ran.cost)
        })
    });
    let costs = take_turns(ROUNDS, variants.collect())?;
    let after = worlds.map(|w| w.many.requests());
    // The first round is for warmth.
    let [few, many] = after.map(|n| n as f64 / count(ROUNDS + 1));
    let [few_before, many_before] = before.map(|n| n as f64 / count(ROUNDS + 1));
    Ok(Taken { costs, sizes: sizes.into_inner(), requests: [few - few_before, many - many_before] })
}

fn measure(settings: &Settings, worlds: [&World; 2], section: &mut Section) -> Result<()> {
    let [few, many] = worlds;
    for run in Run::ALL {
        let taken = take(settings, run, worlds)?;
        tell(run, &taken, worlds, section);
    }
    let more = count(many.identities - few.identities);
    let [small, large] = worlds.map(|w| std::fs::metadata(&w.bundle).map(|m| m.len() as f64).unwrap_or_default());
    section.hold("F: KiB of bundle an identity", Held::AtMost(8.0), Spread::of([(large - small) / more / 1024.0]));
    section.note(format!("the bundles have {:.1} and {:.1} MB", small / 1e6, large / 1e6));
    Ok(())
}

/// Holds what was measured to the goals.
fn tell(run: Run, taken: &Taken, [few, many]: [&World; 2], section: &mut Section) {
    let (name, more) = (run.name(), count(many.identities - few.identities));
    let [small, large] = [few, many].map(|w| w.identities.to_string());
    section.table(&format!("{name}, so many identities"), ("ms", 1e3), &taken.costs, &small);
    let pairs = taken.costs.costs(&large).iter().zip(taken.costs.costs(&small));
    let each = Spread::of(pairs.map(|(a, b)| (cpu(a) - cpu(b)) * 1e3 / more));
    section.hold(format!("F: {name}, ms of CPU an identity"), Held::AtMost(1.0), each);
    if !matches!(run, Run::FromBundle) {
        let whole = taken.costs.spread(&large, wall);
        section.hold(format!("F: {name}, s for {large}"), Held::AtMost(10.0), whole);
        let [asked, more_asked] = taken.requests;
        section.note(format!("{name}: {asked:.0} requests to the API server for {small}, {more_asked:.0} for {large}"));
        let each = (more_asked - asked) / (more / count(NAMESPACE));
        let goal = format!("F: {name}, requests to the API server a namespace");
        section.hold(goal, Held::AtMost(6.0), Spread::of([each]));
    }
    let [lean, fat] = &taken.sizes;
    let each = fat.iter().zip(lean).skip(1).map(|(a, b)| (a - b) / more / KIB);
    section.hold(format!("F: {name}, KiB of memory an identity"), Held::AtMost(8.0), Spread::of(each));
    let [lean, fat] = [lean, fat].map(|sizes| Spread::of(sizes.iter().copied()).median / KIB / KIB);
    section.note(format!("{name}: {lean:.0} MiB resident for {small} identities, {fat:.0} MiB for {large}"));
}
