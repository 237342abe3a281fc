//! Rules of the keys link, one file each.

mod apiserver_issuer_or_keys_replaced_breaks_cluster;
mod issuer_keys_fetch_transient_failure;

pub(super) use apiserver_issuer_or_keys_replaced_breaks_cluster::ApiserverIssuerOrKeysReplacedBreaksCluster;
pub(super) use issuer_keys_fetch_transient_failure::IssuerKeysFetchTransientFailure;
