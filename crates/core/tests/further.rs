//! What a later, deeper failure of an identity shows of an earlier one, and what the end of a client's chain of sources
//! contradicts.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, as tests do")]

use serde_json::json;
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::{Diagnosis, Outcome, diagnose};
use trustwalk_core::evidence::{Evidence, LogFailure, Observed, Source, Target};
use trustwalk_core::finding::{Confidence, Standing};
use trustwalk_core::observation::{Fate, Place};
use trustwalk_symptoms::classify;
use trustwalk_testkit::NOW;

const MISSING: &str = "InvalidIdentityToken: No OpenIDConnect provider found in your account for \
    https://oidc.eks.us-west-2.amazonaws.com/id/AB12";
const DENIED: &str = "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity";
const TIMEOUT: &str = "operation error STS: AssumeRoleWithWebIdentity, request send failed, Post \
    \"https://sts.us-west-2.amazonaws.com/\": dial tcp 10.0.0.7:443: i/o timeout";
const UNKNOWN: &str = "operation error STS: AssumeRoleWithWebIdentity, request send failed, Post \
    \"https://sts.us-west-2.amazonaws.com/\": dial tcp: lookup sts.us-west-2.amazonaws.com: no such host";
const EXPIRED: &str = "ExpiredTokenException: Token expired: current date/time 1731098245 must be before the \
    expiration date/time 1731095240";

fn refused(caller: &str) -> String {
    format!(
        "An error occurred (AccessDenied) when calling the GetObject operation: User: \
         arn:aws:sts::111122223333:assumed-role/{caller} is not authorized to perform: s3:GetObject on resource: \
         arn:aws:s3:::till/book"
    )
}

fn line(text: &str, minute: Option<u32>) -> LogFailure {
    let failure = classify(text).unwrap_or_else(|| panic!("not read: {text}"));
    let at = minute.map(|m| format!("2022-07-19T12:{m:02}:00Z"));
    let one = json!({"origin": "app.log", "count": 1, "first": at, "last": at, "sample": text, "failure": failure});
    serde_json::from_value(one).unwrap()
}

fn judged(lines: &[(&str, Option<u32>)]) -> Diagnosis {
    judged_of(lines, |_| {})
}

fn judged_of(lines: &[(&str, Option<u32>)], change: impl Fn(&mut LogFailure)) -> Diagnosis {
    let mut e = Evidence::new(Target::Log { name: "app.log".to_owned(), identity: None }, NOW);
    let mut lines: Vec<LogFailure> = lines.iter().map(|(text, minute)| line(text, *minute)).collect();
    lines.iter_mut().for_each(change);
    e.logs = Observed::Known { value: lines, source: Source::default() };
    diagnose(&e)
}

/// Whether the first of the lines was set aside.
fn set_aside(d: &Diagnosis, text: &str) -> bool {
    let begins = text.split(':').next().unwrap_or_default();
    let one = d.observations.iter().find(|o| o.text.contains(begins)).unwrap();
    matches!(one.fate, Fate::SetAside { .. })
}

/// The same lines, all of which name one role.
fn of_one_role(lines: &[(&str, Option<u32>)]) -> Diagnosis {
    judged_of(lines, |line| line.failure.role_arn = Some("arn:aws:iam::111122223333:role/ledger".to_owned()))
}

#[test]
fn a_deeper_failure_later_on_sets_an_earlier_one_aside() {
    let session = refused("ledger/botocore-session-1");
    for (earlier, later) in [(MISSING, DENIED), (MISSING, session.as_str()), (DENIED, &session), (TIMEOUT, MISSING)] {
        let d = of_one_role(&[(earlier, Some(10)), (later, Some(30))]);
        assert!(set_aside(&d, earlier), "{earlier} / {later}: {:#?}", d.observations);
        assert!(matches!(d.outcome, Outcome::Broken | Outcome::RootCause), "{earlier} / {later}: {:?}", d.outcome);
        // It is told, and what is asked about is what failed last.
        assert!(d.undetermined.iter().any(|u| u.contains("not judged")), "{:#?}", d.undetermined);
        let first = d.root_cause.as_ref().map(|f| f.cause);
        assert!(first != Some(Cause::OidcProviderMissingInAccount) || later == MISSING, "{first:?}");
    }
}

#[test]
fn two_failures_that_may_be_of_two_workloads_both_stay_possible() {
    let session = refused("ledger/botocore-session-1");
    for (earlier, later) in [(MISSING, DENIED), (MISSING, session.as_str()), (DENIED, &session), (TIMEOUT, MISSING)] {
        let d = judged(&[(earlier, Some(10)), (later, Some(30))]);
        assert!(!set_aside(&d, earlier), "{earlier} / {later}: {:#?}", d.observations);
        assert!(d.undetermined.iter().any(|u| u.contains("different workloads")), "{:#?}", d.undetermined);
        // The causes of the first stay in the list, and none of what rests on it alone is more than possible.
        let first = classify(earlier).unwrap().symptom;
        let shown: Vec<Cause> = Cause::of(first).collect();
        assert!(d.candidates.iter().any(|c| shown.contains(&c.cause)), "{earlier} / {later}: {:#?}", d.candidates);
        let second = classify(later).unwrap().symptom;
        let named = d.root_cause.iter().chain(&d.also).chain(&d.possible);
        let of_first = named.filter(|f| shown.contains(&f.cause) && !f.cause.shows().contains(&second));
        for finding in of_first {
            assert_eq!(finding.confidence, Confidence::Possible, "{earlier} / {later}: {finding:#?}");
        }
    }
}

#[test]
fn one_container_that_wrote_both_ties_them() {
    let place = || Place { pod: "till-1".to_owned(), container: "app".to_owned() };
    let d = judged_of(&[(MISSING, Some(10)), (DENIED, Some(30))], |line| line.places = vec![place()]);
    assert!(set_aside(&d, MISSING), "{:#?}", d.observations);
}

#[test]
fn what_shows_nothing_of_it_sets_nothing_aside() {
    let node = refused("node/i-0123456789abcdef0");
    let other = "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity (provider \
        arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-west-2.amazonaws.com/id/CD34)";
    for (earlier, at, later, then) in [
        // It came again after it, or nobody knows when; what came later lies before it.
        (MISSING, Some(30), DENIED, Some(10)),
        (MISSING, Some(30), DENIED, Some(30)),
        (MISSING, None, DENIED, Some(10)),
        (MISSING, Some(10), DENIED, None),
        (DENIED, Some(10), MISSING, Some(30)),
        // The node's own session, and another identity.
        (DENIED, Some(10), &node, Some(30)),
        (MISSING, Some(10), other, Some(30)),
        // Another token may be fresh, and this one's process keeps its own.
        (EXPIRED, Some(10), DENIED, Some(30)),
    ] {
        let d = judged(&[(earlier, at), (later, then)]);
        assert!(!set_aside(&d, earlier), "{earlier} / {later}: {:#?}", d.observations);
    }
}

fn excluded(d: &Diagnosis, cause: Cause) -> bool {
    let one = d.candidates.iter().find(|r| r.cause == cause);
    one.is_none_or(|r| matches!(r.standing, Standing::Excluded { .. }))
}

#[test]
fn a_chain_that_ends_with_what_sts_said_was_never_kept_from_sts() {
    let never = [Cause::DnsOrNetworkToStsBroken, Cause::JavaStsModuleMissing];
    for text in [
        "botocore.exceptions.NoCredentialsError: Unable to locate credentials",
        "NoCredentialProviders: no valid providers in chain. Deprecated.",
        "DispatchFailure { source: CredentialsNotLoaded(Some(\"no providers in chain provided credentials\")) }",
        "failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata",
    ] {
        let d = judged(&[(text, None)]);
        for cause in never {
            assert!(excluded(&d, cause), "{cause:?}: {text}: {:#?}", d.candidates);
        }
        assert!(!excluded(&d, Cause::AnnotationMissingOnServiceAccount), "{text}");
        // Where the way to STS is seen to fail, besides, it is asked about.
        let both = judged(&[(text, None), (UNKNOWN, None)]);
        assert!(!excluded(&both, Cause::DnsOrNetworkToStsBroken), "{text}");
    }
    // JavaScript's goes on to its other sources.
    let d = judged(&[("CredentialsProviderError: Could not load credentials from any providers", None)]);
    assert!(!excluded(&d, Cause::DnsOrNetworkToStsBroken), "{:#?}", d.candidates);
}

#[test]
fn empty_keys_of_its_own_are_never_proven_by_a_line_alone() {
    for text in [
        "EmptyStaticCreds: static credentials are empty",
        "AuthorizationHeaderMalformed: The authorization header is malformed; a non-empty Access Key (AKID) must be \
         provided in the credential.",
    ] {
        let d = judged(&[(text, None)]);
        let all: Vec<Cause> = d.root_cause.iter().chain(&d.possible).map(|f| f.cause).collect();
        assert!(all.contains(&Cause::AppConfiguredForAnotherCredentialSource), "{text}: {all:?}");
        assert!(d.root_cause.iter().all(|f| f.confidence < Confidence::Proven), "{text}");
        assert!(!excluded(&d, Cause::StaticOrOtherCredentialsTakePrecedence), "{text}");
    }
}

#[test]
fn a_file_that_is_not_to_be_read_is_not_proven_by_a_line_alone() {
    let text =
        "PermissionError: [Errno 13] Permission denied: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token'";
    let d = judged(&[(text, None)]);
    let root = d.root_cause.as_ref().unwrap();
    assert_eq!((root.cause, root.confidence), (Cause::TokenFileUnreadableFsgroup, Confidence::Likely));
    assert!(root.decide.as_deref().is_some_and(|d| d.contains("fsGroup")), "{:?}", root.decide);
}
