//! Signals in the midst of a repair: it stops where it is, and the receipt is named on the way out.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::future::{Future, poll_fn};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::task::Poll;

use tokio::signal::unix::{Signal, SignalKind, signal};
use trustwalk_foreign::shell;

use crate::args::Said;
use crate::exit::Interrupted;

/// The receipts of a run: those that are closed, and the one that is not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Noted(Rc<RefCell<Receipts>>);

#[derive(Debug, Default)]
struct Receipts {
    closed: Vec<PathBuf>,
    open: Option<PathBuf>,
    back: bool,
}

impl Noted {
    /// Of a run that goes back: there is no going on from where it stops.
    pub(crate) fn of_rollback() -> Self {
        Self(Rc::new(RefCell::new(Receipts { back: true, ..Receipts::default() })))
    }

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
            Some(path) if receipts.back => stopped_going_back(path),
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
    let on = with_receipt("trustwalk fix --resume {} --approve", path);
    let back = with_receipt("trustwalk rollback {} --approve", path);
    format!("stopped; what was done is in {}: go on with `{on}`, or undo with `{back}`", path.display())
}

/// How to end a rollback.
pub(crate) fn stopped_going_back(path: &Path) -> String {
    let again = with_receipt("trustwalk rollback {} --approve", path);
    format!("stopped; {} says what was undone; to go on, run `{again}` again", path.display())
}

/// A command with a receipt's file in it. One that begins with `-` is named by its folder, so that it is no option;
/// one that is no text cannot be written down.
pub(crate) fn with_receipt(template: &str, path: &Path) -> String {
    match path.to_str() {
        Some(name) if name.starts_with('-') => shell::line(template, &[&format!("./{name}")]),
        Some(name) => shell::line(template, &[name]),
        None => shell::WITHHELD.to_owned(),
    }
}

/// From now on a signal ends the process at once, with what was being done and waited for: for commands that change
/// nothing. A thread of its own hears it, whatever the others are busy with.
pub(crate) fn end_on_signal(said: &Said) {
    let (said, (heard, is_heard)) = (said.clone(), std::sync::mpsc::channel());
    let listen = move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
        let signal = runtime.block_on(async {
            let mut signals = Signals::listen();
            // Whoever waits may be gone already.
            let _ = heard.send(());
            loop {
                let signal = signals.any().await;
                // Ctrl-C within a pager is the pager's.
                if !(crate::style::pager_is_open() && signal.name == "SIGINT") {
                    return signal;
                }
            }
        });
        let pending = trustwalk_collect::waits::pending();
        let waited = match pending.as_slice() {
            [] => String::new(),
            [first] => format!(" and waiting for {first}"),
            [first, rest @ ..] => format!(" and waiting for {first}, and {} more", rest.len()),
        };
        let doing = if said.doing.is_empty() { "working" } else { said.doing };
        let error = anyhow::Error::new(signal).context(format!("stopped while {doing}{waited}; nothing was changed"));
        end(crate::failure::tell(&error, &said));
    };
    // Without the thread a signal is what it is to any program.
    if std::thread::Builder::new().name("signals".to_owned()).spawn(listen).is_ok() {
        let _ = is_heard.recv();
    }
}

#[expect(clippy::exit, reason = "the other threads may wait for what never comes")]
fn end(code: u8) {
    std::process::exit(i32::from(code));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollback_that_stops_is_not_gone_on_with_as_a_fix() {
        for (noted, on) in [(Noted::default(), true), (Noted::of_rollback(), false)] {
            noted.open(Path::new("r.json"));
            let told = noted.told();
            assert_eq!(told.contains("fix --resume r.json"), on, "{told}");
            assert!(told.contains("rollback r.json --approve"), "{told}");
        }
    }

    #[test]
    fn a_receipt_is_named_so_that_the_command_works() {
        let undo = |name: &str| with_receipt("trustwalk rollback {}", Path::new(name));
        assert_eq!(undo("a b.json"), "trustwalk rollback 'a b.json'");
        assert_eq!(undo("-"), "trustwalk rollback ./-");
        assert_eq!(undo("-x.json"), "trustwalk rollback ./-x.json");
        let bytes: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"n\xff.json");
        assert_eq!(with_receipt("trustwalk rollback {}", Path::new(bytes)), shell::WITHHELD);
    }
}
