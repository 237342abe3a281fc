//! `trustwalk trust`: what it says of a policy, in words, in JSON and in its exit code.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod judges;

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

const ISSUER: &str = "issuer.example";
const PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/issuer.example";
const GITHUB: &str = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
const KEY: &str = "token.actions.githubusercontent.com:sub";
const WEB: &str = "sts:AssumeRoleWithWebIdentity";

/// Runs `trust -` in both formats, which must agree in their exit code.
fn trust(policy: &str, words: &[&str]) -> (i32, String, Value) {
    let run = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trustwalk"));
        command.args(["trust", "-"]).args(words).args(more);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(policy.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let (human, json) = (run(&[]), run(&["-o", "json"]));
    assert_eq!(human.status.code(), json.status.code(), "{policy}");
    let said = String::from_utf8(human.stdout).unwrap();
    let document = serde_json::from_slice(&json.stdout).unwrap_or(Value::Null);
    (human.status.code().unwrap(), said, document)
}

fn policy(provider: &str, conditions: &Value) -> String {
    let statement =
        json!({"Effect": "Allow", "Principal": {"Federated": provider}, "Action": WEB, "Condition": conditions});
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

/// A policy for `ns:app` of an issuer of one's own, and further conditions.
fn own(more: &Value) -> String {
    let mut conditions = json!({"StringEquals": {format!("{ISSUER}:sub"): "system:serviceaccount:ns:app"}});
    for (operator, keys) in more.as_object().unwrap() {
        for (key, value) in keys.as_object().unwrap() {
            let block = conditions.as_object_mut().unwrap().entry(operator).or_insert_with(|| json!({}));
            block.as_object_mut().unwrap().insert(key.clone(), value.clone());
        }
    }
    policy(PROVIDER, &conditions)
}

const APP: [&str; 2] = ["--subject", "system:serviceaccount:ns:app"];

#[test]
fn what_the_call_decides_is_undetermined_until_it_is_told() {
    let there = own(&json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}));
    let (code, said, document) = trust(&there, &APP);
    assert_eq!((code, document["verdict"].as_str()), (4, Some("undetermined")), "{said}");
    assert_eq!(document["undecided"], json!(["aws:SourceIp"]));
    assert!(said.contains("hangs on aws:SourceIp") && !said.contains("no such key"), "{said}");
    let told = |value| [&APP[..], &["--key", value]].concat();
    assert_eq!(trust(&there, &told("aws:SourceIp=203.0.113.7")).0, 0);
    assert_eq!(trust(&there, &told("aws:SourceIp=198.51.100.7")).0, 3);
    assert_eq!(trust(&there, &told("aws:SourceIp")).0, 2);
    let negated = own(&json!({"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}));
    assert_eq!(trust(&negated, &APP).0, 4);
    for (conditions, expected) in [
        (json!({"Bool": {"aws:SecureTransport": "true"}}), 0),
        (json!({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}), 0),
        (json!({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}), 3),
        (json!({"StringNotEquals": {format!("{ISSUER}:aud"): "${aws:PrincipalTag/team}"}}), 3),
        (json!({"StringEquals": {format!("{ISSUER}:amr"): "x"}}), 4),
    ] {
        let (code, said, _) = trust(&own(&conditions), &APP);
        assert_eq!(code, expected, "{conditions}: {said}");
    }
}

#[test]
fn what_iam_refuses_to_save_admits_nobody() {
    let sound = own(&json!({}));
    assert_eq!(trust(&sound, &APP).0, 0);
    let broken = [
        (sound.replace("oidc-provider/", "oidc-provider/https://"), "Federated principals must be valid domain names"),
        (sound.replace(WEB, "sts:InvalidAction"), "AssumeRole policy may only specify STS AssumeRole actions."),
        (sound.replace("\"Action\"", "\"NotAction\":\"sts:AssumeRole\",\"Action\""), "Syntax errors in policy."),
        (sound.replace(&format!("\"{WEB}\""), "[]"), "Policy statement must contain actions."),
        (sound.replace("\"Action\"", "\"Resource\":\"*\",\"Action\""), "Has prohibited field Resource"),
        (own(&json!({"DateLessThan": {"aws:CurrentTime": "soon"}})), "The policy failed legacy parsing"),
        (own(&json!({"StringIs": {"aws:x": "y"}})), "Invalid Condition type : StringIs"),
        (sound.replace("2012-10-17", "2012-10-18"), "unknown version"),
        (sound.replace("Allow", "allow"), "unknown effect"),
    ];
    for (policy, words) in broken {
        let (code, said, document) = trust(&policy, &APP);
        assert_eq!((code, document["verdict"].as_str()), (3, Some("refused-at-save")), "{policy}: {said}");
        let first = said.lines().next().unwrap();
        assert!(first.contains("IAM would refuse to save this policy"), "{said}");
        assert!(said.contains(words), "{words}: {said}");
    }
    // The issuer is not taken from a malformed name, and the cause has its code.
    let (_, said, document) = trust(&sound.replace("oidc-provider/", "oidc-provider/https://"), &APP);
    assert_eq!(document["identity"], Value::Null);
    assert_eq!(document["iam_would_refuse"][0]["code"], "TW033");
    assert!(said.trim_end().ends_with("\nNext: trustwalk explain TW033"), "{said}");
    // What is no cause has a name, and the name a page.
    let (_, said, _) = trust(&sound.replace("\"Action\"", "\"Resource\":\"*\",\"Action\""), &APP);
    assert!(said.trim_end().ends_with("\nNext: trustwalk explain prohibited-resource"), "{said}");
    let (_, said, _) = trust(&sound.replace("oidc-provider/", "oidc-provider/https://"), &APP);
    // The same line as of a cause that refuses an exchange: it is found by its code.
    let line = "\n  \u{d7} TW033 https-prefix-in-arn-or-condition-key: IAM would refuse to save this policy: ";
    assert!(said.contains(line), "{said}");
    // What nobody says that IAM refuses is not said to be refused.
    let unknown = own(&json!({"Bool": {"aws:SecureTransport": ["true", "perhaps"]}}));
    assert_eq!(trust(&unknown, &APP).0, 4);
}

#[test]
fn names_that_stand_twice_are_loud() {
    let sound = own(&json!({}));
    let other = format!("\"StringEquals\":{{\"{ISSUER}:aud\":\"nobody\"}}");
    let doubled = sound.replace("\"Condition\":{", &format!("\"Condition\":{{{other},"));
    let (code, said, document) = trust(&doubled, &APP);
    assert_eq!((code, document["verdict"].as_str()), (3, Some("ambiguous")), "{said}");
    assert_eq!(document["dropped"][0]["kind"], "operator-dropped");
    assert!(said.contains("StringEquals stands twice") && said.contains("issuer.example:aud"), "{said}");
}

#[test]
fn strangers_are_named_with_one_of_them() {
    let github = |operator: &str, sub: &str| policy(GITHUB, &json!({operator: {KEY: sub}}));
    let subject = ["--subject", "repo:acme/app:ref:refs/heads/main"];
    for (sub, code, breadth) in [
        ("repo:acme/app:ref:refs/heads/main", 0, None),
        ("repo:acme/app:*", 0, Some("any-context")),
        ("repo:acme/*", 0, Some("any-repository")),
        ("repo:acme*", 3, Some("any-owner")),
        ("repo:*/app:*", 3, Some("any-owner")),
        ("*:ref:refs/heads/main", 3, Some("any-owner")),
    ] {
        let (found, said, document) = trust(&github("StringLike", sub), &subject);
        assert_eq!(found, code, "{sub}: {said}");
        let kinds: Vec<&str> =
            document["breadth"].as_array().unwrap().iter().map(|w| w["breadth"].as_str().unwrap()).collect();
        let kinds: Vec<&str> = kinds.into_iter().filter(|k| *k != "any-audience").collect();
        assert_eq!(kinds.first().copied(), breadth, "{sub}: {kinds:?}");
    }
    let ids = ["--subject", "repo:acme@11/app@22:ref:refs/heads/main"];
    let (code, said, document) = trust(&github("StringLike", "repo:acme@*/app@*:*"), &ids);
    assert_eq!((code, document["breadth"][0]["breadth"].as_str()), (3, Some("next-owner")), "{said}");
    for (sub, code, breadth) in [
        ("system:serviceaccount:ns:*", 0, "any-service-account"),
        ("system:serviceaccount:*:app", 3, "any-namespace"),
        ("*", 3, "any-subject"),
    ] {
        let policy = policy(PROVIDER, &json!({"StringLike": {format!("{ISSUER}:sub"): sub}}));
        let (found, said, document) = trust(&policy, &APP);
        assert_eq!((found, document["breadth"][0]["breadth"].as_str()), (code, Some(breadth)), "{sub}: {said}");
    }
}

#[test]
fn refusals_carry_the_codes_that_diagnose_gives() {
    let github = |operator: &str, sub: &Value| policy(GITHUB, &json!({operator: {KEY: sub}}));
    let job = "repo:acme/app:pull_request";
    let main = "repo:acme/app:ref:refs/heads/main";
    let sa = "system:serviceaccount:ns:app";
    let sub = format!("{ISSUER}:sub");
    let on = |key: &str, value: &str| policy(PROVIDER, &json!({"StringEquals": {key: value}}));
    let rows = [
        (github("StringEquals", &json!("repo:acme/app:*")), main, "TW005"),
        (github("StringEquals", &json!("repo:Acme/app:ref:refs/heads/main")), main, "TW048"),
        (github("StringLike", &json!("repo:acme/app:environment:prod")), main, "TW008"),
        (github("StringLike", &json!("repo:acme/app:environment:prod")), job, "TW019"),
        (github("StringLike", &json!("repo:acme/app:ref:refs/heads/dev")), main, "TW019"),
        (github("StringLike", &json!("repo:acme/app")), job, "TW073"),
        (github("StringLike", &json!("repo:acme/app:*")), "repo:acme@1/app@2:ref:refs/heads/main", "TW009"),
        (github("StringLike", &json!(["repo:acme/a:*", "repo:acme/b:*"])), main, "TW124"),
        (on(&sub, "system:serviceaccount:other:app"), sa, "TW017"),
        (on(&sub, "system:serviceaccount:ns:web"), sa, "TW003"),
        (on(&sub, "sts.amazonaws.com"), sa, "TW057"),
        (on(ISSUER, sa), sa, "TW067"),
        (on(&format!("{ISSUER}:iss"), "https://issuer.example"), sa, "TW013"),
        (on(&format!("{ISSUER}:iss"), "issuer.example"), sa, "TW077"),
        (on(&format!("{ISSUER}:aud"), "sts.amazonaws.com.cn"), sa, "TW015"),
        (on(&format!("{ISSUER}:aud"), "other"), sa, "TW028"),
        (own(&json!({})).replace(WEB, "sts:AssumeRole"), sa, "TW059"),
    ];
    for (policy, subject, code) in rows {
        let (exit, said, document) = trust(&policy, &["--subject", subject]);
        assert_eq!((exit, document["reasons"][0]["code"].as_str()), (3, Some(code)), "{policy}: {said}");
        assert!(said.contains(code), "{said}");
    }
}

#[test]
fn the_change_that_is_offered_admits_the_identity_alone() {
    let policy = policy(PROVIDER, &json!({"StringLike": {format!("{ISSUER}:sub"): "project/V2/*"}}));
    let (_, said, document) = trust(&policy, &["--subject", "org/1/project/7/user/9"]);
    let edited = document["edit"]["document"].as_str().unwrap();
    assert!(said.contains("admits this identity and nobody else"), "{said}");
    assert_eq!(trust(edited, &["--subject", "org/1/project/7/user/9"]).0, 0, "{edited}");
    assert_eq!(trust(edited, &["--subject", "org/1/project/7/user/8"]).0, 3, "{edited}");
    assert_eq!(trust(edited, &["--subject", "project/V2/x"]).0, 0, "what stood there stays: {edited}");
}

#[test]
fn session_tags_of_a_token_are_request_tags() {
    use base64::Engine as _;
    let dir = tempfile::tempdir().unwrap();
    let part = |value: &Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
    let file = dir.path().join("token");
    let token = |tags: &Value| {
        let mut claims = json!({"iss": "https://issuer.example", "sub": "system:serviceaccount:ns:app",
            "aud": "sts.amazonaws.com", "iat": 1, "exp": 2});
        for (name, value) in tags.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let text = format!("{}.{}.c2ln", part(&json!({"alg": "RS256", "kid": "k"})), part(&claims));
        std::fs::write(&file, text).unwrap();
    };
    let with = ["--token", file.to_str().unwrap()];
    let asks = own(&json!({"StringEquals": {"aws:RequestTag/team": "red"},
        "ForAllValues:StringEquals": {"sts:TransitiveTagKeys": ["team"]}}));
    let both = asks.replace(&format!("\"{WEB}\""), &format!("[\"{WEB}\",\"sts:TagSession\"]"));
    let nested = json!({"https://aws.amazon.com/tags": {"principal_tags": {"team": ["red"]},
        "transitive_tag_keys": ["team"]}});
    let flat = json!({"https://aws.amazon.com/tags/principal_tags/team": "red",
        "https://aws.amazon.com/tags/transitive_tag_keys": ["team"]});
    for tags in [nested, flat] {
        token(&tags);
        let (code, said, _) = trust(&both, &with);
        assert_eq!(code, 0, "{said}");
        let (code, said, document) = trust(&asks, &with);
        assert_eq!((code, document["reasons"][0]["code"].as_str()), (3, Some("TW096")), "{said}");
        let edited = document["edit"]["document"].as_str().unwrap();
        assert_eq!(trust(edited, &with).0, 0, "{edited}");
    }
    // What is typed beside a token takes its claim's place, and that is said.
    token(&json!({}));
    let aud = own(&json!({"StringEquals": {format!("{ISSUER}:aud"): "sts.amazonaws.com"}}));
    assert_eq!(trust(&aud, &with).0, 0);
    let (code, said, _) = trust(&aud, &[&with[..], &["--audience", "vault"]].concat());
    assert!(code == 3 && said.contains("the audience is vault"), "{said}");
    let (code, said, document) = trust(&both, &with);
    assert_eq!((code, document["reasons"][0]["code"].as_str()), (3, Some("TW090")), "{said}");
    token(&json!({"https://aws.amazon.com/tags": {"principal_tags": {"team": "red"}}}));
    let (code, said, document) = trust(&both, &with);
    assert_eq!((code, document["malformed_tags"][0].as_str()), (3, Some("team")), "{said}");
}

/// Runs `audit` on a policy, in one format.
fn audit(policy: &str, words: &[&str]) -> (i32, String) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("policy.json"), policy).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_trustwalk"));
    let out = command.args(["audit", "policy.json"]).args(words).current_dir(dir.path()).output().unwrap();
    (out.status.code().unwrap(), String::from_utf8(out.stdout).unwrap())
}

#[test]
fn the_format_of_an_audit_never_changes_what_it_comes_to() {
    let sound = policy(GITHUB, &json!({"StringLike": {KEY: "repo:acme/api:*"}}));
    let wide = policy(GITHUB, &json!({"StringLike": {KEY: "repo:*"}}));
    let bad = r#"{"Version":"2012-10-17","Statement":7}"#;
    for (policy, code) in [(sound.as_str(), 0), (&wide, 3), (bad, 4)] {
        for format in ["human", "json", "yaml", "csv", "dot", "sarif", "html"] {
            assert_eq!(audit(policy, &["-o", format]).0, code, "{policy} as {format}");
        }
    }
    let (_, said) = audit(&wide, &[]);
    assert!(said.contains("TA002 any-tenant-of-a-shared-issuer") && said.contains("trustwalk-stranger"), "{said}");
    assert!(said.contains("Findings: 1 error") && said.ends_with("Next: trustwalk explain TA002\n"), "{said}");
    let (_, csv) = audit(&wide, &["-o", "csv"]);
    assert!(csv.lines().nth(1).unwrap().ends_with("repo:*,any,,open,TA002"), "{csv}");
    let sarif: Value = serde_json::from_str(&audit(&wide, &["-o", "sarif"]).1).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!((result["ruleId"].as_str(), result["level"].as_str()), (Some("TA002"), Some("error")));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!((&place["artifactLocation"]["uri"], &place["region"]["startLine"]), (&json!("policy.json"), &json!(1)));
    let (_, page) = audit(&wide, &["-o", "html"]);
    assert!(page.starts_with("<!doctype html>") && page.contains("default-src 'none'"), "{page}");
    assert!(audit(&wide, &["-o", "dot"]).1.contains("color=red"));
}

#[test]
fn an_audit_answers_who_and_what_and_takes_no_other_words() {
    let here = policy(
        GITHUB,
        &json!({"StringLike": {KEY: "repo:acme/api:*"}, "StringEquals":
        {"token.actions.githubusercontent.com:environment": "prod"}}),
    );
    let issuer = "https://token.actions.githubusercontent.com";
    let what =
        |subject: &str, more: &[&str]| audit(&here, &[&["--issuer", issuer, "--subject", subject][..], more].concat());
    let (code, said) = what("repo:acme/api:pull_request", &[]);
    assert!(code == 0 && said.contains("can assume 0 of 1 role, and perhaps 1 more"), "{said}");
    assert!(said.contains("hangs on token.actions.githubusercontent.com:environment"), "{said}");
    let (_, said) = what("repo:acme/api:pull_request", &["--claim", "environment=prod"]);
    assert!(said.contains("can assume 1 of 1 role"), "{said}");
    assert!(what("repo:other/api:pull_request", &[]).1.contains("can assume 0 of 1 role, and perhaps 0 more"));
    assert_eq!(audit(&here, &["--role", "policy.json"]).0, 0);
    for words in [&["--role", "nobody"][..], &["--subject", "x"], &["--claim", "a=b"], &["--zone", "policy.json"]] {
        assert_eq!(audit(&here, words).0, 2, "{words:?}");
    }
}
