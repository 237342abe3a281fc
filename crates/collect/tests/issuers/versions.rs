//! A host that refuses TLS 1.2 is told apart from one that merely closes the connection.

use rustls::version::TLS13;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use trustwalk_collect::issuer::read_issuer;
use trustwalk_collect::tls::fleet::{FleetOptions, run};
use trustwalk_collect::tls::{Mode, TlsVersion, fetch_chain, tls13_only};
use trustwalk_core::evidence::Observed;

use crate::servers::{HOST, Made, hostile, to};

/// Whether a hello offers TLS 1.3: it has the extension `supported_versions` (RFC 8446, 4.2.1) with 3.4 in it.
async fn offers_tls13(stream: &TcpStream) -> bool {
    let mut seen = [0; 4096];
    let count = stream.peek(&mut seen).await.unwrap();
    seen[..count].windows(5).any(|w| w[..2] == [0, 43] && w[2] == 0) && seen[..count].windows(2).any(|w| w == [3, 4])
}

/// Speaks TLS 1.3 alone, and answers anything older with these bytes and a close.
async fn only_tls13(answer: &'static [u8]) -> std::net::SocketAddr {
    let acceptor = Made::new(&rcgen::PKCS_ECDSA_P256_SHA256).acceptor(&[&TLS13]);
    hostile(move |mut stream| {
        let acceptor = acceptor.clone();
        async move {
            if offers_tls13(&stream).await {
                let _ = acceptor.accept(stream).await;
            } else {
                // What was sent is read first, so that closing does not reset the connection.
                let mut hello = [0; 4096];
                let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut hello).await;
                let _ = stream.write_all(answer).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn only_an_alert_about_the_version_is_a_refusal() {
    for (answer, expected) in [
        (&[21, 3, 3, 0, 2, 2, 70][..], Some(true)),
        (&[21, 3, 1, 0, 2, 2, 40], Some(true)),
        (&[21, 3, 3, 0, 2, 2, 71], Some(true)),
        // An internal error may have any reason, and so may a close.
        (&[21, 3, 3, 0, 2, 2, 80], None),
        (&[], None),
    ] {
        let options = to(only_tls13(answer).await);
        let found = fetch_chain(HOST, 443, &options, Mode::Quick).await.unwrap();
        assert_eq!((found.tls, found.tls13_only, found.proven), (TlsVersion::Tls13, expected, false), "{answer:?}");
        assert_eq!(tls13_only(HOST, 443, &options).await.unwrap(), expected);
        let proven = fetch_chain(HOST, 443, &options, Mode::Proven).await.unwrap();
        // Not asked for 1.2 alone.
        assert_eq!((proven.tls, proven.tls13_only, proven.proven), (TlsVersion::Tls13, None, true));

        let facts = read_issuer(&options, "https://issuer.example.com", 0).await;
        let Observed::Known { value, .. } = &facts.chains[0] else { panic!("{:?}", facts.chains) };
        assert_eq!((value.tls13_only, value.proven), (expected, true), "{answer:?}");
    }
}

#[tokio::test]
async fn a_fleet_says_null_where_the_version_is_not_known() {
    for (answer, expected) in [(&[21, 3, 3, 0, 2, 2, 70][..], Some(true)), (&[], None)] {
        let options = FleetOptions { dial: to(only_tls13(answer).await), ..FleetOptions::default() };
        let mut out = Vec::new();
        run(&b"issuer.example.com\n"[..], &mut out, None, &options, |_| {}).await.unwrap();
        let told: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!((told["tls13_only"].as_bool(), told["error"].is_null()), (expected, true), "{told}");
        assert_eq!(told["tls13_only"].is_null(), expected.is_none());
    }
}
