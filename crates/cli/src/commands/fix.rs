//! `trustwalk fix` and `rollback`: plan, approve, apply, verify; and back.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use trustwalk_apply::{
    ApplyError, Journal, PATIENCE, PAUSE, Verification, restart, resume, rollback as undo, run as apply, verify,
};
use trustwalk_collect::aws::exchange_error;
use trustwalk_collect::{Ask, World, collect, parse_target};
use trustwalk_core::diagnosis::{Diagnosis, diagnose};
use trustwalk_core::evidence::{Evidence, Target};
use trustwalk_core::plan::{Action, Applicability, Plan, ReceiptStep, StepState, build};

use super::diagnose::{exit_of, show, tell_missing, world};
use crate::args::{FixArgs, Format, PlaceArgs, RollbackArgs};
use crate::exit::{Exit, UsageError};
use crate::render::{self, Live};
use crate::style::{self, Ink, Pen};

/// Runs `fix`.
pub(crate) async fn run(place: &PlaceArgs, args: &FixArgs, format: Format) -> anyhow::Result<Exit> {
    if let Some(path) = &args.resume {
        return Box::pin(go_on(place, path)).await;
    }
    let (world, ask) = world(place, &args.target).await?;
    let evidence = collect(&world, &ask).await?;
    tell_missing(&evidence);
    let mut worst = Exit::Sound;
    for one in &evidence {
        worst = worst.max(fix_one(&world, one, &ask, args, format).await?);
    }
    Ok(worst)
}

async fn fix_one(
    world: &World,
    evidence: &Evidence,
    ask: &Ask,
    args: &FixArgs,
    format: Format,
) -> anyhow::Result<Exit> {
    let diagnosis = diagnose(evidence);
    let plan = build(evidence, &diagnosis);
    if format == Format::Json && !args.approve {
        style::say(&serde_json::to_string_pretty(&serde_json::json!({"diagnosis": diagnosis, "plan": plan}))?)?;
        return Ok(exit_of(std::slice::from_ref(&diagnosis)));
    }
    show(std::slice::from_ref(&diagnosis), Format::Human, false)?;
    if diagnosis.root_cause.is_none() {
        style::say("Nothing to fix: no root cause was named.")?;
        return Ok(exit_of(std::slice::from_ref(&diagnosis)));
    }
    style::say(&render::plan(&plan, Pen::stdout()))?;
    if !args.approve {
        style::say("No changes were made. To apply this plan, run the same command with --approve.")?;
        return Ok(Exit::Findings);
    }
    if !plan.steps.iter().any(|s| s.applicability == Applicability::NeedsApproval) {
        style::say("trustwalk can change nothing here; the cure above is for a person.")?;
        return Ok(Exit::Findings);
    }
    let path = args.receipt.clone().unwrap_or_else(|| default_receipt(&diagnosis, world.options.now));
    carry_out(world, evidence, ask, &plan, path).await
}

/// Applies a plan: changes first, then the proof, then new pods. Shared with `demo`.
pub(crate) async fn carry_out(
    world: &World,
    evidence: &Evidence,
    ask: &Ask,
    plan: &Plan,
    path: PathBuf,
) -> anyhow::Result<Exit> {
    let journal = apply(world, plan, evidence.target.clone(), path.clone(), &mut Live::new())
        .await
        .map_err(|e| told(e, &path))?;
    // Of everything that was asked about, this one target is looked at again.
    let again = ask_again(&evidence.target).unwrap_or_else(|_| ask.clone());
    finish(world, &again, journal).await
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
async fn finish(world: &World, ask: &Ask, mut journal: Journal) -> anyhow::Result<Exit> {
    let pen = Pen::stdout();
    let (mark, words, exit) = match proof(world, ask, &journal).await? {
        Verification::Proven { assumed } => {
            (pen.ink(Ink::Good, "\u{221a}"), format!("verified: STS gave {assumed} for a fresh token"), Exit::Sound)
        }
        Verification::Refused { error } => {
            (pen.ink(Ink::Bad, "\u{d7}"), format!("STS still refuses: {error}"), Exit::Findings)
        }
        Verification::NotTried { reason } => {
            (pen.ink(Ink::Odd, "?"), format!("not verified: {reason}"), Exit::Undetermined)
        }
    };
    style::say(&format!("  {mark} {words}"))?;
    let waiting = journal.receipt().steps.iter().any(|s| matches!(s.step.action, Action::Restart { .. }));
    if exit == Exit::Findings && waiting {
        style::say("  The pods were left alone: new ones would fail as well.")?;
    } else {
        let path = journal.path().to_owned();
        restart(world, &mut journal, &mut Live::new()).await.with_context(|| stopped(&path))?;
    }
    journal.end(Some(words), world.options.now)?;
    style::say(&format!("  Receipt: {p}   (undo: trustwalk rollback {p})", p = journal.path().display()))?;
    Ok(exit)
}

/// A fresh token's exchange. The repair may have named the role, so what is there now is read again; what
/// has no service account is proved by the exchange of the token it had.
async fn proof(world: &World, ask: &Ask, journal: &Journal) -> anyhow::Result<Verification> {
    let began = tokio::time::Instant::now();
    let mut tick = tokio::time::interval(PAUSE);
    loop {
        tick.tick().await;
        let evidence = collect(world, ask).await?;
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

async fn go_on(place: &PlaceArgs, path: &Path) -> anyhow::Result<Exit> {
    let journal = Journal::open(path)?;
    let world = World::new(place.walk_options(None)).await?;
    let ask = ask_again(&journal.receipt().target)?;
    let journal = resume(&world, journal, &mut Live::new()).await.map_err(|e| told(e, path))?;
    finish(&world, &ask, journal).await
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
    let journal = undo(&world, journal, &mut Live::new()).await.map_err(|e| {
        let again = format!("stopped; run `trustwalk rollback {}` again", args.receipt.display());
        if e.is_refusal() { anyhow::Error::new(e) } else { anyhow::Error::new(e).context(again) }
    })?;
    let undone = changes(&journal) - before;
    style::say(&format!("  Rolled back {undone} change(s) of {}", journal.path().display()))?;
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
