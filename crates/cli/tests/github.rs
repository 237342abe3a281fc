//! `--github`: what GitHub tells of a repository decides the subject, and what it does not tell leaves it open.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking, as tests do")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use crate::support;
use crate::support::{LabProcess, succeed, tool};
use serde_json::{Value, json};

const PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
const KEY: &str = "token.actions.githubusercontent.com";
const TOKEN: &str = "canary-feather";

/// An API that gives each path its status and body; its address.
fn api(answer: impl Fn(&str) -> (u16, Value) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let head: Vec<String> =
                BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
            let bearer = format!("authorization: bearer {TOKEN}");
            assert!(head.iter().any(|line| line.to_ascii_lowercase() == bearer), "{head:?}");
            let (status, body) = answer(head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default());
            let body = body.to_string();
            let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            // A client that has gone away is no matter of this server's.
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    address
}

fn checkout() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(".github/workflows");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::create_dir_all(dir.path().join(".git")).unwrap();
    let workflow = "on: {push: {branches: [main]}}\npermissions: {id-token: write}\njobs:\n  deploy:\n    runs-on: \
        ubuntu-latest\n    steps:\n      - uses: aws-actions/configure-aws-credentials@v5\n        with: \
        {role-to-assume: 'arn:aws:iam::111122223333:role/shop', aws-region: us-west-2}\n";
    std::fs::write(folder.join("deploy.yml"), workflow).unwrap();
    std::fs::write(dir.path().join(".git/config"), "[remote \"origin\"]\n\turl = https://github.com/acme/shop.git\n")
        .unwrap();
    dir
}

/// The diagnosis, and what was said beside it.
fn diagnose(lab: &LabProcess, checkout: &tempfile::TempDir, url: &str) -> (Value, String) {
    let out = lab
        .command(env!("CARGO_BIN_EXE_trustwalk"))
        .args(["diagnose", "--github", "-o", "json", "--job"])
        .arg(checkout.path())
        .env("GITHUB_TOKEN", TOKEN)
        .env_remove("GH_TOKEN")
        .env("GITHUB_API_URL", url)
        .output()
        .unwrap();
    let said = String::from_utf8(out.stderr).unwrap();
    let whole = String::from_utf8(out.stdout).unwrap();
    assert!(!said.contains(TOKEN) && !whole.contains(TOKEN), "{said}{whole}");
    (serde_json::from_str::<Value>(&whole).unwrap()[0].clone(), said)
}

#[test]
fn the_subject_is_told_by_githubs_answers_and_open_where_there_are_none() {
    let lab = LabProcess::up(&[]);
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Federated": PROVIDER}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {format!("{KEY}:sub"): "repo:acme/shop:ref:refs/heads/main",
            format!("{KEY}:aud"): "sts.amazonaws.com"}}}]});
    succeed(
        lab.command(tool("aws"))
            .args(["iam", "create-role", "--role-name", "shop", "--assume-role-policy-document"])
            .arg(trust.to_string()),
    );
    let checkout = checkout();
    let told = |created: &'static str, setting: Value| {
        api(move |path| {
            let repository = json!({"full_name": "acme/shop", "id": 34, "created_at": created,
                "owner": {"id": 12, "type": "Organization"}, "default_branch": "main"});
            if path.ends_with("/sub") { (200, setting.clone()) } else { (200, repository) }
        })
    };
    let named = |url: &str| {
        let (d, said) = diagnose(&lab, &checkout, url);
        assert!(said.is_empty(), "{said}");
        d["root_cause"]["name"].as_str().map(str::to_owned)
    };
    // Born before subjects became immutable, with the default template: the policy admits it.
    assert_eq!(named(&told("2020-01-01T00:00:00Z", json!({"use_default": true}))), None);
    let young = named(&told("2026-08-01T00:00:00Z", json!({"use_default": true})));
    assert_eq!(young.as_deref(), Some("gha-sub-immutable-ids"));
    let keys = json!({"use_default": false, "include_claim_keys": ["repository_owner", "context"]});
    assert_eq!(named(&told("2020-01-01T00:00:00Z", keys)).as_deref(), Some("gha-sub-customised"));

    // A refusal is said in words, and what it hides stays open.
    let (d, said) = diagnose(&lab, &checkout, &api(|_| (403, json!({"message": "no"}))));
    assert!(said.contains("not told by GitHub") && said.contains("(403)"), "{said}");
    assert_eq!((d["root_cause"].is_null(), d["outcome"].as_str()), (true, Some("undetermined")), "{d:#}");
    assert!(d.to_string().contains("the repository's subject template"), "{d:#}");
}

#[test]
fn without_a_token_nobody_is_asked() {
    let checkout = checkout();
    let out = support::trustwalk()
        .args([
            "collect",
            "--github",
            "-o",
            "-",
            "--endpoint-url",
            "http://127.0.0.1:9",
            "--region",
            "us-west-2",
            "--job",
        ])
        .arg(checkout.path())
        .env_remove("GITHUB_TOKEN")
        .env_remove("GH_TOKEN")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("NO_PROXY", "*")
        .output()
        .unwrap();
    let said = String::from_utf8(out.stderr).unwrap();
    assert!(said.contains("not told by GitHub: neither GH_TOKEN nor GITHUB_TOKEN is set"), "{said}");
}
