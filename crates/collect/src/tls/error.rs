//! Why a chain could not be fetched.

use std::time::Duration;

use crate::dial::DialError;

/// Why a chain could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The name leads nowhere, or where nobody goes.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// It has addresses, but none of the family asked for.
    #[error("`{0}` has no address of the family asked for")]
    Family(String),
    /// The connection was not made.
    #[error("no connection: {}", crate::words::transport(.0))]
    Connect(#[source] std::io::Error),
    /// The connection broke.
    #[error("the connection broke during the handshake: {}", crate::words::transport(.0))]
    Broken(#[source] std::io::Error),
    /// The peer closed it.
    #[error("the host closed the connection before it presented a certificate")]
    Closed,
    /// It took too long.
    #[error("no {} within {} ms", .0.awaited(), .1.as_millis())]
    Timeout(Stage, Duration),
    /// The peer refused, with TLS's own number for why.
    #[error("the host refused the handshake with TLS alert {number} ({name})")]
    Alert {
        /// The number.
        number: u8,
        /// RFC 8446's name.
        name: &'static str,
    },
    /// What came is not TLS.
    #[error("the host does not speak TLS: {0}")]
    NotTls(&'static str),
    /// What came is TLS and breaks its rules.
    #[error("the host broke TLS's rules: {0}")]
    Malformed(&'static str),
    /// More bytes than are read.
    #[error("the handshake has more than {0} bytes")]
    TooManyBytes(usize),
    /// More certificates than are read.
    #[error("the chain has more than {0} certificates")]
    TooManyCertificates(usize),
    /// The TLS library gave up.
    #[error("the handshake failed: {}", crate::words::handshake(.0))]
    Handshake(#[source] rustls::Error),
    /// The name cannot be sent in a handshake.
    #[error("`{0}` cannot be asked for in a TLS handshake")]
    Name(String),
    /// The proxy refused.
    #[error("the proxy answered CONNECT with `{0}`")]
    Proxy(String),
    /// The proxy closed the connection.
    #[error("the proxy closed the connection instead of answering CONNECT")]
    ProxyClosed,
}

/// How far a fetch had come when its time was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The name is looked up.
    LookUp,
    /// An address is dialled.
    Connect,
    /// The proxy was asked for a tunnel.
    Tunnel,
    /// The host was greeted.
    Handshake,
}

impl Stage {
    fn awaited(self) -> &'static str {
        match self {
            Self::LookUp => "address",
            Self::Connect => "connection",
            Self::Tunnel => "answer to CONNECT from the proxy",
            Self::Handshake => "certificate",
        }
    }
}

impl FetchError {
    /// Stable word for the kind, for machine-readable output.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Dial(DialError::Forbidden { .. } | DialError::Inside { .. }) => "forbidden-address",
            Self::Dial(_) | Self::Family(_) => "resolve",
            Self::Connect(_) => "connect",
            Self::Broken(_) | Self::Closed => "closed",
            Self::Timeout(..) => "timeout",
            Self::Alert { .. } => "alert",
            Self::NotTls(_) => "not-tls",
            Self::Malformed(_) | Self::Handshake(_) => "handshake",
            Self::TooManyBytes(_) | Self::TooManyCertificates(_) => "too-large",
            Self::Name(_) => "name",
            Self::Proxy(_) | Self::ProxyClosed => "proxy",
        }
    }

    /// Whether asking again may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Connect(_) | Self::Broken(_) | Self::Closed | Self::Timeout(..))
    }

    /// Whether the peer turned the hello down, and might accept another.
    pub(super) fn is_refusal(&self) -> bool {
        // Unrecognised name (112) stays refused in any version.
        matches!(self, Self::Alert { number, .. } if *number != 112) || matches!(self, Self::Closed | Self::Broken(_))
    }

    /// Whether the refusal says that the version or everything that goes with it is not spoken:
    /// `protocol_version` as RFC 8446, 4.1.3 and RFC 5246, E.1 ask for, and the `handshake_failure` and
    /// `insufficient_security` that other libraries send when no suite of an old version is left.
    pub(super) fn is_about_version(&self) -> bool {
        matches!(self, Self::Alert { number: 40 | 70 | 71, .. })
    }
}

/// RFC 8446's name of an alert.
pub(super) fn alert(number: u8) -> FetchError {
    let name = match number {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        22 => "record_overflow",
        40 => "handshake_failure",
        42 => "bad_certificate",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        109 => "missing_extension",
        110 => "unsupported_extension",
        112 => "unrecognized_name",
        116 => "certificate_required",
        120 => "no_application_protocol",
        _ => "unknown",
    };
    FetchError::Alert { number, name }
}
