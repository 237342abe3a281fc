//! What an issuer publishes: read as it is, redirects shown and never followed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::AsyncWriteExt as _;
use trustwalk_collect::issuer::{IssuerFacts, MAX_KEYS, read_issuer};
use trustwalk_core::evidence::{Observed, Source};

use crate::servers::{Secure, answer, head, request, secure, stay, to_host};

pub(crate) const ISSUER: &str = "https://issuer.example.com";

/// Serves this discovery document, and the key set at any other path.
async fn publishing(discovery: String, keys: String) -> IssuerFacts {
    let (discovery, keys) = (Arc::new(discovery), Arc::new(keys));
    let address = secure(move |mut stream: Secure| {
        let (discovery, keys) = (discovery.clone(), keys.clone());
        async move {
            let wanted = head(&mut stream).await;
            let is_discovery = wanted.contains("/.well-known/openid-configuration ");
            let body = if is_discovery { discovery } else { keys };
            // As a kube-apiserver 1.36.2, which gives its keys in one form alone.
            let form = if is_discovery { "application/json" } else { "application/jwk-set+json" };
            let told = if wanted.contains(form) {
                answer(&[], body.as_bytes())
            } else {
                b"HTTP/1.1 406 Not Acceptable\r\ncontent-length: 0\r\n\r\n".to_vec()
            };
            let _ = stream.write_all(&told).await;
            stay(stream).await;
        }
    })
    .await;
    read_issuer(&to_host(address), ISSUER, 0).await
}

fn discovery(jwks_uri: &str) -> String {
    format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"{jwks_uri}","id_token_signing_alg_values_supported":["RS256"]}}"#)
}

#[tokio::test]
async fn documents_and_chain_are_read() {
    let keys = r#"{"keys":[{"kid":"a","kty":"RSA","use":"sig","n":"AQ","e":"AQ"}]}"#;
    let facts = publishing(discovery(&format!("{ISSUER}/keys")), keys.to_owned()).await;
    let found = facts.discovery.known().unwrap();
    assert_eq!((found.issuer.as_deref(), found.malformed.as_deref()), (Some(ISSUER), None));
    assert_eq!(found.algs, ["RS256"]);
    let set = facts.keys.known().unwrap();
    assert_eq!((set.keys.len(), set.keys[0].kid.as_deref(), set.malformed.as_deref()), (1, Some("a"), None));
    assert_eq!(facts.jwks.as_deref(), Some(keys));
    // One host, one chain, both roles.
    assert_eq!(facts.chains.len(), 1);
    let chain = facts.chains[0].known().unwrap();
    assert_eq!((chain.roles.len(), chain.proven, chain.tls13_only), (2, true, Some(false)));
}

#[tokio::test]
async fn a_hundred_thousand_keys_are_counted_and_not_kept() {
    let keys = format!(r#"{{"keys":[{}{{}}]}}"#, "{},".repeat(99_999));
    let facts = publishing(discovery(&format!("{ISSUER}/keys")), keys).await;
    let set = facts.keys.known().unwrap();
    assert_eq!(set.keys.len(), MAX_KEYS);
    assert!(set.malformed.as_deref().unwrap().starts_with("it has 100000 keys"), "{:?}", set.malformed);

    // With their names and numbers they are larger than any key set.
    let one = r#"{"kid":"0123456789","kty":"RSA","use":"sig","alg":"RS256","n":"AQAB","e":"AQAB"},"#;
    let facts = publishing(discovery(&format!("{ISSUER}/keys")), format!(r#"{{"keys":[{}"#, one.repeat(100_000))).await;
    let error = facts.keys.gap().unwrap();
    assert!(error.contains("is larger than 1048576 bytes"), "{error}");
}

#[tokio::test]
async fn keys_are_not_fetched_where_no_key_set_may_be() {
    for (jwks_uri, reason) in [
        ("https://169.254.169.254/latest/meta-data", "is never asked"),
        ("https://[fd00:ec2::254]/latest", "is never asked"),
        ("https://[::ffff:169.254.169.254]/", "is never asked"),
        ("http://issuer.example.com/keys", "is not an https URL"),
        ("file:///etc/passwd", "is not a URL"),
        ("https://", "is not a URL"),
    ] {
        let facts = publishing(discovery(jwks_uri), "{}".to_owned()).await;
        let error = facts.keys.gap().unwrap();
        assert!(error.contains(reason), "{jwks_uri}: {error}");
        assert!(facts.discovery.known().is_some() && facts.jwks.is_none());
        // Nobody is told to do by hand what is refused here.
        let by_hand = |source: Option<&Source>| source.and_then(|s| s.by_hand.clone());
        assert_eq!(by_hand(facts.keys.source()), None, "{jwks_uri}");
        assert_eq!(by_hand(facts.chains[1].source()), None, "{jwks_uri}");
        assert_eq!(
            by_hand(facts.discovery.source()).unwrap(),
            format!("curl {ISSUER}/.well-known/openid-configuration")
        );
    }
}

#[tokio::test]
async fn documents_that_are_none_say_how() {
    let deep = "[".repeat(100_000);
    for (text, reason) in [
        ("", "it is not JSON"),
        ("[]", "it is not a JSON object"),
        ("<html>", "it is not JSON"),
        (deep.as_str(), "it is not JSON: recursion limit exceeded"),
        (r#"{"issuer":"#, "it is not JSON"),
    ] {
        let facts = publishing(text.to_owned(), String::new()).await;
        let malformed = facts.discovery.known().unwrap().malformed.clone().unwrap();
        assert!(malformed.starts_with(reason), "{malformed}");
        assert!(facts.keys.gap().unwrap().contains("names no jwks_uri"));
    }
    let facts = publishing(discovery(&format!("{ISSUER}/keys")), r#"{"keys":{}}"#.to_owned()).await;
    assert_eq!(facts.keys.known().unwrap().malformed.as_deref(), Some("it has no `keys` list"));
}

#[tokio::test]
async fn redirects_are_shown_and_never_followed() {
    for location in [
        "https://169.254.169.254/latest/meta-data/iam/security-credentials/",
        "http://issuer.example.com/.well-known/openid-configuration",
        // A loop.
        "https://issuer.example.com/.well-known/openid-configuration",
        "https://other.example.com/",
        "//other.example.com/",
    ] {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let address = secure(move |mut stream: Secure| {
            let count = count.clone();
            async move {
                if request(&mut stream).await.is_empty() {
                    return;
                }
                count.fetch_add(1, Ordering::SeqCst);
                let head = format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
                let _ = stream.write_all(head.as_bytes()).await;
                stay(stream).await;
            }
        })
        .await;
        let facts = read_issuer(&to_host(address), ISSUER, 0).await;
        let found = facts.discovery.known().unwrap();
        assert_eq!((found.fetched.status, found.fetched.redirect.as_deref()), (302, Some(location)));
        assert_eq!(found.malformed.as_deref(), Some("HTTP 302"));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        assert!(matches!(*facts.keys, Observed::NotCollected { .. }));
        assert_eq!(facts.chains.len(), 1);
    }
}
