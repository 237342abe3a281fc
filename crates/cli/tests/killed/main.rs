//! A fix or a rollback killed at every instant that can be told apart: from then on `fix --resume` comes to the same
//! end as a run that nobody killed, and `rollback` puts back what was there, byte for byte.
//!
//! What a killed run leaves is what its journal says and what the services have received. So the instants are told
//! apart by the number of entries in the journal, and by what was sent and received since the last one: relays before
//! both APIs see every piece of both directions, and kill the process (SIGKILL: no handler, no destructor) before
//! they pass a chosen one on. The instants are those of a run that is watched and not killed.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking, as tests do")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use support::{LabProcess, plan_now, planned, trustwalk};

/// Which API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Api {
    Aws,
    Kubernetes,
}

/// Which direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Before a piece of a request is passed on.
    Request,
    /// A piece of an answer has come, and is not passed on.
    Answer,
}

/// An instant of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Instant {
    /// Entries of the journal.
    entries: usize,
    /// Whether the last of them says that a write is under way.
    under_way: bool,
    api: Api,
    way: Way,
    /// How many pieces of this sort went before, with the journal as it is.
    turn: usize,
}

impl Instant {
    /// Pieces told apart while a write is under way: the write and its answer; before a write to the cluster, which
    /// names the version of what it changes, the look at the object as well.
    fn turns(self) -> usize {
        match self.api {
            Api::Aws => 1,
            Api::Kubernetes => 2,
        }
    }
}

#[derive(Default)]
struct Watch {
    seen: Vec<Instant>,
    counts: Vec<Instant>,
    at: Option<Instant>,
    victim: Option<Child>,
    killed: bool,
}

impl Watch {
    /// Whether the piece goes on.
    fn passes(&mut self, journal: &Path, api: Api, way: Way) -> bool {
        if self.killed {
            return false;
        }
        let Some(receipt) = read(journal) else { return true };
        let entries = receipt["entries"].as_array().map_or(0, Vec::len);
        let last = &receipt["entries"][entries.saturating_sub(1)]["state"];
        let under_way = last == "started" || last == "undoing";
        let sort = Instant { entries, under_way, api, way, turn: 0 };
        let count = self.counts.iter().filter(|of| **of == sort).count();
        self.counts.push(sort);
        // Between writes nothing is changed, so one instant stands for all.
        let told_apart = if under_way { count < sort.turns() } else { count == 0 && way == Way::Request };
        let now = Instant { turn: count, ..sort };
        if told_apart {
            self.seen.push(now);
        }
        if self.at == Some(now)
            && let Some(victim) = &mut self.victim
        {
            victim.kill().unwrap();
            self.killed = true;
        }
        !self.killed
    }
}

fn read(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Relays before both APIs of a lab, and the run that goes through them.
struct Stage {
    lab: LabProcess,
    fault: &'static str,
    target: [&'static str; 3],
    only_annotations: bool,
    aws: SocketAddr,
    kubeconfig: PathBuf,
    journal: PathBuf,
    watch: Arc<Mutex<Watch>>,
}

impl Stage {
    fn new(fault: &'static str, target: [&'static str; 3], only_annotations: bool) -> Self {
        let lab = LabProcess::up(&[]);
        let journal = lab.dir.path().join("receipt.json");
        let watch: Arc<Mutex<Watch>> = Arc::default();
        let aws = relay(&lab.env["AWS_ENDPOINT_URL"], Api::Aws, &journal, &watch);
        let mut config = read(Path::new(&lab.env["KUBECONFIG"])).unwrap();
        let server = &mut config["clusters"][0]["cluster"]["server"];
        let kubernetes = relay(server.as_str().unwrap(), Api::Kubernetes, &journal, &watch);
        *server = format!("https://{kubernetes}").into();
        let kubeconfig = lab.dir.path().join("relayed");
        std::fs::write(&kubeconfig, config.to_string()).unwrap();
        let stage = Self { lab, fault, target, only_annotations, aws, kubeconfig, journal, watch };
        assert!(stage.lab.lab(&["break", fault]).status.success());
        stage
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = trustwalk();
        command.envs(&self.lab.env).current_dir(self.lab.dir.path()).args(words);
        command.env("AWS_ENDPOINT_URL", format!("http://{}", self.aws)).env("KUBECONFIG", &self.kubeconfig);
        command
    }

    fn run(&self, words: &[&str]) -> (Option<i32>, String) {
        let out = self.command(words).output().unwrap();
        (out.status.code(), said(&out))
    }

    #[track_caller]
    fn well(&self, words: &[&str], when: &str) {
        let (code, text) = self.run(words);
        assert!(is_done(code), "{}, {when}, {words:?}: {text}", self.fault);
    }

    fn fix(&self) -> Vec<&'static str> {
        [&["fix"][..], &self.target, &["--approve", "--receipt", "receipt.json"]].concat()
    }

    /// Runs the words and kills them at the instant; whether it came to that.
    fn killed_at(&self, words: &[&str], at: Option<Instant>) -> bool {
        let mut command = self.command(words);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut output = {
            // Started under the lock: nothing passes before it is known whom to kill.
            let mut watch = self.watch.lock().unwrap();
            let mut victim = command.spawn().unwrap();
            let output = victim.stdout.take().unwrap();
            *watch = Watch { at, victim: Some(victim), ..Watch::default() };
            output
        };
        // Its output ends with it, however it ends.
        output.read_to_end(&mut Vec::new()).unwrap();
        let status = {
            let victim = self.watch.lock().unwrap().victim.take();
            victim.unwrap().wait().unwrap()
        };
        let mut watch = self.watch.lock().unwrap();
        let killed = watch.killed;
        assert!(killed || is_done(status.code()), "{}: {words:?} at {at:?}: {status}", self.fault);
        watch.at = None;
        watch.killed = false;
        killed
    }

    /// Everything a plan can change, as it is.
    fn state(&self) -> Value {
        let words = [&["collect"][..], &self.target, &["-o", "b.json", "--overwrite"]].concat();
        assert!(self.lab.trustwalk(&words).status.success());
        let bundle = read(&self.lab.dir.path().join("b.json")).unwrap();
        let all = |name: &str, members: &[&str]| -> Value {
            let known = bundle["shared"][name].as_array().unwrap().iter().filter(|one| one["value"].is_object());
            let each = known.map(|one| {
                let members = members.iter().map(|m| ((*m).to_owned(), one["value"][*m].clone()));
                Value::Object(members.collect())
            });
            each.collect()
        };
        let arns = bundle["shared"]["policies"].as_array().unwrap().iter().map(|one| {
            one["value"].as_array().into_iter().flatten().map(|p| json!([p["name"], p["arn"]])).collect::<Value>()
        });
        // Without an annotation no role is named, and what is known of one depends on the pods.
        if self.only_annotations {
            return bundle["identities"][0]["service_account"]["value"]["annotations"].clone();
        }
        json!({
            "providers": all("providers", &["arn", "url", "client_ids", "thumbprints"]),
            "roles": all("roles", &["arn", "trust_policy"]),
            "policies": arns.collect::<Value>(),
            "annotations": bundle["identities"][0]["service_account"]["value"]["annotations"],
        })
    }

    /// The fault anew, with pods that have not seen a repair.
    fn again(&self) {
        assert!(self.lab.lab(&["mend"]).status.success());
        assert!(self.lab.lab(&["break", self.fault]).status.success());
        planned(&self.lab, &self.target);
    }

    /// Back to the start of a round: no receipt, and the plan that is to be killed, or as much of it as is killed.
    fn begin(&self, plan: &[Value]) {
        let _ = std::fs::remove_file(&self.journal);
        if !plan_now(&self.lab, &self.target).starts_with(plan) {
            self.again();
        }
    }
}

/// Whether a run came to its end. What is asked here is what it left; 4 says that the diagnosis after it could not look
/// at everything.
fn is_done(code: Option<i32>) -> bool {
    matches!(code, Some(0 | 4))
}

fn said(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

/// A relay before an address, which asks the watch about every piece.
fn relay(url: &str, api: Api, journal: &Path, watch: &Arc<Mutex<Watch>>) -> SocketAddr {
    let upstream = url.split_once("://").unwrap().1.trim_end_matches('/').to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (journal, watch) = (journal.to_owned(), Arc::clone(watch));
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(server) = TcpStream::connect(&upstream) else { continue };
            for (way, from, to) in [(Way::Request, &client, &server), (Way::Answer, &server, &client)] {
                let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else { continue };
                let (journal, watch) = (journal.clone(), Arc::clone(&watch));
                std::thread::spawn(move || pass(from, to, |_| watch.lock().unwrap().passes(&journal, api, way)));
            }
        }
    });
    address
}

fn pass(mut from: TcpStream, mut to: TcpStream, passes: impl Fn(&[u8]) -> bool) {
    let mut piece = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        if !passes(&piece[..length]) || to.write_all(&piece[..length]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

const RESUME: [&str; 4] = ["fix", "--resume", "receipt.json", "--approve"];
const ROLLBACK: [&str; 3] = ["rollback", "receipt.json", "--approve"];

/// How much of a plan is killed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The change, its proof, and its undoing.
    Change,
    /// The new pods as well.
    All,
}

/// Kills the fix, and then its rollback, at every instant; says how often.
fn killed_everywhere(fault: &'static str, target: [&'static str; 3], action: &str, part: Part) -> usize {
    let stage = Stage::new(fault, target, action == "annotate");
    let (plan, before, fix) = (planned(&stage.lab, &stage.target), stage.state(), stage.fix());
    assert_eq!(plan[0]["action"], action, "{fault}: {plan:#?}");
    stage.killed_at(&fix, None);
    let mut instants = stage.watch.lock().unwrap().seen.clone();
    let receipt = read(&stage.journal).unwrap();
    // The entries before the one by which new pods are begun.
    let change = receipt["entries"].as_array().unwrap().iter().position(|e| e["step"] == 1).unwrap();
    if part == Part::Change {
        instants.retain(|instant| instant.entries <= change);
    }
    let after = stage.state();
    assert_ne!(before, after);
    stage.killed_at(&ROLLBACK, None);
    let going_back = stage.watch.lock().unwrap().seen.clone();
    assert_eq!(stage.state(), before, "{fault}");
    let mut reached = 0;
    for (number, instant) in instants.iter().enumerate() {
        let killed = if instant.entries <= change { &plan[..1] } else { &plan[..] };
        // Between writes the two ways are taken in turns; around one, each of them.
        for resumed in [true, false] {
            if !instant.under_way && resumed == (number % 2 == 0) {
                continue;
            }
            stage.begin(killed);
            reached += usize::from(stage.killed_at(&fix, Some(*instant)));
            let when = format!("killed at {instant:?}");
            if resumed {
                stage.well(&RESUME, &when);
                assert_eq!(stage.state(), after, "{fault}, {when}: resumed");
            }
            stage.well(&ROLLBACK, &when);
            assert_eq!(stage.state(), before, "{fault}, {when}: rolled back");
        }
    }
    for instant in &going_back {
        stage.begin(&plan[..1]);
        stage.well(&fix, "before a rollback");
        reached += usize::from(stage.killed_at(&ROLLBACK, Some(*instant)));
        stage.well(&ROLLBACK, &format!("rollback killed at {instant:?}"));
        assert_eq!(stage.state(), before, "{fault}: rollback killed at {instant:?}");
    }
    let left: Vec<_> = std::fs::read_dir(stage.lab.dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".trustwalk-")), "{left:?}");
    reached
}

const LEDGER: [&str; 3] = ["deployment/ledger", "-n", "payments"];

#[test]
fn thumbprints_are_set_or_put_back_whenever_the_run_is_killed() {
    let target = ["daemonset/aws-node", "-n", "kube-system"];
    assert!(killed_everywhere("thumbprint-mismatch", target, "set-thumbprints", Part::All) > 12);
}

#[test]
fn a_trust_policy_is_set_or_put_back_whenever_the_run_is_killed() {
    assert!(killed_everywhere("sub-wrong-namespace", LEDGER, "set-trust-policy", Part::Change) > 6);
}

#[test]
fn an_audience_is_registered_or_taken_away_whenever_the_run_is_killed() {
    assert!(killed_everywhere("audience-not-in-provider-client-ids", LEDGER, "add-client-id", Part::Change) > 6);
}

#[test]
fn a_provider_is_made_or_deleted_whenever_the_run_is_killed() {
    assert!(killed_everywhere("oidc-provider-missing-in-account", LEDGER, "create-provider", Part::Change) > 8);
}

#[test]
fn an_annotation_is_set_or_taken_away_whenever_the_run_is_killed() {
    let target = ["deployment/external-dns", "-n", "external-dns"];
    assert!(killed_everywhere("annotation-missing-on-service-account", target, "annotate", Part::Change) > 4);
}
