//! Goal A for fleets: the chains of many hosts, in CPU time per host and by the wall clock.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::fleet_chain::{Chain, KeyKind};
use super::fleet_floor::{fetch_all, tls13_primitives};
use super::fleet_servers::{addresses, canned, real};
use super::go;
use crate::harness::{
    CLIENT_CORE, Cost, Held, Ran, Section, Settings, Spread, Variant, count, cpu, free_all_cores, pin, run,
    run_apart_to, run_ok, take_turns, wall, work,
};

const ROUNDS: usize = 7;
const WALL_ROUNDS: usize = 3;
/// Hosts a round fetches.
const HOSTS: usize = 5_000;
const FEW_HOSTS: usize = 2_000;
const JOBS: usize = 64;
/// For the wall clock: hosts in flight, and the pause before each answers.
const WALL_JOBS: usize = 512;
const THINK: Duration = Duration::from_millis(20);
const WALL_HOSTS: usize = 20_000;
const MANY: usize = 100_000;
const MIB: f64 = 1_048_576.0;

const OURS: &str = "trustwalk thumbprint --fleet";
const FLOOR: &str = "floor: hello, read, hash; nothing else";
const GO_STOP: &str = "Go crypto/tls, stopped at the certificates";
const GO_FULL: &str = "Go crypto/tls, full";

/// Runs the goal.
pub(crate) fn run_goal(settings: &Settings) -> Result<Section> {
    let mut section = Section::new("A. Chains of many hosts");
    let rsa = Chain::make(KeyKind::Rsa)?;
    let p256 = Chain::make(KeyKind::P256)?;
    let ports = Ports {
        canned_rsa: canned(rsa.first_flight()?, Duration::ZERO)?,
        canned_p256: canned(p256.first_flight()?, Duration::ZERO)?,
        real_rsa: real(rsa.server(&rustls::version::TLS12)?)?,
        real_p256: real(p256.server(&rustls::version::TLS13)?)?,
    };
    // It is only raced: what it reads is not kept.
    let go = if settings.quick { None } else { go::built(settings, "chain")? };
    let bench = Fleet { settings, ports, go };
    bench.agree(&mut section, &rsa, bench.ports.canned_rsa, "replayed TLS 1.2, RSA")?;
    bench.agree(&mut section, &p256, bench.ports.real_p256, "real TLS 1.3, P-256")?;
    if !settings.quick && bench.go.is_none() {
        section.left_out("Go is not installed");
    }
    if !settings.quick {
        pin(CLIENT_CORE);
        bench.tls12(&mut section)?;
        bench.tls13(&mut section)?;
        bench.by_the_wall(&mut section, rsa.first_flight()?)?;
        free_all_cores();
    }
    Ok(section)
}

struct Ports {
    canned_rsa: u16,
    canned_p256: u16,
    real_rsa: u16,
    real_p256: u16,
}

struct Fleet<'a> {
    settings: &'a Settings,
    ports: Ports,
    go: Option<PathBuf>,
}

/// Every chain was judged; the servers' are nobody's, which is code 3.
fn judged(ran: &Ran) -> bool {
    ran.status.code() == Some(3)
}

impl Fleet<'_> {
    fn list(&self, number: usize, port: u16) -> Result<PathBuf> {
        let path = self.settings.file(&format!("hosts-{number}-{port}"));
        let lines: Vec<String> = addresses(number, port).map(|a| a.to_string()).collect();
        std::fs::write(&path, lines.join("\n") + "\n")?;
        Ok(path)
    }

    fn ours(&self, list: &Path, jobs: usize) -> Result<Ran> {
        let mut command = Command::new(&self.settings.trustwalk);
        run(command.args(["thumbprint", "--jobs"]).arg(jobs.to_string()).arg("--fleet").arg(list))
    }

    /// Every host answered, every certificate with the thumbprint that openssl computes.
    fn agree(&self, section: &mut Section, chain: &Chain, port: u16, what: &str) -> Result<()> {
        let hosts = self.settings.size(50, 500);
        let expected = chain.openssl_thumbprints()?;
        let ran = self.ours(&self.list(hosts, port)?, JOBS)?;
        let mut answered = std::collections::BTreeSet::new();
        for line in ran.out.lines() {
            let told: Value = serde_json::from_str(line)?;
            let certificates = told.get("chain").and_then(Value::as_array).with_context(|| line.to_owned())?;
            let got: Vec<&str> = certificates.iter().filter_map(|c| c.get("sha1")?.as_str()).collect();
            ensure!(got == expected, "{what}: {got:?} instead of {expected:?}");
            ensure!(
                told.get("last_presented").and_then(Value::as_str) == expected.last().map(String::as_str),
                "{line}"
            );
            answered.insert(told.get("input").and_then(Value::as_str).context("no input")?.to_owned());
        }
        ensure!(answered.len() == hosts, "{what}: {} of {hosts} hosts answered: {}", answered.len(), ran.err);
        section.agreed(format!(
            "{what}: the thumbprints of {hosts} hosts' {} certificates, as openssl computes them",
            expected.len()
        ));
        Ok(())
    }

    fn timed_ours(&self, port: u16) -> Result<Variant<'_>> {
        let list = self.list(HOSTS, port)?;
        Ok(Variant::new(OURS, move || {
            let ran = self.ours(&list, JOBS)?;
            ensure!(ran.out.lines().count() == HOSTS && judged(&ran), "not all answered: {}", ran.err);
            Ok(ran.cost.each(HOSTS))
        }))
    }

    fn timed_go<'a>(&self, name: &str, mode: &'static str, port: u16) -> Result<Option<Variant<'a>>> {
        let Some(go) = self.go.clone() else { return Ok(None) };
        let list = self.list(FEW_HOSTS, port)?;
        Ok(Some(Variant::new(name, move || {
            let ran = run_ok(Command::new(&go).arg(mode).arg(JOBS.to_string()).arg(&list))?;
            ensure!(ran.out.trim() == FEW_HOSTS.to_string(), "{} of {FEW_HOSTS}", ran.out.trim());
            Ok(ran.cost.each(FEW_HOSTS))
        })))
    }

    fn tls12(&self, section: &mut Section) -> Result<()> {
        let port = self.ports.canned_rsa;
        let mut variants = vec![Variant::new(FLOOR, || floor(port)), self.timed_ours(port)?];
        variants.extend(self.timed_go(GO_STOP, "stop", port)?);
        variants.extend(self.timed_go(GO_FULL, "full", self.ports.real_rsa)?);
        let measured = take_turns(ROUNDS, variants)?;
        let heading = format!(
            "One host's chain in TLS 1.2, RSA, four certificates, {JOBS} at once. The server replays a recorded \
             flight; a full handshake needs a real one. trustwalk also reads the certificates and writes a line of \
             JSON."
        );
        section.table(&heading, ("\u{b5}s", 1e6), &measured, OURS);
        section.hold("A: TLS 1.2, CPU over the floor", Held::AtMost(1.5), measured.ratio(OURS, FLOOR, cpu));
        if self.go.is_some() {
            let name = format!("A: TLS 1.2, times as cheap as {GO_FULL}");
            section.hold(name, Held::AtLeast(5.0), measured.ratio(GO_FULL, OURS, cpu));
        }
        Ok(())
    }

    fn tls13(&self, section: &mut Section) -> Result<()> {
        const COMPUTED: &str = "floor: as above, and X25519, HMACs, AES-GCM";
        let canned = self.ports.canned_p256;
        let mut variants = vec![
            Variant::new(COMPUTED, || {
                let wire = floor(canned)?;
                let (done, primitives) = work(|| tls13_primitives(FEW_HOSTS));
                done?;
                let primitives = primitives.each(FEW_HOSTS);
                Ok(Cost { wall: wire.wall + primitives.wall, cpu: wire.cpu + primitives.cpu })
            }),
            self.timed_ours(self.ports.real_p256)?,
        ];
        variants.extend(self.timed_go(GO_FULL, "full", self.ports.real_p256)?);
        let measured = take_turns(ROUNDS, variants)?;
        let heading = format!(
            "The same in TLS 1.3, P-256, from a server that speaks nothing older. trustwalk asks for 1.2 first, which \
             shows that the server refuses it, and connects again; {JOBS} at once."
        );
        section.table(&heading, ("\u{b5}s", 1e6), &measured, OURS);
        section.hold("A: TLS 1.3, CPU over the computed floor", Held::AtMost(1.5), measured.ratio(OURS, COMPUTED, cpu));
        if self.go.is_some() {
            let name = format!("A: TLS 1.3, times as cheap as {GO_FULL}");
            section.hold(name, Held::AtLeast(2.5), measured.ratio(GO_FULL, OURS, cpu));
        }
        Ok(())
    }

    fn by_the_wall(&self, section: &mut Section, flight: Vec<u8>) -> Result<()> {
        const LIMIT: &str = "limit: latency alone";
        let port = canned(flight, THINK)?;
        let limit = THINK.as_secs_f64() / count(WALL_JOBS);
        let list = self.list(WALL_HOSTS, port)?;
        let mut variants = vec![
            Variant::new(LIMIT, || Ok(Cost { wall: limit, cpu: 0.0 })),
            Variant::new(FLOOR, || {
                let (read, cost) = work(|| fetch_all(addresses(WALL_HOSTS, port), WALL_JOBS));
                ensure!(read? == WALL_HOSTS, "not all answered");
                Ok(cost.each(WALL_HOSTS))
            }),
            Variant::new(OURS, || {
                let ran = self.ours(&list, WALL_JOBS)?;
                ensure!(judged(&ran), "not all answered: {}", ran.err);
                Ok(ran.cost.each(WALL_HOSTS))
            }),
        ];
        if let Some(go) = self.go.clone() {
            let list = self.list(FEW_HOSTS * 5, port)?;
            variants.push(Variant::new(GO_STOP, move || {
                let ran = run_ok(Command::new(&go).arg("stop").arg(WALL_JOBS.to_string()).arg(&list))?;
                ensure!(ran.out.trim() == (FEW_HOSTS * 5).to_string(), "{}", ran.out.trim());
                Ok(ran.cost.each(FEW_HOSTS * 5))
            }));
        }
        let measured = take_turns(WALL_ROUNDS, variants)?;
        let heading = format!(
            "One host of many, {WALL_JOBS} at once, when each takes {} ms to answer; one core",
            THINK.as_millis()
        );
        section.table(&heading, ("\u{b5}s", 1e6), &measured, OURS);
        section.hold("A: share of the latency limit, wall", Held::AtLeast(0.8), measured.ratio(LIMIT, OURS, wall));
        if self.go.is_some() {
            let ratio = measured.ratio(GO_STOP, OURS, wall);
            section.hold(format!("A: times as fast as {GO_STOP}, wall"), Held::AtLeast(4.0), ratio);
        }
        self.memory(section, port)
    }

    /// Ten times the hosts in the same memory.
    fn memory(&self, section: &mut Section, port: u16) -> Result<()> {
        let fetched = |number: usize| -> Result<Ran> {
            let (list, out) = (self.list(number, port)?, self.settings.file("answers"));
            let (list, jobs) = (list.to_string_lossy(), WALL_JOBS.to_string());
            let words = ["thumbprint", "--jobs", &jobs, "--fleet", &list];
            let ran = run_apart_to(&[], &self.settings.trustwalk, &words, &out)?;
            ensure!(judged(&ran), "not all answered: {}", ran.err);
            let answers = BufReader::new(std::fs::File::open(&out)?).split(b'\n').count();
            ensure!(answers == number, "{answers} of {number} hosts answered");
            Ok(ran)
        };
        let (once, tenfold) = (fetched(MANY)?, fetched(MANY * 10)?);
        let rss = |ran: &Ran| Ok::<f64, anyhow::Error>(count(usize::try_from(ran.rss)?) / MIB);
        let (small, large) = (rss(&once)?, rss(&tenfold)?);
        let single = |figure: f64| Spread::of([figure]);
        section.note(format!(
            "{MANY} hosts took {:.1} s and {small:.1} MiB, ten times as many {:.1} s and {large:.1} MiB (one run each)",
            once.cost.wall, tenfold.cost.wall
        ));
        let times = single(tenfold.cost.wall / once.cost.wall);
        section.hold("A: a million hosts over 100,000, wall", Held::AtMost(11.0), times);
        section.hold("A: a million hosts, resident MiB", Held::AtMost(64.0), single(large));
        section.hold("A: a million hosts over 100,000, memory", Held::AtMost(1.1), single(large / small));
        Ok(())
    }
}

fn floor(port: u16) -> Result<Cost> {
    let (read, cost) = work(|| fetch_all(addresses(HOSTS, port), JOBS));
    ensure!(read? == HOSTS, "not all answered");
    Ok(cost.each(HOSTS))
}
