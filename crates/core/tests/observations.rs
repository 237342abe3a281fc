//! Every observation gets one fate, is printed, and sequence is evidence.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use serde_json::{Value, json};
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::{Diagnosis, Outcome, diagnose};
use trustwalk_core::evidence::{
    Evidence, Happening, LogFailure, LogRecord, LogUnclear, Neighbours, Observed, Repair, Target, settled,
};
use trustwalk_core::finding::{Confidence, Finding};
use trustwalk_core::observation::{Fate, Seen, Witness};
use trustwalk_symptoms::{TrailRecord, classify};
use trustwalk_testkit::{NOW, story};

const DENIED: &str = "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity (WebIdentityErr: \
    failed to retrieve credentials)";
const EXPIRED: &str = "An error occurred (ExpiredTokenException) when calling the AssumeRoleWithWebIdentity operation: \
                       Token expired: current date/time 1731098245 must be before the expiration date/time 1731095240";
const SESSION: &str = "S3 error: <Code>ExpiredToken</Code><Message>The provided token has expired.</Message>";
const KEYS: &str = "An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: \
                    Couldn't retrieve verification key from your identity provider";
const ROLE: &str = "arn:aws:iam::111122223333:role/cni";
const SUBJECT: &str = "system:serviceaccount:kube-system:aws-node";

fn healthy() -> Evidence {
    serde_json::from_value(story().unwrap()).unwrap()
}

fn alone() -> Evidence {
    Evidence::new(Target::Log { name: "app.log".to_owned(), identity: None }, NOW)
}

fn line(text: &str) -> LogFailure {
    let failure = classify(text).unwrap_or_else(|| panic!("not read: {text}"));
    serde_json::from_value(json!({
        "origin": "app.log", "count": 1, "sample": text, "failure": failure, "first": "2022-07-19T13:50:00Z",
        "last": "2022-07-19T13:50:00Z",
    }))
    .unwrap()
}

fn hearing(mut e: Evidence, lines: Vec<LogFailure>) -> Evidence {
    e.logs = Observed::Known { value: lines, source: trustwalk_core::evidence::Source::default() };
    e
}

fn at(text: &str) -> Option<Happening> {
    Some(Happening { at: Some(text.to_owned()) })
}

fn all(d: &Diagnosis) -> Vec<&Finding> {
    d.root_cause.iter().chain(&d.also).chain(&d.possible).collect()
}

fn confidence(d: &Diagnosis, cause: Cause) -> Option<Confidence> {
    all(d).into_iter().find(|f| f.cause == cause).map(|f| f.confidence)
}

fn event(name: &str, minutes: i64, change: Value) -> Value {
    let who = "arn:aws:iam::111122223333:user/ops";
    json!({"at": NOW - 600 + minutes * 60, "name": name, "who": who, "resource": "cni", "change": change})
}

fn remembering(mut e: Evidence, events: Vec<Value>) -> Evidence {
    e.trail =
        serde_json::from_value(json!({"state": "known", "value": events, "source": {"what": "t", "at": NOW}})).unwrap();
    e
}

fn record(at: &str, error: Option<&str>) -> TrailRecord {
    let provider = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-west-2.amazonaws.com/id/EX";
    let mut event = json!({
        "eventVersion": "1.08", "eventName": "AssumeRoleWithWebIdentity", "eventSource": "sts.amazonaws.com",
        "eventTime": at,
        "userIdentity": {"type": "WebIdentityUser", "userName": SUBJECT, "identityProvider": provider,
            "principalId": format!("{provider}:sts.amazonaws.com:{SUBJECT}")},
        "requestParameters": {"roleArn": ROLE}, "awsRegion": "us-west-2",
    });
    if let Some(code) = error {
        event["errorCode"] = json!(code);
        event["errorMessage"] = json!("Not authorized to perform sts:AssumeRoleWithWebIdentity");
    }
    TrailRecord::read(event.to_string().as_bytes()).unwrap()
}

fn refused(at: &str) -> LogFailure {
    let record = record(at, Some("AccessDenied"));
    let failure = record.clone().told().failures.pop().unwrap();
    LogFailure {
        origin: "trail.json".to_owned(),
        places: Vec::new(),
        count: 1,
        first: record.at.clone(),
        last: record.at,
        sample: failure.message.clone(),
        failure,
        witness: Witness::Trail,
        neighbours: Neighbours::default(),
    }
}

#[test]
fn a_workload_refused_where_our_own_exchange_is_not_is_a_finding_in_every_wording() {
    for words in [
        DENIED,
        "InvalidIdentityToken: No OpenIDConnect provider found in your account for https://x.example",
        "InvalidIdentityToken: Incorrect token audience",
        "InvalidIdentityToken: OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
        "InvalidIdentityToken: Missing a required claim: sub",
        "ValidationError: Request ARN is invalid",
    ] {
        let said = format!("WebIdentityErr: failed to retrieve credentials caused by: {words}");
        let d = diagnose(&hearing(healthy(), vec![line(&said)]));
        assert_eq!(confidence(&d, Cause::WorkloadExchangeDiffers), Some(Confidence::Likely), "{words}: {d:#?}");
        assert!(d.outcome.is_broken(), "{words}");
        assert!(matches!(d.observations[0].fate, Fate::Explained { .. }), "{words}");
    }
}

#[test]
fn what_may_differ_is_shown_with_what_is_known_of_each() {
    let mut e = healthy();
    let mut value = serde_json::to_value(&e).unwrap();
    for (name, text) in [("AWS_CONFIG_FILE", "/etc/aws/config"), ("AWS_PROFILE", "other")] {
        value["pods"]["value"][0]["spec"]["containers"][0]["env"]
            .as_array_mut()
            .unwrap()
            .push(json!({"name": name, "value": text}));
    }
    e = serde_json::from_value(value).unwrap();
    let mut failure = line(DENIED);
    failure.failure.role_arn = Some("arn:aws:iam::111122223333:role/other".to_owned());
    failure.failure.host = Some("sts.eu-west-1.amazonaws.com".to_owned());
    failure.failure.audience = Some("other".to_owned());
    let d = diagnose(&hearing(e, vec![failure]));
    let proof = serde_json::to_string(&d.root_cause.unwrap().proof).unwrap();
    for told in [
        "AWS_CONFIG_FILE=/etc/aws/config",
        "AWS_PROFILE=other",
        "role/other, another than",
        "sts.eu-west-1",
        "audience",
        "2022-07-19T13:50:00Z",
    ] {
        assert!(proof.contains(told), "{told}: {proof}");
    }
}

#[test]
fn what_succeeded_later_is_over() {
    let mut failure = line(DENIED);
    failure.neighbours.recovered = at("2022-07-19T13:51:00Z");
    let d = diagnose(&hearing(healthy(), vec![failure]));
    assert!(matches!(d.observations[0].fate, Fate::Over { .. }), "{:?}", d.observations);
    assert_eq!(d.outcome, Outcome::Ok);
    // A record of the same subject for the same role.
    let mut e = hearing(alone(), vec![refused("2022-07-19T13:40:00Z")]);
    let succeeded = LogRecord { origin: "trail.json".to_owned(), record: record("2022-07-19T13:45:00Z", None) };
    e.besides.records.push(succeeded);
    let d = diagnose(&e);
    assert!(matches!(d.observations[0].fate, Fate::Over { .. }), "{:?}", d.observations);
    assert!(d.observations.iter().any(|o| o.seen == Seen::Success && o.fate == Fate::Succeeded));
}

#[test]
fn only_a_change_that_could_cure_and_changed_something_sets_a_failure_aside() {
    let policy = |sub: &str| json!({"policyDocument": json!({"Statement": [{"sub": sub}]}).to_string()});
    let fate = |text: &str, events: Vec<Value>| {
        let d = diagnose(&remembering(hearing(healthy(), vec![line(text)]), events));
        (d.observations[0].fate.clone(), d.outcome, d.undetermined)
    };
    let changed =
        vec![event("UpdateAssumeRolePolicy", 5, policy("b")), event("UpdateAssumeRolePolicy", -9, policy("a"))];
    let (is, outcome, undetermined) = fate(DENIED, changed);
    assert!(matches!(is, Fate::SetAside { .. }), "{is:?}");
    assert_eq!(outcome, Outcome::Undetermined);
    assert!(undetermined.iter().any(|u| u.contains("UpdateAssumeRolePolicy by arn:aws:iam")), "{undetermined:?}");
    // Unchanged, of another kind, before it, or of another role.
    let again = vec![event("UpdateAssumeRolePolicy", 5, policy("a")), event("UpdateAssumeRolePolicy", -9, policy("a"))];
    let mut other = event("UpdateAssumeRolePolicy", 5, policy("b"));
    other["resource"] = json!("another");
    for events in [
        again,
        vec![event("AddClientIDToOpenIDConnectProvider", 5, json!({}))],
        vec![event("UpdateAssumeRolePolicy", -9, policy("b"))],
        vec![other],
    ] {
        let (is, outcome, _) = fate(DENIED, events);
        assert!(matches!(is, Fate::Explained { .. }) && outcome.is_broken(), "{is:?}");
    }
    // An audience of another team.
    let audience = |aud: &str| vec![event("AddClientIDToOpenIDConnectProvider", 5, json!({"clientID": aud}))];
    let words = "InvalidIdentityToken: Incorrect token audience";
    assert!(matches!(fate(words, audience("sts.amazonaws.com")).0, Fate::SetAside { .. }));
    assert!(matches!(fate(words, audience("vault")).0, Fate::Explained { .. }));
}

#[test]
fn lines_that_nobody_understood_keep_a_diagnosis_from_being_sound() {
    let mut e = healthy();
    assert_eq!(diagnose(&e).outcome, Outcome::Ok);
    e.besides.unclear.push(LogUnclear {
        origin: "app.log".to_owned(),
        count: 3,
        last: None,
        sample: "error: credentials of the flux came apart".to_owned(),
    });
    let d = diagnose(&e);
    assert_eq!(d.outcome, Outcome::Undetermined);
    let told = d.undetermined.iter().find(|u| u.contains("3 lines about credentials were not understood"));
    assert!(told.is_some_and(|u| u.contains("came apart")), "{:?}", d.undetermined);
    assert!(d.observations.iter().any(|o| o.seen == Seen::Unclear && o.fate == Fate::Unexplained));
}

#[test]
fn an_expired_token_alone_is_a_symptom_and_its_sequence_says_more() {
    let d = diagnose(&hearing(alone(), vec![line(EXPIRED)]));
    for cause in [Cause::TokenFileReadOnce, Cause::TokenTooOldOrExpired] {
        assert_eq!(confidence(&d, cause), Some(Confidence::Possible), "{d:#?}");
    }
    assert!(all(&d).iter().all(|f| f.decide.is_some() && !f.cures.is_empty()));
    let mut long = line(EXPIRED);
    long.neighbours.succeeded_before = at("2022-07-19T12:00:00Z");
    long.neighbours.after_start_seconds = Some(2 * 3600);
    let mut restarted = line(EXPIRED);
    restarted.neighbours.restarted = at("2022-07-19T13:52:00Z");
    restarted.neighbours.recovered = at("2022-07-19T13:53:00Z");
    let refreshing =
        line(&format!("refreshing temporary credentials failed during mandatory refresh period. {EXPIRED}"));
    for one in [long, restarted, refreshing] {
        let d = diagnose(&hearing(alone(), vec![one]));
        assert_eq!(
            d.root_cause.as_ref().map(|f| (f.cause, f.confidence)),
            Some((Cause::TokenFileReadOnce, Confidence::Likely)),
            "{d:#?}"
        );
        assert!(confidence(&d, Cause::TokenTooOldOrExpired) != Some(Confidence::Proven));
    }
}

#[test]
fn the_times_in_a_refusal_tell_whose_clock_is_off() {
    let with = |last: &str| {
        let mut one = line(EXPIRED);
        one.last = Some(last.to_owned());
        serde_json::to_string(&all(&diagnose(&hearing(alone(), vec![one])))).unwrap()
    };
    // 1731098245 is 2024-11-08T20:37:25Z.
    assert!(with("2024-11-08T20:37:26Z").contains("no clock is at fault"));
    assert!(with("2024-11-08T19:37:26Z").contains("59 minutes off that of STS"));
}

#[test]
fn an_ended_session_has_several_causes() {
    let d = diagnose(&hearing(healthy(), vec![line(SESSION)]));
    for cause in [Cause::AppDoesNotRefreshSessionCredentials, Cause::RoleChainingOneHourCap, Cause::TokenFileReadOnce] {
        assert_eq!(confidence(&d, cause), Some(Confidence::Possible), "{cause:?}: {d:#?}");
    }
    assert_eq!(d.outcome, Outcome::Broken);
    let mut long = line(SESSION);
    long.neighbours.succeeded_before = at("2022-07-19T12:00:00Z");
    long.neighbours.after_start_seconds = Some(3700);
    let d = diagnose(&hearing(healthy(), vec![long]));
    assert_eq!(confidence(&d, Cause::AppDoesNotRefreshSessionCredentials), Some(Confidence::Likely));
}

#[test]
fn keys_that_could_not_be_had_are_a_kept_token_or_a_passing_failure() {
    let d = diagnose(&hearing(healthy(), vec![line(KEYS)]));
    for cause in [Cause::TokenFileReadOnce, Cause::IssuerKeysFetchTransientFailure] {
        assert_eq!(confidence(&d, cause), Some(Confidence::Possible), "{d:#?}");
    }
    let mut between = line(KEYS);
    between.neighbours.succeeded_before = at("2022-07-19T13:49:00Z");
    between.neighbours.recovered = at("2022-07-19T13:51:00Z");
    let d = diagnose(&hearing(alone(), vec![between.clone()]));
    let root = d.root_cause.as_ref().map(|f| (f.cause, f.confidence));
    assert_eq!(root, Some((Cause::IssuerKeysFetchTransientFailure, Confidence::Likely)), "{d:#?}");
    // Where it works now, it is over.
    let d = diagnose(&hearing(healthy(), vec![between]));
    assert!(matches!(d.observations[0].fate, Fate::Over { .. }));
    let mut cured = line(KEYS);
    cured.neighbours.restarted = at("2022-07-19T13:52:00Z");
    cured.neighbours.recovered = at("2022-07-19T13:53:00Z");
    let d = diagnose(&hearing(healthy(), vec![cured]));
    assert_eq!(confidence(&d, Cause::TokenFileReadOnce), Some(Confidence::Likely), "{d:#?}");
}

#[test]
fn a_typed_subject_blames_no_organisation() {
    let mut e = hearing(healthy(), vec![line(DENIED)]);
    e.target = Target::Role { arn: ROLE.to_owned(), subject: Some(SUBJECT.to_owned()) };
    e.exchange = Observed::default();
    let Observed::Known { value, .. } = &mut e.token else { panic!("no token") };
    value.source = trustwalk_core::evidence::TokenSource::Typed;
    let d = diagnose(&e);
    assert_eq!(confidence(&d, Cause::OrgPolicyRcpScpDeny), None, "{d:#?}");
    assert!(
        d.outcome != Outcome::Ok && d.undetermined.iter().any(|u| u.contains("CloudTrail")),
        "{:?}",
        d.undetermined
    );
}

#[test]
fn records_fill_in_what_to_run_next() {
    let d = diagnose(&hearing(alone(), vec![refused("2022-07-19T13:40:00Z")]));
    assert_eq!(d.observations[0].witness, Witness::Trail);
    let next = d.undetermined.iter().find(|u| u.contains("trustwalk diagnose --role")).unwrap();
    assert!(
        next.contains(ROLE) && next.contains(SUBJECT) && next.contains("serviceaccount/aws-node -n kube-system"),
        "{next}"
    );
}

#[test]
fn no_observation_is_lost() {
    let mut e = hearing(
        healthy(),
        vec![line(DENIED), line(EXPIRED), line(SESSION), line(KEYS), refused("2022-07-19T13:40:00Z")],
    );
    e.besides.unclear.push(LogUnclear { origin: "app.log".to_owned(), count: 2, last: None, sample: "x".to_owned() });
    e.besides.records.push(LogRecord { origin: "t".to_owned(), record: record("2022-07-19T13:45:00Z", None) });
    for failures in 0..=5 {
        let mut some = e.clone();
        let Observed::Known { value, .. } = &mut some.logs else { panic!("no logs") };
        value.truncate(failures);
        let lines = value.iter().map(|l| l.count).sum::<u64>();
        let d = diagnose(&some);
        assert_eq!(d.observations.iter().map(|o| o.count).sum::<u64>(), lines + 3, "{:?}", d.observations);
        let settled = settled(vec![some.clone()]).remove(0);
        assert_eq!((&settled.besides, &settled.logs), (&some.besides, &some.logs));
    }
}

#[test]
fn evidence_of_before_is_still_read() {
    let mut value = serde_json::to_value(hearing(healthy(), vec![line(DENIED)])).unwrap();
    value.as_object_mut().unwrap().remove("besides");
    assert!(value["logs"]["value"][0].get("neighbours").is_none());
    let e: Evidence = serde_json::from_value(value).unwrap();
    assert!(e.besides.is_empty());
}

/// Lines that no question has words of its own for: their causes are named by their pages.
#[test]
fn a_line_of_few_causes_names_them_and_never_says_that_they_were_excluded() {
    let table = [
        (
            "The nested job 'build' is requesting 'id-token: write', but is only allowed 'id-token: none'.",
            Cause::GhaIdTokenPermissionMissing,
        ),
        (
            "An IAM role must be associated with service account x (namespace: y)",
            Cause::AnnotationMissingOnServiceAccount,
        ),
        (
            "Failed calling webhook, failing open iam-for-pods.amazonaws.com: failed calling webhook \
             \"iam-for-pods.amazonaws.com\": dial tcp 127.0.0.1:23443: connect: connection refused",
            Cause::WebhookAbsentOrNotRunning,
        ),
        (
            "422 Unprocessable Entity: Requested lifetime too high (requested: 14400 max: 7200)",
            Cause::RequestedLifetimeExceedsLimit,
        ),
    ];
    for (text, cause) in table {
        let d = diagnose(&hearing(alone(), vec![line(text)]));
        assert_eq!(d.root_cause.as_ref().map(|f| f.cause), Some(cause), "{text}");
        assert_eq!(d.observations.len(), 1);
        assert!(matches!(d.observations[0].fate, Fate::Explained { .. }), "{text}");
    }
    // Where nothing was read, nothing was excluded.
    for text in ["Not authorized to perform sts:AssumeRoleWithWebIdentity", "An error occurred (ExpiredToken)"] {
        let d = diagnose(&hearing(alone(), vec![line(&format!("botocore AWS STS: {text}"))]));
        assert!(d.undetermined.iter().all(|u| !u.contains("excluded")), "{:?}", d.undetermined);
    }
}

#[test]
fn a_failure_before_every_container_was_started_anew_is_over_where_all_are_ready() {
    let failed = "2022-07-19T13:50:00Z RequestError: send request failed caused by: Post \
                  \"https://sts.us-west-2.amazonaws.com/\": dial tcp: i/o timeout";
    let at = |started: i64, restarts: i64| {
        let mut e = serde_json::to_value(hearing(healthy(), vec![line(failed)])).unwrap();
        for pod in e["pods"]["value"].as_array_mut().unwrap() {
            pod["created"] = json!(NOW - 5000);
            pod["runs"] = json!([{"name": "aws-node", "ready": true, "restarts": restarts, "started": started}]);
        }
        diagnose(&serde_json::from_value(e).unwrap())
    };
    // The failure was ten minutes before now.
    let d = at(NOW - 300, 1);
    assert!(matches!(d.observations[0].fate, Fate::Over { .. }), "{:?}", d.observations);
    assert_eq!(d.outcome, Outcome::Ok);
    let d = at(NOW - 4000, 0);
    assert!(!matches!(d.observations[0].fate, Fate::Over { .. }), "{:?}", d.observations);
    assert_ne!(d.outcome, Outcome::Ok);
}

#[test]
fn what_aws_says_decided_is_named_of_a_log_alone() {
    let refused = |why: &str| {
        format!(
            "An error occurred (AccessDenied) when calling the GetObject operation: User: \
             arn:aws:sts::111122223333:assumed-role/ledger/botocore-session-1658238600 is not authorized to perform: \
             s3:GetObject on resource: \"arn:aws:s3:::ledger/book\" {why}"
        )
    };
    for (why, cause) in [
        ("with an explicit deny in a service control policy", Cause::OrgPolicyRcpScpDeny),
        ("with an explicit deny in a resource control policy", Cause::OrgPolicyRcpScpDeny),
        ("with an explicit deny in an identity-based policy", Cause::RoleExplicitlyDenied),
        ("because no permissions boundary allows the s3:GetObject action", Cause::PermissionsBoundaryLacksAction),
        ("because no identity-based policy allows the s3:GetObject action", Cause::RoleLacksPermission),
    ] {
        let d = diagnose(&hearing(alone(), vec![line(&refused(why))]));
        let found: Vec<Cause> = all(&d).iter().map(|f| f.cause).collect();
        assert_eq!(found.first(), Some(&cause), "{why}: {found:?}");
        assert!(
            all(&d)[0].confidence < Confidence::Proven,
            "{why}: whether it is the role that was meant is not known"
        );
        assert!(all(&d)[0].sentence.contains("ledger"), "{}", all(&d)[0].sentence);
    }
    let none = diagnose(&hearing(alone(), vec![line(&refused(""))]));
    assert_eq!(all(&none).len(), 0, "{:?}", all(&none));
}

#[test]
fn a_failure_from_before_our_own_repair_is_over_where_the_same_identity_succeeds_now() {
    let hears = |at: i64, causes: Vec<Cause>| {
        let mut e = hearing(healthy(), vec![line(DENIED)]);
        e.repair = Some(Repair { at, causes });
        e
    };
    let cured = || vec![Cause::SubWrongNamespace];
    let d = diagnose(&hears(NOW - 300, cured()));
    assert!(matches!(d.observations[0].fate, Fate::Over { .. }), "{:?}", d.observations);
    assert_eq!(d.outcome, Outcome::Ok);
    // What came after it, or what another cause shows, speaks still.
    for e in [hears(NOW - 900, cured()), hears(NOW - 300, vec![Cause::ThumbprintMismatch])] {
        let d = diagnose(&e);
        assert!(!matches!(d.observations[0].fate, Fate::Over { .. }), "{:?}", d.observations);
        assert_ne!(d.outcome, Outcome::Ok);
    }
    // Without an exchange of ours nothing shows that it works.
    let mut e = hears(NOW - 300, cured());
    e.exchange = Observed::default();
    assert_eq!(diagnose(&e).outcome, Outcome::Undetermined);
}

#[test]
fn a_log_of_several_identities_says_of_each_finding_whose_it_is() {
    let of = |role: &str, text: &str| {
        let mut one = line(text);
        one.failure.role_arn = Some(format!("arn:aws:iam::111122223333:role/{role}"));
        one.sample = format!("{text} ({role})");
        one
    };
    let several = vec![of("One", "Not authorized to perform sts:AssumeRoleWithWebIdentity"), of("Three", EXPIRED)];
    let d = diagnose(&hearing(alone(), several));
    let named = all(&d);
    assert!(!named.is_empty());
    assert!(
        named.iter().take(2).all(|f| f.sentence.starts_with("of arn:aws:iam::111122223333:role/Three: ")),
        "{d:#?}"
    );
    assert!(d.undetermined.iter().any(|u| u.contains("tells of 2 identities")), "{:?}", d.undetermined);
    let alone_in_it = diagnose(&hearing(alone(), vec![of("Three", EXPIRED)]));
    assert!(all(&alone_in_it).iter().all(|f| !f.sentence.starts_with("of ")));
}

#[test]
fn refused_tokens_of_a_cluster_are_a_replaced_key_only_where_they_are_many() {
    let told = |count: u64| {
        let mut one =
            line("E1118 authentication.go:63] \"Unable to authenticate the request\" err=\"invalid bearer token\"");
        one.count = count;
        confidence(&diagnose(&hearing(alone(), vec![one])), Cause::ApiserverIssuerOrKeysReplacedBreaksCluster)
    };
    assert_eq!((told(1), told(3)), (None, Some(Confidence::Possible)));
}
