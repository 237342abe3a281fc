//! Which failed calls are made again.

use std::time::Duration;

use aws_runtime::retries::classifiers::{THROTTLING_ERRORS, TRANSIENT_ERRORS};

use super::error::AwsError;
use crate::retry::{Pause, Reason};

/// What may be repeated of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Everything: it reads, or it sets what would be set again alike.
    Safe,
    /// What was turned down before anything was done.
    WhenNotDone,
}

/// A call that failed.
#[derive(Debug)]
pub(super) struct Failure {
    /// How.
    pub(super) error: AwsError,
    /// HTTP status, 0 without an answer.
    pub(super) status: u16,
    /// How long the service asks to be left alone.
    pub(super) told: Option<Duration>,
    /// Whether the connection broke before an answer came.
    pub(super) transient: bool,
}

/// Codes of a service that is asked too often, besides those of the SDKs' classifier.
const TOO_OFTEN: [&str; 2] = ["TooManyRequests", "RequestLimitExceeded"];
/// Another change of the same object came in between (IAM API reference, "Common Errors" of the operations).
const IN_BETWEEN: [&str; 2] = ["ConcurrentModification", "ConcurrentModificationException"];
/// STS did not reach the issuer, and says itself that the call is to be made again (STS API reference,
/// `AssumeRoleWithWebIdentity`, `IDPCommunicationError`).
const UNREACHED: [&str; 2] = ["IDPCommunicationError", "IDPCommunicationErrorException"];

impl Failure {
    /// No answer, or none that was taken.
    pub(super) fn transport(reason: String, transient: bool) -> Self {
        Self { error: AwsError::Transport(reason), status: 0, told: None, transient }
    }

    /// Nothing was sent.
    pub(super) fn unsent(error: AwsError) -> Self {
        Self { error, status: 0, told: None, transient: false }
    }

    /// Whether it came too often or too soon.
    pub(super) fn throttled(&self) -> bool {
        let code = if let AwsError::Service { code, .. } = &self.error { code.as_str() } else { "" };
        THROTTLING_ERRORS.contains(&code) || TOO_OFTEN.contains(&code) || self.status == 429
    }

    /// How long to wait before the call is made again, if it is.
    /// As the SDKs' standard mode decides (AWS SDKs and Tools Reference Guide, "Retry behavior").
    pub(super) fn again(&self, repeat: Repeat) -> Option<Pause> {
        let code = if let AwsError::Service { code, .. } = &self.error { code.as_str() } else { "" };
        let passing = self.transient
            || matches!(self.status, 500 | 502 | 503 | 504)
            || [TRANSIENT_ERRORS, &IN_BETWEEN, &UNREACHED].iter().any(|codes| codes.contains(&code));
        if self.throttled() {
            return Some(Pause(self.told, Reason::Throttled));
        }
        (passing && repeat == Repeat::Safe).then_some(Pause(self.told, Reason::Passing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, code: &str) -> Failure {
        let error = AwsError::Service { status, code: code.to_owned(), message: String::new(), request_id: None };
        Failure { error, status, told: None, transient: false }
    }

    #[test]
    fn what_passes_is_repeated_and_what_stays_is_not() {
        for (status, code) in [
            (400, "Throttling"),
            (400, "ThrottlingException"),
            (400, "RequestLimitExceeded"),
            (429, "TooManyRequestsException"),
            (503, "SlowDown"),
            (409, "ConcurrentModification"),
            (400, "IDPCommunicationError"),
            (400, "RequestTimeout"),
            (500, "ServiceFailure"),
            (502, ""),
            (503, "ServiceUnavailable"),
            (504, ""),
        ] {
            let paused = answer(status, code).again(Repeat::Safe);
            assert!(matches!(paused, Some(Pause(None, _))), "{status} {code}: {paused:?}");
        }
        for (status, code) in [
            (403, "AccessDenied"),
            (404, "NoSuchEntity"),
            (409, "LimitExceeded"),
            (400, "InvalidIdentityToken"),
            (400, "ExpiredTokenException"),
        ] {
            assert_eq!(answer(status, code).again(Repeat::Safe), None, "{status} {code}");
        }
    }

    #[test]
    fn what_may_have_been_done_is_not_done_twice() {
        assert!(answer(400, "Throttling").again(Repeat::WhenNotDone).is_some());
        for (status, code) in [(500, ""), (503, "ServiceUnavailable"), (409, "ConcurrentModification")] {
            assert_eq!(answer(status, code).again(Repeat::WhenNotDone), None, "{status} {code}");
        }
        assert_eq!(Failure::transport(String::new(), true).again(Repeat::WhenNotDone), None);
        assert_eq!(Failure::transport(String::new(), true).again(Repeat::Safe), Some(Pause(None, Reason::Passing)));
    }
}
