//! What goes or changes between the plan and its last look, and between the last look and the write; a connection that
//! breaks around a write; and a run of a CI job that was killed.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking, as tests do")]

use std::process::{Child, Output, Stdio};
use std::sync::{Arc, Mutex};

use crate::support::gate::{Gate, account_gate, has, kubeconfig, last_state, relay, server};
use crate::support::{LabProcess, plan_now, planned, trustwalk, until};
use aws_credential_types::Credentials;
use serde_json::Value;
use trustwalk_collect::aws::{AwsClient, AwsOptions};
use trustwalk_collect::dial::Dialer;
use trustwalk_collect::roots::RootOptions;

const NODE: [&str; 6] = ["fix", "daemonset/aws-node", "-n", "kube-system", "--approve", "--receipt"];
const WRITE: &str = "UpdateOpenIDConnectProviderThumbprint";
/// Where to look next is where the receipt is about.
const NEXT: &str = "Next: trustwalk diagnose daemonset/aws-node -n kube-system";
/// A thumbprint of nobody's.
const THEIRS: &str = "0123456789012345678901234567890123456789";

fn said(out: &Output) -> (Option<i32>, String) {
    (out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr))
}

fn begun(lab: &LabProcess, gate: &Gate, words: &[&str]) -> Child {
    let mut command = trustwalk();
    command.envs(&lab.env).current_dir(lab.dir.path()).args(words);
    command.env("AWS_ENDPOINT_URL", format!("http://{}", gate.address));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn ended(child: Child) -> (Option<i32>, String) {
    said(&child.wait_with_output().unwrap())
}

/// The account, asked without a program that takes seconds to start: a client waits for an answer ten seconds at most.
struct Account {
    runtime: tokio::runtime::Runtime,
    client: AwsClient,
    /// The provider of the cluster.
    arn: String,
}

impl Account {
    fn of(lab: &LabProcess) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let keys = Credentials::from_keys(&lab.env["AWS_ACCESS_KEY_ID"], &lab.env["AWS_SECRET_ACCESS_KEY"], None);
        let endpoint = Some(lab.env["AWS_ENDPOINT_URL"].clone());
        let region = lab.env.get("AWS_REGION").or(lab.env.get("AWS_DEFAULT_REGION")).cloned();
        let options = AwsOptions { region, endpoint, keys: Some(keys), ..AwsOptions::default() };
        let client = runtime.block_on(AwsClient::new(&options, Dialer::default(), RootOptions::default(), 0));
        let arns = runtime.block_on(client.providers()).known().unwrap().clone();
        let arn = arns.into_iter().find(|arn| arn.contains("oidc.eks.")).unwrap();
        Self { runtime, client, arn }
    }

    fn writes_theirs(&self) {
        let theirs = [THEIRS.to_owned()];
        self.runtime.block_on(self.client.set_thumbprints(&self.arn, &theirs, async || true)).unwrap();
    }

    fn deletes(&self) {
        self.runtime.block_on(self.client.delete_provider(&self.arn)).unwrap();
    }

    fn thumbprints(&self) -> Vec<String> {
        self.runtime.block_on(self.client.provider(&self.arn)).known().unwrap().thumbprints.clone()
    }
}

fn states(lab: &LabProcess) -> Vec<String> {
    let receipt = std::fs::read(lab.dir.path().join("r.json")).unwrap();
    let receipt: Value = serde_json::from_slice(&receipt).unwrap();
    receipt["steps"].as_array().unwrap().iter().map(|s| s["state"].as_str().unwrap().to_owned()).collect()
}

/// A gate before the last look at the provider: the journal is there, and nothing is begun.
fn at_the_last_look(lab: &LabProcess) -> Gate {
    let journal = lab.dir.path().join("r.json");
    Gate::before(&lab.env["AWS_ENDPOINT_URL"], move |piece| {
        has(piece, "Action=GetOpenIDConnectProvider") && journal.exists()
    })
}

#[test]
fn what_changes_before_the_last_look_is_not_written_to_and_both_values_are_told() {
    let lab = LabProcess::up(&["--broken"]);
    let (account, gate) = (Account::of(&lab), at_the_last_look(&lab));
    let mut run = begun(&lab, &gate, &[&NODE[..], &["r.json"]].concat());
    gate.wait(&mut run);
    account.writes_theirs();
    gate.open();
    let (code, text) = ended(run);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("changed since the plan was made") && text.contains("this was not written to"), "{text}");
    assert!(text.contains(THEIRS) && text.contains("trustwalk rollback r.json"), "{text}");
    assert_eq!(states(&lab)[0], "pending");
    assert_eq!(account.thumbprints(), [THEIRS]);
    let (code, text) = said(&lab.trustwalk(&["fix", "--resume", "r.json", "--approve"]));
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("changed since the plan was made") && text.contains(NEXT), "{text}");
    let (code, text) = said(&lab.trustwalk(&["rollback", "r.json"]));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("there is nothing to undo"), "{text}");
}

#[test]
fn what_goes_before_the_last_look_or_right_before_the_write_is_told_and_leaves_nothing_half_done() {
    for last_look in [true, false] {
        let lab = LabProcess::up(&["--broken"]);
        let account = Account::of(&lab);
        let gate = if last_look { at_the_last_look(&lab) } else { account_gate(&lab, WRITE) };
        let mut run = begun(&lab, &gate, &[&NODE[..], &["r.json"]].concat());
        gate.wait(&mut run);
        account.deletes();
        gate.open();
        let (code, text) = ended(run);
        assert_eq!(code, Some(if last_look { 3 } else { 1 }), "{text}");
        let words = if last_look { "there is nothing to write to any more" } else { "was refused: NoSuchEntity" };
        assert!(text.contains(words), "{text}");
        assert_eq!(states(&lab)[0], "pending", "nothing of it was done");
        let (code, text) = said(&lab.trustwalk(&["fix", "--resume", "r.json", "--approve"]));
        assert_eq!(code, Some(3), "{text}");
        assert!(text.contains("there is nothing to write to any more") && text.contains(NEXT), "{text}");
        let (code, text) = said(&lab.trustwalk(&["rollback", "r.json"]));
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains("there is nothing to undo"), "{text}");
    }
}

const DNS: [&str; 3] = ["deployment/external-dns", "-n", "external-dns"];

/// A write to the cluster names a version, so that it is sent again where its answer was lost, and taken once.
#[test]
fn a_write_to_the_cluster_whose_connection_breaks_is_sent_again_and_taken_once() {
    for of_answers in [false, true] {
        let lab = LabProcess::up(&[]);
        assert!(lab.lab(&["break", "annotation-missing-on-service-account"]).status.success());
        planned(&lab, &DNS);
        let (journal, sent) = (lab.dir.path().join("r.json"), Arc::new(Mutex::new([0, 0])));
        let counts = Arc::clone(&sent);
        // From when the step is begun, the first piece each way is the look at the object, the second the write.
        let address = relay(&server(&lab), move |_, answer| {
            if last_state(&journal).as_deref() != Some("started") {
                return true;
            }
            let mut counts = counts.lock().unwrap();
            counts[usize::from(answer)] += 1;
            !(answer == of_answers && counts[usize::from(answer)] == 2)
        });
        // What a receipt is about has an address, and this one is the relay's.
        let gated = kubeconfig(&lab, address);
        let run = |words: &[&str]| {
            let mut command = trustwalk();
            command.envs(&lab.env).current_dir(lab.dir.path()).env("KUBECONFIG", &gated).args(words);
            said(&command.args(["--cluster", "harbour"]).output().unwrap())
        };
        let (code, text) = run(&[&["fix"][..], &DNS, &["--approve", "--receipt", "r.json"]].concat());
        assert_eq!(code, Some(0), "of answers: {of_answers}: {text}");
        assert!(sent.lock().unwrap()[usize::from(of_answers)] > 2, "nothing was broken");
        assert_eq!(states(&lab), ["done", "done"], "{text}");
        let (code, text) = run(&["rollback", "r.json", "--approve"]);
        assert_eq!(code, Some(0), "what was written is known to be this run's: {text}");
        assert!(text.contains("Rolled back 1 change"), "{text}");
    }
}

const JOB: [&str; 2] = ["--job", "ci/deploy"];

#[test]
fn a_killed_repair_of_a_ci_job_is_gone_on_with() {
    for named in [false, true] {
        let lab = LabProcess::up(&[]);
        assert!(lab.lab(&["break", "gha-sub-case-mismatch"]).status.success());
        until(|| Some(plan_now(&lab, &JOB)).filter(|plan| plan.len() == 1));
        let gate = account_gate(&lab, "UpdateAssumeRolePolicy");
        let mut run = begun(&lab, &gate, &[&["fix"][..], &JOB, &["--approve", "--receipt", "r.json"]].concat());
        gate.wait(&mut run);
        run.kill().unwrap();
        run.wait().unwrap();
        gate.open();
        let (code, text) = said(&lab.trustwalk(&["receipts"]));
        assert_eq!(code, Some(3), "{text}");
        assert!(text.contains("trustwalk fix --job PATH --resume r.json"), "{text}");
        let job: &[&str] = if named { &JOB } else { &[] };
        let (code, text) = said(&lab.trustwalk(&[&["fix", "--resume", "r.json", "--approve"], job].concat()));
        assert_eq!(states(&lab), ["done"], "{text}");
        if named {
            assert_eq!(code, Some(0), "{text}");
            assert!(text.contains("verified: STS gave"), "{text}");
        } else {
            // The receipt holds no folder: that nothing was proved is said, with the command that looks.
            assert_eq!(code, Some(4), "{text}");
            assert!(text.contains("not verified: a receipt does not say where the files"), "{text}");
            assert!(text.contains("Next: trustwalk diagnose --job PATH"), "{text}");
        }
        let (code, text) = said(&lab.trustwalk(&["rollback", "r.json", "--approve"]));
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains("the job takes that up when it runs again"), "{text}");
    }
}
