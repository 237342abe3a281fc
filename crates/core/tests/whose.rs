//! Whose a failure is: what others did is not the workload's, what only trustwalk's own call met neither, and what was
//! given and contradicts what was asked about decides nothing.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use serde_json::{Value, json};
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::{Diagnosis, Outcome, diagnose};
use trustwalk_core::evidence::{Evidence, LogFailure};
use trustwalk_core::finding::{Confidence, Finding};
use trustwalk_core::link::Link;
use trustwalk_core::observation::Fate;
use trustwalk_symptoms::classify;
use trustwalk_testkit::{NOW, github_job, story};

const DENIED: &str = "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not \
                      authorized to perform sts:AssumeRoleWithWebIdentity";
const ROLE: &str = "arn:aws:iam::111122223333:role/cni";
const SUBJECT: &str = "system:serviceaccount:kube-system:aws-node";
/// A minute before now.
const BEFORE: &str = "2022-07-19T13:59:00Z";

fn line(text: &str, more: Value) -> Value {
    let failure: LogFailure = serde_json::from_value(json!({
        "origin": "app.log", "count": 1, "sample": text, "failure": classify(text).unwrap(), "first": BEFORE,
        "last": BEFORE,
    }))
    .unwrap();
    let mut value = serde_json::to_value(failure).unwrap();
    for (name, member) in more.as_object().unwrap() {
        match name.as_str() {
            "witness" => value["witness"] = member.clone(),
            name => value["failure"][name] = member.clone(),
        }
    }
    value
}

fn known(value: Value) -> Value {
    json!({"state": "known", "value": value, "source": {"what": "a test", "at": NOW}})
}

fn judged(change: impl FnOnce(&mut Value)) -> Diagnosis {
    let mut value = story().unwrap();
    change(&mut value);
    diagnose(&serde_json::from_value::<Evidence>(value).unwrap())
}

fn hears(e: &mut Value, lines: Vec<Value>) {
    e["logs"] = known(json!(lines));
}

fn found(d: &Diagnosis) -> Vec<&Finding> {
    d.root_cause.iter().chain(&d.also).chain(&d.possible).collect()
}

fn names(d: &Diagnosis, cause: Cause) -> bool {
    found(d).iter().any(|f| f.cause == cause)
}

/// An exchange of the workload's own that succeeded.
fn exchange(seconds: i64) -> Value {
    json!({"at": NOW + seconds, "name": "AssumeRoleWithWebIdentity", "who": SUBJECT, "resource": ROLE,
        "subject": SUBJECT, "role": ROLE, "session": "botocore-session-1658239140", "request_id": "w"})
}

#[test]
fn records_of_others_are_not_the_workloads() {
    let record = |more: Value| {
        let mut all = json!({"witness": "trail", "subject": SUBJECT, "role_arn": ROLE});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let d = judged(|e| {
            e["logs_given"] = json!(true);
            hears(e, vec![line(DENIED, all)]);
        });
        assert!(matches!(d.observations[0].fate, Fate::Foreign { .. }), "{:?}", d.observations);
        assert_eq!((d.outcome, found(&d).len()), (Outcome::Ok, 0), "{d:#?}");
    };
    record(json!({"subject": "system:serviceaccount:batch:aws-node"}));
    record(json!({"role_arn": "arn:aws:iam::111122223333:role/settlement"}));
    record(json!({"issuer": "https://oidc.eks.eu-central-1.amazonaws.com/id/CCCC"}));
}

#[test]
fn lines_of_others_in_a_log_that_was_given_are_told_and_not_judged() {
    let no_provider = "InvalidIdentityToken: No OpenIDConnect provider found in your account for \
                       https://oidc.eks.eu-central-1.amazonaws.com/id/CCCC6A1C0E937F52B48D0C5E7713D49F";
    let action = "An error occurred (AccessDenied) when calling the GetObject operation: User: \
                  arn:aws:sts::111122223333:assumed-role/other/x is not authorized to perform: s3:GetObject on \
                  resource: \"arn:aws:s3:::b/k\" because no identity-based policy allows the s3:GetObject action";
    for text in [no_provider, action] {
        let of = |given: bool| {
            judged(|e| {
                e["logs_given"] = json!(given);
                hears(e, vec![line(text, json!({}))]);
            })
        };
        let d = of(true);
        assert!(matches!(d.observations[0].fate, Fate::Foreign { .. }), "{text}: {:?}", d.observations);
        assert_eq!((d.outcome, found(&d).len()), (Outcome::Undetermined, 0), "{text}: {d:#?}");
        assert!(d.undetermined.iter().any(|u| u.contains("app.log")), "{:?}", d.undetermined);
        // What the pods say themselves is theirs.
        let d = of(false);
        assert!(!matches!(d.observations[0].fate, Fate::Foreign { .. }), "{text}: {:?}", d.observations);
    }
}

#[test]
fn what_the_workload_does_since_says_that_a_failure_is_over() {
    let timeout = "RequestError: send request failed caused by: Post \"https://sts.us-west-2.amazonaws.com/\": dial \
                   tcp: i/o timeout";
    let success = |first: &str| {
        let last = "2022-07-19T13:59:55Z";
        json!({"successes": [{"origin": "app.log", "count": 25, "first": first, "last": last, "success": {
            "kind": "identified", "message": "succeeded",
            "principal_arn": "arn:aws:sts::111122223333:assumed-role/cni/botocore-session-1"}}]})
    };
    for text in [timeout, DENIED] {
        let of = |first: &str| {
            judged(|e| {
                hears(e, vec![line(text, json!({}))]);
                e["besides"] = success(first);
            })
        };
        let d = of("2022-07-19T13:59:10Z");
        assert!(matches!(d.observations[0].fate, Fate::Over { .. }), "{text}: {:?}", d.observations);
        assert_eq!(d.outcome, Outcome::Ok, "{text}: {d:#?}");
        // A session from before it says nothing.
        assert!(of("2022-07-19T13:58:10Z").outcome.is_broken(), "{text}");
    }
    let of = |seconds: i64| {
        judged(|e| {
            hears(e, vec![line(DENIED, json!({}))]);
            e["trail"] = known(json!([exchange(seconds)]));
        })
    };
    assert_eq!(of(-30).outcome, Outcome::Ok);
    assert_eq!(of(-60).outcome, Outcome::Ok, "of the same second, and every pod is ready");
    assert!(of(-90).outcome.is_broken());
}

#[test]
fn pods_that_carry_another_role_have_not_asked_for_the_same() {
    let d = judged(|e| {
        hears(e, vec![line(DENIED, json!({}))]);
        for pod in e["pods"]["value"].as_array_mut().unwrap() {
            for container in pod["spec"]["containers"].as_array_mut().unwrap() {
                for variable in container["env"].as_array_mut().unwrap() {
                    if variable["name"] == "AWS_ROLE_ARN" {
                        variable["value"] = json!("arn:aws:iam::111122223333:role/settlement");
                    }
                }
            }
        }
    });
    assert!(!names(&d, Cause::WorkloadExchangeDiffers), "{d:#?}");
    assert!(d.outcome.is_broken());
}

/// Adds a condition on the call to the role's trust policy.
fn on_the_call(e: &mut Value) {
    let text = e["role"]["value"]["trust_policy"].as_str().unwrap();
    let mut policy: Value = serde_json::from_str(text).unwrap();
    let mut statement = policy["Statement"][0].take();
    statement["Condition"]["IpAddress"] = json!({"aws:SourceIp": "10.0.0.0/8"});
    policy["Statement"][0] = statement;
    e["role"]["value"]["trust_policy"] = json!(policy.to_string());
}

#[test]
fn a_condition_on_the_call_that_only_our_own_call_meets_is_the_workloads_cause() {
    let d = judged(|e| {
        on_the_call(e);
        hears(e, vec![line(DENIED, json!({}))]);
    });
    let root = d.root_cause.as_ref().unwrap();
    assert_eq!((root.cause, root.confidence), (Cause::TrustConditionNotMet, Confidence::Likely), "{d:#?}");
    assert!(root.sentence.contains("aws:SourceIp"), "{}", root.sentence);
    // Pods that are up have what they need, and those that are not are not known to.
    assert_eq!(judged(on_the_call).outcome, Outcome::Ok);
    let d = judged(|e| {
        on_the_call(e);
        e["pods"]["value"][0]["ready"] = json!(false);
    });
    assert!(d.undetermined.iter().any(|u| u.contains("aws:SourceIp")), "{:?}", d.undetermined);
}

#[test]
fn a_condition_on_the_call_that_only_our_own_call_fails_is_no_fault() {
    let refused = |e: &mut Value| {
        on_the_call(e);
        e["exchange"]["value"] = json!({"endpoint": "https://sts.us-west-2.amazonaws.com", "role_arn": ROLE,
            "status": 403, "code": "AccessDenied", "message": "Not authorized to perform sts:AssumeRoleWithWebIdentity",
            "request_id": "ours"});
    };
    let d = judged(|e| {
        refused(e);
        e["trail"] = known(json!([exchange(-30)]));
    });
    assert_eq!((d.outcome, found(&d).len()), (Outcome::Ok, 0), "{d:#?}");
    let told = d.links.iter().find(|l| l.link == Link::Exchange).unwrap();
    assert!(told.saw.contains("only trustwalk's own call") && told.saw.contains("aws:SourceIp"), "{told:?}");
    // An exchange of before the policy was changed shows nothing.
    let d = judged(|e| {
        refused(e);
        let edit = json!({"at": NOW - 20, "name": "UpdateAssumeRolePolicy", "who": "x", "resource": "cni"});
        e["trail"] = known(json!([edit, exchange(-30)]));
    });
    assert!(names(&d, Cause::TrustConditionNotMet), "{d:#?}");
}

#[test]
fn whoever_asks_sts_with_the_token_knows_web_identity() {
    let none = "Unable to locate credentials. You can configure credentials by running \"aws configure\".";
    let of = |change: fn(&mut Value)| {
        judged(|e| {
            hears(e, vec![line(none, json!({}))]);
            change(e);
        })
    };
    assert!(names(&of(|_| ()), Cause::AppOrSdkLacksWebIdentitySupport));
    let seen = of(|e| e["trail"] = known(json!([exchange(-300)])));
    assert!(!names(&seen, Cause::AppOrSdkLacksWebIdentitySupport), "{seen:#?}");
    assert_ne!(seen.outcome, Outcome::Ok);
    let beside = judged(|e| hears(e, vec![line(none, json!({})), line(DENIED, json!({}))]));
    assert!(!names(&beside, Cause::AppOrSdkLacksWebIdentitySupport), "{beside:#?}");
}

#[test]
fn what_was_dismissed_is_said_and_nothing_is_sound() {
    let d = judged(|e| e["dismissed"] = json!(["the token of --token is not of what was asked about"]));
    assert_eq!(d.outcome, Outcome::Undetermined);
    assert!(d.undetermined[0].contains("--token"), "{:?}", d.undetermined);
}

#[test]
fn the_log_of_a_run_that_is_over_asks_for_another_run() {
    let of = |more: Value| {
        let mut value = github_job().unwrap();
        hears(
            &mut value,
            vec![line(
                "Could not assume role with OIDC: Not authorized to perform sts:AssumeRoleWithWebIdentity",
                more,
            )],
        );
        diagnose(&serde_json::from_value::<Evidence>(value).unwrap())
    };
    let d = of(json!({}));
    assert_eq!((d.outcome, found(&d).len()), (Outcome::Undetermined, 0), "{d:#?}");
    assert!(d.undetermined.iter().any(|u| u.contains("run the job again")), "{:?}", d.undetermined);
    assert!(of(json!({"role_arn": "arn:aws:iam::111122223333:role/other"})).outcome.is_broken());
}

#[test]
fn a_refusal_ends_with_a_success_of_its_second_and_with_pods_that_work() {
    let event = |at: i64, error: Option<&str>, audience: &str| {
        let message = error.map(|_| "Incorrect token audience");
        json!({"at": at, "name": "AssumeRoleWithWebIdentity", "subject": SUBJECT, "role": ROLE, "audience": audience,
            "error": error, "message": message, "user_agent": "aws-sdk-go", "id": format!("{at}{audience}{error:?}")})
    };
    let refused = |at: i64| event(at, Some("InvalidIdentityToken"), "other");
    let of_second = |ready: bool, success: i64| {
        judged(|e| {
            e["pods"]["value"][0]["ready"] = json!(ready);
            e["trail"] = known(json!([refused(NOW - 30), event(NOW - 30 + success, None, "other")]));
        })
    };
    assert_eq!(of_second(true, 0).outcome, Outcome::Ok, "{:#?}", of_second(true, 0).undetermined);
    assert_eq!(of_second(true, 1).outcome, Outcome::Ok);
    assert_eq!(of_second(true, -1).outcome, Outcome::Broken, "the refusal came last");
    assert_eq!(of_second(false, 0).outcome, Outcome::Broken, "a pod is not up");
    let logged_as = |role: &str, born: i64, name: &str| {
        judged(|e| {
            for pod in e["pods"]["value"].as_array_mut().unwrap() {
                pod["created"] = json!(NOW - born);
            }
            e["trail"] = known(json!([refused(NOW - 300)]));
            e["exchange"] = json!({"state": "not-collected", "reason": "not asked for"});
            let success = json!({"kind": "identified", "message": "eks:ListClusters succeeded",
                "principal_arn": format!("arn:aws:sts::111122223333:assumed-role/{role}/botocore-1")});
            e["besides"]["successes"] = json!([{"origin": "pod log", "place": {"pod": name, "container": "aws-node"},
                "count": 9, "first": BEFORE, "last": BEFORE, "success": success}]);
        })
    };
    let logged = |born: i64, name: &str| logged_as("cni", born, name);
    let over = |d: &Diagnosis| matches!(d.observations[0].fate, Fate::Over { .. });
    assert!(!over(&logged_as("node", 290, "aws-node-1")), "they work as somebody else");
    assert!(over(&logged(290, "aws-node-1")), "{:#?}", logged(290, "aws-node-1").observations);
    assert!(!over(&logged(1000, "aws-node-1")), "the pods were there when it was refused");
    assert!(!over(&logged(290, "another")), "somebody else's success");
}
