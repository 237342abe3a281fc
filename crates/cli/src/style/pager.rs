//! The reader's pager, as git calls one.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::{Builder, Handle};
use tokio::signal::unix::{SignalKind, signal};
use trustwalk_render::Shown;

/// What a shell answers when there is no such program (POSIX.1-2017, XCU 2.8.2).
const NO_PROGRAM: i32 = 127;

/// Whether a pager has the terminal.
static OPEN: AtomicBool = AtomicBool::new(false);

/// Whether a pager has the terminal: Ctrl-C is its own then.
pub(crate) fn is_open() -> bool {
    OPEN.load(Ordering::Relaxed)
}

/// Shows a text in the pager; `false` where there is none, and nothing was shown.
pub(super) fn show(text: &Shown) -> bool {
    OPEN.store(true, Ordering::Relaxed);
    let done = paged(text);
    OPEN.store(false, Ordering::Relaxed);
    done
}

fn paged(text: &Shown) -> bool {
    let chosen = ["TRUSTWALK_PAGER", "PAGER"].into_iter().find_map(trustwalk_collect::env_var);
    // Where there is none, nobody is told: the text is shown all the same.
    let chosen = chosen.unwrap_or_else(|| "command -v less >/dev/null || exit 127; exec less".to_owned());
    if chosen == "cat" {
        return false;
    }
    let mut command = Command::new("sh");
    command.args(["-c", &chosen]).stdin(Stdio::piped());
    // Ends at once where all fits, shows colours, and leaves the text on the screen: as git has it.
    if trustwalk_collect::env_os("LESS").is_none() {
        command.env("LESS", "FRX");
    }
    // Ctrl-C is the pager's: who ended before it would leave it behind with the terminal.
    let _held = hold_interrupts();
    let Ok(mut pager) = command.spawn() else { return false };
    // Who leaves before the end has read enough.
    let _read_enough = pager.stdin.take().map(|mut input| input.write_all(text.as_str().as_bytes()));
    pager.wait().is_ok_and(|status| status.code() != Some(NO_PROGRAM))
}

/// Ctrl-C is caught from now on, and nothing waits for it.
fn hold_interrupts() -> Option<()> {
    if Handle::try_current().is_ok() {
        return signal(SignalKind::interrupt()).ok().map(drop);
    }
    let runtime = Builder::new_current_thread().enable_all().build().ok()?;
    let _inside = runtime.enter();
    signal(SignalKind::interrupt()).ok().map(drop)
}
