//! Rules of the issuer link, one file each.

mod issuer_documents_not_public;
mod issuer_host_mismatch_with_documents;
mod issuer_is_cluster_local_url;
mod issuer_trailing_slash_mismatch;

pub(super) use issuer_documents_not_public::IssuerDocumentsNotPublic;
pub(super) use issuer_host_mismatch_with_documents::IssuerHostMismatchWithDocuments;
pub(super) use issuer_is_cluster_local_url::IssuerIsClusterLocalUrl;
pub(super) use issuer_trailing_slash_mismatch::IssuerTrailingSlashMismatch;
