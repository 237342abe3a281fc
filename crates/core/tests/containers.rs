//! One container's line and variables tell of that container: what another one has, or says, is no proof.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use serde_json::{Value, json};
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::{Diagnosis, diagnose};
use trustwalk_core::evidence::Evidence;
use trustwalk_core::finding::{Confidence, Finding};
use trustwalk_symptoms::classify;
use trustwalk_testkit::{NOW, story};

/// What a program without any identity prints, in several SDKs.
const WITHOUT: [&str; 5] = [
    "botocore.exceptions.NoCredentialsError: Unable to locate credentials",
    "NoCredentialProviders: no valid providers in chain. Deprecated.",
    "CredentialsProviderError: Could not load credentials from any providers",
    "com.amazonaws.SdkClientException: Unable to load AWS credentials from any provider in the chain",
    "operation error S3: ListBuckets, get identity: get credentials: failed to refresh cached credentials, no EC2 IMDS \
     role found, operation error ec2imds: GetMetadata, canceled, context deadline exceeded",
];
const TOKEN: &str = "/var/run/secrets/eks.amazonaws.com/serviceaccount";
const ROLE: &str = "arn:aws:iam::111122223333:role/cni";

fn known(value: Value) -> Value {
    json!({"state": "known", "value": value, "source": {"what": "a test", "at": NOW}})
}

fn container(name: &str, identity: bool, more: &[(&str, &str)]) -> Value {
    let own = [("AWS_ROLE_ARN", ROLE), ("AWS_WEB_IDENTITY_TOKEN_FILE", &format!("{TOKEN}/token"))];
    let own = if identity { own.as_slice() } else { &[] };
    let env: Vec<Value> = own.iter().chain(more).map(|(n, v)| json!({"name": n, "value": v})).collect();
    let mounts = if identity { json!({"aws-iam-token": TOKEN}) } else { json!({}) };
    json!({"name": name, "image": format!("registry.example/{name}:1"), "env": env, "mounts": mounts})
}

fn pod(name: &str, containers: &[Value]) -> Value {
    json!({"name": name, "uid": name, "created": NOW - 1000, "phase": "Running", "ready": false,
        "spec": {"service_account": "aws-node", "containers": containers}})
}

/// A line, and the containers that wrote it: `pod/container`.
fn line(text: &str, places: &[&str]) -> Value {
    let failure = classify(text).unwrap_or_else(|| panic!("not read: {text}"));
    let places: Vec<Value> = places
        .iter()
        .map(|p| p.split_once('/').unwrap())
        .map(|(pod, container)| json!({"pod": pod, "container": container}))
        .collect();
    json!({"origin": "a log", "places": places, "count": 1, "sample": text, "failure": failure})
}

fn evidence(pods: &[Value], template: &[Value], lines: &[Value]) -> Evidence {
    let mut e = story().unwrap();
    e["pods"] = known(json!(pods));
    e["workload"]["value"]["template"]["containers"] = json!(template);
    e["logs"] = known(json!(lines));
    serde_json::from_value(e).unwrap()
}

fn all(d: &Diagnosis) -> Vec<&Finding> {
    d.root_cause.iter().chain(&d.also).chain(&d.possible).chain(&d.warnings).collect()
}

fn confidence(d: &Diagnosis, cause: Cause) -> Option<Confidence> {
    all(d).into_iter().find(|f| f.cause == cause).map(|f| f.confidence)
}

/// The causes that say of a container that it has the identity and does not use it.
fn unused(d: &Diagnosis) -> Vec<Confidence> {
    let of = [Cause::AppOrSdkLacksWebIdentitySupport, Cause::AppConfiguredForAnotherCredentialSource];
    of.into_iter().filter_map(|c| confidence(d, c)).collect()
}

#[test]
fn a_container_without_token_is_never_said_not_to_use_it() {
    for text in WITHOUT {
        for (app, side) in [(true, false), (false, true), (true, true), (false, false)] {
            let containers = [container("app", app, &[]), container("side", side, &[])];
            let template = [container("app", false, &[]), container("side", false, &[])];
            for (writer, has) in [("app", app), ("side", side)] {
                let place = format!("p-1/{writer}");
                let e = evidence(&[pod("p-1", &containers)], &template, &[line(text, &[&place])]);
                let d = diagnose(&e);
                assert_eq!(!unused(&d).is_empty(), has, "{text}: {writer} of {app} {side}: {:#?}", all(&d));
                if !has {
                    let said = all(&d).into_iter().any(|f| f.sentence.contains("role and token are in"));
                    assert!(!said, "{text}: {:#?}", all(&d));
                }
            }
        }
    }
}

#[test]
fn an_old_pod_that_was_never_injected_tells_nothing_of_the_new_one_beside_it() {
    let (old, new) = (pod("old", &[container("app", false, &[])]), pod("new", &[container("app", true, &[])]));
    let template = [container("app", false, &[])];
    for (places, has) in [(&["old/app"][..], false), (&["new/app"][..], true), (&["old/app", "new/app"][..], true)] {
        let d = diagnose(&evidence(&[old.clone(), new.clone()], &template, &[line(WITHOUT[0], places)]));
        assert_eq!(!unused(&d).is_empty(), has, "{places:?}: {:#?}", all(&d));
    }
}

#[test]
fn of_a_log_that_was_given_it_is_only_possible_which_container_wrote_it() {
    let pods = [pod("p-1", &[container("app", true, &[]), container("side", false, &[])])];
    let template = [container("app", false, &[]), container("side", false, &[])];
    let d = diagnose(&evidence(&pods, &template, &[line(WITHOUT[0], &[])]));
    assert_eq!(unused(&d).into_iter().max(), Some(Confidence::Possible), "{:#?}", all(&d));
    let whole = [pod("p-1", &[container("app", true, &[]), container("side", true, &[])])];
    let d = diagnose(&evidence(&whole, &template, &[line(WITHOUT[0], &[])]));
    assert_eq!(unused(&d).into_iter().max(), Some(Confidence::Likely), "{:#?}", all(&d));
}

#[test]
fn an_answer_of_sts_to_one_container_shows_nothing_of_another() {
    let refused = "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not \
                   authorized \
                   to perform sts:AssumeRoleWithWebIdentity";
    let pods = [pod("p-1", &[container("app", true, &[]), container("side", true, &[])])];
    let template = [container("app", false, &[]), container("side", false, &[])];
    for (asked, has) in [("p-1/side", true), ("p-1/app", false)] {
        let lines = [line(WITHOUT[0], &["p-1/app"]), line(refused, &[asked])];
        let d = diagnose(&evidence(&pods, &template, &lines));
        let lacks = confidence(&d, Cause::AppOrSdkLacksWebIdentitySupport);
        assert_eq!(lacks.is_some(), has, "{asked}: {:#?}", all(&d));
    }
}

#[test]
fn keys_and_profiles_of_one_container_are_proven_by_its_own_failure_alone() {
    let denied = "botocore.exceptions.ClientError: An error occurred (InvalidClientTokenId) when calling the \
                  ListClusters operation: The security token included in the request is invalid.";
    let key = [("AWS_ACCESS_KEY_ID", "a key that is none")];
    let cause = Cause::StaticOrOtherCredentialsTakePrecedence;
    let pods = [pod("p-1", &[container("app", true, &[]), container("side", true, &key)])];
    let template = [container("app", false, &[]), container("side", false, &key)];
    let at = |places: &[&str]| confidence(&diagnose(&evidence(&pods, &template, &[line(denied, places)])), cause);
    assert_eq!(at(&["p-1/side"]), Some(Confidence::Proven));
    assert_eq!(at(&["p-1/app"]), Some(Confidence::Likely));
    let alone = [pod("p-1", &[container("side", true, &key)])];
    let d = diagnose(&evidence(&alone, &template[1..], &[]));
    assert_eq!(confidence(&d, cause), Some(Confidence::Proven), "{:#?}", all(&d));
}

#[test]
fn an_endpoint_that_one_container_sets_is_not_what_another_one_called() {
    let timeout = "botocore.exceptions.ConnectTimeoutError: Connect timeout on endpoint URL: \
                   \"https://sts.us-west-2.amazonaws.com/\"";
    let set = [("AWS_ENDPOINT_URL_STS", "https://sts.internal.example")];
    let pods = [pod("p-1", &[container("app", true, &[]), container("side", true, &set)])];
    let template = [container("app", false, &[]), container("side", false, &set)];
    for (place, told) in [("p-1/side", true), ("p-1/app", false)] {
        let d = diagnose(&evidence(&pods, &template, &[line(timeout, &[place])]));
        let said = all(&d).into_iter().any(|f| f.sentence.contains("sts.internal.example"));
        assert_eq!(said, told, "{place}: {:#?}", all(&d));
    }
}

#[test]
fn a_container_that_sets_one_variable_lacks_the_other_whatever_is_mounted() {
    let only_role = [("AWS_ROLE_ARN", ROLE)];
    let mut side = container("side", false, &only_role);
    // The webhook mounts the token and leaves the variables alone.
    side["mounts"] = json!({"aws-iam-token": TOKEN});
    let pods = [pod("p-1", &[container("app", true, &[]), side])];
    let template = [container("app", false, &[]), container("side", false, &only_role)];
    let cause = Cause::EnvPresetInPodBlocksMutation;
    let heard = evidence(&pods, &template, &[line(WITHOUT[0], &["p-1/side"])]);
    let d = diagnose(&heard);
    assert_eq!(confidence(&d, cause), Some(Confidence::Proven), "{:#?}", all(&d));
    let finding = all(&d).into_iter().find(|f| f.cause == cause).unwrap();
    assert!(finding.sentence.contains("AWS_WEB_IDENTITY_TOKEN_FILE is not set"), "{}", finding.sentence);
    assert!(!finding.proof.iter().any(|p| p.label == "mounted token"), "{:#?}", finding.proof);
    // Beside another container, and never heard to fail, it may call nothing of AWS.
    let d = diagnose(&evidence(&pods, &template, &[line(WITHOUT[0], &["p-1/app"])]));
    assert_eq!(confidence(&d, cause), Some(Confidence::Likely), "{:#?}", all(&d));
}
