//! Chains made here: what verifies, what does not and why, and which thumbprint is whose.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use trustwalk_x509::{
    Candidates, Certificate, ChainProblem, Host, Model, Need, PresentedChain, Reason, Request, Role, TrustStore,
    Verification, interception, needs_thumbprint, parse_any, to_pem, tools, verify,
};

const NOW: i64 = 1_767_225_600; // 2026-01-01
const HOST: &str = "issuer.example.com";

/// A CA or leaf with all that is needed to sign below it.
struct Made {
    certificate: Certificate,
    params: CertificateParams,
    key: KeyPair,
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2020, 4, 1);
    params.not_after = date_time_ymd(2030, 4, 1);
    params
}

fn ca(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    params
}

fn leaf() -> CertificateParams {
    let mut params = params(HOST);
    params.subject_alt_names = vec![rcgen::SanType::DnsName(HOST.try_into().unwrap())];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

fn sign(params: CertificateParams, key: KeyPair, by: Option<&Made>) -> Made {
    let made = match by {
        Some(by) => params.signed_by(&key, &Issuer::from_params(&by.params, &by.key)).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    Made { certificate: Certificate::from_der(made.der()).unwrap(), params, key }
}

fn make(params: CertificateParams, by: Option<&Made>) -> Made {
    sign(params, KeyPair::generate().unwrap(), by)
}

fn try_verify(chain: &[&Made], root: &Made, now: i64) -> Verification {
    let chain: Vec<Certificate> = chain.iter().map(|m| m.certificate.clone()).collect();
    let host = Host::parse(HOST).unwrap();
    verify(&Request { chain: &chain, store: &TrustStore::of([&root.certificate]), now, host: Some(&host) })
}

#[track_caller]
fn refused(chain: &[&Made], root: &Made, wanted: &Reason, at: &Made) {
    let result = try_verify(chain, root, NOW);
    assert!(!result.is_verified());
    let found = result.failures.iter().any(|f| f.reason == *wanted && f.certificate.as_ref() == Some(&at.certificate));
    assert!(found, "{wanted:?} not in {:?}", result.failures);
}

#[test]
fn every_kind_of_key_verifies() {
    for algorithm in [
        &rcgen::PKCS_RSA_SHA256,
        &rcgen::PKCS_RSA_SHA384,
        &rcgen::PKCS_RSA_SHA512,
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ECDSA_P521_SHA512,
        &rcgen::PKCS_ED25519,
    ] {
        let key = || KeyPair::generate_for(algorithm).unwrap();
        let root = sign(ca("Root"), key(), None);
        let middle = sign(ca("Middle"), key(), Some(&root));
        let leaf = sign(leaf(), key(), Some(&middle));
        let result = try_verify(&[&leaf, &middle], &root, NOW);
        assert!(result.is_verified(), "{algorithm:?}: {:?}", result.failures);
        assert_eq!(result.path().unwrap().with_root().len(), 3);
        assert!(root.certificate.is_self_signed() && !middle.certificate.is_self_signed());
    }
}

#[test]
fn presented_order_does_not_matter_and_strangers_do_no_harm() {
    let root = make(ca("Root"), None);
    let upper = make(ca("Upper"), Some(&root));
    let lower = make(ca("Lower"), Some(&upper));
    let stranger = make(ca("Stranger"), None);
    let leaf = make(leaf(), Some(&lower));
    assert!(try_verify(&[&leaf, &upper, &stranger, &root, &lower], &root, NOW).is_verified());
}

#[test]
fn each_fault_has_its_reason_and_its_certificate() {
    let root = make(ca("Root"), None);
    let middle = make(ca("Middle"), Some(&root));
    let good = make(leaf(), Some(&middle));
    assert!(try_verify(&[&good, &middle], &root, NOW).is_verified());
    refused(&[&good], &root, &Reason::IssuerMissing("CN=Middle".to_owned()), &good);

    let other = make(ca("Root"), None);
    refused(&[&good, &middle], &other, &Reason::BadSignature("Root".to_owned()), &middle);
    let stranger = make(ca("Elsewhere"), None);
    refused(&[&good, &middle, &root], &stranger, &Reason::UntrustedRoot, &root);

    let mut p = leaf();
    p.not_after = date_time_ymd(2022, 7, 19);
    let expired = make(p, Some(&middle));
    refused(&[&expired, &middle], &root, &Reason::Expired(1_658_188_800), &expired);

    let mut p = ca("Old");
    p.not_after = date_time_ymd(2022, 7, 19);
    let old = make(p, Some(&root));
    refused(&[&make(leaf(), Some(&old)), &old], &root, &Reason::Expired(1_658_188_800), &old);

    let mut p = leaf();
    p.subject_alt_names = vec![rcgen::SanType::DnsName("*.example.org".try_into().unwrap())];
    let elsewhere = make(p, Some(&middle));
    refused(&[&elsewhere, &middle], &root, &Reason::WrongHost(HOST.to_owned()), &elsewhere);

    let mut p = leaf();
    p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let client = make(p, Some(&middle));
    refused(&[&client, &middle], &root, &Reason::NotForServers, &client);

    let mut p = ca("No CA");
    p.is_ca = IsCa::ExplicitNoCa;
    let no_ca = make(p, Some(&root));
    refused(&[&make(leaf(), Some(&no_ca)), &no_ca], &root, &Reason::NotACa, &no_ca);

    let mut p = ca("No signer");
    p.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let mute = make(p, Some(&root));
    refused(&[&make(leaf(), Some(&mute)), &mute], &root, &Reason::MayNotSign, &mute);

    let mut p = ca("Short");
    p.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let short = make(p, Some(&root));
    let below = make(ca("Below"), Some(&short));
    let reason = Reason::PathTooLong { allowed: 0, found: 1 };
    refused(&[&make(leaf(), Some(&below)), &below, &short], &root, &reason, &short);

    let mut p = leaf();
    let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
    extension.set_criticality(true);
    p.custom_extensions = vec![extension];
    let odd = make(p, Some(&middle));
    refused(&[&odd, &middle], &root, &Reason::UnknownCritical("1.2.3.4".to_owned()), &odd);
}

#[test]
fn name_constraints_hold() {
    let root = make(ca("Root"), None);
    let with = |permitted: &[&str], excluded: &[&str]| {
        let subtrees = |names: &[&str]| names.iter().map(|n| GeneralSubtree::DnsName((*n).to_owned())).collect();
        let mut p = ca("Bound");
        p.name_constraints =
            Some(NameConstraints { permitted_subtrees: subtrees(permitted), excluded_subtrees: subtrees(excluded) });
        make(p, Some(&root))
    };
    for (permitted, excluded, allowed) in [
        (&["example.com"][..], &[][..], true),
        (&["example.org"], &[], false),
        (&["example.com"], &["issuer.example.com"], false),
        (&[], &["example.org"], true),
    ] {
        let bound = with(permitted, excluded);
        let leaf = make(leaf(), Some(&bound));
        if allowed {
            assert!(try_verify(&[&leaf, &bound], &root, NOW).is_verified());
        } else {
            refused(&[&leaf, &bound], &root, &Reason::NameNotAllowed(HOST.to_owned()), &bound);
        }
    }
}

#[test]
fn a_cross_signed_root_gives_two_paths() {
    let old = make(ca("Old Root"), None);
    let new_key = KeyPair::generate().unwrap();
    let new_params = ca("New Root");
    let new = Certificate::from_der(new_params.self_signed(&new_key).unwrap().der()).unwrap();
    let cross = sign(new_params, new_key, Some(&old));
    let middle = make(ca("Middle"), Some(&cross));
    let leaf = make(leaf(), Some(&middle));
    let chain: Vec<Certificate> = [&leaf, &middle, &cross].map(|m| m.certificate.clone()).to_vec();
    let store = TrustStore::of([&old.certificate, &new]);
    let result = verify(&Request { chain: &chain, store: &store, now: NOW, host: None });
    assert_eq!(result.paths.len(), 2, "{:?}", result.failures);
    let roles = PresentedChain::new(chain.clone(), Some(&store)).roles().to_vec();
    assert_eq!(roles, [Role::Leaf, Role::Intermediate, Role::CrossSigned]);

    // The disagreement that breaks providers: the built root is none of those presented.
    let path = result.paths.iter().find(|p| p.root() == Some(&new)).unwrap();
    let found = Candidates::new(&chain, Some(path));
    assert_eq!(found.for_iam(), Some(cross.certificate.sha1()));
    assert_eq!(found.last_presented.as_ref(), Some(cross.certificate.sha1()));
    assert_eq!(found.built_root.as_ref(), Some(new.sha1()));
    assert_eq!(found.below_root.as_ref(), Some(middle.certificate.sha1()));
    assert_eq!(found.position_of(&leaf.certificate.sha1().as_str().to_uppercase()), Some(0));
    let of = |name: &str| tools().iter().find(|t| t.name == name).unwrap().thumbprints(&found);
    assert_eq!(of("eksctl"), [cross.certificate.sha1().clone()]);
    assert_eq!(of("AWS CDK"), [new.sha1().clone()]);
    assert_eq!(of("pulumi-eks"), [middle.certificate.sha1().clone()]);
    assert_eq!(of("aws-oidc-provider-refresher"), [leaf.certificate.sha1().clone()]);
    assert_eq!(of("kops").len(), 2);
    assert_eq!(of("SeaweedFS").len(), 3);
}

#[test]
fn a_presented_root_is_not_the_top_intermediate() {
    let root = make(ca("Root"), None);
    let middle = make(ca("Middle"), Some(&root));
    let leaf = make(leaf(), Some(&middle));
    let chain = [&leaf, &middle, &root].map(|m| m.certificate.clone()).to_vec();
    let found = Candidates::new(&chain, None);
    assert_eq!(found.for_iam(), Some(middle.certificate.sha1()));
    assert_eq!(found.last_presented.as_ref(), Some(root.certificate.sha1()));
    let problems = PresentedChain::new(chain, None).problems(NOW, None);
    assert_eq!(problems, [ChainProblem::RootPresented { position: 2 }]);
    assert!(problems.iter().all(ChainProblem::is_harmless));
}

#[test]
fn untidy_chains_are_described() {
    let root = make(ca("Root"), None);
    let upper = make(ca("Upper"), Some(&root));
    let lower = make(ca("Lower"), Some(&upper));
    let leaf = make(leaf(), Some(&lower));
    let problems = |made: &[&Made], now| {
        let host = Host::parse(HOST).unwrap();
        PresentedChain::new(made.iter().map(|m| m.certificate.clone()).collect(), None).problems(now, Some(&host))
    };
    assert_eq!(problems(&[], NOW), [ChainProblem::Empty]);
    assert_eq!(problems(&[&leaf, &lower, &upper], NOW), []);
    assert_eq!(problems(&[&leaf], NOW), [ChainProblem::NoIntermediates]);
    assert_eq!(problems(&[&leaf, &lower, &lower], NOW), [ChainProblem::Duplicate { position: 2 }]);
    assert!(problems(&[&leaf, &upper, &lower], NOW).contains(&ChainProblem::OutOfOrder { position: 0, issuer: 2 }));
    let gap = problems(&[&leaf, &upper], NOW);
    assert_eq!(gap, [ChainProblem::Gap { position: 0 }, ChainProblem::Extraneous { position: 1 }]);
    assert!(problems(&[&lower, &leaf], NOW).contains(&ChainProblem::LeafNotFirst { position: 1 }));
    let later = problems(&[&leaf], 2_000_000_000);
    assert!(later.iter().any(|p| matches!(p, ChainProblem::Expired { position: 0, .. })));
}

#[test]
fn an_inspecting_product_is_named() {
    let root = make(ca("Zscaler Root CA"), None);
    let leaf = make(leaf(), Some(&root));
    let chain = [leaf.certificate.clone()];
    let found = interception(&chain, None, None, false).unwrap();
    assert_eq!((found.product, found.position), (Some("Zscaler"), 0));

    let private = make(ca("Corporate Root"), None);
    let leaf = [make(self::leaf(), Some(&private)).certificate];
    let public = TrustStore::new();
    assert!(interception(&leaf, Some(&private.certificate), Some(&public), false).is_none());
    assert!(interception(&leaf, Some(&private.certificate), Some(&public), true).unwrap().product.is_none());
}

#[test]
fn a_chain_that_fans_out_ends_within_limits() {
    // Twenty CAs of one name, each signed by every other's name: an exponential search if unbounded.
    let root = make(ca("Loop"), None);
    let many: Vec<Made> = (0..20).map(|_| make(ca("Loop"), Some(&root))).collect();
    let leaf = make(leaf(), many.first());
    let chain: Vec<&Made> = std::iter::once(&leaf).chain(&many).collect();
    let stranger = make(ca("Elsewhere"), None);
    let result = try_verify(&chain, &stranger, NOW);
    assert!(!result.is_verified() && !result.failures.is_empty());
}

#[test]
fn certificates_are_found_in_what_openssl_prints() {
    let root = make(ca("Root"), None);
    let leaf = make(leaf(), Some(&root));
    let (a, b) = (to_pem(leaf.certificate.der()), to_pem(root.certificate.der()));
    let printed =
        format!("CONNECTED(00000003)\ndepth=1 CN = Root\n---\n 0 s:CN = {HOST}\n{a} 1 s:CN = Root\n{b}---\nDONE\n");
    let wanted = [leaf.certificate.clone(), root.certificate.clone()];
    assert_eq!(parse_any(printed.as_bytes()).unwrap(), wanted);
    assert_eq!(parse_any(printed.replace('\n', "\r\n").as_bytes()).unwrap(), wanted);
    assert_eq!(parse_any(printed.replace('\n', "\\n").as_bytes()).unwrap(), wanted);
    assert_eq!(parse_any(root.certificate.der()).unwrap(), wanted[1..]);
    let both = [leaf.certificate.der(), root.certificate.der()].concat();
    assert_eq!(parse_any(&both).unwrap(), wanted);
    assert!(parse_any(b"").is_err() && parse_any(b"no certificate").is_err());
    let trailing = [leaf.certificate.der(), b"\n"].concat();
    let read = parse_any(&trailing).unwrap();
    assert_eq!(read[0].oddities(), [trustwalk_x509::Oddity::TrailingData]);
    assert_eq!(read[0].sha1(), leaf.certificate.sha1());
}

#[test]
fn fields_are_read() {
    let root = make(ca("Root, the \"first\""), None);
    let leaf = make(leaf(), Some(&root)).certificate;
    assert_eq!(leaf.issuer().to_string(), "CN=Root\\, the \\\"first\\\"");
    assert_eq!(leaf.hosts(), [HOST]);
    assert_eq!((leaf.not_before(), leaf.not_after()), (1_585_699_200, 1_901_232_000));
    assert_eq!(leaf.version(), 3);
    assert_eq!(leaf.public_key().text(), "ECDSA P-256");
    assert_eq!(leaf.signature_algorithm().text(), "ECDSA-SHA256");
    assert!(!leaf.is_ca() && root.certificate.is_ca());
    assert!(root.certificate.extensions().key_usage.unwrap().names().contains(&"keyCertSign"));
    assert_eq!(needs_thumbprint(Model::LibraryFirst, Some(true), Some(false), false), Need::NotConsulted);
}

#[test]
fn a_name_cannot_steer_the_terminal() {
    let mut der = make(leaf(), None).certificate.der().to_vec();
    let names: Vec<usize> = (0..der.len()).filter(|at| der[*at..].starts_with(HOST.as_bytes())).collect();
    for at in names {
        der[at] = 0x1b;
    }
    let certificate = Certificate::from_der(&der).unwrap();
    assert_eq!(certificate.hosts(), [HOST.replacen('i', "\u{fffd}", 1)]);
}
