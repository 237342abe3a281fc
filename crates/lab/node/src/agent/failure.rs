//! Why an agent got no credentials or no answer, apart from any SDK's words for it.

use crate::config::Reach;

/// Why a file cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileError {
    /// No such file.
    NotFound,
    /// The process may not read it.
    Denied,
}

/// An error answer of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) request_id: String,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A token file cannot be read.
    TokenFile { path: String, error: FileError },
    /// `AssumeRoleWithWebIdentity` was refused.
    Exchange { role: String, refused: Refused },
    /// A host did not answer; `exchanging` when it was asked for a session.
    Transport { host: String, reach: Reach, exchanging: bool },
    /// AWS refused the call itself.
    Call(Refused),
    /// The Pod Identity Agent is not there, or said no.
    PodIdentity { detail: String },
    /// No source of the chain had anything.
    NoCredentials,
    /// STS was called without TLS, where nothing of AWS answers.
    PlainHttp { host: String },
    /// Java without the `sts` module on its class path.
    StsModuleMissing,
    /// The SDK has to know a region and does not.
    NoRegion,
    /// The named profile does not exist.
    NoProfile(String),
    /// Java: every member of the chain failed; the text of the web-identity one.
    Chain(Box<Failure>),
}

impl Failure {
    /// The same failure, met while exchanging a token for a session.
    pub(crate) fn while_exchanging(self) -> Self {
        match self {
            Self::Transport { host, reach, .. } => Self::Transport { host, reach, exchanging: true },
            other @ (Self::TokenFile { .. }
            | Self::Exchange { .. }
            | Self::Call(_)
            | Self::PodIdentity { .. }
            | Self::NoCredentials
            | Self::PlainHttp { .. }
            | Self::StsModuleMissing
            | Self::NoRegion
            | Self::NoProfile(_)
            | Self::Chain(_)) => other,
        }
    }
}
