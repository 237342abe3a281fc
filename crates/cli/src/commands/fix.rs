//! `trustwalk fix`: plan, approve, apply, verify.

use std::path::PathBuf;

use anyhow::Context as _;
use trustwalk_apply::Home;
use trustwalk_collect::{Ask, World, collect};
use trustwalk_core::diagnosis::{Diagnosis, Outcome, diagnose};
use trustwalk_core::evidence::Evidence;
use trustwalk_core::plan::{Applicability, Entry, Plan, build_for};

use super::diagnose::{tell_missing, world};
use super::receipts::go_on;
use super::repair::{Applied, Repair, Report, SCHEMA};
use crate::args::{FixArgs, Format, PlaceArgs};
use crate::exit::Exit;
use crate::interrupt::{Noted, or_interrupted};
use crate::style::{self, Voice};
use trustwalk_render::{self as render, Shown};

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

/// A name that no receipt has yet: one run may cure several targets of the same cause.
fn default_receipt(diagnosis: &Diagnosis, now: i64) -> PathBuf {
    let name = diagnosis.root_cause.as_ref().map_or("fix", |f| f.name());
    let first = PathBuf::from(format!("trustwalk-receipt-{name}-{now}.json"));
    let more = (2_u32..).map(|n| PathBuf::from(format!("trustwalk-receipt-{name}-{now}-{n}.json")));
    std::iter::once(first.clone()).chain(more).find(|p| p.symlink_metadata().is_err()).unwrap_or(first)
}
