//! `trustwalk thumbprint --fleet`: many hosts, one JSON line each, in constant memory.

use anyhow::Context as _;
use tokio::io::{AsyncBufRead, BufReader};
use trustwalk_collect::dial::Dialer;
use trustwalk_collect::tls::fleet::{self, FleetOptions};
use trustwalk_collect::tls::{DialOptions, Mode};

use crate::args::{PlaceArgs, ThumbprintArgs};
use crate::exit::Exit;
use crate::style;

/// Input read at a time: each read goes to another thread and back, and brings a thousand hosts.
const READ_BYTES: usize = 64 << 10;
/// Inputs between two lines of progress.
const STEP: u64 = 1000;

/// Runs the fleet.
pub(crate) async fn run(place: &PlaceArgs, args: &ThumbprintArgs, list: &str) -> anyhow::Result<Exit> {
    let dial = DialOptions { dialer: Dialer::new(place.connect_to.clone()), ..DialOptions::default() };
    let options = FleetOptions { dial, mode: Mode::Quick, jobs: args.jobs, ..FleetOptions::default() };
    let open = |path: std::path::PathBuf| async move {
        let file = tokio::fs::File::open(&path).await.with_context(|| format!("cannot read `{}`", path.display()))?;
        Ok::<_, anyhow::Error>(BufReader::with_capacity(READ_BYTES, file))
    };
    let input: Box<dyn AsyncBufRead + Unpin + Send> = if list == "-" {
        Box::new(BufReader::with_capacity(READ_BYTES, tokio::io::stdin()))
    } else {
        Box::new(open(list.into()).await?)
    };
    let mut earlier = match &args.resume {
        Some(path) => Some(open(path.clone()).await?),
        None => None,
    };
    let earlier = earlier.as_mut().map(|e| e as &mut (dyn AsyncBufRead + Unpin + Send));
    let live = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let mut shown = 0;
    let done = fleet::run(input, tokio::io::stdout(), earlier, &options, |p| {
        if live && p.answered / STEP > shown {
            shown = p.answered / STEP;
            style::complain(&format!("{} answered, {} failed, {} endpoints dialled", p.answered, p.failed, p.dialled));
        }
    })
    .await?;
    Ok(if done.failed > 0 { Exit::Undetermined } else { Exit::Sound })
}
