//! Goal L: a lab with as many clusters, roles and pods as a large company has.

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::harness::{Cost, Held, Section, Settings, Spread, Variant, count, cpu, run_ok, take_turns, wall, work};

const ROUNDS: usize = 3;
/// Clusters, of them with an API server, roles and pods.
const SCALES: [Scale; 3] = [
    Scale { clusters: 100, served: 16, roles: 1_000, pods: 5_000 },
    Scale { clusters: 300, served: 16, roles: 3_000, pods: 15_000 },
    Scale { clusters: 1_000, served: 16, roles: 10_000, pods: 50_000 },
];
const QUICK: Scale = Scale { clusters: 10, served: 2, roles: 20, pods: 40 };
/// How long a lab is looked at that has nothing to do.
const LOOK: Duration = Duration::from_secs(5);
/// Share of a core below which a lab is at rest.
const AT_REST: f64 = 0.02;
/// Longest wait for that.
const SETTLED_WITHIN: Duration = Duration::from_mins(2);
/// Ticks a second of the processor times that Linux tells (proc(5), `stat`, on every platform that is measured).
const TICKS: f64 = 100.0;
const MIB: f64 = 1024.0 * 1024.0;
const LIMIT: &str = "limit: the JSON of as many pods, written once";

#[derive(Debug, Clone, Copy)]
struct Scale {
    clusters: usize,
    served: usize,
    roles: usize,
    pods: usize,
}

impl Scale {
    fn name(self) -> String {
        format!("{} clusters, {} roles, {} pods", self.clusters, self.roles, self.pods)
    }

    fn scenario(self) -> String {
        let Self { clusters, served, roles, pods } = self;
        format!(
            "accounts:\n- {{id: '111122223333', alias: main}}\nfleets:\n- {{name: fleet, account: main, clusters: \
             {clusters}, served: {served}, roles: {roles}, pods: {pods}}}\n"
        )
    }
}

/// Runs the goal.
pub(crate) fn run_goal(settings: &Settings) -> Result<Section> {
    let mut section = Section::new("L. A lab at scale");
    let [_, _, large] = SCALES;
    let largest = if settings.quick { QUICK } else { large };
    let pod = agree(settings, largest, &mut section)?;
    if !settings.quick {
        measure(settings, &pod, &mut section)?;
    }
    Ok(section)
}

/// A lab that ends with this value.
struct Up {
    child: Child,
    dir: PathBuf,
    /// From the start of the process to its word that it is ready.
    ready: f64,
    /// Says nothing for as long as the lab is there.
    gone: Receiver<()>,
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Up {
    fn start(settings: &Settings, scale: Scale) -> Result<Self> {
        let file = settings.file(&format!("scale-{}.yaml", scale.clusters));
        std::fs::write(&file, scale.scenario())?;
        let dir = settings.file(&format!("scale-{}", scale.clusters));
        let mut command = Command::new(&settings.trustwalk);
        command.args(["lab", "up", "--scenario"]).arg(&file).arg("--dir").arg(&dir);
        let began = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        let ready = lines.by_ref().map_while(Result::ok).any(|line| line.contains("ready"));
        let took = began.elapsed().as_secs_f64();
        let (tell, gone) = channel();
        std::thread::spawn(move || {
            lines.for_each(drop);
            drop(tell);
        });
        let up = Self { child, dir, ready: took, gone };
        ensure!(ready, "the lab ended before it was ready");
        Ok(up)
    }

    /// A file of the kernel's about the process.
    fn told(&self, name: &str) -> Result<String> {
        Ok(std::fs::read_to_string(format!("/proc/{}/{name}", self.child.id()))?)
    }

    /// Processor time so far, seconds.
    fn cpu(&self) -> Result<f64> {
        let stat = self.told("stat")?;
        // After the name in brackets, which may hold anything; user and system are fields 14 and 15 of all.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).context("no times");
        Ok((ticks(11)? + ticks(12)?) / TICKS)
    }

    /// Bytes in memory: now, or the most that it ever was.
    fn resident(&self, line: &str) -> Result<f64> {
        let status = self.told("status")?;
        let found = status.lines().find_map(|l| l.strip_prefix(line)).context("no size")?;
        let kib: f64 = found.trim().trim_end_matches(" kB").parse()?;
        Ok(kib * 1024.0)
    }

    /// Share of a core over a while in which nobody asks for anything.
    fn idle(&self, during: Duration) -> Result<f64> {
        let (began, before) = (Instant::now(), self.cpu()?);
        // Ends early only with the lab itself.
        let _gone = self.gone.recv_timeout(during);
        Ok((self.cpu()? - before) / began.elapsed().as_secs_f64())
    }

    /// Waits until the controllers have looked at everything.
    fn settle(&self) -> Result<()> {
        let began = Instant::now();
        while self.idle(Duration::from_secs(1))? > AT_REST {
            ensure!(began.elapsed() < SETTLED_WITHIN, "the lab does not come to rest");
        }
        Ok(())
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Result<Command> {
        let mut command = Command::new(program);
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
            command.env_remove(name);
        }
        for line in std::fs::read_to_string(self.dir.join("env"))?.lines() {
            if let Some((name, value)) = line.strip_prefix("export ").and_then(|l| l.split_once('=')) {
                command.env(name, value.trim_matches('\''));
            }
        }
        Ok(command)
    }
}

/// What real clients see of it is as many as were asked for; one pod.
fn agree(settings: &Settings, scale: Scale, section: &mut Section) -> Result<Value> {
    let lab = Up::start(settings, scale)?;
    let mut status = Command::new(&settings.trustwalk);
    status.args(["lab", "status", "--output", "json", "--dir"]).arg(&lab.dir);
    let status: Value = serde_json::from_str(&run_ok(&mut status)?.out)?;
    let clusters = status.get("clusters").and_then(Value::as_array).map_or(0, Vec::len);
    ensure!(clusters == scale.clusters, "there are {clusters} clusters");
    let last = format!("fleet-{:04}", scale.clusters);
    let mut token = Command::new(&settings.trustwalk);
    token.args(["lab", "--dir"]).arg(&lab.dir).args(["token", &last]);
    token.args(["--claim", "sub=system:serviceaccount:app-0001:app"]);
    let token = run_ok(&mut token)?.out;
    if let Some(aws) = Settings::command("aws") {
        let arn = format!("arn:aws:iam::111122223333:role/{last}-app-0001");
        let mut exchange = lab.command(aws)?;
        exchange.args(["sts", "assume-role-with-web-identity", "--role-session-name", "bench", "--role-arn", &arn]);
        let ran = run_ok(exchange.args(["--web-identity-token", token.trim()]))?;
        ensure!(ran.out.contains("AccessKeyId"), "no keys: {}", ran.out);
        section.agreed(format!("the real `aws` exchanges a token of the last of {clusters} clusters"));
    } else {
        section.left_out("aws is not installed");
    }
    let Some(kubectl) = Settings::command("kubectl") else {
        section.left_out("kubectl is not installed");
        return Ok(Value::Null);
    };
    let mut pods = 0;
    let mut first = Value::Null;
    for number in 1..=scale.served {
        let mut get = lab.command(&kubectl)?;
        let context = format!("fleet-{number:04}");
        get.args(["get", "pods", "-A", "-l", "app.kubernetes.io/name=app", "-o", "json", "--context", &context]);
        let mut list: Value = serde_json::from_str(&run_ok(&mut get)?.out)?;
        let items = list.get_mut("items").and_then(Value::as_array_mut).context("no list")?;
        let running = |pod: &Value| pod.pointer("/status/phase").and_then(Value::as_str) == Some("Running");
        pods += items.iter().filter(|pod| running(pod)).count();
        first = items.pop().unwrap_or_default();
    }
    ensure!(pods == scale.pods, "there are {pods} pods that run");
    section.agreed(format!("the real `kubectl` lists {pods} pods that run, in {} clusters", scale.served));
    Ok(first)
}

fn measure(settings: &Settings, pod: &Value, section: &mut Section) -> Result<()> {
    let told = RefCell::new([const { Vec::<[f64; 3]>::new() }; SCALES.len()]);
    let [_, _, large] = SCALES;
    let mut variants: Vec<Variant<'_>> = SCALES
        .iter()
        .enumerate()
        .map(|(at, scale)| {
            let told = &told;
            Variant::new(scale.name(), move || {
                let lab = Up::start(settings, *scale)?;
                let most = lab.resident("VmHWM:")?;
                lab.settle()?;
                let spent = lab.cpu()?;
                if let Some(list) = told.borrow_mut().get_mut(at) {
                    list.push([lab.resident("VmRSS:")?, most, lab.idle(LOOK)?]);
                }
                Ok(Cost { wall: lab.ready, cpu: spent })
            })
        })
        .collect();
    variants.push(Variant::new(LIMIT, || Ok(write_all(pod, large.pods))));
    let measured = take_turns(ROUNDS, variants)?;
    section.table(
        "`trustwalk lab up --scenario`; wall is until it says that it is ready, CPU until it has come to rest",
        ("s", 1.0),
        &measured,
        LIMIT,
    );
    let name = large.name();
    section.hold(format!("L: {name}, s until ready"), Held::AtMost(10.0), measured.spread(&name, wall));
    section.hold(format!("L: {name}, CPU over the limit"), Held::AtMost(20.0), measured.ratio(&name, LIMIT, cpu));
    let told = told.into_inner();
    let bytes = pod.to_string().len();
    for (scale, figures) in SCALES.iter().zip(&told) {
        // The first round is for warmth.
        let of = |at: usize, unit: f64| Spread::of(figures.iter().skip(1).filter_map(|f| f.get(at)).map(|f| f / unit));
        let json = count(scale.pods * bytes) / MIB;
        section.note(format!(
            "{}: {} MiB resident at rest, {} at its most; {} of a core at rest; its pods' JSON alone is {json:.0} MiB",
            scale.name(),
            of(0, MIB).show(1.0),
            of(1, MIB).show(1.0),
            of(2, 1.0).show(1.0),
        ));
    }
    let figures = told.last().map(Vec::as_slice).unwrap_or_default();
    let of = |at: usize, unit: f64| Spread::of(figures.iter().skip(1).filter_map(|f| f.get(at)).map(|f| f / unit));
    section.hold(format!("L: {name}, MiB resident at its most"), Held::AtMost(1024.0), of(1, MIB));
    let json = count(large.pods * bytes);
    section.hold(format!("L: {name}, memory over its pods' JSON"), Held::AtMost(3.0), of(0, json));
    section.hold(format!("L: {name}, share of a core at rest"), Held::AtMost(0.01), of(2, 1.0));
    Ok(())
}

/// Writes as many pods as JSON, one after the other.
fn write_all(pod: &Value, pods: usize) -> Cost {
    let write = || {
        let mut buffer = Vec::new();
        for _ in 0..pods {
            buffer.clear();
            // Writing to memory cannot fail.
            let _ = serde_json::to_writer(&mut buffer, pod);
        }
        buffer.len()
    };
    work(write).1
}
