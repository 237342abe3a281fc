//! What strangers present and publish, over real sockets on loopback: honest servers of every kind,
//! and hostile ones, each of which ends in a clear error within the limits.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod addresses;
mod documents;
mod fleet;
mod honest;
mod hostile_documents;
mod hostile_tls;
mod openssl;
mod proxy;
mod servers;
mod versions;
