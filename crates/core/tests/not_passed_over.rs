//! What fails is not passed over: refusals in the trail, lines that nobody can put down to a cause, pods without an
//! identity, what was denied; and what is over or somebody else's is told as that.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use serde_json::{Value, json};
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::{Diagnosis, LinkState, Outcome, besides_identity, diagnose};
use trustwalk_core::evidence::{Evidence, Target};
use trustwalk_core::finding::Confidence;
use trustwalk_core::link::Link;
use trustwalk_core::observation::{Fate, Observation};
use trustwalk_symptoms::classify;
use trustwalk_testkit::{NOW, github_job, story};

const ROLE: &str = "arn:aws:iam::111122223333:role/cni";
const SUBJECT: &str = "system:serviceaccount:kube-system:aws-node";

fn known(value: &Value) -> Value {
    json!({"state": "known", "value": value, "source": {"what": "a test", "at": NOW}})
}

fn denied(permission: &str) -> Value {
    json!({"state": "denied", "permission": permission, "message": "no", "source": {"what": permission, "at": NOW}})
}

fn open(reason: &str) -> Value {
    json!({"state": "not-collected", "reason": reason})
}

fn evidence(mut base: Value, change: impl FnOnce(&mut Value)) -> Evidence {
    change(&mut base);
    serde_json::from_value(base).unwrap()
}

fn judged(change: impl FnOnce(&mut Value)) -> Diagnosis {
    diagnose(&evidence(story().unwrap(), change))
}

fn set(e: &mut Value, place: &str, value: Value) {
    *e.pointer_mut(place).unwrap() = value;
}

fn line(text: &str) -> Value {
    json!({"origin": "app.log", "count": 2, "sample": text, "failure": classify(text).unwrap()})
}

/// An exchange that the trail remembers, so many seconds ago.
fn exchange(ago: i64, audience: &str, error: Option<&str>) -> Value {
    json!({"at": NOW - ago, "id": format!("{ago}"), "name": "AssumeRoleWithWebIdentity", "who": SUBJECT,
        "resource": ROLE, "subject": SUBJECT, "role": ROLE, "audience": audience, "error": error,
        "message": error.map(|_| "Incorrect token audience"), "session": "app"})
}

#[test]
fn refusals_of_a_role_that_is_asked_about_alone_are_something_that_fails() {
    let alone = |events: Value| {
        judged(|e| {
            e["target"] = json!({"kind": "role", "arn": ROLE, "subject": null});
            for fact in ["workload", "pods", "logs", "service_account", "token", "exchange"] {
                e[fact] = open("not asked for");
            }
            e["trail"] = known(&events);
        })
    };
    let d = alone(json!([exchange(60, "sts.amazonaws.com", Some("InvalidIdentityToken"))]));
    assert_eq!(d.outcome, Outcome::Broken, "{:#?}", d.undetermined);
    let refused = d.links.iter().find(|l| l.link == Link::Exchange).unwrap();
    assert_eq!(refused.state, LinkState::Violated);
    assert!(refused.saw.contains("STS refused 1 exchange"), "{}", refused.saw);
    let d = alone(json!([
        exchange(30, "sts.amazonaws.com", None),
        exchange(60, "sts.amazonaws.com", Some("InvalidIdentityToken"))
    ]));
    assert!(!d.outcome.is_broken(), "{:#?}", d.undetermined);
}

#[test]
fn refusals_of_what_is_not_sent_any_more_are_over() {
    let at = |refused: i64, worked: Option<i64>| {
        let worked = worked.map(|ago| exchange(ago, "sts.amazonaws.com", None));
        let events: Vec<Value> =
            worked.into_iter().chain([exchange(refused, "wrong.example", Some("InvalidIdentityToken"))]).collect();
        judged(|e| e["trail"] = known(&json!(events)))
    };
    // The pods of the story are 1,000 seconds old.
    for d in [at(1500, Some(900)), at(1500, None), at(800, Some(100))] {
        assert_eq!(d.outcome, Outcome::Ok, "{:#?}", d.undetermined);
        let over = |f: &Fate| matches!(f, Fate::Over { .. } | Fate::Succeeded);
        assert!(d.observations.iter().all(|o| over(&o.fate)), "{:#?}", d.observations);
    }
    // A container may send it again at its next start.
    for d in [at(120, Some(60)), at(120, None)] {
        assert!(d.outcome.is_broken(), "{:#?}", d.observations);
    }
}

#[test]
fn a_line_that_says_no_cause_is_no_sign_of_health() {
    let text = "E1118 10:00:01.000000 1 authentication.go:63] \"Unable to authenticate the request\" \
                err=\"invalid bearer token\" node=ip-10-0-1-2";
    let mut e =
        Evidence::new(trustwalk_core::evidence::Target::Log { name: "api.log".to_owned(), identity: None }, NOW);
    e.logs = serde_json::from_value(known(&json!([line(text)]))).unwrap();
    let d = diagnose(&e);
    assert_eq!(d.outcome, Outcome::Broken, "{:#?}", d.undetermined);
    let named = Cause::ApiserverIssuerOrKeysReplacedBreaksCluster.code();
    assert!(d.undetermined.iter().any(|u| u.contains(named)), "{:#?}", d.undetermined);
}

#[test]
fn a_pod_without_its_identity_that_is_not_ready_fails() {
    let d = judged(|e| {
        for pod in ["/pods/value/0", "/pods/value/1"] {
            set(e, &format!("{pod}/ready"), json!(false));
            set(e, &format!("{pod}/spec/containers/0/env"), json!([]));
        }
        e["injection_probe"] = denied("create pods");
        e["webhooks"] = denied("list mutatingwebhookconfigurations");
    });
    assert!(d.outcome.is_broken(), "{:?} {:#?}", d.outcome, d.undetermined);
}

#[test]
fn what_is_over_in_a_log_that_was_given_is_told() {
    let old = "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized \
               to perform sts:AssumeRoleWithWebIdentity";
    let d = judged(|e| {
        let mut failure = line(old);
        failure["last"] = json!("2022-07-18T14:00:00Z");
        e["logs"] = known(&json!([failure]));
        e["logs_given"] = json!(true);
    });
    let workload = d.links.iter().find(|l| l.link == Link::Workload).unwrap();
    assert_eq!(d.outcome, Outcome::Ok, "{:#?}", d.undetermined);
    assert!(workload.saw.contains("2 failures in the log that was given"), "{}", workload.saw);
}

#[test]
fn a_record_about_another_pod_or_account_is_not_the_targets() {
    let audit = |namespace: &str, pod: Value, account: Option<&str>| {
        let event = json!({"kind": "Event", "apiVersion": "audit.k8s.io/v1", "verb": "create",
            "objectRef": {"resource": "pods", "namespace": namespace, "name": pod},
            "requestObject": {"spec": {"serviceAccountName": account}},
            "annotations": {"mutation.webhook.admission.k8s.io/round_0_index_0": json!({"configuration":
                "pod-identity-webhook", "webhook": "iam-for-pods.amazonaws.com", "mutated": false}).to_string()}});
        judged(|e| {
            e["logs"] = known(&json!([line(&event.to_string())]));
            e["logs_given"] = json!(true);
        })
    };
    let foreign = |d: &Diagnosis| d.observations.iter().any(|o| matches!(o.fate, Fate::Foreign { .. }));
    for d in [
        audit("payments", json!("ledger-1"), None),
        audit("payments", Value::Null, None),
        audit("kube-system", json!("coredns-1"), None),
        audit("kube-system", Value::Null, Some("coredns")),
    ] {
        assert!(foreign(&d) && !d.outcome.is_broken(), "{:#?}", d.observations);
    }
    // Every pod has the identity by now, and so has one that is made now.
    for d in [audit("kube-system", json!("aws-node-9"), None), audit("kube-system", Value::Null, Some("aws-node"))] {
        assert!(!foreign(&d), "{:#?}", d.observations);
        assert_eq!(d.outcome, Outcome::Ok, "{:#?}", d.observations);
    }
}

#[test]
fn refusals_end_with_the_pods_that_asked_for_another_audience() {
    let of = |ago: i64, asked: &str, others: Value| {
        judged(|e| {
            let mut events = vec![exchange(ago, "corp.example", Some("InvalidIdentityToken"))];
            events.extend(others.as_array().unwrap().iter().cloned());
            e["trail"] = known(&json!(events));
            for pod in ["/pods/value/0/spec", "/pods/value/1/spec"] {
                let volume = json!([{"name": "aws-iam-token", "audience": asked, "path": "token"}]);
                e.pointer_mut(pod).unwrap()["token_volumes"] = volume;
            }
        })
        .outcome
    };
    let ours = "sts.amazonaws.com";
    assert_eq!(of(980, ours, json!([])), Outcome::Ok, "pods of before end within a minute");
    assert_eq!(of(980, ours, json!([exchange(60, ours, None)])), Outcome::Ok);
    assert!(of(900, ours, json!([])).is_broken(), "somebody asked for it after the last pod of before was gone");
    assert!(of(980, "corp.example", json!([])).is_broken(), "a pod that is left asks for it");
}

#[test]
fn refusals_of_former_pods_are_over_whatever_else_fails_in_those_of_now() {
    let d = judged(|e| {
        e["trail"] = known(&json!([exchange(980, "corp.example", Some("InvalidIdentityToken"))]));
        for pod in ["/pods/value/0", "/pods/value/1"] {
            let volume = json!([{"name": "aws-iam-token", "audience": "sts.amazonaws.com", "path": "token"}]);
            e.pointer_mut(&format!("{pod}/spec")).unwrap()["token_volumes"] = volume;
            set(e, &format!("{pod}/ready"), json!(false));
        }
    });
    assert!(d.observations.iter().all(|o| !o.speaks()), "{:#?}", d.observations);
}

#[test]
fn refusals_end_with_an_exchange_that_sends_the_same() {
    let of = |mine: Value| {
        judged(|e| {
            e["exchange"] = open("not asked for");
            let refused = exchange(600, "corp.example", Some("InvalidIdentityToken"));
            e["trail"] = known(&json!([mine, refused]));
        })
    };
    let own = |ago: i64, audience: &str| {
        let mut event = exchange(ago, audience, None);
        event["session"] = json!("trustwalk-verify");
        event
    };
    let speaks = |d: &Diagnosis| d.observations.iter().any(Observation::speaks);
    assert!(!speaks(&of(own(300, "corp.example"))), "the provider knows that audience by then");
    assert!(speaks(&of(own(300, "sts.amazonaws.com"))) && speaks(&of(own(900, "corp.example"))));
}

#[test]
fn where_no_client_is_named_neither_its_age_nor_its_settings_are_known() {
    let text = "AccessDenied: User: arn:aws:sts::111122223333:assumed-role/node/i-0b5c2e9d71ab3f400 is not authorized \
                to perform: s3:PutObject on resource: arn:aws:s3:::loki (chunk store)";
    let of = |image: &str| {
        judged(|e| {
            e["logs"] = known(&json!([line(text)]));
            for pod in ["/pods/value/0", "/pods/value/1"] {
                set(e, &format!("{pod}/spec/containers/0/image"), json!(image));
            }
        })
    };
    let d = of("registry.example/team/app:1");
    let named: Vec<(Cause, Confidence)> =
        d.root_cause.iter().chain(&d.possible).map(|f| (f.cause, f.confidence)).collect();
    for cause in [Cause::AppOrSdkLacksWebIdentitySupport, Cause::AppConfiguredForAnotherCredentialSource] {
        assert!(named.contains(&(cause, Confidence::Possible)), "{named:?}");
    }
    assert!(d.also.is_empty());
    let d = of("docker.io/grafana/loki:3.1.0");
    let root = d.root_cause.as_ref().unwrap();
    assert_eq!(
        (root.cause, root.confidence),
        (Cause::AppConfiguredForAnotherCredentialSource, Confidence::Likely),
        "{d:#?}"
    );
    assert!(root.sentence.contains("native_aws_auth_enabled"), "{}", root.sentence);
}

#[test]
fn variables_of_a_whole_secret_are_seen_and_judged_where_keys_are_used() {
    let of = |from: Value, text: Option<&str>| {
        judged(|e| {
            for pod in ["/pods/value/0", "/pods/value/1"] {
                e.pointer_mut(&format!("{pod}/spec/containers/0")).unwrap()["env_from"] = json!([from]);
            }
            e["logs"] = known(&text.map_or(json!([]), |text| json!([line(text)])));
        })
    };
    let workload = |d: &Diagnosis| d.links.iter().find(|l| l.link == Link::Workload).unwrap().clone();
    let secret = json!({"secret": true, "name": "aws-keys"});
    let d = of(secret.clone(), None);
    assert_eq!((d.outcome, workload(&d).state), (Outcome::Ok, LinkState::Seen));
    assert!(workload(&d).saw.contains("Secret aws-keys"), "{}", workload(&d).saw);
    // No entry of it can have the name of a key.
    let other = of(json!({"secret": true, "name": "aws-keys", "prefix": "DB_"}), None);
    assert_eq!(workload(&other).state, LinkState::Pass);
    let invalid = "An error occurred (InvalidClientTokenId) when calling the GetCallerIdentity operation: The security \
                   token included in the request is invalid.";
    let d = of(secret, Some(invalid));
    let root = d.root_cause.as_ref().unwrap();
    let cause = Cause::StaticOrOtherCredentialsTakePrecedence;
    assert_eq!((root.cause, root.confidence), (cause, Confidence::Likely), "{d:#?}");
    let look = root.cures[0].by_hand.get("kubectl").unwrap();
    assert_eq!(look, "kubectl describe secret aws-keys -n kube-system");
    let d = of(json!({"name": "settings"}), Some(invalid));
    assert!(d.root_cause.iter().chain(&d.possible).any(|f| f.cause == cause && f.confidence == Confidence::Possible));
}

#[test]
fn a_log_of_several_identities_names_each_of_them() {
    let roles = ["One", "Two", "Three"].map(|name| {
        let mut failure = line("InvalidIdentityToken: Incorrect token audience");
        failure["failure"]["role_arn"] = json!(format!("arn:aws:iam::111122223333:role/{name}"));
        failure
    });
    let mut e = Evidence::new(Target::Log { name: "app.log".to_owned(), identity: None }, NOW);
    e.logs = serde_json::from_value(known(&json!(roles))).unwrap();
    let saw = diagnose(&e).links.iter().find(|l| l.link == Link::Workload).unwrap().saw.clone();
    assert!(saw.starts_with("3 identities fail: ") && saw.contains("role/One") && saw.contains("role/Two"), "{saw}");
}

#[test]
fn what_would_decide_names_the_object_that_a_line_names() {
    let text = "An IAM role must be associated with service account ledger (namespace: payments)";
    let mut e = Evidence::new(Target::Log { name: "app.log".to_owned(), identity: None }, NOW);
    e.logs = serde_json::from_value(known(&json!([line(text)]))).unwrap();
    let d = diagnose(&e);
    let told = serde_json::to_string(&d).unwrap();
    assert!(told.contains("kubectl get serviceaccount ledger -n payments -o yaml"), "{:#?}", d.undetermined);
    assert!(!told.contains("serviceaccount NAME"), "{:#?}", d.undetermined);
}

#[test]
fn tokens_that_the_api_server_refuses_are_something_that_fails_whatever_sts_says() {
    let text = "\"Unable to authenticate the request\" err=\"invalid bearer token\" node=ip-10-0-1-2";
    let d = judged(|e| {
        e["logs"] = known(&json!([line(text)]));
        e["logs_given"] = json!(true);
    });
    let cause = Cause::ApiserverIssuerOrKeysReplacedBreaksCluster;
    let found = d.root_cause.iter().chain(&d.possible).find(|f| f.cause == cause).unwrap();
    assert_eq!((d.outcome, found.confidence), (Outcome::Broken, Confidence::Possible), "{d:#?}");
}

#[test]
fn a_role_that_is_denied_everything_can_do_nothing() {
    let with = |statement: Value| {
        judged(|e| {
            let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
            e["policies"] = known(&json!([{"name": "shut", "document": document}]));
            e["target"] = json!({"kind": "role", "arn": ROLE, "subject": SUBJECT});
            for fact in ["workload", "pods", "logs"] {
                e[fact] = open("not asked for");
            }
        })
    };
    let d = with(json!({"Effect": "Deny", "Action": "*", "Resource": "*"}));
    let root = d.root_cause.as_ref().unwrap();
    assert_eq!((root.cause, root.confidence), (Cause::RoleExplicitlyDenied, Confidence::Proven), "{d:#?}");
    let d = with(json!({"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}));
    assert!(d.root_cause.is_none(), "{d:#?}");
}

#[test]
fn a_way_out_is_as_narrow_as_what_is_known_of_the_other_end() {
    let of = |reached: &str| {
        let text = format!(
            "WebIdentityErr: failed to retrieve credentials caused by: RequestError: send request failed caused by: \
             Post \"https://sts.us-west-2.amazonaws.com/\": {reached}"
        );
        let d = judged(|e| {
            e["logs"] = known(&json!([line(&text)]));
            e["exchange"] = open("not asked for");
            let policy = json!({"name": "deny", "restricts_egress": true, "egress_cidrs": ["172.16.0.0/16"]});
            e["network_policies"] = known(&json!([policy]));
        });
        let all = d.root_cause.iter().chain(&d.also).chain(&d.possible);
        let blocked = all.into_iter().find(|f| f.cause == Cause::NetworkPolicyBlocksSts).unwrap().cures[0].clone();
        (blocked.by_hand["kubectl"].clone(), blocked.by_hand["note"].clone())
    };
    let (endpoint, _) = of("dial tcp 10.0.0.5:443: i/o timeout");
    assert!(endpoint.contains("10.0.0.5/32"), "{endpoint}");
    let (public, note) = of("dial tcp 13.43.48.12:443: i/o timeout");
    assert!(!public.contains("ipBlock") && note.contains("every address"), "{public} {note}");
    let (names, _) = of("dial tcp: lookup sts.us-west-2.amazonaws.com on 10.100.0.10:53: read udp 10.0.1.2:41000->\
                         10.100.0.10:53: i/o timeout");
    assert!(names.contains("kube-dns") && !names.contains("10.100.0.10"), "{names}");
}

#[test]
fn a_trust_policy_that_iam_refuses_is_told_whole_as_it_takes_it() {
    let text = "An error occurred (MalformedPolicyDocument) when calling the UpdateAssumeRolePolicy operation: Trust \
                policy with trusted principal arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent\
                .com must evaluate, using StringEquals, StringLike or StringEqualsIgnoreCase, token.actions.\
                githubusercontent.com:sub which is not scoped to all.";
    let e = evidence(github_job().unwrap(), |e| {
        let policy = e["role"]["value"]["trust_policy"].as_str().unwrap().to_owned();
        let mut policy: Value = serde_json::from_str(&policy).unwrap();
        let equals = policy.pointer_mut("/Statement/0/Condition/StringEquals").unwrap();
        equals.as_object_mut().unwrap().remove("token.actions.githubusercontent.com:sub");
        e["role"]["value"]["trust_policy"] = json!(policy.to_string());
        e["logs"] = known(&json!([line(text)]));
    });
    let d = diagnose(&e);
    let cause = Cause::IamRejectsTrustPolicyWithoutRequiredClaim;
    let finding = d.root_cause.iter().chain(&d.also).chain(&d.possible).find(|f| f.cause == cause).unwrap();
    let ways = &finding.cures[0].by_hand;
    let subject = "repo:acme/shop:ref:refs/heads/main";
    for tool in ["aws", "terraform", "cloudformation"] {
        assert!(ways.get(tool).is_some_and(|text| text.contains(subject)), "{tool}: {ways:?} {finding:#?}");
    }
    assert!(ways["aws"].starts_with("aws iam update-assume-role-policy --role-name deploy "), "{ways:?}");
}

#[test]
fn a_role_that_trusts_another_platform_is_told_as_that() {
    let job = |platform: &str, trusted: Option<&str>| {
        let e = evidence(github_job().unwrap(), |e| {
            set(e, "/job/value/platform", json!(platform));
            let means = if platform == "gitlab" { "id-tokens" } else { "buildkite-agent" };
            e["job"]["value"]["requests"] = json!([{"by": means, "audiences": ["https://gitlab.com"]}]);
            for fact in ["token", "exchange", "discovery", "keys", "provider"] {
                e[fact] = open("the issuer is not known");
            }
            if let Some(path) = trusted {
                let policy = e["role"]["value"]["trust_policy"].as_str().unwrap();
                let policy = policy.replace("token.actions.githubusercontent.com", path);
                e["role"]["value"]["trust_policy"] = json!(policy);
            }
        });
        diagnose(&e)
    };
    for platform in ["gitlab", "buildkite"] {
        let d = job(platform, None);
        let root = d.root_cause.as_ref().unwrap();
        assert_eq!((root.cause, root.confidence), (Cause::FederatedArnWrongProvider, Confidence::Likely), "{platform}");
        assert!(d.also.is_empty() && d.possible.is_empty(), "{:#?}", d.also);
    }
    // An instance of one's own may have any address.
    for trusted in ["git.corp.example", "gitlab.com"] {
        let d = job("gitlab", Some(trusted));
        let wrong = d.root_cause.iter().chain(&d.possible).any(|f| f.cause == Cause::FederatedArnWrongProvider);
        assert!(!wrong, "{trusted}: {:#?}", d.root_cause);
    }
}

#[test]
fn what_was_denied_is_named_and_leaves_no_tick() {
    let d = judged(|e| e["trail"] = denied("cloudtrail:LookupEvents"));
    assert_eq!(d.outcome, Outcome::Undetermined);
    assert!(d.undetermined.iter().any(|u| u.contains("cloudtrail:LookupEvents")), "{:#?}", d.undetermined);
    let d = judged(|e| {
        let gap = json!({"state": "denied", "permission": "iam:GetPolicyVersion", "message": "no"});
        set(e, "/policies/value/0", json!({"name": "own", "arn": "arn:aws:iam::1:policy/own", "unread": gap}));
    });
    assert_eq!(d.outcome, Outcome::Undetermined);
    assert!(d.undetermined.iter().any(|u| u.contains("iam:GetPolicyVersion")), "{:#?}", d.undetermined);
    assert_ne!(d.links.iter().find(|l| l.link == Link::Permissions).unwrap().state, LinkState::Pass);
}

#[test]
fn who_fails_without_a_sign_of_credentials_is_told_apart() {
    let failing = |lines: Value| {
        let e = evidence(story().unwrap(), |e| {
            set(e, "/service_account/value/annotations", json!({}));
            set(e, "/service_account/value/role_written_by", Value::Null);
            e["role_arn"] = json!({"state": "absent", "source": {"what": "annotation", "at": 1}});
            for fact in ["role", "exchange", "policies"] {
                e[fact] = open("no role is named");
            }
            e["injection_probe"] = known(&json!({}));
            e["trusting"] = known(&json!([]));
            for pod in ["/pods/value/0", "/pods/value/1"] {
                set(e, &format!("{pod}/ready"), json!(false));
                set(e, &format!("{pod}/spec/containers/0/env"), json!([]));
            }
            e["logs"] = known(&lines);
        });
        let d = diagnose(&e);
        besides_identity(&e, &d)
    };
    assert!(failing(json!([])).is_some_and(|why| why.contains("says nothing of credentials")));
    let text = "Unable to locate credentials. You can configure credentials by running \"aws configure\".";
    assert_eq!(failing(json!([line(text)])), None);
    let e = evidence(story().unwrap(), |_| {});
    assert_eq!(besides_identity(&e, &diagnose(&e)), None);
}
