//! Every kind of key, both versions, both modes.

use rustls::version::{TLS12, TLS13};

use crate::servers::{server, to};
use trustwalk_collect::tls::{DialOptions, Mode, TlsVersion, fetch_all_addresses, fetch_chain, tls13_only};

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
