//! Two who work on the same thing at once lose nothing of each other's without being told: two runs of trustwalk, or
//! one and a real client, interleaved at a gate that holds a chosen request.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking, as tests do")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::Value;
use support::{LabProcess, planned, succeed, tool, trustwalk};

/// What the gate holds, and whether it does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    Nothing,
    Waits,
    Holds,
}

/// A gate before an API: the first request that is meant stays in it until it is let go.
#[derive(Clone)]
struct Gate {
    address: SocketAddr,
    state: Arc<(Mutex<Held>, Condvar)>,
}

impl Gate {
    fn before(url: &str, meant: impl Fn(&[u8]) -> bool + Send + Sync + Clone + 'static) -> Self {
        let upstream = url.split_once("://").unwrap().1.trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let gate = Self {
            address: listener.local_addr().unwrap(),
            state: Arc::new((Mutex::new(Held::Waits), Condvar::new())),
        };
        let own = gate.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&upstream) else { continue };
                let (to_client, from_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (gate, meant) = (own.clone(), meant.clone());
                std::thread::spawn(move || {
                    pass(client, server, |piece| {
                        if meant(piece) {
                            gate.hold();
                        }
                    });
                });
                std::thread::spawn(move || pass(from_server, to_client, |_| {}));
            }
        });
        gate
    }

    fn hold(&self) {
        let (state, changed) = &*self.state;
        let mut held = state.lock().unwrap();
        if *held == Held::Waits {
            *held = Held::Holds;
            changed.notify_all();
            while *held == Held::Holds {
                held = changed.wait(held).unwrap();
            }
        }
    }

    /// Returns once the request is in the gate.
    fn wait(&self, run: &mut Child) {
        let (state, changed) = &*self.state;
        let mut held = state.lock().unwrap();
        while *held == Held::Waits {
            if run.try_wait().unwrap().is_some() {
                let mut told = String::new();
                run.stdout.take().unwrap().read_to_string(&mut told).unwrap();
                run.stderr.take().unwrap().read_to_string(&mut told).unwrap();
                assert!(told.is_empty(), "the run ended before it came to the gate: {told}");
            }
            held = changed.wait_timeout(held, std::time::Duration::from_millis(50)).unwrap().0;
        }
    }

    fn open(&self) {
        let (state, changed) = &*self.state;
        *state.lock().unwrap() = Held::Nothing;
        changed.notify_all();
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, look: impl Fn(&[u8])) {
    let mut piece = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        look(&piece[..length]);
        if to.write_all(&piece[..length]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

fn said(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

/// trustwalk of one operator, who has a key and locks of their own, as on another machine.
fn operator(lab: &LabProcess, name: &str, words: &[&str]) -> Command {
    let mut command = trustwalk();
    command.envs(&lab.env).env("XDG_STATE_HOME", lab.dir.path().join(name)).current_dir(lab.dir.path()).args(words);
    command
}

fn run(mut command: Command) -> (Option<i32>, String) {
    let out = command.output().unwrap();
    (out.status.code(), said(&out))
}

fn begun(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn ended(child: Child) -> (Option<i32>, String) {
    let out = child.wait_with_output().unwrap();
    (out.status.code(), said(&out))
}

fn has(piece: &[u8], text: &str) -> bool {
    piece.windows(text.len()).any(|w| w == text.as_bytes())
}

/// The gate before the account, with one action in it.
fn account_gate(lab: &LabProcess, action: &'static str) -> Gate {
    Gate::before(&lab.env["AWS_ENDPOINT_URL"], move |piece| has(piece, &format!("Action={action}")))
}

fn last_state(path: &Path) -> Option<String> {
    let receipt: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    Some(receipt["entries"].as_array()?.last()?["state"].as_str()?.to_owned())
}

const FIX: [&str; 6] = ["fix", "daemonset/aws-node", "-n", "kube-system", "--approve", "--receipt"];

#[test]
fn two_who_make_the_same_change_at_once_both_come_to_its_end_and_one_way_back() {
    let lab = LabProcess::up(&["--broken"]);
    let gate = account_gate(&lab, "UpdateOpenIDConnectProviderThumbprint");
    let mut first = operator(&lab, "ada", &[&FIX[..], &["a.json"]].concat());
    let mut first = begun(first.env("AWS_ENDPOINT_URL", format!("http://{}", gate.address)));
    gate.wait(&mut first);
    let (code, text) = run(operator(&lab, "grace", &[&FIX[..], &["b.json"]].concat()));
    assert_eq!(code, Some(0), "{text}");
    gate.open();
    let (code, text) = ended(first);
    assert_eq!(code, Some(0), "{text}");
    let sound = || lab.trustwalk(&["diagnose", "daemonset/aws-node", "-n", "kube-system"]).status.code() == Some(0);
    assert!(sound());
    for name in ["grace", "grace"] {
        let (code, text) = run(operator(&lab, name, &["rollback", "b.json", "--approve"]));
        assert_eq!(code, Some(0), "{text}");
        assert!(!sound());
    }
}

#[test]
fn what_was_written_and_taken_away_by_another_meanwhile_is_told_and_stops_the_run() {
    let lab = LabProcess::up(&["--broken"]);
    let journal = lab.dir.path().join("a.json");
    // After the proof, which makes two exchanges: the walk's, and that of a fresh token.
    let exchanges = Arc::new(Mutex::new(0));
    let path = journal.clone();
    let gate = Gate::before(&lab.env["AWS_ENDPOINT_URL"], move |piece| {
        let mut exchanges = exchanges.lock().unwrap();
        let proves = has(piece, "Action=AssumeRoleWithWebIdentity") && last_state(&path).as_deref() == Some("done");
        *exchanges += usize::from(proves);
        *exchanges == 2 && has(piece, "Action=GetOpenIDConnectProvider")
    });
    let mut command = operator(&lab, "ada", &[&FIX[..], &["a.json"]].concat());
    let mut first = begun(command.env("AWS_ENDPOINT_URL", format!("http://{}", gate.address)));
    gate.wait(&mut first);
    let receipt: Value = serde_json::from_slice(&std::fs::read(&journal).unwrap()).unwrap();
    let arn = receipt["steps"][0]["step"]["action"]["provider_arn"].as_str().unwrap();
    let theirs = "0123456789012345678901234567890123456789";
    let update = ["iam", "update-open-id-connect-provider-thumbprint", "--open-id-connect-provider-arn", arn];
    succeed(lab.command(tool("aws")).args(update).args(["--thumbprint-list", theirs]));
    gate.open();
    let (code, text) = ended(first);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("changed by somebody else while this was under way") && text.contains(theirs), "{text}");
    let (code, text) = run(operator(&lab, "ada", &["rollback", "a.json", "--approve"]));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("changed by somebody else") && text.contains(theirs), "{text}");
}

#[test]
fn what_another_writes_to_the_same_object_of_the_cluster_stays() {
    const KEY: &str = "eks.amazonaws.com/role-arn";
    for (annotation, code) in [("team=dns", 0), ("eks.amazonaws.com/role-arn=arn:aws:iam::111122223333:role/Theirs", 1)]
    {
        let lab = LabProcess::up(&[]);
        assert!(lab.lab(&["break", "annotation-missing-on-service-account"]).status.success());
        planned(&lab, &["deployment/external-dns", "-n", "external-dns"]);
        let config = std::fs::read(&lab.env["KUBECONFIG"]).unwrap();
        let mut config: Value = serde_json::from_slice(&config).unwrap();
        let server = config["clusters"][0]["cluster"]["server"].as_str().unwrap().to_owned();
        let journal = lab.dir.path().join("a.json");
        // The pieces that are sent from when the step is journalled: the look at the object, and then the write.
        let sent = Arc::new(Mutex::new(0));
        let gate = Gate::before(&server, move |_| {
            let mut sent = sent.lock().unwrap();
            *sent += usize::from(last_state(&journal).as_deref() == Some("started"));
            *sent == 2
        });
        let gated = lab.dir.path().join("gated");
        config["clusters"][0]["cluster"]["server"] = format!("https://{}", gate.address).into();
        std::fs::write(&gated, config.to_string()).unwrap();
        let fix = ["fix", "deployment/external-dns", "-n", "external-dns", "--approve", "--receipt", "a.json"];
        let mut first = begun(operator(&lab, "ada", &fix).env("KUBECONFIG", &gated));
        gate.wait(&mut first);
        let annotate = ["annotate", "serviceaccount", "external-dns", "-n", "external-dns", annotation];
        succeed(lab.command(tool("kubectl")).args(annotate));
        gate.open();
        let (ended, text) = ended(first);
        assert_eq!(ended, Some(code), "{annotation}: {text}");
        let get = ["get", "serviceaccount", "external-dns", "-n", "external-dns", "-o", "json"];
        let object: Value = serde_json::from_str(&succeed(lab.command(tool("kubectl")).args(get))).unwrap();
        let (key, value) = annotation.split_once('=').unwrap();
        assert_eq!(object["metadata"]["annotations"][key], value, "{text}");
        if code == 0 {
            assert!(object["metadata"]["annotations"][KEY].is_string(), "{text}");
        } else {
            assert!(text.contains("somebody changed it meanwhile") && text.contains("role/Theirs"), "{text}");
        }
    }
}
