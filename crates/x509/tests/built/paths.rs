//! Several ways from a leaf to a root: the right one is found, and the search ends.

use rcgen::KeyPair;
use trustwalk_x509::{Certificate, PresentedChain, Reason};

use super::builder::*;

fn root() -> Made {
    make(|k| Draft::ca("Root", k), None)
}

/// The same key again.
fn again(key: &KeyPair) -> KeyPair {
    KeyPair::try_from(key.serialize_der()).unwrap()
}

type Spoil = fn(Draft) -> Draft;

fn expired(draft: Draft) -> Draft {
    draft.change(|d| d.validity = seq(&[&utc("200101000000Z"), &utc("210101000000Z")]))
}

#[test]
fn one_sound_path_among_broken_ones_suffices() {
    let (old, new) = (make(|k| Draft::ca("Old", k), None), make(|k| Draft::ca("New", k), None));
    let middle = make(|k| Draft::ca("Middle", k), Some(&new));
    let leaf = make(Draft::leaf, Some(&middle));
    let client: Vec<u8> = vec![6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2];
    let spoils: [(&str, Spoil); 5] = [
        ("expired", expired),
        ("no CA", |d| d.with(BASIC, true, seq(&[]))),
        ("no basic constraints", |d| d.without(BASIC)),
        ("a name not allowed", |d| d.with(SUBTREES, true, subtrees(&[dns("example.org")], &[]))),
        ("may not sign", |d| d.with(KEY_USAGE, true, vec![3, 2, 7, 0x80])),
    ];
    let for_clients =
        make_with(|k| Draft::ca("Middle", k).with(USES, false, seq(&[&client])), again(&middle.key), Some(&old));
    let broken: Vec<Made> = spoils
        .iter()
        .map(|(_, spoil)| make_with(|k| spoil(Draft::ca("Middle", k)), again(&middle.key), Some(&old)))
        .chain([for_clients])
        .collect();
    for bad in &broken {
        assert!(!judge(&[&leaf, bad], &[&old], HOST).is_verified());
        for chain in [[&leaf, bad, &middle], [&leaf, &middle, bad]] {
            assert!(judge(&chain, &[&old, &new], HOST).is_verified());
            assert!(!judge(&chain, &[&old], HOST).is_verified());
        }
    }
    let all: Vec<&Made> = std::iter::once(&leaf).chain(&broken).chain([&middle]).collect();
    assert!(judge(&all, &[&old, &new], HOST).is_verified());
}

#[test]
fn an_expired_root_is_passed_by() {
    let sound = root();
    let cross_key = KeyPair::generate().unwrap();
    let stale = make_with(|k| expired(Draft::ca("Cross", k)), again(&cross_key), None);
    let cross = make_with(|k| Draft::ca("Cross", k), cross_key, Some(&sound));
    let leaf = make(Draft::leaf, Some(&cross));
    assert!(!judge(&[&leaf], &[&stale], HOST).is_verified());
    assert!(!judge(&[&leaf, &stale], &[&stale], HOST).is_verified());
    assert!(judge(&[&leaf, &stale, &cross], &[&stale, &sound], HOST).is_verified());
}

#[test]
fn self_signed_leaves_need_trust_of_their_own() {
    let leaf = make(Draft::leaf, None);
    assert!(!judge(&[&leaf], &[&root()], HOST).is_verified());
    assert!(judge(&[&leaf], &[&leaf], HOST).is_verified());
    assert!(!judge(&[&leaf], &[&leaf], "other.example").is_verified());
    let stale = make(|k| expired(Draft::leaf(k)), None);
    assert!(!judge(&[&stale], &[&stale], HOST).is_verified());
    // The same name and key in another certificate is not the trusted one.
    let twin = make_with(|k| Draft::leaf(k).change(|d| d.serial = vec![2, 1, 8]), again(&leaf.key), None);
    assert!(!judge(&[&twin], &[&leaf], HOST).is_verified());
}

#[test]
fn path_lengths_count_issued_cas_only() {
    let zero = |k: &KeyPair, name: &str| Draft::ca(name, k).with(BASIC, true, seq(&[&[1, 1, 0xff], &[2, 1, 0]]));
    let root = make(|k| zero(k, "Root"), None);
    let next = make(|k| Draft::ca("Root", k), Some(&root));
    let leaf = make(Draft::leaf, Some(&next));
    assert!(judge(&[&leaf, &next], &[&root], HOST).is_verified(), "a self-issued CA does not count");
    let other = make(|k| Draft::ca("Other", k), Some(&root));
    let leaf = make(Draft::leaf, Some(&other));
    assert!(!judge(&[&leaf, &other], &[&root], HOST).is_verified());
    // A leaf's own limit means nothing, and a leaf that is a CA is still the leaf.
    let as_leaf = make(|k| zero(k, HOST).with(NAMES, false, seq(&[&dns(HOST)])), Some(&root));
    assert!(judge(&[&as_leaf], &[&root], HOST).is_verified());
}

#[test]
fn circles_and_crowds_end() {
    let (a, b) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let first = make_with(|k| Draft::ca("A", k), again(&a), None);
    let second = make_with(|k| Draft::ca("B", k), again(&b), None);
    let a_by_b = make_with(|k| Draft::ca("A", k), a, Some(&second));
    let b_by_a = make_with(|k| Draft::ca("B", k), b, Some(&first));
    let leaf = make(Draft::leaf, Some(&a_by_b));
    let chain = [&leaf, &a_by_b, &b_by_a];
    assert!(!judge(&chain, &[&root()], HOST).is_verified());
    assert!(judge(&chain, &[&second], HOST).is_verified());
    assert!(judge(&chain, &[&first], HOST).is_verified());

    // Ninety strangers of the issuer's name, then the issuer: found by its key identifier before the limit.
    let id = |n: u8| tlv(4, &[n]);
    let sound = root();
    let issuer = make(|k| Draft::ca("Crowd", k).with(KEY_ID, false, id(200)), Some(&sound));
    let crowd: Vec<Made> = (0..150).map(|n| make(|k| Draft::ca("Crowd", k).with(KEY_ID, false, id(n)), None)).collect();
    let named = |k: &KeyPair| Draft::leaf(k).with(ISSUER_KEY_ID, false, seq(&[&tlv(0x80, &[200])]));
    let leaf = make(named, Some(&issuer));
    let all: Vec<&Made> = std::iter::once(&leaf).chain(&crowd).chain([&issuer]).collect();
    assert!(judge(&all, &[&sound], HOST).is_verified());
    let lost: Vec<&Made> = std::iter::once(&leaf).chain(&crowd).collect();
    let result = judge(&lost, &[&sound], HOST);
    assert!(result.failures.iter().any(|f| matches!(f.reason, Reason::Exhausted(_) | Reason::BadSignature(_))));
}

#[test]
fn a_presented_crowd_costs_no_square() {
    let key = KeyPair::generate().unwrap();
    // Each names the same issuer, and each but the last could be it.
    let crowd: Vec<Certificate> = (0..600_u16)
        .map(|n| {
            let [high, low] = n.to_be_bytes();
            let draft = |k: &KeyPair| Draft::ca("Crowd", k).change(|d| d.serial = vec![2, 3, 1, high, low]);
            make_with(draft, again(&key), None).certificate()
        })
        .collect();
    let chain = PresentedChain::new(crowd, None);
    assert!(chain.path().len() <= 101, "bounded by the signatures checked");
    assert_eq!(chain.roles().len(), 600);
}

#[test]
fn a_ladder_of_sixty_is_refused_by_its_length() {
    let top = root();
    let mut ladder = vec![make(|k| Draft::ca("CA 0", k), Some(&top))];
    for n in 1..60 {
        let next = make(|k| Draft::ca(&format!("CA {n}"), k), ladder.last());
        ladder.push(next);
    }
    let leaf = make(Draft::leaf, ladder.last());
    let chain: Vec<&Made> = std::iter::once(&leaf).chain(ladder.iter().rev()).collect();
    let result = judge(&chain, &[&top], HOST);
    assert!(result.failures.iter().any(|f| matches!(f.reason, Reason::TooDeep(_))), "{result:?}");
    let short = make(Draft::leaf, ladder.get(4));
    let chain: Vec<&Made> = std::iter::once(&short).chain(ladder.iter().take(5).rev()).chain([&top]).collect();
    assert!(judge(&chain, &[&top], HOST).is_verified());
}
