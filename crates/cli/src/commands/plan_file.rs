//! A plan as a file: `fix --out` writes it, `fix --plan` takes it. A file is a claim and no order: what is shown and
//! carried out is the plan that is built now, and only where the file says the same.

use std::path::Path;

use anyhow::Context as _;
use trustwalk_apply::Home;
use trustwalk_collect::{Ask, CollectError, World, collect, read_up_to, write_own};
use trustwalk_core::diagnosis::diagnose;
use trustwalk_core::evidence::{Evidence, Target};
use trustwalk_core::plan::{
    Difference, Entry, Leave, Linted, Maker, PLAN_BYTES, PlanDocument, differences, document, fit, read_plan,
};
use trustwalk_render::{self as render, Ink, Next, Pen, Shown};

use super::case::{Case, leave_of};
use super::diagnose::world as world_of;
use super::repair::{Differs, Planned, Repair, Report, SCHEMA, Stale, ask_again};
use super::told::tell_missing;
use crate::args::{FixArgs, PlaceArgs, TargetArgs};
use crate::exit::{Exit, UsageError};
use crate::interrupt::Noted;
use crate::style::{self, Voice};

/// The document of a plan that was built here.
pub(super) fn documented(world: &World, e: &Evidence, plan: &Linted, entry: Entry) -> PlanDocument {
    let server = world.kube.as_ref().ok().map(|k| k.server.as_str());
    document(e, plan, Maker { tool: env!("CARGO_PKG_VERSION"), server, entry })
}

/// Writes a plan, sealed so that its maker knows it again; whether it could be.
pub(super) fn write(path: &Path, overwrite: bool, plan: &PlanDocument, home: &Home) -> anyhow::Result<bool> {
    let seal = plan.to_be_sealed().map_err(anyhow::Error::from).and_then(|text| Ok(home.seal_of_plan(&text)?));
    let seal = match seal {
        Ok(seal) => Some(seal),
        Err(why) => {
            style::complain(format_args!("the plan is not sealed, so --plan wants its target named: {why:#}"));
            None
        }
    };
    let sealed = seal.is_some();
    let text = Shown::json(&PlanDocument { seal, ..plan.clone() })?;
    write_own(path, overwrite, text.as_str().as_bytes())?;
    Ok(sealed)
}

/// The one plan that goes into a file.
pub(super) fn only<'a>(
    all: impl Iterator<Item = (&'a PlanDocument, bool)>,
) -> Result<Option<&'a PlanDocument>, UsageError> {
    let planned: Vec<&PlanDocument> = all.filter(|(_, planned)| *planned).map(|(plan, _)| plan).collect();
    match planned.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        several => {
            let names: Vec<String> = several.iter().map(|p| render::target_words(&p.target)).collect();
            Err(UsageError(format!(
                "--out writes one plan, and here are {}: name one of {}",
                several.len(),
                names.join("; ")
            )))
        }
    }
}

/// Reads a plan's file.
pub(super) fn read(path: &Path) -> anyhow::Result<PlanDocument> {
    let bytes = read_up_to(path, PLAN_BYTES)?;
    read_plan(&bytes).with_context(|| format!("`{}` is no plan of trustwalk's", path.display()))
}

/// What is asked about, and whether the user named it beside the file: a file alone names nobody who is let in.
struct Asked {
    world: World,
    ask: Ask,
    entry: Entry,
    named: bool,
}

async fn asked(place: &PlaceArgs, target: &TargetArgs, file: &PlanDocument, home: &Home) -> anyhow::Result<Asked> {
    let (world, ask) = world_of(place, target).await?;
    let Ask::Everything { namespace, .. } = &ask else {
        return Ok(Asked { world, ask, entry: Entry::Asked, named: true });
    };
    let of_file = match &file.target {
        Target::Workload { namespace, .. } | Target::ServiceAccount { namespace, .. } => Some(namespace),
        Target::Role { .. } | Target::Issuer { .. } | Target::Job { .. } | Target::Log { .. } => None,
    };
    if let Some(named) = namespace
        && of_file != Some(named)
    {
        let words = format!("the plan is not for namespace {named}: it is for {}", render::target_words(&file.target));
        return Err(UsageError(words).into());
    }
    let own = file.seal.as_ref().is_some_and(|seal| file.to_be_sealed().is_ok_and(|t| home.knows_plan(&t, seal)));
    let entry = if own { file.entry } else { Entry::Unasked };
    Ok(Asked { world, ask: ask_again(&file.target)?, entry, named: false })
}

/// Runs `fix --plan`.
pub(super) async fn from_file(
    place: &PlaceArgs,
    args: &FixArgs,
    path: &Path,
    voice: Voice,
    (noted, reports): (&Noted, &mut Vec<Report>),
) -> anyhow::Result<Exit> {
    let file = read(path)?;
    if file.is_rotation() {
        // What is to be rotated, and to what, stands in files and options that a plan does not hold.
        let words = format!(
            "`{}` is the plan of a rotation: give it to `fix --rotate`, with the options that it was made with",
            path.display()
        );
        return Err(UsageError(words).into());
    }
    let home = Home::of_user()?;
    let Asked { world, ask, entry, named } = asked(place, &args.target, &file, &home).await?;
    let found = match collect(&world, &ask).await {
        // A name that nobody typed is no mistake of whoever gave the file.
        Err(CollectError::Gone { .. }) if !named => None,
        found => Some(found?),
    };
    if let Some(found) = &found {
        tell_missing(found);
    }
    let all = found.as_ref().map(|f| f.evidence.as_slice()).unwrap_or_default();
    let Some(one) = all.iter().find(|e| e.target == file.target).or(all.first()) else {
        let gone = format!("what the plan is for is not there: {}", render::target_words(&file.target));
        voice.say(&render::ending(Ink::Bad, "Refused", &gone, &Next::default(), voice.pen()))?;
        return Ok(Exit::Findings);
    };
    let diagnosis = diagnose(one);
    let leave = Leave { entry, ..leave_of(args, Entry::Asked) };
    let plan = fit(one, &diagnosis, leave);
    let now = documented(&world, one, &plan, entry);
    let report =
        |plan, applied| Report { schema: SCHEMA, diagnosis: Some(diagnosis.clone()), plan, applied, rotation: None };
    let next = Next::command(place.typed.again("fix", &file.target));
    if let Some(stale) = stale(path, (&file, &now), one, &next, voice)? {
        reports.push(report(Some(Planned::Stale(Box::new(stale))), None));
        return Ok(Exit::Findings);
    }
    voice.say(&render::head(&diagnosis, voice.pen()))?;
    voice.line("")?;
    let repair = Repair { world: &world, home: &home, voice, noted, timeout: args.timeout, typed: Some(&place.typed) };
    // What was typed about the target and the drift is needed for the same plan again.
    let approve = place.typed.approved(named.then_some(&file.target));
    let case = Case { evidence: one, diagnosis: &diagnosis, plan: &plan, shown: &now, next: None, approve };
    let (applied, exit) = repair.fix_one(case, &ask, args).await?;
    reports.push(report(Some(Planned::Whole(Box::new(now))), applied));
    Ok(exit)
}

/// Whether a file is not the plan of now; that is told, and nothing is done then.
pub(super) fn stale(
    path: &Path,
    (file, now): (&PlanDocument, &PlanDocument),
    e: &Evidence,
    next: &Next,
    voice: Voice,
) -> anyhow::Result<Option<Stale>> {
    let differ = differences(file, now, e);
    if differ.is_empty() {
        return Ok(None);
    }
    voice.say(&refusal(path, &differ, file, now, voice.pen()))?;
    let text = "the plan in the file is not the plan of now, and nothing was changed";
    voice.say(&render::ending(Ink::Bad, "Refused", text, next, voice.pen()))?;
    let differs = differ.into_iter().map(|what| Differs { says: what.to_string(), what }).collect();
    Ok(Some(Stale { plan: now.clone(), differs }))
}

/// What changed since the file was written, and what the plan of now notes besides.
fn refusal(path: &Path, differ: &[Difference], file: &PlanDocument, now: &PlanDocument, pen: Pen) -> Shown {
    let mut out = pen.page();
    out.prose(&format!("What `{}` says is not so any more:", path.display()), "", "  ");
    for one in differ {
        out.prose(&one.to_string(), "  - ", "    ");
    }
    for note in now.notes.iter().filter(|n| !file.notes.contains(n)) {
        out.labelled(pen.ink(Ink::Odd, "  note:"), note, "    ");
    }
    out.shown()
}
