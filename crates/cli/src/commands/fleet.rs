//! `trustwalk thumbprint --fleet`: many hosts, one JSON line each, in constant memory.

use std::path::Path;

use anyhow::Context as _;
use tokio::io::{AsyncBufRead, AsyncRead, BufReader};
use trustwalk_collect::dial::Dialer;
use trustwalk_collect::proxy::Proxies;
use trustwalk_collect::tls::fleet::{self, FleetOptions, Trust};
use trustwalk_collect::tls::{DialOptions, Mode};

use crate::args::{PlaceArgs, ThumbprintArgs};
use crate::direct::Direct;
use crate::exit::Exit;
use crate::inert::Inert;
use crate::style;

/// Input read at a time: from a pipe each read goes to another thread and back, and brings a thousand hosts.
const READ_BYTES: usize = 64 << 10;
/// Inputs between two lines of progress.
const STEP: u64 = 1000;

/// Runs the fleet.
pub(crate) async fn run(place: &PlaceArgs, args: &ThumbprintArgs, list: &str) -> anyhow::Result<Exit> {
    let dial = DialOptions {
        dialer: Dialer::new(place.connect_to.clone()).through(Proxies::from_environment()?),
        ..DialOptions::default()
    };
    let walk = place.walk_options(None);
    let trust = Trust::of(&trustwalk_collect::roots::encoded(&walk.roots)?, walk.now);
    let options = FleetOptions { dial, mode: Mode::Quick, trust, jobs: args.jobs, ..FleetOptions::default() };
    let input: Box<dyn AsyncBufRead + Unpin + Send> =
        if list == "-" { buffered(tokio::io::stdin()) } else { open(list.as_ref()).await? };
    let mut earlier = match &args.resume {
        Some(path) => Some(open(path).await?),
        None => None,
    };
    let earlier = earlier.as_mut().map(|e| e as &mut (dyn AsyncBufRead + Unpin + Send));
    let live = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let mut shown = 0;
    let done = fleet::run(input, Direct(Inert::new(std::io::stdout())), earlier, &options, |p| {
        if live && p.answered / STEP > shown {
            shown = p.answered / STEP;
            style::complain(format_args!(
                "{} answered, {} failed, {} endpoints dialled",
                p.answered, p.failed, p.dialled
            ));
        }
    })
    .await?;
    Ok(if done.unverified > 0 {
        style::complain(format_args!(
            "trustwalk: {} of {} chains do not verify: register nothing of theirs (`verdict` and `reasons` of each \
             line)",
            done.unverified, done.read
        ));
        Exit::Findings
    } else if done.undetermined > 0 {
        Exit::Undetermined
    } else {
        Exit::Sound
    })
}

/// A list that lies in a file, or that a shell hands over, which may wait.
async fn open(path: &Path) -> anyhow::Result<Box<dyn AsyncBufRead + Unpin + Send>> {
    let cannot = || format!("cannot read `{}`", path.display());
    let file = trustwalk_collect::open_stream(path)?;
    if std::fs::metadata(path).with_context(cannot)?.is_file() {
        return Ok(buffered(Direct(file)));
    }
    drop(file);
    Ok(buffered(tokio::fs::File::open(path).await.with_context(cannot)?))
}

fn buffered(from: impl AsyncRead + Unpin + Send + 'static) -> Box<dyn AsyncBufRead + Unpin + Send> {
    Box::new(BufReader::with_capacity(READ_BYTES, from))
}
