//! Faults: one file per root cause of the public record, each an edit of the healthy
//! world through the same things users change.

mod annotation_key_wrong;
mod annotation_missing_on_service_account;
mod annotation_on_pod_not_service_account;
mod app_configured_for_another_credential_source;
mod app_does_not_refresh_session_credentials;
mod app_or_sdk_lacks_pod_identity_support;
mod app_or_sdk_lacks_web_identity_support;
mod association_for_another_service_account;
mod association_outranked_by_web_identity;
mod audience_condition_wrong_in_trust_policy;
mod audience_confused_with_sts_endpoint;
mod audience_not_in_provider_client_ids;
mod ci_job_does_not_request_token;
mod client_id_with_invisible_characters;
mod cluster_recreated_new_issuer_id;
mod condition_key_claim_not_supported_by_iam;
mod condition_key_missing_sub_suffix;
mod condition_key_not_issuer_path;
mod container_skipped_by_annotation;
mod cross_account_web_identity_without_provider_there;
mod dns_or_network_to_sts_broken;
mod env_preset_in_pod_blocks_mutation;
mod fault;
mod federated_arn_wrong_account;
mod federated_arn_wrong_provider;
mod federated_principal_malformed;
mod gha_fork_pr_no_id_token;
mod gha_id_token_permission_missing;
mod gha_repo_or_org_renamed;
mod gha_sub_branch_or_tag_not_allowed;
mod gha_sub_case_mismatch;
mod gha_sub_customised;
mod gha_sub_environment_vs_ref;
mod gha_sub_immutable_ids;
mod gha_sub_no_trailing_context;
mod https_prefix_in_arn_or_condition_key;
mod imds_hop_limit_blocks_node_role;
mod iss_condition_value_wrong_scheme;
mod issuer_documents_not_public;
mod issuer_host_mismatch_with_documents;
mod issuer_keys_fetch_transient_failure;
mod issuer_tls_certificate_invalid_for_host;
mod issuer_trailing_slash_mismatch;
mod java_sts_module_missing;
mod network_policy_blocks_sts;
mod no_region_for_sts;
mod oidc_provider_missing_in_account;
mod other_token_file_of_another_audience;
mod partition_audience_mismatch;
mod permissions_boundary;
mod permissions_explicit_deny;
mod permissions_missing_action;
mod pod_created_before_annotation_or_webhook;
mod pod_identity_agent_missing;
mod pod_identity_role_does_not_trust_eks;
mod pod_identity_role_lacks_tag_session;
mod proxy_blocks_sts;
mod published_keys_without_kid;
mod requested_lifetime_exceeds_limit;
mod role_arn_malformed_or_not_a_role;
mod role_arn_wrong_account;
mod role_session_name_invalid;
mod role_to_assume_empty;
mod service_account_nearly_right;
mod session_shorter_than_job;
mod shared_credentials_file_takes_precedence;
mod signed_request_time_off;
mod static_or_other_credentials_take_precedence;
mod sts_at_another_services_endpoint;
mod sts_called_over_plain_http;
mod sts_global_endpoint_in_private_network;
mod sts_vpc_endpoint_blackholed;
mod sub_value_under_aud_key;
mod sub_wrong_namespace;
mod sub_wrong_service_account;
mod thumbprint_mismatch;
mod token_file_read_once;
mod token_file_unreadable_fsgroup;
mod trust_policy_lacks_web_identity_statement;
mod trust_policy_wrong_action;
mod two_issuers_and_ed_in_one_statement;
mod webhook_absent_or_not_running;
mod webhook_misconfigured_api_version;
mod webhook_misconfigured_cabundle;
mod webhook_sa_cache_race;
mod webhook_version_ignores_annotation;
mod wildcard_with_stringequals;
mod workload_exchange_differs;
mod wrong_region_in_issuer_host;
mod wrong_token_file_kubernetes_default_token;

pub use fault::{Fault, Mark, Start, Target, find, listed};

/// Every fault, by name.
pub static REGISTRY: &[&Fault] = &[
    &annotation_key_wrong::FAULT,
    &annotation_missing_on_service_account::FAULT,
    &annotation_on_pod_not_service_account::FAULT,
    &app_configured_for_another_credential_source::FAULT,
    &app_does_not_refresh_session_credentials::FAULT,
    &app_or_sdk_lacks_pod_identity_support::FAULT,
    &app_or_sdk_lacks_web_identity_support::FAULT,
    &association_for_another_service_account::FAULT,
    &association_outranked_by_web_identity::FAULT,
    &audience_condition_wrong_in_trust_policy::FAULT,
    &audience_confused_with_sts_endpoint::FAULT,
    &audience_not_in_provider_client_ids::FAULT,
    &ci_job_does_not_request_token::FAULT,
    &client_id_with_invisible_characters::FAULT,
    &cluster_recreated_new_issuer_id::FAULT,
    &condition_key_claim_not_supported_by_iam::FAULT,
    &condition_key_missing_sub_suffix::FAULT,
    &condition_key_not_issuer_path::FAULT,
    &container_skipped_by_annotation::FAULT,
    &cross_account_web_identity_without_provider_there::FAULT,
    &dns_or_network_to_sts_broken::FAULT,
    &env_preset_in_pod_blocks_mutation::FAULT,
    &federated_arn_wrong_account::FAULT,
    &federated_arn_wrong_provider::FAULT,
    &federated_principal_malformed::FAULT,
    &gha_fork_pr_no_id_token::FAULT,
    &gha_id_token_permission_missing::FAULT,
    &gha_repo_or_org_renamed::FAULT,
    &gha_sub_branch_or_tag_not_allowed::FAULT,
    &gha_sub_case_mismatch::FAULT,
    &gha_sub_customised::FAULT,
    &gha_sub_environment_vs_ref::FAULT,
    &gha_sub_immutable_ids::FAULT,
    &gha_sub_no_trailing_context::FAULT,
    &https_prefix_in_arn_or_condition_key::FAULT,
    &imds_hop_limit_blocks_node_role::FAULT,
    &iss_condition_value_wrong_scheme::FAULT,
    &issuer_documents_not_public::FAULT,
    &issuer_host_mismatch_with_documents::FAULT,
    &issuer_keys_fetch_transient_failure::FAULT,
    &issuer_tls_certificate_invalid_for_host::FAULT,
    &issuer_trailing_slash_mismatch::FAULT,
    &java_sts_module_missing::FAULT,
    &network_policy_blocks_sts::FAULT,
    &oidc_provider_missing_in_account::FAULT,
    &other_token_file_of_another_audience::FAULT,
    &partition_audience_mismatch::FAULT,
    &permissions_boundary::FAULT,
    &permissions_explicit_deny::FAULT,
    &permissions_missing_action::FAULT,
    &pod_created_before_annotation_or_webhook::FAULT,
    &pod_identity_agent_missing::FAULT,
    &pod_identity_role_does_not_trust_eks::FAULT,
    &pod_identity_role_lacks_tag_session::FAULT,
    &proxy_blocks_sts::FAULT,
    &published_keys_without_kid::FAULT,
    &requested_lifetime_exceeds_limit::FAULT,
    &role_arn_malformed_or_not_a_role::FAULT,
    &role_arn_wrong_account::FAULT,
    &role_session_name_invalid::FAULT,
    &role_to_assume_empty::FAULT,
    &session_shorter_than_job::FAULT,
    &shared_credentials_file_takes_precedence::FAULT,
    &signed_request_time_off::FAULT,
    &static_or_other_credentials_take_precedence::FAULT,
    &sts_at_another_services_endpoint::FAULT,
    &no_region_for_sts::FAULT,
    &sts_called_over_plain_http::FAULT,
    &sts_global_endpoint_in_private_network::FAULT,
    &sts_vpc_endpoint_blackholed::FAULT,
    &sub_value_under_aud_key::FAULT,
    &sub_wrong_namespace::FAULT,
    &sub_wrong_service_account::FAULT,
    &thumbprint_mismatch::FAULT,
    &token_file_read_once::FAULT,
    &token_file_unreadable_fsgroup::FAULT,
    &trust_policy_lacks_web_identity_statement::FAULT,
    &trust_policy_wrong_action::FAULT,
    &two_issuers_and_ed_in_one_statement::FAULT,
    &webhook_absent_or_not_running::FAULT,
    &webhook_misconfigured_api_version::FAULT,
    &webhook_misconfigured_cabundle::FAULT,
    &webhook_sa_cache_race::FAULT,
    &webhook_version_ignores_annotation::FAULT,
    &wildcard_with_stringequals::FAULT,
    &workload_exchange_differs::FAULT,
    &service_account_nearly_right::FAULT,
    &wrong_region_in_issuer_host::FAULT,
    &wrong_token_file_kubernetes_default_token::FAULT,
];
