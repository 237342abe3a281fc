//! Signals in the midst of a repair: it stops where it is, and the receipt is named on the way out.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::future::{Future, poll_fn};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::task::Poll;

use tokio::signal::unix::{Signal, SignalKind, signal};
use trustwalk_foreign::shell;

use crate::exit::Interrupted;

/// The receipts of a run: those that are closed, and the one that is not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Noted(Rc<RefCell<Receipts>>);

#[derive(Debug, Default)]
struct Receipts {
    closed: Vec<PathBuf>,
    open: Option<PathBuf>,
}

impl Noted {
    /// A journal is begun, or gone on with.
    pub(crate) fn open(&self, path: &Path) {
        self.0.borrow_mut().open = Some(path.to_owned());
    }

    /// Whether a journal is begun and not closed.
    pub(crate) fn is_open(&self) -> bool {
        self.0.borrow().open.is_some()
    }

    /// It is closed.
    pub(crate) fn close(&self) {
        let mut receipts = self.0.borrow_mut();
        if let Some(path) = receipts.open.take() {
            receipts.closed.push(path);
        }
    }

    /// Where things stand, for somebody whose run has just ended.
    pub(crate) fn told(&self) -> String {
        let receipts = self.0.borrow();
        let mut text = match &receipts.open {
            Some(path) => stopped(path),
            None if receipts.closed.is_empty() => "stopped; nothing was changed".to_owned(),
            None => "stopped".to_owned(),
        };
        for path in &receipts.closed {
            let _ = write!(text, "; carried out before: {}", path.display());
        }
        text
    }
}

/// How to go on from a receipt.
pub(crate) fn stopped(path: &Path) -> String {
    let p = path.display().to_string();
    let (on, back) = (
        shell::line("trustwalk fix --resume {} --approve", &[&p]),
        shell::line("trustwalk rollback {} --approve", &[&p]),
    );
    format!("stopped; what was done is in {p}: go on with `{on}`, or undo with `{back}`")
}

/// Does the work until a signal asks for its end. A write that is under way then is written down as begun, so
/// that going on and going back look at what became of it.
pub(crate) async fn or_interrupted<T>(
    work: impl Future<Output = anyhow::Result<T>>,
    noted: &Noted,
) -> anyhow::Result<T> {
    let mut signals = Signals::listen();
    tokio::select! {
        outcome = work => outcome,
        signal = signals.any() => Err(anyhow::Error::new(signal).context(noted.told())),
    }
}

/// The ways in which a person, a terminal that closes, or a service manager asks for the end.
pub(crate) struct Signals(Vec<(Signal, Interrupted)>);

impl Signals {
    /// Listens from now on, instead of the process ending at once. A signal that was ignored when this process
    /// began stays ignored, as under `nohup`.
    pub(crate) fn listen() -> Self {
        let kinds = [
            (SignalKind::interrupt(), "SIGINT"),
            (SignalKind::terminate(), "SIGTERM"),
            (SignalKind::hangup(), "SIGHUP"),
        ];
        let ignored = ignored();
        let heard = kinds.into_iter().filter_map(|(kind, name)| {
            let number = u8::try_from(kind.as_raw_value()).ok()?;
            let bit = u32::from(number).checked_sub(1)?;
            if ignored.checked_shr(bit).unwrap_or(0) & 1 == 1 {
                return None;
            }
            // A handler that cannot be set leaves the signal what it was: the end, without words.
            Some((signal(kind).ok()?, Interrupted { name, number }))
        });
        Self(heard.collect())
    }

    /// Completes with the first of them.
    pub(crate) async fn any(&mut self) -> Interrupted {
        poll_fn(|context| {
            let heard =
                self.0.iter_mut().find_map(|(signal, which)| signal.poll_recv(context).is_ready().then_some(*which));
            heard.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}

/// The signals that this process ignores, as a mask (Linux, proc(5), `SigIgn`); none where nothing tells.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
