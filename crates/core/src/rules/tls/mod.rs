//! Rules of the link `tls`.

pub(crate) mod issuer_tls_certificate_invalid_for_host;
