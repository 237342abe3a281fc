//! The chain a host presents, fetched as cheaply as the question allows, for one host or a million.

mod dial;
mod error;
mod fetch;
pub mod fleet;
mod handshake;
mod hello;
mod metered;
mod options;
mod p521;
mod raw;

pub(crate) use dial::tunnel;
pub use error::{FetchError, Stage};
pub(crate) use fetch::open;
pub use fetch::{AddressChain, FetchedChain, TlsVersion, fetch_all_addresses, fetch_chain, tls13_only};
pub(crate) use handshake::{TlsStream, shake};
pub use options::{DialOptions, Family, MAX_CHAIN, MAX_HANDSHAKE_BYTES, Mode};
pub use raw::read_flight;
