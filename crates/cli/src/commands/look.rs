//! `diagnose --wait` and `--watch`: the same look again and again, from the same places.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};
use trustwalk_collect::{Ask, Collected, World, collect, waits};
use trustwalk_core::diagnosis::{Diagnosis, Outcome};
use trustwalk_render::{self as render, Page, time};

use super::told::{Seen, finish};
use crate::args::{DiagnoseArgs, PlaceArgs};
use crate::exit::{Exit, TimedOut};
use crate::style;

/// Between two looks: each makes an exchange that the account records.
const PAUSE: Duration = Duration::from_secs(5);
/// The same where somebody waits for a moment to come.
const SOON: Duration = Duration::from_secs(2);
/// How long `--wait` goes on unless it is told: as long as `linkerd check --wait`.
const USUAL: Duration = Duration::from_mins(5);

/// One look, within a time.
pub(super) async fn once(world: &World, ask: &Ask, limit: Option<Duration>) -> anyhow::Result<Collected> {
    let Some(limit) = limit else { return Ok(collect(world, ask).await?) };
    let mut work = std::pin::pin!(collect(world, ask));
    tokio::select! {
        found = &mut work => Ok(found?),
        // What is pending is told while it still is.
        () = sleep(limit) => Err(TimedOut { after: limit, pending: waits::pending() }.into()),
    }
}

/// Until all is sound, or the time is over; what is told then is the last look.
pub(super) async fn wait(world: World, ask: &Ask, (place, args): (&PlaceArgs, &DiagnoseArgs)) -> anyhow::Result<Exit> {
    let limit = args.again.timeout.unwrap_or(USUAL);
    let end = Instant::now() + limit;
    let (mut world, mut last) = (world, None::<Seen>);
    loop {
        // However short the time is, there is one look.
        let look = collect(&world, ask);
        let found = if last.is_none() { Ok(look.await) } else { timeout_at(end, look).await };
        if let Ok(found) = found {
            let seen = Seen::of(found?, (&world, ask), &place.typed);
            let sound = seen.exit() == Exit::Sound;
            if !sound {
                tell(&seen.diagnoses);
            }
            last = Some(seen);
            if sound {
                break;
            }
        }
        if Instant::now() + SOON >= end {
            break;
        }
        let _waiting = waits::begin(reason(last.as_ref()));
        sleep(SOON).await;
        world = world.anew(jiff::Timestamp::now().as_second());
    }
    match last {
        Some(seen) => finish(&seen, place, args),
        None => Err(TimedOut { after: limit, pending: waits::pending() }.into()),
    }
}

/// What the last look leaves to wait for.
fn reason(seen: Option<&Seen>) -> String {
    let worst = seen.and_then(|s| s.diagnoses.iter().max_by_key(|d| d.outcome));
    match worst {
        Some(d) => format!("{} to be sound: {}", render::target_words(&d.target), state(d)),
        None => "something to look at".to_owned(),
    }
}

/// What a diagnosis comes to, in a few words.
fn state(d: &Diagnosis) -> String {
    match &d.root_cause {
        Some(root) => format!("{} {}", root.code(), root.name()),
        None => d.outcome.word().to_owned(),
    }
}

/// Progress of a wait, in a line of its own where no terminal is there to be rewritten.
fn tell(diagnoses: &[Diagnosis]) {
    if style::Voice::Aside.is_live() {
        return;
    }
    for d in diagnoses.iter().filter(|d| d.outcome != Outcome::Ok) {
        style::complain(format_args!("not yet: {}: {}", render::target_words(&d.target), state(d)));
    }
}

/// The report, then each change, until the time is over or a signal comes.
pub(super) async fn watch(world: World, ask: &Ask, (place, args): (&PlaceArgs, &DiagnoseArgs)) -> anyhow::Result<Exit> {
    let end = args.again.timeout.map(|limit| Instant::now() + limit);
    let (mut world, mut told) = (world, None::<Vec<String>>);
    let mut exit;
    loop {
        let seen = Seen::of(collect(&world, ask).await?, (&world, ask), &place.typed);
        exit = seen.exit();
        let now: Vec<String> =
            seen.diagnoses.iter().map(|d| format!("{}\u{1f}{}", render::target_words(&d.target), state(d))).collect();
        match &told {
            None => {
                finish(&seen, place, args)?;
            }
            Some(before) if *before != now => changed(&seen, before, &now, (place, args))?,
            Some(_) => {}
        }
        told = Some(now);
        if end.is_some_and(|end| Instant::now() + PAUSE >= end) {
            return Ok(exit);
        }
        {
            let _waiting = waits::begin("a change");
            sleep(PAUSE).await;
        }
        world = world.anew(jiff::Timestamp::now().as_second());
    }
}

/// What came out otherwise than at the look before: a line each for people, the documents anew for programs.
fn changed(
    seen: &Seen,
    before: &[String],
    now: &[String],
    (place, args): (&PlaceArgs, &DiagnoseArgs),
) -> anyhow::Result<()> {
    if !args.output.is_human() {
        finish(seen, place, args)?;
        return Ok(());
    }
    let mut out = Page::new();
    let stamp = time::stamp(jiff::Timestamp::now().as_second());
    let parts = |line: &String| line.split_once('\u{1f}').map(|(a, b)| (a.to_owned(), b.to_owned()));
    for (who, is) in now.iter().filter(|line| !before.contains(line)).filter_map(parts) {
        out.line(format_args!("{stamp}  {who}: {is}"));
    }
    let gone = |(who, _): &(String, String)| !now.iter().filter_map(parts).any(|(other, _)| other == *who);
    for (who, _) in before.iter().filter_map(parts).filter(gone) {
        out.line(format_args!("{stamp}  {who}: gone"));
    }
    style::say_to_reader(&out.shown())?;
    Ok(())
}
