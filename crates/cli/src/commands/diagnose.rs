//! `trustwalk diagnose`: evidence, live or from a bundle, to a report.

use std::io::Read as _;

use anyhow::Context as _;
use trustwalk_collect::{Ask, Bundle, CollectError, Collected, WalkOptions, World, collect_each, contradiction};

use super::told::Told;
use super::{choose, look, named};
use crate::args::{DiagnoseArgs, PlaceArgs, TargetArgs};
use crate::exit::{Exit, UsageError};
use crate::{progress, style};

/// Of a message no more is read: whoever has a larger log gives it as `--log`.
const MESSAGE_BYTES: u64 = 16 << 20;

/// Runs the command.
pub(crate) async fn run(place: &PlaceArgs, args: &DiagnoseArgs) -> anyhow::Result<Exit> {
    if let Some(path) = &args.bundle {
        if place.exchange {
            let words = "a bundle holds what was seen when it was made: --exchange cannot be used with --bundle";
            return Err(UsageError(words.to_owned()).into());
        }
        let mut told = Told::new(args, &place.typed);
        let bundle = Bundle::read(path)?;
        told.whole = bundle.holds.identities > 1;
        if args.target.target.is_empty() && args.target.namespace.is_none() {
            bundle.each(&mut |one| told.take(&one));
        } else {
            choose::of_bundle(bundle.evidence(), &args.target)?.iter().for_each(|one| told.take(one));
        }
        return told.ended(Vec::new(), &[]);
    }
    let message = message(&args.target)?;
    let named = message.as_ref().map(|text| trustwalk_symptoms::named(&String::from_utf8_lossy(text)));
    if let Some(named) = named.as_ref().filter(|_| args.output.is_human()) {
        style::say(&named::page(named, &place.typed))?;
    }
    let (world, ask) = world_with(place, &args.target, message).await?;
    if args.again.wait {
        return Box::pin(look::wait(world, &ask, (place, args))).await;
    }
    if args.again.watch {
        return Box::pin(look::watch(world, &ask, (place, args))).await;
    }
    let mut told = Told::new(args, &place.typed);
    told.whole = matches!(ask, Ask::Everything { .. });
    told.log_in = world.aws.log_in();
    // What the message names is where to look next.
    told.offered = named.and_then(|named| named::offers(&named, &place.typed).into_iter().next());
    let missed = if args.again.timeout.is_some() || matches!(ask, Ask::Logs) {
        // Nothing is written before it is known that there is something.
        let found = Box::pin(look::once(&world, &ask, args.again.timeout)).await?;
        nothing_read(&world, &ask, &found)?;
        found.evidence.iter().for_each(|one| told.take(one));
        found.missed
    } else {
        Box::pin(collect_each(&world, &ask, &mut |one| told.take(&one))).await?
    };
    told.ended(missed, &world.options.calls.all())
}

/// Logs that were given alone and of which none could be read: there is nothing to report on.
fn nothing_read(world: &World, ask: &Ask, found: &Collected) -> anyhow::Result<()> {
    let [only] = found.evidence.as_slice() else { return Ok(()) };
    let (Ask::Logs, None, Some(gap)) = (ask, only.logs.known(), only.logs.gap()) else { return Ok(()) };
    let path = world.options.logs.first().cloned().unwrap_or_default();
    let source = std::io::Error::other(gap);
    Err(CollectError::Read { path: path.into(), source }.into())
}

/// The message on standard input, where a target stands for it.
fn message(target: &TargetArgs) -> anyhow::Result<Option<Vec<u8>>> {
    if target.target.iter().all(|word| word != "-") {
        return Ok(None);
    }
    let mut text = Vec::new();
    let _waiting = progress::reading();
    std::io::stdin().lock().take(MESSAGE_BYTES + 1).read_to_end(&mut text).context("cannot read standard input")?;
    if text.len() as u64 > MESSAGE_BYTES {
        return Err(UsageError("the message has more than 16 MiB: give it as a log, with --log".to_owned()).into());
    }
    Ok(Some(text))
}

/// Reads configuration, and what was asked in its light.
pub(crate) async fn world(place: &PlaceArgs, target: &TargetArgs) -> anyhow::Result<(World, Ask)> {
    world_with(place, target, None).await
}

/// The same with what stands for standard input among the logs, where it was read already.
async fn world_with(place: &PlaceArgs, target: &TargetArgs, piped: Option<Vec<u8>>) -> anyhow::Result<(World, Ask)> {
    let target = &target.clone().settled()?;
    if let Some(url) = &target.issuer {
        a_url(url)?;
    }
    target.checked()?;
    // Words that name no kind are told before any configuration is read.
    target.ask("default")?;
    if target.log.iter().any(|log| log == "-") && piped.is_none() {
        progress::reading_terminal();
    }
    let world = World::new(WalkOptions { piped, ..place.walk_options(Some(target)) }).await?;
    let namespace = world.kube.as_ref().map_or("default", |k| k.namespace.as_str());
    let ask = target.ask(namespace)?;
    contradiction(&world.options, &ask)?;
    Ok((world, ask))
}

/// Refuses what no issuer could be, before anything is asked of anybody.
pub(super) fn a_url(text: &str) -> Result<(), UsageError> {
    // Without a scheme it is an address where it looks like one: with a dot in its host.
    let bare = || if text.split('/').next().is_some_and(|host| host.contains('.')) { text } else { "" };
    let given = text.split_once("://").map(|(scheme, rest)| if scheme == "https" { rest } else { "" });
    let rest = given.unwrap_or_else(bare);
    let host = rest.split('/').next().unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    let port = if host.ends_with(']') { None } else { host.rsplit_once(':').map(|(_, port)| port) };
    if host.is_empty()
        || port.is_some_and(|p| p.parse::<u16>().is_err())
        || !host.chars().all(fits)
        || text.chars().any(|c| c.is_whitespace() || c.is_control())
    {
        let typed = trustwalk_foreign::redact(text);
        return Err(UsageError(format!("`{typed}` is not an issuer's URL: write --issuer https://HOST/PATH")));
    }
    Ok(())
}
