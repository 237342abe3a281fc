//! `trustwalk fix`: plan, approve, apply, verify.

use std::path::PathBuf;

use anyhow::Context as _;
use trustwalk_apply::Home;
use trustwalk_collect::{Ask, collect};
use trustwalk_core::diagnosis::{Diagnosis, Outcome, diagnose};
use trustwalk_core::evidence::Evidence;
use trustwalk_core::plan::{Applicability, Entry, Plan, build_for};

use super::diagnose::{NOT_ALL, next_of, tell_missing, world};
use super::receipts::go_on;
use super::repair::{Applied, Repair, Report, SCHEMA};
use crate::args::{FixArgs, Format, PlaceArgs};
use crate::exit::Exit;
use crate::interrupt::{Noted, or_interrupted};
use crate::style::{self, Voice};
use trustwalk_render::{self as render, Next, Shown};

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
    let mut next = next_of(&found.evidence, &diagnoses, &place.typed);
    let many = diagnoses.len() > 1;
    let mut approvable = false;
    let whole = matches!(ask, Ask::Everything { namespace: None });
    let entry = if whole { Entry::Unasked } else { Entry::Asked };
    let home = Home::of_user()?;
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
                None => render::body(diagnosis, voice.pen(), false),
            })?;
            let repair =
                Repair { world: &world, home: &home, voice, noted, timeout: args.timeout, typed: Some(&place.typed) };
            let case = Case { evidence: one, diagnosis, plan: &plan, next: next.get(position) };
            let exit;
            (applied, exit) = repair.fix_one(case, &ask, args).await?;
            worst = worst.max(exit);
        }
        approvable |= !args.approve && can_be_done(&plan);
        reports.push(Report { schema: SCHEMA, diagnosis: Some(diagnosis.clone()), plan: Some(plan), applied });
    }
    if many || diagnoses.is_empty() || !found.missed.is_empty() {
        let incomplete = (!found.missed.is_empty()).then_some(NOT_ALL);
        if approvable && let Some(first) = next.iter_mut().find(|n| **n != Next::default()) {
            *first = Next::command(place.typed.again_all("fix", Some("--approve")));
        }
        voice.line("")?;
        voice.say(&render::closing_of_all(&diagnoses, &next, incomplete, voice.pen()))?;
    }
    Ok(worst)
}

/// Whether a plan has anything that trustwalk can do.
fn can_be_done(plan: &Plan) -> bool {
    plan.steps.iter().any(|s| s.applicability == Applicability::NeedsApproval)
}

/// One target of a fix.
struct Case<'a> {
    evidence: &'a Evidence,
    diagnosis: &'a Diagnosis,
    plan: &'a Plan,
    next: Option<&'a Next>,
}

impl Repair<'_> {
    /// Shows the plan of one target, carries it out where that is approved, and ends with what is next.
    async fn fix_one(&self, case: Case<'_>, ask: &Ask, args: &FixArgs) -> anyhow::Result<(Option<Applied>, Exit)> {
        let (voice, pen) = (self.voice, self.voice.pen());
        let Case { evidence, diagnosis, plan, next } = case;
        let next = next.cloned().unwrap_or_default();
        if diagnosis.root_cause.is_none() {
            voice.line("Nothing to fix: no root cause was named.")?;
            voice.say(&render::closing(diagnosis, &next, pen))?;
            return Ok((None, diagnosis.outcome.into()));
        }
        voice.say(&render::plan(plan, pen))?;
        voice.line("")?;
        // Before approval is asked for: there would be nothing to approve.
        if !can_be_done(plan) {
            voice.line("No changes were made: trustwalk can change nothing here, the fix is for a person.")?;
            voice.say(&render::closing(diagnosis, &next, pen))?;
            return Ok((None, Exit::Findings));
        }
        if !args.approve {
            voice.line("No changes were made: the plan waits for approval.")?;
            let approved = self.typed.map(|typed| Next::command(typed.approved(&diagnosis.target)));
            voice.say(&render::closing(diagnosis, &approved.unwrap_or_default(), pen))?;
            return Ok((None, Exit::Findings));
        }
        let path = args.receipt.clone().unwrap_or_else(|| default_receipt(diagnosis, self.world.options.now));
        let applied = self.carry_out(evidence, ask, plan, path).await?;
        let exit = applied.exit;
        Ok((Some(applied), exit))
    }
}

/// A name that no receipt has yet: one run may cure several targets of the same cause.
fn default_receipt(diagnosis: &Diagnosis, now: i64) -> PathBuf {
    let name = diagnosis.root_cause.as_ref().map_or("fix", |f| f.name());
    let first = PathBuf::from(format!("trustwalk-receipt-{name}-{now}.json"));
    let more = (2_u32..).map(|n| PathBuf::from(format!("trustwalk-receipt-{name}-{now}-{n}.json")));
    std::iter::once(first.clone()).chain(more).find(|p| p.symlink_metadata().is_err()).unwrap_or(first)
}
