//! `trustwalk fix`: plan, approve, apply, verify.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;
use trustwalk_apply::{ApplyError, Home, Journal, PATIENCE, PAUSE, Verification, restart, run as apply, verify};
use trustwalk_collect::aws::exchange_error;
use trustwalk_collect::{Ask, World, collect};
use trustwalk_core::diagnosis::{Diagnosis, Outcome, diagnose};
use trustwalk_core::evidence::Evidence;
use trustwalk_core::plan::{Action, Applicability, Entry, Plan, build_for};

use super::diagnose::{tell_missing, world};
use super::receipts::{ask_again, go_on, unheard};
use crate::args::{FixArgs, Format, PlaceArgs};
use crate::exit::Exit;
use crate::interrupt::{Noted, or_interrupted, stopped, with_receipt};
use crate::rollout::Live;
use crate::style::{self, Voice};
use trustwalk_render::{self as render, Ink, Shown};

/// Version of the documents that `fix` and `rollback` print.
pub(super) const SCHEMA: u32 = 1;

/// What `fix` says of one target to a machine.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Version of this document.
    pub(super) schema: u32,
    /// `None` for a run that goes on with an earlier one's plan.
    pub(super) diagnosis: Option<Diagnosis>,
    pub(super) plan: Option<Plan>,
    /// `None` when nothing was approved, or there was nothing to approve.
    pub(super) applied: Option<Applied>,
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
    let noted = Noted::default();
    let mut reports = Vec::new();
    // What was done to the first of several targets is told even if the second cannot be helped.
    let outcome = {
        let work = Box::pin(begin(place, args, voice, (&noted, &mut reports)));
        // Until something may be changed, a signal is what it is to any program.
        if args.approve { or_interrupted(work, &noted).await } else { work.await }
    };
    if args.output == Format::Json && (outcome.is_ok() || !reports.is_empty()) {
        style::say(&Shown::json(&reports)?).with_context(|| noted.told())?;
    }
    outcome
}

async fn begin(
    place: &PlaceArgs,
    args: &FixArgs,
    voice: Voice,
    (noted, reports): (&Noted, &mut Vec<Report>),
) -> anyhow::Result<Exit> {
    if let Some(path) = &args.resume {
        Box::pin(go_on(place, args, path, voice, (noted, reports))).await
    } else {
        Box::pin(fix_all(place, args, voice, (noted, reports))).await
    }
}

async fn fix_all(
    place: &PlaceArgs,
    args: &FixArgs,
    voice: Voice,
    (noted, reports): (&Noted, &mut Vec<Report>),
) -> anyhow::Result<Exit> {
    let (world, ask) = world(place, &args.target).await?;
    let found = collect(&world, &ask).await?;
    tell_missing(&found);
    let mut worst = if found.missed.is_empty() { Exit::Sound } else { Exit::Undetermined };
    let diagnoses: Vec<Diagnosis> = found.evidence.iter().map(diagnose).collect();
    let many = diagnoses.len() > 1;
    let whole = matches!(ask, Ask::Everything { namespace: None });
    let entry = if whole { Entry::Unasked } else { Entry::Asked };
    if many {
        voice.say(&render::overview(&diagnoses, voice.pen()))?;
    }
    for (position, (one, diagnosis)) in found.evidence.iter().zip(&diagnoses).enumerate() {
        let plan = build_for(one, diagnosis, entry);
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
            (applied, exit) = fix_one((&world, noted), one, &ask, args, (diagnosis, &plan), voice).await?;
            worst = worst.max(exit);
        }
        reports.push(Report { schema: SCHEMA, diagnosis: Some(diagnosis.clone()), plan: Some(plan), applied });
    }
    Ok(worst)
}

async fn fix_one(
    (world, noted): (&World, &Noted),
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
    // Before approval is asked for: there would be nothing to approve.
    if !plan.steps.iter().any(|s| s.applicability == Applicability::NeedsApproval) {
        voice.line("No changes were made: trustwalk can change nothing here; the cure above is for a person.")?;
        return Ok((None, Exit::Findings));
    }
    if !args.approve {
        voice.line("No changes were made. To apply this plan, run the same command with --approve.")?;
        return Ok((None, Exit::Findings));
    }
    let path = args.receipt.clone().unwrap_or_else(|| default_receipt(diagnosis, world.options.now));
    let home = Home::of_user()?;
    let repair = Repair { world, home: &home, voice, noted };
    let applied = repair.carry_out(evidence, ask, plan, path).await?;
    let exit = applied.exit;
    Ok((Some(applied), exit))
}

/// A repair under way. Shared with `demo`.
pub(crate) struct Repair<'a> {
    pub(crate) world: &'a World,
    pub(crate) home: &'a Home,
    pub(crate) voice: Voice,
    pub(crate) noted: &'a Noted,
}

impl Repair<'_> {
    /// Applies a plan: changes first, then the proof, then new pods.
    pub(crate) async fn carry_out(
        &self,
        evidence: &Evidence,
        ask: &Ask,
        plan: &Plan,
        path: PathBuf,
    ) -> anyhow::Result<Applied> {
        let mut live = Live::new(self.voice, self.noted);
        let journal = apply(self.world, plan, evidence.target.clone(), path.clone(), self.home, &mut live)
            .await
            .map_err(|e| self.told(e, &path))?;
        // Of everything that was asked about, this one target is looked at again.
        let again = ask_again(&evidence.target).unwrap_or_else(|_| ask.clone());
        self.finish(&again, journal).await
    }

    /// Says where things stand and how to go on, unless nothing was begun.
    pub(crate) fn told(&self, error: ApplyError, path: &Path) -> anyhow::Error {
        if error.is_refusal() || !self.noted.is_open() {
            return error.into();
        }
        anyhow::Error::new(error).context(stopped(path))
    }

    /// Proves the changes, recreates the pods unless STS still refuses, and closes the receipt.
    pub(crate) async fn finish(&self, ask: &Ask, mut journal: Journal) -> anyhow::Result<Applied> {
        let (world, voice) = (self.world, self.voice);
        let pen = voice.pen();
        let path = journal.path().to_owned();
        let seen = proof(world, ask, &journal).await.with_context(|| stopped(&path))?;
        let (mark, verification, verified, exit) = match seen {
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
        voice.tell(&Shown::line(format_args!("  {mark} {verified}")));
        if verification == "refused" {
            voice.tell(&Shown::line("  What was changed did not help: the last line says how to undo it."));
        }
        let waiting = journal.receipt().steps.iter().any(|s| matches!(s.step.action, Action::Restart { .. }));
        if exit == Exit::Findings && waiting {
            voice.tell(&Shown::line("  The pods were left alone: new ones would fail as well."));
        } else {
            let mut live = Live::new(voice, self.noted);
            restart(world, &mut journal, &mut live).await.with_context(|| stopped(&path))?;
        }
        journal.end(Some(verified.clone())).with_context(|| stopped(&path))?;
        self.noted.close();
        let receipt = path.display().to_string();
        let undo = with_receipt("trustwalk rollback {}", &path);
        let taken = voice.tell(&Shown::line(format_args!("  Receipt: {receipt}   (undo: {undo})")));
        unheard(taken).with_context(|| format!("what was done is in {receipt} ({verified})"))?;
        Ok(Applied { receipt, verification, verified, exit })
    }
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

/// A name that no receipt has yet: one run may cure several targets of the same cause.
fn default_receipt(diagnosis: &Diagnosis, now: i64) -> PathBuf {
    let name = diagnosis.root_cause.as_ref().map_or("fix", |f| f.name());
    let first = PathBuf::from(format!("trustwalk-receipt-{name}-{now}.json"));
    let more = (2_u32..).map(|n| PathBuf::from(format!("trustwalk-receipt-{name}-{now}-{n}.json")));
    std::iter::once(first.clone()).chain(more).find(|p| p.symlink_metadata().is_err()).unwrap_or(first)
}
