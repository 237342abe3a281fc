//! Completion with live names: what a shell calls while somebody types. It asks cluster and account for what the word
//! could be, for two seconds at most, and says nothing when they do not answer.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Command;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};
use clap_complete::env::{Bash, EnvCompleter, Fish, Zsh};
use trustwalk_collect::aws::{AwsOptions, profiles};
use trustwalk_collect::kube_api::{KubeOptions, contexts, kinds, resource};
use trustwalk_collect::{WalkOptions, World};
use trustwalk_core::cause::Cause;
use trustwalk_lab::faults;

use crate::args::grammar;

/// The variable by which a shell's script calls for candidates.
pub(crate) const VARIABLE: &str = "TRUSTWALK_COMPLETE";
/// The file name under which kubectl looks for a plugin's completion (kubectl, `plugin_completion.go`).
const OF_KUBECTL: &str = "kubectl_complete-trustwalk";
/// Longest wait: somebody has pressed a key.
const PATIENCE: Duration = Duration::from_secs(2);
/// Cobra's directive for "no files", which ends what kubectl reads (cobra, `completions.go`).
const NO_FILES: &str = ":4";

/// Answers a shell or kubectl, if one of them calls.
pub(crate) fn called() -> Option<ExitCode> {
    let program = std::env::args_os().next().unwrap_or_default();
    if Path::new(&program).file_stem() == Some(OsStr::new(OF_KUBECTL)) {
        return Some(done(&for_kubectl()));
    }
    let shell = trustwalk_collect::env_os(VARIABLE)?;
    Some(done(&for_shell(&shell)))
}

fn done(written: &std::io::Result<()>) -> ExitCode {
    if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The script with which a shell calls this program.
pub(crate) fn registration(shell: &dyn EnvCompleter) -> std::io::Result<Vec<u8>> {
    let mut script = Vec::new();
    shell.write_registration(VARIABLE, "trustwalk", "trustwalk", "trustwalk", &mut script)?;
    Ok(script)
}

fn for_shell(shell: &OsStr) -> std::io::Result<()> {
    let shell: &dyn EnvCompleter = match shell.to_str() {
        Some("bash") => &Bash,
        Some("zsh") => &Zsh,
        Some("fish") => &Fish,
        Some(_) | None => return Err(std::io::ErrorKind::Unsupported.into()),
    };
    let words: Vec<OsString> = std::env::args_os().skip_while(|word| word != "--").skip(1).collect();
    let mut out = Vec::new();
    let dir = std::env::current_dir().ok();
    shell.write_complete(&mut with_names(), words, dir.as_deref(), &mut out)?;
    std::io::stdout().lock().write_all(&out)
}

/// As cobra's `__complete` answers: a candidate a line, what it is after a tab, the directive at the end.
fn for_kubectl() -> std::io::Result<()> {
    let mut words: Vec<OsString> = vec!["trustwalk".into()];
    words.extend(std::env::args_os().skip(1));
    let (at, dir) = (words.len() - 1, std::env::current_dir().ok());
    let mut out = Vec::new();
    for candidate in complete(&mut with_names(), words, at, dir.as_deref())?.iter().filter(|c| !c.is_hide_set()) {
        let value = candidate.get_value().to_string_lossy();
        let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
        let help = help.lines().next().unwrap_or_default();
        let tab = if help.is_empty() { "" } else { "\t" };
        writeln!(out, "{value}{tab}{help}")?;
    }
    writeln!(out, "{NO_FILES}")?;
    std::io::stdout().lock().write_all(&out)
}

/// The grammar with what completes its values.
fn with_names() -> Command {
    attach(grammar())
}

fn attach(command: Command) -> Command {
    let inner: fn(&OsStr) -> Vec<CompletionCandidate> = match command.get_name() {
        "explain" => causes,
        "break" | "mend" => faults_of,
        _ => targets,
    };
    let command = command.mut_args(|arg| {
        let completer: fn(&OsStr) -> Vec<CompletionCandidate> = match arg.get_id().as_str() {
            "target" => targets,
            "text" => inner,
            "fault" => faults_of,
            "namespace" => namespaces,
            "context" => contexts_of,
            "profile" => profiles_of,
            "role" => roles,
            "cluster" => clusters,
            _ => return arg,
        };
        arg.add(ArgValueCompleter::new(completer))
    });
    command.mut_subcommands(attach)
}

/// Those that begin as the word does, without what a terminal would obey.
fn of_names<S: Into<String>>(current: &OsStr, names: impl IntoIterator<Item = S>) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    let fits = |name: &String| {
        name.starts_with(&*current) && !name.chars().any(|c| trustwalk_foreign::visible::is_hidden(c) || c == ' ')
    };
    names.into_iter().map(Into::into).filter(fits).map(CompletionCandidate::new).collect()
}

fn causes(current: &OsStr) -> Vec<CompletionCandidate> {
    let codes = Cause::ALL.iter().map(|c| (c.code(), c));
    let names = Cause::ALL.iter().map(|c| (c.name(), c));
    let word = current.to_string_lossy().to_lowercase();
    let all = codes.chain(names).filter(|(text, _)| !word.is_empty() && text.to_lowercase().starts_with(&word));
    all.map(|(text, cause)| CompletionCandidate::new(text).help(Some(cause.meta().summary.to_owned().into()))).collect()
}

fn faults_of(current: &OsStr) -> Vec<CompletionCandidate> {
    let word = current.to_string_lossy().into_owned();
    let fits = faults::REGISTRY.iter().filter(|f| f.name.starts_with(&word));
    fits.map(|f| CompletionCandidate::new(f.name).help(Some(f.summary.to_owned().into()))).collect()
}

fn contexts_of(current: &OsStr) -> Vec<CompletionCandidate> {
    of_names(current, contexts(&typed_options().kube))
}

fn profiles_of(current: &OsStr) -> Vec<CompletionCandidate> {
    of_names(current, ask(async { profiles().await }))
}

fn namespaces(current: &OsStr) -> Vec<CompletionCandidate> {
    of_names(current, ask(Box::pin(cluster_names(Wanted::Namespaces))))
}

fn clusters(current: &OsStr) -> Vec<CompletionCandidate> {
    let all = ask(async {
        let world = World::new(typed_options()).await.ok();
        match world {
            Some(world) => world.aws.cluster_names().await.known().cloned().unwrap_or_default(),
            None => Vec::new(),
        }
    });
    of_names(current, all)
}

fn roles(current: &OsStr) -> Vec<CompletionCandidate> {
    let all = ask(async {
        let Ok(world) = World::new(typed_options()).await else { return Vec::new() };
        let roles = world.aws.roles_trusting("").await;
        roles.known().into_iter().flatten().map(|role| role.arn.clone()).collect()
    });
    of_names(current, all)
}

/// Kinds, then the names of one: `deployment/`, `deployment/ledger`; a name alone after a kind.
fn targets(current: &OsStr) -> Vec<CompletionCandidate> {
    let word = current.to_string_lossy().into_owned();
    if let Some((kind, _)) = word.split_once('/') {
        let names = ask(Box::pin(cluster_names(Wanted::Objects(kind.to_owned()))));
        return of_names(current, names.into_iter().map(|name| format!("{kind}/{name}")));
    }
    let before: Vec<String> = typed().into_iter().filter(|w| resource(w).is_some()).collect();
    if let Some(kind) = before.last().filter(|kind| **kind != word) {
        return of_names(current, ask(Box::pin(cluster_names(Wanted::Objects(kind.clone())))));
    }
    of_names(current, kinds().map(|kind| format!("{kind}/")))
}

enum Wanted {
    Namespaces,
    Objects(String),
}

async fn cluster_names(wanted: Wanted) -> Vec<String> {
    let Ok(world) = World::new(typed_options()).await else { return Vec::new() };
    let Ok(kube) = &world.kube else { return Vec::new() };
    match wanted {
        Wanted::Namespaces => kube.namespaces().await.known().cloned().unwrap_or_default(),
        Wanted::Objects(kind) => {
            let Some(resource) = resource(&kind) else { return Vec::new() };
            let namespace = value_of(&["-n", "--namespace"]).unwrap_or_else(|| kube.namespace.clone());
            let all = typed().iter().any(|w| w == "-A" || w == "--all-namespaces");
            let names = kube.own_names(resource, (!all).then_some(namespace.as_str()), "").await;
            names.known().into_iter().flatten().map(|(_, name)| name.clone()).collect()
        }
    }
}

/// What comes within the time.
fn ask<T: Default>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return T::default() };
    runtime.block_on(async { tokio::time::timeout(PATIENCE, work).await.unwrap_or_default() })
}

/// The words that were typed before the one that is completed.
fn typed() -> Vec<String> {
    let words: Vec<String> = std::env::args_os().map(|w| w.to_string_lossy().into_owned()).collect();
    let begin = words.iter().position(|w| w == "--").map_or(1, |at| at + 1);
    words.into_iter().skip(begin).collect()
}

fn value_of(names: &[&str]) -> Option<String> {
    let words = typed();
    let mut pairs = words.iter().zip(words.iter().skip(1));
    let apart = pairs.find(|(name, _)| names.contains(&name.as_str())).map(|(_, value)| value.clone());
    let joined = || words.iter().find_map(|w| names.iter().find_map(|n| w.strip_prefix(&[n, "="].concat())));
    apart.or_else(|| joined().map(str::to_owned))
}

/// Where to look, by what was typed so far.
fn typed_options() -> WalkOptions {
    let rules = trustwalk_collect::env_var("TRUSTWALK_CONNECT_TO").unwrap_or_default();
    let mut options = WalkOptions {
        kube: KubeOptions {
            kubeconfig: value_of(&["--kubeconfig"]).map(PathBuf::from),
            context: value_of(&["--context"]),
        },
        aws: AwsOptions {
            profile: value_of(&["--profile"]),
            region: value_of(&["--region"]),
            endpoint: value_of(&["--endpoint-url"]),
            keys: None,
        },
        connect_to: rules.split(',').filter_map(|rule| rule.parse().ok()).collect(),
        now: jiff::Timestamp::now().as_second(),
        ..WalkOptions::default()
    };
    options.roots.ca_bundle = trustwalk_collect::env_os("TRUSTWALK_CA_BUNDLE").map(PathBuf::from);
    options
}
