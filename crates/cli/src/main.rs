//! The `trustwalk` binary: arguments in, evidence gathered, findings shown.
//!
//! Deliberately absent: judgement and change, which live in `trustwalk-core` and
//! `trustwalk-apply`. Start-up does nothing that a command does not need.

mod args;
mod commands;
mod direct;
mod exit;
mod failure;
mod inert;
mod interrupt;
mod line;
mod live;
mod progress;
mod rollout;
mod style;
mod words;

use std::process::ExitCode;

fn main() -> ExitCode {
    words::hook();
    if let Some(code) = live::called() {
        return code;
    }
    if args::only_version() {
        // Scripts ask for it often, and no grammar is needed to tell.
        return match style::line(args::VERSION) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error.into(), &args::Said::default()),
        };
    }
    let mut cli = match args::read() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { exit::USAGE } else { 0 };
            words::usage(error);
            return ExitCode::from(code);
        }
    };
    let said = cli.said();
    style::write_as(said.notation);
    match commands::run(cli, &said) {
        Ok(exit) => exit.into(),
        Err(error) => fail(&error, &said),
    }
}

fn fail(error: &anyhow::Error, said: &args::Said) -> ExitCode {
    // A reader that goes away (`| head`) ends what would go on for it alone, quietly; what was not looked at
    // by then is not known to be sound.
    if let Some(io) = error.downcast_ref::<std::io::Error>()
        && io.kind() == std::io::ErrorKind::BrokenPipe
    {
        return exit::Exit::Undetermined.into();
    }
    ExitCode::from(failure::tell(error, said))
}
