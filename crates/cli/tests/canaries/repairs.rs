//! A repair in the lab: plan, journal, receipt and rollback, while the account repeats what it is sent.

use std::io::{BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::server::{Asked, read};
use super::{canary, echo, leaks};
use crate::support::{LabProcess, succeed, tool, until};

const TARGET: [&str; 3] = ["daemonset/aws-node", "-n", "kube-system"];

/// Passes the lab's account on, but for writes while they are to be refused.
fn before(account: &str, refuse: Arc<AtomicBool>) -> SocketAddr {
    let to: SocketAddr = account.trim_start_matches("http://").parse().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let refuse = refuse.clone();
            std::thread::spawn(move || pass(&stream, to, &refuse));
        }
    });
    address
}

/// One request a connection.
fn pass(client: &TcpStream, to: SocketAddr, refuse: &AtomicBool) -> Option<()> {
    let asked = read(&mut BufReader::new(client))?;
    let mut client = client;
    if asked.has("Action=Update") && refuse.load(Ordering::SeqCst) {
        let words = format!("{}\n{}", asked.headers, echo("write")).replace('&', "&amp;");
        let body = format!(
            "<ErrorResponse><Error><Code>InvalidInput</Code><Message>{words}</Message></Error></ErrorResponse>"
        );
        let head = format!("HTTP/1.1 400 X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
        return client.write_all(&[head, body].concat().into_bytes()).ok();
    }
    let Asked { first, headers, body } = asked;
    let mut server = TcpStream::connect(to).ok()?;
    server.write_all(format!("{first}\r\n{headers}connection: close\r\n\r\n{body}").as_bytes()).ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).ok()?;
    client.write_all(&answer).ok()
}

/// Writes secrets where people write freely.
fn plant(lab: &LabProcess) {
    let kubectl = |words: &[&str]| succeed(lab.command(tool("kubectl")).args(words));
    let own = canary("planted");
    let note = format!("note={own}");
    for target in ["daemonset/aws-node", "serviceaccount/aws-node"] {
        kubectl(&["annotate", target, "-n", "kube-system", &note, &format!("vault/token={own}")]);
        kubectl(&["label", target, "-n", "kube-system", &note]);
    }
    let template = serde_json::json!({"spec": {"template": {"metadata": {"annotations": {"note": own}}, "spec": {
        "containers": [{"name": "aws-node", "args": ["--password", own],
            "env": [{"name": "DB_PASS", "value": own}]}]}}}});
    kubectl(&["patch", "daemonset/aws-node", "-n", "kube-system", "-p", &template.to_string()]);
    // As the name of a stack, which owns the provider: plans and receipts say past whom they go.
    let aws = |line: &str, more: &[&str]| succeed(lab.command(tool("aws")).args(line.split(' ')).args(more));
    let all: serde_json::Value =
        serde_json::from_str(&aws("iam list-open-id-connect-providers --output json", &[])).unwrap();
    for provider in all.pointer("/OpenIDConnectProviderList").unwrap().as_array().unwrap() {
        let arn = provider.pointer("/Arn").unwrap().as_str().unwrap();
        lab.give_to_stack(arn, &format!("shop;token={own}"));
    }
}

#[test]
fn plans_journals_receipts_and_what_is_undone() {
    let lab = LabProcess::up(&["--broken"]);
    plant(&lab);
    let refuse = Arc::new(AtomicBool::new(true));
    let endpoint = format!("http://{}", before(lab.env.get("AWS_ENDPOINT_URL").unwrap(), refuse.clone()));
    let (receipt, plan) = (lab.dir.path().join("receipt.json"), lab.dir.path().join("plan.json"));
    let run = |words: &[&str]| {
        // A list of receipts asks nobody.
        let place: &[&str] = if words.contains(&"receipts") { &[] } else { &["--endpoint-url", &endpoint] };
        let out = lab.trustwalk(&[words, place].concat());
        let text: String = [out.stdout, out.stderr].iter().map(|b| String::from_utf8_lossy(b).into_owned()).collect();
        let written = [&receipt, &plan].map(|path| std::fs::read_to_string(path).unwrap_or_default()).concat();
        let found = [leaks(&words.join(" "), &text), leaks("plan and receipt", &written)].concat();
        assert!(found.is_empty(), "secrets came out:\n{}", found.join("\n---\n"));
        text
    };
    until(|| {
        run(&[&["diagnose"], &TARGET[..], &["-o", "short"]].concat()).contains("thumbprint-mismatch").then_some(())
    });
    for words in [&["diagnose", "-v"][..], &["diagnose", "-o", "json"], &["collect", "-o", "-"], &["fix"]] {
        run(&[words, &TARGET].concat());
    }
    let kept = run(&[&["fix"], &TARGET[..], &["--out", "plan.json"]].concat());
    assert!(kept.contains("CloudFormation, stack shop"), "{kept}");
    run(&[&["fix", "--plan", "plan.json"], &TARGET[..], &["-o", "json"]].concat());
    let approve = ["--force-drift", "--approve", "--receipt", "receipt.json"];
    let stopped = run(&[&["fix"], &TARGET[..], &approve].concat());
    assert!(stopped.contains("InvalidInput"), "{stopped}");
    assert!(std::fs::read_to_string(&receipt).unwrap().contains("InvalidInput"), "the receipt says why");
    run(&["fix", "--resume", "receipt.json"]);
    run(&["rollback", "receipt.json"]);
    refuse.store(false, Ordering::SeqCst);
    let done = run(&["fix", "--resume", "receipt.json", "--approve"]);
    assert!(done.contains("verified"), "{done}");
    refuse.store(true, Ordering::SeqCst);
    assert!(run(&["rollback", "receipt.json", "--approve"]).contains("InvalidInput"));
    refuse.store(false, Ordering::SeqCst);
    run(&["rollback", "receipt.json", "-o", "json"]);
    let undone = run(&["rollback", "receipt.json", "--approve"]);
    assert!(undone.contains("Rolled back 1"), "{undone}");
    // With who it was that did it, and past whom.
    let past = run(&["receipts"]);
    assert!(past.contains("past:     CloudFormation, stack shop"), "{past}");
    run(&["receipts", "-o", "json"]);
}
