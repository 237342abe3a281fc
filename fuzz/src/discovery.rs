//! Discovery documents: what was read can be written and read again, and names the host that a
//! client would dial.

use serde_json::json;
use trustwalk_token::{Discovery, DiscoveryProblem};

use crate::Target;

pub(crate) const TARGET: Target = Target {
    name: "discovery",
    check,
    seeds,
    words: &["\"issuer\":", "\"jwks_uri\":", "https://", "http://", "@", ":443", "[::1]", "?", "#", "\\", "null"],
    iterations: 10_000,
};

fn check(input: &[u8]) {
    let Ok(read) = Discovery::parse(input) else { return };
    let written = json!({
        "issuer": read.issuer, "jwks_uri": read.jwks_uri, "response_types_supported": read.response_types,
        "id_token_signing_alg_values_supported": read.algorithms, "subject_types_supported": read.subject_types,
        "claims_supported": read.claims,
    });
    assert_eq!(Discovery::parse(written.to_string().as_bytes()).as_ref(), Ok(&read));
    let own = read.check(read.issuer.as_deref().unwrap_or_default());
    assert!(!own.iter().any(|p| matches!(p, DiscoveryProblem::OtherIssuer { .. })));
    assert_eq!(own.contains(&DiscoveryProblem::NoIssuer), read.issuer.is_none());
    let other = read.check("https://nobody.example/else");
    let differs = other.iter().any(|p| matches!(p, DiscoveryProblem::OtherIssuer { .. }));
    assert_eq!(differs, read.issuer.as_deref().is_some_and(|i| i != "https://nobody.example/else"));
    let Some(uri) = read.jwks_uri.as_deref() else { return };
    let insecure = own.iter().any(|p| matches!(p, DiscoveryProblem::InsecureKeys { .. }));
    assert_eq!(insecure, !uri.starts_with("https://"));
    // Where an HTTP client makes sense of the URL, it must dial the same host.
    let dialled: Option<http::Uri> = uri.parse().ok();
    if let Some(host) = dialled.as_ref().filter(|_| !insecure).and_then(http::Uri::host).filter(|h| !h.is_empty()) {
        assert_eq!(read.keys_host(), Some(host), "{uri}");
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let full = json!({
        "issuer": "https://issuer.example.com/id/1", "jwks_uri": "https://keys.example.com:8443/id/1/keys?a=b#c",
        "response_types_supported": ["id_token"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"], "claims_supported": ["sub", "iss"],
    });
    let small = json!({"issuer": "https://issuer.example.com", "jwks_uri": "https://user@keys.example.com"});
    let address = json!({"issuer": 7, "jwks_uri": "https://[2001:db8::1]:443/keys"});
    [full, small, address, json!({})].iter().map(|d| d.to_string().into_bytes()).collect()
}
