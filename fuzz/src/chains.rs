//! Verification: nothing is found good that the trusted root has not signed.

use std::sync::LazyLock;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType, SerialNumber, date_time_ymd,
};
use trustwalk_x509::{Candidates, Certificate, Host, MAX_PATH, Path, Request, TrustStore, parse_any, to_pem, verify};

use crate::Target;

/// A day within every seed's validity: 2026-01-01.
const NOW: i64 = 1_767_225_600;
const HOST: &str = "issuer.example.com";

pub(crate) const TARGET: Target =
    Target { name: "chains", check, seeds, words: &["\u{0}", "0", "-----BEGIN CERTIFICATE-----"], iterations: 1_000 };

/// Certificates one after another, the host's own first.
fn check(input: &[u8]) {
    let Ok(chain) = parse_any(input) else { return };
    let honest = &*HONEST;
    let Ok(host) = Host::parse(HOST) else { return };
    let request = Request { chain: &chain, store: &honest.store, now: NOW, host: Some(&host) };
    let result = verify(&request);
    assert_eq!(result.is_verified(), result.path().is_some());
    assert!(result.is_verified() || !result.failures.is_empty(), "refused without a reason");
    for path in &result.paths {
        holds(path, &chain, &host);
    }
    let candidates = Candidates::new(&chain, result.path());
    assert_eq!(candidates.presented.len(), chain.len());
    assert_eq!(candidates.built_root.is_some(), result.is_verified());
    assert!(verify(&request) == result, "the same question has two answers");
    let turned: Vec<Certificate> = chain.iter().take(1).chain(chain.iter().skip(1).rev()).cloned().collect();
    // Order after the first does not matter where the search is not cut short.
    if chain.len() <= 6 {
        let again = verify(&Request { chain: &turned, ..request });
        assert_eq!(again.is_verified(), result.is_verified(), "order matters");
    }
}

fn holds(path: &Path, chain: &[Certificate], host: &Host) {
    let all = path.with_root();
    assert!(all.len() <= MAX_PATH);
    assert_eq!(all.first(), chain.first(), "a path of another leaf");
    assert!(all.first().is_some_and(|leaf| host.is_named_by(leaf)));
    for certificate in &all {
        assert!(certificate.is_valid_at(NOW));
        let known = HONEST.contents.iter().any(|c| certificate.der().windows(c.len()).any(|w| w == c));
        assert!(known, "the root never signed {}", certificate.display_name());
    }
    for pair in all.windows(2) {
        if let [child, issuer] = pair {
            assert_eq!(child.is_signed_by(issuer.public_key()), Some(true));
            assert!(issuer.is_ca());
        }
    }
}

struct Honest {
    ders: Vec<Vec<u8>>,
    /// What is signed of each.
    contents: Vec<Vec<u8>>,
    store: TrustStore,
}

static HONEST: LazyLock<Honest> = LazyLock::new(|| honest().unwrap_or_else(|_| failed()));

#[expect(clippy::panic, reason = "without seeds there is nothing to check")]
fn failed() -> Honest {
    panic!("the seeds' certificates cannot be made")
}

/// Keys whose secret is the number, so that every run has the same certificates: Ed25519 signs
/// without randomness. PKCS #8 as RFC 8410, section 7, has it.
fn key(number: u8) -> Result<KeyPair, rcgen::Error> {
    let mut der = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    der.extend([number; 32]);
    KeyPair::try_from(der)
}

fn params(name: &str, serial: u64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2020, 4, 1);
    params.not_after = date_time_ymd(2030, 4, 1);
    params.serial_number = Some(SerialNumber::from(serial));
    params
}

fn ca(name: &str, serial: u64) -> CertificateParams {
    let mut params = params(name, serial);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(2));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.use_authority_key_identifier_extension = true;
    params
}

fn honest() -> Result<Honest, rcgen::Error> {
    let (root, middle) = (ca("Root", 1), ca("Middle", 2));
    let (root_key, middle_key) = (key(1)?, key(2)?);
    let by_root = || Issuer::from_params(&root, &root_key);
    let mut leaf = params(HOST, 3);
    leaf.subject_alt_names = vec![SanType::DnsName(HOST.try_into()?)];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let mut old = leaf.clone();
    old.not_after = date_time_ymd(2021, 1, 1);
    old.serial_number = Some(SerialNumber::from(4_u64));
    let made = [
        leaf.signed_by(&key(3)?, &Issuer::from_params(&middle, &middle_key))?,
        middle.signed_by(&middle_key, &by_root())?,
        root.self_signed(&root_key)?,
        old.signed_by(&key(4)?, &by_root())?,
    ];
    let ders: Vec<Vec<u8>> = made.iter().map(|c| c.der().to_vec()).collect();
    let contents = ders.iter().filter_map(|der| content(der)).collect();
    let mut store = TrustStore::new();
    store.add_ders(ders.iter().skip(2).take(1).map(Vec::as_slice));
    Ok(Honest { ders, contents, store })
}

/// The signed part of a certificate, as another reader finds it.
fn content(der: &[u8]) -> Option<Vec<u8>> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    Some(certificate.tbs_certificate.as_ref().to_vec())
}

/// The seeds' certificates: leaf, intermediate, root, expired leaf.
pub(crate) fn ders() -> &'static [Vec<u8>] {
    &HONEST.ders
}

fn seeds() -> Vec<Vec<u8>> {
    let pick = |order: &[usize]| order.iter().filter_map(|at| ders().get(*at)).flatten().copied().collect::<Vec<u8>>();
    let mut seeds =
        vec![pick(&[0, 1]), pick(&[0, 1, 2]), pick(&[0, 2, 1]), pick(&[3]), pick(&[1, 2]), pick(&[0, 3, 1])];
    seeds.push(ders().iter().take(2).map(|der| to_pem(der)).collect::<String>().into_bytes());
    seeds
}
