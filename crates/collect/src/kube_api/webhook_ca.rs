//! A webhook's `caBundle`, and whether what the webhook serves verifies against it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use trustwalk_x509::{Certificate, Host, Request, TrustStore, to_pem, verify};

/// Certificates of a `caBundle` (base64 of PEM); those that cannot be read are left out.
pub(crate) fn certificates(bundle: &str) -> Vec<Certificate> {
    STANDARD.decode(bundle).map(|pem| of_pem(&pem)).unwrap_or_default()
}

/// Certificates of PEM; those that cannot be read are left out.
pub(crate) fn of_pem(pem: &[u8]) -> Vec<Certificate> {
    CertificateDer::pem_slice_iter(pem).filter_map(|der| Certificate::from_der(&der.ok()?).ok()).collect()
}

/// Certificates as `caBundle` has them, and nothing between them.
pub(crate) fn bundle(certificates: &[Certificate]) -> String {
    STANDARD.encode(certificates.iter().map(|c| to_pem(c.der())).collect::<String>())
}

/// SHA-256 of each certificate.
pub(crate) fn fingerprints(certificates: &[Certificate]) -> Vec<String> {
    certificates.iter().map(|c| c.sha256().to_string()).collect()
}

/// Whether the API server can verify a chain: to the bundle's certificates and nothing else, for the
/// service's name, as a server's (Kubernetes documentation, "Dynamic Admission Control", `caBundle`).
/// `None` without a bundle: the API server's own roots count then, which nobody else knows.
pub(crate) fn verifies(trusted: &[Certificate], chain: &[Certificate], name: &str, now: i64) -> Option<bool> {
    if trusted.is_empty() || chain.is_empty() {
        return None;
    }
    let host = Host::parse(name).ok()?;
    let store = TrustStore::of(trusted);
    Some(verify(&Request { chain, store: &store, now, host: Some(&host) }).is_verified())
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

    use super::*;

    const NAME: &str = "hook.kube-system.svc";

    fn authority(name: &str) -> (Certificate, Issuer<'static, KeyPair>, String) {
        let key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.distinguished_name.push(DnType::CommonName, name);
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own = ca.self_signed(&key).unwrap();
        let read = Certificate::from_der(own.der()).unwrap();
        (read, Issuer::new(ca, key), own.pem())
    }

    fn leaf(issuer: &Issuer<'_, KeyPair>, name: &str) -> Certificate {
        let key = KeyPair::generate().unwrap();
        let made = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, issuer).unwrap();
        Certificate::from_der(made.der()).unwrap()
    }

    #[test]
    fn a_chain_verifies_against_its_own_authority_and_for_its_own_name_alone() {
        let (root, issuer, _) = authority("kubernetes");
        // The same name with another key is what a bundle left behind by a new installation holds.
        let (other, ..) = authority("kubernetes");
        let served = [leaf(&issuer, NAME)];
        let now = served[0].not_before() + 1;
        let answer = |trusted: &[Certificate], name: &str, now: i64| verifies(trusted, &served, name, now);
        assert_eq!(answer(&[other.clone(), root.clone()], NAME, now), Some(true));
        assert_eq!(answer(&[other], NAME, now), Some(false));
        let root = [root];
        assert_eq!(answer(&root, "hook.default.svc", now), Some(false));
        assert_eq!(answer(&root, NAME, served[0].not_after() + 1), Some(false));
        assert_eq!(answer(&[], NAME, now), None);
        assert_eq!(verifies(&root, &[], NAME, now), None);
    }

    #[test]
    fn a_bundle_is_base64_of_pem() {
        let (root, _, pem) = authority("kubernetes");
        let twice = STANDARD.encode(format!("a comment\n{pem}{pem}"));
        assert_eq!(certificates(&twice), [root.clone(), root]);
        assert_eq!(certificates(&pem), []);
        assert_eq!(certificates(""), []);
    }
}
