//! What goes wrong around trustwalk: servers out of reach, wrong credentials, files that are not what they
//! should be. Each gives a sentence that names the thing and the reason, and the documented exit code; what
//! can still be looked at is looked at.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::io::Write as _;
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use crate::support::{LabProcess, succeed, tool, trustwalk};
use serde_json::{Value, json};

/// The story's workload.
const DIAGNOSE: [&str; 4] = ["diagnose", "daemonset/aws-node", "-n", "kube-system"];

/// Code and both streams; a panic is never an answer.
fn said(out: &Output) -> (Option<i32>, String) {
    let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert!(!text.contains("panicked"), "{text}");
    (out.status.code(), text)
}

#[track_caller]
fn expect(out: &Output, code: i32, words: &[&str]) -> String {
    let (got, text) = said(out);
    assert_eq!(got, Some(code), "{text}");
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for w in words {
        assert!(flat.contains(w), "`{w}` is missing from:\n{text}");
    }
    text
}

/// trustwalk in the lab's environment with some of it changed; an empty value takes the variable away.
fn with(lab: &LabProcess, changes: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = trustwalk();
    command.envs(&lab.env).current_dir(lab.dir.path()).env("HOME", lab.dir.path()).args(arguments);
    for (name, value) in changes {
        if value.is_empty() {
            command.env_remove(name)
        } else {
            command.env(name, value)
        };
    }
    command.output().unwrap()
}

/// The lab's kubeconfig, changed and written beside it.
fn kubeconfig(lab: &LabProcess, name: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut file: Value = serde_json::from_slice(&std::fs::read(lab.dir.path().join("kubeconfig")).unwrap()).unwrap();
    change(&mut file);
    let path = lab.dir.path().join(name);
    std::fs::write(&path, file.to_string()).unwrap();
    path.display().to_string()
}

/// A port on which nobody listens.
fn closed() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// trustwalk without any lab, in a folder of its own.
fn alone(dir: &tempfile::TempDir, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = trustwalk()
        .args(arguments)
        .current_dir(dir.path())
        .env("HOME", dir.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses early closes its end.
    let _closed = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

#[test]
fn a_cluster_that_cannot_be_asked_leaves_the_rest_undetermined_and_changes_nothing() {
    let lab = LabProcess::up(&[]);
    let gone = kubeconfig(&lab, "gone", |f| {
        f["clusters"][0]["cluster"]["server"] = json!(format!("https://127.0.0.1:{}", closed()));
    });
    let stranger = kubeconfig(&lab, "stranger", |f| f["users"][0]["user"]["token"] = json!("nobody"));
    let contextless = kubeconfig(&lab, "contextless", |f| f["current-context"] = json!("elsewhere"));
    let secret = "a-line-that-holds-a-credential";
    let broken = lab.dir.path().join("broken");
    std::fs::write(&broken, format!("users:\n- token: {secret}\n: [\n- token: {secret}\n")).unwrap();
    let broken = broken.display().to_string();
    let missing = lab.dir.path().join("missing").display().to_string();
    let cases: [(&str, i32, &[&str]); 5] = [
        (&gone, 4, &["the connection was refused"]),
        (&stranger, 4, &["a valid Kubernetes credential"]),
        (&contextless, 2, &["elsewhere", "--context"]),
        (&broken, 1, &["broken", "kubeconfig", "--kubeconfig"]),
        (&missing, 1, &["missing", "No such file"]),
    ];
    for (file, code, words) in cases {
        let text = expect(&with(&lab, &[("KUBECONFIG", file)], &DIAGNOSE), code, words);
        assert!(!text.contains(secret), "{text}");
    }
    let fix = ["fix", "daemonset/aws-node", "-n", "kube-system", "--approve", "--receipt", "r.json"];
    expect(&with(&lab, &[("KUBECONFIG", &gone)], &fix), 4, &["Nothing to fix"]);
    assert!(!lab.dir.path().join("r.json").exists());
}

#[test]
fn what_does_not_exist_is_named_as_such() {
    let lab = LabProcess::up(&[]);
    for (target, namespace) in [
        ("daemonset/aws-node", "nowhere"),
        ("daemonset/nothing", "kube-system"),
        ("serviceaccount/nothing", "kube-system"),
    ] {
        let sentence = format!("{target} does not exist in namespace {namespace}");
        let text = expect(&lab.trustwalk(&["diagnose", target, "-n", namespace]), 2, &[&sentence]);
        assert_eq!(text.lines().count(), 2, "{text}");
    }
    let near = ["deployment/ledgr does not exist", "there is deployment/ledger -n payments"];
    for verb in [&["diagnose"][..], &["fix", "--approve"], &["collect", "-o", "none.json"]] {
        expect(&lab.trustwalk(&[verb, &["deployment/ledgr", "-n", "payments"]].concat()), 2, &near);
        expect(&lab.trustwalk(&[verb, &["-n", "paymnts"]].concat()), 2, &["namespace paymnts does not exist"]);
    }
    assert!(!lab.dir.path().join("none.json").exists());
    let out = lab.trustwalk(&["diagnose", "daemonset/nothing", "-n", "kube-system", "-o", "json"]);
    let told: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((out.status.code(), told["error"]["code"].as_str()), (Some(2), Some("not-found")));
}

/// Variables to set, and what the answer must say.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

#[test]
fn wrong_and_missing_aws_credentials_are_told_apart_and_nothing_else_suffers() {
    let lab = LabProcess::up(&[]);
    let none = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
    let named = [none[0], none[1], ("AWS_PROFILE", "nonesuch")];
    expect(&with(&lab, &named, &DIAGNOSE), 2, &["AWS profile nonesuch does not exist", "list-profiles"]);
    let cases: [Case<'_>; 3] = [
        (&[("AWS_ACCESS_KEY_ID", "AKIANOBODYATALL00000")], &["InvalidClientTokenId"]),
        (&[("AWS_SECRET_ACCESS_KEY", "wrong")], &["SignatureDoesNotMatch"]),
        (&none, &["no AWS credentials", "none in the environment"]),
    ];
    for (changes, words) in cases {
        let out = with(&lab, changes, &[&DIAGNOSE[..], &["-o", "json"]].concat());
        let text = expect(&out, 4, words);
        assert!(!text.contains(&lab.env["AWS_SECRET_ACCESS_KEY"]), "a key was printed");
        assert!(!text.contains("Attempted:"), "{text}");
        let links: Value = serde_json::from_slice(&out.stdout).unwrap();
        let state = |name: &str| {
            let all = links[0]["links"].as_array().unwrap();
            all.iter().find(|l| l["link"] == name).unwrap()["state"].as_str().unwrap().to_owned()
        };
        assert_eq!(
            (state("keys"), state("provider"), state("trust")),
            ("pass".to_owned(), "undetermined".to_owned(), "undetermined".to_owned())
        );
    }
}

#[test]
fn a_profile_that_is_asked_for_goes_before_keys_in_the_environment_as_in_the_aws_cli() {
    let lab = LabProcess::up(&[]);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("credentials");
    let (id, secret) = (&lab.env["AWS_ACCESS_KEY_ID"], &lab.env["AWS_SECRET_ACCESS_KEY"]);
    std::fs::write(&file, format!("[lab]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n")).unwrap();
    let path = file.to_str().unwrap();
    let wrong = [("AWS_SECRET_ACCESS_KEY", "wrong"), ("AWS_SHARED_CREDENTIALS_FILE", path)];
    expect(&with(&lab, &wrong, &DIAGNOSE), 4, &["SignatureDoesNotMatch"]);
    expect(&with(&lab, &wrong, &[&DIAGNOSE[..], &["--profile", "lab"]].concat()), 0, &[]);
    let mut peer = lab.command(tool("aws"));
    peer.env("AWS_SECRET_ACCESS_KEY", "wrong").env("AWS_SHARED_CREDENTIALS_FILE", path);
    succeed(peer.args(["sts", "get-caller-identity", "--profile", "lab"]));
}

#[test]
fn a_region_that_is_none_is_not_passed_over() {
    let lab = LabProcess::up(&[]);
    for region in ["us west", "a\nb", "US-WEST-2"] {
        let out = with(&lab, &[("AWS_REGION", region)], &DIAGNOSE);
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.code() == Some(2) && said.contains("no AWS region"), "{region}: {said}");
    }
}

#[test]
fn settings_of_other_sdks_end_nothing() {
    let lab = LabProcess::up(&[]);
    let rollout = ["rollout", "status", "daemonset/aws-node", "-n", "kube-system", "--timeout=60s"];
    succeed(lab.command(tool("kubectl")).args(rollout));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config");
    std::fs::write(&file, "[default]\nretry_mode = legacy\nmax_attempts = 0\n").unwrap();
    for (name, value) in [
        ("AWS_RETRY_MODE", "legacy"),
        ("AWS_RETRY_MODE", ""),
        ("AWS_RETRY_MODE", "new"),
        ("AWS_MAX_ATTEMPTS", ""),
        ("AWS_MAX_ATTEMPTS", "0"),
        ("AWS_MAX_ATTEMPTS", "many"),
        ("AWS_CONFIG_FILE", file.to_str().unwrap()),
    ] {
        expect(&with(&lab, &[(name, value)], &DIAGNOSE), 0, &[]);
    }
}

#[test]
fn one_denied_call_is_named_with_the_permission_that_is_missing() {
    let lab = LabProcess::up(&[]);
    let mint = ["create", "token", "aws-node", "-n", "kube-system", "--audience", "sts.amazonaws.com"];
    let token = succeed(lab.command(tool("kubectl")).args(mint));
    let mut assume = lab.command(tool("aws"));
    assume.args(["sts", "assume-role-with-web-identity", "--role-session-name", "test", "--output", "json"]);
    assume.args([
        "--role-arn",
        "arn:aws:iam::111122223333:role/HarbourVpcCniRole",
        "--web-identity-token",
        token.trim(),
    ]);
    let keys: Value = serde_json::from_str(&succeed(&mut assume)).unwrap();
    let key = |name: &str| keys["Credentials"][name].as_str().unwrap().to_owned();
    let changes = [
        ("AWS_ACCESS_KEY_ID", key("AccessKeyId")),
        ("AWS_SECRET_ACCESS_KEY", key("SecretAccessKey")),
        ("AWS_SESSION_TOKEN", key("SessionToken")),
    ];
    let changes: Vec<(&str, &str)> = changes.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let text =
        expect(&with(&lab, &changes, &DIAGNOSE), 4, &["lacks iam:GetRole", "lacks iam:GetOpenIDConnectProvider"]);
    assert!(!text.contains(&key("SessionToken")) && !text.contains(token.trim()), "a secret was printed");
}

#[test]
fn an_issuer_that_hangs_or_refuses_is_named_and_not_waited_for_without_end() {
    let dir = tempfile::tempdir().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for (port, words) in [(silent.local_addr().unwrap().port(), "no"), (closed(), "refused")] {
        let rule = format!("issuer.example:443:127.0.0.1:{port}");
        let out = alone(&dir, &["diagnose", "--issuer", "https://issuer.example", "--connect-to", &rule], b"");
        let (code, text) = said(&out);
        assert!(matches!(code, Some(3 | 4)), "{text}");
        assert!(text.contains("issuer.example") && text.contains(words), "{text}");
    }
}

#[test]
fn words_that_name_nothing_are_usage_errors() {
    let dir = tempfile::tempdir().unwrap();
    for url in
        ["ht!tp://x y", "ftp://issuer.example", "ftp:issuer.example", "https://", "http://issuer.example", "not-a-url"]
    {
        expect(&alone(&dir, &["diagnose", "--issuer", url], b""), 2, &["is not an issuer's URL", "https://HOST"]);
    }
    let role = "arn:aws:iam::111122223333:role/a";
    expect(&alone(&dir, &["diagnose", "--role", role, "--subject", ""], b""), 2, &["--subject is empty"]);
    expect(&alone(&dir, &["diagnose", "deploymnet"], b""), 2, &["`deploymnet` is not a target"]);
    expect(&alone(&dir, &["diagnose", "non sense"], b""), 2, &["`non sense` is not a target"]);
    expect(&alone(&dir, &["diagnose", "--role", "nonsense"], b""), 2, &["`nonsense` is not a role's ARN"]);
}

#[test]
fn what_is_not_a_token_is_said_not_to_be_one() {
    let dir = tempfile::tempdir().unwrap();
    let large = vec![b'a'; 10_000_000];
    let cases: [(&[u8], &str); 4] = [
        (b"", "0 bytes"),
        (b"not.a.token", "not a token"),
        (&[0, 159, 146, 150, 255], "not a token"),
        (&large, "20000"),
    ];
    for (bytes, words) in cases {
        expect(&alone(&dir, &["token", "-"], bytes), 3, &[words]);
        std::fs::write(dir.path().join("file"), bytes).unwrap();
        expect(&alone(&dir, &["token", "file"], b""), 3, &[words]);
    }
    expect(&alone(&dir, &["token", "missing"], b""), 1, &["cannot read `missing`", "No such file"]);
}

#[test]
fn what_is_not_a_policy_or_a_receipt_is_refused_with_the_place() {
    let dir = tempfile::tempdir().unwrap();
    for (bytes, words) in
        [(&b""[..], "no valid JSON"), (b"{]", "no valid JSON"), (b"[1]", "policy"), (b"\xff\xfe", "UTF-8")]
    {
        expect(&alone(&dir, &["trust", "-"], bytes), 1, &[words]);
    }
    std::fs::write(dir.path().join("file"), "{").unwrap();
    for words in [&["rollback", "file"][..], &["fix", "--resume", "file"]] {
        expect(&alone(&dir, words, b""), 1, &["`file` is not a trustwalk receipt"]);
    }
    expect(&alone(&dir, &["rollback", "missing"], b""), 1, &["`missing`", "No such file"]);
}

#[test]
fn bundles_that_cannot_be_read_say_why() {
    let lab = LabProcess::up(&[]);
    expect(&lab.trustwalk(&["collect", "daemonset/aws-node", "-n", "kube-system", "-o", "b.json"]), 0, &["b.json"]);
    let path = lab.dir.path().join("b.json");
    let whole = std::fs::read(&path).unwrap();
    let read = |bytes: &[u8], words: &[&str]| {
        std::fs::write(&path, bytes).unwrap();
        expect(&lab.trustwalk(&["diagnose", "--bundle", "b.json"]), 1, words);
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "the file was changed");
    };
    for cut in [0, 1, whole.len() / 2, whole.len() - 2] {
        read(&whole[..cut], &["`b.json` is not a trustwalk bundle"]);
    }
    read(b"\x00\x01 not json", &["`b.json` is not a trustwalk bundle"]);
    read(b"{}", &["it has no version"]);
    let mut newer: Value = serde_json::from_slice(&whole).unwrap();
    newer["version"] = json!(99);
    read(newer.to_string().as_bytes(), &["format 99", "newer"]);
    expect(&lab.trustwalk(&["diagnose", "--bundle", "missing"]), 1, &["cannot read `missing`", "No such file"]);
    let nowhere = ["collect", "daemonset/aws-node", "-n", "kube-system", "-o", "missing/b.json"];
    let text = expect(&lab.trustwalk(&nowhere), 1, &["cannot write `missing/b.json`"]);
    assert!(!text.contains("cannot read"), "{text}");
}

#[test]
fn logs_that_cannot_be_read_are_told_and_odd_ones_are_read() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("empty"), "").unwrap();
    std::fs::write(dir.path().join("binary"), (0..=255).cycle().take(100_000).collect::<Vec<u8>>()).unwrap();
    for (name, words) in [("missing", "No such file"), (".", "folder")] {
        expect(&alone(&dir, &["diagnose", "--log", name], b""), 1, &[words]);
    }
    for name in ["empty", "binary"] {
        expect(&alone(&dir, &["diagnose", "--log", name], b""), 4, &["0 kinds of failure"]);
    }
}

#[test]
fn a_log_is_read_alike_plain_compressed_and_in_utf_16() {
    let dir = tempfile::tempdir().unwrap();
    let line = "caused by: InvalidIdentityToken: OpenIDConnect provider's HTTPS certificate doesn't match \
        configured thumbprint\n";
    std::fs::write(dir.path().join("plain"), line).unwrap();
    let wide: Vec<u8> = [0xfeff].into_iter().chain(line.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    std::fs::write(dir.path().join("wide"), wide).unwrap();
    succeed(Command::new("gzip").args(["--keep", "--name", "plain"]).current_dir(dir.path()));
    for name in ["plain", "plain.gz", "wide"] {
        expect(&alone(&dir, &["diagnose", "--log", name], b""), 3, &[": caused by", "thumbprint-mismatch"]);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    for arguments in [&["explain"][..], &["demo", "--list"], &["--help"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_trustwalk"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let out = child.wait_with_output().unwrap();
        let complaint = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success() && complaint.is_empty(), "{arguments:?}: {:?} {complaint}", out.status);
    }
}
