//! Certificates in any packing: what is read holds together, and agrees with another reader.

use trustwalk_x509::{
    Certificate, Host, MAX_CERTIFICATES, PresentedChain, Role, Thumbprint, TrustStore, parse_any, parse_ders, to_pem,
};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::{Target, chains};

pub(crate) const TARGET: Target = Target {
    name: "certificates",
    check,
    seeds,
    words: &["-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----", "-----BEGIN PKCS7-----", "\\n", "\u{30}"],
    iterations: 2_000,
};

fn check(input: &[u8]) {
    if let Ok(ders) = parse_ders(input) {
        assert!(!ders.is_empty() && ders.len() <= MAX_CERTIFICATES);
        let pem: String = ders.iter().map(|der| to_pem(der)).collect();
        assert_eq!(parse_ders(pem.as_bytes()).as_ref(), Ok(&ders), "PEM reads back otherwise");
    }
    if let Ok(certificate) = Certificate::from_der(input) {
        agrees(&certificate);
    }
    let Ok(chain) = parse_any(input) else { return };
    let count = chain.len();
    for certificate in &chain {
        sound(certificate);
    }
    let store = TrustStore::of(chain.last());
    let presented = PresentedChain::new(chain, Some(&store));
    assert_eq!(presented.roles().len(), count);
    assert_eq!(presented.roles().first(), Some(&Role::Leaf));
    assert_eq!(presented.path().first(), Some(&0));
    let mut positions = presented.path().to_vec();
    positions.sort_unstable();
    positions.dedup();
    assert_eq!(positions.len(), presented.path().len(), "a path in a circle");
    let host = Host::parse("issuer.example.com").ok();
    let problems = presented.problems(0, host.as_ref());
    assert_eq!(problems, presented.problems(0, host.as_ref()));
}

fn sound(certificate: &Certificate) {
    assert_eq!(*certificate.sha1(), Thumbprint::sha1(certificate.der()));
    assert_eq!(*certificate.sha256(), Thumbprint::sha256(certificate.der()));
    assert_eq!(Certificate::from_der(certificate.der()).as_ref(), Ok(certificate), "reads back otherwise");
    let texts = [certificate.display_name(), certificate.subject().to_string(), certificate.issuer().to_string()];
    for text in texts.iter().chain(&certificate.hosts()) {
        assert!(!text.chars().any(char::is_control), "a terminal would obey {text:?}");
    }
    assert!(!certificate.is_self_signed() || certificate.is_self_issued());
}

/// Where another reader can make sense of the bytes, both find the same.
fn agrees(certificate: &Certificate) {
    let Ok((_, other)) = X509Certificate::from_der(certificate.der()) else { return };
    assert_eq!(certificate.subject().der(), other.subject().as_raw());
    assert_eq!(certificate.issuer().der(), other.issuer().as_raw());
    assert_eq!(u32::from(certificate.version()), other.version().0 + 1);
    assert_eq!(certificate.not_after(), other.validity().not_after.timestamp());
    assert_eq!(certificate.not_before(), other.validity().not_before.timestamp());
    // What stands behind the key's bits is kept by one and left by the other.
    assert!(certificate.public_key().spki().starts_with(other.public_key().raw));
}

fn seeds() -> Vec<Vec<u8>> {
    let ders = chains::ders();
    let mut seeds: Vec<Vec<u8>> = ders.to_vec();
    seeds.push(ders.concat());
    let pem: String = ders.iter().map(|der| to_pem(der)).collect();
    seeds.push(format!("Certificate chain\n 0 s:CN = a\n{pem}---\nServer certificate\n").into_bytes());
    seeds.push(format!("{{\"ca\":\"{}\"}}", pem.replace('\n', "\\n")).into_bytes());
    seeds.push(bundle(&ders.concat()));
    seeds
}

/// PKCS #7 signed data around certificates (RFC 2315, 9.1), as `openssl crl2pkcs7` makes it.
fn bundle(certificates: &[u8]) -> Vec<u8> {
    let oid = |last: u8| [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, last];
    let content = tlv(0x30, &oid(1));
    let signed = [&[2, 1, 1, 0x31, 0], content.as_slice(), &tlv(0xa0, certificates), &[0x31, 0]].concat();
    tlv(0x30, &[oid(2).as_slice(), &tlv(0xa0, &tlv(0x30, &signed))].concat())
}

fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let [.., high, low] = value.len().to_be_bytes();
    let head = if value.len() < 128 { vec![tag, low] } else { vec![tag, 0x82, high, low] };
    [head.as_slice(), value].concat()
}
