//! What stands beside the evidence: programs that give credentials, addresses with passwords, and files that are
//! not what they are taken for.

use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use super::{Place, canary, echo, token};

const TARGET: [&str; 3] = ["deployment/shop", "-n", "shop"];

fn kubeconfig(place: &Place, server: &str, proxy: Option<&str>, user: &Value) -> String {
    let cluster = match proxy {
        Some(proxy) => json!({"server": server, "proxy-url": proxy}),
        None => json!({"server": server}),
    };
    let config = json!({"apiVersion": "v1", "kind": "Config", "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        "clusters": [{"name": "k", "cluster": cluster}], "users": [{"name": "u", "user": user}]});
    place.file("kubeconfig", &config.to_string())
}

/// A user's folder, from which neither a cluster nor an account is reached.
fn away() -> Place {
    let mut place = Place::new();
    place.set("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    place.set("AWS_REGION", "us-west-2");
    place.set("AWS_ACCESS_KEY_ID", "x");
    place.set("AWS_SECRET_ACCESS_KEY", &canary("awskey"));
    place
}

#[track_caller]
fn every_way(place: &Place) {
    for words in [
        &["diagnose", "deployment/shop"][..],
        &["diagnose"],
        &["diagnose", "deployment/shop", "-o", "json"],
        &["collect", "deployment/shop", "-o", "-"],
        &["collect", "-o", "-"],
        &["fix", "deployment/shop"],
        &["diagnose", "--role", "arn:aws:iam::111122223333:role/shop", "--subject", "s"],
        &["thumbprint", "https://i.invalid"],
    ] {
        place.clean(words);
    }
}

/// What a program may print: words, and answers that cannot be taken.
fn printed() -> Vec<String> {
    let own = canary("printed");
    vec![
        echo("program"),
        own.clone(),
        format!("{{\"kind\":\"ExecCredential\",\"status\":{{\"token\":\"{own}\"}}"),
        json!({"kind": own, "status": {"token": own}}).to_string(),
        json!({"kind": "ExecCredential", "apiVersion": own, "status": {"token": own, "clientKeyData": own}})
            .to_string(),
        json!({"kind": "ExecCredential", "status": {"token": format!("{own}\n{own}")}}).to_string(),
        json!({"kind": "ExecCredential", "status": {"clientCertificateData": own, "clientKeyData": own}}).to_string(),
        json!({"kind": "ExecCredential", "status": {"token": own, "expirationTimestamp": own}}).to_string(),
        json!({"Version": 1, "AccessKeyId": own, "SecretAccessKey": own, "Expiration": own}).to_string(),
        json!({"Version": own, "AccessKeyId": own, "SecretAccessKey": own}).to_string(),
        json!({"Version": 1, "AccessKeyId": "a\nb", "SecretAccessKey": own, "SessionToken": own}).to_string(),
    ]
}

#[test]
fn programs_that_give_credentials() {
    for (position, text) in printed().iter().enumerate() {
        let mut place = away();
        let answer = place.file("answer", text);
        let script = place.file("script", &format!("cat '{answer}' >&2\ncat '{answer}'\nexit {}\n", position % 2));
        let exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "command": "sh",
            "args": [script, format!("--password={}", canary("argument"))], "interactiveMode": "Never",
            "env": [{"name": "SECRET", "value": canary("environment")}]});
        let config = kubeconfig(&place, "https://127.0.0.1:9", None, &json!({"exec": exec}));
        place.set("KUBECONFIG", &config);
        place.set("AWS_ACCESS_KEY_ID", "");
        place.set("AWS_SECRET_ACCESS_KEY", "");
        let secret = canary("argument");
        place.file("aws", &format!("[default]\ncredential_process = sh {script} --password={secret}\n"));
        let aws = place.path().join("aws").display().to_string();
        place.set("AWS_CONFIG_FILE", &aws);
        every_way(&place);
    }
}

#[test]
fn addresses_with_passwords() {
    let with = |scheme: &str, rest: &str| format!("{scheme}://bob:{}@{rest}", canary("address"));
    for (server, proxy) in [
        (with("https", "127.0.0.1:9"), None),
        (with("http", "127.0.0.1:9/api"), None),
        (with("https", "no host"), None),
        (with("ftp", "k.invalid"), None),
        ("https://k.invalid".to_owned(), Some(with("http", "127.0.0.1:9"))),
        ("https://k.invalid".to_owned(), Some(with("socks5", "127.0.0.1:9"))),
        ("https://k.invalid".to_owned(), Some(with("gopher", "127.0.0.1:9"))),
        ("https://k.invalid".to_owned(), Some(with("http", "[bad"))),
    ] {
        let mut place = away();
        let config =
            kubeconfig(&place, &server, proxy.as_deref(), &json!({"username": "bob", "password": canary("pw")}));
        place.set("KUBECONFIG", &config);
        every_way(&place);
    }
    for (name, value) in [
        ("AWS_ENDPOINT_URL", with("http", "127.0.0.1:9")),
        ("AWS_ENDPOINT_URL", with("https", "e.invalid/path")),
        ("AWS_ENDPOINT_URL", with("http", "bad host")),
        ("AWS_ENDPOINT_URL_STS", with("ftp", "127.0.0.1:9")),
        ("HTTPS_PROXY", with("http", "127.0.0.1:9")),
        ("HTTPS_PROXY", with("https", "127.0.0.1:9")),
        ("HTTPS_PROXY", with("http", "bad host")),
        ("ALL_PROXY", with("socks5", "127.0.0.1:9")),
        ("TRUSTWALK_CONNECT_TO", with("https", "a:1:b:2")),
        ("AWS_PROFILE", format!("password={}", canary("profile"))),
    ] {
        let mut place = away();
        let config = kubeconfig(&place, "https://k.invalid", None, &json!({}));
        place.set("KUBECONFIG", &config);
        place.set("AWS_ENDPOINT_URL", "https://sts.invalid");
        place.set(name, &value);
        every_way(&place);
    }
}

#[test]
fn addresses_on_the_command_line() {
    let place = away();
    let https = format!("https://bob:{}@i.invalid/x", canary("issuer"));
    let query = format!("https://i.invalid/x?access_token={}", canary("query"));
    for url in [&https, &query, &https.replace("https", "http"), &https.replace("i.invalid", "bad host")] {
        place.clean_in_every_format(&["--issuer", url]);
        place.clean(&["thumbprint", url]);
        place.clean(&["thumbprint", url, "-o", "json"]);
        place.clean(&["diagnose", "--role", url]);
        place.clean(&["diagnose", "--issuer", "https://i.invalid", "--endpoint-url", url]);
        place.clean(&["diagnose", "--connect-to", url, "--issuer", "https://i.invalid"]);
        place.file("hosts", url);
        place.clean(&["thumbprint", "--fleet", "hosts"]);
    }
}

#[test]
fn files_that_are_not_what_they_are_taken_for() {
    let place = away();
    let own = canary("file");
    let line = ["MIIEpQIBAAKCAQ", &own, "x7Gq2Lr9Zt4Vb8Nc1Hs5Kp"].concat();
    let key = format!("-----BEGIN {} KEY-----\n{line}\n-----END {} KEY-----\n", "PRIVATE", "PRIVATE");
    let texts = [
        key,
        format!("[default]\naws_secret_access_key = {own}\n"),
        format!("password: {own}\n\tx: [\n"),
        format!("{{\"password\": \"{own}\", \"x\": }}"),
        token("file", &json!({"iss": "https://i.invalid", "sub": "s", "aud": "a", "exp": 1})),
        format!("Bearer {}", token("file", &json!({"iss": "https://i.invalid"}))),
        echo("file"),
    ];
    std::fs::create_dir(place.path().join("job")).unwrap();
    for name in ["token", "event.json", "job.log", "workflow.yml"] {
        symlink(place.path().join("other"), place.path().join("job").join(name)).unwrap();
    }
    for text in texts {
        place.file("other", &text);
        for words in [
            &["token", "other"][..],
            &["token", "other", "-o", "json"],
            &["token", "other", "--jwks", "other"],
            &["trust", "other"],
            &["trust", "other", "--token", "other"],
            &["logs", "other"],
            &["logs", "other", "-o", "json"],
            &["diagnose", "--log", "other"],
            &["diagnose", "--job", "job"],
            &["collect", "--job", "job", "-o", "-"],
            &["diagnose", "--job", "other"],
            &["diagnose", "--bundle", "other"],
            &["diagnose", "--issuer", "https://i.invalid", "--token", "other"],
            &["collect", "--issuer", "https://i.invalid", "--token", "other", "-o", "-"],
            &["diagnose", "--role", "arn:aws:iam::111122223333:role/r", "--token", "other", "-o", "json"],
            &["thumbprint", "--from", "other", "https://i.invalid"],
            &["thumbprint", "--fleet", "other"],
            &["thumbprint", "--fleet", "/dev/null", "--resume", "other"],
            &["rollback", "other"],
            &["fix", "--resume", "other"],
            &["diagnose", "deployment/shop", "--kubeconfig", "other"],
            &["diagnose", "deployment/shop", "--ca-bundle", "other"],
        ] {
            place.clean(words);
        }
        place.look("a file left behind", &left(&place));
        let mut files = away();
        let other = files.file("other", &text);
        files.set("AWS_CONFIG_FILE", &other);
        files.set("AWS_SHARED_CREDENTIALS_FILE", &other);
        files.clean(&[&["diagnose"], &TARGET[..]].concat());
    }
}

/// What commands wrote in the folder.
fn left(place: &Place) -> String {
    let written = std::fs::read_dir(place.path()).unwrap().filter_map(Result::ok);
    let written = written.filter(|f| f.file_name() != "other" && f.path().is_file());
    written.map(|f| std::fs::read_to_string(f.path()).unwrap_or_default()).collect()
}
