//! The proxy of the environment: `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in either case, as curl,
//! kubectl and the AWS CLI read them. It serves TLS alone: what goes unencrypted here goes to endpoints
//! on loopback.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

use crate::env::env_var;
use crate::error::CollectError;

/// Where a proxy listens when its URL does not say, as in curl.
const DEFAULT_PORT: u16 = 1080;
/// The variables that name it, in the order in which they are looked at.
const NAMES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// An HTTP proxy that understands CONNECT.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The value of `Proxy-Authorization`, when it asks for one.
    pub authorization: Option<String>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authorization = self.authorization.as_ref().map(|_| "redacted");
        f.debug_struct("Proxy")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("authorization", &authorization)
            .finish()
    }
}

/// Which hosts are reached through which proxy.
#[derive(Clone)]
pub struct Proxies {
    matcher: Arc<Matcher>,
    /// As it was written, for a client that reads it itself.
    url: String,
}

impl fmt::Debug for Proxies {
    /// A proxy's URL may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proxies")
    }
}

impl Proxies {
    /// What the environment says.
    ///
    /// # Errors
    /// A proxy that is spoken to in another way than by HTTP's CONNECT.
    pub fn from_environment() -> Result<Self, CollectError> {
        let told = NAMES.iter().find_map(|name| env_var(name)).unwrap_or_default();
        Self::new(Matcher::from_env(), told)
    }

    fn new(matcher: Matcher, url: String) -> Result<Self, CollectError> {
        // A name that no list of exceptions holds.
        if let Some(found) = matcher.intercept(&Uri::from_static("https://host.invalid")) {
            match found.uri().scheme_str() {
                Some("http") | None => {}
                Some(other) => return Err(CollectError::Proxy(other.to_owned())),
            }
        }
        let url = if url.contains("://") { url } else { format!("http://{url}") };
        Ok(Self { matcher: Arc::new(matcher), url })
    }

    /// The proxy between here and a host, if any. Loopback is never meant, as in Go's `net/http`.
    pub fn between(&self, host: &str, port: u16) -> Option<Proxy> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let address = bare.parse::<IpAddr>().ok();
        if bare.eq_ignore_ascii_case("localhost") || address.is_some_and(|a| a.is_loopback()) {
            return None;
        }
        let authority = if bare.contains(':') { format!("[{bare}]:{port}") } else { format!("{bare}:{port}") };
        let uri = Uri::builder().scheme("https").authority(authority).path_and_query("/").build().ok()?;
        let found = self.matcher.intercept(&uri)?;
        Some(Proxy {
            host: found.uri().host()?.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: found.uri().port_u16().unwrap_or(DEFAULT_PORT),
            authorization: found.basic_auth().and_then(|v| v.to_str().ok()).map(str::to_owned),
        })
    }
}

impl Proxies {
    /// The same as a URL, password included, for the Kubernetes client.
    pub(crate) fn url_between(&self, server: &Uri) -> Option<Uri> {
        if server.scheme_str() != Some("https") {
            return None;
        }
        self.between(server.host()?, server.port_u16().unwrap_or(443))?;
        self.url.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(https: &str, no: &str) -> Result<Proxies, CollectError> {
        Proxies::new(Matcher::builder().https(https).no(no).build(), https.to_owned())
    }

    #[test]
    fn hosts_go_through_it_unless_excepted_or_on_loopback() {
        let proxies = proxies("http://proxy.example:3128", "internal.example,10.0.0.0/8").unwrap();
        let through = |host: &str| proxies.between(host, 443).map(|p| (p.host, p.port));
        assert_eq!(through("sts.us-west-2.amazonaws.com"), Some(("proxy.example".to_owned(), 3128)));
        assert_eq!(through("2001:db8::1"), Some(("proxy.example".to_owned(), 3128)));
        for direct in ["internal.example", "api.internal.example", "10.1.2.3", "127.0.0.1", "::1", "[::1]", "localhost"]
        {
            assert_eq!(through(direct), None, "{direct}");
        }
    }

    #[test]
    fn its_password_is_sent_and_not_shown() {
        let proxies = proxies("http://user:hidden@proxy.example", "").unwrap();
        let proxy = proxies.between("issuer.example", 443).unwrap();
        assert!(proxy.authorization.as_deref().is_some_and(|v| v.starts_with("Basic ")));
        assert!(!format!("{proxies:?} {proxy:?}").contains("hidden"));
        assert_eq!(proxy.port, DEFAULT_PORT);
    }

    #[test]
    fn no_proxy_is_none_and_other_kinds_are_refused() {
        assert!(proxies("", "").unwrap().between("issuer.example", 443).is_none());
        assert!(
            matches!(proxies("socks5://proxy.example:1080", ""), Err(CollectError::Proxy(kind)) if kind == "socks5")
        );
    }
}
