//! What a stranger writes into a value, a name, a file or an argument comes out of every command inert, on both
//! streams; documents stay the same documents.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use crate::support::trustwalk;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use trustwalk_foreign::visible::is_hidden;
use trustwalk_testkit::{FORGED, HOSTILE, leaves, story, tainted};

/// A folder to run in, away from any cluster and account.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn run(&self, words: &[&str], variables: &[(&str, &str)], input: &str) -> Output {
        let mut child = trustwalk()
            .args(words)
            .current_dir(self.dir.path())
            .env("HOME", self.dir.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that refuses early closes its end.
        let _closed = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// Runs, and gives standard output once both streams were found inert.
    #[track_caller]
    fn inert(&self, words: &[&str], input: &str) -> String {
        self.inert_with(words, &[], input)
    }

    #[track_caller]
    fn inert_with(&self, words: &[&str], variables: &[(&str, &str)], input: &str) -> String {
        let out = self.run(words, variables, input);
        for stream in [&out.stdout, &out.stderr] {
            let text = std::str::from_utf8(stream).unwrap();
            let hidden = text.chars().find(|c| *c != '\n' && is_hidden(*c));
            assert_eq!(hidden, None, "{words:?}: {text:?}");
            assert!(!text.lines().any(|l| l.starts_with(FORGED)), "{words:?}: {text}");
            assert!(!text.contains("panicked"), "{words:?}: {text}");
        }
        String::from_utf8(out.stdout).unwrap()
    }
}

/// Each kind, as far as an argument can hold it.
fn kinds() -> impl Iterator<Item = &'static str> {
    HOSTILE.iter().copied()
}

/// Several kinds at once, for what is slow to ask about each; one with nothing but what is no control character.
fn several() -> [String; 3] {
    let (controls, others): (Vec<&str>, Vec<&str>) = kinds().partition(|k| k.chars().any(char::is_control));
    let (breaks, controls): (Vec<&str>, Vec<&str>) = controls.into_iter().partition(|k| k.contains(FORGED));
    [breaks.concat(), controls.concat(), others.concat()]
}

fn token(claims: &Value) -> String {
    let part = |v: &Value| URL_SAFE_NO_PAD.encode(v.to_string());
    let head = json!({"alg": "RS256", "kid": claims["sub"], "typ": "JWT"});
    format!("{}.{}.{}", part(&head), part(claims), URL_SAFE_NO_PAD.encode([7; 256]))
}

#[test]
fn a_tokens_claims_and_their_names() {
    let place = Place::new();
    for kind in kinds() {
        let subject = format!("system:{kind}:x");
        let claims = json!({"iss": format!("https://i.example/{kind}"), "sub": subject, "aud": [kind, "a"],
            "exp": 4_000_000_000_u64, "iat": 1, format!("own{kind}"): kind, "azp": kind});
        let token = token(&claims);
        place.inert(&["token", "-"], &token);
        let json: Value = serde_json::from_str(&place.inert(&["token", "-", "-o", "json"], &token)).unwrap();
        assert_eq!(json["facts"]["sub"], subject, "the document is another");
        place.file("token", &token);
        let keys = place.file("keys", json!({"keys": []}).to_string());
        for format in ["human", "json"] {
            let words = ["token", "token", "--jwks", keys.to_str().unwrap(), "-o", format];
            place.inert(&[&words[..], &["--issuer", kind]].concat(), "");
        }
        place.inert(&["token", "-"], &format!("no token {kind}"));
        place.inert(&["token", "-"], &format!("a{kind}.b.c"));
    }
}

#[test]
fn a_trust_policys_words() {
    let place = Place::new();
    for kind in kinds() {
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Sid": kind, "Effect": "Allow",
            "Principal": {"Federated": format!("arn:aws:iam::111122223333:oidc-provider/i.example/{kind}")},
            "Action": ["sts:AssumeRoleWithWebIdentity", kind],
            "Condition": {"StringEquals": {format!("i.example/{kind}:sub"): [kind, "a"], kind: kind}}}]});
        place.file("policy", policy.to_string());
        place.file("other", format!("{{\"Statement\": \"{}", kind.replace('"', "'")));
        let claim = format!("{}={kind}", kind.replace('=', ""));
        for format in ["human", "json"] {
            let words = ["trust", "policy", "--subject", kind, "--audience", kind, "--claim", &claim, "-o", format];
            place.inert(&words, "");
            place.inert(&["trust", "policy", "--claim", &kind.replace('=', ""), "-o", format], "");
        }
        place.inert(&["trust", "other"], "");
    }
}

#[test]
fn a_logs_lines() {
    let place = Place::new();
    let refused = "InvalidIdentityToken: Incorrect token audience";
    for kind in kinds() {
        let log = format!(
            "2026-11-23T10:00:00Z {kind} {refused} {kind} status code: 400, request id: {kind}\n\
             AccessDenied: User: arn:aws:sts::111122223333:assumed-role/{kind}/s is not authorized to perform: {kind}\n\
             dial tcp: lookup sts.{kind}.amazonaws.com: no such host {refused}\n"
        );
        let human = place.inert(&["logs", "-"], &log);
        assert!(human.contains("times"), "{human}");
        let json = place.inert(&["logs", "-", "-o", "json"], &log);
        let _document: Value = serde_json::from_str(&json).unwrap();
        place.file("log", &log);
        for format in ["human", "short", "json"] {
            place.inert(&["diagnose", "--log", "log", "-o", format], "");
        }
    }
}

#[test]
fn a_bundle_with_each_kind_in_every_place() {
    let place = Place::new();
    let evidence = story().unwrap();
    let reads =
        |evidence: &Value| serde_json::from_value::<trustwalk_core::evidence::Evidence>(evidence.clone()).is_ok();
    let all: Vec<Value> = kinds()
        .map(|kind| {
            (0..leaves(&evidence)).fold(evidence.clone(), |document, leaf| {
                let changed = tainted(&document, leaf, kind);
                if reads(&changed) { changed } else { document }
            })
        })
        .collect();
    for (name, evidence) in [("one", all.get(..1).unwrap()), ("many", &all[..])] {
        place.file(name, json!({"version": 1, "tool": "trustwalk", "evidence": evidence}).to_string());
        for format in ["human", "short", "json"] {
            let out = place.inert(&["diagnose", "--bundle", name, "-o", format], "");
            assert!(out.contains("\\n") || out.contains("\\u"), "{name} {format}: {out}");
        }
        place.inert(&["diagnose", "--bundle", name, "-v"], "");
    }
    // What cannot be read is told with its words.
    for kind in kinds() {
        for broken in
            [json!({"version": 2, "tool": kind}), json!({"version": 1, "tool": "t", "evidence": [{kind: kind}]})]
        {
            place.file("broken", broken.to_string());
            place.inert(&["diagnose", "--bundle", "broken"], "");
        }
    }
}

#[test]
fn arguments_and_names_of_files() {
    let place = Place::new();
    let missing = Path::new("/nonexistent").join("kubeconfig");
    let away = [
        ("KUBECONFIG", missing.to_str().unwrap()),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("AWS_REGION", "us-west-2"),
    ];
    for kind in several() {
        let kind = kind.replace('/', "");
        let name = format!("x{kind}");
        let (with, option) = (format!("--token={kind}"), format!("--{kind}"));
        let commands: &[&[&str]] = &[
            &[&name],
            &["diagnose", &option],
            &["diagnose", "-o", &name],
            &["diagnose", "--connect-to", &name],
            &["diagnose", "a", "b", &name],
            &["diagnose", &name],
            &["diagnose", &format!("ds/{name}"), "-n", &name],
            &["diagnose", "ds/x", "--context", &name],
            &["diagnose", "ds/x", "--kubeconfig", &name],
            &["diagnose", "ds/x", "--profile", &name],
            &["diagnose", "ds/x", "--region", &name],
            &["diagnose", "ds/x", "--endpoint-url", &name],
            &["diagnose", "ds/x", "--ca-bundle", &name],
            &["diagnose", "ds/x", "--cluster", &name],
            &["diagnose", "-n", &name, "-o", "short"],
            &["diagnose", "--role", &name, "--subject", &name],
            &["diagnose", "--role", "arn:aws:iam::111122223333:role/r", &with],
            &["diagnose", "--issuer", &name],
            &["diagnose", "--log", &name],
            &["diagnose", "--job", &name],
            &["diagnose", "--bundle", &name],
            &["fix", &format!("ds/{name}")],
            &["fix", "--resume", &name],
            &["rollback", &name],
            &["collect", &format!("ds/{name}"), "-o", &name],
            &["collect", "ds/x", "-o", &format!("nowhere/{name}")],
            &["thumbprint", &name],
            &["thumbprint", "--from", &name, "i.example"],
            &["thumbprint", "--fleet", &name],
            &["thumbprint", "--fleet", "-", "--resume", &name],
            &["token", &name],
            &["token", "-", "--jwks", &name],
            &["token", "-", "--at", &name],
            &["trust", &name],
            &["trust", "-", "--account", &name],
            &["logs", &name],
            &["logs", &name, "-o", "json"],
            &["logs", "--follow", &name],
            &["explain", &name],
            &["demo", "--fault", &name],
            &["lab", "--dir", &name, "status"],
            &["lab", "--dir", &name, "break", &name],
            &["lab", "--dir", &name, "down"],
            &["completions", &name],
        ];
        for words in commands {
            place.inert_with(words, &away, "");
        }
        for variable in ["TRUSTWALK_CONNECT_TO", "TRUSTWALK_CA_BUNDLE", "TRUSTWALK_TRUST_MODEL", "AWS_PROFILE"] {
            let away = [&away[..], &[(variable, name.as_str())]].concat();
            place.inert_with(&["diagnose", "ds/x"], &away, "");
            place.inert_with(&["diagnose", "--help"], &away, "");
        }
    }
}

#[test]
fn a_kubeconfig_and_an_aws_profile() {
    let place = Place::new();
    for kind in several() {
        let config = json!({"apiVersion": "v1", "kind": "Config", "current-context": kind,
            "clusters": [{"name": kind, "cluster": {"server": format!("http://127.0.0.1:9/{kind}")}}],
            "contexts": [{"name": kind, "context": {"cluster": kind, "user": kind, "namespace": kind}}],
            "users": [{"name": kind, "user": {"token": "t"}}]});
        let whole = place.file("whole", config.to_string());
        let elsewhere = place.file("elsewhere", config.to_string().replacen("current-context", "former-context", 1));
        let broken = place.file("broken", format!("clusters: [{kind}\n- {kind}: [\n"));
        let profile = kind.replace('\n', " ");
        let aws =
            place.file("aws", format!("[profile {profile}]\nregion = {profile}\ncredential_process = {profile}\n"));
        for kubeconfig in [&whole, &elsewhere, &broken] {
            let variables = [("KUBECONFIG", kubeconfig.to_str().unwrap()), ("AWS_CONFIG_FILE", aws.to_str().unwrap())];
            for format in ["human", "short", "json"] {
                place.inert_with(&["diagnose", "ds/x", "-o", format], &variables, "");
            }
            place.inert_with(&["diagnose", "ds/x", "--context", "c", "--profile", &profile], &variables, "");
        }
    }
}

#[test]
fn hosts_of_a_fleet() {
    let place = Place::new();
    let input = kinds().map(|kind| kind.replace('\n', "") + ".example").collect::<Vec<_>>().join("\n");
    let out = place.inert(&["thumbprint", "--fleet", "-"], &input);
    let inputs: Vec<String> =
        out.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()["input"].as_str().unwrap().to_owned()).collect();
    assert!(inputs.iter().any(|i| i.contains('\u{202e}')) && inputs.iter().any(|i| i.contains('\u{1b}')), "{out}");
}

#[test]
fn an_endless_name_is_cut() {
    let place = Place::new();
    let mut evidence = story().unwrap();
    let long = "n".repeat(1 << 20);
    evidence["service_account"]["value"]["name"] = json!(long);
    evidence["service_account"]["value"]["annotations"] = json!({"eks.amazonaws.com/role-arn": long});
    place.file("bundle", json!({"version": 1, "tool": "trustwalk", "evidence": [evidence]}).to_string());
    for format in ["human", "short"] {
        let out = place.inert(&["diagnose", "--bundle", "bundle", "-o", format], "");
        assert!(out.len() < 1_000_000 && out.contains("more characters are not shown"), "{format}: {}", out.len());
    }
}

/// Standard error is kept in the logs of CI jobs.
#[test]
fn a_token_given_where_its_file_was_asked_for_is_not_repeated() {
    let place = Place::new();
    let token = token(&json!({"iss": "https://i.example", "sub": "canary", "aud": "a"}));
    for words in [
        &["token"][..],
        &["trust"],
        &["logs"],
        &["explain"],
        &["rollback"],
        &["diagnose", "--bundle"],
        &["diagnose", "--token"],
        &["diagnose", "--connect-to"],
        &["diagnose", "--surely-no-option"],
    ] {
        let out = place.run(&[words, &[token.as_str()]].concat(), &[], "");
        let said = [out.stdout, out.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(!said.contains(token.get(token.len() - 16..).unwrap()), "{words:?}: {said}");
    }
    let out = place.run(&["diagnose", "--issuer", "https://u:hunter2@h.example/?a=b"], &[], "");
    assert!(!String::from_utf8_lossy(&out.stderr).contains("hunter2"), "{out:?}");
}
