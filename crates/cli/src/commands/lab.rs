//! `trustwalk lab`: the embedded account and cluster, for real clients.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use serde_json::{Value, json};
use trustwalk_collect::dial::{ConnectTo, Dialer};
use trustwalk_collect::{near, roots};
use trustwalk_core::cause::Cause;
use trustwalk_foreign::shell;
use trustwalk_lab::control::Client;
use trustwalk_lab::{Found, Lab, LabConfig, Outside, Scenario, Story, TrustModel, faults, story};

use super::{lab_clock, lab_scenario, lab_terms};
use crate::args::{Format, LabArgs, LabCommand, Model, OutsideArgs, PlaceArgs};
use crate::exit::{Exit, Unknown, UsageError};
use crate::interrupt::Signals;
use crate::style;
use trustwalk_render::Shown;

/// Runs the command.
#[expect(clippy::too_many_lines, reason = "an arm for each command of the lab")]
pub(crate) async fn run(args: &LabArgs, place: &PlaceArgs) -> anyhow::Result<Exit> {
    let format = args.output;
    let dir = match &args.dir {
        // Its files name each other, for shells that stand elsewhere.
        Some(dir) => std::path::absolute(dir).context("the lab's folder has no absolute path")?,
        None => default_dir()?,
    };
    match &args.command {
        LabCommand::Scenario => style::say(&lab_scenario::story())?,
        LabCommand::Token { issuer, claims } => {
            let token = Client::open(&dir)?.token(issuer, &lab_scenario::claims(claims)?).await?;
            done(format, "token", &token, &json!({"token": token}))?;
        }
        LabCommand::Break { fault: Some(name), on: Some(on) } => {
            known(name, "lab break {}")?;
            let next = lab_scenario::look_at(&Client::open(&dir)?.break_on(name, on).await?, on);
            let words = [name.as_str(), " is in. Look at it: ", &next].concat();
            done(format, "break", &words, &json!({"fault": name, "next": next}))?;
        }
        LabCommand::Up { broken, account_only, scenario, model, older_words, outside, terms } => {
            let story = match (*broken, *account_only) {
                (_, true) => Story::AccountAlone,
                (true, false) => Story::BeforeTheChange,
                (false, false) => Story::Healthy,
            };
            let scenario = scenario.as_deref().map(lab_scenario::read).transpose()?;
            let (terms, ports) = lab_terms::of(terms, model.is_none())?;
            let config = LabConfig {
                story,
                trust_model: lab_model(model.unwrap_or(Model::ThumbprintOnly)),
                ports,
                state_dir: dir.clone(),
                outside: outside_of(outside, place)?,
                terms,
            };
            up(&dir, format, (config, *older_words), scenario.as_ref()).await?;
        }
        LabCommand::Status => {
            let mut status = Client::open(&dir)?.status().await?;
            style::say(&if format == Format::Json {
                if let Some(fields) = status.as_object_mut() {
                    fields.insert("schema".to_owned(), 1.into());
                }
                style::document(&status)?
            } else {
                status_words(&status)
            })?;
        }
        LabCommand::Break { fault: None, .. } => {
            let all = faults::listed();
            style::say(&if format == Format::Human { faults_words(&all) } else { style::document(&all)? })?;
        }
        LabCommand::Break { fault: Some(name), on: None } => {
            known(name, "lab break {}")?;
            Client::open(&dir)?.break_with(name).await?;
            let next = faults::find(name).map(|f| look_at(f.target, &dir)).unwrap_or_default();
            let words = [name.as_str(), " is in. Look at it: ", &next].concat();
            done(format, "break", &words, &json!({"fault": name, "next": next}))?;
        }
        LabCommand::Mend { fault } => {
            if let Some(name) = fault {
                known(name, "lab mend {}")?;
            }
            let mended = Client::open(&dir)?.mend(fault.as_deref()).await?;
            let words = match (mended, fault.as_deref()) {
                (true, name) => format!("{} mended.", name.unwrap_or("Everything")),
                (false, Some(name)) => format!("{name} is not in: there is nothing to mend."),
                (false, None) => "No fault is in: there is nothing to mend.".to_owned(),
            };
            done(format, "mend", &words, &json!({"fault": fault, "mended": mended}))?;
        }
        LabCommand::Switch => {
            Client::open(&dir)?.switch().await?;
            done(format, "switch", "The issuer presents the chain of incoming.pem's authorities.", &json!({}))?;
        }
        LabCommand::Clock { to } => {
            let client = Client::open(&dir)?;
            let told = match to {
                None => client.time().await?,
                Some(to) => {
                    let now = client.time().await?.get("at").and_then(Value::as_i64).unwrap_or_default();
                    client.set_time(lab_clock::moment(to, now)?).await?
                }
            };
            done(format, "clock", &lab_clock::words(&told), &told)?;
        }
        LabCommand::Throttle { rates } => {
            let client = Client::open(&dir)?;
            let read = rates.iter().map(|typed| lab_terms::rate(typed)).collect::<Result<Vec<_>, _>>()?;
            for (service, rate) in read.into_iter().flatten() {
                client.set_rate(&service, rate).await?;
            }
            let words = ["Throttled from now on: ", &trustwalk_foreign::visible::line(&rates.join(", "))].concat();
            done(format, "throttle", &words, &json!({"rates": rates}))?;
        }
        LabCommand::Propagation { delays } => {
            let propagation = lab_terms::propagation(delays)?;
            Client::open(&dir)?.set_propagation(propagation).await?;
            let words = [
                format!("Changes of IAM's are seen {} ms late by IAM", propagation.iam.as_millis()),
                format!(" and {} ms late by STS and authorisation.", propagation.sts.as_millis()),
            ];
            done(format, "propagation", &words.concat(), &json!({"delays": delays}))?;
        }
        LabCommand::Down => {
            if Client::clean_up_after_killed(&dir)? {
                let words = "No lab was running; the files of one that was killed are removed.";
                done(format, "down", words, &json!({"was_running": false}))?;
            } else {
                Client::open(&dir)?.down().await?;
                done(format, "down", "The lab is down.", &json!({"was_running": true}))?;
            }
        }
    }
    Ok(Exit::Sound)
}

/// What looks at a fault's target, from any folder.
fn look_at(target: faults::Target, dir: &Path) -> String {
    match target {
        faults::Target::Workload(id) => ["trustwalk diagnose ", &id.to_string()].concat(),
        faults::Target::Job => {
            let job = dir.join("ci").join("deploy").display().to_string();
            shell::line("trustwalk diagnose --job {}", &[&job])
        }
    }
}

/// Says what was done, in words or as a document.
fn done(format: Format, what: &str, words: &str, members: &Value) -> anyhow::Result<()> {
    if format == Format::Human {
        style::line(words)?;
        return Ok(());
    }
    let mut document = json!({"schema": 1, "done": what, "message": words});
    if let (Some(all), Some(more)) = (document.as_object_mut(), members.as_object()) {
        all.extend(more.clone());
    }
    style::say(&style::document(&document)?)?;
    Ok(())
}

/// Refuses a fault that there is not, before a lab is asked.
fn known(name: &str, again: &str) -> Result<(), Unknown> {
    if faults::find(name).is_some() {
        return Ok(());
    }
    Err(unknown_fault(name, again, "lab break"))
}

/// That a fault does not exist, and the nearest; else what lists them.
pub(super) fn unknown_fault(name: &str, again: &str, list: &str) -> Unknown {
    let near = meant(name);
    let next = match near.first() {
        Some(near) => shell::line(&["trustwalk ", again].concat(), &[near]),
        None => ["trustwalk ", list].concat(),
    };
    let typed = trustwalk_foreign::redact(name);
    let what = match near.as_slice() {
        [] => format!("no fault is called {typed}"),
        near => format!("no fault is called {typed}; there is {}", near.join(", or ")),
    };
    Unknown { what, next: Some(next) }
}

/// The faults that a word may mean: what is called nearly so; what is called as the cause is whose code it is; what
/// shares a word with it, as a cause's name does with the faults that are ways to it.
fn meant(typed: &str) -> Vec<&'static str> {
    let names = || faults::REGISTRY.iter().map(|f| f.name);
    let wanted = match Cause::find(typed) {
        Some(cause) => cause.name(),
        None => typed,
    };
    let near = near::like(names(), wanted);
    if !near.is_empty() {
        return near;
    }
    let words = |name: &str| name.split('-').filter(|w| w.len() >= SHARED).map(str::to_lowercase).collect::<Vec<_>>();
    let typed = words(wanted);
    let alike = |a: &str, b: &str| a.starts_with(b) || b.starts_with(a);
    let shared = |name: &str| words(name).iter().filter(|w| typed.iter().any(|t| alike(w, t))).count();
    let mut found: Vec<(usize, &str)> = names().map(|name| (shared(name), name)).filter(|(n, _)| *n > 0).collect();
    // The fewer words a name has, the more of it is what was typed.
    found.sort_by_key(|(n, name)| (std::cmp::Reverse(*n), name.split('-').count(), *name));
    found.into_iter().take(near::MOST).map(|(_, name)| name).collect()
}

/// Letters of the shortest word that tells one fault from another.
const SHARED: usize = 6;

/// The folder of a user's lab, the same for `up` and for what follows it. Never in a folder that others share: they
/// could be there first (XDG Base Directory Specification; relative paths are invalid there).
fn default_dir() -> anyhow::Result<PathBuf> {
    let place = |name: &str| trustwalk_collect::env_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    place("XDG_RUNTIME_DIR")
        .map(|dir| dir.join("trustwalk-lab"))
        .or_else(|| place("XDG_STATE_HOME").map(|dir| dir.join("trustwalk").join("lab")))
        .or_else(|| place("HOME").map(|dir| dir.join(".local/state/trustwalk/lab")))
        .ok_or_else(|| {
            UsageError(
                "neither `XDG_RUNTIME_DIR` nor `HOME` names a folder for the lab's files; name one with `--dir`"
                    .to_owned(),
            )
            .into()
        })
}

/// The lab's word for a trust model.
pub(crate) fn lab_model(model: Model) -> TrustModel {
    match model {
        Model::LibraryFirst => TrustModel::LibraryFirst,
        Model::ThumbprintOnly => TrustModel::ThumbprintOnly,
    }
}

/// What is outside the lab and still reached by its STS: what the user names, and nothing else.
fn outside_of(args: &OutsideArgs, place: &PlaceArgs) -> anyhow::Result<Outside> {
    if args.issuers.is_empty() {
        return Ok(Outside::default());
    }
    let roots = match &place.ca_bundle {
        Some(path) => roots::read_pem(path)?,
        None => roots::system(),
    };
    let rules: Vec<ConnectTo> = place.connect_to.clone();
    let find = move |host: String, port: u16| -> Found {
        let dialer = Dialer::new(rules.clone());
        Box::pin(async move {
            let found = dialer.resolve(&host, port).await.map_err(|error| error.to_string())?;
            found.first().copied().ok_or_else(|| format!("`{host}` has no address"))
        })
    };
    Ok(Outside { issuers: args.issuers.clone(), roots, find: std::sync::Arc::new(find) })
}

async fn up(
    dir: &Path,
    format: Format,
    (config, older_words): (LabConfig, bool),
    scenario: Option<&Scenario>,
) -> anyhow::Result<()> {
    // From before there are files on, so that none is left whenever the signal comes.
    let mut signals = Signals::listen();
    let broken = config.story == Story::BeforeTheChange;
    let started = Instant::now();
    let lab = match scenario {
        None => Lab::start(config).await.context("the lab could not start")?,
        Some(scenario) => Lab::start_scenario(config, scenario).await.map_err(lab_scenario::refused)?,
    };
    lab.refuse_audiences_as_before_2026(older_words);
    let done = tokio::select! {
        done = stay_up(&lab, dir, format, (broken, started)) => done,
        _ = signals.any() => Ok(()),
    };
    lab.ask_down();
    match lab.state_failure() {
        Some(why) => Err(anyhow::anyhow!(why)),
        None => done,
    }
}

async fn stay_up(lab: &Lab, dir: &Path, format: Format, (broken, began): (bool, Instant)) -> anyhow::Result<()> {
    let ready = began.elapsed();
    if broken && !lab.goes_on() {
        story::before(lab).await?;
        story::let_it_break(lab).await?;
    }
    if format == Format::Human {
        style::say(&how_to_use(lab, dir))?;
        style::line(format_args!("ready in {} ms; Ctrl-C or `{}` stops it", ready.as_millis(), stop(dir)))?;
    } else {
        let dir_name = dir.display().to_string();
        let document = json!({
            "schema": 1, "done": "up", "dir": dir_name, "env": lab.env(), "ready_ms": ready.as_millis().to_string(),
            "stop": stop(dir),
        });
        style::say(&style::document(&document)?)?;
    }
    lab.down_asked().await;
    Ok(())
}

/// What stops the lab of a folder, from any shell.
pub(crate) fn stop(dir: &Path) -> String {
    shell::line("trustwalk lab --dir {} down", &[&dir.display().to_string()])
}

/// How real clients reach the lab.
pub(crate) fn how_to_use(lab: &Lab, dir: &Path) -> Shown {
    let env = lab.env();
    let mut out = style::pen().page();
    out.line("trustwalk lab: an AWS account, an issuer and a cluster on loopback");
    out.gap();
    for (label, name) in [
        ("AWS endpoint", "AWS_ENDPOINT_URL"),
        ("kubeconfig", "KUBECONFIG"),
        ("CA bundle", "TRUSTWALK_CA_BUNDLE"),
        ("issuers", "TRUSTWALK_CONNECT_TO"),
        ("trust model", "TRUSTWALK_TRUST_MODEL"),
    ] {
        if !env.contains_key(name) {
            continue;
        }
        out.line(format_args!("  {label:<14} {}", env.get(name).map(String::as_str).unwrap_or_default()));
    }
    for outside in lab.outside() {
        let how = match &outside.answer {
            Ok(true) => "answers, and its certificate is in the trust library".to_owned(),
            Ok(false) => "answers; its certificate is not in the trust library, so its thumbprint decides".to_owned(),
            Err(why) => format!("does not answer yet: {}", trustwalk_foreign::redact(why)),
        };
        out.line(format_args!("  {:<14} {}: {how}", "your issuer", trustwalk_foreign::redact(&outside.issuer)));
    }
    let source = shell::line("source {}", &[&dir.join("env").display().to_string()]);
    out.gap();
    out.line("Use it with the tools you know:");
    out.gap();
    out.line(format_args!("  {source}"));
    if lab.has_cluster() {
        out.line("  kubectl get pods -n kube-system");
    }
    out.line("  aws iam list-open-id-connect-providers");
    if lab.has_cluster() {
        out.line("  trustwalk diagnose daemonset/aws-node -n kube-system");
        out.line("  trustwalk lab break        (lists the faults)");
    }
    out.shown()
}

fn status_words(status: &Value) -> Shown {
    let mut out = style::pen().page();
    for (name, value) in status.as_object().into_iter().flatten() {
        match value {
            Value::String(text) => {
                out.line(format_args!("{name:<13} {text}"));
            }
            Value::Array(items) if items.iter().all(Value::is_string) => {
                let all: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                out.line(format_args!(
                    "{name:<13} {}",
                    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
                ));
            }
            Value::Array(items) => {
                for pod in items {
                    let text = |key: &str| pod.get(key).and_then(Value::as_str).unwrap_or_default();
                    let ready = if pod.get("ready") == Some(&Value::Bool(true)) { "ready" } else { "not ready" };
                    out.line(format_args!("{:<13} {}/{} {ready}", "pod", text("namespace"), text("name")));
                }
            }
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) => {
                out.line(format_args!("{name:<13} {other}"));
            }
        }
    }
    out.shown()
}

fn faults_words(all: &Value) -> Shown {
    let mut out = style::pen().page();
    for fault in all.as_array().into_iter().flatten() {
        let text = |key: &str| fault.get(key).and_then(Value::as_str).unwrap_or_default();
        out.line(format_args!("{:<51} {}", text("name"), text("summary")));
    }
    out.shown()
}
