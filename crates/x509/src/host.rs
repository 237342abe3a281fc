//! Whether a certificate stands for a host: alternative names only, as RFC 9525 asks.

use std::fmt;
use std::net::IpAddr;

use crate::certificate::Certificate;
use crate::extensions::GeneralName;

/// Longest host name in DNS (RFC 1035, 2.3.4), as text.
pub(crate) const MAX_NAME: usize = 253;
/// Longest label in DNS.
pub(crate) const MAX_LABEL: usize = 63;

/// A host to be reached: a DNS name in its A-label form, lower-case without a final dot, or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A name.
    Name(String),
    /// An address.
    Address(IpAddr),
}

/// Text that is no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// Not a DNS name and not an address.
    #[error("`{0}` is neither a host name nor an address")]
    NotAHost(String),
    /// A name with other characters than ASCII, which certificates hold as A-labels.
    #[error("`{0}` must be written with A-labels (`xn--…`)")]
    NotAscii(String),
}

impl Host {
    /// Reads a name or an address; brackets around an IPv6 address are taken off.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse() {
            return Ok(Self::Address(address));
        }
        if !text.is_ascii() {
            return Err(HostError::NotAscii(text.to_owned()));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let plain = |label: &str| {
            (1..=MAX_LABEL).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        // A last label of digits is a mistyped address, never a name (RFC 3696, 2).
        let numeric = name.rsplit('.').next().is_some_and(|l| l.bytes().all(|b| b.is_ascii_digit()));
        if name.len() <= MAX_NAME && !numeric && name.split('.').all(plain) {
            Ok(Self::Name(name))
        } else {
            Err(HostError::NotAHost(text.to_owned()))
        }
    }

    /// Whether one of the certificate's alternative names stands for it.
    pub fn is_named_by(&self, certificate: &Certificate) -> bool {
        certificate.extensions().alternative_names.iter().any(|name| match (self, name) {
            (Self::Name(host), GeneralName::Dns(pattern)) => matches(pattern, host),
            (Self::Address(ip), GeneralName::Ip(named)) => ip == named,
            _ => false,
        })
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(ip) => write!(f, "{ip}"),
        }
    }
}

/// A wildcard is a whole first label, stands for exactly one label, and two more must follow
/// (RFC 9525, 6.3; browsers refuse `*.com`).
fn matches(pattern: &str, host: &str) -> bool {
    let Some(suffix) = pattern.strip_prefix("*.") else {
        return pattern.eq_ignore_ascii_case(host);
    };
    let Some((first, rest)) = host.split_once('.') else { return false };
    !first.is_empty() && suffix.contains('.') && !suffix.contains('*') && suffix.eq_ignore_ascii_case(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_one_label() {
        for (pattern, host, wanted) in [
            ("a.example.com", "a.example.com", true),
            ("A.Example.com", "a.example.com", true),
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "a.b.example.com", false),
            ("*.example.com", "example.com", false),
            ("*.com", "example.com", false),
            ("*", "com", false),
            ("a*.example.com", "ab.example.com", false),
            ("*.*.com", "a.b.com", false),
        ] {
            assert_eq!(matches(pattern, host), wanted, "{pattern} {host}");
        }
    }

    #[test]
    fn hosts_are_names_or_addresses() {
        assert_eq!(Host::parse("OIDC.eks.amazonaws.com."), Ok(Host::Name("oidc.eks.amazonaws.com".to_owned())));
        assert_eq!(Host::parse("[::1]"), Ok(Host::Address("::1".parse().unwrap())));
        assert!(matches!(Host::parse("bücher.example"), Err(HostError::NotAscii(_))));
        for bad in ["", "a..b", "a b", "1.2.3.400", "*.example.com", "a/b"] {
            assert!(Host::parse(bad).is_err(), "{bad}");
        }
    }
}
