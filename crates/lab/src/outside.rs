//! Issuers of one's own: outside the lab, and reachable for its STS.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use rustls_pki_types::CertificateDer;

use crate::LabError;

/// The port of an issuer, unless its URL names another.
const HTTPS: u16 = 443;

/// An address, once it is found, or why there is none.
pub type Found = Pin<Box<dyn Future<Output = Result<SocketAddr, String>> + Send>>;
/// Finds out where a host's port is.
pub type Find = Arc<dyn Fn(String, u16) -> Found + Send + Sync>;

/// What is outside the lab and may be reached by its STS: these issuers, and where they keep their keys.
#[derive(Clone)]
pub struct Outside {
    /// URLs of issuers.
    pub issuers: Vec<String>,
    /// Roots that the account's trust library holds besides the lab's own.
    pub roots: Vec<CertificateDer<'static>>,
    /// Where hosts are.
    pub find: Find,
}

impl Default for Outside {
    /// Nothing: the lab stays on loopback.
    fn default() -> Self {
        let find = |host: String, _port: u16| -> Found { Box::pin(async move { Err(format!("{host} is outside")) }) };
        Self { issuers: Vec::new(), roots: Vec::new(), find: Arc::new(find) }
    }
}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outside").field("issuers", &self.issuers).finish_non_exhaustive()
    }
}

/// Where hosts of the outside world are, for the account.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts(Arc<RwLock<BTreeMap<String, Place>>>);

#[derive(Debug, Clone, Copy)]
enum Place {
    /// Whatever the port.
    Whole(SocketAddr),
    /// At this port.
    Port(SocketAddr),
}

fn at(host: &str, port: u16) -> String {
    format!("{}:{port}", host.to_ascii_lowercase())
}

impl Hosts {
    /// The lab's own issuers.
    pub(crate) fn own<'a>(hosts: impl IntoIterator<Item = &'a str>, address: SocketAddr) -> Self {
        let places = hosts.into_iter().map(|host| (host.to_owned(), Place::Whole(address))).collect();
        Self(Arc::new(RwLock::new(places)))
    }

    /// Where a host's port is.
    pub(crate) fn find(&self, host: &str, port: u16) -> Option<SocketAddr> {
        let places = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match places.get(&at(host, port)).or_else(|| places.get(host)) {
            Some(Place::Whole(address) | Place::Port(address)) => Some(*address),
            None => None,
        }
    }

    pub(crate) fn put(&self, host: &str, port: u16, address: SocketAddr) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(at(host, port), Place::Port(address));
    }
}

/// Host and port of an https URL without a query.
pub(crate) fn place_of(url: &str) -> Option<(String, u16)> {
    let uri: http::Uri = url.parse().ok()?;
    let host = uri.host().filter(|host| !host.is_empty())?;
    (uri.scheme_str() == Some("https") && uri.query().is_none())
        .then(|| (host.to_owned(), uri.port_u16().unwrap_or(HTTPS)))
}

/// Where the issuers' hosts are. One without an address keeps the lab from starting: nobody could exchange its tokens.
pub(crate) async fn places(outside: &Outside) -> Result<Vec<(String, u16, SocketAddr)>, LabError> {
    let mut places = Vec::new();
    for issuer in &outside.issuers {
        let refused = |why: String| LabError::Outside { issuer: issuer.clone(), why };
        let (host, port) =
            place_of(issuer).ok_or_else(|| refused("an issuer is an https URL without a query".to_owned()))?;
        let address = (outside.find)(host.clone(), port).await.map_err(&refused)?;
        places.push((host, port, address));
    }
    Ok(places)
}

/// How an issuer stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its URL.
    pub issuer: String,
    /// Whether the account's trust library knows its certificate; why it does not answer, otherwise.
    pub answer: Result<bool, String>,
}

/// How every issuer stands, as last seen.
#[derive(Debug, Default)]
pub(crate) struct Standings(Mutex<BTreeMap<String, Result<bool, String>>>);

impl Standings {
    pub(crate) fn put(&self, issuer: &str, answer: Result<bool, String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(issuer.to_owned(), answer);
    }

    pub(crate) fn all(&self) -> Vec<Standing> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let standing = |(issuer, answer): (&String, &Result<bool, String>)| Standing {
            issuer: issuer.clone(),
            answer: answer.clone(),
        };
        known.iter().map(standing).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_an_https_url_and_a_host_has_its_ports() {
        assert_eq!(place_of("https://gitlab.example"), Some(("gitlab.example".to_owned(), 443)));
        assert_eq!(place_of("https://10.0.0.1:6443/openid"), Some(("10.0.0.1".to_owned(), 6443)));
        assert_eq!(place_of("http://gitlab.example"), None);
        assert_eq!(place_of("https://gitlab.example/?a=b"), None);
        let hosts = Hosts::own(["a"], ([127, 0, 0, 1], 1).into());
        hosts.put("B", 6443, ([127, 0, 0, 1], 2).into());
        assert_eq!(hosts.find("a", 9).map(|a| a.port()), Some(1));
        assert_eq!((hosts.find("b", 6443).map(|a| a.port()), hosts.find("b", 443)), (Some(2), None));
    }
}
