//! Chains that do not verify: nothing of them is printed as something to register, in any format, and the exit
//! code says so.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

use crate::support::{LabProcess, trustwalk};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, GeneralSubtree, IsCa, Issuer, KeyPair, NameConstraints, date_time_ymd,
};
use serde_json::Value;

const HOST: &str = "issuer.corp.example";

struct Ca {
    params: CertificateParams,
    key: KeyPair,
    pem: String,
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn ca(params: CertificateParams, by: Option<&Ca>) -> Ca {
    let key = KeyPair::generate().unwrap();
    let pem = match by {
        Some(by) => params.signed_by(&key, &Issuer::from_params(&by.params, &by.key)).unwrap().pem(),
        None => params.self_signed(&key).unwrap().pem(),
    };
    Ca { params, key, pem }
}

fn leaf(name: &str) -> CertificateParams {
    CertificateParams::new(vec![name.to_owned()]).unwrap()
}

fn signed(params: &CertificateParams, by: &Ca) -> String {
    let key = KeyPair::generate().unwrap();
    params.signed_by(&key, &Issuer::from_params(&by.params, &by.key)).unwrap().pem()
}

/// Every kind of chain that does not verify to `root`, by the word for why.
fn bad_chains(root: &Ca) -> Vec<(&'static str, String)> {
    let middle = ca(named("Middle"), Some(root));
    let with = |leaf: &CertificateParams| format!("{}{}", signed(leaf, &middle), middle.pem);
    let mut past = leaf(HOST);
    (past.not_before, past.not_after) = (date_time_ymd(2019, 1, 1), date_time_ymd(2020, 1, 1));
    let mut future = leaf(HOST);
    (future.not_before, future.not_after) = (date_time_ymd(3000, 1, 1), date_time_ymd(3001, 1, 1));
    let mut narrow = named("Narrow");
    let elsewhere = vec![GeneralSubtree::DnsName("elsewhere.example".to_owned())];
    narrow.name_constraints = Some(NameConstraints { permitted_subtrees: elsewhere, excluded_subtrees: Vec::new() });
    let narrow = ca(narrow, Some(root));
    let stranger = ca(named("Stranger"), None);
    let alone = leaf(HOST).self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
    vec![
        ("untrusted-root", alone),
        ("expired", with(&past)),
        ("not-yet-valid", with(&future)),
        ("wrong-host", with(&leaf("elsewhere.example"))),
        ("untrusted-root", format!("{}{}", signed(&leaf(HOST), &stranger), stranger.pem)),
        ("issuer-missing", signed(&leaf(HOST), &middle)),
        ("name-not-allowed", format!("{}{}", signed(&leaf(HOST), &narrow), narrow.pem)),
    ]
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn from_file(dir: &Path, words: &[&str]) -> Output {
    trustwalk().current_dir(dir).args(["thumbprint", "--from", "chain.pem"]).args(words).output().unwrap()
}

#[test]
fn nothing_of_a_chain_that_does_not_verify_is_there_to_be_pasted() {
    let dir = tempfile::tempdir().unwrap();
    let root = ca(named("Root"), None);
    std::fs::write(dir.path().join("root.pem"), &root.pem).unwrap();
    for (why, chain) in bad_chains(&root) {
        std::fs::write(dir.path().join("chain.pem"), chain).unwrap();
        let run = |words: &[&str]| {
            let out = from_file(dir.path(), &[&[HOST, "--ca-library", "root.pem"], words].concat());
            assert_eq!(out.status.code(), Some(3), "{why} {words:?}: {}", text(&out.stderr));
            assert!(text(&out.stderr).contains("does not verify: "), "{why}: {}", text(&out.stderr));
            text(&out.stdout)
        };
        assert_eq!(run(&["-o", "bare"]), "", "{why}");
        assert_eq!(run(&["--bare"]), "", "{why}");
        let json: Value = serde_json::from_str(&run(&["-o", "json"])).unwrap();
        let host = json.pointer("/hosts/0").unwrap();
        assert_eq!(json.get("aws_wants"), Some(&serde_json::json!([])), "{why}");
        assert_eq!(host.get("aws_takes"), Some(&Value::Null), "{why}");
        assert_eq!(host.get("verdict").unwrap(), "not-verified", "{why}");
        let codes: Vec<&str> =
            host["reasons"].as_array().unwrap().iter().map(|r| r.get("code").unwrap().as_str().unwrap()).collect();
        assert!(codes.contains(&why), "{why}: {codes:?}");
        let human = run(&[]);
        assert!(human.contains("do not register any of it") && human.contains("none of these is to be registered"));
        assert!(!human.contains("AWS takes this one") && !human.contains("aws iam"), "{human}");
        assert!(run(&["-o", "pem"]).contains("(not-verified)"), "{why}");
    }
}

#[test]
fn what_verifies_by_the_users_bundle_alone_is_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let (root, other) = (ca(named("Corporate Root"), None), ca(named("Public Root"), None));
    std::fs::write(dir.path().join("root.pem"), &root.pem).unwrap();
    std::fs::write(dir.path().join("public.pem"), &other.pem).unwrap();
    let run = |host: &str, words: &[&str]| {
        let middle = ca(named("Middle"), Some(&root));
        std::fs::write(dir.path().join("chain.pem"), format!("{}{}", signed(&leaf(host), &middle), middle.pem))
            .unwrap();
        let out = from_file(dir.path(), &[&["--ca-library", "public.pem", "--ca-bundle", "root.pem"], words].concat());
        (out.status.code(), text(&out.stdout), text(&out.stderr))
    };
    let (code, out, err) = run(HOST, &[HOST, "-o", "bare"]);
    assert_eq!((code, out.trim().len()), (Some(0), 40), "{err}");
    assert!(err.contains("verified by your bundle alone, to `CN=Corporate Root`"), "{err}");
    let (code, out, err) = run(HOST, &[HOST]);
    assert!(code == Some(0) && out.contains("verified by your bundle alone"), "{out}{err}");
    // An inspecting authority in the bundle vouches for nobody's public issuer.
    for public in ["oidc.eks.us-west-2.amazonaws.com", "token.actions.githubusercontent.com", "gitlab.com"] {
        let (code, out, err) = run(public, &[public, "-o", "bare"]);
        assert_eq!((code, out.as_str()), (Some(4), ""), "{public}: {err}");
        assert!(err.contains("something in between made it"), "{err}");
    }
    // A name that is not known is no name that was checked.
    let (code, out, err) = run(HOST, &["-o", "bare"]);
    assert_eq!((code, out.as_str()), (Some(4), ""), "{err}");
    assert!(err.contains("no host was given"), "{err}");
}

#[test]
fn a_fleets_lines_carry_their_verdicts_and_its_code_is_the_worst() {
    let lab = LabProcess::up(&["--broken"]);
    let issuer = "oidc.eks.us-west-2.amazonaws.com";
    std::fs::write(lab.dir.path().join("none.pem"), "").unwrap();
    let run = |input: &str, words: &[&str], bundle: bool| {
        let mut command = trustwalk();
        command.envs(&lab.env).current_dir(lab.dir.path()).args(["thumbprint", "--fleet", "-"]).args(words);
        if !bundle {
            command.env_remove("TRUSTWALK_CA_BUNDLE");
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let out = child.wait_with_output().unwrap();
        let lines: Vec<Value> = text(&out.stdout).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert!(lines.iter().all(|l| l.get("verdict").is_some()), "{lines:?}");
        (out.status.code(), lines)
    };
    let (code, lines) = run(issuer, &[], true);
    assert_eq!(code, Some(0), "{lines:?}");
    assert!(lines[0]["verdict"] == "verified" && lines[0]["thumbprint"].is_string(), "{lines:?}");
    std::fs::write(lab.dir.path().join("other.pem"), ca(named("Other"), None).pem).unwrap();
    let (code, lines) = run(&format!("no host\n{issuer}\n"), &["--ca-library", "other.pem"], false);
    assert_eq!(code, Some(3), "{lines:?}");
    let line = lines.iter().find(|l| l["input"] == issuer).unwrap();
    assert!(line["verdict"] == "not-verified" && line["thumbprint"].is_null(), "{line}");
    let (code, lines) = run(issuer, &["--ca-library", "none.pem"], false);
    assert_eq!((code, &lines[0]["verdict"]), (Some(4), &Value::from("undetermined")), "{lines:?}");
    let (code, lines) = run(issuer, &["--ca-library", "none.pem"], true);
    assert_eq!((code, &lines[0]["reasons"][0]), (Some(4), &Value::from("private-authority-for-public-host")));
    let (code, _) = run("no host\n", &[], true);
    assert_eq!(code, Some(4));
}
