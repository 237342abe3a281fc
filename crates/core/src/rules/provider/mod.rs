//! Rules of the link `provider`.

pub(crate) mod audience_confused_with_sts_endpoint;
pub(crate) mod audience_default_changed_by_tool;
pub(crate) mod audience_not_in_provider_client_ids;
pub(crate) mod azp_claim_used_as_audience;
pub(crate) mod cross_account_web_identity_without_provider_there;
pub(crate) mod issuer_host_changed_dual_stack;
pub(crate) mod issuer_trailing_slash_mismatch;
pub(crate) mod issuer_url_changed_by_idp;
pub(crate) mod oidc_provider_count_quota;
pub(crate) mod oidc_provider_deleted_by_another_stack;
pub(crate) mod oidc_provider_missing_in_account;
pub(crate) mod oidc_provider_one_per_url;
pub(crate) mod partition_audience_mismatch;
pub(crate) mod thumbprint_mismatch;
