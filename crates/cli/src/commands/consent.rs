//! The question before a change, on a terminal.

use std::io::IsTerminal as _;

use trustwalk_render::Ink;

use crate::style::Voice;

/// The one word that applies a plan.
const YES: &str = "yes";

/// Whether somebody is there to be asked: elsewhere only `--approve` applies.
pub(super) fn can_ask(voice: Voice) -> bool {
    voice == Voice::Out && voice.is_terminal() && std::io::stdin().is_terminal()
}

/// Asks, and waits for a line. Anything but the one word is a no, and so is the end of input.
pub(super) async fn given(voice: Voice) -> anyhow::Result<bool> {
    let pen = voice.pen();
    let mut question = pen.page();
    let words = format!("Apply this plan? Only `{YES}` does: ");
    question.part(pen.ink(Ink::Strong, &words));
    voice.say(&question.shown())?;
    // A thread of its own, which nobody waits for: a signal ends the question.
    let (answer, heard) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line).is_ok();
        let _nobody_waits = answer.send(read && line.trim() == YES);
    });
    Ok(heard.await.unwrap_or(false))
}
