//! `trustwalk preflight`: the files of a checkout, judged before they are applied.

mod aside;
mod base;
mod files;
mod junit;
mod live;
mod machines;
mod programs;
mod rehearse;
mod words;

use trustwalk_preflight::{Note, Report, Spot, World, judge};

use crate::args::{PlaceArgs, PreflightArgs, PreflightFormat};
use crate::exit::Exit;
use crate::style;
use files::Checkout;

/// Runs the command.
pub(crate) async fn run(place: &PlaceArgs, args: &PreflightArgs) -> anyhow::Result<Exit> {
    let checkout = Checkout::around(&args.paths)?;
    let world = world(&checkout, args)?;
    let before = match &args.base {
        Some(base) => Some(base::world(&checkout, base, args)?),
        None => None,
    };
    let changes = before.map(|before| trustwalk_preflight::changes(&before, &world)).unwrap_or_default();
    let mut report = match &args.bundle {
        Some(bundle) => live::judged_with(bundle, world)?,
        None if args.live => Box::pin(live::judged(place, world)).await?,
        None => judge(&world),
    };
    if args.rehearse {
        rehearse::rehearse(&mut report).await;
    }
    report.take(changes);
    aside::apply(&checkout, args.baseline.as_deref(), args.paths.is_empty(), &mut report)?;
    let exit = Exit::from(report.outcome);
    match args.output {
        PreflightFormat::Human => style::page(&words::words(&report, &checkout, &place.typed))?,
        PreflightFormat::Json | PreflightFormat::Yaml => style::page(&style::document(&report)?)?,
        PreflightFormat::Sarif => style::say(&machines::sarif(&report)?)?,
        PreflightFormat::Junit => style::say(&junit::junit(&report))?,
        PreflightFormat::Gitlab => style::say(&machines::gitlab(&report)?)?,
        PreflightFormat::Github => {
            style::say(&machines::annotations(&report))?;
            machines::summary(&report)?;
        }
    }
    Ok(exit)
}

/// All that was read.
fn world(checkout: &Checkout, args: &PreflightArgs) -> anyhow::Result<World> {
    let mut gathered = checkout.gather(&args.paths)?;
    let known = trustwalk_collect::Checkout::around(&checkout.root, args.repository.as_deref());
    let (mut terraform, templates) = trustwalk_terraform::read_with_templates(&gathered.terraform);
    // What a template holds is read where it is filled in, and is no document before.
    gathered.declared.retain(|file| !templates.contains(file.path()));
    terraform.unread.append(&mut gathered.unread);
    terraform.add(std::mem::take(&mut gathered.plans));
    let mut world = World::of(gathered.declared, &gathered.ci, terraform, checkout, known.repository());
    for job in &mut world.jobs {
        job.facts = known.of_job(std::mem::take(&mut job.facts));
    }
    let (silent, values) = (gathered.silent, aside::values(checkout)?);
    Ok(World { files: gathered.files, silent, values, now: jiff::Timestamp::now().as_second(), ..world })
}

/// A note as one line: where, and what.
fn line(note: &Note) -> String {
    note.at.as_ref().map_or_else(|| note.text.clone(), |at| format!("{at}: {}", note.text))
}

/// What was set aside, in words; nothing where nothing was.
fn set_aside(report: &Report) -> Option<String> {
    let count = report.suppressed.len();
    (count > 0).then(|| format!("{} set aside", counted(count, "finding")))
}

/// So many of a thing.
fn counted(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

/// So many identities.
fn identities(count: usize) -> String {
    if count == 1 { "1 identity".to_owned() } else { format!("{count} identities") }
}

/// The first line of a file, where nothing else is known.
fn nowhere() -> Spot {
    Spot { file: String::new(), line: 1, column: 1, end_line: 1, end_column: 1 }
}
