//! `trustwalk lab`: the embedded account and cluster, for real clients.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use serde_json::Value;
use trustwalk_lab::control::Client;
use trustwalk_lab::{Lab, LabConfig, Ports, Story, TrustModel, faults, story};

use crate::args::{Format, LabArgs, LabCommand, Model};
use crate::exit::Exit;
use crate::style;

/// Runs the command.
pub(crate) async fn run(args: &LabArgs) -> anyhow::Result<Exit> {
    let format = args.output;
    let dir = args.dir.clone().unwrap_or_else(default_dir);
    match &args.command {
        LabCommand::Up { broken, model } => up(&dir, *broken, *model).await?,
        LabCommand::Status => {
            let mut status = Client::open(&dir)?.status().await?;
            style::say(&if format == Format::Json {
                if let Some(fields) = status.as_object_mut() {
                    fields.insert("schema".to_owned(), 1.into());
                }
                serde_json::to_string_pretty(&status)?
            } else {
                status_words(&status)
            })?;
        }
        LabCommand::Break { fault: None } => {
            let all = Client::open(&dir)?.faults().await?;
            style::say(&if format == Format::Json { serde_json::to_string_pretty(&all)? } else { faults_words(&all) })?;
        }
        LabCommand::Break { fault: Some(name) } => {
            Client::open(&dir)?.break_with(name).await?;
            let target = faults::find(name).map(|f| f.target.to_string()).unwrap_or_default();
            style::say(&format!("{name} is in. Look at it: trustwalk diagnose {target}"))?;
        }
        LabCommand::Mend { fault } => {
            Client::open(&dir)?.mend(fault.as_deref()).await?;
            style::say(&format!("{} mended.", fault.as_deref().unwrap_or("Everything")))?;
        }
        LabCommand::Down => {
            Client::open(&dir)?.down().await?;
            style::say("The lab is down.")?;
        }
    }
    Ok(Exit::Sound)
}

/// The folder of a user's lab, the same for `up` and for what follows it.
fn default_dir() -> PathBuf {
    let user = std::env::var("USER").unwrap_or_else(|_| "user".to_owned());
    std::env::var_os("XDG_RUNTIME_DIR")
        .map_or_else(std::env::temp_dir, PathBuf::from)
        .join(format!("trustwalk-lab-{user}"))
}

/// The lab's word for a trust model.
pub(crate) fn lab_model(model: Model) -> TrustModel {
    match model {
        Model::LibraryFirst => TrustModel::LibraryFirst,
        Model::ThumbprintOnly => TrustModel::ThumbprintOnly,
    }
}

async fn up(dir: &Path, broken: bool, model: Model) -> anyhow::Result<()> {
    let began = Instant::now();
    let story = if broken { Story::BeforeTheChange } else { Story::Healthy };
    let config = LabConfig { story, trust_model: lab_model(model), ports: Ports::default(), state_dir: dir.to_owned() };
    let lab = Lab::start(config).await.context("the lab could not start")?;
    lab.write_files(dir)?;
    let ready = began.elapsed();
    if broken {
        story::before(&lab).await?;
        story::let_it_break(&lab).await?;
    }
    style::say(&how_to_use(&lab, dir))?;
    style::say(&format!("ready in {} ms; Ctrl-C or `trustwalk lab down` stops it", ready.as_millis()))?;
    tokio::select! {
        () = lab.down_asked() => {}
        _ = tokio::signal::ctrl_c() => lab.ask_down(),
        () = terminated() => lab.ask_down(),
    }
    Ok(())
}

/// A service manager's way of asking.
async fn terminated() {
    #[cfg(unix)]
    if let Ok(mut signal) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        signal.recv().await;
        return;
    }
    std::future::pending::<()>().await;
}

/// How real clients reach the lab.
pub(crate) fn how_to_use(lab: &Lab, dir: &Path) -> String {
    let env = lab.env();
    let show = |name: &str| env.get(name).map(String::as_str).unwrap_or_default().to_owned();
    format!(
        "trustwalk lab: an AWS account, an issuer and a cluster on loopback\n\
         \n  AWS endpoint   {}\n  kubeconfig     {}\n  CA bundle      {}\n  issuers        {}\n  trust model    {}\n\
         \nUse it with the tools you know:\n\
         \n  source {dir}/env\n  kubectl get pods -n kube-system\n  aws iam list-open-id-connect-providers\n  trustwalk diagnose daemonset/aws-node -n kube-system\n  trustwalk lab --dir {dir} break        (lists the faults)\n",
        show("AWS_ENDPOINT_URL"),
        show("KUBECONFIG"),
        show("TRUSTWALK_CA_BUNDLE"),
        show("TRUSTWALK_CONNECT_TO"),
        show("TRUSTWALK_TRUST_MODEL"),
        dir = dir.display()
    )
}

fn status_words(status: &Value) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for (name, value) in status.as_object().into_iter().flatten() {
        match value {
            Value::String(text) => {
                let _ = writeln!(out, "{name:<14}{text}");
            }
            Value::Array(items) if items.iter().all(Value::is_string) => {
                let all: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                let _ = writeln!(out, "{name:<14}{}", if all.is_empty() { "none".to_owned() } else { all.join(", ") });
            }
            Value::Array(items) => {
                for pod in items {
                    let text = |key: &str| pod.get(key).and_then(Value::as_str).unwrap_or_default();
                    let ready = if pod.get("ready") == Some(&Value::Bool(true)) { "ready" } else { "not ready" };
                    let _ = writeln!(out, "{:<14}{}/{} {ready}", "pod", text("namespace"), text("name"));
                }
            }
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) => {
                let _ = writeln!(out, "{name:<14}{other}");
            }
        }
    }
    out
}

fn faults_words(all: &Value) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for fault in all.as_array().into_iter().flatten() {
        let text = |key: &str| fault.get(key).and_then(Value::as_str).unwrap_or_default();
        let _ = writeln!(out, "{:<52}{}", text("name"), text("summary"));
    }
    out
}
