//! `trustwalk fix` and `rollback`: plan, approve, apply, verify; and back.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;
use serde_json::json;
use trustwalk_apply::{
    ApplyError, Journal, PATIENCE, PAUSE, Verification, restart, resume, rollback as undo, run as apply, verify,
};
use trustwalk_collect::aws::exchange_error;
use trustwalk_collect::{Ask, World, collect, parse_target};
use trustwalk_core::diagnosis::{Diagnosis, Outcome, diagnose};
use trustwalk_core::evidence::{Evidence, Target};
use trustwalk_core::plan::{Action, Applicability, Plan, ReceiptStep, StepState, build};

use super::diagnose::{tell_missing, world};
use crate::args::{FixArgs, Format, PlaceArgs, RollbackArgs};
use crate::exit::{Exit, UsageError};
use crate::rollout::Live;
use crate::style::{self, Voice};
use trustwalk_render::{self as render, Ink, Shown};

/// Version of the documents that `fix` and `rollback` print.
const SCHEMA: u32 = 1;

/// What `fix` says of one target to a machine.
#[derive(Debug, Serialize)]
struct Report {
    /// Version of this document.
    schema: u32,
    /// `None` for a run that goes on with an earlier one's plan.
    diagnosis: Option<Diagnosis>,
    plan: Option<Plan>,
    /// `None` when nothing was approved, or there was nothing to approve.
    applied: Option<Applied>,
}

/// What was done.
#[derive(Debug, Serialize)]
pub(crate) struct Applied {
    /// The receipt's file.
    receipt: String,
    /// `proven`, `refused` or `not-tried`.
    verification: &'static str,
    /// The same in words.
    verified: String,
    #[serde(skip)]
    pub(crate) exit: Exit,
}

/// Runs `fix`.
pub(crate) async fn run(place: &PlaceArgs, args: &FixArgs) -> anyhow::Result<Exit> {
    let voice = Voice::beside(args.output);
    let mut reports = Vec::new();
    // What was done to the first of several targets is told even if the second cannot be helped.
    let outcome = if let Some(path) = &args.resume {
        Box::pin(go_on(place, path, voice, &mut reports)).await
    } else {
        Box::pin(fix_all(place, args, voice, &mut reports)).await
    };
    if args.output == Format::Json && (outcome.is_ok() || !reports.is_empty()) {
        style::say(&Shown::json(&reports)?)?;
    }
    outcome
}

async fn fix_all(place: &PlaceArgs, args: &FixArgs, voice: Voice, reports: &mut Vec<Report>) -> anyhow::Result<Exit> {
    let (world, ask) = world(place, &args.target).await?;
    let found = collect(&world, &ask).await?;
    tell_missing(&found);
    let mut worst = if found.missed.is_empty() { Exit::Sound } else { Exit::Undetermined };
    let diagnoses: Vec<Diagnosis> = found.evidence.iter().map(diagnose).collect();
    let many = diagnoses.len() > 1;
    if many {
        voice.say(&render::overview(&diagnoses, voice.pen()))?;
    }
    for (position, (one, diagnosis)) in found.evidence.iter().zip(&diagnoses).enumerate() {
        let plan = build(one, diagnosis);
        let mut applied = None;
        // The overview has said already what is sound.
        if !many || diagnosis.outcome != Outcome::Ok {
            if many {
                voice.line("")?;
            }
            let told = diagnoses.split_at(position).0;
            voice.say(&match render::same_cause(told, diagnosis) {
                Some(first) => render::repeated(diagnosis, first),
                None => render::human(diagnosis, voice.pen(), false),
            })?;
            let exit;
            (applied, exit) = fix_one(&world, one, &ask, args, (diagnosis, &plan), voice).await?;
            worst = worst.max(exit);
        }
        reports.push(Report { schema: SCHEMA, diagnosis: Some(diagnosis.clone()), plan: Some(plan), applied });
    }
    Ok(worst)
}

async fn fix_one(
    world: &World,
    evidence: &Evidence,
    ask: &Ask,
    args: &FixArgs,
    (diagnosis, plan): (&Diagnosis, &Plan),
    voice: Voice,
) -> anyhow::Result<(Option<Applied>, Exit)> {
    let pen = voice.pen();
    if diagnosis.root_cause.is_none() {
        voice.line("Nothing to fix: no root cause was named.")?;
        return Ok((None, diagnosis.outcome.into()));
    }
    voice.say(&render::plan(plan, pen))?;
    if !args.approve {
        voice.line("No changes were made. To apply this plan, run the same command with --approve.")?;
        return Ok((None, Exit::Findings));
    }
    if !plan.steps.iter().any(|s| s.applicability == Applicability::NeedsApproval) {
        voice.line("trustwalk can change nothing here; the cure above is for a person.")?;
        return Ok((None, Exit::Findings));
    }
    let path = args.receipt.clone().unwrap_or_else(|| default_receipt(diagnosis, world.options.now));
    let applied = carry_out(world, evidence, ask, plan, path, voice).await?;
    let exit = applied.exit;
    Ok((Some(applied), exit))
}

/// Applies a plan: changes first, then the proof, then new pods. Shared with `demo`.
pub(crate) async fn carry_out(
    world: &World,
    evidence: &Evidence,
    ask: &Ask,
    plan: &Plan,
    path: PathBuf,
    voice: Voice,
) -> anyhow::Result<Applied> {
    let journal = apply(world, plan, evidence.target.clone(), path.clone(), &mut Live::new(voice))
        .await
        .map_err(|e| told(e, &path))?;
    // Of everything that was asked about, this one target is looked at again.
    let again = ask_again(&evidence.target).unwrap_or_else(|_| ask.clone());
    finish(world, &again, journal, voice).await
}

/// Says where things stand and how to go on, unless nothing was begun.
fn told(error: ApplyError, path: &Path) -> anyhow::Error {
    if error.is_refusal() || !path.exists() {
        return error.into();
    }
    anyhow::Error::new(error).context(stopped(path))
}

fn stopped(path: &Path) -> String {
    let p = path.display();
    format!(
        "stopped; what was done is in {p}: go on with `trustwalk fix --resume {p}`, or undo with `trustwalk rollback {p}`"
    )
}

/// Proves the changes, recreates the pods unless STS still refuses, and closes the receipt.
async fn finish(world: &World, ask: &Ask, mut journal: Journal, voice: Voice) -> anyhow::Result<Applied> {
    let pen = voice.pen();
    let (mark, verification, verified, exit) = match proof(world, ask, &journal).await? {
        Verification::Proven { assumed } => {
            let words = format!("verified: STS gave {assumed} for a fresh token");
            (pen.ink(Ink::Good, "\u{221a}"), "proven", words, Exit::Sound)
        }
        Verification::Refused { error } => {
            (pen.ink(Ink::Bad, "\u{d7}"), "refused", format!("STS still refuses: {error}"), Exit::Findings)
        }
        Verification::NotTried { reason } => {
            (pen.ink(Ink::Odd, "?"), "not-tried", format!("not verified: {reason}"), Exit::Undetermined)
        }
    };
    voice.line(format_args!("  {mark} {verified}"))?;
    let waiting = journal.receipt().steps.iter().any(|s| matches!(s.step.action, Action::Restart { .. }));
    if exit == Exit::Findings && waiting {
        voice.line("  The pods were left alone: new ones would fail as well.")?;
    } else {
        let path = journal.path().to_owned();
        restart(world, &mut journal, &mut Live::new(voice)).await.with_context(|| stopped(&path))?;
    }
    journal.end(Some(verified.clone()), world.options.now)?;
    voice.line(format_args!("  Receipt: {p}   (undo: trustwalk rollback {p})", p = journal.path().display()))?;
    Ok(Applied { receipt: journal.path().display().to_string(), verification, verified, exit })
}

/// A fresh token's exchange. The repair may have named the role, so what is there now is read again; what
/// has no service account is proved by the exchange of the token it had.
async fn proof(world: &World, ask: &Ask, journal: &Journal) -> anyhow::Result<Verification> {
    let began = tokio::time::Instant::now();
    let mut tick = tokio::time::interval(PAUSE);
    loop {
        tick.tick().await;
        let evidence = collect(world, ask).await?.evidence;
        let Some(evidence) = evidence.first() else {
            return Ok(Verification::NotTried { reason: "the target is gone".to_owned() });
        };
        let minted = verify(world, evidence, journal).await;
        if !matches!(minted, Verification::NotTried { .. }) || evidence.service_account.known().is_some() {
            return Ok(minted);
        }
        let Some(answer) = evidence.exchange.known() else { return Ok(minted) };
        if let Some(assumed) = &answer.assumed {
            return Ok(Verification::Proven { assumed: assumed.clone() });
        }
        if began.elapsed() > PATIENCE {
            return Ok(Verification::Refused { error: exchange_error(answer).unwrap_or_default() });
        }
    }
}

async fn go_on(place: &PlaceArgs, path: &Path, voice: Voice, reports: &mut Vec<Report>) -> anyhow::Result<Exit> {
    let journal = Journal::open(path)?;
    let world = World::new(place.walk_options(None)).await?;
    let ask = ask_again(&journal.receipt().target)?;
    let journal = resume(&world, journal, &mut Live::new(voice)).await.map_err(|e| told(e, path))?;
    let applied = finish(&world, &ask, journal, voice).await?;
    let exit = applied.exit;
    reports.push(Report { schema: SCHEMA, diagnosis: None, plan: None, applied: Some(applied) });
    Ok(exit)
}

/// The question a receipt answers.
fn ask_again(target: &Target) -> anyhow::Result<Ask> {
    Ok(match target {
        Target::Workload { resource, namespace, name } => {
            Ask::Workload(parse_target(&format!("{resource}/{name}"), namespace)?)
        }
        Target::ServiceAccount { namespace, name } => {
            Ask::Workload(parse_target(&format!("serviceaccount/{name}"), namespace)?)
        }
        Target::Role { arn, subject } => Ask::Role { arn: arn.clone(), subject: subject.clone() },
        Target::Issuer { url } => Ask::Issuer(url.clone()),
        Target::Job { .. } | Target::Log { .. } => {
            return Err(UsageError("this receipt's target cannot be asked about again".to_owned()).into());
        }
    })
}

/// Runs `rollback`.
pub(crate) async fn rollback(place: &PlaceArgs, args: &RollbackArgs) -> anyhow::Result<Exit> {
    let journal = Journal::open(&args.receipt)?;
    let world = World::new(place.walk_options(None)).await?;
    let before = changes(&journal);
    let voice = Voice::beside(args.output);
    let journal = undo(&world, journal, &mut Live::new(voice)).await.map_err(|e| {
        let again = format!("stopped; run `trustwalk rollback {}` again", args.receipt.display());
        if e.is_refusal() { anyhow::Error::new(e) } else { anyhow::Error::new(e).context(again) }
    })?;
    let undone = changes(&journal) - before;
    let receipt = journal.path().display().to_string();
    voice.line(format_args!("  Rolled back {undone} change(s) of {receipt}"))?;
    if args.output == Format::Json {
        style::say(&Shown::json_line(&json!({"schema": SCHEMA, "receipt": receipt, "undone": undone}))?)?;
    }
    Ok(Exit::Sound)
}

/// How many changes of a receipt are undone; restarts are none.
fn changes(journal: &Journal) -> usize {
    let undone = |s: &&ReceiptStep| s.state == StepState::Undone && !matches!(s.step.action, Action::Restart { .. });
    journal.receipt().steps.iter().filter(undone).count()
}

/// A name that no receipt has yet: one run may cure several targets of the same cause.
fn default_receipt(diagnosis: &Diagnosis, now: i64) -> PathBuf {
    let name = diagnosis.root_cause.as_ref().map_or("fix", |f| f.name.as_str());
    let first = PathBuf::from(format!("trustwalk-receipt-{name}-{now}.json"));
    let more = (2_u32..).map(|n| PathBuf::from(format!("trustwalk-receipt-{name}-{now}-{n}.json")));
    std::iter::once(first.clone()).chain(more).find(|p| p.symlink_metadata().is_err()).unwrap_or(first)
}
