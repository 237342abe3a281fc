//! The `trustwalk` binary: arguments in, evidence gathered, findings shown.
//!
//! Deliberately absent: judgement and change, which live in `trustwalk-core` and
//! `trustwalk-apply`. Start-up does nothing that a command does not need.

mod args;
mod commands;
mod direct;
mod exit;
mod inert;
mod interrupt;
mod rollout;
mod style;
mod words;

use std::process::ExitCode;

use trustwalk_collect::CollectError;

fn main() -> ExitCode {
    words::hook();
    if args::only_version() {
        // Scripts ask for it often, and no grammar is needed to tell.
        return match style::line(args::VERSION) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error.into()),
        };
    }
    let cli = match args::read() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { exit::USAGE } else { 0 };
            words::usage(error);
            return ExitCode::from(code);
        }
    };
    match commands::run(cli) {
        Ok(exit) => exit.into(),
        Err(error) => fail(&error),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    // A reader that goes away (`| head`) ends what would go on for it alone, quietly; what was not looked at
    // by then is not known to be sound.
    if let Some(io) = error.downcast_ref::<std::io::Error>()
        && io.kind() == std::io::ErrorKind::BrokenPipe
    {
        return exit::Exit::Undetermined.into();
    }
    style::complain(format_args!("error: {error}"));
    for cause in error.chain().skip(1) {
        style::complain(format_args!("  because: {cause}"));
    }
    if let Some(interrupted) = error.downcast_ref::<exit::Interrupted>() {
        return ExitCode::from(interrupted.code());
    }
    let asked = matches!(error.downcast_ref(), Some(CollectError::Gone { .. } | CollectError::Contradiction(_)));
    let usage = asked || error.downcast_ref::<exit::UsageError>().is_some();
    ExitCode::from(if usage { exit::USAGE } else { exit::INTERNAL })
}
