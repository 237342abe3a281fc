//! The machine: which core does what, and a description without names of hosts or folders.

use std::process::Command;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

use super::Settings;

/// Where clients and everything in process are measured.
pub(crate) const CLIENT_CORE: usize = 1;
/// Where servers run.
pub(crate) const SERVER_CORE: usize = 0;

/// Keeps this thread, and every child it starts, on one core; does nothing where there is no such core.
pub(crate) fn pin(core: usize) {
    let mut set = CpuSet::new();
    if core < cores() && set.set(core).is_ok() {
        let _ = sched_setaffinity(Pid::from_raw(0), &set);
    }
}

/// Gives this thread all cores again.
pub(crate) fn free_all_cores() {
    let mut set = CpuSet::new();
    for core in 0..cores() {
        let _ = set.set(core);
    }
    let _ = sched_setaffinity(Pid::from_raw(0), &set);
}

/// Cores of the machine; asked of the kernel's list because pinning changes what a thread is told.
fn cores() -> usize {
    let online = std::fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default();
    let ranges = online.trim().split(',').filter_map(|r| r.rsplit('-').next()?.parse::<usize>().ok());
    ranges.max().map_or(1, |last| last + 1)
}

/// How many others wanted to run in the last minute.
pub(crate) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// One line for each fact that figures depend on.
pub(crate) fn describe(settings: &Settings) -> Vec<String> {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|l| l.strip_prefix("model name")).unwrap_or_default();
    let model = model.trim_start_matches([' ', '\t', ':']);
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let kernel: String = release.trim().split('-').next().unwrap_or_default().to_owned();
    let mut facts =
        vec![format!("{} cores, {model}; Linux {kernel}", cores()), format!("load average at the start: {}", load())];
    let python = settings.python("python");
    let asked = [
        ("trustwalk", Some(settings.trustwalk.clone()), "--version"),
        ("openssl", Settings::command("openssl"), "version"),
        ("ripgrep", Settings::command("rg"), "--version"),
        ("grep", Settings::command("grep"), "--version"),
        ("jq", Settings::command("jq"), "--version"),
        ("node", Settings::command("node"), "--version"),
        ("python", python, "--version"),
        ("go", settings.python("go"), "version"),
    ];
    for (name, program, word) in asked {
        let Some(program) = program else { continue };
        let Ok(output) = Command::new(program).arg(word).output() else { continue };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let first = text.lines().next().unwrap_or_default().trim();
        let plain = first.split(" (Library").next().unwrap_or_default();
        facts.push(if plain.to_lowercase().contains(name) { plain.to_owned() } else { format!("{name} {plain}") });
    }
    facts
}
