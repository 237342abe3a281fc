//! An answer that is temporary by its nature proves nothing that lasts, whoever gives it.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use serde_json::{Value, json};
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::{Diagnosis, diagnose};
use trustwalk_core::evidence::Evidence;
use trustwalk_core::finding::{Confidence, Finding};
use trustwalk_testkit::{NOW, story};

const PASSING: [u16; 8] = [408, 425, 429, 500, 502, 503, 504, 529];
const LASTING: [u16; 5] = [301, 403, 404, 410, 501];
const KEYS: &str = "Couldn't retrieve verification key from your identity provider,  please reference \
                    AssumeRoleWithWebIdentity documentation for requirements";
const THUMBPRINT: &str = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint";

fn refused(code: &str, message: &str, status: u16) -> Value {
    let value = json!({"endpoint": "https://sts.us-west-2.amazonaws.com", "code": code, "message": message,
        "status": status});
    json!({"state": "known", "value": value, "source": {"what": "sts", "at": NOW}})
}

fn judged(change: impl Fn(&mut Value)) -> Diagnosis {
    let mut e = story().unwrap();
    change(&mut e);
    diagnose(&serde_json::from_value::<Evidence>(e).unwrap())
}

fn all(d: &Diagnosis) -> Vec<&Finding> {
    d.root_cause.iter().chain(&d.also).chain(&d.possible).collect()
}

fn confidence(d: &Diagnosis, cause: Cause) -> Option<Confidence> {
    all(d).into_iter().find(|f| f.cause == cause).map(|f| f.confidence)
}

#[test]
fn what_the_issuer_answers_for_a_time_is_possible_at_most() {
    for document in ["discovery", "keys"] {
        let with = |status: u16, said: &str| {
            judged(|e| {
                e[document]["value"]["fetched"]["status"] = json!(status);
                e["exchange"] = refused("InvalidIdentityToken", said, 400);
            })
        };
        for status in PASSING {
            let d = with(status, KEYS);
            for cause in [Cause::IssuerDocumentsNotPublic, Cause::IssuerKeysFetchTransientFailure] {
                assert_eq!(confidence(&d, cause), Some(Confidence::Possible), "{document} {status}: {:#?}", all(&d));
            }
            let decide = d.root_cause.as_ref().unwrap().decide.as_deref().unwrap_or_default();
            assert!(decide.contains("curl"), "{document} {status}: {decide}");
            // Beside another cause that STS names it is no finding, and not passed over in silence.
            let d = with(status, THUMBPRINT);
            assert_eq!(confidence(&d, Cause::IssuerDocumentsNotPublic), None, "{document} {status}: {:#?}", all(&d));
            let told = d.links.iter().flat_map(|l| &l.missing).chain(&d.undetermined).any(|t| t.contains("curl"));
            assert!(told, "{document} {status}: {:#?}", d.undetermined);
        }
        for status in LASTING {
            let d = with(status, KEYS);
            let most = confidence(&d, Cause::IssuerDocumentsNotPublic);
            assert_eq!(most, Some(Confidence::Proven), "{document} {status}: {:#?}", all(&d));
        }
    }
}

#[test]
fn an_exchange_that_was_put_off_was_refused_by_no_check() {
    for (code, status) in [("Throttling", 400), ("ThrottlingException", 400), ("ServiceUnavailable", 503), ("", 502)] {
        let d = judged(|e| e["exchange"] = refused(code, "Rate exceeded", status));
        let sure: Vec<Cause> =
            all(&d).iter().filter(|f| f.confidence > Confidence::Possible).map(|f| f.cause).collect();
        assert!(sure.is_empty(), "{code} {status}: {sure:?}");
    }
}
