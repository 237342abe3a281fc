//! Rules of the link `injection`.

pub(crate) mod container_injected_after_webhook;
pub(crate) mod env_preset_in_pod_blocks_mutation;
pub(crate) mod pod_created_before_annotation_or_webhook;
pub(crate) mod pod_identity_agent_missing;
pub(crate) mod pod_identity_association_cache_race;
pub(crate) mod role_changed_pods_not_restarted;
pub(crate) mod webhook_absent_or_not_running;
pub(crate) mod webhook_misconfigured_api_version;
pub(crate) mod webhook_misconfigured_cabundle;
pub(crate) mod webhook_sa_cache_race;
pub(crate) mod webhook_version_ignores_annotation;
