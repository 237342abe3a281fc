//! A log that tells of several identities is judged identity by identity: each with its own refusal and its own cause,
//! and what is of nobody known by itself.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, as tests do")]

use serde_json::json;
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::{Diagnosis, Outcome, diagnose};
use trustwalk_core::evidence::{Evidence, LogFailure, LogIdentity, Observed, Source, Target};
use trustwalk_symptoms::{Subject, classify};
use trustwalk_testkit::{NOW, story};

const AUDIENCE: &str = "InvalidIdentityToken: Incorrect token audience";
const DENIED: &str = "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity";
const MODULE: &str = "To use web identity tokens, the 'sts' service module must be on the class path.";

fn arn(name: &str) -> String {
    format!("arn:aws:iam::111122223333:role/{name}")
}

fn line(text: &str) -> LogFailure {
    let failure = classify(text).unwrap_or_else(|| panic!("not read: {text}"));
    serde_json::from_value(json!({"origin": "app.log", "count": 1, "sample": text, "failure": failure})).unwrap()
}

fn of(role: &str, subject: &str, text: &str) -> LogFailure {
    let mut one = line(text);
    one.failure.role_arn = Some(role).filter(|r| !r.is_empty()).map(arn);
    one.failure.subject = Some(subject).filter(|s| !s.is_empty()).map(Subject::new);
    one
}

fn evidence(lines: Vec<LogFailure>) -> Evidence {
    let mut e = Evidence::new(Target::Log { name: "app.log".to_owned(), identity: None }, NOW);
    e.logs = Observed::Known { value: lines, source: Source::default() };
    e
}

fn whose(e: &Evidence) -> Option<(String, String, usize)> {
    let Target::Log { identity: Some(LogIdentity { role, subject, .. }), .. } = &e.target else { return None };
    Some((role.clone().unwrap_or_default(), subject.clone().unwrap_or_default(), e.logs.known().unwrap().len()))
}

fn parted(lines: Vec<LogFailure>) -> Vec<(String, String, usize)> {
    evidence(lines).by_identity().iter().filter_map(whose).collect()
}

#[test]
fn each_identity_is_judged_by_its_own_lines() {
    let lines = vec![of("payments", "", AUDIENCE), of("ledger", "", DENIED), of("payments", "", MODULE)];
    let all: Vec<Diagnosis> = evidence(lines).by_identity().iter().map(diagnose).collect();
    let [payments, ledger] = all.as_slice() else { panic!("{all:#?}") };
    let root = payments.root_cause.as_ref().unwrap();
    assert_eq!((root.cause, payments.outcome), (Cause::JavaStsModuleMissing, Outcome::RootCause));
    assert!(ledger.root_cause.is_none() && ledger.outcome == Outcome::Broken, "{ledger:#?}");
    let told = |d: &Diagnosis, word: &str| d.observations.iter().any(|o| o.text.contains(word));
    assert!(told(ledger, "Not authorized") && !told(ledger, "audience") && !told(payments, "Not authorized"));
    // Nothing is left to be asked about by itself.
    assert!(!all.iter().flat_map(|d| &d.undetermined).any(|u| u.contains("identities")), "{all:#?}");
}

#[test]
fn lines_of_nobody_known_stand_by_themselves_and_last() {
    let lines = vec![line(MODULE), of("payments", "", AUDIENCE), of("ledger", "", DENIED)];
    let none = (String::new(), String::new(), 1);
    assert_eq!(parted(lines), [(arn("payments"), String::new(), 1), (arn("ledger"), String::new(), 1), none]);
}

#[test]
fn what_does_not_contradict_is_one_identity() {
    // A role, and a subject, and a session of the role, with what nobody names.
    let session = line(
        "An error occurred (AccessDenied) when calling the GetObject operation: User: \
         arn:aws:sts::111122223333:assumed-role/payments/botocore-session-1 is not authorized to perform: s3:GetObject \
         on resource: arn:aws:s3:::ledger",
    );
    let node = line(
        "AccessDenied: User: arn:aws:sts::111122223333:assumed-role/node/i-0123456789abcdef0 is not authorized to \
         perform: s3:GetObject on resource: arn:aws:s3:::ledger",
    );
    for lines in [
        vec![of("payments", "", DENIED), of("", "system:serviceaccount:a:b", DENIED)],
        vec![of("payments", "", DENIED), session.clone(), node.clone(), line(MODULE)],
    ] {
        let all = evidence(lines.clone()).by_identity();
        assert_eq!(all.len(), 1, "{lines:?}");
        assert!(matches!(all[0].target, Target::Log { identity: None, .. }));
        assert_eq!(all[0].logs.known().unwrap().len(), lines.len());
    }
    // What was seen of the role in its session is of the role that is named with its path.
    let mut pathed = of("", "", DENIED);
    pathed.failure.role_arn = Some(arn("team/payments"));
    let all = parted(vec![session, pathed, of("ledger", "", AUDIENCE), node]);
    let [payments, ledger, nobody] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(*payments, (arn("team/payments"), String::new(), 2));
    assert_eq!((ledger.2, nobody.2, nobody.0.as_str()), (1, 1, ""));
}

#[test]
fn a_session_that_asks_for_a_further_role_is_still_itself() {
    let session = "User: arn:aws:sts::111122223333:assumed-role/app/botocore-1 is not authorized to perform:";
    let chained = format!("AccessDenied: {session} sts:AssumeRole on resource: {}", arn("target"));
    let denied = format!("AccessDenied: {session} s3:GetObject on resource: arn:aws:s3:::b/k");
    assert_eq!(parted(vec![line(&denied), line(&chained)]), []);
    // Beside somebody else its lines stay together.
    let all = parted(vec![line(&denied), line(&chained), of("ledger", "", DENIED)]);
    let session = "arn:aws:sts::111122223333:assumed-role/app".to_owned();
    assert_eq!(all, [(session, String::new(), 2), (arn("ledger"), String::new(), 1)]);
    // A node asks for whom it runs, and so the role that it asks for tells them apart.
    let node = "AccessDenied: User: arn:aws:sts::111122223333:assumed-role/node/i-0abc is not authorized to perform:";
    let of_node = |role: &str| line(&format!("{node} sts:AssumeRole on resource: {}", arn(role)));
    assert_eq!(parted(vec![of_node("app"), of_node("ledger")]).len(), 2);
}

#[test]
fn two_service_accounts_that_ask_for_one_role_are_two() {
    let (a, b) = ("system:serviceaccount:shop:cart", "system:serviceaccount:shop:till");
    let lines = vec![of("shop", a, DENIED), of("shop", b, AUDIENCE), of("shop", "", MODULE)];
    let all = parted(lines);
    assert_eq!(all.len(), 3, "{all:?}");
    assert_eq!((all[0].1.as_str(), all[1].1.as_str(), all[2].1.as_str()), (a, b, ""));
    let named = |text: &str| line(&format!("An IAM role must be associated with service account {text}"));
    let all = parted(vec![named("cart (namespace: shop)"), named("till (namespace: shop)")]);
    assert_eq!([all[0].1.as_str(), all[1].1.as_str()], [a, b]);
}

#[test]
fn issuers_part_as_roles_do_and_two_hosts_of_one_cluster_do_not() {
    let of =
        |url: &str| line(&format!("InvalidIdentityToken: No OpenIDConnect provider found in your account for {url}"));
    let eks = |host: &str, id: &str| of(&format!("https://{host}/id/{id}"));
    let two = vec![eks("oidc.eks.us-west-2.amazonaws.com", "AB12"), eks("oidc.eks.us-west-2.amazonaws.com", "CD34")];
    assert_eq!(evidence(two).by_identity().len(), 2);
    let one = vec![eks("oidc.eks.us-west-2.amazonaws.com", "AB12"), eks("oidc-eks.us-west-2.api.aws", "AB12")];
    assert_eq!(evidence(one).by_identity().len(), 1);
}

#[test]
fn a_success_is_told_beside_the_identity_that_it_is_of() {
    let lines = vec![of("payments", "", AUDIENCE), of("ledger", "", DENIED)];
    let mut e = evidence(lines);
    let success = |role: &str| {
        json!({"origin": "app.log", "count": 1, "last": null,
            "success": {"kind": "exchange", "message": "ok", "role_arn": arn(role)}})
    };
    e.besides.successes = serde_json::from_value(json!([success("ledger"), success("till")])).unwrap();
    e.besides.uncounted = 3;
    let all = e.by_identity();
    let successes: Vec<usize> = all.iter().map(|e| e.besides.successes.len()).collect();
    assert_eq!((successes, all.last().unwrap().besides.uncounted), (vec![0, 1, 1], 3));
}

#[test]
fn more_identities_than_are_judged_apart_are_not_dropped() {
    let lines: Vec<LogFailure> = (0..130).map(|i| of(&format!("r{i}"), "", DENIED)).collect();
    let all = evidence(lines).by_identity();
    assert_eq!(all.iter().map(|e| e.logs.known().unwrap().len()).sum::<usize>(), 130);
    let rest = diagnose(all.last().unwrap());
    assert!(rest.undetermined.iter().any(|u| u.contains("30 identities")), "{:?}", rest.undetermined);
}

#[test]
fn what_is_asked_about_besides_a_log_is_not_parted() {
    let mut e: Evidence = serde_json::from_value(story().unwrap()).unwrap();
    e.logs = Observed::Known {
        value: vec![of("payments", "", AUDIENCE), of("ledger", "", DENIED)],
        source: Source::default(),
    };
    assert_eq!(e.by_identity().len(), 1);
}
