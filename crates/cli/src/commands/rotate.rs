//! `trustwalk fix --rotate`: where the rotation of an issuer's certificates stands, and its two steps.

use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trustwalk_apply::{Home, Journal, Verification, rollback, verify};
use trustwalk_collect::dial::{ConnectTo, Dialer};
use trustwalk_collect::tls::{AddressChain, DialOptions, FetchedChain, Mode, fetch_all_addresses, fetch_chain};
use trustwalk_collect::{Ask, World, collect, read_bounded};
use trustwalk_core::diagnosis::{Diagnosis, diagnose};
use trustwalk_core::evidence::{Evidence, HostChain, Observed, Source, Target};
use trustwalk_core::plan::{
    Arrival, Drift, Entry, Leave, Linted, Presented, ROTATION, Receipt, Registered, Retiring, Rotated, Rotation, Scene,
    Stage, Wish, host_for, rotate,
};
use trustwalk_render::{self as render, Ink, Next, Shown, target_words};
use trustwalk_x509::parse_any;

use super::again;
use super::case::{default_receipt, leave_of};
use super::diagnose::world as world_of;
use super::plan_file::{documented, read, stale, write};
use super::repair::{Applied, Planned, Repair, Report, Rotating, SCHEMA, ask_again, not_undone, unheard};
use super::rotate_view::{standing, waits};
use super::told::tell_missing;
use crate::args::{FixArgs, PlaceArgs, RotationArgs};
use crate::exit::{Exit, UsageError};
use crate::interrupt::Noted;
use crate::rollout::Live;
use crate::style::Voice;

/// Most addresses of a name that are asked one by one; of a name with more it is not known what all present.
const MOST_ADDRESSES: usize = 16;

/// Runs `fix --rotate`.
pub(super) async fn run(
    place: &PlaceArgs,
    args: &FixArgs,
    voice: Voice,
    (noted, reports): (&Noted, &mut Vec<Report>),
) -> anyhow::Result<Exit> {
    let home = Home::of_user()?;
    let file = args.plan.as_deref().map(|path| Ok::<_, anyhow::Error>((path, read(path)?))).transpose()?;
    let (world, ask) = world_of(place, &args.target).await?;
    // A file names what it is for; what is done follows from what is there, whoever wrote it.
    let ask = match (ask, &file) {
        (Ask::Everything { .. }, Some((_, file))) => ask_again(&file.target)?,
        (ask, _) => ask,
    };
    if matches!(ask, Ask::Everything { .. } | Ask::Several(_) | Ask::Chosen(_) | Ask::Logs) {
        let words = "a rotation is one provider's: name it with --issuer URL, or by a TARGET or --role ARN";
        return Err(UsageError(words.to_owned()).into());
    }
    let found = collect(&world, &ask).await?;
    tell_missing(&found);
    let one = found.evidence.first().context("nothing was found that leads to an issuer")?;
    let presented = presented(&world, one).await;
    let incoming = incoming(one, &args.rotation).await?;
    let wish = wish(&args.rotation)?;
    let scene = Scene { evidence: one, presented: &presented, incoming: incoming.as_ref() };
    let rotated = rotate(&scene, &wish, leave_of(args, Entry::Asked));
    voice.say(&standing(&rotated.rotation, voice.pen()))?;
    let repair = Repair { world: &world, home: &home, voice, noted, timeout: args.timeout, typed: None };
    let Rotated { rotation, evidence, plan } = rotated;
    let Some(plan) = plan else {
        if args.out.is_some() {
            voice.line("No plan was written: there is nothing to plan.")?;
        }
        let exit = without_plan(&rotation, &wish, &repair, (place, one))?;
        reports.push(report(rotation, None, None, false));
        return Ok(exit);
    };
    let document = documented(&world, &evidence, &plan, Entry::Asked);
    let mut again = None;
    if let Some(path) = &args.out {
        write(path, args.overwrite, &document, &home)?;
        voice.line(format_args!("The plan is in {}.", path.display()))?;
        again = path.to_str().map(|file| place.typed.from_plan("fix --rotate", file, Some(&evidence.target)));
    }
    if let Some((path, file)) = &file {
        let next = Next::command(place.typed.again("fix --rotate", &evidence.target));
        if let Some(stale) = stale(path, (file, &document), &evidence, &next, voice)? {
            reports.push(report(rotation, Some(Planned::Stale(Box::new(stale))), None, false));
            return Ok(Exit::Findings);
        }
    }
    voice.line("")?;
    voice.say(&render::plan(&document, voice.pen()))?;
    let planned = Some(Planned::Whole(Box::new(document)));
    if plan.steps.is_empty() || !args.approve {
        unapproved(&plan, &repair, (place, &evidence), again)?;
        reports.push(report(rotation, planned, None, false));
        return Ok(Exit::Findings);
    }
    let path = args.receipt.clone().unwrap_or_else(|| default_receipt(ROTATION, world.options.now));
    let retires = matches!(wish, Wish::Retire(_));
    voice.line("")?;
    let applied = Box::pin(repair.carry_out(&evidence, &ask, &plan, path.clone())).await?;
    let again = ask_again(&evidence.target).unwrap_or_else(|_| ask.clone());
    let end = End { path: &path, retires, ask: &again, target: &evidence.target };
    let undone = Box::pin(ended(&repair, place, end, &applied)).await?;
    let exit = if undone { Exit::Findings } else { applied.exit };
    reports.push(report(rotation, planned, Some(applied), undone));
    Ok(exit)
}

fn report(rotation: Rotation, plan: Option<Planned>, applied: Option<Applied>, undone: bool) -> Report {
    let rotation = Some(Rotating { rotation, undone });
    Report { schema: SCHEMA, diagnosis: None, plan, applied, rotation }
}

/// Says what is next where nothing is to be done.
fn without_plan(
    rotation: &Rotation,
    wish: &Wish,
    repair: &Repair<'_>,
    (place, e): (&PlaceArgs, &Evidence),
) -> anyhow::Result<Exit> {
    let (voice, pen, stage) = (repair.voice, repair.voice.pen(), rotation.stage);
    if !rotation.waits.is_empty() {
        voice.say(&waits(rotation, pen))?;
        let next = match stage {
            Stage::Unregistered => Next::command(place.typed.again("fix", &e.target)),
            Stage::Steady
            | Stage::Prepared
            | Stage::Switching
            | Stage::Switched
            | Stage::Spare
            | Stage::NotConsulted
            | Stage::Unknown => Next::default(),
        };
        // Where nobody asked for a change, nothing was refused.
        let (ink, label, exit) = match (wish, stage) {
            (Wish::Look, _) => (Ink::Odd, "Undetermined", Exit::Undetermined),
            (Wish::Add | Wish::Retire(_), _) => (Ink::Bad, "Refused", Exit::Findings),
        };
        voice.say(&render::ending(ink, label, "nothing was changed, for what is said above", &next, pen))?;
        return Ok(exit);
    }
    if let Some(d) = fails(e) {
        let root = d.root_cause.as_ref().map(|f| format!("{} {}: {}", f.code(), f.name(), f.sentence));
        let why = root.unwrap_or_else(|| d.outcome.meaning().to_owned());
        let text = format!("the rotation stands as is said above, and {} fails: {why}", target_words(&e.target));
        let next = Next::command(place.typed.again("fix", &e.target));
        voice.say(&render::ending(Ink::Bad, "Broken", &text, &next, pen))?;
        return Ok(Exit::Findings);
    }
    if let Some(why) = &rotation.needless {
        let text = format!("nothing is to be done: {why}");
        voice.say(&render::ending(Ink::Good, "Ok", &text, &Next::default(), pen))?;
        return Ok(Exit::Sound);
    }
    let (ink, label, exit) = match stage {
        Stage::Unregistered => (Ink::Bad, "Broken", Exit::Findings),
        Stage::Unknown => (Ink::Odd, "Undetermined", Exit::Undetermined),
        Stage::Steady | Stage::Prepared | Stage::Switching | Stage::Switched | Stage::Spare | Stage::NotConsulted => {
            (Ink::Good, "Ok", Exit::Sound)
        }
    };
    let next = Next { how: Some(stage.next().to_owned()), ..Next::default() };
    voice.say(&render::ending(ink, label, stage.meaning(), &next, pen))?;
    Ok(exit)
}

/// The diagnosis of what a rotation is asked about, where it fails: a rotation that needs nothing is no sign that the
/// exchange works.
fn fails(e: &Evidence) -> Option<Diagnosis> {
    Some(diagnose(e)).filter(|d| d.outcome.is_broken())
}

/// Says what would carry a plan out.
fn unapproved(
    plan: &Linted,
    repair: &Repair<'_>,
    (place, e): (&PlaceArgs, &Evidence),
    written: Option<String>,
) -> anyhow::Result<()> {
    let (voice, pen) = (repair.voice, repair.voice.pen());
    let (text, flag) = if plan.steps.is_empty() {
        ("another tool keeps the provider: change it there, or here with --force-drift", "--force-drift")
    } else {
        ("the plan waits for approval", "--approve")
    };
    let written = written.filter(|_| !plan.steps.is_empty());
    let next = Next::command(written.unwrap_or_else(|| place.typed.rotating(&e.target, flag)));
    voice.line("")?;
    voice.say(&render::ending(Ink::Odd, "No changes were made", text, &next, pen))?;
    Ok(())
}

/// Where a rotation stands now.
async fn looked(world: &World, ask: &Ask) -> anyhow::Result<Option<Rotation>> {
    let found = collect(world, ask).await?;
    let Some(one) = found.evidence.first() else { return Ok(None) };
    let presented = presented(world, one).await;
    let scene = Scene { evidence: one, presented: &presented, incoming: None };
    let leave = Leave { entry: Entry::Asked, drift: Drift::Avoided };
    Ok(Some(rotate(&scene, &Wish::Look, leave).rotation))
}

/// What an approved step before the switch comes to: approved late, it is one after it.
async fn arrived(repair: &Repair<'_>, ask: &Ask, path: &Path) -> anyhow::Result<&'static str> {
    let journal = Journal::open(path, repair.home)?;
    let added = journal.receipt().added();
    // What was read before the change says nothing of it.
    let world = again::world(repair.world, &journal);
    let arrival = looked(&world, ask).await?.map_or(Arrival::Unknown, |now| now.arrival(&added));
    Ok(match arrival {
        Arrival::ToCome => "both chains are registered: the issuer can be switched to the incoming one",
        Arrival::Partly => {
            "both chains are registered, and some addresses present the incoming one already: finish the switch"
        }
        Arrival::Switched => {
            "the incoming chain is registered, and the issuer presents it already: what is left is to take the old \
             thumbprint away with --retire"
        }
        Arrival::Unknown => "the incoming chain is registered; what is presented now was not read",
    })
}

/// What keeps a rotation's first half from being taken back: a thumbprint that would go, and whose certificate is
/// presented by now. Without it STS refuses everybody.
pub(super) async fn still_presented(world: &World, receipt: &Receipt) -> anyhow::Result<Option<String>> {
    let Some(now) = looked(world, &ask_again(&receipt.target)?).await? else { return Ok(None) };
    if now.stage == Stage::NotConsulted {
        return Ok(None);
    }
    let goes = receipt.added();
    let needed =
        |r: &&Registered| !r.presented_by.is_empty() && goes.iter().any(|t| t.eq_ignore_ascii_case(&r.thumbprint));
    Ok(now.registered.iter().find(needed).map(|r| {
        format!(
            "{} would go, and {} presents its certificate by now: STS would refuse everybody. Switch the issuer back \
             before",
            r.thumbprint,
            r.presented_by.join(", ")
        )
    }))
}

/// A rotation that was carried out.
pub(super) struct End<'a> {
    pub(super) path: &'a Path,
    /// Whether a thumbprint was taken away.
    pub(super) retires: bool,
    pub(super) ask: &'a Ask,
    pub(super) target: &'a Target,
}

/// Says what it came to; what was retired is put back at once where STS refuses without it, which is told.
pub(super) async fn ended(
    repair: &Repair<'_>,
    place: &PlaceArgs,
    End { path, retires, ask, target }: End<'_>,
    applied: &Applied,
) -> anyhow::Result<bool> {
    let voice = repair.voice;
    let undone = retires && applied.is_refused();
    if undone {
        put_back(repair, ask, path).await?;
    }
    let look = || Next::command(place.typed.again("fix --rotate", target));
    let broken = || Next::command(place.typed.again("diagnose", target));
    let added = if !retires && applied.exit == Exit::Sound { arrived(repair, ask, path).await? } else { "" };
    let (ink, label, text, next) = match (undone, applied.exit) {
        (true, _) => (
            Ink::Bad,
            "Refused",
            "STS refused without the old thumbprint, so it was put back: something that is not seen from here still \
             presents the old chain",
            look(),
        ),
        (false, Exit::Sound) if retires => (Ink::Good, "Ok", "the old thumbprint is retired", Next::default()),
        (false, Exit::Sound) => (Ink::Good, "Ok", added, look()),
        (false, Exit::Undetermined) => {
            (Ink::Odd, "Undetermined", "it is done, and not all of what came of it could be looked at", look())
        }
        (false, _) => (Ink::Bad, "Broken", "it is done, and something fails now", broken()),
    };
    let taken = voice.tell(&render::ending(ink, label, text, &next, voice.pen()));
    unheard(taken).with_context(|| format!("what was done is in {}", path.display()))?;
    Ok(undone)
}

/// Puts back what was there, and shows a fresh token to STS again.
async fn put_back(repair: &Repair<'_>, ask: &Ask, path: &Path) -> anyhow::Result<()> {
    let voice = repair.voice;
    let journal = Journal::open(path, repair.home)?;
    let journal =
        rollback(repair.world, journal, &mut Live::new(voice, repair.noted)).await.map_err(|e| not_undone(e, path))?;
    repair.noted.close();
    let found = collect(repair.world, ask).await?;
    let seen = match found.evidence.first() {
        Some(evidence) => verify(repair.world, evidence, &journal).await,
        None => Verification::NotTried { reason: "the target is gone".to_owned() },
    };
    let words = match seen {
        Verification::Proven { assumed } => format!("put back; STS gave {assumed} for a fresh token"),
        Verification::Refused { error } => format!("put back, and STS still refuses: {error}"),
        Verification::Unjudged { error: reason } | Verification::NotTried { reason } => {
            format!("put back; not verified: {reason}")
        }
    };
    voice.tell(&Shown::line(format_args!("  {words}")));
    Ok(())
}

fn wish(args: &RotationArgs) -> anyhow::Result<Wish> {
    if args.retire {
        let outgoing = args.outgoing.as_deref().map(chain_of).transpose()?.unwrap_or_default();
        return Ok(Wish::Retire(Retiring { old: args.old.clone(), outgoing, not_before: args.not_before }));
    }
    Ok(if args.incoming.is_some() || args.incoming_host.is_some() { Wish::Add } else { Wish::Look })
}

/// The certificates of a file, base64 of DER.
fn chain_of(path: &Path) -> anyhow::Result<Vec<String>> {
    let bytes = read_bounded(path)?;
    let chain = parse_any(&bytes).with_context(|| format!("`{}` holds no certificates", path.display()))?;
    Ok(chain.iter().map(|c| STANDARD.encode(c.der())).collect())
}

/// The chain that is to come, for the host that is to present it.
async fn incoming(e: &Evidence, args: &RotationArgs) -> anyhow::Result<Option<HostChain>> {
    let unknown = "which host is to present the incoming chain is not known: neither issuer nor provider was read";
    if let Some(path) = &args.incoming {
        let chain = chain_of(path)?;
        let (host, port) = host_for(e, &chain).context(unknown)?;
        return Ok(Some(HostChain { host, port, chain, ..HostChain::default() }));
    }
    let Some(given) = &args.incoming_host else { return Ok(None) };
    let (host, port) = host_for(e, &[]).context(unknown)?;
    let bad = || UsageError(format!("`{}` is not HOST:PORT", trustwalk_foreign::visible::line(given)));
    let rule: ConnectTo = format!("{host}:{port}:{given}").parse().map_err(|_| bad())?;
    let numbered = given.rsplit_once(':').is_some_and(|(h, p)| !h.is_empty() && p.parse::<u16>().is_ok());
    if !numbered {
        return Err(bad().into());
    }
    let options = DialOptions { dialer: Dialer::new(vec![rule]), ..DialOptions::default() };
    let fetched = fetch_chain(&host, port, &options, Mode::Proven)
        .await
        .with_context(|| format!("{given} presents no chain when it is asked for {host}"))?;
    Ok(Some(host_chain(&HostChain { host, port, ..HostChain::default() }, &fetched)))
}

fn host_chain(like: &HostChain, fetched: &FetchedChain) -> HostChain {
    HostChain {
        host: like.host.clone(),
        port: like.port,
        tls: fetched.tls.text().to_owned(),
        tls13_only: fetched.tls13_only.or(like.tls13_only),
        proven: fetched.proven,
        chain: fetched.ders.iter().map(|der| STANDARD.encode(der)).collect(),
        roles: like.roles.clone(),
        differing_addresses: Vec::new(),
    }
}

/// What every address of every host of the issuer presents.
async fn presented(world: &World, e: &Evidence) -> Vec<Presented> {
    let first = e.chains.iter().find_map(Observed::known).map(|c| c.host.clone());
    let dialer = world.dialer.on_a_strangers_word(first.as_deref());
    let options = DialOptions { dialer, ..DialOptions::default() };
    let mut all = Vec::new();
    for chain in e.chains.iter() {
        let Some(like) = chain.known() else {
            let place = chain.source().map_or_else(|| "a host of the issuer".to_owned(), |s| s.what.clone());
            all.push(Presented { place, chain: chain.clone() });
            continue;
        };
        of_host(&options, like, e.now, &mut all).await;
    }
    all
}

async fn of_host(options: &DialOptions, like: &HostChain, now: i64, all: &mut Vec<Presented>) {
    let (host, port) = (&like.host, like.port);
    let place = format!("{host}:{port}");
    let source = |what: &str| Source { what: format!("chain presented by {what}"), at: now, by_hand: None };
    let unknown = |why: &str| Presented {
        place: format!("the other addresses of {place}"),
        chain: Observed::NotCollected { reason: why.to_owned() },
    };
    match fetch_all_addresses(host, port, options, Mode::Proven).await {
        Ok(found) => {
            let full = found.len() >= MOST_ADDRESSES;
            for AddressChain { address, chain } in found {
                let place = format!("{host} at {address}");
                let source = source(&place);
                let chain = match &chain {
                    Ok(fetched) => Observed::Known { value: host_chain(like, fetched), source },
                    Err(error) => Observed::Unreachable { source, error: error.to_string() },
                };
                all.push(Presented { place, chain });
            }
            if full {
                all.push(unknown("only so many are asked"));
            }
        }
        Err(error) => {
            let chain = Observed::Unreachable { source: source(&place), error: error.to_string() };
            all.push(Presented { place: place.clone(), chain });
        }
    }
    if options.dialer.proxy(host, port).is_some() {
        all.push(unknown("a proxy is in between, and chooses the address itself; run from a network without it"));
    }
}
