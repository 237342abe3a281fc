//! Proxies between us and the host: honest, refusing, silent and mad.

use std::net::SocketAddr;
use std::time::Duration;

use rustls::version::TLS13;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use trustwalk_collect::proxy::Proxy;
use trustwalk_collect::tls::{DialOptions, FetchError, Mode, Stage, fetch_chain};

use crate::servers::{HOST, hostile, request, server, stay};

fn through(proxy: SocketAddr) -> DialOptions {
    let proxy = Proxy { host: proxy.ip().to_string(), port: proxy.port(), authorization: None };
    DialOptions { proxy: Some(proxy), ..DialOptions::default() }
}

/// A proxy that answers CONNECT with these bytes, and stays.
async fn answering(bytes: &'static [u8]) -> SocketAddr {
    hostile(move |mut stream| async move {
        request(&mut stream).await;
        let _ = stream.write_all(bytes).await;
        stay(stream).await;
    })
    .await
}

#[tokio::test]
async fn a_proxy_is_passed_through_with_its_password_kept_from_view() {
    let server = server(&rcgen::PKCS_ECDSA_P256_SHA256, &[&TLS13]).await;
    let behind = server.address;
    let proxy = hostile(move |mut stream| async move {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            tokio::io::AsyncReadExt::read_buf(&mut stream, &mut head).await.unwrap();
        }
        let head = String::from_utf8(head).unwrap();
        if !head.contains("Proxy-Authorization: ") {
            stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await.unwrap();
            return;
        }
        assert!(head.starts_with("CONNECT issuer.example.com:443 HTTP/1.1\r\n"));
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let mut onwards = TcpStream::connect(behind).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut onwards).await;
    })
    .await;
    let secret = format!("Basic {}", std::process::id());
    let mut options = through(proxy);
    if let Some(proxy) = &mut options.proxy {
        proxy.authorization = Some(secret.clone());
    }
    assert!(!format!("{options:?}").contains(&secret));
    for mode in [Mode::Quick, Mode::Proven] {
        assert_eq!(fetch_chain(HOST, 443, &options, mode).await.unwrap().ders, server.chain);
    }
    let refused = fetch_chain(HOST, 443, &through(proxy), Mode::Quick).await;
    assert!(matches!(refused, Err(FetchError::Proxy(line)) if line.contains("407")));
}

#[tokio::test]
async fn a_proxy_that_refuses_is_quoted() {
    for bytes in [&b"HTTP/1.1 403 Forbidden\r\n\r\n"[..], b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1\r\n\r\n"] {
        let error = fetch_chain(HOST, 443, &through(answering(bytes).await), Mode::Proven).await.unwrap_err();
        let said = String::from_utf8_lossy(bytes);
        let line = said.lines().next().unwrap();
        assert_eq!(error.to_string(), format!("the proxy answered CONNECT with `{line}`"));
        assert_eq!(error.kind(), "proxy");
    }
}

#[tokio::test]
async fn a_proxy_that_hangs_is_not_taken_for_the_host() {
    let options = DialOptions { timeout: Duration::from_millis(150), ..through(answering(b"").await) };
    let error = fetch_chain(HOST, 443, &options, Mode::Quick).await.unwrap_err();
    assert!(matches!(error, FetchError::Timeout(Stage::Tunnel, _)), "{error}");
    assert_eq!(error.to_string(), "no answer to CONNECT from the proxy within 150 ms");
}

#[tokio::test]
async fn a_proxy_whose_header_never_ends() {
    let proxy = hostile(|mut stream| async move {
        request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while stream.write_all(b"X-Filler: filler\r\n").await.is_ok() {}
    })
    .await;
    let error = fetch_chain(HOST, 443, &through(proxy), Mode::Quick).await.unwrap_err();
    assert!(matches!(&error, FetchError::Proxy(line) if line == "a header without end"), "{error}");
}

#[tokio::test]
async fn a_proxy_that_closes() {
    let proxy = hostile(|mut stream| async move {
        request(&mut stream).await;
    })
    .await;
    let error = fetch_chain(HOST, 443, &through(proxy), Mode::Quick).await.unwrap_err();
    assert!(matches!(error, FetchError::ProxyClosed), "{error}");
}

#[tokio::test]
async fn a_proxy_is_not_asked_for_metadata_addresses() {
    let proxy = answering(b"HTTP/1.1 200 OK\r\n\r\n").await;
    let error = fetch_chain("169.254.169.254", 443, &through(proxy), Mode::Quick).await.unwrap_err();
    assert_eq!(error.kind(), "forbidden-address");
}
