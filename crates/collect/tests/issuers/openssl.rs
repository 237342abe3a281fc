//! A server that is not ours: what is fetched from `openssl s_server` is what `openssl s_client
//! -showcerts` prints.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::SignatureAlgorithm;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use trustwalk_collect::tls::{Mode, TlsVersion, fetch_chain, tls13_only};

use crate::servers::{HOST, Made, to};

/// A running `openssl s_server`.
struct Real {
    child: Child,
    address: SocketAddr,
    // Its files live as long as it does.
    _files: tempfile::TempDir,
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pem(kind: &str, der: &[u8]) -> String {
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", STANDARD.encode(der))
}

fn pems(ders: &[Vec<u8>]) -> String {
    ders.iter().map(|der| pem("CERTIFICATE", der)).collect()
}

/// The key as OpenSSL 3.0 reads it: for Ed25519, the first version of PKCS #8 alone (RFC 8410, 7).
fn key_pem(made: &Made) -> String {
    let der = made.key.serialize_der();
    if made.key.algorithm() != &rcgen::PKCS_ED25519 {
        return pem("PRIVATE KEY", &der);
    }
    // Behind the outer header and the version: the algorithm and the private key, without the public one.
    let first = [&[0x30, 0x2e, 2, 1, 0][..], &der[5..5 + 43]].concat();
    pem("PRIVATE KEY", &first)
}

impl Real {
    fn start(made: &Made, version: &str) -> Self {
        let files = tempfile::tempdir().unwrap();
        let path = |name: &str| files.path().join(name);
        let ders = made.ders();
        std::fs::write(path("leaf.pem"), pems(&ders[..1])).unwrap();
        std::fs::write(path("others.pem"), pems(&ders[1..])).unwrap();
        std::fs::write(path("key.pem"), key_pem(made)).unwrap();
        let mut child = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-www", version])
            .arg("-cert")
            .arg(path("leaf.pem"))
            .arg("-cert_chain")
            .arg(path("others.pem"))
            .arg("-key")
            .arg(path("key.pem"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("these tests need the program openssl");
        // It says where it listens, and then is ready.
        let address = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("ACCEPT ")?.parse().ok())
            .expect("s_server listens");
        Self { child, address, _files: files }
    }

    /// The chain as `s_client` shows it.
    fn shown(&self, version: &str) -> Vec<Vec<u8>> {
        let output = Command::new("openssl")
            .args(["s_client", "-showcerts", version, "-servername", HOST, "-connect"])
            .arg(self.address.to_string())
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .unwrap();
        let mut found: Vec<_> =
            CertificateDer::pem_slice_iter(&output.stdout).map(|c| c.unwrap().as_ref().to_vec()).collect();
        // Some versions repeat the leaf below the chain.
        if found.len() > 1 && found.last() == found.first() {
            found.pop();
        }
        found
    }
}

async fn agrees(algorithm: &'static SignatureAlgorithm) {
    let made = Made::new(algorithm);
    for (flag, version) in [("-tls1_2", TlsVersion::Tls12), ("-tls1_3", TlsVersion::Tls13)] {
        let real = Real::start(&made, flag);
        let shown = real.shown(flag);
        assert_eq!(shown, made.ders(), "{algorithm:?} {flag}: s_client");
        for mode in [Mode::Quick, Mode::Proven] {
            let found = fetch_chain(HOST, 443, &to(real.address), mode).await.unwrap();
            assert_eq!(found.ders, shown, "{algorithm:?} {flag} {mode:?}");
            assert_eq!((found.tls, found.proven), (version, mode == Mode::Proven));
        }
        let only = tls13_only(HOST, 443, &to(real.address)).await.unwrap();
        assert_eq!(only, Some(version == TlsVersion::Tls13), "{algorithm:?} {flag}");
    }
}

#[tokio::test]
async fn rsa() {
    agrees(&rcgen::PKCS_RSA_SHA256).await;
}

#[tokio::test]
async fn p256() {
    agrees(&rcgen::PKCS_ECDSA_P256_SHA256).await;
}

#[tokio::test]
async fn p384() {
    agrees(&rcgen::PKCS_ECDSA_P384_SHA384).await;
}

#[tokio::test]
async fn p521() {
    agrees(&rcgen::PKCS_ECDSA_P521_SHA512).await;
}

#[tokio::test]
async fn ed25519() {
    agrees(&rcgen::PKCS_ED25519).await;
}
