//! `trustwalk demo`: the founding story in the embedded lab. Nothing here knows what will be
//! found: the lab breaks, the doctor looks, the repair is carried out over the same wires as
//! anywhere else.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use aws_credential_types::Credentials;
use trustwalk_apply::Home;
use trustwalk_collect::aws::AwsOptions;
use trustwalk_collect::kube_api::KubeOptions;
use trustwalk_collect::roots::RootOptions;
use trustwalk_collect::{Ask, WalkOptions, World, collect, parse_target};
use trustwalk_core::diagnosis::diagnose;
use trustwalk_core::evidence::TrustModel as Model;
use trustwalk_core::plan::{Applicability, Entry, Leave, fit};
use trustwalk_foreign::shell;
use trustwalk_lab::faults::{self, Target};
use trustwalk_lab::{Lab, LabConfig, Outside, Ports, Story, Terms, TrustModel, story};

use super::lab::{how_to_use, lab_model, stop};
use super::plan_file::documented;
use super::repair::Repair;
use crate::args::DemoArgs;
use crate::exit::Exit;
use crate::interrupt::{Noted, Signals};
use crate::style::{self, Voice};
use trustwalk_render::{self as render, Detail, Ink, Next, Page, Pen, Shown};

/// The fault of the founding story.
const STORY: &str = "thumbprint-mismatch";
/// Longest wait for a fault to show in a log; the lab needs about a second.
const SHOWS: Duration = Duration::from_secs(20);

/// Runs the command.
pub(crate) async fn run(args: &DemoArgs) -> anyhow::Result<Exit> {
    if args.list {
        let lines: Vec<String> = faults::REGISTRY.iter().map(|f| format!("{:<51} {}", f.name, f.summary)).collect();
        style::say(&Shown::block(&lines.join("\n")))?;
        return Ok(Exit::Sound);
    }
    let fault = faults::find(&args.fault)
        .ok_or_else(|| super::lab::unknown_fault(&args.fault, "demo --fault {}", "demo --list"))?;
    let mut asked = Signals::listen();
    let folder = tempfile::Builder::new().prefix("trustwalk-demo-").tempdir()?;
    let dir = folder.path().to_owned();
    let began = Instant::now();
    let story = if fault.name == STORY { Story::BeforeTheChange } else { Story::Healthy };
    let config = LabConfig {
        story,
        trust_model: lab_model(args.model),
        ports: Ports::default(),
        state_dir: dir.clone(),
        outside: Outside::default(),
        terms: Terms::default(),
    };
    let lab = Lab::start(config).await.context("the lab could not start")?;
    let teller = Teller { pen: style::pen() };
    teller.chapter(&format!("A lab on loopback: account, issuer, cluster ({} ms)", began.elapsed().as_millis()))?;
    // Boxed once: the story holds everything a repair does.
    let told = tokio::select! {
        told = Box::pin(tell(&teller, &lab, fault, &dir)) => told,
        signal = asked.any() => Err(anyhow::Error::new(signal).context("the story was interrupted; the lab and its \
            files are removed")),
    };
    let exit = match told {
        Ok(exit) => exit,
        Err(error) => {
            lab.ask_down();
            return Err(error);
        }
    };
    teller.chapter(&format!("The end, after {:.1} s", began.elapsed().as_secs_f64()))?;
    if args.keep {
        style::say(&how_to_use(&lab, &dir))?;
        style::line(format_args!("The lab stays up until Ctrl-C or `{}`.", stop(&dir)))?;
        tokio::select! {
            () = lab.down_asked() => {}
            _ = asked.any() => {}
        }
    }
    lab.ask_down();
    if !args.keep {
        let (ink, label, text) = match exit {
            Exit::Sound => (Ink::Good, "Ok", "the story is told; the lab and its files are gone"),
            Exit::Undetermined | Exit::Findings | Exit::ByHand | Exit::Refused => {
                (Ink::Odd, "Undetermined", "the story did not end as it should; the lab and its files are gone")
            }
        };
        let next = Next::command("trustwalk lab up --broken".to_owned());
        style::say(&render::ending(ink, label, text, &next, teller.pen))?;
    }
    Ok(exit)
}

/// Writes the story's headings.
struct Teller {
    pen: Pen,
}

impl Teller {
    fn chapter(&self, text: &str) -> std::io::Result<()> {
        style::line("")?;
        style::line(self.pen.ink(Ink::Strong, format_args!("== {text}")))
    }
}

async fn tell(teller: &Teller, lab: &Lab, fault: &faults::Fault, dir: &Path) -> anyhow::Result<Exit> {
    if fault.name == STORY {
        story::before(lab).await?;
        teller.chapter("The VPC CNI runs on the nodes' role; now its add-on gets a role of its own")?;
        if lab.trust_model() == TrustModel::LibraryFirst {
            return Box::pin(library_first(teller, lab, fault, dir)).await;
        }
        story::let_it_break(lab).await?;
    } else {
        story::healthy(lab).await?;
        teller.chapter(&format!("All is well, until: {}", fault.summary))?;
        lab.break_with(fault.name).await?;
        lab.logged(fault.target, fault.symptom, SHOWS).await?;
    }
    let world = World::new(options(lab, dir)).await?;
    let ask = ask_of(fault.target, dir)?;
    show_state(lab, fault, &world, &ask).await?;
    let looked = Instant::now();
    let evidence = collect(&world, &ask).await?.evidence;
    let evidence = evidence.first().context("nothing was collected")?;
    let diagnosis = diagnose(evidence);
    teller.chapter(&format!("trustwalk diagnose ({} ms)", looked.elapsed().as_millis()))?;
    style::say(&render::human(&diagnosis, &Next::default(), teller.pen, Detail::Brief))?;
    let plan = fit(evidence, &diagnosis, Leave::default());
    let can = plan.steps.iter().any(|s| s.applicability == Applicability::NeedsApproval);
    if diagnosis.root_cause.is_none() {
        return Ok(Exit::Undetermined);
    }
    teller.chapter("trustwalk fix")?;
    style::say(&render::plan(&documented(&world, evidence, &plan, Entry::Asked), teller.pen))?;
    if !can {
        style::line("The fix is for a person; the demo mends the lab to show that all is well again.")?;
        lab.mend(None).await?;
        story::healthy(lab).await?;
        return Ok(Exit::Sound);
    }
    teller.chapter("trustwalk fix --approve")?;
    // The demonstration's own key: nothing of it stays with the user.
    let home = Home::at(dir.join("state"));
    let repair =
        Repair { world: &world, home: &home, voice: Voice::Out, noted: &Noted::default(), timeout: None, typed: None };
    let done = repair.carry_out(evidence, &ask, &plan, dir.join("receipt.json")).await?;
    show_pods(&world, &ask, teller).await?;
    Ok(done.exit)
}

/// The same change under AWS's present rules: the issuer's authority is in the library, so STS consults no
/// thumbprint and nothing breaks.
async fn library_first(teller: &Teller, lab: &Lab, fault: &faults::Fault, dir: &Path) -> anyhow::Result<Exit> {
    story::change(lab).await?;
    story::healthy(lab).await?;
    let world = World::new(options(lab, dir)).await?;
    let ask = ask_of(fault.target, dir)?;
    show_pods(&world, &ask, teller).await?;
    let evidence = collect(&world, &ask).await?.evidence;
    let evidence = evidence.first().context("nothing was collected")?;
    let diagnosis = diagnose(evidence);
    teller.chapter("trustwalk diagnose")?;
    style::say(&render::human(&diagnosis, &Next::default(), teller.pen, Detail::Full))?;
    Ok(if diagnosis.root_cause.is_none() { Exit::Sound } else { Exit::Findings })
}

/// Pods and the log line, as a person would look at them first.
async fn show_state(lab: &Lab, fault: &faults::Fault, world: &World, ask: &Ask) -> anyhow::Result<()> {
    if let Ask::Workload(target) = ask
        && let Ok(kube) = &world.kube
    {
        style::say(&pods_table(kube, target).await)?;
    }
    let log = lab.log_of(fault.target);
    if let Some(line) = log.lines().rev().find(|l| l.contains(fault.symptom)) {
        style::line("")?;
        style::line(format_args!("  {line}"))?;
    }
    Ok(())
}

async fn show_pods(world: &World, ask: &Ask, teller: &Teller) -> anyhow::Result<()> {
    if let Ask::Workload(target) = ask
        && let Ok(kube) = &world.kube
    {
        teller.chapter(&shell::line("kubectl get pods -n {}", &[&target.namespace]))?;
        style::say(&pods_table(kube, target).await)?;
    }
    Ok(())
}

async fn pods_table(
    kube: &trustwalk_collect::kube_api::KubeApi,
    target: &trustwalk_collect::kube_api::WorkloadRef,
) -> Shown {
    let mut pods = Vec::new();
    if let Some(workload) = kube.workload(target).await.known() {
        pods = kube.pods_of(workload).await.known().cloned().unwrap_or_default();
    }
    let mut out = Page::new();
    out.line(format_args!("  {:<31} {:<7} {:<19} {}", "NAME", "READY", "STATUS", "RESTARTS"));
    for pod in &pods {
        let ready = pod.containers_ready().to_string();
        let status = pod.reason.as_deref().unwrap_or(&pod.phase);
        out.line(format_args!("  {:<31} {ready:<7} {status:<19} {}", pod.name, pod.restarts));
    }
    out.shown()
}

/// The fault's target as `diagnose` would be asked about it.
fn ask_of(target: Target, dir: &Path) -> anyhow::Result<Ask> {
    match target {
        Target::Workload(id) => {
            let words = format!("{}/{}", id.resource, id.name);
            Ok(Ask::Workload(parse_target(&words, id.namespace)?))
        }
        Target::Job => Ok(Ask::Job { path: dir.join("ci").join("deploy"), subject: None }),
    }
}

/// The lab's own environment, as `source env` would set it.
fn options(lab: &Lab, dir: &Path) -> WalkOptions {
    let env = lab.env();
    let text = |name: &str| env.get(name).cloned().unwrap_or_default();
    let path = |name: &str| env.get(name).map(PathBuf::from);
    let connect_to = text("TRUSTWALK_CONNECT_TO").split(',').filter_map(|rule| rule.parse().ok()).collect();
    let keys = Credentials::from_keys(text("AWS_ACCESS_KEY_ID"), text("AWS_SECRET_ACCESS_KEY"), None);
    WalkOptions {
        kube: KubeOptions { kubeconfig: Some(dir.join("kubeconfig")), context: None },
        aws: AwsOptions {
            profile: None,
            region: Some(text("AWS_REGION")),
            endpoint: Some(text("AWS_ENDPOINT_URL")),
            keys: Some(keys),
        },
        roots: RootOptions { ca_bundle: path("TRUSTWALK_CA_BUNDLE"), ca_library: path("TRUSTWALK_CA_LIBRARY") },
        connect_to,
        trust_model: match lab.trust_model() {
            TrustModel::LibraryFirst => Model::LibraryFirst,
            TrustModel::ThumbprintOnly => Model::ThumbprintOnly,
        },
        now: jiff::Timestamp::now().as_second(),
        ..WalkOptions::default()
    }
}
