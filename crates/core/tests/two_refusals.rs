//! A log may tell of two exchanges that STS refused for different reasons: both are told, and neither is taken for what
//! follows from the other.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, as tests do")]

use serde_json::json;
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::{Diagnosis, diagnose};
use trustwalk_core::evidence::{Evidence, LogFailure, Observed, Source, Target};
use trustwalk_core::finding::Standing;
use trustwalk_symptoms::classify;
use trustwalk_testkit::{NOW, story};

const NO_PROVIDER: &str = "An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity \
    operation: No OpenIDConnect provider found in your account for https://issuer.example";
const AUDIENCE: &str = "An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: \
    Incorrect token audience";
const DENIED: &str = "WebIdentityErr: failed to retrieve credentials caused by: AccessDenied: Not authorized to \
    perform sts:AssumeRoleWithWebIdentity";

fn line(text: &str) -> LogFailure {
    let failure = classify(text).unwrap_or_else(|| panic!("not read: {text}"));
    serde_json::from_value(json!({"origin": "app.log", "count": 1, "sample": text, "failure": failure})).unwrap()
}

fn hearing(mut e: Evidence, lines: &[&str]) -> Diagnosis {
    let value = lines.iter().map(|text| line(text)).collect();
    e.logs = Observed::Known { value, source: Source::default() };
    diagnose(&e)
}

fn alone() -> Evidence {
    Evidence::new(Target::Log { name: "app.log".to_owned(), identity: None }, NOW)
}

/// Sound but for its audience, and nobody tried an exchange.
fn unregistered() -> Evidence {
    let mut value = story().unwrap();
    *value.pointer_mut("/provider/value/client_ids").unwrap() = json!(["another.example"]);
    *value.pointer_mut("/exchange").unwrap() = json!({"state": "not-collected", "reason": "not asked for"});
    serde_json::from_value(value).unwrap()
}

fn asks(d: &Diagnosis, symptom: &str) -> bool {
    d.undetermined.iter().any(|text| text.starts_with(&format!("which cause `{symptom}` has here")))
}

#[test]
fn both_refusals_of_a_log_are_told() {
    for lines in [[NO_PROVIDER, DENIED], [DENIED, NO_PROVIDER]] {
        let d = hearing(alone(), &lines);
        assert_eq!(d.root_cause.as_ref().map(|f| f.cause), Some(Cause::OidcProviderMissingInAccount), "{d:#?}");
        assert!(asks(&d, "not-authorized-web-identity"), "{:#?}", d.undetermined);
        let follows = d.consequences.iter().any(|c| c.sentence.contains("Not authorized"));
        assert!(!follows, "a refusal by a later check does not follow from an earlier one's");
    }
    let d = hearing(alone(), &[NO_PROVIDER]);
    assert!(!asks(&d, "not-authorized-web-identity"), "{:#?}", d.undetermined);
}

#[test]
fn what_an_earlier_check_refused_hides_no_later_one() {
    let d = hearing(unregistered(), &[AUDIENCE, DENIED]);
    let found: Vec<Cause> = d.root_cause.iter().chain(&d.also).map(|f| f.cause).collect();
    assert!(found.contains(&Cause::AudienceNotInProviderClientIds), "{found:?}");
    // The policy admits the identity asked about: the other refusal is of something else, which is said.
    assert!(d.undetermined.iter().any(|t| t.starts_with("why STS refused the workload although")), "{d:#?}");
    let one = hearing(unregistered(), &[AUDIENCE]);
    assert!(!one.undetermined.iter().any(|t| t.starts_with("why STS refused the workload although")));
}

#[test]
fn who_failed_by_itself_is_not_put_down_to_one_endpoint() {
    let java = "software.amazon.awssdk.services.sts.model.StsException: Service Unavailable (Service: Sts, Status \
                Code: 503, Request ID: null)";
    let cause = Cause::StsGlobalEndpointSingleRegionDependency;
    let standing = |text: &str| {
        let d = hearing(alone(), &[text]);
        let named = d.root_cause.iter().chain(&d.possible).find(|f| f.cause == cause);
        named.map(|f| f.confidence.name())
    };
    assert_eq!(standing(java), Some("possible"));
    let global = "Post \"https://sts.amazonaws.com/\": WebIdentityErr: failed to retrieve credentials caused by: \
                  ServiceUnavailable: Service Unavailable status code: 503";
    assert_eq!(standing(global), Some("likely"));
    let regional = global.replace("sts.amazonaws.com", "sts.eu-west-1.amazonaws.com");
    assert_eq!(standing(&regional), None);
}

#[test]
fn a_global_name_that_leads_into_the_vpc_may_end_at_a_silent_endpoint() {
    let dialled = |address: &str| {
        let text = format!(
            "WebIdentityErr: failed to retrieve credentials caused by: RequestError: send request failed caused by: \
             Post \"https://sts.amazonaws.com/\": dial tcp {address}:443: i/o timeout"
        );
        hearing(alone(), &[&text]).root_cause.map(|f| f.cause)
    };
    assert_eq!(dialled("10.0.31.7"), Some(Cause::StsVpcEndpointBlackholed));
    assert_eq!(dialled("54.239.29.25"), Some(Cause::StsGlobalEndpointInPrivateNetwork));
}

#[test]
fn a_token_that_was_not_read_is_told_by_what_sts_says_of_it() {
    for (text, confidence) in [
        ("InvalidIdentityToken: Invalid timestamp in token claims.", "proven"),
        (
            "Parameter validation failed: Invalid length for parameter WebIdentityToken, value: 0, valid min length: 4",
            "possible",
        ),
    ] {
        let d = hearing(alone(), &[text]);
        let found = d.root_cause.map(|f| (f.cause, f.confidence.name()));
        assert_eq!(found, Some((Cause::TokenContentMalformed, confidence)), "{text}");
    }
}

const LACKING: &str = "An error occurred (AccessDeniedException) when calling the DescribeNetworkInterfaces operation: \
    User: arn:aws:sts::111122223333:assumed-role/cni/s is not authorized to perform: ec2:DescribeNetworkInterfaces \
    because no identity-based policy allows the ec2:DescribeNetworkInterfaces action";

/// The story, in which STS refuses.
fn refusing(change: impl FnOnce(&mut serde_json::Value)) -> Evidence {
    let mut value = story().unwrap();
    let refusal = json!({"endpoint": "https://sts.us-west-2.amazonaws.com", "code": "AccessDenied",
        "message": "Not authorized to perform sts:AssumeRoleWithWebIdentity", "status": 403});
    *value.pointer_mut("/exchange").unwrap() =
        json!({"state": "known", "value": refusal, "source": {"what": "sts", "at": 1}});
    change(&mut value);
    serde_json::from_value(value).unwrap()
}

#[test]
fn what_sessions_of_a_role_that_is_gone_may_not_do_follows_from_that() {
    let gone = json!({"state": "absent", "source": {"what": "iam", "at": 1}});
    let e = refusing(|value| {
        *value.pointer_mut("/role").unwrap() = gone.clone();
        *value.pointer_mut("/policies").unwrap() = gone;
    });
    let d = hearing(e, &[LACKING]);
    assert_eq!(d.root_cause.as_ref().map(|f| f.cause), Some(Cause::RoleDoesNotExist), "{:?}", d.root_cause);
    assert!(d.also.is_empty(), "{:?}", d.also);
    assert!(d.consequences.iter().any(|c| c.code.as_deref() == Some("TW107")), "{:?}", d.consequences);
}

#[test]
fn nobody_is_told_that_the_exchange_works_while_sts_refuses_it() {
    let e = refusing(|value| {
        let policy = value.pointer_mut("/role/value/trust_policy").unwrap();
        *policy = policy.as_str().unwrap().replace(":aws-node\"", ":aws-nodes\"").into();
        *value.pointer_mut("/policies/value").unwrap() = json!([]);
    });
    let d = hearing(e, &[LACKING]);
    let all: Vec<_> = d.root_cause.iter().chain(&d.also).chain(&d.possible).collect();
    let lacks = all.iter().find(|f| f.cause == Cause::RoleLacksPermission).unwrap();
    assert!(lacks.sentence.starts_with("the exchange worked before, and "), "{}", lacks.sentence);
    assert!(all.iter().any(|f| f.cause == Cause::SubWrongServiceAccount), "{all:?}");
}

#[test]
fn a_list_of_sources_tells_what_became_of_web_identity() {
    let named = |text: &str| {
        let d = hearing(alone(), &[text]);
        let first = d.root_cause.as_ref().map(|f| (f.cause, f.confidence.name()));
        (first, d.candidates.iter().filter(|c| !matches!(c.standing, Standing::Excluded { .. })).count())
    };
    let hadoop = "org.apache.hadoop.fs.s3a.auth.NoAuthWithAWSException: No AWS Credentials provided by \
                  TemporaryAWSCredentialsProvider SimpleAWSCredentialsProvider: none in the configuration";
    assert_eq!(named(hadoop), (Some((Cause::AppConfiguredForAnotherCredentialSource, "possible")), 3));
    let java = "com.amazonaws.SdkClientException: Unable to load AWS credentials from any provider in the chain: \
                [EnvironmentVariableCredentialsProvider: none, ProfileCredentialsProvider@1: none, \
                 com.amazonaws.auth.EC2ContainerCredentialsProviderWrapper@2: Failed to connect]";
    assert_eq!(named(java).1, 3);
    // .NET says of a variable that is not set what it says of a path of Unix on Windows.
    let dotnet = "Amazon.Runtime.AmazonClientException: Failed to resolve AWS credentials. The credential providers \
                  used to search for credentials returned the following errors:\n\nException 1 of 2: The \
                  webIdentityTokenFile must be an absolute path. (Parameter 'webIdentityTokenFile')\nException 2 of 2: \
                  Unable to get IAM security credentials from EC2 Instance Metadata Service.";
    let (first, left) = named(dotnet);
    assert!(first.is_none() && left > 10, "{first:?} {left}");
    let path = "System.ArgumentException: The webIdentityTokenFile must be an absolute path.";
    assert!(named(path).0.is_some_and(|(cause, sure)| cause == Cause::WindowsTokenPath && sure != "proven"));
}

#[test]
fn only_a_time_to_come_proves_the_clock_of_who_signed() {
    let told = |text: &str| {
        let root = hearing(alone(), &[text]).root_cause.unwrap();
        assert_eq!(root.cause, Cause::SignedRequestTimeOff);
        (root.confidence.name(), root.decide.is_some(), root.sentence)
    };
    let ahead = "InvalidSignatureException: Signature not yet current: 20220719T144518Z is still later than \
                 20220719T135018Z (20220719T134518Z + 5 min.)";
    let (sure, open, words) = told(ahead);
    assert!(sure == "proven" && !open && words.contains("55 min later"), "{words}");
    let behind = "SignatureDoesNotMatch: Signature expired: 20220719T124518Z is now earlier than 20220719T133018Z \
                  (20220719T134518Z - 15 min.)";
    let (sure, open, words) = told(behind);
    assert!(
        sure == "likely" && open && words.contains("45 min earlier") && words.contains("sent long after"),
        "{words}"
    );
    let neither = "An error occurred (RequestTimeTooSkewed) when calling the PutObject operation: The difference \
                   between the request time and the current time is too large.";
    assert_eq!(told(neither).0, "likely");
}
