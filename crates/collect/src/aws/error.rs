//! How a call fails.

use aws_credential_types::provider::error::CredentialsError;

use crate::words;

/// An answer that is not the one asked for.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AwsError {
    /// The service answered with an error.
    #[error("{code}: {message}")]
    Service {
        /// HTTP status.
        status: u16,
        /// Code, such as `AccessDenied`.
        code: String,
        /// Message.
        message: String,
        /// Request id.
        request_id: Option<String>,
    },
    /// No answer, or none that could be understood.
    #[error("{0}")]
    Transport(String),
    /// No credentials.
    #[error("no AWS credentials: {0}")]
    NoCredentials(String),
}

/// Codes by which the services refuse keys or a signature: IAM and STS, EKS and CloudTrail, EC2 (their API references,
/// "Common Errors"; EC2 User Guide, "Error codes").
const OF_KEYS: [&str; 8] = [
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "AuthFailure",
    "RequestExpired",
];

/// Whether a refusal is of the credentials, and not for what they are not allowed.
pub(super) fn speaks_of_key(code: &str) -> bool {
    OF_KEYS.iter().any(|known| code.starts_with(known))
}

impl AwsError {
    /// That nobody gave credentials, or why those that were given cannot be had.
    pub(super) fn unsigned(error: &CredentialsError) -> Self {
        // Of the places that have none, each says so: no reason of its own.
        let none = matches!(error, CredentialsError::CredentialsNotLoaded(_));
        Self::NoCredentials(if none { String::new() } else { words::transport(error) })
    }

    /// The same with secrets taken out of a service's words.
    pub(super) fn redacted(self) -> Self {
        let clean = |text: &str| trustwalk_foreign::redact(text).into_owned();
        match self {
            Self::Service { status, code, message, request_id } => Self::Service {
                status,
                code: clean(&code),
                message: clean(&message),
                request_id: request_id.as_deref().map(clean),
            },
            other @ (Self::Transport(_) | Self::NoCredentials(_)) => other,
        }
    }

    /// Whether it is certain that nothing was changed: the service said no, or was never asked. A failure of the
    /// service's own, or an answer that got lost, may follow a change (AWS General Reference, "Error retries").
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Service { status, .. } => (400..500).contains(status),
            Self::NoCredentials(_) => true,
            Self::Transport(_) => false,
        }
    }
}
