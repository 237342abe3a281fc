//! Rules of the link `token`.

pub(crate) mod ci_job_does_not_request_token;
pub(crate) mod gha_fork_pr_no_id_token;
pub(crate) mod gha_id_token_permission_missing;
pub(crate) mod idp_does_not_issue_requested_audience;
pub(crate) mod idp_refuses_token_transient;
pub(crate) mod token_content_malformed;
pub(crate) mod token_expired_during_retries;
pub(crate) mod token_file_read_once;
pub(crate) mod token_signing_algorithm_unsupported;
pub(crate) mod token_too_old_or_expired;
pub(crate) mod wrong_token_kind_missing_aud;
