//! The lab behind relays that see every piece of both directions, and kill the process before a chosen one passes.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{LabProcess, plan_now, succeed, tool, trustwalk, until};

/// Which API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    Aws,
    Kubernetes,
}

/// Which direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Before a piece of a request is passed on.
    Request,
    /// A piece of an answer has come, and is not passed on.
    Answer,
}

/// An instant of a run. What a killed run leaves is told apart by where its journal ends, and by what was sent and
/// received since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Instant {
    /// The journal's last entry: what it says, of which step.
    pub(crate) phase: Phase,
    /// What passes. Between writes nothing is changed, so there one instant, a request to either API, stands for all.
    pub(crate) piece: Option<(Api, Way)>,
    /// How many pieces of this sort went before, with the journal as it is.
    turn: usize,
}

/// Where a journal ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Phase {
    /// The step, from 0; `None` when the run was taken up or ended.
    pub(crate) step: Option<u64>,
    /// The step's state, or else what happened.
    state: String,
}

impl Phase {
    fn of(receipt: &Value) -> Self {
        let last = receipt["entries"].as_array().and_then(|all| all.last()).unwrap();
        let word = |name: &str| last[name].as_str().unwrap_or_default();
        let state = format!("{}{}{}", word("what"), word("state"), word("errand"));
        Self { step: last["step"].as_u64(), state }
    }

    /// Whether a write is under way.
    pub(crate) fn is_under_way(&self) -> bool {
        self.state.ends_with("started") || self.state.ends_with("undoing")
    }
}

#[derive(Default)]
struct Watch {
    seen: Vec<Instant>,
    counts: Vec<Instant>,
    at: Option<Instant>,
    victim: Option<Child>,
    killed: bool,
    /// Pieces told apart at the cluster's API while a write is under way.
    turns: usize,
}

impl Watch {
    /// Whether the piece goes on.
    fn passes(&mut self, journal: &Path, api: Api, way: Way) -> bool {
        if self.killed {
            return false;
        }
        let Some(receipt) = read(journal) else { return true };
        let phase = Phase::of(&receipt);
        let under_way = phase.is_under_way();
        let sort = Instant { phase, piece: under_way.then_some((api, way)), turn: 0 };
        let count = self.counts.iter().filter(|of| **of == sort).count();
        self.counts.push(sort.clone());
        let turns = match api {
            _ if !under_way => usize::from(way == Way::Request),
            // The write and its answer.
            Api::Aws => 1,
            Api::Kubernetes => self.turns,
        };
        let now = Instant { turn: count, ..sort };
        if count < turns {
            self.seen.push(now.clone());
        }
        if self.at.as_ref() == Some(&now)
            && let Some(victim) = &mut self.victim
        {
            victim.kill().unwrap();
            self.killed = true;
        }
        !self.killed
    }
}

pub(crate) fn read(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// How the fault of a case comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    /// As the lab has it.
    Lab,
    /// The policy of the VPC CNI is detached from its role.
    Detached,
    /// As the lab has it, in a workload that a repository keeps: its pods are evicted.
    Kept,
}

/// What is killed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) fault: &'static str,
    pub(crate) setting: Setting,
    pub(crate) target: [&'static str; 3],
    /// The first action of its plan.
    pub(crate) action: &'static str,
    /// Steps of its plan.
    pub(crate) steps: usize,
}

/// The lab's cluster.
const CLUSTER: &str = "harbour";

const CNI: [&str; 4] =
    ["--role-name", "HarbourVpcCniRole", "--policy-arn", "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"];

/// Relays before both APIs of a lab, and the run that goes through them.
pub(crate) struct Stage {
    pub(crate) lab: LabProcess,
    pub(crate) case: Case,
    aws: SocketAddr,
    kubeconfig: PathBuf,
    pub(crate) journal: PathBuf,
    watch: Arc<Mutex<Watch>>,
}

impl Stage {
    pub(crate) fn new(case: Case) -> Self {
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
        let stage = Self { lab, case, aws, kubeconfig, journal, watch };
        stage.breaks();
        stage
    }

    /// Puts the fault in, and waits until the plan for it is the whole one.
    fn breaks(&self) {
        match self.case.setting {
            Setting::Lab | Setting::Kept => assert!(self.lab.lab(&["break", self.case.fault]).status.success()),
            Setting::Detached => {
                succeed(self.lab.command(tool("aws")).args(["iam", "detach-role-policy"]).args(CNI));
            }
        }
        if self.case.setting == Setting::Kept {
            let [workload, flag, namespace] = self.case.target;
            let label = ["label", workload, flag, namespace, "--overwrite", "argocd.argoproj.io/instance=shop"];
            succeed(self.lab.command(tool("kubectl")).args(label));
        }
        let whole = |plan: &Vec<Value>| plan.len() == self.case.steps && plan[0]["action"] == self.case.action;
        until(|| Some(plan_now(&self.lab, &self.case.target)).filter(whole));
    }

    /// The fault anew, with pods that have not seen a repair, and no receipt.
    pub(crate) fn again(&self) {
        self.forget();
        if self.case.setting != Setting::Detached {
            assert!(self.lab.lab(&["mend"]).status.success());
        }
        self.breaks();
    }

    /// No receipt.
    pub(crate) fn forget(&self) {
        let _ = std::fs::remove_file(&self.journal);
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = trustwalk();
        command.envs(&self.lab.env).current_dir(self.lab.dir.path()).args(words);
        command.env("AWS_ENDPOINT_URL", format!("http://{}", self.aws)).env("KUBECONFIG", &self.kubeconfig);
        // Behind a relay the API server's address is no longer the one that EKS tells of the cluster.
        command.args(["--cluster", CLUSTER]);
        command
    }

    fn run(&self, words: &[&str]) -> (Option<i32>, String) {
        let out = self.command(words).output().unwrap();
        (out.status.code(), said(&out))
    }

    /// Whether a run came to its end. What is asked here is what it left; 4 says that the diagnosis after it could not
    /// look at everything.
    fn is_done(code: Option<i32>) -> bool {
        matches!(code, Some(0 | 4))
    }

    #[track_caller]
    pub(crate) fn well(&self, words: &[&str], when: &str) {
        let (code, text) = self.run(words);
        assert!(Self::is_done(code), "{}, {when}, {words:?}: {text}", self.case.action);
    }

    pub(crate) fn fix(&self) -> Vec<&'static str> {
        [&["fix"][..], &self.case.target, &["--approve", "--receipt", "receipt.json"]].concat()
    }

    /// The instants of a run that nobody kills.
    pub(crate) fn instants(&self, words: &[&str]) -> Vec<Instant> {
        assert!(!self.killed_at(words, None));
        std::mem::take(&mut self.watch.lock().unwrap().seen)
    }

    /// Runs the words and kills them at the instant; whether it came to that.
    pub(crate) fn killed_at(&self, words: &[&str], at: Option<&Instant>) -> bool {
        let mut command = self.command(words);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut output = {
            // Started under the lock: nothing passes before it is known whom to kill.
            let mut watch = self.watch.lock().unwrap();
            let mut victim = command.spawn().unwrap();
            let output = victim.stdout.take().unwrap();
            // Of evictions every piece is an instant; else before a write to the cluster, which names the version of
            // what it changes, the look at the object as well.
            let turns = if self.case.action == "renew" { MOST_TURNS } else { 2 };
            *watch = Watch { at: at.cloned(), victim: Some(victim), turns, ..Watch::default() };
            output
        };
        // Its output ends with it, however it ends.
        let mut told = String::new();
        output.read_to_string(&mut told).unwrap();
        let status = {
            let victim = self.watch.lock().unwrap().victim.take();
            victim.unwrap().wait().unwrap()
        };
        let mut watch = self.watch.lock().unwrap();
        let killed = watch.killed;
        assert!(killed || Self::is_done(status.code()), "{}: {words:?} at {at:?}: {status}: {told}", self.case.action);
        watch.at = None;
        watch.killed = false;
        killed
    }

    /// What the plan changes, as it is.
    pub(crate) fn state(&self) -> Value {
        let words = [&["collect"][..], &self.case.target, &["-o", "b.json", "--overwrite"]].concat();
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
        let account = &bundle["identities"][0]["service_account"]["value"]["annotations"];
        // Where no role is named, what is known of one depends on the pods.
        match self.case.action {
            "annotate" => return account.clone(),
            "set-webhook" => {
                let all = bundle["shared"]["runs"][0]["webhooks"]["value"].as_array().unwrap().iter();
                let parts = ["configuration", "name", "failure_policy", "ca_bundle"];
                return all.map(|one| parts.map(|part| one[part].clone()).into_iter().collect::<Value>()).collect();
            }
            "associate" => {
                let all = bundle["shared"]["associations"][0]["value"].as_array().unwrap().iter();
                let parts = ["namespace", "service_account", "role_arn"];
                return all.map(|one| parts.map(|part| one[part].clone()).into_iter().collect::<Value>()).collect();
            }
            _ => {}
        }
        json!({
            "providers": all("providers", &["arn", "url", "client_ids", "thumbprints"]),
            "roles": all("roles", &["arn", "trust_policy"]),
            "policies": arns.collect::<Value>(),
            "annotations": account,
        })
    }
}

/// Pieces of one direction that are told apart while pods are evicted.
const MOST_TURNS: usize = 8;

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
