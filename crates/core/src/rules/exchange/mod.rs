//! Rules of the link `exchange`.

pub(crate) mod app_overrides_endpoint_or_tls_settings;
pub(crate) mod ca_bundle_missing_in_container;
pub(crate) mod dns_or_network_to_sts_broken;
pub(crate) mod iam_eventual_consistency;
pub(crate) mod network_policy_blocks_sts;
pub(crate) mod org_policy_rcp_scp_deny;
pub(crate) mod proxy_blocks_sts;
pub(crate) mod region_not_enabled_for_account;
pub(crate) mod requested_duration_not_raised;
pub(crate) mod requested_lifetime_exceeds_limit;
pub(crate) mod role_chaining_one_hour_cap;
pub(crate) mod role_session_name_invalid;
pub(crate) mod session_shorter_than_job;
pub(crate) mod sts_call_sent_to_wrong_partition_region;
pub(crate) mod sts_global_endpoint_in_private_network;
pub(crate) mod sts_global_endpoint_single_region_dependency;
pub(crate) mod sts_vpc_endpoint_blackholed;
