//! Rules of the injection link, one file each.

mod automount_service_account_token_false;
mod container_injected_after_webhook;
mod env_preset_in_pod_blocks_mutation;
mod pod_created_before_annotation_or_webhook;
mod pod_identity_agent_missing;
mod pod_identity_association_cache_race;
mod role_changed_pods_not_restarted;
mod token_file_absent_where_code_runs;
mod token_file_unreadable_fsgroup;
mod webhook_absent_or_not_running;
mod webhook_misconfigured_api_version;
mod webhook_misconfigured_cabundle;
mod webhook_sa_cache_race;
mod webhook_version_ignores_annotation;
mod windows_token_path;
mod wrong_token_file_kubernetes_default_token;

pub(super) use automount_service_account_token_false::AutomountServiceAccountTokenFalse;
pub(super) use container_injected_after_webhook::ContainerInjectedAfterWebhook;
pub(super) use env_preset_in_pod_blocks_mutation::EnvPresetInPodBlocksMutation;
pub(super) use pod_created_before_annotation_or_webhook::PodCreatedBeforeAnnotationOrWebhook;
pub(super) use pod_identity_agent_missing::PodIdentityAgentMissing;
pub(super) use pod_identity_association_cache_race::PodIdentityAssociationCacheRace;
pub(super) use role_changed_pods_not_restarted::RoleChangedPodsNotRestarted;
pub(super) use token_file_absent_where_code_runs::TokenFileAbsentWhereCodeRuns;
pub(super) use token_file_unreadable_fsgroup::TokenFileUnreadableFsgroup;
pub(super) use webhook_absent_or_not_running::WebhookAbsentOrNotRunning;
pub(super) use webhook_misconfigured_api_version::WebhookMisconfiguredApiVersion;
pub(super) use webhook_misconfigured_cabundle::WebhookMisconfiguredCabundle;
pub(super) use webhook_sa_cache_race::WebhookSaCacheRace;
pub(super) use webhook_version_ignores_annotation::WebhookVersionIgnoresAnnotation;
pub(super) use windows_token_path::WindowsTokenPath;
pub(super) use wrong_token_file_kubernetes_default_token::WrongTokenFileKubernetesDefaultToken;
