//! NIST's Public Key Interoperability Test Suite, too large to commit: `cargo xtask setup` fetches it,
//! `cargo xtask test` names its folder in `TRUSTWALK_PKITS`. Elsewhere this test says that it was
//! skipped; under the profile `ci` it fails then.
//!
//! Out of scope, each for the reason given below; `docs/suites.md` has the totals.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use trustwalk_x509::{Certificate, Request, TrustStore, verify};

/// A day on which every certificate of the suite that should be valid is.
const NOW: i64 = 1_767_225_600; // 2026-01-01

/// Cases judged, and those left with the reason.
const JUDGED: usize = 113;
const LEFT: [(&str, usize); 3] = [("DSA", 2), ("certificate policies", 85), ("revocation", 46)];

fn certificate(directory: &Path, file: &str) -> Certificate {
    let bytes = fs::read(directory.join("certs").join(file)).unwrap();
    Certificate::from_der(&bytes).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// Why a case is not ours to decide.
fn out_of_scope(case: &Value) -> Option<&'static str> {
    let id = case["id"].as_str().unwrap();
    let error = case["error"].to_string();
    let fails = !case["error"].is_null();
    if id == "40104" || id == "40105" {
        return Some("DSA");
    }
    if fails && (error.contains("Revoked") || error.contains("CRL") || error.contains("revocation")) {
        return Some("revocation");
    }
    if matches!(id.get(..3), Some("408" | "409" | "410" | "411" | "412")) {
        return Some("certificate policies");
    }
    None
}

#[test]
fn the_suite_is_judged_as_nist_says() {
    let Some(directory) = std::env::var_os("TRUSTWALK_PKITS") else {
        let ci = std::env::var("NEXTEST_PROFILE").is_ok_and(|p| p == "ci");
        assert!(!ci, "TRUSTWALK_PKITS is not set: run the tests with `cargo xtask test`");
        eprintln!("skipped: TRUSTWALK_PKITS is not set; `cargo xtask test` sets it");
        return;
    };
    let directory = Path::new(&directory);
    let cases: Value = serde_json::from_slice(&fs::read(directory.join("pkits.json")).unwrap()).unwrap();
    let root = certificate(directory, "TrustAnchorRootCertificate.crt");
    let store = TrustStore::of([&root]);
    let (mut judged, mut wrong) = (0, Vec::new());
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for case in cases.as_array().unwrap() {
        if let Some(reason) = out_of_scope(case) {
            *left.entry(reason).or_default() += 1;
            continue;
        }
        judged += 1;
        let others = case["other_certs"].as_array().cloned().unwrap_or_default();
        let files = std::iter::once(&case["cert"]).chain(&others).filter_map(Value::as_str);
        let chain: Vec<Certificate> = files.map(|f| certificate(directory, f)).collect();
        let result = verify(&Request { chain: &chain, store: &store, now: NOW, host: None });
        if result.is_verified() == case["error"].is_null() {
            continue;
        }
        let reasons: Vec<String> = result.failures.iter().map(trustwalk_x509::Failure::text).collect();
        wrong.push(format!("{} {}: {} {reasons:?}", case["id"], case["name"], case["error"]));
    }
    assert!(wrong.is_empty(), "{} of {judged} judged otherwise:\n{}", wrong.len(), wrong.join("\n"));
    // Sections 4.1 to 4.7 and 4.13 to 4.16, less revocation and DSA: the totals of docs/suites.md.
    assert_eq!((judged, left), (JUDGED, BTreeMap::from(LEFT)));
}
