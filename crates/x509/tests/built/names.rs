//! Hosts a certificate names, and names a CA may vouch for.

use rcgen::KeyPair;
use trustwalk_x509::Reason;

use super::builder::*;

/// Whether a leaf with these alternative names stands for `host`.
fn stands_for(names: &[Vec<u8>], host: &str) -> bool {
    let root = make(|k| Draft::ca("Root", k), None);
    let names = tlv(0x30, &names.concat());
    let leaf = make(|k| Draft::leaf(k).with(NAMES, false, names), Some(&root));
    judge(&[&leaf], &[&root], host).is_verified()
}

fn ip(bytes: &[u8]) -> Vec<u8> {
    tlv(0x87, bytes)
}

#[test]
fn hosts_are_matched_as_rfc_9525_says() {
    for (name, host, holds) in [
        ("example.com", "example.com", true),
        ("EXAMPLE.com", "example.COM", true),
        ("example.com", "example.com.", true),
        ("example.com.", "example.com", false),
        ("*.example.com", "a.example.com", true),
        ("*.example.com", "a.b.example.com", false),
        ("*.example.com", "example.com", false),
        ("*.example.com", ".example.com", false),
        ("*.com", "example.com", false),
        ("*", "localhost", false),
        ("f*.example.com", "foo.example.com", false),
        ("*o.example.com", "foo.example.com", false),
        ("a.*.com", "a.example.com", false),
        ("*.*.com", "a.example.com", false),
        ("xn--*.example.com", "xn--a.example.com", false),
        ("xn--bcher-kva.example.com", "xn--bcher-kva.example.com", true),
        ("*.xn--bcher-kva.example", "a.xn--bcher-kva.example", true),
        ("192.0.2.1", "192.0.2.1", false),
        ("2001:db8::1", "2001:db8::1", false),
        ("", "example.com", false),
    ] {
        let found = trustwalk_x509::Host::parse(host).is_ok() && stands_for(&[dns(name)], host);
        assert_eq!(found, holds, "{name} {host}");
    }
}

#[test]
fn addresses_are_matched_as_bytes() {
    let v6 = "2001:db8::1".parse::<std::net::Ipv6Addr>().unwrap().octets();
    assert!(stands_for(&[ip(&[192, 0, 2, 1])], "192.0.2.1"));
    assert!(!stands_for(&[ip(&[192, 0, 2, 1])], "192.0.2.2"));
    assert!(stands_for(&[ip(&v6)], "[2001:DB8:0::1]"));
    assert!(!stands_for(&[ip(&[192, 0, 2, 1])], "::ffff:192.0.2.1"));
    assert!(!stands_for(&[dns(HOST), ip(&[192, 0, 2])], HOST), "an address of three bytes");
    assert!(!stands_for(&[tlv(0x82, "b\u{fc}cher.example".as_bytes()), dns(HOST)], HOST), "not ASCII");
    assert!(!stands_for(&[tlv(0x82, b"issuer.example.com\0.evil.example")], HOST));
}

#[test]
fn the_common_name_is_never_a_host() {
    assert!(!leaf_holds(|k| Draft::leaf(k).without(NAMES)));
    assert!(!leaf_holds(|k| Draft::leaf(k).with(NAMES, false, seq(&[&dns("other.example")]))));
    for critical in [false, true] {
        let nameless =
            |k: &KeyPair| Draft::leaf(k).with(NAMES, critical, seq(&[&dns(HOST)])).change(|d| d.subject = seq(&[]));
        assert!(leaf_holds(nameless), "an empty subject, names critical: {critical}");
    }
}

/// Whether a leaf with these names verifies below a CA with these constraints.
fn allowed(constraints: &[u8], names: &[Vec<u8>]) -> bool {
    let root = make(|k| Draft::ca("Root", k), None);
    let middle = make(|k| Draft::ca("Middle", k).with(SUBTREES, true, constraints.to_vec()), Some(&root));
    let names = tlv(0x30, &[&dns(HOST), names.concat().as_slice()].concat());
    let leaf = make(|k| Draft::leaf(k).with(NAMES, false, names), Some(&middle));
    judge(&[&leaf, &middle], &[&root], HOST).is_verified()
}

fn range(v: &[u8]) -> Vec<u8> {
    tlv(0x87, v)
}

fn mail(v: &str) -> Vec<u8> {
    tlv(0x81, v.as_bytes())
}

#[test]
fn subtrees_of_hosts() {
    let ok = |permitted: &[&str], excluded: &[&str], name: &str| {
        let list = |names: &[&str]| names.iter().map(|n| dns(n)).collect::<Vec<_>>();
        let mut all = list(permitted);
        if !permitted.is_empty() {
            all.push(dns(HOST));
        }
        allowed(&subtrees(&all, &list(excluded)), &[dns(name)])
    };
    assert!(ok(&["example.org"], &[], "a.b.example.org"));
    assert!(ok(&["example.org"], &[], "Example.ORG"));
    assert!(!ok(&["example.org"], &[], "badexample.org"));
    assert!(ok(&[".example.org"], &[], "a.example.org"));
    assert!(!ok(&[".example.org"], &[], "example.org"));
    assert!(ok(&[""], &[], "anything.example"));
    assert!(ok(&["example.org"], &[], "*.example.org"));
    assert!(!ok(&["a.example.org"], &[], "*.example.org"));
    assert!(!ok(&["example.org"], &["a.example.org"], "a.example.org"), "excluded beats permitted");
    assert!(!ok(&[], &["a.example.org"], "*.example.org"), "a wildcard that reaches what is excluded");
    assert!(ok(&[], &["example.org"], "example.net"));
    assert!(!ok(&[], &[""], "example.net"));
    assert!(!ok(&["*.example.org"], &[], "a.example.org"), "a wildcard is no base");
    assert!(!ok(&["a..org"], &[], "a.example.org"));
    assert!(!ok(&["example.org"], &[], "a b.example.org"));
    assert!(!ok(&["example.org"], &[], "a..example.org"));
    assert!(!ok(&[], &["example.net"], "a b.example.org"));
}

#[test]
fn subtrees_of_addresses_names_and_mailboxes() {
    let v4 = |mask: [u8; 4]| range(&[&[192, 0, 2, 0], mask.as_slice()].concat());
    let narrow = v4([255, 255, 255, 0]);
    assert!(allowed(&subtrees(std::slice::from_ref(&narrow), &[]), &[ip(&[192, 0, 2, 9])]));
    assert!(!allowed(&subtrees(std::slice::from_ref(&narrow), &[]), &[ip(&[192, 0, 3, 9])]));
    assert!(!allowed(&subtrees(std::slice::from_ref(&narrow), &[]), &[ip(&[9; 16])]), "IPv6 is not in any IPv4 range");
    assert!(!allowed(&subtrees(&[], std::slice::from_ref(&narrow)), &[ip(&[192, 0, 2, 9])]));
    assert!(allowed(&subtrees(std::slice::from_ref(&narrow), &[]), &[]), "no address at all");
    assert!(allowed(&subtrees(&[v4([0; 4])], &[]), &[ip(&[8, 8, 8, 8])]));
    assert!(!allowed(&subtrees(&[v4([255, 0, 255, 0])], &[]), &[ip(&[192, 0, 2, 9])]), "a mask with a hole");
    assert!(!allowed(&subtrees(&[range(&[192, 0, 2, 0, 255])], &[]), &[]), "a range of five bytes");
    let v6 = [[0x20, 1, 0xd, 0xb8].as_slice(), &[0; 12], &[0xff; 4], &[0; 12]].concat();
    let inside = [[0x20, 1, 0xd, 0xb8].as_slice(), &[7; 12]].concat();
    assert!(allowed(&subtrees(&[range(&v6)], &[]), &[ip(&inside)]));
    assert!(!allowed(&subtrees(&[range(&v6)], &[]), &[ip(&[0x20; 16])]));

    let directory = |name: &str| tlv(0xa4, &common_name(name));
    assert!(allowed(&subtrees(&[directory(HOST)], &[]), &[]), "the subject counts");
    assert!(!allowed(&subtrees(&[directory("Other")], &[]), &[]));
    assert!(!allowed(&subtrees(&[directory(HOST)], &[]), &[directory("Other")]));
    assert!(!allowed(&subtrees(&[], &[directory("issuer.EXAMPLE.com")]), &[]));

    assert!(allowed(&subtrees(&[mail("example.org")], &[]), &[mail("a@example.org")]));
    assert!(!allowed(&subtrees(&[mail("example.org")], &[]), &[mail("a@b.example.org")]));
    assert!(allowed(&subtrees(&[mail(".example.org")], &[]), &[mail("a@b.example.org")]));
    assert!(!allowed(&subtrees(&[mail("a@example.org")], &[]), &[mail("b@example.org")]));
    assert!(!allowed(&subtrees(&[], &[mail("example.org")]), &[mail("no mailbox")]));
    assert!(!allowed(&subtrees(&[mail("example.org")], &[]), &[mail("@example.org")]));
    let uri = |v: &str| tlv(0x86, v.as_bytes());
    for base in ["", ".", "a..b", "*.example.org", "@example.org"] {
        assert!(
            !allowed(&subtrees(&[], &[mail(base)]), &[mail("a@example.org")]),
            "excluded {base:?} lets a mailbox by"
        );
        assert!(!allowed(&subtrees(&[mail(base)], &[]), &[mail("a@example.org")]), "permitted {base:?} lets it by");
        assert!(
            !allowed(&subtrees(&[], &[uri(base)]), &[uri("https://example.org/")]),
            "excluded {base:?} lets a URI by"
        );
        assert!(
            !allowed(&subtrees(&[uri(base)], &[]), &[uri("https://example.org/")]),
            "permitted {base:?} lets it by"
        );
    }
    assert!(allowed(&subtrees(&[], &[uri("example.net")]), &[uri("https://example.org/")]));
}

#[test]
fn a_search_that_ran_out_says_so_and_blames_no_name() {
    let many = |suffix: &str| (0..600).map(|n| dns(&format!("n{n}.{suffix}"))).collect::<Vec<_>>();
    let root = make(|k| Draft::ca("Root", k), None);
    let constraints = subtrees(&[], &many("example.net"));
    let middle = make(|k| Draft::ca("Middle", k).with(SUBTREES, true, constraints.clone()), Some(&root));
    let names = [many("example.org"), vec![dns(HOST)]].concat();
    let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
    let leaf = make(|k| Draft::leaf(k).with(NAMES, false, seq(&names)), Some(&middle));
    let result = judge(&[&leaf, &middle], &[&root], HOST);
    assert!(!result.is_verified());
    let reasons: Vec<&Reason> = result.failures.iter().map(|f| &f.reason).collect();
    assert!(matches!(reasons.as_slice(), [Reason::TooManyNames(_)]), "{reasons:?}");
}

#[test]
fn constraints_that_say_nothing_or_too_much_are_refused() {
    assert!(!allowed(&seq(&[]), &[]));
    assert!(!allowed(&seq(&[&tlv(0xa0, &[]), &tlv(0xa1, &[])]), &[]));
    let bounded = |bound: &[u8]| seq(&[&tlv(0xa0, &seq(&[&dns("example.com"), bound]))]);
    assert!(allowed(&bounded(&[]), &[]));
    assert!(allowed(&bounded(&[0x80, 1, 0]), &[]));
    assert!(!allowed(&bounded(&[0x80, 1, 1]), &[]));
    assert!(!allowed(&bounded(&[0x81, 1, 1]), &[]));
    // A kind that is not processed refuses names of that kind, and no others.
    let other = |bytes: &[u8]| tlv(0xa0, bytes);
    let constraint = subtrees(&[other(&[6, 1, 42])], &[]);
    assert!(allowed(&constraint, &[]));
    assert!(!allowed(&constraint, &[other(&[6, 1, 42])]));
}
