//! What a piece of work costs: wall time, and CPU time of this thread, this process or a child.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use nix::time::{ClockId, clock_gettime};
use wait4::Wait4 as _;

/// Seconds spent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    /// By the clock on the wall.
    pub(crate) wall: f64,
    /// By processors, user and system.
    pub(crate) cpu: f64,
}

impl Cost {
    /// Cost of one out of so many.
    pub(crate) fn each(self, number: usize) -> Self {
        let number = count(number).max(1.0);
        Self { wall: self.wall / number, cpu: self.cpu / number }
    }
}

/// The processor's part of a cost.
pub(crate) fn cpu(cost: &Cost) -> f64 {
    cost.cpu
}

/// The wall clock's part of a cost.
pub(crate) fn wall(cost: &Cost) -> f64 {
    cost.wall
}

/// A count as a number to divide by.
pub(crate) fn count(number: usize) -> f64 {
    number as f64
}

fn clock(id: ClockId) -> Duration {
    clock_gettime(id).map(Duration::from).unwrap_or_default()
}

/// Processor time of this thread so far.
fn cpu_here() -> Duration {
    clock(ClockId::CLOCK_THREAD_CPUTIME_ID)
}

/// Does work in this thread; `CLOCK_THREAD_CPUTIME_ID` counts nothing that other threads do.
pub(crate) fn work<T>(job: impl FnOnce() -> T) -> (T, Cost) {
    let (began, before) = (Instant::now(), cpu_here());
    let result = job();
    let cpu = cpu_here().saturating_sub(before).as_secs_f64();
    (result, Cost { wall: began.elapsed().as_secs_f64(), cpu })
}

/// A child that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// What it cost, its own children included.
    pub(crate) cost: Cost,
    /// Its standard output.
    pub(crate) out: String,
    /// Its standard error.
    pub(crate) err: String,
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// Largest resident size in bytes.
    pub(crate) rss: u64,
}

/// Runs a child to its end. Its output goes to a file: a reader would cost time of its own, and
/// grep stops at the first match when its output is `/dev/null`.
pub(crate) fn run(command: &mut Command) -> Result<Ran> {
    let name = command.get_program().to_string_lossy().into_owned();
    let (mut out, mut err) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(err.try_clone()?);
    let wall = Instant::now();
    let child = command.spawn().with_context(|| format!("cannot run `{name}`"))?;
    let used = child.wait4()?;
    let wall = wall.elapsed().as_secs_f64();
    let cpu = (used.rusage.utime + used.rusage.stime).as_secs_f64();
    Ok(Ran {
        cost: Cost { wall, cpu },
        out: text(&mut out)?,
        err: text(&mut err)?,
        status: used.status,
        rss: used.rusage.maxrss,
    })
}

/// As [`run`], for a child that must end well.
pub(crate) fn run_ok(command: &mut Command) -> Result<Ran> {
    let ran = run(command)?;
    let name = command.get_program().to_string_lossy();
    ensure!(ran.status.success(), "`{name}` failed ({}): {} {}", ran.status, ran.err.trim(), ran.out.trim());
    Ok(ran)
}

fn text(file: &mut File) -> Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The word that makes this program run another and tell what it cost.
pub(crate) const APART: &str = "--cost-of";

/// Runs a program from a small process of its own: the kernel counts what the parent held when it
/// started a child as the child's. The output goes to a file. Gives cost and memory.
pub(crate) fn run_apart(program: &Path, words: &[&str], out: &Path) -> Result<Ran> {
    run_apart_in(&[], program, words, out)
}

/// As [`run_apart`], with more in the environment.
pub(crate) fn run_apart_in(env: &[(String, String)], program: &Path, words: &[&str], out: &Path) -> Result<Ran> {
    let ran = run_apart_to(env, program, words, out)?;
    ensure!(ran.status.success(), "`{}` failed ({}): {}", program.display(), ran.status, ran.err.trim());
    Ok(ran)
}

/// As [`run_apart_in`], for a child that may end in any way.
pub(crate) fn run_apart_to(env: &[(String, String)], program: &Path, words: &[&str], out: &Path) -> Result<Ran> {
    let mut command = Command::new(std::env::current_exe()?);
    command.envs(env.iter().map(|(name, value)| (name, value)));
    let mut ran = run_ok(command.arg(APART).arg(out).arg(program).args(words))?;
    let (wall, cpu, kib, status): (f64, f64, f64, i32) = serde_json::from_str(&ran.out)?;
    ran.cost = Cost { wall, cpu };
    ran.status = ExitStatus::from_raw(status);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size in KiB was printed")]
    {
        ran.rss = kib as u64 * 1024;
    }
    Ok(ran)
}

/// The other side of [`run_apart`].
pub(crate) fn tell_cost(mut words: impl Iterator<Item = String>) -> Result<String> {
    let (out, program) = (words.next().context("no output")?, words.next().context("no program")?);
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null()).stdout(File::create(out)?);
    let began = Instant::now();
    let used = command.spawn()?.wait4()?;
    let wall = began.elapsed().as_secs_f64();
    let cpu = (used.rusage.utime + used.rusage.stime).as_secs_f64();
    Ok(serde_json::to_string(&(wall, cpu, used.rusage.maxrss / 1024, used.status.into_raw()))?)
}
