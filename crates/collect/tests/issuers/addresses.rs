//! One name with several addresses, and rules that lead elsewhere.

use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpListener;
use trustwalk_collect::dial::Dialer;
use trustwalk_collect::issuer::read_issuer;
use trustwalk_collect::tls::{DialOptions, Family, FetchError, Mode, fetch_all_addresses, fetch_chain};
use trustwalk_core::evidence::Observed;

use crate::servers::{HOST, Made, serve};

const V4: [u8; 4] = [127, 0, 0, 1];

/// One port on IPv4 and IPv6 loopback.
async fn both_families() -> (TcpListener, TcpListener) {
    loop {
        let v4 = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = v4.local_addr().unwrap().port();
        // Somebody else may have the port there.
        match TcpListener::bind(("::1", port)).await {
            Ok(v6) => return (v4, v6),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {}
            Err(error) => panic!("these tests need IPv6 on loopback: {error}"),
        }
    }
}

fn known(addresses: &[SocketAddr]) -> DialOptions {
    let dialer = Dialer::default().knowing(HOST, addresses.iter().map(SocketAddr::ip).collect());
    DialOptions { dialer, ..DialOptions::default() }
}

#[tokio::test]
async fn ipv4_and_ipv6_that_present_different_chains_are_seen_to() {
    let (v4, v6) = both_families().await;
    let addresses = [v4.local_addr().unwrap(), v6.local_addr().unwrap()];
    let port = addresses[0].port();
    let (first, second) = (Made::new(&rcgen::PKCS_ECDSA_P256_SHA256), Made::new(&rcgen::PKCS_ECDSA_P256_SHA256));
    serve(v4, first.acceptor(rustls::ALL_VERSIONS));
    serve(v6, second.acceptor(rustls::ALL_VERSIONS));
    let options = known(&addresses);

    for mode in [Mode::Quick, Mode::Proven] {
        let found = fetch_all_addresses(HOST, port, &options, mode).await.unwrap();
        let shown: Vec<_> = found.iter().map(|a| (a.address, a.chain.as_ref().unwrap().ders.clone())).collect();
        assert_eq!(shown, [(addresses[0], first.ders()), (addresses[1], second.ders())]);
    }
    for (family, chain) in [(Family::V4, first.ders()), (Family::V6, second.ders())] {
        let options = DialOptions { family, ..options.clone() };
        assert_eq!(fetch_chain(HOST, port, &options, Mode::Proven).await.unwrap().ders, chain);
    }

    let facts = read_issuer(&options, &format!("https://{HOST}:{port}"), 0).await;
    let Observed::Known { value, .. } = &facts.chains[0] else { panic!("{:?}", facts.chains) };
    assert_eq!(value.differing_addresses, [addresses[1].to_string()]);
}

#[tokio::test]
async fn addresses_that_agree_differ_in_nothing() {
    let (v4, v6) = both_families().await;
    let addresses = [v4.local_addr().unwrap(), v6.local_addr().unwrap()];
    let made = Made::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    serve(v4, made.acceptor(rustls::ALL_VERSIONS));
    serve(v6, made.acceptor(rustls::ALL_VERSIONS));
    let url = format!("https://{HOST}:{}", addresses[0].port());
    let facts = read_issuer(&known(&addresses), &url, 0).await;
    let Observed::Known { value, .. } = &facts.chains[0] else { panic!("{:?}", facts.chains) };
    assert!(value.differing_addresses.is_empty());
}

#[tokio::test]
async fn a_dead_address_gives_way_to_the_next_and_is_told_of_when_asked_alone() {
    let (v4, v6) = both_families().await;
    let addresses = [v4.local_addr().unwrap(), v6.local_addr().unwrap()];
    drop(v4);
    let made = Made::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    serve(v6, made.acceptor(rustls::ALL_VERSIONS));
    let (options, port) = (known(&addresses), addresses[0].port());
    assert_eq!(fetch_chain(HOST, port, &options, Mode::Quick).await.unwrap().address, addresses[1]);
    let found = fetch_all_addresses(HOST, port, &options, Mode::Quick).await.unwrap();
    assert!(matches!(found[0].chain, Err(FetchError::Connect(_))));
    assert!(found[1].chain.is_ok());
    let only_v4 = known(&addresses[..1]);
    let missing = DialOptions { family: Family::V6, ..only_v4 };
    assert!(matches!(fetch_chain(HOST, port, &missing, Mode::Quick).await, Err(FetchError::Family(_))));
}

#[tokio::test]
async fn connect_to_leads_one_host_and_port_elsewhere_and_keeps_its_name() {
    let listener = TcpListener::bind((IpAddr::from(V4), 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let made = Made::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let mut names = serve(listener, made.acceptor(rustls::ALL_VERSIONS));
    let rule = format!("{HOST}:8443:{}:{}", address.ip(), address.port()).parse().unwrap();
    let options = DialOptions { dialer: Dialer::new(vec![rule]), ..DialOptions::default() };
    let found = fetch_chain(HOST, 8443, &options, Mode::Proven).await.unwrap();
    assert_eq!((found.address, found.ders), (address, made.ders()));
    let other = DialOptions { server_name: Some("other.example.com".to_owned()), ..options };
    fetch_chain(HOST, 8443, &other, Mode::Proven).await.unwrap();
    assert_eq!(names.recv().await.as_deref(), Some(HOST));
    assert_eq!(names.recv().await.as_deref(), Some("other.example.com"));
}
