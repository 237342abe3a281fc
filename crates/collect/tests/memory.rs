//! What a stranger sends in megabytes takes kilobytes here: the peak of this process's memory, which
//! is alone in its own file for that reason. Linux tells it; elsewhere only the errors are looked at.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use trustwalk_collect::dial::Dialer;
use trustwalk_collect::issuer::read_issuer;
use trustwalk_collect::tls::{DialOptions, Mode, fetch_chain};

/// Rounds of every flood: what is not given back would add up.
const ROUNDS: usize = 8;
/// Growth allowed over all of them. One document of the largest size takes 1 MiB and what the
/// allocator keeps for it; the floods together send over 200 MB.
const GROWTH_KIB: u64 = 16 << 10;

/// Peak resident memory in KiB (`VmHWM` of proc(5)).
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

async fn listening<F, Fut>(act: F) -> DialOptions
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(act(stream));
        }
    });
    let rule = format!("::{}:{}", address.ip(), address.port()).parse().unwrap();
    DialOptions { dialer: Dialer::new(vec![rule]), ..DialOptions::default() }
}

/// The same few kilobytes until ten megabytes are sent or nobody listens.
async fn flood<S: AsyncWrite + Unpin>(stream: &mut S, piece: &[u8]) {
    for _ in 0..(10 << 20) / piece.len() {
        if stream.write_all(piece).await.is_err() {
            return;
        }
    }
}

/// Records of a handshake message (4, a ticket) that nobody asked for.
fn handshake_filler() -> Vec<u8> {
    let body = [4, 0, 0x3e, 0x80].into_iter().chain(std::iter::repeat_n(0, 16_000));
    let payload: Vec<u8> = body.collect();
    [&[22, 3, 3][..], &u16::try_from(payload.len()).unwrap().to_be_bytes(), &payload].concat()
}

#[tokio::test]
async fn floods_leave_memory_as_it_was() {
    let filler = Arc::new(handshake_filler());
    let raw = listening(move |mut stream| {
        let filler = filler.clone();
        async move {
            let mut hello = [0; 64];
            let _ = stream.read(&mut hello).await;
            let greeting = [&[22, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3][..], &[9; 32], &[0, 0xc0, 0x2f, 0]].concat();
            let _ = stream.write_all(&greeting).await;
            flood(&mut stream, &filler).await;
        }
    })
    .await;

    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["issuer.example.com".to_owned()]).unwrap().self_signed(&key).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let heads: [&[u8]; 3] =
        [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"];
    let mut documents = Vec::new();
    for head in heads {
        let acceptor = acceptor.clone();
        documents.push(
            listening(move |stream| {
                let acceptor = acceptor.clone();
                async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut asked = [0; 1024];
                    let _ = stream.read(&mut asked).await;
                    let _ = stream.write_all(head).await;
                    flood(&mut stream, &[b' '; 8192]).await;
                }
            })
            .await,
        );
    }

    let mut warm = None;
    for _ in 0..ROUNDS {
        for mode in [Mode::Quick, Mode::Proven] {
            fetch_chain("issuer.example.com", 443, &raw, mode).await.unwrap_err();
        }
        for (options, reason) in documents.iter().zip(["larger than", "head cannot be read", "came compressed"]) {
            let facts = read_issuer(options, "https://issuer.example.com", 0).await;
            let gap = facts.discovery.gap().unwrap();
            assert!(gap.contains(reason), "{gap}");
        }
        // What is loaded once, at the first round, is no growth.
        warm = warm.or_else(peak);
    }
    if let (Some(before), Some(after)) = (warm, peak()) {
        assert!(after - before < GROWTH_KIB, "from {before} to {after} KiB");
        assert!(after < 8 * GROWTH_KIB, "{after} KiB");
    }
}
