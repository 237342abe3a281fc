//! A connector for the pooled client: `--connect-to`, TLS verified against the system's roots
//! and `--ca-bundle`, plain HTTP for loopback endpoints.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::dial::Dialer;
use crate::either_roots::EitherRoots;
use crate::error::CollectError;
use crate::roots::RootOptions;
use crate::tls::tunnel;

/// HTTP/2's name (RFC 9113, 3.2).
const HTTP2: &[u8] = b"h2";

/// Makes connections for API calls.
#[derive(Clone)]
pub(crate) struct Connector {
    dialer: Dialer,
    roots: RootOptions,
    /// Made at the first TLS connection: an account reached over plain HTTP needs none.
    tls: Arc<OnceLock<Result<Arc<ClientConfig>, String>>>,
}

impl Connector {
    pub(crate) fn new(dialer: Dialer, roots: RootOptions) -> Self {
        Self { dialer, roots, tls: Arc::new(OnceLock::new()) }
    }

    fn tls(&self) -> Result<Arc<ClientConfig>, String> {
        self.tls.get_or_init(|| client_config(&self.roots).map_err(|e| e.to_string())).clone()
    }

    async fn connect(self, uri: Uri) -> Result<TokioIo<Stream>, std::io::Error> {
        let other = |e: String| std::io::Error::other(e);
        let host = uri.host().ok_or_else(|| other("the URL has no host".to_owned()))?.to_owned();
        let secure = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if !secure {
            return Ok(TokioIo::new(Stream::Plain(dial(&self.dialer, &host, port).await?)));
        }
        let tcp = match self.dialer.proxy(&bare, port) {
            Some(proxy) => {
                let addresses = self.dialer.resolve_proxy(&proxy).await.map_err(std::io::Error::other)?;
                let mut tcp = to_first(&addresses).await?;
                tunnel(&mut tcp, &bare, port, &proxy).await.map_err(std::io::Error::other)?;
                tcp
            }
            None => dial(&self.dialer, &host, port).await?,
        };
        let config = self.tls().map_err(other)?;
        let name = ServerName::try_from(bare).map_err(|e| other(e.to_string()))?;
        let stream = TlsConnector::from(config).connect(name, tcp).await?;
        Ok(TokioIo::new(Stream::Tls(Box::new(stream))))
    }
}

/// TCP to the first address that answers.
pub(crate) async fn dial(dialer: &Dialer, host: &str, port: u16) -> std::io::Result<TcpStream> {
    to_first(&dialer.resolve(host, port).await.map_err(std::io::Error::other)?).await
}

async fn to_first(addresses: &[SocketAddr]) -> std::io::Result<TcpStream> {
    let tcp = TcpStream::connect(addresses).await?;
    tcp.set_nodelay(true)?;
    Ok(tcp)
}

fn client_config(options: &RootOptions) -> Result<Arc<ClientConfig>, CollectError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = EitherRoots::new(options, provider.clone())?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| CollectError::Kubeconfig(e.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![HTTP2.to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

/// Plain or TLS.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        match self {
            Self::Tls(tls) if tls.get_ref().1.alpn_protocol() == Some(HTTP2) => Connected::new().negotiated_h2(),
            Self::Tls(_) | Self::Plain(_) => Connected::new(),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_read(cx, buf),
            Self::Tls(s) => Pin::new(s).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_write(cx, data),
            Self::Tls(s) => Pin::new(s).poll_write(cx, data),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_flush(cx),
            Self::Tls(s) => Pin::new(s).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_shutdown(cx),
            Self::Tls(s) => Pin::new(s).poll_shutdown(cx),
        }
    }
}
