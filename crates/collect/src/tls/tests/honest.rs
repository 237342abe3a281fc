//! Every kind of key, both versions, both modes.

use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::servers::{hostile, server, to};
use crate::tls::{DialOptions, FetchError, Mode, Proxy, TlsVersion, fetch_all_addresses, fetch_chain, tls13_only};

const HOST: &str = "issuer.example.com";

#[tokio::test]
async fn every_key_and_version_shows_its_chain() {
    for algorithm in [
        &rcgen::PKCS_RSA_SHA256,
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ECDSA_P521_SHA512,
        &rcgen::PKCS_ED25519,
    ] {
        for (versions, quick, proven) in [
            (&[&TLS12][..], TlsVersion::Tls12, TlsVersion::Tls12),
            (&[&TLS13], TlsVersion::Tls13, TlsVersion::Tls13),
            // A quick look speaks the version that shows the chain in the clear.
            (&[&TLS12, &TLS13], TlsVersion::Tls12, TlsVersion::Tls13),
        ] {
            let server = server(algorithm, versions).await;
            let options = to(server.address);
            for (mode, version) in [(Mode::Quick, quick), (Mode::Proven, proven)] {
                let found = fetch_chain(HOST, 443, &options, mode).await.unwrap();
                assert_eq!(found.ders, server.chain, "{algorithm:?} {versions:?} {mode:?}");
                assert_eq!((found.tls, found.proven), (version, mode == Mode::Proven));
                assert_eq!(found.address, server.address);
            }
            assert_eq!(tls13_only(HOST, 443, &options).await.unwrap(), Some(versions == [&TLS13]));
        }
    }
}

#[tokio::test]
async fn each_address_is_asked() {
    let server = server(&rcgen::PKCS_ECDSA_P256_SHA256, &[&TLS13, &TLS12]).await;
    let found = fetch_all_addresses(HOST, 443, &to(server.address), Mode::Quick).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].address, server.address);
    assert_eq!(found[0].chain.as_ref().unwrap().ders, server.chain);
}

#[tokio::test]
async fn an_address_is_asked_for_without_a_name() {
    let server = server(&rcgen::PKCS_ECDSA_P256_SHA256, &[&TLS12]).await;
    let (host, port) = (server.address.ip().to_string(), server.address.port());
    let found = fetch_chain(&host, port, &DialOptions::default(), Mode::Quick).await.unwrap();
    assert_eq!(found.ders, server.chain);
}

#[tokio::test]
async fn a_proxy_is_passed_through_and_its_refusal_told() {
    let server = server(&rcgen::PKCS_ECDSA_P256_SHA256, &[&TLS13]).await;
    let behind = server.address;
    let proxy = hostile(move |mut stream| async move {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_buf(&mut head).await.unwrap();
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
    let through = |authorization: Option<String>| DialOptions {
        proxy: Some(Proxy { host: proxy.ip().to_string(), port: proxy.port(), authorization }),
        ..DialOptions::default()
    };
    let secret = format!("Basic {}", std::process::id());
    let options = through(Some(secret.clone()));
    assert!(!format!("{options:?}").contains(&secret));
    assert_eq!(fetch_chain(HOST, 443, &options, Mode::Proven).await.unwrap().ders, server.chain);
    let refused = fetch_chain(HOST, 443, &through(None), Mode::Quick).await;
    assert!(matches!(refused, Err(FetchError::Proxy(line)) if line.contains("407")));
}
