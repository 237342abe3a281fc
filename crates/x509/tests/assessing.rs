//! What a chain is worth, kind by kind.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use trustwalk_x509::{Certificate, Host, Judge, TrustStore, Verdict, assess};

const NOW: i64 = 1_767_225_600; // 2026-01-01
const HOST: &str = "issuer.example.com";

struct Ca {
    params: CertificateParams,
    key: KeyPair,
}

impl Ca {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { params, key: KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap() }
    }

    fn root(&self) -> Certificate {
        Certificate::from_der(self.params.self_signed(&self.key).unwrap().der()).unwrap()
    }

    /// Its certificate by another.
    fn by(&self, other: &Self) -> Certificate {
        let issuer = Issuer::from_params(&other.params, &other.key);
        Certificate::from_der(self.params.signed_by(&self.key, &issuer).unwrap().der()).unwrap()
    }

    fn leaf(&self) -> Certificate {
        let issuer = Issuer::from_params(&self.params, &self.key);
        let leaf = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
        Certificate::from_der(leaf.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap().der()).unwrap()
    }
}

fn judged(chain: &[Certificate], public: &[Certificate]) -> (Verdict, Vec<&'static str>, bool) {
    let (public, own) = (TrustStore::of(public), TrustStore::new());
    let host = Host::parse(HOST).unwrap();
    let found = assess(chain, Some(&host), &Judge { public: &public, own: &own, now: NOW });
    (found.verdict, found.codes(), found.to_register().is_some())
}

#[test]
fn a_certificate_that_nothing_vouches_for_is_not_registered_with_a_chain_that_verifies() {
    let (root, middle, stranger) = (Ca::new("Root"), Ca::new("Middle"), Ca::new("Stranger"));
    let sound = [middle.leaf(), middle.by(&root)];
    assert_eq!(judged(&sound, &[root.root()]), (Verdict::Verified, vec![], true));
    // AWS takes the top intermediate; whoever is in between may put any on top of a public host's own chain.
    let mut padded = sound.to_vec();
    padded.push(stranger.by(&Ca::new("Nobody")));
    assert_eq!(judged(&padded, &[root.root()]), (Verdict::Undetermined, vec!["authority-outside-path"], false));
    // A trusted root that is presented as an older one signed it is vouched for.
    let crossed = [sound.as_slice(), &[root.by(&stranger)]].concat();
    assert_eq!(judged(&crossed, &[root.root()]), (Verdict::Verified, vec![], true));
}

#[test]
fn a_chain_of_an_inspecting_product_is_never_registered() {
    let product = Ca::new("Zscaler Root CA");
    let chain = [product.leaf(), product.root()];
    assert_eq!(judged(&chain, &[product.root()]), (Verdict::Undetermined, vec!["tls-inspection"], false));
}

#[test]
fn a_signature_that_can_be_forged_verifies_nothing() {
    let root = Ca::new("Root");
    // The same certificate, signed over SHA-1: the last byte of the algorithm's identifier differs.
    let mut der = root.leaf().der().to_vec();
    let sha256_with_rsa = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
    for at in 0..der.len() - sha256_with_rsa.len() {
        if der.get(at..at + sha256_with_rsa.len()) == Some(&sha256_with_rsa[..]) {
            *der.get_mut(at + 8).unwrap() = 5;
        }
    }
    let (verdict, codes, registered) = judged(&[Certificate::from_der(&der).unwrap()], &[root.root()]);
    assert_eq!((verdict, codes.first(), registered), (Verdict::NotVerified, Some(&"weak-signature"), false));
}

#[test]
fn without_roots_or_certificates_there_is_no_verdict_to_rely_on() {
    let root = Ca::new("Root");
    assert_eq!(judged(&[root.leaf()], &[]), (Verdict::Undetermined, vec!["no-roots"], false));
    assert_eq!(judged(&[], &[root.root()]), (Verdict::NotVerified, vec!["no-certificate"], false));
}
