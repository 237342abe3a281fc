//! Rules of the link `issuer`.

pub(crate) mod apiserver_issuer_or_keys_replaced_breaks_cluster;
pub(crate) mod issuer_documents_not_public;
pub(crate) mod issuer_host_mismatch_with_documents;
pub(crate) mod issuer_is_cluster_local_url;
