//! No bytes make the readers panic, and what they read holds together.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use proptest::prelude::*;
use rcgen::{CertificateParams, KeyPair};
use trustwalk_x509::{
    Candidates, Certificate, Host, PresentedChain, Request, Thumbprint, TrustStore, parse_any, verify,
};

fn use_all(chain: Vec<Certificate>) {
    let store = TrustStore::of(chain.last());
    let host = Host::parse("a.example.com").unwrap();
    let result = verify(&Request { chain: &chain, store: &store, now: 0, host: Some(&host) });
    let candidates = Candidates::new(&chain, result.path());
    assert_eq!(candidates.presented.len(), chain.len());
    for c in &chain {
        assert!(!c.display_name().chars().any(char::is_control));
        assert_eq!(*c.sha1(), Thumbprint::sha1(c.der()));
        assert_eq!(Certificate::from_der(c.der()).unwrap(), *c);
        let _ = (c.subject().to_string(), c.hosts(), c.is_self_signed());
    }
    let presented = PresentedChain::new(chain, Some(&store));
    presented.problems(0, Some(&host));
}

proptest! {
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = parse_any(&bytes).map(use_all);
        let _ = Certificate::from_der(&bytes);
    }

    #[test]
    fn a_certificate_with_bytes_changed(changes in proptest::collection::vec((any::<prop::sample::Index>(),
        any::<u8>()), 1..6)) {
        let mut params = CertificateParams::new(vec!["a.example.com".to_owned(), "10.0.0.1".to_owned()]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(1));
        let key = KeyPair::generate().unwrap();
        let mut der = params.self_signed(&key).unwrap().der().to_vec();
        for (at, byte) in changes {
            let at = at.index(der.len());
            der[at] = byte;
        }
        let _ = parse_any(&der).map(use_all);
    }

    #[test]
    fn any_text_around_blocks(before in ".{0,60}", body in "[A-Za-z0-9+/=\\\\ \n-]{0,200}", after in ".{0,60}") {
        let text = format!("{before}-----BEGIN CERTIFICATE-----{body}-----END CERTIFICATE-----{after}");
        let _ = parse_any(text.as_bytes()).map(use_all);
    }

    #[test]
    fn any_text_as_host_or_thumbprint(text in ".{0,80}") {
        let _ = Host::parse(&text);
        let _ = text.parse::<Thumbprint>();
    }
}
