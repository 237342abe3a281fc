//! Servers to fetch chains from.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SignatureAlgorithm};
use rustls::crypto::aws_lc_rs;
use rustls::{ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::dial::Dialer;
use crate::tls::DialOptions;

/// Options that lead every host to one address.
pub(super) fn to(address: SocketAddr) -> DialOptions {
    let rule = format!("::{}:{}", address.ip(), address.port());
    DialOptions { dialer: Dialer::new(vec![rule.parse().unwrap()]), ..DialOptions::default() }
}

/// Options for hosts that will not answer.
pub(super) fn impatient(address: SocketAddr) -> DialOptions {
    DialOptions { timeout: Duration::from_millis(150), ..to(address) }
}

/// Leaf, intermediate, and the leaf's key.
pub(super) fn chain(algorithm: &'static SignatureAlgorithm) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let key = || KeyPair::generate_for(algorithm).unwrap();
    let ca = |name: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    };
    let (root, root_key) = (ca("Root"), key());
    let (middle, middle_key) = (ca("Middle"), key());
    let signed = middle.signed_by(&middle_key, &Issuer::from_params(&root, &root_key)).unwrap();
    let leaf_key = key();
    let leaf = CertificateParams::new(vec!["issuer.example.com".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&leaf_key, &Issuer::from_params(&middle, &middle_key)).unwrap();
    let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
    (vec![leaf.der().clone(), signed.der().clone()], der)
}

/// A TLS server and how often it was dialled.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) chain: Vec<Vec<u8>>,
    pub(super) dialled: Arc<AtomicUsize>,
    pub(super) most_at_once: Arc<AtomicUsize>,
}

pub(super) async fn server(
    algorithm: &'static SignatureAlgorithm,
    versions: &[&'static SupportedProtocolVersion],
) -> Server {
    let (chain, key) = chain(algorithm);
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.clone(), key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (dialled, most_at_once) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (count, most, now) = (dialled.clone(), most_at_once.clone(), Arc::new(AtomicUsize::new(0)));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let (acceptor, now) = (acceptor.clone(), now.clone());
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::spawn(async move {
                let _ = acceptor.accept(stream).await;
                now.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    Server { address, chain: chain.iter().map(|c| c.to_vec()).collect(), dialled, most_at_once }
}

/// A server that does to each connection what it is told.
pub(super) async fn hostile<F, Fut>(act: F) -> SocketAddr
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(act(stream));
        }
    });
    address
}
