//! Why a document could not be read.

use std::time::Duration;

use crate::tls::FetchError;

/// Why an issuer's document could not be read. The connection's own troubles come from the TLS reader.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// The URL is none, or none that STS would fetch.
    #[error("`{url}` {reason}")]
    Url { url: String, reason: String },
    /// No connection with a chain.
    #[error("{host}:{port}: {source}")]
    Tls { host: String, port: u16, source: FetchError },
    /// It took too long after the handshake.
    #[error("{url}: no whole answer within {} ms", limit.as_millis())]
    Slow { url: String, limit: Duration },
    /// The status line or the headers are no HTTP, or without end.
    #[error("{url}: the answer's head cannot be read: {reason}")]
    Head { url: String, reason: String },
    /// The body does not keep to its own framing, or broke off.
    #[error("{url}: the answer's body cannot be read: {reason}")]
    Body { url: String, reason: String },
    /// The body is larger than any real document.
    #[error("{url}: the answer is larger than {limit} bytes, more than any real document has")]
    TooLarge { url: String, limit: usize },
    /// It came compressed, which nobody asked for and which may hide any size.
    #[error("{url}: the answer came compressed (`{encoding}`), which was not asked for")]
    Compressed { url: String, encoding: String },
}
