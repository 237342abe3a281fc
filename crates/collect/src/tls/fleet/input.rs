//! One line of input: a URL, a host, or a host and its port.

use std::fmt;
use std::str::FromStr;

/// Port of https.
const HTTPS: u16 = 443;

/// Where to fetch a chain.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// Host name in lower case, or an address without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// A line that names no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAnEndpoint {
    /// It makes no sense as either.
    #[error("this is neither an https URL nor a host")]
    Nonsense,
    /// Credentials in a URL are nobody's host.
    #[error("a user name or password stands before the host: take it out")]
    UserInfo,
    /// A port that does not exist.
    #[error("the port is no number from 1 to 65535")]
    Port,
}

impl FromStr for Endpoint {
    type Err = NotAnEndpoint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let rest = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => rest,
            Some(_) => return Err(NotAnEndpoint::Nonsense),
            None => text,
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(NotAnEndpoint::UserInfo);
        }
        let (host, port) = if let Some(inner) = authority.strip_prefix('[') {
            let (host, after) = inner.split_once(']').ok_or(NotAnEndpoint::Nonsense)?;
            host.parse::<std::net::Ipv6Addr>().map_err(|_| NotAnEndpoint::Nonsense)?;
            (host, if after.is_empty() { None } else { Some(after.strip_prefix(':').ok_or(NotAnEndpoint::Nonsense)?) })
        } else if authority.parse::<std::net::Ipv6Addr>().is_ok() {
            (authority, None)
        } else {
            authority.split_once(':').map_or((authority, None), |(h, p)| (h, Some(p)))
        };
        let port = port.map_or(Ok(HTTPS), |p| p.parse().ok().filter(|p| *p > 0).ok_or(NotAnEndpoint::Port))?;
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b':');
        if host.is_empty() || host.len() > 253 || !host.bytes().all(plain) {
            return Err(NotAnEndpoint::Nonsense);
        }
        Ok(Self { host, port })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_hosts_are_read() {
        for (text, host, port) in [
            ("https://oidc.eks.us-west-2.amazonaws.com/id/ABC", "oidc.eks.us-west-2.amazonaws.com", 443),
            ("HTTPS://A.example:8443?x", "a.example", 8443),
            (" a.example. ", "a.example", 443),
            ("a.example:1", "a.example", 1),
            ("[::1]:9", "::1", 9),
            ("::1", "::1", 443),
            ("127.0.0.1:5", "127.0.0.1", 5),
        ] {
            assert_eq!(text.parse(), Ok(Endpoint { host: host.to_owned(), port }), "{text}");
        }
        for bad in ["", "http://a.example", "https://", "a:b", "a:0", "u:p@a.example", "[x]:1", "a b", "[::1]9"] {
            assert!(bad.parse::<Endpoint>().is_err(), "{bad}");
        }
    }
}
