//! Goal D: failures found, read and classified in a log, against tools that only find lines.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::log_file::{Made, SIX, gzip, make};
use crate::harness::{
    CLIENT_CORE, Cost, Held, Measured, Section, Settings, Spread, Variant, count, cpu, free_all_cores, pin, run,
    run_apart, take_turns, wall,
};

/// Size of the log in a full run and in a quick one.
const FULL_MIB: usize = 1024;
const QUICK_MIB: usize = 8;
/// Size of the part that slow and decompressing tools get.
const PART_MIB: usize = 128;
const ROUNDS: usize = 9;
const FEW_ROUNDS: usize = 3;
/// Failing lines in a million: 0.01 %, and 1 %.
const RARE: u64 = 100;
const OFTEN: u64 = 10_000;
const MIB: u64 = 1 << 20;
const ONE: &str = "trustwalk, one thread";
const ALL: &str = "trustwalk, all cores";
const RG: &str = "rg, same needles";
const RG_READ: &str = "rg --no-mmap, same needles";

const OFTEN_ONE: &str = "trustwalk, one thread, 1 % failures";
const SIX_RG: &str = "rg, six needles";
const SIX_RG_READ: &str = "rg --no-mmap, six needles";
const SIX_GREP: &str = "grep -F, six needles";
const GREP: &str = "grep -F, same needles";
const CAT: &str = "cat > /dev/null";

/// Runs the goal.
pub(crate) fn run_goal(settings: &Settings) -> Result<Section> {
    let mut section = Section::new("D. Logs");
    let size = u64::try_from(settings.size(QUICK_MIB, FULL_MIB))? * MIB;
    let bench = Bench { settings, rare: settings.file("rare.log"), often: settings.file("often.log") };
    let rare = make(&bench.rare, size, RARE)?;
    let often = make(&bench.often, size, OFTEN)?;
    bench.agree(&mut section, &bench.rare, rare)?;
    bench.agree(&mut section, &bench.often, often)?;
    if !settings.quick {
        bench.whole(&mut section)?;
        bench.part(&mut section)?;
    }
    Ok(section)
}

struct Bench<'a> {
    settings: &'a Settings,
    rare: PathBuf,
    often: PathBuf,
}

impl Bench<'_> {
    fn trustwalk(&self, path: &Path, threads: Option<usize>) -> Command {
        let mut command = Command::new(&self.settings.trustwalk);
        command.args(["logs", "--output", "json"]).arg(path);
        if let Some(threads) = threads {
            command.arg("--threads").arg(threads.to_string());
        }
        command
    }

    /// As many failures as were made, and as many as grep and ripgrep count.
    fn agree(&self, section: &mut Section, path: &Path, made: Made) -> Result<()> {
        for threads in [Some(1), None] {
            let ran = run(&mut self.trustwalk(path, threads))?;
            let told: Value = serde_json::from_str(&ran.out).with_context(|| ran.err.clone())?;
            let causes = told.get("causes").and_then(Value::as_array).context("no causes")?;
            let counts = causes.iter().filter_map(|c| c.get("count").and_then(Value::as_u64));
            let found: u64 = counts.sum();
            ensure!(found == made.failures, "trustwalk found {found} of {} failures", made.failures);
            ensure!(told.get("bytes").and_then(Value::as_u64) == Some(made.bytes), "not all bytes were read");
            let dated = causes.iter().all(|c| c.get("first").is_some_and(Value::is_string));
            ensure!(dated, "a cause has no time");
        }
        let mut equal = Vec::new();
        for (name, program) in [("grep", "grep"), ("ripgrep", "rg")] {
            if Settings::command(program).is_none() {
                section.left_out(format!("{name} is not installed"));
                continue;
            }
            let ran = run(&mut search(program, &SIX, path))?;
            let found: u64 = ran.out.trim().parse().with_context(|| ran.err.clone())?;
            ensure!(found == made.failures, "{name} counts {found} of {} failures", made.failures);
            equal.push(name);
        }
        section.agreed(format!("{} failures in {} bytes, as {} count", made.failures, made.bytes, equal.join(" and ")));
        Ok(())
    }

    /// The whole log: tools that keep up.
    fn whole(&self, section: &mut Section) -> Result<()> {
        let (log, needles) = (&self.rare, trustwalk_symptoms::needles());
        let mut contest = Contest { bytes: std::fs::metadata(log)?.len(), variants: Vec::new() };
        contest.add(CAT, 1, || shell("cat \"$0\" >/dev/null", log));
        contest.add(ONE, 1, || self.trustwalk(log, Some(1)));
        contest.add(OFTEN_ONE, 1, || self.trustwalk(&self.often, Some(1)));
        contest.add(ALL, 2, || self.trustwalk(log, None));
        contest.add(SIX_GREP, 1, || search("grep", &SIX, log));
        contest.add(GREP, 1, || search("grep", needles, log));
        if Settings::command("rg").is_some() {
            contest.add(SIX_RG, 1, || search("rg", &SIX, log));
            contest.add(SIX_RG_READ, 1, || search_by_reading(&SIX, log));
            contest.add(RG, 1, || search("rg", needles, log));
            contest.add(RG_READ, 1, || search_by_reading(needles, log));
        }
        let measured = take_turns(ROUNDS, contest.variants)?;
        free_all_cores();
        let heading = format!(
            "0.01 % of the lines tell of a failure; per GB of log. trustwalk reads, classifies and dates what it \
             finds; the others count lines. \"Same needles\" are the {} strings that trustwalk looks for.",
            needles.len()
        );
        section.table(&heading, ("ms", 1e3), &measured, ONE);
        hold_whole(section, &measured);
        let path = log.to_string_lossy();
        // Failures are found, and the exit code says so: only the memory counts here.
        let words = ["-c", "\"$0\" logs \"$1\" || test $? = 3", &self.settings.trustwalk.to_string_lossy(), &path];
        let memory = run_apart(Path::new("/bin/sh"), &words, &self.settings.file("summary"))?.rss;
        let mib = Spread::of([count(usize::try_from(memory / MIB)?)]);
        section.hold("D: resident MiB at its most", Held::AtMost(32.0), mib);
        Ok(())
    }

    /// A part of the log, for tools that would take minutes over all of it.
    fn part(&self, section: &mut Section) -> Result<()> {
        let (part, packed) = (self.settings.file("part.log"), self.settings.file("part.log.gz"));
        let size = u64::try_from(PART_MIB)? * MIB;
        make(&part, size, RARE)?;
        gzip(&part, &packed)?;
        let mut contest = Contest { bytes: size, variants: Vec::new() };
        contest.add(ONE, 1, || self.trustwalk(&part, Some(1)));
        contest.add("jq select", 1, || shell("jq -c 'select(.msg | contains(\"dentity\"))' \"$0\"", &part));
        contest.add("trustwalk, .gz", 1, || self.trustwalk(&packed, Some(1)));
        contest.add("zgrep -F, six needles, .gz", 1, || search("zgrep", &SIX, &packed));
        if Settings::command("rg").is_some() {
            contest.add("rg -z, six needles, .gz", 1, || {
                let mut rg = search("rg", &SIX, &packed);
                rg.arg("-z");
                rg
            });
        }
        let measured = take_turns(FEW_ROUNDS, contest.variants)?;
        free_all_cores();
        section.table(&format!("{PART_MIB} MiB of it; per GB of log"), ("ms", 1e3), &measured, ONE);
        for peer in ["zgrep -F, six needles, .gz", "rg -z, six needles, .gz"] {
            if measured.names().any(|n| n == peer) {
                let ratio = measured.ratio(peer, "trustwalk, .gz", cpu);
                section.hold(format!("D: times as fast as {peer}"), Held::AtLeast(3.5), ratio);
            }
        }
        Ok(())
    }
}

/// Variants over one file.
struct Contest<'a> {
    bytes: u64,
    variants: Vec<Variant<'a>>,
}

impl<'a> Contest<'a> {
    fn add(&mut self, name: &str, cores: usize, command: impl Fn() -> Command + 'a) {
        let gigabytes = count(usize::try_from(self.bytes).unwrap_or(usize::MAX)) / 1e9;
        self.variants.push(Variant::new(name, move || {
            if cores == 1 {
                pin(CLIENT_CORE);
            } else {
                free_all_cores();
            }
            let ran = run(&mut command())?;
            // Searchers say 1 when no line is found, trustwalk 3 when failures are.
            ensure!(matches!(ran.status.code(), Some(0 | 1 | 3)), "{} {}", ran.status, ran.err);
            Ok(Cost { wall: ran.cost.wall / gigabytes, cpu: ran.cost.cpu / gigabytes })
        }));
    }
}

fn search(program: &str, needles: &[&str], path: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["-c", "-F"]);
    for needle in needles {
        command.args(["-e", needle]);
    }
    command.arg(path);
    command
}

fn search_by_reading(needles: &[&str], path: &Path) -> Command {
    let mut rg = search("rg", needles, path);
    rg.arg("--no-mmap");
    rg
}

fn shell(words: &str, path: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", words]).arg(path);
    command
}

fn hold_whole(section: &mut Section, measured: &Measured) {
    if measured.names().any(|n| n == RG) {
        section.hold("D: all cores, wall over rg (same needles)", Held::AtMost(1.0), measured.ratio(ALL, RG, wall));
        let name = "D: one thread, CPU over rg --no-mmap (same needles)";
        section.hold(name, Held::AtMost(0.6), measured.ratio(ONE, RG_READ, cpu));
        section.note(format!(
            "Six phrases also find every line of this log that tells of a failure; ripgrep, looking for them alone, \
             takes {} of the CPU that trustwalk takes for its {}.",
            measured.ratio(SIX_RG_READ, ONE, cpu).show(1.0),
            trustwalk_symptoms::needles().len()
        ));
    }
    section.hold("D: one thread, CPU over cat", Held::AtMost(4.0), measured.ratio(ONE, CAT, cpu));
    section.hold("D: times as fast as grep -F (same needles)", Held::AtLeast(4.0), measured.ratio(GREP, ONE, cpu));
    section.hold("D: 1 % failures over 0.01 %", Held::AtMost(2.0), measured.ratio(OFTEN_ONE, ONE, cpu));
}
