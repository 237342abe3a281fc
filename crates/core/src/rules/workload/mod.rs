//! Rules of the link `workload`.

pub(crate) mod app_configured_for_another_credential_source;
pub(crate) mod app_does_not_refresh_session_credentials;
pub(crate) mod app_or_sdk_lacks_pod_identity_support;
pub(crate) mod app_or_sdk_lacks_web_identity_support;
pub(crate) mod automount_service_account_token_false;
pub(crate) mod imds_hop_limit_blocks_node_role;
pub(crate) mod java_sts_module_missing;
pub(crate) mod profile_chaining_does_not_include_web_identity;
pub(crate) mod static_or_other_credentials_take_precedence;
pub(crate) mod token_file_absent_where_code_runs;
pub(crate) mod token_file_unreadable_fsgroup;
pub(crate) mod transient_sts_failure_falls_back_to_node_role;
pub(crate) mod windows_token_path;
pub(crate) mod wrong_token_file_kubernetes_default_token;
