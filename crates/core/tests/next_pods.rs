//! What pods would meet that are made from now on, and which causes stand first for pods that were given no identity.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use serde_json::{Value, json};
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::{Diagnosis, Outcome, diagnose};
use trustwalk_core::finding::{Confidence, Finding, Standing};
use trustwalk_core::link::Link;
use trustwalk_symptoms::classify;
use trustwalk_testkit::{NOW, story};

const ROLE: &str = "arn:aws:iam::111122223333:role/cni";

/// A trust policy with one statement.
fn trusts(statement: &Value) -> Value {
    role(&json!({"Version": "2012-10-17", "Statement": [statement]}).to_string())
}

/// Pods that work by their web identity, and the role of an association that was made after them.
fn associated(role: Value) -> Diagnosis {
    let scenarios = trustwalk_testkit::scenarios().unwrap();
    let of_race = Cause::PodIdentityAssociationCacheRace.name();
    let works = scenarios.iter().find(|(of, file, _)| of == of_race && file == "warning-works.toml").unwrap();
    let mut e = serde_json::to_value(works.2.evidence().unwrap()).unwrap();
    *e.pointer_mut("/association_role").unwrap() = role;
    diagnose(&serde_json::from_value(e).unwrap())
}

fn role(trust_policy: &str) -> Value {
    let value = json!({"arn": ROLE, "name": "cni", "max_session": 3600, "created": 1, "trust_policy": trust_policy});
    json!({"state": "known", "source": {"what": "iam:GetRole", "at": NOW}, "value": value})
}

fn warned(d: &Diagnosis) -> Vec<Cause> {
    d.warnings.iter().map(|f| f.cause).collect()
}

/// Whether new pods are offered as the cure of the association that came after them.
fn renews(d: &Diagnosis) -> bool {
    let race = d.warnings.iter().find(|f| f.cause == Cause::PodIdentityAssociationCacheRace).unwrap();
    race.cures.iter().any(|c| c.by_hand.values().any(|text| text.contains("rollout restart")))
}

#[test]
fn pods_that_work_are_not_to_be_made_anew_where_the_next_would_be_refused() {
    let provider = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-west-2.amazonaws.com/id/BFDB01";
    let web_identity = json!({"Effect": "Allow", "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity"});
    for (refusing, cause) in [
        (trusts(&web_identity), Cause::RoleDoesNotTrustPodIdentity),
        (json!({"state": "absent", "source": {"what": "iam:GetRole", "at": NOW}}), Cause::RoleDoesNotExist),
    ] {
        let d = associated(refusing);
        assert_eq!(d.outcome, Outcome::Ok, "{:?}", d.root_cause);
        let all = warned(&d);
        assert!(all.contains(&cause) && all.contains(&Cause::PodIdentityAssociationCacheRace), "{all:?}");
        let told = d.warnings.iter().find(|f| f.cause == cause).unwrap();
        assert!(told.sentence.starts_with("pods made next would be refused: "), "{}", told.sentence);
        assert!(!renews(&d), "{:?}", d.warnings);
    }
    let trusting = json!({"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"]});
    let d = associated(trusts(&trusting));
    assert_eq!(warned(&d), [Cause::PodIdentityAssociationCacheRace]);
    assert!(renews(&d), "{:?}", d.warnings);
}

#[test]
fn what_next_pods_meet_is_open_where_the_role_was_not_read() {
    let denied = json!({"state": "denied", "permission": "iam:GetRole", "message": "no",
        "source": {"what": "iam:GetRole", "at": NOW}});
    let d = associated(denied);
    assert!(!warned(&d).contains(&Cause::RoleDoesNotTrustPodIdentity), "{:?}", warned(&d));
    assert!(d.undetermined.iter().any(|text| text.contains("iam:GetRole")), "{:?}", d.undetermined);
}

/// Pods that say that they have no credentials, with these variables in each container.
fn without_credentials(variables: &Value) -> Diagnosis {
    let mut e = story().unwrap();
    for pod in 0..2 {
        *e.pointer_mut(&format!("/pods/value/{pod}/spec/containers/0/env")).unwrap() = variables.clone();
    }
    let text = "botocore.exceptions.NoCredentialsError: Unable to locate credentials";
    let line = json!({"origin": "app.log", "count": 2, "sample": text, "failure": classify(text).unwrap()});
    *e.pointer_mut("/logs").unwrap() =
        json!({"state": "known", "value": [line], "source": {"what": "a test", "at": NOW}});
    diagnose(&serde_json::from_value(e).unwrap())
}

/// Where each cause that is open lies, in the order in which they are listed.
fn open(d: &Diagnosis) -> Vec<Link> {
    let open = d.candidates.iter().filter(|c| matches!(c.standing, Standing::Open { .. }));
    open.map(|c| c.cause.link()).collect()
}

#[test]
fn of_pods_without_an_identity_what_kept_it_from_them_stands_first() {
    let early = |l: &Link| matches!(l, Link::ServiceAccount | Link::Injection);
    let bare = without_credentials(&json!([]));
    let links = open(&bare);
    assert!(links.iter().any(|l| !early(l)), "{links:?}");
    assert!(links.is_sorted_by_key(|l| !early(l)), "{links:?}");
    let possible: Vec<&Finding> = bare.possible.iter().filter(|f| f.confidence == Confidence::Possible).collect();
    assert!(possible.is_sorted_by_key(|f| !early(&f.link())), "{possible:?}");
    // Where the identity is there, the causes keep the order of their codes.
    let given = json!([{"name": "AWS_ROLE_ARN", "value": ROLE},
        {"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"}]);
    let given = without_credentials(&given);
    let codes: Vec<Cause> =
        given.candidates.iter().filter(|c| matches!(c.standing, Standing::Open { .. })).map(|c| c.cause).collect();
    assert!(codes.is_sorted(), "{codes:?}");
}
