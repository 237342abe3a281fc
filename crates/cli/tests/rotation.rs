//! `fix --rotate` in a lab whose issuer changes its authorities: add, switch, retire, roll back, and each refusal.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking, as tests do")]

mod ahead;

use crate::support::{LabProcess, succeed, tool, trustwalk};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use serde_json::Value;

const TARGET: [&str; 3] = ["daemonset/aws-node", "-n", "kube-system"];
const HOST: &str = "oidc.eks.us-west-2.amazonaws.com";
const PAST: [&str; 2] = ["--not-before", "2020-01-01"];

/// Code, standard output, and both streams.
fn said(out: &std::process::Output) -> (Option<i32>, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    // Prose is in lines, at whatever width.
    let words = format!("{} {}", text(&out.stdout), text(&out.stderr));
    (out.status.code(), words.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn rotate(lab: &LabProcess, words: &[&str]) -> (Option<i32>, String) {
    said(&lab.trustwalk(&[&["fix", "--rotate"][..], &TARGET, words].concat()))
}

fn standing(lab: &LabProcess, words: &[&str]) -> Value {
    let out = lab.trustwalk(&[&["fix", "--rotate"][..], &TARGET, words, &["-o", "json"]].concat());
    let all: Value = serde_json::from_slice(&out.stdout).unwrap();
    all[0]["rotation"].clone()
}

/// What is registered, in IAM's order.
fn registered(lab: &LabProcess) -> Vec<String> {
    let all = standing(lab, &[]);
    all["registered"].as_array().unwrap().iter().map(|r| r["thumbprint"].as_str().unwrap().to_owned()).collect()
}

fn issuer(lab: &LabProcess) -> String {
    let arn = standing(lab, &[])["provider"].as_str().unwrap().to_owned();
    format!("https://{}", arn.split_once("oidc-provider/").unwrap().1)
}

#[track_caller]
fn refused(lab: &LabProcess, words: &[&str], why: &str) {
    let before = registered(lab);
    let (code, text) = rotate(lab, &[words, &["--approve"]].concat());
    assert_eq!(code, Some(3), "{words:?}: {text}");
    assert!(text.contains(why) && text.contains("Refused:"), "{words:?}: {text}");
    assert_eq!(registered(lab), before, "{words:?}");
}

#[test]
fn a_rotation_adds_switches_retires_and_goes_back() {
    let lab = LabProcess::up(&[]);
    let old = registered(&lab);
    let (code, text) = rotate(&lab, &[]);
    assert!(code == Some(0) && text.contains("stands: steady"), "{text}");
    let pem = lab.trustwalk(&["thumbprint", &issuer(&lab), "--no-account", "--pem"]);
    assert!(pem.status.success());
    std::fs::write(lab.dir.path().join("outgoing.pem"), pem.stdout).unwrap();
    // Shown first.
    let incoming = ["--incoming", "incoming.pem"];
    let (code, text) = rotate(&lab, &incoming);
    assert!(code == Some(3) && text.contains("waits for approval") && text.contains("--approve"), "{text}");
    assert_eq!(registered(&lab), old);
    let (code, text) = rotate(&lab, &[&incoming[..], &["--approve", "--receipt", "add.json"]].concat());
    assert!(code == Some(0) && text.contains("verified: STS gave"), "{text}");
    let both = registered(&lab);
    assert_eq!((both.len(), &both[..1]), (2, &old[..]));
    assert_eq!(standing(&lab, &incoming)["stage"], "prepared");
    let (code, text) = rotate(&lab, &[&incoming[..], &["--approve"]].concat());
    assert!(code == Some(0) && text.contains("registered already"), "{text}");
    // Nobody presents it yet: it may go, and come again.
    let back = |receipt: &str| said(&lab.trustwalk(&["rollback", receipt, "--approve"]));
    let (code, text) = back("add.json");
    assert_eq!((code, registered(&lab)), (Some(0), old.clone()), "{text}");
    let (code, text) = rotate(&lab, &[&incoming[..], &["--approve", "--receipt", "again.json"]].concat());
    assert_eq!((code, registered(&lab)), (Some(0), both.clone()), "{text}");
    // Before the switch nothing goes.
    let name_it = [&["--retire", "--old", &old[0]][..], &PAST].concat();
    refused(&lab, &name_it, "still presents");
    let spare = [&["--retire"][..], &PAST, &incoming].concat();
    let (code, text) = rotate(&lab, &spare);
    assert!(code == Some(0) && text.contains("nothing is to be done"), "{text}");

    assert!(lab.lab(&["switch"]).status.success());
    assert_eq!(standing(&lab, &incoming)["stage"], "switched");
    refused(&lab, &["--retire"], "which thumbprint is old is not known");
    refused(&lab, &[&["--retire"][..], &incoming].concat(), "--not-before TIME");
    let early = ["--retire", "--not-before", "2999-01-01", "--incoming", "incoming.pem"];
    refused(&lab, &early, "too early: the time of --not-before");
    refused(&lab, &["--retire", "--outgoing", "outgoing.pem"], "too early: the expiry of the outgoing certificate");
    let retire = [&["--retire", "--approve", "--receipt", "retire.json"][..], &PAST, &incoming].concat();
    let (code, text) = rotate(&lab, &retire);
    assert!(code == Some(0) && text.contains("the old thumbprint is retired"), "{text}");
    assert_eq!(registered(&lab), both[1..]);
    assert_eq!(standing(&lab, &[])["stage"], "steady");
    let (code, text) = back("retire.json");
    assert_eq!((code, registered(&lab)), (Some(0), both.clone()), "{text}");
    // What was added is what is presented by now: before the issuer is switched back it stays.
    let (code, text) = back("again.json");
    assert!(code == Some(3) && text.contains("Refused:") && text.contains("presents its certificate"), "{text}");
    assert_eq!(registered(&lab), both);
    let arn = standing(&lab, &[])["provider"].as_str().unwrap().to_owned();
    let update = ["iam", "update-open-id-connect-provider-thumbprint", "--open-id-connect-provider-arn", &arn];
    succeed(lab.command(tool("aws")).args(update).args(["--thumbprint-list", &old[0]]));
    // What is presented now is not registered, and that is no step of a rotation.
    let (code, text) = rotate(&lab, &[]);
    assert!(code == Some(3) && text.contains("stands: unregistered"), "{text}");
    // Approved after the switch, the first step is said to be one after it.
    let (code, text) = rotate(&lab, &[&incoming[..], &["--approve", "--receipt", "late.json"]].concat());
    assert!(code == Some(0) && text.contains("the issuer presents it already"), "{text}");
    assert!(!text.contains("can be switched"), "{text}");
    // A rotation that needs nothing is no sign that the exchange works.
    assert!(lab.lab(&["break", "sub-wrong-namespace"]).status.success());
    let ledger = ["fix", "--rotate", "deployment/ledger", "-n", "payments"];
    for words in [&[][..], &incoming] {
        let (code, text) = said(&lab.trustwalk(&[&ledger[..], words].concat()));
        assert!(code == Some(3) && text.contains("Broken:") && text.contains("fails: TW017"), "{text}");
        assert!(text.contains("Next: trustwalk fix deployment/ledger -n payments"), "{text}");
    }
}

fn authority(name: &str) -> (CertificateParams, KeyPair, String) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    (params, key, pem)
}

#[test]
fn of_a_bad_chain_nothing_is_registered_and_there_are_never_more_than_five() {
    let lab = LabProcess::up(&[]);
    let (params, key, root) = authority("Root");
    let by = Issuer::from_params(&params, &key);
    let path = |name: &str| lab.dir.path().join(name);
    let both = std::fs::read_to_string(path("ca-library.pem")).unwrap() + &root;
    std::fs::write(path("library.pem"), both).unwrap();
    std::fs::write(path("root.pem"), &root).unwrap();
    let leaf = |host: &str, years: (i32, i32)| {
        let mut leaf = CertificateParams::new(vec![host.to_owned()]).unwrap();
        (leaf.not_before, leaf.not_after) = (date_time_ymd(years.0, 1, 1), date_time_ymd(years.1, 1, 1));
        leaf.signed_by(&KeyPair::generate().unwrap(), &by).unwrap().pem() + &root
    };
    let alone = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    let alone = alone.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
    let trusted = ["--ca-library", "library.pem"];
    for (chain, trust, why) in [
        (leaf(HOST, (2019, 2020)), &trusted[..], "expired"),
        (leaf(HOST, (2990, 2999)), &trusted[..], "not valid"),
        (leaf("elsewhere.example", (2019, 2999)), &trusted[..], "it does not name"),
        (alone, &trusted[..], "nothing of the incoming chain"),
        (leaf(HOST, (2019, 2999)), &[][..], "nothing of the incoming chain"),
        // A bundle of one's own vouches for nobody's public issuer.
        (leaf(HOST, (2019, 2999)), &["--ca-bundle", "root.pem"][..], "something in between made it"),
    ] {
        std::fs::write(path("bad.pem"), chain).unwrap();
        let (code, text) = rotate(&lab, &[&["--incoming", "bad.pem", "--approve"][..], trust].concat());
        assert!(code == Some(3) && text.contains(why) && text.contains("Refused:"), "{why}: {text}");
        assert_eq!(registered(&lab).len(), 1, "{why}");
    }
    std::fs::write(path("bad.pem"), "no certificate").unwrap();
    assert_eq!(rotate(&lab, &["--incoming", "bad.pem", "--approve"]).0, Some(1));

    let old = registered(&lab).remove(0);
    let provider = standing(&lab, &[])["provider"].as_str().unwrap().to_owned();
    let more: Vec<String> = (1..5).map(|n| format!("{n:040x}")).collect();
    let fill = ["iam", "update-open-id-connect-provider-thumbprint", "--open-id-connect-provider-arn", &provider];
    succeed(lab.command(tool("aws")).args(fill).arg("--thumbprint-list").arg(&old).args(&more));
    refused(&lab, &["--incoming", "incoming.pem"], "IAM takes 5 at most");
    // One is taken away, by name, and there is room.
    let (code, text) = rotate(&lab, &[&["--retire", "--old", &more[0], "--approve"][..], &PAST].concat());
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = rotate(&lab, &["--incoming", "incoming.pem", "--approve"]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(registered(&lab).len(), 5);
}

#[test]
fn what_sts_still_needs_is_put_back_at_once() {
    let (lab, other) = (LabProcess::up(&[]), LabProcess::up(&[]));
    let (address, port) = other.address_of(HOST);
    let read = |of: &LabProcess| std::fs::read_to_string(of.dir.path().join("ca-library.pem")).unwrap();
    std::fs::write(lab.dir.path().join("both.pem"), read(&lab) + &read(&other)).unwrap();
    // From here the issuer seems to be where the other lab's is; the account goes on seeing its own.
    let seen_elsewhere = format!("{HOST}:443:{address}:{port}");
    let run = |words: &[&str], elsewhere: bool| {
        let mut command = trustwalk();
        command.envs(&lab.env).current_dir(lab.dir.path()).args(["fix", "--rotate"]).args(TARGET).args(words);
        command.env("TRUSTWALK_CA_LIBRARY", "both.pem");
        if elsewhere {
            command.env("TRUSTWALK_CONNECT_TO", &seen_elsewhere);
        }
        said(&command.output().unwrap())
    };
    let place = format!("{address}:{port}");
    let (code, text) = run(&["--incoming-host", &place, "--approve", "--receipt", "add.json"], false);
    assert!(code == Some(0) && text.contains("verified: STS gave"), "{text}");
    let both = registered(&lab);
    assert_eq!(both.len(), 2, "{text}");
    let (code, text) = run(
        &[&["--incoming-host", &place, "--retire", "--approve", "--receipt", "retire.json"][..], &PAST].concat(),
        true,
    );
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("put back; STS gave"), "{text}");
    assert_eq!(registered(&lab), both);
}

#[test]
fn one_provider_is_named_and_an_issuer_alone_will_do() {
    let lab = LabProcess::up(&[]);
    let (code, text) = said(&lab.trustwalk(&["fix", "--rotate"]));
    assert!(code == Some(2) && text.contains("--issuer URL"), "{text}");
    for alone in [&["--retire"][..], &["--incoming", "x.pem"], &["--rotate", "--not-before", "2020-01-01"]] {
        let out = lab.trustwalk(&[&["fix"][..], &TARGET, alone].concat());
        assert_eq!(out.status.code(), Some(2), "{alone:?}");
    }
    let words = ["fix", "--rotate", "--issuer", &issuer(&lab), "--incoming", "incoming.pem", "--approve"];
    let (code, text) = said(&lab.trustwalk(&words));
    // No token can be had for an issuer alone, and that is said.
    assert!(code == Some(0) && text.contains("not verified: no role is named"), "{text}");
    assert_eq!(registered(&lab).len(), 2);
}

#[test]
fn a_rotation_is_a_plan_that_is_written_taken_and_gone_on_with() {
    let lab = LabProcess::up(&[]);
    let incoming = ["--incoming", "incoming.pem"];
    let old = registered(&lab);
    let (code, text) = rotate(&lab, &[&incoming[..], &["--out", "plan.json"]].concat());
    assert!(code == Some(3) && text.contains("The plan is in plan.json"), "{text}");
    // A file names a provider, and not what is to come: that is given again.
    let (code, text) = said(&lab.trustwalk(&["fix", "--plan", "plan.json", "--approve"]));
    assert!(code == Some(2) && text.contains("give it to `fix --rotate`"), "{text}");
    let (code, text) = rotate(&lab, &["--plan", "plan.json", "--approve"]);
    assert!(code == Some(0) && registered(&lab) == old, "nothing is asked for, and nothing done: {text}");
    let (code, text) = rotate(&lab, &[&incoming[..], &["--plan", "plan.json"]].concat());
    assert!(code == Some(3) && text.contains("--plan plan.json") && text.contains("--approve"), "{text}");
    let taken =
        ["fix", "--rotate", "--plan", "plan.json", "--incoming", "incoming.pem", "--approve", "--receipt", "a.json"];
    let (code, text) = said(&lab.trustwalk(&taken));
    assert!(code == Some(0) && text.contains("both chains are registered"), "{text}");
    assert_eq!(registered(&lab).len(), 2);
    let (code, text) = rotate(&lab, &[&incoming[..], &["--plan", "plan.json", "--approve"]].concat());
    assert!(code == Some(0) && text.contains("registered already"), "{text}");
    // Gone on with, with the flag or without it.
    for words in [&["fix", "--resume", "a.json", "--approve"][..], &["fix", "--rotate", "--resume", "a.json"]] {
        let (code, text) = said(&lab.trustwalk(words));
        assert!(code == Some(0) && text.contains("nothing is left"), "{words:?}: {text}");
    }
    let out = lab.trustwalk(&["fix", "--resume", "a.json", "--rotate", "--incoming", "incoming.pem"]);
    assert_eq!(out.status.code(), Some(2));
}

#[test]
fn a_file_whose_world_is_another_by_now_is_refused() {
    let lab = LabProcess::up(&[]);
    let incoming = ["--incoming", "incoming.pem"];
    rotate(&lab, &[&incoming[..], &["--out", "plan.json"]].concat());
    let arn = standing(&lab, &[])["provider"].as_str().unwrap().to_owned();
    let old = registered(&lab).remove(0);
    let update = ["iam", "update-open-id-connect-provider-thumbprint", "--open-id-connect-provider-arn", &arn];
    let other = "0123456789012345678901234567890123456789";
    succeed(lab.command(tool("aws")).args(update).args(["--thumbprint-list", &old, other]));
    let (code, text) = rotate(&lab, &[&incoming[..], &["--plan", "plan.json", "--approve"]].concat());
    assert!(code == Some(3) && text.contains("is not so any more") && text.contains(other), "{text}");
    assert_eq!(registered(&lab).len(), 2);
}
