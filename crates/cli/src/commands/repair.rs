//! A repair under way, from the plan or from a receipt: carried out, proved, and told.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;
use trustwalk_apply::{ApplyError, Home, Journal, PATIENCE, PAUSE, Verification, restart, run as apply, verify};
use trustwalk_collect::aws::exchange_error;
use trustwalk_collect::{Ask, World, collect, parse_target};
use trustwalk_core::diagnosis::Diagnosis;
use trustwalk_core::evidence::{Evidence, Target};
use trustwalk_core::plan::Plan;
use trustwalk_render::{self as render, Ink, Next, Shown, Typed};

use crate::exit::{Exit, UsageError};
use crate::interrupt::{Noted, stopped, with_receipt};
use crate::rollout::Live;
use crate::style::Voice;

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

/// A repair under way. Shared with `demo`.
pub(crate) struct Repair<'a> {
    pub(crate) world: &'a World,
    pub(crate) home: &'a Home,
    pub(crate) voice: Voice,
    pub(crate) noted: &'a Noted,
    /// How long each roll-out is waited for.
    pub(crate) timeout: Option<std::time::Duration>,
    /// What was typed, for the command that comes next; `None` where there is no next one.
    pub(crate) typed: Option<&'a Typed>,
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
            voice.tell(&Shown::line("  What was changed did not help; the last line undoes it."));
        }
        let waiting = journal.receipt().steps.iter().any(|s| s.step.action.renews_pods());
        if exit == Exit::Findings && waiting {
            voice.tell(&Shown::line("  The pods were left alone: new ones would fail as well."));
        } else {
            let mut live = Live::new(voice, self.noted);
            if let Err(error) = restart(world, &mut journal, self.timeout, &mut live).await {
                return self.left_rolling(error, &path, verification, &verified);
            }
        }
        journal.end(Some(verified.clone())).with_context(|| stopped(&path))?;
        self.noted.close();
        let receipt = path.display().to_string();
        let undo = with_receipt("trustwalk rollback {}", &path);
        let mut taken = voice.tell(&Shown::line(format_args!("  Receipt: {receipt}   (undo: {undo})")));
        if let Some(typed) = self.typed {
            taken &= voice.tell(&self.ending(&journal, exit, &verified, typed));
        }
        unheard(taken).with_context(|| format!("what was done is in {receipt} ({verified})"))?;
        Ok(Applied { receipt, verification, verified, exit })
    }
}

impl Repair<'_> {
    /// A roll-out that is not over: what was changed stands, the receipt stays open, and `fix --resume` waits again.
    fn left_rolling(
        &self,
        error: ApplyError,
        path: &Path,
        verification: &'static str,
        verified: &str,
    ) -> anyhow::Result<Applied> {
        let (exit, ink, label) = match &error {
            ApplyError::Unfinished { .. } => (Exit::Undetermined, Ink::Odd, "Undetermined"),
            ApplyError::Stuck { .. } | ApplyError::Paused { .. } => (Exit::Findings, Ink::Bad, "Broken"),
            _ => return Err(anyhow::Error::new(error).context(stopped(path))),
        };
        self.noted.close();
        let receipt = path.display().to_string();
        let mut taken = self.voice.tell(&Shown::line(format_args!("  Receipt: {receipt}")));
        if let Some(typed) = self.typed {
            let next = Next::command(typed.with_file("fix --resume {} --approve", &receipt));
            taken &= self.voice.tell(&render::ending(ink, label, &error.to_string(), &next, self.voice.pen()));
        }
        unheard(taken).with_context(|| format!("what was done is in {receipt} ({verified}; {error})"))?;
        Ok(Applied { receipt, verification, verified: format!("{verified}; {error}"), exit })
    }

    /// What the repair came to, and what is next.
    fn ending(&self, journal: &Journal, exit: Exit, verified: &str, typed: &Typed) -> Shown {
        let receipt = journal.receipt();
        let (ink, label, next) = match exit {
            Exit::Sound => (Ink::Good, "Ok", Next::default()),
            Exit::Undetermined => (Ink::Odd, "Undetermined", Next::command(typed.again("diagnose", &receipt.target))),
            Exit::Findings => {
                let path = journal.path().display().to_string();
                (Ink::Bad, "Broken", Next::command(typed.with_file("rollback {}", &path)))
            }
        };
        let text = format!("what the plan to fix {} says is done; {verified}", receipt.cures);
        render::ending(ink, label, &text, &next, self.voice.pen())
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

/// The question a receipt answers.
pub(super) fn ask_again(target: &Target) -> anyhow::Result<Ask> {
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

/// An error for words that standard output did not take.
pub(super) fn unheard(taken: bool) -> anyhow::Result<()> {
    anyhow::ensure!(taken, "standard output cannot be written to");
    Ok(())
}
