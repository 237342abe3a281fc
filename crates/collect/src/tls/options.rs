//! How a chain is to be fetched, and what a stranger may make it cost.

use std::time::Duration;

use crate::calls::Calls;
use crate::dial::Dialer;
use crate::limits::ISSUER_TIMEOUT;
use crate::proxy::Proxy;

/// Bytes of handshake read before a host is given up. Real chains are below 20 kB; TLS libraries
/// stop between 64 and 256 KiB.
pub const MAX_HANDSHAKE_BYTES: usize = 256 << 10;
/// Certificates in one chain. OpenSSL stops verifying at 100; nobody presents more than ten.
pub const MAX_CHAIN: usize = 32;
/// Addresses of one name that are compared.
pub(super) const MAX_ADDRESSES: usize = 16;
/// Header bytes of a proxy's answer to CONNECT.
pub(super) const MAX_PROXY_ANSWER: usize = 16 << 10;

/// How far a handshake goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Stop when the certificates are there. In TLS 1.2 they come in the clear, so no cryptography is
    /// done; a host that refuses 1.2 is asked again with 1.3. The chain is not proven to be the host's.
    #[default]
    Quick,
    /// A complete handshake whose signature is checked with the leaf's key.
    Proven,
}

/// Which addresses are dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Family {
    /// As the resolver orders them.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// Where connections go and how long they may take.
#[derive(Debug, Clone)]
pub struct DialOptions {
    /// `--connect-to` rules, and the guard against link-local and metadata addresses.
    pub dialer: Dialer,
    /// A proxy in between, whatever the environment says.
    pub proxy: Option<Proxy>,
    /// For one chain, everything included.
    pub timeout: Duration,
    /// The name asked for in the handshake, when it is not the host's.
    pub server_name: Option<String>,
    /// Addresses to use.
    pub family: Family,
    /// Bytes of handshake read at most.
    pub max_bytes: usize,
    /// Certificates at most.
    pub max_certificates: usize,
    /// Where each document asked for is noted.
    pub calls: Calls,
}

impl DialOptions {
    /// The proxy between here and a host: the one that was given, or the environment's.
    pub(crate) fn between(&self, host: &str, port: u16) -> Option<Proxy> {
        self.proxy.clone().or_else(|| self.dialer.proxy(host, port))
    }
}

impl Default for DialOptions {
    fn default() -> Self {
        Self {
            dialer: Dialer::default(),
            proxy: None,
            timeout: ISSUER_TIMEOUT,
            server_name: None,
            family: Family::Any,
            max_bytes: MAX_HANDSHAKE_BYTES,
            max_certificates: MAX_CHAIN,
            calls: Calls::default(),
        }
    }
}
