//! Exit codes, the same whatever the output format.

use std::process::ExitCode;

use trustwalk_core::diagnosis::Outcome;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// 0: everything that was asked about is sound, or was done.
    Sound,
    /// 4: nothing wrong was found, and something could not be determined.
    Undetermined,
    /// 3: something is wrong.
    Findings,
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Ok => Self::Sound,
            Outcome::Undetermined => Self::Undetermined,
            Outcome::Broken | Outcome::RootCause => Self::Findings,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Sound => Self::from(0),
            Exit::Findings => Self::from(3),
            Exit::Undetermined => Self::from(4),
        }
    }
}

/// Exit code of a failure of ours or of the surroundings.
pub(crate) const INTERNAL: u8 = 1;
/// Exit code of words that make no sense; clap's own.
pub(crate) const USAGE: u8 = 2;

/// An error that is the command line's, not ours.
#[derive(Debug)]
pub(crate) struct UsageError(pub(crate) String);

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}
