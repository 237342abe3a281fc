//! Rules of the exchange link, one file each.

mod app_does_not_refresh_session_credentials;
mod app_overrides_endpoint_or_tls_settings;
mod ca_bundle_missing_in_container;
mod dns_or_network_to_sts_broken;
mod network_policy_blocks_sts;
mod proxy_blocks_sts;
mod region_not_enabled_for_account;
mod requested_duration_not_raised;
mod requested_lifetime_exceeds_limit;
mod role_chaining_one_hour_cap;
mod role_session_name_invalid;
mod session_shorter_than_job;
mod sts_global_endpoint_in_private_network;
mod sts_vpc_endpoint_blackholed;

pub(super) use app_does_not_refresh_session_credentials::AppDoesNotRefreshSessionCredentials;
pub(super) use app_overrides_endpoint_or_tls_settings::AppOverridesEndpointOrTlsSettings;
pub(super) use ca_bundle_missing_in_container::CaBundleMissingInContainer;
pub(super) use dns_or_network_to_sts_broken::DnsOrNetworkToStsBroken;
pub(super) use network_policy_blocks_sts::NetworkPolicyBlocksSts;
pub(super) use proxy_blocks_sts::ProxyBlocksSts;
pub(super) use region_not_enabled_for_account::RegionNotEnabledForAccount;
pub(super) use requested_duration_not_raised::RequestedDurationNotRaised;
pub(super) use requested_lifetime_exceeds_limit::RequestedLifetimeExceedsLimit;
pub(super) use role_chaining_one_hour_cap::RoleChainingOneHourCap;
pub(super) use role_session_name_invalid::RoleSessionNameInvalid;
pub(super) use session_shorter_than_job::SessionShorterThanJob;
pub(super) use sts_global_endpoint_in_private_network::StsGlobalEndpointInPrivateNetwork;
pub(super) use sts_vpc_endpoint_blackholed::StsVpcEndpointBlackholed;
