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
    /// 5: something is wrong, and a person has to fix it: there is nothing that trustwalk can change.
    ByHand,
    /// 3: something is wrong; of `fix`, its plan is ready and waits for approval.
    Findings,
    /// 6: what was planned is done, and STS still refuses.
    Refused,
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

impl Exit {
    /// As a number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Sound => 0,
            Self::Findings => 3,
            Self::Undetermined => 4,
            Self::ByHand => 5,
            Self::Refused => 6,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Exit code of a failure of ours or of the surroundings.
pub(crate) const INTERNAL: u8 = 1;
/// Exit code of words that make no sense; clap's own.
pub(crate) const USAGE: u8 = 2;

/// An error that is the command line's, not ours. Typed values in it are redacted where they are put in, for an
/// address may hold a password, and our own words are not.
#[derive(Debug)]
pub(crate) struct UsageError(pub(crate) String);

/// A name that nothing has which trustwalk itself knows: a cause, a fault, a command.
#[derive(Debug)]
pub(crate) struct Unknown {
    pub(crate) what: String,
    /// What to do instead.
    pub(crate) next: Option<String>,
}

impl std::fmt::Display for Unknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Unknown {}

/// A receipt whose rest cannot be done as things are.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) path: String,
    /// What looks at its target.
    pub(crate) next: String,
}

impl std::fmt::Display for Left {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} cannot be gone on with as things are, and nothing was written", self.path)
    }
}

/// The time of `--timeout` was over before there was a result.
#[derive(Debug, Clone)]
pub(crate) struct TimedOut {
    pub(crate) after: std::time::Duration,
    /// What was waited for.
    pub(crate) pending: Vec<String>,
}

impl std::fmt::Display for TimedOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "there was no result within {} s, the time of --timeout", self.after.as_secs())?;
        if !self.pending.is_empty() {
            write!(f, "; what was waited for: {}", self.pending.join("; "))?;
        }
        Ok(())
    }
}

impl std::error::Error for TimedOut {}

/// A signal ended the run. Its exit code is that of a shell's: 128 and the signal's number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Interrupted {
    pub(crate) name: &'static str,
    pub(crate) number: u8,
}

impl Interrupted {
    pub(crate) fn code(self) -> u8 {
        128_u8.saturating_add(self.number)
    }
}

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} was received", self.name)
    }
}

impl std::error::Error for Interrupted {}

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}
