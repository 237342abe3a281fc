//! The connection that requests share: HTTP/2 where the server has it, which API servers do, so that a walk needs one.
//!
//! The client's own connector speaks HTTP/1.1 alone, because an upgrade to WebSocket needs it; for those it stays.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Uri, header};
use hyper_rustls::{FixedServerNameResolver, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ClientBuilder, ConfigExt as _};
use rustls_pki_types::ServerName;
use secrecy::ExposeSecret as _;
use tower_service::Service;

use super::kubeconfig::whole_text;

/// A client whose requests share a connection; nothing where a proxy is spoken to in a way that only the other knows.
pub(super) fn shared(config: &kube::Config) -> Result<Option<kube::Client>, String> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(config.connect_timeout);
    match &config.proxy_url {
        None => built(config, http).map(Some),
        Some(proxy) if proxy.scheme_str() == Some("http") => {
            let mut tunnel = Tunnel::new(proxy.clone(), http);
            if let Some(password) = password(proxy) {
                tunnel = tunnel.with_auth(password);
            }
            built(config, tunnel).map(Some)
        }
        Some(_) => Ok(None),
    }
}

/// `Proxy-Authorization` for the user information in a URL, which is percent-encoded there.
fn password(proxy: &Uri) -> Option<HeaderValue> {
    let (user, _) = proxy.authority()?.as_str().rsplit_once('@')?;
    basic(&crate::percent::decode(user))
}

fn basic(pair: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn built<C>(config: &kube::Config, connector: C) -> Result<kube::Client, String>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Connection + hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
    C::Future: Send + 'static,
    C::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut config = config.clone();
    if let Some(authorization) = authorization(&config) {
        config.headers.push((header::AUTHORIZATION, authorization));
    }
    let tls = config.rustls_client_config().map_err(|e| whole_text(&e))?;
    let mut https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
    if let Some(name) = &config.tls_server_name {
        let name = ServerName::try_from(name.clone()).map_err(|e| whole_text(&e))?;
        https = https.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    let http: Client<_, Body> =
        Client::builder(TokioExecutor::new()).build(https.enable_all_versions().wrap_connector(connector));
    let headers = config.extra_headers_layer().map_err(|e| whole_text(&e))?;
    let builder = ClientBuilder::new(http, config.default_namespace.clone());
    Ok(builder.with_layer(&headers).with_layer(&config.base_uri_layer()).build())
}

/// As the client's own layer sends it: a password goes before a token.
fn authorization(config: &kube::Config) -> Option<HeaderValue> {
    let user = &config.auth_info;
    if let (Some(name), Some(password)) = (&user.username, &user.password) {
        return basic(&format!("{name}:{}", password.expose_secret()));
    }
    let token = user.token.as_ref()?.expose_secret();
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxys_password_is_sent_decoded() {
        let proxy: Uri = "http://u:a%40b@127.0.0.1:1".parse().unwrap();
        let sent = password(&proxy).unwrap();
        assert_eq!(sent.to_str().unwrap(), format!("Basic {}", STANDARD.encode("u:a@b")));
        assert!(password(&"http://127.0.0.1:1".parse().unwrap()).is_none());
    }
}
