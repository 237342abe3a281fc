//! What others word for us, made inert on its way out: the argument parser's complaints and help, and panics.

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use trustwalk_foreign::{redact, visible};
use trustwalk_render::Shown;

use crate::style::{self, Voice};

/// Makes a panic's words inert: they may hold a value.
pub(crate) fn hook() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        style::complain(format_args!("trustwalk panicked at {place}: {}", info.payload_as_str().unwrap_or_default()));
    }));
}

/// Prints help, or what is wrong with the command line. What our own parsers say of a value must not quote it:
/// the sentence around it does.
pub(crate) fn usage(mut error: Error) {
    inert(&mut error);
    let alone = std::env::args_os().len() <= 1;
    if alone && error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = Voice::Aside.say(&Shown::block(crate::args::FIRST_LOOK));
        return;
    }
    let voice = if error.use_stderr() { Voice::Aside } else { Voice::Out };
    let text = error.render().to_string();
    let _ = voice.say(&Shown::block(&text));
    if error.use_stderr() {
        crate::failure::usage(&text, crate::args::notation_of_words());
    }
}

/// Of a bundle nothing is fixed, and what else is called a bundle is something else.
fn unlike(error: &mut Error) {
    let is = |kind, text: &str| matches!(error.get(kind), Some(ContextValue::String(s)) if s == text);
    if is(ContextKind::InvalidArg, "--bundle") && is(ContextKind::SuggestedArg, "--ca-bundle") {
        let tip = "a bundle holds what was seen; to read it: trustwalk diagnose --bundle FILE";
        error.insert(ContextKind::SuggestedArg, ContextValue::None);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
        error.insert(ContextKind::Usage, ContextValue::StyledStr("Usage: trustwalk fix [OPTIONS] [TARGET]...".into()));
    }
}

/// What was typed stands within its line, and cannot look like a line of ours.
fn inert(error: &mut Error) {
    // Where the parser knows no option of nearly that name it tells how to pass it as a value, which none of ours is.
    if error.kind() == ErrorKind::UnknownArgument && error.get(ContextKind::SuggestedArg).is_none() {
        error.insert(ContextKind::Suggested, ContextValue::None);
    }
    unlike(error);
    let all: Vec<(ContextKind, ContextValue)> = error.context().map(|(kind, value)| (kind, value.clone())).collect();
    for (kind, value) in all {
        // The usage is the grammar's own, of several lines.
        if kind == ContextKind::Usage {
            continue;
        }
        // A value that was not taken may be an address with a password, of a variable too.
        let line = |text: &str| visible::line(&redact(text)).into_owned();
        #[expect(clippy::wildcard_enum_match_arm, reason = "clap adds kinds; flags and numbers hold no text")]
        let inert = match value {
            ContextValue::String(text) => ContextValue::String(line(&text)),
            ContextValue::Strings(texts) => ContextValue::Strings(texts.iter().map(|t| line(t)).collect()),
            ContextValue::StyledStr(text) => ContextValue::StyledStr(line(&text.to_string()).into()),
            ContextValue::StyledStrs(texts) => {
                ContextValue::StyledStrs(texts.iter().map(|t| line(&t.to_string()).into()).collect())
            }
            _ => continue,
        };
        error.insert(kind, inert);
    }
}
