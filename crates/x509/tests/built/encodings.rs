//! Fields and extensions out of the ordinary.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair};
use rcgen::{KeyPair, PublicKeyData as _};
use trustwalk_x509::{Certificate, Oddity, Reason, Request, TrustStore, verify};

use super::builder::*;

#[test]
fn the_builder_makes_what_verifies() {
    assert!(leaf_holds(Draft::leaf));
    assert!(middle_holds(|k| Draft::ca("Middle", k)));
    assert!(root_holds(|k| Draft::ca("Root", k)));
}

#[test]
fn times_hold_to_the_second_and_only_in_rfc_5280s_form() {
    for (from, to, holds) in [
        (utc("260101000000Z"), utc("270101000000Z"), true),
        (utc("200101000000Z"), utc("260101000000Z"), true),
        (utc("260101000001Z"), utc("270101000000Z"), false),
        (utc("200101000000Z"), utc("251231235959Z"), false),
        (utc("500101000000Z"), utc("491231235959Z"), true),
        (later("19500101000000Z"), later("20500101000000Z"), true),
        (later("20200101000000Z"), utc("270101000000Z"), true),
        (utc("200101000000Z"), later("99991231235959Z"), true),
        (utc("200101000000Z"), later("20270101000000.5Z"), false),
        (utc("200101000000Z"), utc("2701010000Z"), false),
        (utc("200101000000+0000"), utc("270101000000Z"), false),
        (utc("270101000000Z"), utc("200101000000Z"), false),
    ] {
        let validity = seq(&[&from, &to]);
        assert_eq!(leaf_holds(|k| Draft::leaf(k).change(|d| d.validity = validity.clone())), holds, "{from:?} {to:?}");
    }
    for bad in ["20010100000Z", "201301000000Z", "200230000000Z", "200101000060Z", ""] {
        let validity = seq(&[&utc(bad), &utc("300101000000Z")]);
        assert!(make(|k| Draft::leaf(k).change(|d| d.validity = validity), None).read().is_err(), "{bad}");
    }
}

#[test]
fn odd_serials_are_noted_and_do_no_harm() {
    for (serial, oddity) in [
        (vec![2, 1, 0], Oddity::ZeroSerial),
        (vec![2, 1, 0x80], Oddity::NegativeSerial),
        (tlv(2, &[0x7f; 21]), Oddity::LongSerial),
        (vec![2, 2, 0, 1], Oddity::NonMinimalDer),
    ] {
        let draft = |k: &KeyPair| Draft::leaf(k).change(|d| d.serial.clone_from(&serial));
        assert!(leaf_holds(draft));
        assert!(make(draft, None).certificate().oddities().contains(&oddity), "{oddity:?}");
    }
}

#[test]
fn versions_are_one_to_three_and_only_three_has_extensions() {
    assert!(!leaf_holds(|k| Draft::leaf(k).change(|d| d.version = tlv(0xa0, &[2, 1, 3]))));
    assert!(!leaf_holds(|k| Draft::leaf(k).change(|d| d.version = Vec::new())));
    assert!(!middle_holds(|k| Draft::ca("Middle", k).change(|d| d.version = tlv(0xa0, &[2, 1, 1]))));
    // Without extensions nothing says that it is a CA; a root is trusted all the same.
    let old = |k: &KeyPair| Draft::new("Old", k).change(|d| d.version = Vec::new());
    assert!(!middle_holds(old));
    assert!(root_holds(old));
    assert!(!root_holds(|k| Draft::new("Root", k)), "a root of version 3 that does not say it is a CA");
}

#[test]
fn bytes_after_the_last_field_are_refused() {
    assert!(!leaf_holds(|k| Draft::leaf(k).change(|d| d.end_of_content = vec![5, 0])));
    assert!(!leaf_holds(|k| Draft::leaf(k).with(NAMES, false, [seq(&[&dns(HOST)]), vec![5, 0]].concat())));
    assert!(!middle_holds(|k| Draft::ca("Middle", k).with(BASIC, true, seq(&[&[1, 1, 0xff], &[2, 1, 3], &[5, 0]]))));
    let mut made = make(Draft::leaf, None);
    made.der.push(0);
    assert_eq!(made.certificate().oddities(), [Oddity::TrailingData]);
    made.der = [[0x30, 0x80].as_slice(), &made.der[4..], &[0, 0]].concat();
    assert!(made.read().is_err(), "an indefinite length");
}

#[test]
fn extensions_occur_once_and_critical_ones_are_understood() {
    let twice = |critical| {
        move |k: &KeyPair| {
            Draft::leaf(k).change(|d| {
                let again = (d.extensions[0].0.clone(), critical, d.extensions[0].2.clone());
                d.extensions.push(again);
            })
        }
    };
    assert!(!leaf_holds(twice(false)));
    assert!(!leaf_holds(twice(true)));
    for critical in [false, true] {
        let private = (vec![0x2a, 3, 4], critical, vec![5, 0]);
        assert_eq!(leaf_holds(|k| Draft::leaf(k).change(|d| d.extensions.push(private.clone()))), !critical);
        assert_eq!(middle_holds(|k| Draft::ca("M", k).change(|d| d.extensions.push(private.clone()))), !critical);
        assert_eq!(root_holds(|k| Draft::ca("R", k).change(|d| d.extensions.push(private.clone()))), !critical);
    }
}

#[test]
fn key_identifiers_may_be_missing_or_wrong_but_not_broken() {
    let id = |bytes: &[u8]| tlv(4, bytes);
    let issuer = |bytes: &[u8]| seq(&[&tlv(0x80, bytes)]);
    assert!(leaf_holds(|k| Draft::leaf(k).with(KEY_ID, false, id(&[1])).with(ISSUER_KEY_ID, false, issuer(&[2]))));
    assert!(leaf_holds(|k| Draft::leaf(k).with(ISSUER_KEY_ID, false, seq(&[]))));
    for (kind, critical, value) in [
        (KEY_ID, true, id(&[1])),
        (ISSUER_KEY_ID, true, issuer(&[1])),
        (KEY_ID, false, vec![4, 9]),
        (ISSUER_KEY_ID, false, vec![4, 1, 1]),
    ] {
        assert!(!leaf_holds(|k| Draft::leaf(k).with(kind, critical, value.clone())), "{kind} {value:?}");
    }
}

#[test]
fn a_ca_says_so_and_may_sign() {
    let basic = |value: Vec<u8>| move |k: &KeyPair| Draft::ca("Middle", k).with(BASIC, true, value);
    assert!(!middle_holds(|k| Draft::ca("Middle", k).without(BASIC)));
    assert!(!middle_holds(basic(seq(&[]))));
    assert!(!middle_holds(basic(seq(&[&[1, 1, 0]]))));
    assert!(!middle_holds(basic(seq(&[&[1, 0]]))), "a boolean without a byte");
    assert!(!middle_holds(basic(seq(&[&[1, 1, 0xff], &[2, 1, 0xff]]))), "a negative length");
    assert!(middle_holds(basic(seq(&[&[1, 1, 0xff], &[2, 1, 0]]))));
    assert!(middle_holds(|k| Draft::ca("Middle", k).without(KEY_USAGE)));
    assert!(!middle_holds(|k| Draft::ca("Middle", k).with(KEY_USAGE, true, vec![3, 2, 7, 0x80])));
    assert!(!middle_holds(|k| Draft::ca("Middle", k).with(KEY_USAGE, true, vec![3, 1, 0])));
}

#[test]
fn extended_uses_hold_for_leaf_and_issuers() {
    let server: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
    let client: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2];
    let anything: &[u8] = &[6, 4, 0x55, 0x1d, 0x25, 0];
    for (uses, holds) in [
        (seq(&[server]), true),
        (seq(&[client, server]), true),
        (seq(&[anything]), true),
        (seq(&[client]), false),
        (seq(&[]), false),
    ] {
        assert_eq!(leaf_holds(|k| Draft::leaf(k).with(USES, true, uses.clone())), holds, "{uses:?}");
        assert_eq!(middle_holds(|k| Draft::ca("M", k).with(USES, false, uses.clone())), holds, "{uses:?}");
        assert_eq!(root_holds(|k| Draft::ca("R", k).with(USES, false, uses.clone())), holds, "{uses:?}");
    }
}

#[test]
fn algorithms_agree_and_their_parameters_fit() {
    let both = |algorithm: Vec<u8>| {
        move |k: &KeyPair| {
            Draft::leaf(k).change(|d| {
                d.inner_algorithm.clone_from(&algorithm);
                d.outer_algorithm = algorithm;
            })
        }
    };
    assert!(leaf_holds(both(seq(&[ECDSA_SHA256, &[5, 0]]))), "NULL, which some write");
    assert!(!leaf_holds(both(seq(&[ECDSA_SHA256, &[2, 1, 1]]))));
    let mismatch = |k: &KeyPair| Draft::leaf(k).change(|d| d.inner_algorithm = seq(&[ECDSA_SHA256, &[5, 0]]));
    assert!(!leaf_holds(mismatch));

    let root = || make_with(|k| ed25519(Draft::ca("Root", k), &[]), ed_key(), None);
    for (parameters, holds) in [(&[][..], true), (&[5, 0], false)] {
        let root = root();
        let leaf = make(|k| ed25519(Draft::leaf(k), parameters), Some(&root));
        assert_eq!(judge(&[&leaf], &[&root], HOST).is_verified(), holds);
    }
}

fn ed_key() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap()
}

fn ed25519(draft: Draft, parameters: &[u8]) -> Draft {
    draft.change(|d| {
        d.inner_algorithm = seq(&[&[6, 3, 0x2b, 0x65, 0x70], parameters]);
        d.outer_algorithm.clone_from(&d.inner_algorithm);
    })
}

/// A `SubjectPublicKeyInfo` of an algorithm and key bytes.
fn spki(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    seq(&[algorithm, &tlv(3, &[&[0], key].concat())])
}

fn rsa(bits: usize, exponent: &[u8]) -> Vec<u8> {
    let first = 1 << ((bits - 1) % 8);
    let sign: &[u8] = if first & 0x80 == 0 { &[] } else { &[0] };
    rsa_of(&[sign, &[first], &vec![0x55; bits.div_ceil(8) - 1]].concat(), exponent)
}

fn rsa_of(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let algorithm = seq(&[&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1], &[5, 0]]);
    spki(&algorithm, &seq(&[&tlv(2, modulus), &tlv(2, exponent)]))
}

#[test]
fn keys_are_strong_and_of_known_kinds() {
    let ec = |curve: &[u8]| seq(&[&[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1], curve]);
    let p192: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1];
    let ed: &[u8] = &[6, 3, 0x2b, 0x65, 0x70];
    let exponent = &[1, 0, 1][..];
    for (key, holds, why) in [
        (rsa(2048, exponent), true, "2048"),
        (rsa(4096, &[3]), true, "exponent 3"),
        (rsa(1024, exponent), false, "1024"),
        (rsa(2047, exponent), false, "2047"),
        (rsa(2055, exponent), false, "not of whole bytes"),
        (rsa(2048, &[1]), false, "exponent 1"),
        (rsa(2048, &[4]), false, "an even exponent"),
        (rsa(2048, &[0x83]), false, "a negative exponent"),
        (spki(&ec(p192), &[4; 49]), false, "P-192"),
        (spki(&ec(&seq(&[&[2, 1, 1]])), &[4; 65]), false, "a curve spelt out"),
        (spki(&seq(&[&[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1]]), &[2, 1, 1]), false, "DSA"),
        (spki(&seq(&[ed]), &[9; 32]), true, "Ed25519"),
        (spki(&seq(&[ed, &[5, 0]]), &[9; 32]), false, "Ed25519 with parameters"),
    ] {
        assert_eq!(leaf_holds(|k| Draft::leaf(k).change(|d| d.key.clone_from(&key))), holds, "{why}");
    }
    let negative =
        make(|k| Draft::leaf(k).change(|d| d.key = rsa_of(&[&[0xd5][..], &[0x55; 255]].concat(), exponent)), None);
    let negative = negative.certificate();
    let oddities = negative.oddities();
    assert!(oddities.contains(&Oddity::NegativeModulus) && !oddities.contains(&Oddity::BadRsaExponent), "{oddities:?}");
    let root = make(|k| Draft::ca("Root", k), None);
    let weak = make(|k| Draft::ca("Root", k).change(|d| d.key = rsa(1024, exponent)), None);
    let leaf = make(Draft::leaf, Some(&root));
    let result = judge(&[&leaf], &[&weak], HOST);
    assert!(result.failures.iter().any(|f| f.reason == Reason::WeakKey("RSA 1024".to_owned())), "{result:?}");
}

/// RFC 4055, section 3.1: SHA-256, MGF1 with it, a salt of this length.
fn pss(salt: u8) -> Vec<u8> {
    let sha256 = seq(&[&[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1], &[5, 0]]);
    let mask = seq(&[&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8], &sha256]);
    let parameters = seq(&[&tlv(0xa0, &sha256), &tlv(0xa1, &mask), &tlv(0xa2, &[2, 1, salt])]);
    seq(&[&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10], &parameters])
}

#[test]
fn a_key_for_pss_makes_no_other_signature() {
    let pair = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let signer = RsaKeyPair::from_pkcs8(&pair.serialize_der()).unwrap();
    let plain = seq(&[&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11], &[5, 0]]);
    let sign = |encoding: &'static dyn RsaEncoding, content: &[u8]| {
        let mut signature = vec![0; signer.public_modulus_len()];
        signer.sign(encoding, &SystemRandom::new(), content, &mut signature).unwrap();
        signature
    };
    let restricted = spki(&pss(32), pair.der_bytes());
    let free = pair.subject_public_key_info();
    for (key, algorithm, encoding, holds) in [
        (&free, &plain, &RSA_PKCS1_SHA256 as &'static dyn RsaEncoding, true),
        (&free, &pss(32), &RSA_PSS_SHA256, true),
        (&free, &pss(20), &RSA_PSS_SHA256, false),
        (&restricted, &pss(32), &RSA_PSS_SHA256, true),
        (&restricted, &plain, &RSA_PKCS1_SHA256, false),
    ] {
        let root = Draft::ca("Root", &pair).change(|d| {
            d.issuer.clone_from(&d.subject);
            d.key.clone_from(key);
        });
        let leaf = Draft::leaf(&pair).change(|d| {
            d.issuer.clone_from(&root.subject);
            d.inner_algorithm.clone_from(algorithm);
            d.outer_algorithm.clone_from(algorithm);
        });
        let root = Certificate::from_der(&root.der_signed(|c| sign(&RSA_PKCS1_SHA256, c))).unwrap();
        let leaf = Certificate::from_der(&leaf.der_signed(|c| sign(encoding, c))).unwrap();
        let result = verify(&Request { chain: &[leaf], store: &TrustStore::of([&root]), now: NOW, host: None });
        assert_eq!(result.is_verified(), holds, "{:?}", result.failures);
    }
}
