//! Rules of the workload link, one file each.

mod app_configured_for_another_credential_source;
mod app_or_sdk_lacks_pod_identity_support;
mod app_or_sdk_lacks_web_identity_support;
mod ci_job_does_not_request_token;
mod gha_fork_pr_no_id_token;
mod gha_id_token_permission_missing;
mod idp_refuses_token_transient;
mod imds_hop_limit_blocks_node_role;
mod java_sts_module_missing;
mod role_assumes_itself;
mod role_to_assume_empty;
mod static_or_other_credentials_take_precedence;

pub(super) use app_configured_for_another_credential_source::AppConfiguredForAnotherCredentialSource;
pub(super) use app_or_sdk_lacks_pod_identity_support::AppOrSdkLacksPodIdentitySupport;
pub(super) use app_or_sdk_lacks_web_identity_support::AppOrSdkLacksWebIdentitySupport;
pub(super) use ci_job_does_not_request_token::CiJobDoesNotRequestToken;
pub(super) use gha_fork_pr_no_id_token::GhaForkPrNoIdToken;
pub(super) use gha_id_token_permission_missing::GhaIdTokenPermissionMissing;
pub(super) use idp_refuses_token_transient::IdpRefusesTokenTransient;
pub(super) use imds_hop_limit_blocks_node_role::ImdsHopLimitBlocksNodeRole;
pub(super) use java_sts_module_missing::JavaStsModuleMissing;
pub(super) use role_assumes_itself::RoleAssumesItself;
pub(super) use role_to_assume_empty::RoleToAssumeEmpty;
pub(super) use static_or_other_credentials_take_precedence::StaticOrOtherCredentialsTakePrecedence;
