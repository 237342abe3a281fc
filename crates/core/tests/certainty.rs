//! How sure a diagnosis is allowed to be: what was denied is not absent, "right after" has an end, an established cause
//! goes before a likely one, and nothing is proven that the facts leave open.
#![expect(clippy::unwrap_used, reason = "evidence that cannot be read must fail every test")]

use serde_json::{Value, json};
use trustwalk_core::diagnosis::{Diagnosis, Outcome, diagnose};
use trustwalk_core::evidence::Evidence;
use trustwalk_core::finding::{Confidence, Finding};
use trustwalk_testkit::{Scenario, scenarios};

fn evidence(toml: &str) -> Evidence {
    Scenario::parse(toml).unwrap().evidence().unwrap()
}

fn judged(toml: &str) -> Diagnosis {
    diagnose(&evidence(toml))
}

fn all(d: &Diagnosis) -> Vec<&Finding> {
    d.root_cause.iter().chain(&d.also).chain(&d.possible).chain(&d.warnings).collect()
}

fn names(d: &Diagnosis) -> Vec<&str> {
    all(d).into_iter().map(Finding::name).collect()
}

fn proven(d: &Diagnosis) -> Vec<&str> {
    all(d).into_iter().filter(|f| f.confidence == Confidence::Proven).map(Finding::name).collect()
}

/// Everything that a diagnosis says in words.
fn words(d: &Diagnosis) -> String {
    serde_json::to_string(d).unwrap()
}

/// No role is named, nothing is injected, and a pod acts as the node.
const BARE: &str = r#"
base = "story"
absent = ["exchange", "role_arn"]

[set]
"/service_account/value/annotations" = {}
"/pods/value/0/ready" = false
"/pods/value/0/spec/containers/0/env" = []
"/pods/value/1/spec/containers/0/env" = []
"/injection_probe/value" = {}
"#;

const NODE: &str = "\
\"/logs/value\" = [{origin = \"pod aws-node-1 container aws-node\", count = 1, \
sample = \"assumed-role/NodeRole/i-0123456789abcdef0 is not authorized\", \
failure = {symptom = \"node-role-used\", message = \"assumed-role/NodeRole\"}}]\n";

const WITHOUT: &str = "\
\"/logs/value\" = [{origin = \"pod aws-node-1 container aws-node\", count = 1, \
sample = \"Unable to locate credentials\", \
failure = {symptom = \"no-credentials\", message = \"Unable to locate credentials\"}}]\n";

const ISSUER: &str = "oidc.eks.us-west-2.amazonaws.com/id/BFDB0123456789ABCDEF0123456789AB";

/// An association of the service account, made at this moment, and no annotation.
fn associated(made: i64, more: &str) -> String {
    format!(
        "{BARE}\"/associations/value\" = [{{namespace = \"kube-system\", service_account = \"aws-node\", role_arn = \
         \"arn:aws:iam::111122223333:role/cni\", created = {made}}}]\n\"/pod_identity_agent\" = {{state = \"known\", \
         value = 2, source = {{what = \"DaemonSet\", at = 1}}}}\n{more}"
    )
}

/// When the pods of the healthy evidence were made.
const PODS: i64 = 1_658_238_200;

#[test]
fn right_after_has_an_end_and_the_times_are_dates() {
    let addon = "\"/addons\" = {state = \"known\", source = {what = \"eks:DescribeAddon\", at = 1}, value = [{name = \
                 \"eks-pod-identity-agent\", status = \"DEGRADED\", issues = [{code = \
                 \"InsufficientNumberOfReplicas\", message = \"1 of 3 replicas\"}]}]}";
    // Thirty days, a day, an hour, and one second more than the webhook's cache is given.
    for before in [2_591_928, 86_400, 3600, 61] {
        let d = judged(&associated(PODS - before, addon));
        assert!(d.root_cause.is_none() && proven(&d).is_empty(), "{before}: {:?}", names(&d));
        assert_eq!(d.outcome, Outcome::Undetermined, "{before}");
        let said = words(&d);
        assert!(said.contains("eks-pod-identity-agent is DEGRADED (1 of 3 replicas)"), "{before}: {said}");
        assert!(said.contains("2022-07-19 13:43:20Z") && !said.contains(&before.to_string()), "{before}: {said}");
    }
    for apart in [-3600, -1, 0, 2, 60] {
        let d = judged(&associated(PODS - apart, ""));
        let cause = d.root_cause.as_ref().unwrap();
        assert_eq!(cause.name(), "pod-identity-association-cache-race", "{apart}");
        assert!(cause.proof.iter().any(|x| x.value == "2022-07-19 13:43:20Z"), "{:?}", cause.proof);
    }
}

#[test]
fn an_established_cause_goes_before_a_likely_one_of_an_earlier_link() {
    let keys = "InvalidIdentityToken: Couldn't retrieve verification key from your identity provider,  please \
                reference AssumeRoleWithWebIdentity documentation for requirements";
    let d = judged(&format!("base = \"story\"\nsts = \"{keys}\"\nchain = \"wrong-host\""));
    assert_eq!(d.root_cause.as_ref().unwrap().name(), "issuer-tls-certificate-invalid-for-host", "{:?}", names(&d));
    assert!(d.also.is_empty() && d.possible.is_empty(), "{:?}", names(&d));
    // The same with a key that STS does not find.
    let unnamed = r#"
"/token/value/signature" = false
"/token/value/verified_by" = 0
"/keys/value/keys" = [{kty = "RSA", members = ["kty", "n", "e"]}]"#;
    let d = judged(&format!("base = \"story\"\nsts = \"{keys}\"\n[set]{unnamed}"));
    assert_eq!(names(&d), ["published-key-without-kid-or-alg"]);
    // In every scenario: what comes first is at least as sure as what fails besides it and explains as much.
    for (name, file, scenario) in scenarios().unwrap() {
        let d = diagnose(&scenario.evidence().unwrap());
        let Some(first) = &d.root_cause else { continue };
        let surer = d.also.iter().find(|f| f.confidence > first.confidence && f.link() == first.link());
        assert!(surer.is_none(), "{name}/{file}: {} before {}", first.name(), surer.unwrap().name());
    }
}

#[test]
fn a_log_without_credentials_is_not_told_that_the_pods_are_the_node() {
    let d = judged(&format!("{BARE}{WITHOUT}"));
    let found = names(&d);
    assert_eq!(found.first(), Some(&"annotation-missing-on-service-account"), "{found:?}");
    assert!(found.contains(&"imds-hop-limit-blocks-node-role"), "{found:?}");
    let sentence = &d.root_cause.as_ref().unwrap().sentence;
    assert!(sentence.contains("no credentials of their own") && !sentence.contains("as the node"), "{sentence}");
    let d = judged(&format!("{BARE}{NODE}"));
    let sentence = &d.root_cause.as_ref().unwrap().sentence;
    assert!(sentence.contains("act as the node"), "{sentence}");
    assert!(!names(&d).contains(&"imds-hop-limit-blocks-node-role"), "{:?}", names(&d));
}

#[test]
fn a_pod_younger_than_annotation_and_webhook_is_not_called_older() {
    let bare = "\"/pods/value/0/spec/containers/0/env\" = []\n\"/pods/value/1/spec/containers/0/env\" = []\n";
    let since = |at: i64| format!("\"/service_account/value/role_written_by\" = {{manager = \"eks\", at = {at}}}\n");
    for after in [3600, 60, 1] {
        let d = judged(&format!("base = \"story\"\n[set]\n{bare}{}", since(PODS - after)));
        assert!(d.root_cause.is_none() && proven(&d).is_empty(), "{after}: {:?}", names(&d));
        let said = words(&d);
        assert!(said.contains("the webhook did not act then") && said.contains("mutated"), "{after}: {said}");
    }
    let d = judged(&format!("base = \"story\"\n[set]\n{bare}{}", since(PODS + 60)));
    assert_eq!(names(&d), ["pod-created-before-annotation-or-webhook"]);
    // Within the same second nobody knows which came first.
    let d = judged(&format!("base = \"story\"\n[set]\n{bare}{}", since(PODS)));
    assert_eq!(d.root_cause.as_ref().map(|f| f.confidence), Some(Confidence::Likely), "{:?}", names(&d));
}

/// Facts that could be behind a refusal, for a bare account whose pod acts as the node: name, and what may be there.
fn hidden() -> Vec<(&'static str, Value)> {
    let role = "arn:aws:iam::111122223333:role/cni";
    vec![
        (
            "associations",
            json!([{"namespace": "kube-system", "service_account": "aws-node", "role_arn": role, "created": 1}]),
        ),
        (
            "siblings",
            json!([{"namespace": "kube-system", "name": "aws-nodes",
                "annotations": {"eks.amazonaws.com/role-arn": role}}]),
        ),
    ]
}

#[test]
fn what_was_denied_is_not_absent() {
    for log in [NODE, WITHOUT, ""] {
        let whole = serde_json::to_value(evidence(&format!("{BARE}{log}"))).unwrap();
        for (fact, value) in hidden() {
            let with = |observed: Value| {
                let mut e = whole.clone();
                e[fact] = observed;
                diagnose(&serde_json::from_value::<Evidence>(e).unwrap())
            };
            let source = json!({"what": fact, "at": 1});
            let denied = with(json!({"state": "denied", "permission": format!("read {fact}"), "message": "no",
                "source": source}));
            let there = with(json!({"state": "known", "value": value, "source": source}));
            let still: Vec<&str> = proven(&denied).into_iter().filter(|c| !names(&there).contains(c)).collect();
            assert!(still.is_empty(), "{fact} {log}: proven without it {still:?}, with it {:?}", names(&there));
            assert_ne!(denied.outcome, Outcome::Ok, "{fact}");
        }
    }
    let d = judged(
        &BARE
            .replace("[\"exchange\"", "[\"trail\", \"exchange\"")
            .replace("\n[set]", "denied = [\"associations\"]\n[set]"),
    );
    assert!(words(&d).contains("whether the service account has a Pod Identity association"), "{}", words(&d));
    assert!(!words(&d).contains("no Pod Identity association"), "{}", words(&d));
}

/// Parts of the scenarios, so that no test is a long one.
const PARTS: usize = 4;

#[test]
fn nothing_is_proven_with_a_fact_denied_that_is_not_found_with_it_1() {
    nothing_new_is_proven(0);
}

#[test]
fn nothing_is_proven_with_a_fact_denied_that_is_not_found_with_it_2() {
    nothing_new_is_proven(1);
}

#[test]
fn nothing_is_proven_with_a_fact_denied_that_is_not_found_with_it_3() {
    nothing_new_is_proven(2);
}

#[test]
fn nothing_is_proven_with_a_fact_denied_that_is_not_found_with_it_4() {
    nothing_new_is_proven(3);
}

fn nothing_new_is_proven(part: usize) {
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for (name, file, scenario) in scenarios().unwrap().into_iter().skip(part).step_by(PARTS) {
        let e = scenario.evidence().unwrap();
        let found: Vec<String> = names(&diagnose(&e)).into_iter().map(str::to_owned).collect();
        let whole = serde_json::to_value(&e).unwrap();
        let known = |v: &Value| v.get("state").is_some_and(|s| s == "known");
        for (fact, _) in whole.as_object().unwrap().iter().filter(|(_, v)| known(v)) {
            tried += 1;
            let mut less = whole.clone();
            let denied = json!({"state": "denied", "permission": "read", "message": "no",
                "source": {"what": fact, "at": 1_658_239_200}});
            less.as_object_mut().unwrap().insert(fact.clone(), denied);
            let d = diagnose(&serde_json::from_value(less).unwrap());
            let new: Vec<&str> = all(&d)
                .into_iter()
                .filter(|f| f.confidence == Confidence::Proven && !found.iter().any(|n| n == f.name()))
                .filter(|f| !found.iter().any(|n| OF_THE_PAST.contains(&(n.as_str(), f.name()))))
                .map(Finding::name)
                .collect();
            if !new.is_empty() {
                wrong.push(format!("{name}/{file} without {fact}: {new:?}, with it {found:?}"));
            }
        }
    }
    assert!(tried > 4000 / PARTS, "{tried}");
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
}

/// What was not read tells how a state came about, or what would keep it from being changed, and the state is read: no
/// other word is wrong for it.
const OF_THE_PAST: [(&str, &str); 2] = [
    ("oidc-provider-deleted-by-another-stack", "oidc-provider-missing-in-account"),
    ("iam-rejects-trust-policy-without-required-claim", "role-does-not-exist"),
];

#[test]
fn an_audience_that_the_platform_refuses_is_no_passing_failure() {
    for line in [
        "Error: Failed to get ID Token. Error Code : 403 Error Message: Can't issue ID_TOKEN for audience \
         'sts.amazonaws.com'.",
        "Error message: Can't issue ID_TOKEN for audience 'api://other'.",
        "AADSTS500011: The resource principal named api://aws was not found in the tenant",
    ] {
        let base = "base = \"job\"\nabsent = [\"token\", \"exchange\"]";
        let d = judged(&format!("{base}\nlog = [{}]", json!(line)));
        assert_eq!(names(&d), ["idp-does-not-issue-requested-audience"], "{line}");
        // The line alone says the same, to whoever has nothing else.
        let alone =
            format!("{base}\nlog = [{}]\n[set]\n\"/target\" = {{kind = \"log\", name = \"job.log\"}}", json!(line));
        let d = judged(&alone);
        assert_eq!(names(&d).first(), Some(&"idp-does-not-issue-requested-audience"), "{line}");
        assert!(!names(&d).contains(&"idp-refuses-token-transient"), "{:?}", names(&d));
    }
    // A gateway's failure is.
    let passing = "Error: Failed to get ID Token. Error Code : 503 Error Message: Service Unavailable";
    let d = judged(&format!("base = \"job\"\nabsent = [\"token\", \"exchange\"]\nlog = [{}]", json!(passing)));
    assert!(!names(&d).contains(&"idp-does-not-issue-requested-audience"), "{:?}", names(&d));
}

#[test]
fn a_bare_account_that_a_role_waits_for_is_a_warning_and_with_a_failure_an_error() {
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Federated": format!("arn:aws:iam::111122223333:oidc-provider/{ISSUER}")},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {format!("{ISSUER}:sub"): "system:serviceaccount:kube-system:aws-node"}}}]});
    let waiting = format!(
        "\"/trusting\" = {{state = \"known\", source = {{what = \"iam:ListRoles\", at = 1}}, value = [{{arn = \
         \"arn:aws:iam::111122223333:role/cni\", name = \"cni\", max_session = 3600, created = 1, trust_policy = \
         '{trust}'}}]}}\n"
    );
    let up = BARE.replace("\"/pods/value/0/ready\" = false\n", "");
    let d = judged(&format!("{up}{waiting}"));
    let warned: Vec<&str> = d.warnings.iter().map(Finding::name).collect();
    assert_eq!((d.root_cause.is_none(), warned), (true, vec!["annotation-missing-on-service-account"]));
    assert!(words(&d).contains("role/cni"), "the role that waits is shown");
    for failing in [format!("{BARE}{waiting}"), format!("{up}{waiting}{NODE}"), format!("{BARE}{waiting}{WITHOUT}")] {
        let d = judged(&failing);
        let cause = d.root_cause.as_ref().unwrap();
        assert_eq!(cause.name(), "annotation-missing-on-service-account", "{failing}");
        assert!(cause.proof.iter().any(|x| x.value.contains("role/cni")), "{:?}", cause.proof);
    }
    // Another account's role waits for nobody here.
    let other = waiting.replace("kube-system:aws-node", "kube-system:other");
    let d = judged(&format!("{up}{other}"));
    assert!(d.warnings.is_empty(), "{:?}", names(&d));
}

#[test]
fn credentials_in_a_file_beside_the_injected_identity_are_told_without_a_log() {
    let env = |more: &str| {
        format!(
            "base = \"story\"\n[set]\n\"/pods/value/0/spec/containers/0/env\" = [{{name = \"AWS_ROLE_ARN\", value = \
             \"arn:aws:iam::111122223333:role/cni\"}}, {{name = \"AWS_WEB_IDENTITY_TOKEN_FILE\", value = \
             \"/var/run/secrets/eks.amazonaws.com/serviceaccount/token\"}}{more}]\n"
        )
    };
    for (more, warned) in [
        (", {name = \"AWS_SHARED_CREDENTIALS_FILE\", value = \"/etc/keys/credentials\"}", true),
        (", {name = \"AWS_SHARED_CREDENTIALS_FILE\", value = \"\"}", false),
        ("", false),
    ] {
        let d = judged(&env(more));
        let names: Vec<&str> = d.warnings.iter().map(Finding::name).collect();
        assert_eq!(names.contains(&"static-or-other-credentials-take-precedence"), warned, "{more}: {names:?}");
        assert_eq!(d.outcome == Outcome::Ok && names.is_empty(), !warned, "{more}");
    }
    let d = judged(&env(", {name = \"AWS_ACCESS_KEY_ID\", from = \"secret keys/id\"}"));
    assert_eq!(names(&d), ["static-or-other-credentials-take-precedence"]);
}

#[test]
fn what_nobody_sees_in_an_audience_is_written_out_and_keeps_no_link_from_being_wrong() {
    for (id, number) in [
        ("sts.amazonaws.com ", "\\u{20}"),
        ("sts.amazonaws.com\\n", "\\u{a}"),
        ("\\u00a0sts.amazonaws.com", "\\u{a0}"),
        ("sts.amazonaws.com\\u200b", "\\u{200b}"),
        ("sts\\ufeff.amazonaws.com", "\\u{feff}"),
    ] {
        for sts in ["sts = \"InvalidIdentityToken: Incorrect token audience\"", "denied = [\"exchange\"]"] {
            let d = judged(&format!("base = \"story\"\n{sts}\n[set]\n\"/provider/value/client_ids\" = [\"{id}\"]"));
            let cause = d.root_cause.as_ref().unwrap();
            assert_eq!(cause.name(), "client-id-with-invisible-characters", "{id} {sts}");
            assert!(cause.sentence.contains(number), "{}", cause.sentence);
            assert!(cause.cures.iter().flat_map(|c| c.by_hand.values()).all(|c| c.is_ascii()), "{:?}", cause.cures);
        }
    }
    // In the token's own audience the provider is right, and what is invisible is shown as well.
    let d = judged(
        "base = \"story\"\nsts = \"InvalidIdentityToken: Incorrect token audience\"\n[set]\n\"/token/value/aud\" = \
         [\"sts.amazonaws.com\\u200b\"]",
    );
    assert_eq!(names(&d), ["audience-not-in-provider-client-ids"]);
    assert!(d.root_cause.unwrap().sentence.contains("\\u{200b}"));
}

/// The state of a link.
fn state(d: &Diagnosis, link: &str) -> String {
    let all = serde_json::to_value(&d.links).unwrap();
    let found = all.as_array().unwrap().iter().find(|l| l["link"] == link).unwrap();
    found["state"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_compared_with_a_token_is_not_judged_without_one() {
    for broken in [
        "\"/provider/value/client_ids\" = [\"other\"]",
        "\"/role/value/trust_policy\" = '{\"Version\":\"2012-10-17\",\"Statement\":[]}'",
        "",
    ] {
        let d = judged(&format!("base = \"story\"\ndenied = [\"token\", \"exchange\"]\n[set]\n{broken}"));
        for link in ["provider", "trust"] {
            assert_ne!(state(&d, link), "pass", "{link} {broken}");
        }
        assert_ne!(state(&d, "exchange"), "pass", "{broken}");
    }
    let d = judged("base = \"story\"");
    for link in ["provider", "trust", "exchange"] {
        assert_eq!(state(&d, link), "pass", "{link}: {:?}", names(&d));
    }
    // Nobody asked for an exchange: nothing is missing, and nothing is judged.
    let spared = "base = \"story\"\n[set]\n\"/exchange\" = {state = \"spared\", reason = \"no pod fails\"}";
    assert_eq!(state(&judged(spared), "exchange"), "seen");
}

#[test]
fn our_own_exchange_is_no_cure_of_what_the_client_chooses() {
    let sub = "system:serviceaccount:kube-system:aws-node";
    let role = "arn:aws:iam::111122223333:role/cni";
    for (error, message, audience, region, over) in [
        (
            "InvalidIdentityToken",
            "No OpenIDConnect provider found in your account for https://x",
            "",
            "us-west-2",
            true,
        ),
        ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", "", "us-west-2", true),
        ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", "vault", "us-west-2", false),
        ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", "", "eu-south-1", false),
        ("InvalidIdentityToken", "Incorrect token audience", "vault", "us-west-2", false),
        (
            "ExpiredTokenException",
            "Token expired: current date/time 2 must be before the expiration date/time 1",
            "",
            "us-west-2",
            false,
        ),
        (
            "ValidationException",
            "1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy \
         constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
            "",
            "us-west-2",
            false,
        ),
    ] {
        let audience = if audience.is_empty() { "sts.amazonaws.com" } else { audience };
        let event = json!({"at": 1_658_239_140, "name": "AssumeRoleWithWebIdentity", "error": error, "message": message,
            "subject": sub, "role": role, "audience": audience, "region": region, "id": "e", "request_id": "r"});
        let mut e = serde_json::to_value(evidence("base = \"story\"")).unwrap();
        e["trail"]["value"] = json!([event]);
        let d = diagnose(&serde_json::from_value::<Evidence>(e).unwrap());
        assert_eq!(d.outcome == Outcome::Ok, over, "{error} {message} {audience} {region}: {}", words(&d));
    }
}

#[test]
fn a_list_of_another_account_proves_nothing() {
    let set = "\"/role_arn/value\" = \"arn:aws:iam::444455556666:role/cni\"\n\"/role/value/arn\" = \
               \"arn:aws:iam::444455556666:role/cni\"\n";
    let said = "sts = \"InvalidIdentityToken: No OpenIDConnect provider found in your account for \
                https://oidc.eks.us-west-2.amazonaws.com/id/BFDB0123456789ABCDEF0123456789AB\"";
    let trust = "trust = [[\"iam::111122223333:oidc-provider\", \"iam::444455556666:oidc-provider\"]]\n";
    let none = "\"/namesake\" = {state = \"absent\", source = {what = \"iam:GetRole cni\", at = 1}}\n";
    let d = judged(&format!("base = \"story\"\n{said}\ndenied = [\"provider\"]\n{trust}[set]\n{set}{none}"));
    let cause = d.root_cause.as_ref().unwrap();
    assert_eq!(cause.name(), "cross-account-web-identity-without-provider-there");
    assert_eq!(cause.confidence, Confidence::Proven);
    assert!(cause.proof.iter().all(|x| x.label != "providers of the account"), "{:?}", cause.proof);
    assert!(cause.proof.iter().any(|x| x.label == "STS"), "{:?}", cause.proof);
    // Whether a role of that name stands at home was refused: the number in the ARN may be what is wrong.
    let unread = "\"/namesake\" = {state = \"denied\", permission = \"iam:GetRole\", message = \"no\", \
                  source = {what = \"iam:GetRole cni\", at = 1}}\n";
    let d = judged(&format!("base = \"story\"\n{said}\ndenied = [\"provider\"]\n{trust}[set]\n{set}{unread}"));
    assert!(proven(&d).is_empty(), "{:?}", proven(&d));
}

#[test]
fn a_role_for_pod_identity_is_not_proven_wrong_while_the_associations_are_unread() {
    let outranked = scenarios().unwrap().into_iter();
    let found = outranked.filter(|(name, file, _)| {
        name.as_str() == "association-outranked-by-annotation" && file.starts_with("violated") && !file.contains("warn")
    });
    for (_, file, scenario) in found {
        let e = serde_json::to_value(scenario.evidence().unwrap()).unwrap();
        let root = diagnose(&scenario.evidence().unwrap()).root_cause;
        if root.is_none() {
            continue;
        }
        for fact in ["associations", "pods"] {
            let mut less = e.clone();
            less[fact] = json!({"state": "denied", "permission": "read", "message": "no",
                "source": {"what": fact, "at": 1}});
            let d = diagnose(&serde_json::from_value::<Evidence>(less).unwrap());
            let root = d.root_cause.as_ref().map(Finding::name);
            assert_eq!(root, Some("association-outranked-by-annotation"), "{file} without {fact}: {:?}", names(&d));
        }
    }
}

#[test]
fn what_the_document_calls_itself_is_compared_without_a_token_too() {
    let other = "\"/discovery/value/issuer\" = \"https://other.example\"";
    for more in ["", "denied = [\"token\", \"exchange\"]", "denied = [\"token\", \"exchange\", \"cluster\"]"] {
        let said = if more.is_empty() {
            "sts = \"InvalidIdentityToken: Couldn't retrieve verification key from your identity provider,  please \
             reference AssumeRoleWithWebIdentity documentation for requirements\""
        } else {
            ""
        };
        let d = judged(&format!("base = \"story\"\n{said}\n{more}\n[set]\n{other}"));
        let root = d.root_cause.as_ref().map(Finding::name);
        assert_eq!(root, Some("issuer-host-mismatch-with-documents"), "{more}: {:?}", names(&d));
    }
}
