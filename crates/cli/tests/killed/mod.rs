//! A fix or a rollback killed at every instant that can be told apart: from then on `fix --resume` comes to the same
//! end as a run that nobody killed, and `rollback` puts back what was there, byte for byte.
//!
//! What a killed run leaves is what its journal says and what the services have received. So the instants are told
//! apart by where the journal ends, and by what was sent and received since: relays before both APIs see every piece
//! of both directions, and kill the process (SIGKILL: no handler, no destructor) before they pass a chosen one on. The
//! instants are those of a run that is watched and not killed.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking, as tests do")]

mod stage;

use stage::{Api, Case, Instant, Setting, Stage, Way, read};

const RESUME: [&str; 4] = ["fix", "--resume", "receipt.json", "--approve"];
const ROLLBACK: [&str; 3] = ["rollback", "receipt.json", "--approve"];

/// How much of a plan is killed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The change, its proof, and its undoing.
    Change,
    /// The new pods alone.
    Pods,
    /// All of it.
    All,
}

/// A run that is killed, and what was there before it and after one that was not.
struct Rounds {
    stage: Stage,
    before: serde_json::Value,
    after: serde_json::Value,
    fix: Vec<&'static str>,
    /// Instants of the rollback that are still to come.
    back: Vec<Instant>,
    reached: usize,
}

impl Rounds {
    /// Kills the fix; where the fault was not there any more as it is meant, puts it in anew.
    fn killed(&mut self, at: &Instant) -> bool {
        let pods = self.stage.case.action == "renew" || at.phase.step.is_some_and(|step| step > 0);
        for anew in [pods, true] {
            if anew {
                self.stage.again();
            } else {
                self.stage.forget();
            }
            if self.stage.killed_at(&self.fix, Some(at)) {
                self.reached += 1;
                return true;
            }
        }
        false
    }

    /// Goes back, and is killed on the way where an instant of that is still to come.
    fn goes_back(&mut self, when: &str) {
        let mut at = None;
        if let Some(next) = self.back.pop() {
            self.reached += usize::from(self.stage.killed_at(&ROLLBACK, Some(&next)));
            at = Some(next);
        }
        let when = format!("{when}, rollback killed at {at:?}");
        self.stage.well(&ROLLBACK, &when);
        assert_eq!(self.stage.state(), self.before, "{when}");
    }

    fn round(&mut self, at: &Instant, resumed: bool) {
        let when = format!("killed at {at:?}");
        if !self.killed(at) {
            // An instant of new pods may come later, or not at all, in another run; how many came is counted.
            let pods = self.stage.case.action == "renew" || at.phase.step.is_some_and(|step| step > 0);
            assert!(pods, "never {when}");
        }
        if !resumed {
            self.stage.well(&ROLLBACK, &when);
            assert_eq!(self.stage.state(), self.before, "{when}: rolled back");
            return;
        }
        self.stage.well(&RESUME, &when);
        assert_eq!(self.stage.state(), self.after, "{when}: resumed");
        let receipt = read(&self.stage.journal).unwrap();
        let done = |s: &serde_json::Value| s["state"] == "done" || s["state"] == "already-done";
        assert!(receipt["steps"].as_array().unwrap().iter().all(done), "{when}: {receipt:#}");
        self.goes_back(&when);
    }
}

/// Kills the fix and its rollback at every instant; says how often.
fn killed_everywhere(case: Case, part: Part) -> usize {
    let stage = Stage::new(case);
    let (before, fix) = (stage.state(), stage.fix());
    let instants = stage.instants(&fix);
    let after = stage.state();
    let changes = case.action != "renew";
    assert!((before != after) == changes, "{before:#}, {after:#}");
    let back = if part == Part::Pods { Vec::new() } else { stage.instants(&ROLLBACK) };
    if part == Part::Pods {
        stage.well(&ROLLBACK, "after the first run");
    }
    assert_eq!(stage.state(), before, "{}", case.action);
    let mut rounds = Rounds { stage, before, after, fix, back, reached: 0 };
    let is_meant = |at: &&Instant| {
        let pods = !changes || at.phase.step.is_some_and(|step| step > 0);
        part == Part::All || (part == Part::Pods) == pods
    };
    for (number, at) in instants.iter().filter(is_meant).enumerate() {
        // Between writes the two ways are taken in turns, and so they are of evictions; around another write, each.
        if at.phase.is_under_way() && changes {
            rounds.round(at, true);
            rounds.round(at, false);
        } else {
            rounds.round(at, number % 2 == 0);
        }
    }
    while !rounds.back.is_empty() {
        rounds.stage.forget();
        rounds.stage.well(&rounds.fix, "before a rollback");
        rounds.goes_back("done");
    }
    let left: Vec<_> =
        std::fs::read_dir(rounds.stage.lab.dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".trustwalk-")), "{left:?}");
    // Both sides of a write are among them: before its request, and before its answer.
    let api = if matches!(case.action, "annotate" | "set-webhook" | "renew") { Api::Kubernetes } else { Api::Aws };
    for way in [Way::Request, Way::Answer] {
        let of_write = |at: &Instant| at.phase.is_under_way() && at.piece == Some((api, way));
        assert!(part == Part::Pods || instants.iter().any(of_write), "{way:?}: {instants:#?}");
    }
    eprintln!("{}: killed {} times", case.action, rounds.reached);
    rounds.reached
}

const LEDGER: [&str; 3] = ["deployment/ledger", "-n", "payments"];
const DNS: [&str; 3] = ["deployment/external-dns", "-n", "external-dns"];
const NODE: [&str; 3] = ["daemonset/aws-node", "-n", "kube-system"];

fn of_lab(fault: &'static str, target: [&'static str; 3], action: &'static str) -> Case {
    Case { fault, setting: Setting::Lab, target, action, steps: 2 }
}

#[test]
fn thumbprints_are_set_or_put_back_whenever_the_run_is_killed() {
    assert!(killed_everywhere(of_lab("thumbprint-mismatch", NODE, "set-thumbprints"), Part::All) > 10);
}

#[test]
fn a_trust_policy_is_set_or_put_back_whenever_the_run_is_killed() {
    assert!(killed_everywhere(of_lab("sub-wrong-namespace", LEDGER, "set-trust-policy"), Part::Change) > 6);
}

#[test]
fn an_audience_is_registered_or_taken_away_whenever_the_run_is_killed() {
    assert!(
        killed_everywhere(of_lab("audience-not-in-provider-client-ids", LEDGER, "add-client-id"), Part::Change) > 6
    );
}

#[test]
fn a_provider_is_made_or_deleted_whenever_the_run_is_killed() {
    assert!(killed_everywhere(of_lab("oidc-provider-missing-in-account", LEDGER, "create-provider"), Part::Change) > 6);
}

#[test]
fn an_annotation_is_set_or_taken_away_whenever_the_run_is_killed() {
    assert!(killed_everywhere(of_lab("annotation-missing-on-service-account", DNS, "annotate"), Part::Change) > 6);
}

#[test]
fn new_pods_after_an_annotation_are_made_or_left_whenever_the_run_is_killed() {
    assert!(killed_everywhere(of_lab("annotation-missing-on-service-account", DNS, "annotate"), Part::Pods) > 4);
}

#[test]
fn a_webhooks_bundle_is_set_or_put_back_whenever_the_run_is_killed() {
    assert!(killed_everywhere(of_lab("webhook-misconfigured-cabundle", DNS, "set-webhook"), Part::Change) > 6);
}

#[test]
fn an_association_is_made_or_deleted_whenever_the_run_is_killed() {
    assert!(killed_everywhere(of_lab("association-for-another-service-account", DNS, "associate"), Part::Change) > 6);
}

#[test]
fn a_policy_is_attached_or_detached_whenever_the_run_is_killed() {
    let case = Case { fault: "", setting: Setting::Detached, target: NODE, action: "attach-policy", steps: 1 };
    assert!(killed_everywhere(case, Part::Change) > 6);
}

#[test]
fn pods_are_evicted_each_once_whenever_the_run_is_killed() {
    let fault = "pod-created-before-annotation-or-webhook";
    let case = Case { fault, setting: Setting::Kept, target: DNS, action: "renew", steps: 1 };
    assert!(killed_everywhere(case, Part::All) > 6);
}
