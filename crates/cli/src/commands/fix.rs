//! `trustwalk fix`: plan, approve, apply, verify.

use anyhow::Context as _;
use trustwalk_apply::Home;
use trustwalk_collect::{Ask, Choice, CollectError, World, collect};
use trustwalk_core::diagnosis::{Diagnosis, Outcome, diagnose};
use trustwalk_core::evidence::{Evidence, Repair as Done, Target};
use trustwalk_core::plan::{Entry, Leave, Linted, Plan, PlanDocument, fit};

use super::case::{Case, can_be_done, leave_of};
use super::consent::can_ask;
use super::diagnose::world;
use super::plan_file::{documented, from_file, only, write};
use super::receipts::go_on;
use super::repair::{Planned, Repair, Report, SCHEMA, ask_again};
use super::rotate::run as rotate;
use super::told::{NOT_ALL, judged, logged_in, tell_missing};
use crate::args::{FixArgs, Format, PlaceArgs};
use crate::exit::Exit;
use crate::interrupt::{Noted, or_interrupted};
use crate::style::{self, Voice};
use trustwalk_render::{self as render, Next};

/// Runs `fix`.
pub(crate) async fn run(place: &PlaceArgs, args: &FixArgs) -> anyhow::Result<Exit> {
    let voice = Voice::beside(args.output);
    let noted = Noted::default();
    let mut reports = Vec::new();
    // What was done to the first of several targets is told even if the second cannot be helped.
    let outcome = {
        let work = Box::pin(begin(place, args, voice, (&noted, &mut reports)));
        // Until something may be changed, a signal is what it is to any program.
        if args.approve || can_ask(voice) { or_interrupted(work, &noted).await } else { work.await }
    };
    if args.output == Format::Json && (outcome.is_ok() || !reports.is_empty()) {
        style::say(&style::document(&reports)?).with_context(|| noted.told())?;
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
    } else if args.rotation.rotate {
        Box::pin(rotate(place, args, voice, (noted, reports))).await
    } else if let Some(path) = &args.plan {
        Box::pin(from_file(place, args, path, voice, (noted, reports))).await
    } else {
        Box::pin(fix_all(place, args, voice, (noted, reports))).await
    }
}

/// One identity, and what would be done for it.
struct Each {
    evidence: Evidence,
    diagnosis: Diagnosis,
    plan: Linted,
    shown: PlanDocument,
}

impl Each {
    fn of(world: &World, evidence: Evidence, leave: Leave) -> Self {
        let diagnosis = diagnose(&evidence);
        let plan = fit(&evidence, &diagnosis, leave);
        let shown = documented(world, &evidence, &plan, leave.entry);
        Self { evidence, diagnosis, plan, shown }
    }

    /// What is next for it: where nobody is logged in, that.
    fn next(&self, log_in: Option<&str>, place: &PlaceArgs) -> Next {
        let first = logged_in(log_in, (&self.evidence, &self.diagnosis), ("fix", &place.typed));
        first.unwrap_or_else(|| render::next(&self.evidence, &self.diagnosis, &place.typed))
    }

    /// The same once others were repaired: one change cures many. `None` where it is not there any more.
    async fn after(self, world: &World, done: &Done, leave: Leave) -> anyhow::Result<Option<Self>> {
        let Ok(ask) = ask_again(&self.evidence.target) else { return Ok(Some(self)) };
        let world = world.after(done.clone(), jiff::Timestamp::now().as_second());
        match collect(&world, &ask).await {
            Err(CollectError::Gone { .. }) => Ok(None),
            found => Ok(found?.evidence.into_iter().next().map(|e| Self::of(&world, e, leave))),
        }
    }
}

async fn fix_all(
    place: &PlaceArgs,
    args: &FixArgs,
    voice: Voice,
    (noted, reports): (&Noted, &mut Vec<Report>),
) -> anyhow::Result<Exit> {
    let (world, ask) = world(place, &args.target).await?;
    let mut found = collect(&world, &ask).await?;
    if matches!(ask, Ask::Everything { .. }) {
        drop(judged(&mut found, &place.typed));
    }
    tell_missing(&found);
    let incomplete = (!found.missed.is_empty()).then_some(NOT_ALL);
    let mut worst = if incomplete.is_none() { Exit::Sound } else { Exit::Undetermined };
    let whole = matches!(ask, Ask::Everything { namespace: None, .. } | Ask::Chosen(Choice { namespace: None, .. }));
    let leave = leave_of(args, if whole { Entry::Unasked } else { Entry::Asked });
    let home = Home::of_user()?;
    let all: Vec<Each> = found.evidence.into_iter().map(|one| Each::of(&world, one, leave)).collect();
    // Before anything is changed: the file may not be to be written.
    let written = write_out(args, &all, (&home, voice))?;
    // What was written is what is to be carried out, and nothing that is planned later.
    let approved = |target: &Target| match (&written, args.out.as_ref().and_then(|p| p.to_str())) {
        (Some(sealed), Some(file)) => place.typed.from_plan("fix", file, (!sealed).then_some(target)),
        _ => place.typed.approved(Some(target)),
    };
    // How each stands at the end, and what is next for it.
    let mut diagnoses: Vec<Diagnosis> = all.iter().map(|each| each.diagnosis.clone()).collect();
    let log_in = world.aws.log_in();
    let mut next: Vec<Next> = all.iter().map(|each| each.next(log_in.as_deref(), place)).collect();
    let many = all.len() > 1;
    if many {
        voice.say(&render::overview(&diagnoses, voice.pen()))?;
    }
    let planned = all.iter().find(|each| can_be_done(&each.plan)).map(|each| each.evidence.target.clone());
    let (mut approvable, mut done) = (false, None::<Done>);
    for (position, each) in all.into_iter().enumerate() {
        let mut applied = None;
        let broken = each.diagnosis.outcome != Outcome::Ok;
        let each = match &done {
            Some(done) if broken => match Box::pin(each.after(&world, done, leave)).await? {
                Some(each) => each,
                None => continue,
            },
            _ => each,
        };
        let Each { evidence, diagnosis, plan, shown } = each;
        if broken && diagnosis.outcome == Outcome::Ok {
            voice.line("")?;
            voice.say(&render::sound_since(&diagnosis))?;
        } else if !many || broken {
            // The overview has said already what is sound.
            say_of_one(voice, &diagnosis, many.then(|| diagnoses.split_at(position).0))?;
            let repair =
                Repair { world: &world, home: &home, voice, noted, timeout: args.timeout, typed: Some(&place.typed) };
            let approve = approved(&diagnosis.target);
            let (evidence, next) = (&evidence, next.get(position));
            let case = Case { evidence, diagnosis: &diagnosis, plan: &plan, shown: &shown, next, approve };
            let exit;
            (applied, exit) = repair.fix_one(case, &ask, args).await?;
            worst = worst.max(exit);
        }
        if let Some(applied) = &applied {
            done = Some(applied.joined(done.take()));
        }
        let end = applied.as_ref().and_then(|a| a.now.clone()).unwrap_or_else(|| diagnosis.clone());
        if let (Some(kept), Some(then)) = (diagnoses.get_mut(position), next.get_mut(position))
            && *kept != end
        {
            let again = || Next::command(place.typed.again("diagnose", &end.target));
            *then = if end.outcome == Outcome::Ok { Next::default() } else { again() };
            *kept = end;
        }
        approvable |= !args.approve && applied.is_none() && can_be_done(&plan);
        let plan = Some(Planned::Whole(Box::new(shown)));
        reports.push(Report { schema: SCHEMA, diagnosis: Some(diagnosis), plan, applied, rotation: None });
    }
    if many || diagnoses.is_empty() || incomplete.is_some() {
        if approvable && let Some(first) = next.iter_mut().find(|n| **n != Next::default()) {
            let all = || place.typed.again_all("fix", Some("--approve"));
            *first = Next::command(planned.as_ref().filter(|_| written.is_some()).map_or_else(all, approved));
        }
        voice.line("")?;
        voice.say(&render::closing_of_all(&diagnoses, &next, incomplete, voice.pen()))?;
    }
    Ok(worst)
}

/// Says what is wrong with one, in short where the same was `told` of another of many.
fn say_of_one(voice: Voice, diagnosis: &Diagnosis, told: Option<&[Diagnosis]>) -> anyhow::Result<()> {
    if told.is_some() {
        voice.line("")?;
    }
    voice.say(&match render::same_cause(told.unwrap_or_default(), diagnosis) {
        Some(first) => render::repeated(diagnosis, first),
        None => render::head(diagnosis, voice.pen()),
    })?;
    Ok(voice.line("")?)
}

/// Writes the plan where a file was asked for; whether it is sealed, `None` where none was written.
fn write_out(args: &FixArgs, all: &[Each], (home, voice): (&Home, Voice)) -> anyhow::Result<Option<bool>> {
    let Some(path) = &args.out else { return Ok(None) };
    let planned = |plan: &Plan| !plan.steps.is_empty() || !plan.withheld.is_empty();
    let all = all.iter().map(|each| (&each.shown, planned(&each.plan)));
    let Some(plan) = only(all)? else {
        voice.line("No plan was written: there is nothing to plan.")?;
        return Ok(None);
    };
    let sealed = write(path, args.overwrite, plan, home)?;
    voice.line(format_args!("The plan is in {}.", path.display()))?;
    Ok(Some(sealed))
}
