//! What begins from a receipt: `trustwalk rollback` and `trustwalk fix --resume`. A receipt is a file, and a file
//! may be anybody's: what it would write is shown first, from what is there now, and done only when approved.

use anyhow::Context as _;
use serde_json::json;
use trustwalk_apply::{ApplyError, Foreign, Home, Journal, Way, drifted, outlook, resume, rollback as undo};
use trustwalk_collect::{Ask, World};
use trustwalk_core::evidence::Target;
use trustwalk_core::plan::{Applicability, Outlook, Plan, Receipt, ReceiptStep, StepState};

use super::diagnose::world as world_of;
use super::repair::{Planned, Repair, Report, SCHEMA, ask_again, not_undone, told_since, unheard};
use super::rotate::{End, ended, still_presented};
use crate::args::{FixArgs, Format, PlaceArgs, RollbackArgs};
use crate::exit::{Exit, Left, UsageError};
use crate::interrupt::{Noted, or_interrupted};
use crate::rollout::{Live, tell_pauses};
use crate::style::{self, Voice};
use trustwalk_render::{self as render, Ink, Next, Pen, Shown, Typed};

/// Whether what was shown may be done.
struct Words {
    approve: bool,
    foreign: bool,
}

impl Words {
    /// Says what is missing, and the command that has it; `true` when nothing is.
    fn suffice(&self, journal: &Journal, command: &str, typed: &Typed, voice: Voice) -> std::io::Result<bool> {
        let foreign = journal.foreign().is_some() && !self.foreign;
        if self.approve && !foreign {
            return Ok(true);
        }
        let (text, flags) = if foreign {
            ("this receipt is not yours: read every line above, and go on if all of it is meant", FOREIGN)
        } else {
            ("what is shown above waits for approval", APPROVE)
        };
        let path = journal.path().display().to_string();
        let next = Next::command(typed.with_file(&[command, flags].concat(), &path));
        voice.say(&render::ending(Ink::Odd, "No changes were made", text, &next, voice.pen()))?;
        Ok(false)
    }
}

/// What approves.
const APPROVE: &str = " {} --approve";
/// What approves somebody else's receipt.
const FOREIGN: &str = " {} --approve --foreign-receipt";

/// What a rollback came to. Whether what it undid had helped is not said: a fix may have been stopped half-way.
fn undone_words(target: &Target) -> String {
    let when = match target {
        Target::Workload { .. } | Target::ServiceAccount { .. } => {
            "; pods that run take that up once they are made anew"
        }
        Target::Job { .. } => "; the job takes that up when it runs again",
        Target::Role { .. } | Target::Issuer { .. } | Target::Log { .. } => "",
    };
    format!("what the fix wrote is undone, and what was there before it is there again{when}")
}

/// How many steps could not be undone, as their objects are gone.
fn gone(receipt: &Receipt) -> usize {
    receipt.steps.iter().filter(|s| s.state == StepState::Gone).count()
}

/// Shows what a receipt would write.
fn show(journal: &Journal, way: Way, steps: &[Outlook], voice: Voice) -> std::io::Result<()> {
    let pen = voice.pen();
    if let Some(why) = journal.foreign() {
        voice.say(&warning(journal, why, pen))?;
    }
    let title = match way {
        Way::On => format!("What is left of the plan to fix {}", journal.receipt().cures),
        Way::Back => format!("Plan to undo the fix of {}", journal.receipt().cures),
    };
    voice.say(&render::outlook(&title, steps, pen))?;
    if way == Way::On {
        let target = render::target_words(&journal.receipt().target);
        voice.line(format_args!("  {} {target}", pen.ink(Ink::Faint, "then asks again about:")))?;
    }
    Ok(())
}

fn warning(journal: &Journal, why: Foreign, pen: Pen) -> Shown {
    let mut out = pen.page();
    out.line(format_args!("{} {why}.", pen.ink(Ink::Odd, "This receipt is not known to be yours:")));
    let path = journal.path().display();
    out.line(format_args!("  Whoever wrote {path} chose what is written below; nothing in it is proven."));
    out.shown()
}

/// Runs `fix --resume`.
pub(super) async fn go_on(
    place: &PlaceArgs,
    args: &FixArgs,
    path: &std::path::Path,
    voice: Voice,
    (noted, reports): (&Noted, &mut Vec<Report>),
) -> anyhow::Result<Exit> {
    let home = Home::of_user()?;
    let journal = Journal::open(path, &home)?;
    let (world, ask) = asked(place, args, &journal.receipt().target).await?;
    let steps = outlook(&world, &journal, Way::On).await.map_err(|why| left(why, &journal, &place.typed))?;
    show(&journal, Way::On, &steps, voice)?;
    voice.say(&told_since(&drifted(&world, &journal).await, voice.pen()))?;
    if steps.is_empty() && journal.receipt().ended.is_some() && journal.foreign().is_none() {
        let next = Next::command(place.typed.again("diagnose", &journal.receipt().target));
        voice.say(&render::ending(Ink::Good, "Ok", "this run came to its end: nothing is left", &next, voice.pen()))?;
        let plan = Some(Planned::Rest(rest(&journal)));
        reports.push(Report { schema: SCHEMA, diagnosis: None, plan, applied: None, rotation: None });
        return Ok(Exit::Sound);
    }
    let words = Words { approve: args.approve, foreign: args.foreign_receipt };
    if !words.suffice(&journal, "fix --resume", &place.typed, voice)? {
        reports.push(Report {
            schema: SCHEMA,
            diagnosis: None,
            plan: Some(Planned::Rest(rest(&journal))),
            applied: None,
            rotation: None,
        });
        return Ok(Exit::Findings);
    }
    // A rotation ends in its own words.
    let rotation = journal.receipt().is_rotation();
    let (retires, target) = (journal.receipt().retires(), journal.receipt().target.clone());
    let typed = (!rotation).then_some(&place.typed);
    let repair = Repair { world: &world, home: &home, voice, noted, timeout: args.timeout, typed };
    tell_pauses(&world, voice);
    let journal = resume(&world, journal, &mut Live::new(voice, noted)).await.map_err(|e| repair.told(e, path))?;
    let applied = repair.finish(ask.as_ref(), journal).await?;
    let undone = match ask.as_ref().filter(|_| rotation) {
        Some(ask) => Box::pin(ended(&repair, place, End { path, retires, ask, target: &target }, &applied)).await?,
        None => false,
    };
    let exit = if undone { Exit::Findings } else { applied.exit };
    reports.push(Report { schema: SCHEMA, diagnosis: None, plan: None, applied: Some(applied), rotation: None });
    Ok(exit)
}

/// Why the rest of a receipt cannot be done, with what looks at its target where that is another one by now.
fn left(why: ApplyError, journal: &Journal, typed: &Typed) -> anyhow::Error {
    if !matches!(why, ApplyError::Stale { .. } | ApplyError::Gone { .. }) {
        return why.into();
    }
    let next = typed.again("diagnose", &journal.receipt().target);
    anyhow::Error::new(why).context(Left { path: journal.path().display().to_string(), next })
}

/// What a receipt's run is proved by: its target, which of a CI job says nothing of where the job's files are.
async fn asked(place: &PlaceArgs, args: &FixArgs, target: &Target) -> anyhow::Result<(World, Option<Ask>)> {
    match (target, &args.target.job) {
        (Target::Job { .. }, Some(_)) => world_of(place, &args.target).await.map(|(world, ask)| (world, Some(ask))),
        (_, Some(_)) => {
            let about = render::target_words(target);
            Err(UsageError(format!("--job names a CI job, and the receipt is about {about}")).into())
        }
        (Target::Job { .. } | Target::Log { .. }, None) => Ok((World::new(place.walk_options(None)).await?, None)),
        (_, None) => Ok((World::new(place.walk_options(None)).await?, Some(ask_again(target)?))),
    }
}

/// The steps of a receipt that are still to be done, as a plan.
fn rest(journal: &Journal) -> Plan {
    let receipt = journal.receipt();
    let open = |s: &&ReceiptStep| {
        matches!(s.state, StepState::Pending | StepState::Started)
            && s.step.applicability == Applicability::NeedsApproval
    };
    Plan {
        version: SCHEMA,
        made: receipt.began,
        cures: receipt.cures.clone(),
        steps: receipt.steps.iter().filter(open).map(|s| s.step.clone()).collect(),
        notes: journal
            .foreign()
            .map(|why| format!("this receipt is not known to be yours: {why}"))
            .into_iter()
            .collect(),
        withheld: Vec::new(),
    }
}

/// Runs `rollback`.
pub(crate) async fn rollback(place: &PlaceArgs, args: &RollbackArgs) -> anyhow::Result<Exit> {
    let noted = Noted::of_rollback();
    let work = Box::pin(go_back(place, args, &noted));
    // Until something may be changed, a signal is what it is to any program.
    if args.approve { or_interrupted(work, &noted).await } else { work.await }
}

async fn go_back(place: &PlaceArgs, args: &RollbackArgs, noted: &Noted) -> anyhow::Result<Exit> {
    let voice = Voice::beside(args.output);
    let home = Home::of_user()?;
    let journal = Journal::open(&args.receipt, &home)?;
    let world = World::new(place.walk_options(None)).await?;
    let steps = outlook(&world, &journal, Way::Back).await?;
    show(&journal, Way::Back, &steps, voice)?;
    let foreign = journal.foreign();
    let receipt = journal.path().display().to_string();
    let words = Words { approve: args.approve, foreign: args.foreign_receipt };
    let nothing = steps.is_empty() && !args.approve;
    // A rotation's first half repaired nothing: what it registered may be all that is presented by now.
    let kept = match journal.receipt() {
        receipt if receipt.is_rotation() && !steps.is_empty() => Box::pin(still_presented(&world, receipt)).await?,
        _ => None,
    };
    let (exit, undone, lost) = if let Some(why) = kept {
        let next = Next::command(place.typed.again("fix --rotate", &journal.receipt().target));
        voice.say(&render::ending(Ink::Bad, "Refused", &why, &next, voice.pen()))?;
        (Exit::Findings, 0, 0)
    } else if nothing {
        voice.say(&render::ending(Ink::Good, "Ok", "there is nothing to undo", &Next::default(), voice.pen()))?;
        (Exit::Sound, 0, 0)
    } else if words.suffice(&journal, "rollback", &place.typed, voice)? {
        let again = place.typed.again("diagnose", &journal.receipt().target);
        tell_pauses(&world, voice);
        let before = gone(journal.receipt());
        let journal = undo(&world, journal, &mut Live::new(voice, noted)).await;
        let journal = journal.map_err(|e| not_undone(e, &args.receipt))?;
        noted.close();
        let lost = gone(journal.receipt()) - before;
        // What never arrived, or was undone before, is no change that this run took back.
        let undone = steps.len() - lost.min(steps.len());
        let changes = if undone == 1 { "change" } else { "changes" };
        let text = format!("Rolled back {undone} {changes} of {receipt}");
        let mut taken = voice.tell(&Shown::line(format_args!("  {text}")));
        let (ink, label, said) = match (lost, undone) {
            (0, 0) => (Ink::Good, "Ok", "there was nothing to undo".to_owned()),
            (0, _) => (Ink::Good, "Ok", undone_words(&journal.receipt().target)),
            _ => (
                Ink::Odd,
                "Undone in part",
                format!("what is gone stands above, and {lost} of the fix's changes could not be undone"),
            ),
        };
        taken &= voice.tell(&render::ending(ink, label, &said, &Next::command(again), voice.pen()));
        unheard(taken).context(text)?;
        (if lost == 0 { Exit::Sound } else { Exit::Findings }, undone, lost)
    } else {
        (Exit::Findings, 0, 0)
    };
    if args.output == Format::Json {
        let shown: Vec<_> = steps.iter().map(|s| json!({"words": s.words, "changes": s.changes})).collect();
        let report = json!({
            "schema": SCHEMA, "receipt": receipt, "undone": undone, "gone": lost, "approved": args.approve,
            "foreign": foreign.map(|f| f.to_string()), "steps": shown,
        });
        style::say(&style::one_document(&report)?).with_context(|| format!("undone of {receipt}: {undone}"))?;
    }
    Ok(exit)
}
