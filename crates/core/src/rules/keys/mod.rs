//! Rules of the link `keys`.

pub(crate) mod issuer_keys_fetch_transient_failure;
