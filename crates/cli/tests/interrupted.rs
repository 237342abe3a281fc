//! A fix killed at any point leaves a journal from which `fix --resume` or `rollback` goes on, to the same end
//! as without the interruption. A relay between trustwalk and the account sees every call and kills the
//! process at a chosen one.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking, as tests do")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use crate::support::{LabProcess, succeed, tool, trustwalk, until};
use serde_json::Value;

const RECEIPT: &str = "receipt.json";
/// The one change of the story's plan.
const CHANGE: &str = "UpdateOpenIDConnectProviderThumbprint";

/// Where the process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    /// The journal exists, nothing is sent.
    BeforeTheFirstWrite,
    /// The intent is journalled, the call does not arrive.
    BeforeTheCall,
    /// The call arrived, its answer does not.
    AfterTheCall,
    /// The change is recorded, the proof is under way.
    Verification,
    /// The restart is sent, the pods are not all ready.
    RollOut,
    /// Nobody dies: somebody else makes the same provider in the same instant.
    Twin,
}

/// What the relay has seen, and whom it is to kill.
#[derive(Default)]
struct Watch {
    point: Option<Point>,
    victim: Option<Child>,
    /// Sent in the place of SIGKILL; the call then waits for good.
    signal: Option<&'static str>,
    calls: Vec<String>,
}

/// A relay to the account's endpoint.
#[derive(Clone)]
struct Relay {
    address: SocketAddr,
    watch: Arc<Mutex<Watch>>,
}

impl Relay {
    fn start(lab: &LabProcess) -> Self {
        let upstream = lab.env["AWS_ENDPOINT_URL"].trim_start_matches("http://").to_owned();
        let journal = lab.dir.path().join(RECEIPT);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = Self { address: listener.local_addr().unwrap(), watch: Arc::default() };
        let watch = relay.watch.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (upstream, journal, watch) = (upstream.clone(), journal.clone(), watch.clone());
                // A client that hangs up, or is killed, ends its own relay only.
                std::thread::spawn(move || drop(pass(stream, &upstream, &journal, &watch)));
            }
        });
        relay
    }

    fn calls(&self) -> Vec<String> {
        self.watch.lock().unwrap().calls.clone()
    }
}

/// One message: its head and as many bytes as that announces.
fn message(from: &mut BufReader<TcpStream>) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let mut length = 0;
    loop {
        let start = bytes.len();
        if from.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&bytes[start..]).to_ascii_lowercase();
        if let Some(n) = line.strip_prefix("content-length:") {
            length = n.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let head = bytes.len();
    bytes.resize(head + length, 0);
    from.read_exact(&mut bytes[head..])?;
    Ok(Some(bytes))
}

fn pass(client: TcpStream, upstream: &str, journal: &PathBuf, watch: &Mutex<Watch>) -> std::io::Result<()> {
    let server = TcpStream::connect(upstream)?;
    let (mut to_server, mut from_server) = (server.try_clone()?, BufReader::new(server));
    let (mut to_client, mut from_client) = (client.try_clone()?, BufReader::new(client));
    while let Some(request) = message(&mut from_client)? {
        let text = String::from_utf8_lossy(&request).into_owned();
        let action = text.split("Action=").nth(1).and_then(|t| t.split('&').next()).unwrap_or_default().to_owned();
        let point = {
            let mut watch = watch.lock().unwrap();
            let state = step_state(journal, 0);
            let point = match watch.point {
                Some(Point::BeforeTheFirstWrite) => {
                    (state.as_deref() == Some("pending")).then_some(Point::BeforeTheCall)
                }
                Some(Point::BeforeTheCall | Point::AfterTheCall) if action == CHANGE => watch.point,
                Some(Point::Verification) => (state.as_deref() == Some("done")
                    && action == "AssumeRoleWithWebIdentity")
                    .then_some(Point::BeforeTheCall),
                Some(Point::Twin) if action == "CreateOpenIDConnectProvider" => watch.point,
                _ => None,
            };
            if point == Some(Point::BeforeTheCall) {
                watch.kill();
                if watch.signal.is_none() {
                    return Ok(());
                }
            } else {
                watch.calls.push(action.clone());
            }
            point
        };
        if point == Some(Point::BeforeTheCall) {
            loop {
                std::thread::park();
            }
        }
        to_server.write_all(&request)?;
        let Some(mut answer) = message(&mut from_server)? else { return Ok(()) };
        if point == Some(Point::Twin) {
            // What arrived first was the other's; ours is answered that there is one.
            to_server.write_all(&request)?;
            answer = message(&mut from_server)?.unwrap_or_default();
        } else if point.is_some() {
            watch.lock().unwrap().kill();
            return Ok(());
        }
        to_client.write_all(&answer)?;
    }
    Ok(())
}

impl Watch {
    /// SIGKILL, unless another was chosen: no handler, no destructor.
    fn kill(&mut self) {
        self.point = None;
        let Some(victim) = &mut self.victim else { return };
        match self.signal {
            None => victim.kill().unwrap(),
            Some(name) => {
                let kill = format!("kill -{name} {}", victim.id());
                assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
            }
        }
    }
}

fn receipt(journal: &PathBuf) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(journal).ok()?).ok()
}

fn step_state(journal: &PathBuf, index: usize) -> Option<String> {
    Some(receipt(journal)?["steps"][index]["state"].as_str()?.to_owned())
}

/// trustwalk as in the lab, through the relay.
fn command(lab: &LabProcess, relay: &Relay, arguments: &[&str]) -> Command {
    let mut command = trustwalk();
    command.envs(&lab.env).current_dir(lab.dir.path()).args(arguments);
    command.env("AWS_ENDPOINT_URL", format!("http://{}", relay.address));
    command
}

const FIX: [&str; 7] = ["fix", "daemonset/aws-node", "-n", "kube-system", "--approve", "--receipt", RECEIPT];

fn said(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

fn run(lab: &LabProcess, relay: &Relay, arguments: &[&str]) -> (Option<i32>, String) {
    let out = command(lab, relay, arguments).output().unwrap();
    (out.status.code(), said(&out))
}

/// Starts the fix and waits until it was killed at the point.
fn killed_at(lab: &LabProcess, relay: &Relay, point: Point) {
    let journal = lab.dir.path().join(RECEIPT);
    {
        let mut watch = relay.watch.lock().unwrap();
        watch.point = Some(point);
        watch.victim = Some(command(lab, relay, &FIX).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    }
    until(|| {
        let mut watch = relay.watch.lock().unwrap();
        let restarted = step_state(&journal, 1).is_some_and(|s| s == "started" || s == "done");
        if watch.point == Some(Point::RollOut) && restarted {
            watch.kill();
        }
        watch.victim.as_mut().unwrap().try_wait().unwrap()
    });
    assert!(relay.watch.lock().unwrap().point.is_none(), "{point:?} was never reached");
    assert!(receipt(&journal).unwrap()["ended"].is_null(), "{point:?}: the run had ended");
}

/// The provider's thumbprints as the real AWS CLI reads them.
fn thumbprints(lab: &LabProcess) -> Vec<String> {
    let list =
        ["iam", "list-open-id-connect-providers", "--query", "OpenIDConnectProviderList[].Arn", "--output", "json"];
    let arns: Vec<String> = serde_json::from_str(&succeed(lab.command(tool("aws")).args(list))).unwrap();
    let arn = arns.iter().find(|a| a.contains("oidc.eks")).unwrap();
    let get = ["iam", "get-open-id-connect-provider", "--open-id-connect-provider-arn", arn, "--output", "json"];
    let provider: Value = serde_json::from_str(&succeed(lab.command(tool("aws")).args(get))).unwrap();
    let mut all: Vec<String> = serde_json::from_value(provider["ThumbprintList"].clone()).unwrap();
    all.sort();
    all
}

fn interrupted_at(point: Point, resume: bool) {
    let lab = LabProcess::up(&["--broken"]);
    let relay = Relay::start(&lab);
    let before = thumbprints(&lab);
    killed_at(&lab, &relay, point);
    let journal = lab.dir.path().join(RECEIPT);
    let plan = receipt(&journal).unwrap();
    let action = &plan["steps"][0]["step"]["action"];
    let mut planned: Vec<String> = serde_json::from_value(action["thumbprints"].clone()).unwrap();
    planned.sort();
    assert_ne!(planned, before);
    let words: &[&str] =
        if resume { &["fix", "--resume", RECEIPT, "--approve"] } else { &["rollback", RECEIPT, "--approve"] };
    let end = if resume { &planned } else { &before };
    // Shown before it is done, and not done before it is approved.
    let at = thumbprints(&lab);
    let kept = std::fs::read(&journal).unwrap();
    let (code, text) = run(&lab, &relay, &words[..words.len() - 1]);
    let idle = !resume && at == before;
    assert_eq!(code, Some(if idle { 0 } else { 3 }), "{point:?}: {text}");
    assert!(text.contains(if idle { "nothing to undo" } else { "No changes were made" }), "{point:?}: {text}");
    assert_eq!((&thumbprints(&lab), std::fs::read(&journal).unwrap()), (&at, kept), "{point:?}: it was not approved");
    for time in ["first", "second"] {
        let (code, text) = run(&lab, &relay, words);
        assert_eq!(code, Some(0), "{point:?}, {words:?}, {time} time:\n{text}");
        assert_eq!(&thumbprints(&lab), end, "{point:?}, {words:?}, {time} time");
    }
    if resume {
        assert!(receipt(&journal).unwrap()["ended"].is_number());
        assert_eq!(lab.trustwalk(&["diagnose", "daemonset/aws-node", "-n", "kube-system"]).status.code(), Some(0));
        // What was resumed can still be undone.
        let (code, text) = run(&lab, &relay, &["rollback", RECEIPT, "--approve"]);
        assert_eq!(code, Some(0), "{text}");
        assert_eq!(thumbprints(&lab), before, "{point:?}: resumed, then rolled back:\n{text}");
    }
    // A run that was undone is over; one that never sent anything may still go on.
    if step_state(&journal, 0).as_deref() == Some("undone") {
        let (code, text) = run(&lab, &relay, &["fix", "--resume", RECEIPT, "--approve"]);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("was rolled back"), "{text}");
    }
    // Nothing but what the plan named was ever changed.
    let writes = ["Create", "Update", "Delete", "Put", "Attach", "Detach", "Add", "Remove", "Tag"];
    for call in relay.calls() {
        assert!(call == CHANGE || !writes.iter().any(|w| call.starts_with(w)), "{call} was not planned");
    }
}

#[test]
fn killed_before_the_first_write_and_resumed() {
    interrupted_at(Point::BeforeTheFirstWrite, true);
}

#[test]
fn killed_before_the_first_write_and_rolled_back() {
    interrupted_at(Point::BeforeTheFirstWrite, false);
}

#[test]
fn killed_before_the_call_and_resumed() {
    interrupted_at(Point::BeforeTheCall, true);
}

#[test]
fn killed_before_the_call_and_rolled_back() {
    interrupted_at(Point::BeforeTheCall, false);
}

#[test]
fn killed_after_the_call_and_resumed() {
    interrupted_at(Point::AfterTheCall, true);
}

#[test]
fn killed_after_the_call_and_rolled_back() {
    interrupted_at(Point::AfterTheCall, false);
}

#[test]
fn killed_during_verification_and_resumed() {
    interrupted_at(Point::Verification, true);
}

#[test]
fn killed_during_verification_and_rolled_back() {
    interrupted_at(Point::Verification, false);
}

#[test]
fn killed_during_the_roll_out_and_resumed() {
    interrupted_at(Point::RollOut, true);
}

#[test]
fn killed_during_the_roll_out_and_rolled_back() {
    interrupted_at(Point::RollOut, false);
}

#[test]
fn a_receipt_is_kept_bound_to_its_place_and_yields_to_somebody_elses_change() {
    let lab = LabProcess::up(&["--broken"]);
    let relay = Relay::start(&lab);
    let (code, text) = run(&lab, &relay, &FIX);
    assert_eq!(code, Some(0), "{text}");
    let journal = lab.dir.path().join(RECEIPT);
    let kept = std::fs::read(&journal).unwrap();

    let other = LabProcess::up(&[]);
    let copy = journal.display().to_string();
    let out = other.trustwalk(&["rollback", &copy, "--approve"]);
    assert_eq!(out.status.code(), Some(1));
    assert!(said(&out).contains("the receipt is about cluster"), "{}", said(&out));

    let mine = "0123456789012345678901234567890123456789";
    let arn = receipt(&journal).unwrap()["steps"][0]["step"]["action"]["provider_arn"].as_str().unwrap().to_owned();
    let update = ["iam", "update-open-id-connect-provider-thumbprint", "--open-id-connect-provider-arn", &arn];
    succeed(lab.command(tool("aws")).args(update).args(["--thumbprint-list", mine]));
    let (code, text) = run(&lab, &relay, &["rollback", RECEIPT, "--approve"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("changed by somebody else") && text.contains(mine), "{text}");
    assert_eq!(thumbprints(&lab), [mine]);

    // The same name again would destroy the way back.
    let (code, text) = run(&lab, &relay, &FIX);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("exists already"), "{text}");
    assert_eq!(std::fs::read(&journal).unwrap(), kept);
}

#[test]
fn a_signal_names_the_receipt_and_how_to_go_on() {
    for (name, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let lab = LabProcess::up(&["--broken"]);
        let relay = Relay::start(&lab);
        let before = thumbprints(&lab);
        let aside = lab.dir.path().join("stderr");
        {
            let mut watch = relay.watch.lock().unwrap();
            watch.point = Some(Point::Verification);
            watch.signal = Some(name);
            let stderr = std::fs::File::create(&aside).unwrap();
            watch.victim = Some(command(&lab, &relay, &FIX).stdout(Stdio::null()).stderr(stderr).spawn().unwrap());
        }
        let status = until(|| relay.watch.lock().unwrap().victim.as_mut().unwrap().try_wait().unwrap());
        let text = std::fs::read_to_string(&aside).unwrap();
        assert_eq!(status.code(), Some(code), "{name}: {text}");
        for words in [
            "what was done is in receipt.json",
            "fix --resume receipt.json --approve",
            "rollback receipt.json --approve",
            &format!("SIG{name} was received"),
        ] {
            assert!(text.contains(words), "{name}: {text}");
        }
        assert_eq!(step_state(&lab.dir.path().join(RECEIPT), 0).as_deref(), Some("done"), "{name}");
        let (code, text) = run(&lab, &relay, &["rollback", RECEIPT, "--approve"]);
        assert_eq!((code, thumbprints(&lab)), (Some(0), before), "{name}: {text}");
    }
}

#[test]
fn a_provider_that_somebody_else_made_in_the_same_instant_is_left_alone() {
    let lab = LabProcess::up(&[]);
    let relay = Relay::start(&lab);
    assert!(lab.lab(&["break", "oidc-provider-missing-in-account"]).status.success());
    relay.watch.lock().unwrap().point = Some(Point::Twin);
    let (code, text) = run(&lab, &relay, &FIX);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("EntityAlreadyExists") && text.contains("was refused"), "{text}");
    let journal = lab.dir.path().join(RECEIPT);
    let step = receipt(&journal).unwrap()["steps"][0].clone();
    assert_eq!(step["state"], "pending", "a refusal is no start: {step:#}");
    assert!(step["note"].as_str().unwrap().contains("EntityAlreadyExists"), "{step:#}");
    let (code, text) = run(&lab, &relay, &["rollback", RECEIPT, "--approve"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(!relay.calls().iter().any(|c| c.starts_with("Delete")), "it was not ours to delete");
}

#[test]
fn a_provider_that_others_changed_since_is_not_deleted_and_one_that_is_as_made_is() {
    let lab = LabProcess::up(&[]);
    let relay = Relay::start(&lab);
    assert!(lab.lab(&["break", "oidc-provider-missing-in-account"]).status.success());
    let (code, text) = run(&lab, &relay, &FIX);
    assert_eq!(code, Some(0), "{text}");
    let made = receipt(&lab.dir.path().join(RECEIPT)).unwrap()["steps"][0]["made"].clone();
    let arn = made["arn"].as_str().unwrap().to_owned();
    assert!(made["as_read"]["created"].is_number(), "{made:#}");
    let audience = |verb: &str| {
        let words = ["iam", verb, "--open-id-connect-provider-arn", &arn, "--client-id", "theirs"];
        succeed(lab.command(tool("aws")).args(words));
    };
    audience("add-client-id-to-open-id-connect-provider");
    let (code, text) = run(&lab, &relay, &["rollback", RECEIPT, "--approve"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("audiences") && text.contains("theirs"), "{text}");
    audience("remove-client-id-from-open-id-connect-provider");
    let (code, text) = run(&lab, &relay, &["rollback", RECEIPT, "--approve"]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(relay.calls().iter().filter(|c| c.starts_with("Delete")).count(), 1);
}
