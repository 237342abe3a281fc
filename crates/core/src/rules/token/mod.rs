//! Rules of the token link, one file each.

mod token_content_malformed;
mod token_expired_during_retries;
mod token_file_read_once;
mod token_signing_algorithm_unsupported;
mod token_too_old_or_expired;
mod wrong_token_kind_missing_aud;

pub(super) use token_content_malformed::TokenContentMalformed;
pub(super) use token_expired_during_retries::TokenExpiredDuringRetries;
pub(super) use token_file_read_once::TokenFileReadOnce;
pub(super) use token_signing_algorithm_unsupported::TokenSigningAlgorithmUnsupported;
pub(super) use token_too_old_or_expired::TokenTooOldOrExpired;
pub(super) use wrong_token_kind_missing_aud::WrongTokenKindMissingAud;
