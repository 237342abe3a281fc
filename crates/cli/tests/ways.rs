//! The ways that people know from kubectl and the AWS CLI: targets, names that do not exist, exit codes, documents of
//! failures, bundles, messages, waiting and stopping.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support;
use crate::support::{LabProcess, succeed, tool, trustwalk, until};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::111122223333:role/HarbourLedgrRole";
const SUBJECT: &str = "system:serviceaccount:payments:ledger";

fn said(out: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

/// Runs with something on standard input.
fn fed(command: &mut Command, input: &[u8]) -> Output {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn ready(lab: &LabProcess) {
    let words = ["get", "deployment", "ledger", "-n", "payments", "-o", "jsonpath={.status.readyReplicas}"];
    until(|| (succeed(lab.command(tool("kubectl")).args(words)).trim() == "2").then_some(()));
}

/// A document of a failure, as `docs/schema/error.json` has it.
#[track_caller]
fn failure(out: &Output) -> Value {
    let (_, stdout, stderr) = said(out);
    let document: Value = serde_json::from_str(&stdout).unwrap_or_else(|e| panic!("{e}: {stdout}{stderr}"));
    let error = &document["error"];
    assert_eq!(document["schema"], 1, "{document}");
    assert_eq!(error["exit"].as_i64(), out.status.code().map(i64::from), "{document}");
    assert!(error["what"].is_string() && error["why"].is_array() && error["code"].is_string(), "{document}");
    error.clone()
}

#[test]
fn a_name_that_does_not_exist_takes_two_lines_and_the_nearest() {
    let lab = LabProcess::up(&[]);
    std::fs::write(lab.dir.path().join("aws"), "[profile harbour]\nregion = us-west-2\n").unwrap();
    let run = |words: &[&str]| {
        let mut command = lab.command(env!("CARGO_BIN_EXE_trustwalk"));
        command
            .env("AWS_CONFIG_FILE", lab.dir.path().join("aws"))
            .env("AWS_SHARED_CREDENTIALS_FILE", lab.dir.path().join("no-such-file"));
        command.args(words).output().unwrap()
    };
    let kubeconfig: Value = serde_json::from_slice(&std::fs::read(lab.dir.path().join("kubeconfig")).unwrap()).unwrap();
    let context = kubeconfig["current-context"].as_str().unwrap();
    let off = format!("{context}x");
    for (words, next) in [
        (&["deployment/ledgr", "-n", "payments"][..], "deployment/ledger -n payments"),
        (&["deploy", "ledgr", "-n", "payments"], "deployment/ledger -n payments"),
        (&["deployment/ledger", "-n", "batch"], "deployment/ledger -n payments"),
        (&["sa/ledgr", "-n", "payments"], "serviceaccount/ledger -n payments"),
        (&["deploymnet/ledger", "-n", "payments"], "deployment/ledger -n payments"),
        (&["deploy/ledger", "ds/aws-nod", "-n", "kube-system"], "deployment/ledger -n payments"),
        (&["-n", "paymnts"], "-n payments"),
        (&["deployment/nothing-like-it", "-n", "paymnts"], "-n payments"),
        (&["deployments", "-l", "app=nosuch", "-n", "payments"], "kubectl get deployments --show-labels -n payments"),
        (&["deploy/nosuchthing", "-A"], "kubectl get deployment -A"),
        (&["--context", &off], &format!("--context {context}")),
        (&["deployment/ledger", "-n", "payments", "--cluster", "harbur"], "--cluster harbour"),
        (&["--role", ROLE, "--subject", SUBJECT], "HarbourLedgerRole"),
        (&["--profile", "harbur"], "--profile harbour"),
        (&["payments/ledgr"], "deployment/ledger -n payments"),
        (&["paymnts/ledger"], "deployment/ledger -n payments"),
        (&["ledgr", "-A"], "deployment/ledger -n payments"),
        (&["ds/aws-node.kube-system", "-n", "kube-system"], "daemonset/aws-node -n kube-system"),
        (&["payments/nothing-like-it"], "kubectl get all -n payments"),
        (&["pay ments/ledger"], "--help"),
    ] {
        for verb in ["diagnose", "fix", "collect"] {
            let words: Vec<&str> = [&[verb], words].concat();
            let (code, out, err) = said(&run(&words));
            assert_eq!((code, out.as_str()), (Some(2), ""), "{words:?}: {err}");
            let lines: Vec<&str> = err.lines().collect();
            assert_eq!(lines.len(), 2, "{words:?}: {err}");
            assert!(lines[0].starts_with("error: ") && lines[1].starts_with("Next: "), "{words:?}: {err}");
            assert!(lines[1].contains(next), "{words:?}: {err}");
            // What was asked about is asked about again.
            let option = next.starts_with("--") && words.contains(&"deployment/ledger");
            assert!(!option || lines[1].contains("deployment/ledger"), "{words:?}: {err}");
            if verb != "collect" {
                let told = failure(&run(&[&words[..], &["-o", "json"]].concat()));
                assert!(told["next"].as_str().unwrap().contains(next), "{told}");
            }
        }
    }
    let (_, pods, err) = said(&run(&["diagnose", "pods", "-A", "-o", "short"]));
    assert!(pods.contains("daemonset/aws-node"), "who asks for pods asks for what controls them: {pods}{err}");
    let (code, _, err) = said(&run(&["fix", "--bundle", "all.json"]));
    assert!(code == Some(2) && err.contains("trustwalk diagnose --bundle FILE") && !err.contains("ca-bundle"), "{err}");
    for (words, next) in [
        (&["lab", "break", "thumbprnt-mismatch"][..], "lab break thumbprint-mismatch"),
        (&["lab", "break", "TW007"], "lab break thumbprint-mismatch"),
        (&["lab", "break", "role-lacks-permission"], "lab break permissions-"),
        (&["demo", "--fault", "thumbprnt-mismatch"], "demo --fault thumbprint-mismatch"),
        (&["man", "diagnos"], "man diagnose"),
    ] {
        let (code, out, err) = said(&run(words));
        assert_eq!((code, out.as_str()), (Some(2), ""), "{words:?}: {err}");
        assert!(err.lines().count() == 2 && err.contains(next), "{words:?}: {err}");
    }
    assert!(!lab.dir.path().join("trustwalk-bundle.json").exists(), "a bundle of nothing was written");
}

/// A kubeconfig whose API server nobody runs, or whose plugin fails.
fn broken(dir: &Path, user: &Value) -> String {
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}], "users": [{"name": "u", "user": user}],
    });
    let path = dir.join("config").display().to_string();
    std::fs::write(&path, config.to_string()).unwrap();
    path
}

#[test]
fn the_same_trouble_ends_with_the_same_code_whichever_command_meets_it() {
    let dir = tempfile::tempdir().unwrap();
    let run = |words: &[&str], kubeconfig: Option<&str>| {
        let mut command = trustwalk();
        command.current_dir(dir.path()).env("HOME", dir.path()).env("AWS_EC2_METADATA_DISABLED", "true");
        command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").env("AWS_REGION", "us-west-2");
        command.env("AWS_ACCESS_KEY_ID", "x").env("AWS_SECRET_ACCESS_KEY", "x").env("AWS_MAX_ATTEMPTS", "1");
        if let Some(path) = kubeconfig {
            command.env("KUBECONFIG", path);
        }
        command.args(words).output().unwrap()
    };
    let plugin = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "interactiveMode": "Never",
        "args": ["-c", "echo 'Error loading SSO Token: Token for dev does not exist' >&2; exit 255", "--profile",
            "dev"],
    }});
    let asks: [&[&str]; 6] = [
        &["diagnose"],
        &["diagnose", "deployment/x", "-n", "y"],
        &["diagnose", "deploy/x", "ds/y"],
        &["fix", "deployment/x", "-n", "y"],
        &["collect", "-n", "y"],
        &["access"],
    ];
    let expect = |kubeconfig: Option<&str>, code: i32, kind: &str, next: &str| {
        for words in asks {
            let (got, _, err) = said(&run(words, kubeconfig));
            assert_eq!(got, Some(code), "{words:?}: {err}");
            assert!(err.lines().last().unwrap_or_default().contains(next), "{words:?}: {err}");
            if words[0] != "collect" {
                let told = failure(&run(&[words, &["-o", "json"]].concat(), kubeconfig));
                assert_eq!(told["code"], kind, "{words:?}: {told}");
            }
        }
    };
    expect(None, 1, "no-kubeconfig", "--kubeconfig FILE");
    expect(Some("/nonexistent/config"), 1, "kubeconfig-unusable", "--kubeconfig FILE");
    let failing = broken(dir.path(), &plugin);
    expect(Some(&failing), 4, "cluster-login-failed", "aws sso login --profile dev");
    let (_, _, err) = said(&run(&["diagnose"], Some(&failing)));
    assert!(err.contains("exit status: 255: Error loading SSO Token: Token for dev does not exist"), "{err}");
    // kubectl leaves out a file that is missing among others, and so does trustwalk.
    let both = format!("/nonexistent/config:{failing}");
    assert_eq!(run(&["diagnose"], Some(&both)).status.code(), Some(4));
    // A server that does not answer: nothing is known, whatever was asked.
    let down = broken(dir.path(), &json!({"token": "t"}));
    for words in asks {
        let out = run(words, Some(&down));
        assert_eq!(out.status.code(), Some(4), "{words:?}: {:?}", said(&out));
    }
    // A file that cannot be read.
    for words in [
        &["diagnose", "--bundle", "missing"][..],
        &["diagnose", "--log", "missing"],
        &["logs", "missing"],
        &["token", "missing"],
        &["trust", "missing"],
        &["thumbprint", "--from", "missing"],
    ] {
        let out = run(words, None);
        let (code, stdout, err) = said(&out);
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{words:?}: {err}");
        assert!(err.contains("cannot read `missing`"), "{words:?}: {err}");
        let told = failure(&run(&[words, &["-o", "json"]].concat(), None));
        assert_eq!(
            (told["code"].as_str(), told["where"].as_str()),
            (Some("file-unreadable"), Some("missing")),
            "{told}"
        );
    }
    for words in [&["rollback", "missing"][..], &["fix", "--resume", "missing"], &["fix", "--plan", "missing"]] {
        let told = failure(&run(&[words, &["-o", "json"]].concat(), None));
        assert!(told["exit"] == 1 && told.to_string().contains("missing"), "{told}");
    }
    // Words that make no sense have a document as well.
    for words in [&["diagnose", "--nope", "-o", "json"][..], &["trust", "-ojson"], &["fix", "--output=json", "--plan"]]
    {
        assert_eq!(failure(&run(words, None))["code"], "usage", "{words:?}");
    }
    let yaml = said(&run(&["diagnose", "-o", "yaml"], None)).1;
    assert!(yaml.starts_with("schema: 1\nerror:\n  code: no-kubeconfig\n"), "{yaml}");
}

#[test]
fn targets_are_named_as_kubectl_takes_them() {
    let lab = LabProcess::up(&["--broken"]);
    ready(&lab);
    let names = |words: &[&str]| -> Vec<String> {
        let out = lab.trustwalk(&[&["diagnose", "--no-exchange", "-o", "json"], words].concat());
        let (code, text, err) = said(&out);
        assert!(matches!(code, Some(0 | 3 | 4)), "{words:?}: {err}");
        let all: Value = serde_json::from_str(&text).unwrap();
        let target = |d: &Value| {
            let t = &d["target"];
            let kind = t["resource"].as_str().unwrap_or("ServiceAccount");
            format!("{}/{}", kind.to_lowercase(), t["name"].as_str().unwrap())
        };
        all.as_array().unwrap().iter().map(target).collect()
    };
    let both = ["daemonset/aws-node", "deployment/ledger"];
    for words in [
        &["ds/kube-system/aws-node", "deploy/payments/ledger"][..],
        &["DaemonSet.apps/kube-system/aws-node", "deployments/payments/ledger", "deploy/payments/ledger"],
        &["ds,deploy", "aws-node", "ledger", "-A"],
    ] {
        assert_eq!(names(words), both, "{words:?}");
    }
    assert_eq!(names(&["deploy", "ledger", "-n", "payments"]), ["deployment/ledger"]);
    assert_eq!(names(&["deployments", "-n", "payments"]), ["deployment/ledger"]);
    assert_eq!(names(&["-n", "payments"]), ["deployment/ledger"]);
    assert_eq!(names(&["ds", "-A"]), ["daemonset/aws-node"]);
    assert!(names(&["-A"]).len() > 2 && names(&["-A"]) == names(&[]));
    // Without a kind, as it stands in a chat or in a list of all namespaces: whatever runs pods under that name.
    for words in [&["payments/ledger"][..], &["ledger", "-n", "payments"], &["ledger", "-A"]] {
        assert_eq!(names(words), ["deployment/ledger"], "{words:?}");
    }
    let labels = ["get", "daemonset", "aws-node", "-n", "kube-system", "-o", "jsonpath={.metadata.labels}"];
    let labels: Value = serde_json::from_str(&succeed(lab.command(tool("kubectl")).args(labels))).unwrap();
    let (name, value) = labels.as_object().unwrap().iter().next().unwrap();
    let selector = format!("{name}={}", value.as_str().unwrap());
    assert_eq!(names(&["ds", "-l", &selector, "-A"]), ["daemonset/aws-node"]);
    // What is not sound, for the next command.
    let out = said(&lab.trustwalk(&["diagnose", "ds", "-A", "-o", "name"])).1;
    assert_eq!(out, "daemonset/kube-system/aws-node\n");
    let again = lab.trustwalk(&["diagnose", out.trim(), "-o", "yaml"]);
    let yaml = said(&again).1;
    assert!(again.status.code() == Some(3) && yaml.contains("\n  outcome: root-cause\n"), "{yaml}");
    // Of logs, only what is new: the story's failures are.
    let recent = lab.trustwalk(&["diagnose", "ds/aws-node", "-n", "kube-system", "--since", "1h", "-o", "short"]);
    assert_eq!(recent.status.code(), Some(3), "{:?}", said(&recent));
    for wrong in [&["-A", "-n", "x"][..], &["--since", "soon"], &["ds/a", "b"], &["-", "ds/a"]] {
        let out = lab.trustwalk(&[&["diagnose"], wrong].concat());
        assert_eq!(out.status.code(), Some(2), "{wrong:?}: {:?}", said(&out));
    }
}

#[test]
fn bundles_are_packed_piped_and_chosen_from() {
    let lab = LabProcess::up(&["--broken"]);
    ready(&lab);
    let packed = lab.trustwalk(&["collect", "--no-exchange", "-o", "all.json.gz"]);
    assert!(matches!(packed.status.code(), Some(0 | 4)), "{:?}", said(&packed));
    let bytes = std::fs::read(lab.dir.path().join("all.json.gz")).unwrap();
    assert!(bytes.starts_with(&[0x1f, 0x8b]), "it is not packed");
    let plain = succeed(lab.command("gzip").args(["-dc", "all.json.gz"]));
    let short = |words: &[&str], input: &[u8]| {
        let mut command = lab.command(env!("CARGO_BIN_EXE_trustwalk"));
        let out = fed(command.args(["diagnose", "-o", "short", "--bundle"]).args(words), input);
        assert!(matches!(out.status.code(), Some(0 | 3 | 4)), "{words:?}: {:?}", said(&out));
        said(&out).1
    };
    let whole = short(&["all.json.gz"], b"");
    assert!(whole.lines().count() > 3, "{whole}");
    assert_eq!(short(&["-"], plain.as_bytes()), whole);
    assert_eq!(short(&["-"], &bytes), whole);
    let one = short(&["all.json.gz", "daemonset/aws-node", "-n", "kube-system"], b"");
    assert!(one.contains("thumbprint-mismatch") && one.len() < whole.len(), "{one}");
    assert_eq!(short(&["all.json.gz", "ds", "aws-node"], b""), one);
    assert_eq!(short(&["all.json.gz", "-n", "kube-system", "ds"], b""), one);
    assert_eq!(short(&["all.json.gz", "kube-system/aws-node"], b""), short(&["all.json.gz", "aws-node"], b""));
    assert!(short(&["all.json.gz", "aws-node"], b"").contains(one.lines().next().unwrap()));
    for (words, near) in [
        (&["daemonset/aws-nod", "-n", "kube-system"][..], "daemonset/aws-node -n kube-system"),
        (&["-n", "kube-sytem"], "-n kube-system"),
        (&["daemonset/aws-nod"], "daemonset/aws-node -n kube-system"),
        (&["kube-system/aws-nod"], "aws-node"),
    ] {
        let out = lab.trustwalk(&[&["diagnose", "--bundle", "all.json.gz"], words].concat());
        let (code, _, err) = said(&out);
        assert!(code == Some(2) && err.contains("does not exist in the bundle") && err.contains(near), "{err}");
        assert!(err.lines().last().is_some_and(|next| next.contains("--bundle all.json.gz")), "{err}");
    }
}

#[test]
fn a_message_is_taken_apart_and_nothing_is_run() {
    let dir = tempfile::tempdir().unwrap();
    let text = "hey, our ledger deployment in the payments namespace can't reach S3 since noon. It should get \
        `arn:aws:iam::111122223333:role/HarbourLedgerRole` (cluster *harbour*, us-west-2):\n\
        An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: OpenIDConnect \
        provider's HTTPS certificate doesn't match configured thumbprint (request id \
        0a1b2c3d-1111-2222-3333-444455556666)";
    let offer = "trustwalk diagnose deployment/ledger -n payments --cluster harbour --region us-west-2";
    for words in [&["explain", "-"][..], &["diagnose", "-"]] {
        let mut command = trustwalk();
        command.current_dir(dir.path()).env("HOME", dir.path()).env("AWS_EC2_METADATA_DISABLED", "true");
        let (_, out, err) = said(&fed(command.args(words), text.as_bytes()));
        assert!(out.contains(offer) && out.contains("thumbprint-mismatch"), "{words:?}: {out}{err}");
        assert!(out.contains("111122223333") && out.contains("0a1b2c3d-1111"), "{words:?}: {out}");
    }
    let document = said(&trustwalk().args(["explain", text, "-o", "json"]).output().unwrap()).1;
    let document: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["named"]["objects"][0]["name"], "ledger", "{document}");
}

#[test]
fn waiting_ends_when_all_is_sound_or_the_time_is_over() {
    let lab = LabProcess::up(&[]);
    ready(&lab);
    let target = ["daemonset/aws-node", "-n", "kube-system"];
    let sound = lab.trustwalk(&[&["diagnose"], &target[..], &["--wait", "--timeout", "1s"]].concat());
    assert_eq!(sound.status.code(), Some(0), "{:?}", said(&sound));
    assert_eq!(lab.lab(&["break", "sub-wrong-namespace"]).status.code(), Some(0));
    let broken = ["deployment/ledger", "-n", "payments"];
    until(|| (lab.trustwalk(&[&["diagnose"], &broken[..]].concat()).status.code() == Some(3)).then_some(()));
    let late = lab.trustwalk(&[&["diagnose"], &broken[..], &["--wait", "--timeout", "1s", "-o", "short"]].concat());
    let (code, out, err) = said(&late);
    assert!(code == Some(3) && out.contains("sub-wrong-namespace") && err.contains("not yet: "), "{out}{err}");
    let mut waiting = lab.command(env!("CARGO_BIN_EXE_trustwalk"));
    let mut waiting = waiting
        .args(["diagnose"])
        .args(broken)
        .args(["--wait", "--timeout", "50s"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It has looked once when it says so.
    let mut line = String::new();
    BufReader::new(waiting.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("not yet: deployment/ledger"), "{line}");
    assert_eq!(lab.lab(&["mend"]).status.code(), Some(0));
    let out = waiting.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(0), "{:?}", said(&out));
}

/// A kubeconfig of a server that takes connections and never answers.
fn silent(dir: &Path) -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let path = broken(dir, &json!({"token": "t"}));
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, config.replace("127.0.0.1:9", &listener.local_addr().unwrap().to_string())).unwrap();
    (listener, path)
}

#[test]
fn a_signal_says_what_was_being_done_and_a_timeout_what_was_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let (listener, config) = silent(dir.path());
    for words in [&["diagnose"][..], &["diagnose", "deployment/x"], &["fix", "-n", "x"], &["collect"], &["access"]] {
        let mut command = trustwalk();
        command.env("KUBECONFIG", &config).env("HOME", dir.path()).env("AWS_EC2_METADATA_DISABLED", "true");
        command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").env("AWS_MAX_ATTEMPTS", "1").current_dir(dir.path());
        let mut child = command.args(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // The request is there once its first byte is.
        let (mut connection, _) = listener.accept().unwrap();
        connection.read_exact(&mut [0; 1]).unwrap();
        succeed(Command::new("kill").args(["-INT", &child.id().to_string()]));
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{words:?}: {err}");
        assert!(err.contains("stopped while ") && err.contains("waiting for the API server"), "{words:?}: {err}");
        assert!(err.contains("SIGINT") && err.contains("nothing was changed"), "{words:?}: {err}");
    }
    let mut command = trustwalk();
    command.env("KUBECONFIG", &config).env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").env("HOME", dir.path());
    let out = command.args(["diagnose", "--timeout", "1s", "-o", "json"]).output().unwrap();
    let told = failure(&out);
    assert_eq!((told["code"].as_str(), told["exit"].as_i64()), (Some("timed-out"), Some(4)), "{told}");
    assert!(told["what"].as_str().unwrap().contains("the API server"), "{told}");
}

#[test]
fn a_terminal_is_told_what_is_waited_for_and_the_line_is_taken_away() {
    let dir = tempfile::tempdir().unwrap();
    let (_listener, config) = silent(dir.path());
    for (words, told) in [(&["diagnose", "--timeout", "2s"][..], true), (&["-q", "diagnose", "--timeout", "1s"], false)]
    {
        let mut command = trustwalk();
        command.env("KUBECONFIG", &config).env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").env("HOME", dir.path());
        let screen = support::screen::on_screen(support::screen::usual(command.args(words)), (80, 24), "");
        let bytes = String::from_utf8_lossy(&screen.bytes).into_owned();
        assert_eq!(bytes.contains("waiting for the API server"), told, "{bytes:?}");
        assert_eq!(screen.code, Some(4), "{bytes:?}");
        assert!(screen.rows[0].starts_with("error: there was no result within"), "{}", screen.text());
    }
}
