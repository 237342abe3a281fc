//! A repair under way, from the plan or from a receipt: carried out, proved, and told.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;
use trustwalk_apply::{
    ApplyError, Home, Journal, LINGERS, PATIENCE, PAUSE, Since, Verification, drifted, has_retired, restart,
    run as apply, unproven, verify,
};
use trustwalk_collect::{Ask, CollectError, World, collect, parse_target};
use trustwalk_core::diagnosis::{Diagnosis, Outcome};
use trustwalk_core::evidence::{Evidence, Repair as Done, Target};
use trustwalk_core::finding::Confidence;
use trustwalk_core::plan::{Difference, Linted, Plan, PlanDocument, ReceiptStep, Rotation, StepState};
use trustwalk_render::{self as render, Ink, Inked, Next, Pen, Shown, Typed};

use super::again;
use crate::exit::{Exit, UsageError};
use crate::interrupt::{Noted, stopped, stopped_going_back, with_receipt};
use crate::rollout::{Live, tell_pauses};
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
    pub(super) plan: Option<Planned>,
    /// `None` when nothing was approved, or there was nothing to approve.
    pub(super) applied: Option<Applied>,
    /// Where a rotation stands; only of `--rotate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rotation: Option<Rotating>,
}

/// A plan, as far as it is known.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Planned {
    /// As it was built.
    Whole(Box<PlanDocument>),
    /// As it was built, where a file says otherwise.
    Stale(Box<Stale>),
    /// What a receipt leaves to be done.
    Rest(Plan),
}

/// A plan of now, and in what a file is another.
#[derive(Debug, Serialize)]
pub(super) struct Stale {
    #[serde(flatten)]
    pub(super) plan: PlanDocument,
    pub(super) differs: Vec<Differs>,
}

#[derive(Debug, Serialize)]
pub(super) struct Differs {
    pub(super) says: String,
    #[serde(flatten)]
    pub(super) what: Difference,
}

/// A rotation, as it is told to a machine.
#[derive(Debug, Serialize)]
pub(super) struct Rotating {
    #[serde(flatten)]
    pub(super) rotation: Rotation,
    /// Whether what was retired was put back, as STS refused without it.
    pub(super) undone: bool,
}

/// What was done.
#[derive(Debug, Serialize)]
pub(crate) struct Applied {
    /// The receipt's file.
    receipt: String,
    /// `proven`, [`REFUSED`] or `not-tried`.
    verification: &'static str,
    /// The same in words, and what was found after it.
    verified: String,
    /// What is diagnosed once all is done; `None` when the target is gone.
    pub(super) now: Option<Diagnosis>,
    /// For others that the same change may have cured.
    #[serde(skip)]
    done: Done,
    #[serde(skip)]
    pub(crate) exit: Exit,
}

impl Applied {
    /// What was done by now, this and what came before it.
    pub(super) fn joined(&self, before: Option<Done>) -> Done {
        let mut done = self.done.clone();
        done.causes.extend(before.into_iter().flat_map(|b| b.causes));
        done
    }

    /// Whether STS refuses after it.
    pub(super) fn is_refused(&self) -> bool {
        self.verification == REFUSED
    }
}

/// Why a repair stops before its proof.
const UNJUDGED: &str = "STS did not come to judge the token, so it is not known whether what was changed helps; the \
                        pods were left alone";

/// The verification of a change that did not help.
const REFUSED: &str = "refused";

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
        plan: &Linted,
        path: PathBuf,
    ) -> anyhow::Result<Applied> {
        let mut live = Live::new(self.voice, self.noted);
        tell_pauses(self.world, self.voice);
        let journal = apply(self.world, plan, evidence.target.clone(), path.clone(), self.home, &mut live)
            .await
            .map_err(|e| self.told(e, &path))?;
        // Of everything that was asked about, this one target is looked at again.
        let again = ask_again(&evidence.target).unwrap_or_else(|_| ask.clone());
        self.finish(Some(&again), journal).await
    }

    /// Says where things stand and how to go on, unless nothing was begun.
    pub(crate) fn told(&self, error: ApplyError, path: &Path) -> anyhow::Error {
        if error.is_refusal() || !self.noted.is_open() {
            return error.into();
        }
        anyhow::Error::new(error).context(stopped(path))
    }

    /// Proves the changes, recreates the pods unless STS still refuses, looks whether all is sound now, and closes the
    /// receipt. Where nothing can be asked, that is said.
    pub(crate) async fn finish(&self, ask: Option<&Ask>, mut journal: Journal) -> anyhow::Result<Applied> {
        let (world, voice) = (self.world, self.voice);
        let path = journal.path().to_owned();
        if has_retired(&journal) {
            let lingers = LINGERS.as_secs();
            voice.tell(&Shown::line(format_args!(
                "  STS is asked for {lingers} s: what was taken away may still count for so long"
            )));
        }
        let seen = Box::pin(proof(world, ask, &journal)).await.with_context(|| stopped(&path))?;
        if let Verification::Unjudged { error } = &seen {
            // Whether it helped nobody knows, so nothing rests on it yet.
            let why = format!("{UNJUDGED}: {error}");
            return Err(anyhow::anyhow!(why).context(stopped(&path)));
        }
        let (mark, verification, verified) = self.verdict(seen);
        voice.tell(&Shown::line(format_args!("  {mark} {verified}")));
        let refused = verification == REFUSED;
        let mut held = None;
        if refused {
            // Those that an earlier run made anew were not left alone.
            let left = |s: &ReceiptStep| s.step.action.renews_pods() && s.state == StepState::Pending;
            if journal.receipt().steps.iter().any(left) {
                voice.tell(&Shown::line("  The pods were left alone: new ones would fail as well."));
            }
        } else {
            let mut live = Live::new(voice, self.noted);
            held = match restart(world, &mut journal, self.timeout, &mut live).await {
                Err(why) if why.is_roll_out() => Some(why),
                done => done.map(|()| None).with_context(|| stopped(&path))?,
            };
        }
        // STS was asked until it was sure, and pods that are not there yet show the old state.
        let fails = refused || held.is_some();
        let now = Box::pin(again::diagnosed(world, ask, &journal, fails)).await.with_context(|| stopped(&path))?;
        let found = again::words(now.as_ref(), ask);
        if let Some(why) = &held {
            return self.held_up(why, &journal, (now, &found), (verification, &verified));
        }
        voice.tell(&again::told(now.as_ref(), &found, voice.pen()));
        // What is refused for another reason than the one that was cured is no reason to go back.
        let helped = now.as_ref().and_then(|d| d.root_cause.as_ref()).is_some_and(|root| {
            root.confidence == Confidence::Proven && !journal.receipt().causes().contains(&root.cause)
        });
        // What somebody else changed since says nothing of what was done here.
        let since = if refused { drifted(world, &journal).await } else { Vec::new() };
        let useless = refused && !helped && since.is_empty();
        if useless && journal.receipt().changed().is_some() {
            voice.tell(&Shown::line("  What was changed did not help; the last line undoes it."));
        }
        voice.tell(&told_since(&since, voice.pen()));
        let exit = exit(refused, now.as_ref());
        let mut verified = format!("{verified}; {found}");
        for one in &since {
            verified.push_str("; ");
            verified.push_str(&became(one));
        }
        journal.end(Some(verified.clone())).with_context(|| stopped(&path))?;
        self.noted.close();
        let receipt = path.display().to_string();
        // A receipt of nobody's is gone with the run.
        let undo = self.typed.map(|_| format!("   (undo: {})", with_receipt("trustwalk rollback {}", &path)));
        let mut taken = voice.tell(&Shown::line(format_args!("  Receipt: {receipt}{}", undo.unwrap_or_default())));
        if let Some(typed) = self.typed {
            let meant = if since.is_empty() { useless.then_some(Refused::Useless) } else { Some(Refused::Overtaken) };
            taken &= voice.tell(&self.ending(&journal, meant, (now.as_ref(), &found), typed));
        }
        unheard(taken).with_context(|| format!("what was done is in {receipt} ({verified})"))?;
        Ok(Applied { receipt, verification, verified, now, done: again::done(&journal), exit })
    }

    /// A roll-out that is not over: what was changed stands, the receipt stays open, and `fix --resume` waits again.
    /// What holds the pods up is said where the diagnosis names it.
    fn held_up(
        &self,
        why: &ApplyError,
        journal: &Journal,
        (now, words): (Option<Diagnosis>, &str),
        (verification, verified): (&'static str, &str),
    ) -> anyhow::Result<Applied> {
        let (voice, pen, path) = (self.voice, self.voice.pen(), journal.path());
        let (exit, ink, label) = if matches!(why, ApplyError::Unfinished { .. } | ApplyError::Halted { .. }) {
            (Exit::Undetermined, Ink::Odd, "Undetermined")
        } else {
            (Exit::Findings, Ink::Bad, "Broken")
        };
        self.noted.close();
        let receipt = path.display().to_string();
        // What this run cures is what it waits for; another cause is what holds the pods up.
        let causes = journal.receipt().causes();
        let found = now.as_ref().filter(|d| d.root_cause.as_ref().is_some_and(|r| !causes.contains(&r.cause)));
        let mut taken = true;
        if found.is_some() {
            taken &= voice.tell(&Shown::line(format_args!("  {} {why}", pen.ink(ink, "\u{d7}"))));
            taken &= voice.tell(&again::told(now.as_ref(), words, pen));
        }
        let on = with_receipt("trustwalk fix --resume {} --approve", path);
        taken &= voice.tell(&Shown::line(format_args!("  Receipt: {receipt}   (wait again: {on})")));
        if let Some(typed) = self.typed {
            let next = match found {
                Some(found) => next(found, &journal.receipt().target, typed),
                None => Next::command(typed.with_file("fix --resume {} --approve", &receipt)),
            };
            taken &= voice.tell(&match found {
                Some(found) => render::closing(found, &next, pen),
                None => render::ending(ink, label, &why.to_string(), &next, pen),
            });
        }
        let verified = format!("{verified}; {why}; {words}");
        unheard(taken).with_context(|| format!("what was done is in {receipt} ({verified})"))?;
        let exit = if found.is_some() { Exit::Findings } else { exit };
        Ok(Applied { receipt, verification, verified, now, done: again::done(journal), exit })
    }

    /// The proof in words, with its mark and its name.
    fn verdict(&self, seen: Verification) -> (Inked<&'static str>, &'static str, String) {
        let pen = self.voice.pen();
        match seen {
            Verification::Proven { assumed } => {
                let words = format!("verified: STS gave {assumed} for a fresh token");
                (pen.ink(Ink::Good, "\u{221a}"), "proven", words)
            }
            Verification::Refused { error } => {
                (pen.ink(Ink::Bad, "\u{d7}"), REFUSED, format!("STS still refuses: {error}"))
            }
            Verification::Unjudged { error: reason } | Verification::NotTried { reason } => {
                (pen.ink(Ink::Odd, "?"), "not-tried", format!("not verified: {reason}"))
            }
        }
    }

    /// What the repair came to, and what is next.
    fn ending(
        &self,
        journal: &Journal,
        refused: Option<Refused>,
        (now, words): (Option<&Diagnosis>, &str),
        typed: &Typed,
    ) -> Shown {
        let (receipt, pen) = (journal.receipt(), self.voice.pen());
        let done = format!("what the plan to fix {} says is done", receipt.cures);
        let again = |verb| Next::command(typed.again(verb, &receipt.target));
        let back = || {
            let path = journal.path().display().to_string();
            Next::command(typed.with_file("rollback {}", &path))
        };
        if refused == Some(Refused::Overtaken) {
            let text = "what the plan says was done, somebody changed it since, and STS refuses";
            return render::ending(Ink::Bad, "Broken", text, &again("fix"), pen);
        }
        let refused = refused.is_some();
        match now {
            Some(d) if !refused && d.outcome == Outcome::Ok => {
                render::ending(Ink::Good, "Ok", &format!("{done}; {words}"), &Next::default(), pen)
            }
            Some(d) if !refused && d.outcome != Outcome::Undetermined => {
                let helped = !d.root_cause.as_ref().is_some_and(|r| receipt.causes().contains(&r.cause));
                let next = if helped { next(d, &receipt.target, typed) } else { back() };
                render::closing(d, &next, pen)
            }
            Some(_) | None if !refused => {
                render::ending(Ink::Odd, "Undetermined", &format!("{done}; {words}"), &again("diagnose"), pen)
            }
            Some(_) | None => {
                // Where nothing was changed there is nothing to go back to.
                let next = if receipt.changed().is_some() { back() } else { again("diagnose") };
                render::ending(Ink::Bad, "Broken", &format!("{done}, and STS still refuses"), &next, pen)
            }
        }
    }
}

/// Why STS refuses after a repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refused {
    /// For what was to be cured.
    Useless,
    /// Somebody changed since what was done.
    Overtaken,
}

/// What was done and does not stand any more.
pub(super) fn told_since(since: &[(String, Since)], pen: Pen) -> Shown {
    let mut out = pen.page();
    for one in since {
        out.prose(&became(one), "  \u{203c} ", "    ");
    }
    out.shown()
}

fn became((what, since): &(String, Since)) -> String {
    let became = match since {
        Since::PutBack => "it is as it was before",
        Since::Changed => "somebody changed it since",
        Since::Gone => "what it was done to is gone",
    };
    format!("{what}: was done, and {became}")
}

/// What is next where something fails that this repair did not cure.
fn next(d: &Diagnosis, target: &Target, typed: &Typed) -> Next {
    let acts = d.root_cause.iter().flat_map(|f| &f.cures).any(|c| !c.actions.is_empty());
    Next::command(typed.again(if acts { "fix" } else { "diagnose" }, target))
}

/// How a repair ends: as sound as what is there now.
fn exit(refused: bool, now: Option<&Diagnosis>) -> Exit {
    match now {
        _ if refused => Exit::Refused,
        Some(d) => d.outcome.into(),
        None => Exit::Undetermined,
    }
}

/// A fresh token's exchange. The repair may have named the role, so what is there now is read again; what
/// has no service account is proved by the exchange of the token it had.
async fn proof(places: &World, ask: Option<&Ask>, journal: &Journal) -> anyhow::Result<Verification> {
    let Some(ask) = ask else { return Ok(Verification::NotTried { reason: again::UNNAMED.to_owned() }) };
    let began = tokio::time::Instant::now();
    let mut tick = tokio::time::interval(PAUSE);
    loop {
        tick.tick().await;
        let world = again::world(places, journal);
        let evidence = match collect(&world, ask).await {
            Err(CollectError::Gone { .. }) => Vec::new(),
            found => found?.evidence,
        };
        let Some(evidence) = again::of_target(&evidence, &journal.receipt().target) else {
            return Ok(Verification::NotTried { reason: "the target is gone".to_owned() });
        };
        let minted = verify(&world, evidence, journal).await;
        if !matches!(minted, Verification::NotTried { .. }) || evidence.service_account.known().is_some() {
            return Ok(minted);
        }
        let Some(answer) = evidence.exchange.known() else { return Ok(minted) };
        if let Some(assumed) = &answer.assumed {
            return Ok(Verification::Proven { assumed: assumed.clone() });
        }
        if began.elapsed() > PATIENCE {
            return Ok(unproven(answer));
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

/// A roll-back that did not end: what is left of it, in words.
pub(super) fn not_undone(error: ApplyError, path: &Path) -> anyhow::Error {
    if error.is_refusal() {
        return error.into();
    }
    // The same again would be refused again.
    let whole = if matches!(error, ApplyError::Refused { .. } | ApplyError::NoWayBack { .. }) {
        format!(
            "not everything could be undone; {} says what was, and has what was there, for you to put back by hand",
            path.display()
        )
    } else {
        stopped_going_back(path)
    };
    anyhow::Error::new(error).context(whole)
}
