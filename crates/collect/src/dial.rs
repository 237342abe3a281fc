//! Where a connection really goes: `--connect-to` rules as in curl, name look-up, and the
//! addresses that are never dialled because a stranger's document says so.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use trustwalk_foreign::address::Reach;

use crate::proxy::{Proxies, Proxy};

/// One `HOST:PORT:ADDR:PORT` rule, curl's syntax. Empty host or port matches any; empty target keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectTo {
    from_host: String,
    from_port: Option<u16>,
    to_host: String,
    to_port: Option<u16>,
}

/// A `--connect-to` rule that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not HOST:PORT:ADDR:PORT")]
pub struct BadConnectTo(String);

impl FromStr for ConnectTo {
    type Err = BadConnectTo;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadConnectTo(text.to_owned());
        let mut parts = Vec::new();
        let mut rest = text;
        // An IPv6 address is bracketed, as in curl, and holds colons of its own.
        while parts.len() < 3 {
            let (part, after) = if let Some(inner) = rest.strip_prefix('[') {
                let (address, after) = inner.split_once(']').ok_or_else(bad)?;
                (address, after.strip_prefix(':').ok_or_else(bad)?)
            } else {
                rest.split_once(':').ok_or_else(bad)?
            };
            parts.push(part);
            rest = after;
        }
        let port = |p: &str| if p.is_empty() { Ok(None) } else { p.parse().map(Some).map_err(|_| bad()) };
        let [from_host, from_port, to_host] = parts.as_slice() else { return Err(bad()) };
        Ok(Self {
            from_host: from_host.to_ascii_lowercase(),
            from_port: port(from_port)?,
            to_host: (*to_host).to_owned(),
            to_port: port(rest)?,
        })
    }
}

/// Rules and policy for every outgoing connection to an issuer.
#[derive(Debug, Clone, Default)]
pub struct Dialer {
    rules: Vec<ConnectTo>,
    known: Vec<(String, Vec<IpAddr>)>,
    proxies: Option<Proxies>,
    word: Word,
}

/// On whose word hosts are dialled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Word {
    /// The user's own, or the user's cluster's.
    #[default]
    Own,
    /// A document's or a token's: private hosts are dialled only where the one named here is meant, to which its own
    /// documents may lead back.
    Stranger {
        /// Lower case.
        vouched: Option<String>,
    },
}

/// Why a name could not be dialled.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// Look-up failed.
    #[error("`{host}` does not resolve: {source}")]
    Resolve {
        /// The name.
        host: String,
        /// The resolver's answer.
        source: std::io::Error,
    },
    /// Only addresses that are never dialled.
    #[error(
        "`{host}` resolves to {address}, a link-local or metadata address, which is never asked because a document \
         says so"
    )]
    Forbidden {
        /// The name.
        host: String,
        /// The address.
        address: IpAddr,
    },
    /// An address inside somebody's network, which a stranger named.
    #[error(
        "`{host}` resolves to {address}, a {kind} address, which is not asked because a document or token says so; \
         if it is meant, give --connect-to {host}:{port}:{address}:{port}",
        kind = Reach::of(*address).words()
    )]
    Inside {
        /// The name.
        host: String,
        /// The port.
        port: u16,
        /// The address.
        address: IpAddr,
    },
    /// No address at all.
    #[error("`{host}` has no address")]
    NoAddress {
        /// The name.
        host: String,
    },
}

impl Dialer {
    /// A dialer with these rules; the first that matches wins.
    pub fn new(rules: Vec<ConnectTo>) -> Self {
        Self { rules, known: Vec::new(), proxies: None, word: Word::Own }
    }

    /// Addresses of a name that need no look-up, as curl's `--resolve`. A rule for the name goes first.
    #[must_use]
    pub fn knowing(mut self, host: &str, addresses: Vec<IpAddr>) -> Self {
        self.known.push((host.to_ascii_lowercase(), addresses));
        self
    }

    /// The same for hosts that a document or a token names. `vouched` is a host that is meant, wherever it is: a
    /// private cluster's issuer has its keys beside it. On a stranger's word already, nobody is vouched for.
    #[must_use]
    pub fn on_a_strangers_word(&self, vouched: Option<&str>) -> Self {
        let vouched = vouched.filter(|_| self.word == Word::Own).map(str::to_ascii_lowercase);
        Self { word: Word::Stranger { vouched }, ..self.clone() }
    }

    /// Whether an address inside a network may be dialled for this host.
    fn vouches(&self, host: &str) -> bool {
        match &self.word {
            Word::Own => true,
            Word::Stranger { vouched } => vouched.as_deref() == Some(host),
        }
    }

    /// Reaches hosts through these proxies, but for those that a rule sends elsewhere.
    #[must_use]
    pub fn through(mut self, proxies: Proxies) -> Self {
        self.proxies = Some(proxies);
        self
    }

    /// The proxy between here and a host.
    pub fn proxy(&self, host: &str, port: u16) -> Option<Proxy> {
        let proxies = self.proxies.as_ref()?;
        if self.rule(host, port).is_some() { None } else { proxies.between(host, port) }
    }

    fn rule(&self, host: &str, port: u16) -> Option<&ConnectTo> {
        let lower = host.to_ascii_lowercase();
        self.rules
            .iter()
            .find(|r| (r.from_host.is_empty() || r.from_host == lower) && r.from_port.is_none_or(|p| p == port))
    }

    /// The rules.
    pub fn rules(&self) -> &[ConnectTo] {
        &self.rules
    }

    /// Addresses of a proxy, which the user named, whoever named the host behind it.
    pub async fn resolve_proxy(&self, proxy: &Proxy) -> Result<Vec<SocketAddr>, DialError> {
        Self { word: Word::Own, ..self.clone() }.resolve(&proxy.host, proxy.port).await
    }

    /// Addresses to try for a host, in order.
    pub async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, DialError> {
        let lower = host.to_ascii_lowercase();
        let rule = self.rule(host, port);
        let (target, target_port) = match rule {
            Some(r) => (if r.to_host.is_empty() { host } else { r.to_host.as_str() }, r.to_port.unwrap_or(port)),
            None => (host, port),
        };
        if rule.is_none()
            && let Some((_, known)) = self.known.iter().find(|(name, _)| *name == lower)
            && !known.is_empty()
        {
            return Ok(known.iter().map(|ip| SocketAddr::new(*ip, port)).collect());
        }
        let bare = target.trim_start_matches('[').trim_end_matches(']');
        let found: Vec<SocketAddr> = tokio::net::lookup_host((bare, target_port))
            .await
            .map_err(|source| DialError::Resolve { host: target.to_owned(), source })?
            .collect();
        // A rule is the user's own word; a name in a token or document is a stranger's. What is checked is what is
        // dialled, so that a name that changes its address in between gains nothing.
        if rule.is_none() {
            self.check(host, port, &found)?;
        }
        if found.is_empty() {
            return Err(DialError::NoAddress { host: host.to_owned() });
        }
        Ok(found)
    }
}

impl Dialer {
    fn check(&self, host: &str, port: u16, found: &[SocketAddr]) -> Result<(), DialError> {
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        for address in found.iter().map(SocketAddr::ip) {
            match Reach::of(address) {
                Reach::Everywhere => {}
                Reach::Machine => return Err(DialError::Forbidden { host: host.to_owned(), address }),
                Reach::Loopback | Reach::Private if self.vouches(&bare) => {}
                Reach::Loopback | Reach::Private => {
                    return Err(DialError::Inside { host: host.to_owned(), port, address });
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_curl_reads_them() {
        let rule: ConnectTo = "Issuer.example:443:127.0.0.1:8443".parse().unwrap();
        assert_eq!(rule.from_host, "issuer.example");
        assert_eq!((rule.from_port, rule.to_port), (Some(443), Some(8443)));
        let any: ConnectTo = "::[::1]:9".parse().unwrap();
        assert_eq!((any.from_host.as_str(), any.from_port, any.to_host.as_str()), ("", None, "::1"));
        for bad in ["", "a:b", "a:1:b", "a:x:b:1", "[::1:1:b:2"] {
            assert!(bad.parse::<ConnectTo>().is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn metadata_addresses_are_not_dialled_on_a_strangers_word() {
        let dialer = Dialer::default();
        for host in ["169.254.169.254", "[fe80::1]", "fd00:ec2::254", "::ffff:169.254.169.254", "0.0.0.0"] {
            let result = dialer.resolve(host, 80).await;
            assert!(matches!(result, Err(DialError::Forbidden { .. })), "{host}: {result:?}");
        }
        assert!(dialer.resolve("127.0.0.1", 80).await.is_ok());
    }

    #[tokio::test]
    async fn inside_a_network_nobody_is_dialled_on_a_strangers_word() {
        let inside = [
            "127.0.0.1",
            "[::1]",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.0.1",
            "100.64.0.1",
            "[fd12::1]",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::1",
            "0.1.2.3",
            "240.0.0.1",
            "::7f00:1",
        ];
        let own = Dialer::default();
        let stranger = own.on_a_strangers_word(None);
        for host in inside {
            let result = stranger.resolve(host, 443).await;
            assert!(matches!(result, Err(DialError::Inside { .. })), "{host}: {result:?}");
            assert!(own.resolve(host, 443).await.is_ok(), "{host}");
            let bare = host.trim_matches(['[', ']']);
            assert!(own.on_a_strangers_word(Some(bare)).resolve(host, 443).await.is_ok(), "{host}");
            assert!(stranger.on_a_strangers_word(Some(bare)).resolve(host, 443).await.is_err(), "{host}");
        }
        for host in ["8.8.8.8", "[2001:4860::1]", "100.128.0.1", "172.32.0.1"] {
            assert!(stranger.resolve(host, 443).await.is_ok(), "{host}");
        }
        for host in ["169.254.169.254", "[fd00:ec2::23]"] {
            let vouched = own.on_a_strangers_word(Some(host.trim_matches(['[', ']'])));
            assert!(matches!(vouched.resolve(host, 443).await, Err(DialError::Forbidden { .. })), "{host}");
        }
        let said = stranger.resolve("127.0.0.1", 443).await.unwrap_err().to_string();
        assert!(said.contains("--connect-to 127.0.0.1:443:127.0.0.1:443"), "{said}");
        let ruled = Dialer::new(vec!["keys.example:443:127.0.0.1:8443".parse().unwrap()]).on_a_strangers_word(None);
        assert!(ruled.resolve("keys.example", 443).await.is_ok(), "a rule is the user's word");
    }

    #[tokio::test]
    async fn the_first_matching_rule_decides() {
        let dialer =
            Dialer::new(vec!["a.example:443:127.0.0.1:1".parse().unwrap(), ":443:127.0.0.1:2".parse().unwrap()]);
        assert_eq!(dialer.resolve("A.EXAMPLE", 443).await.unwrap()[0].port(), 1);
        assert_eq!(dialer.resolve("b.example", 443).await.unwrap()[0].port(), 2);
    }
}
