//! The environment's proxy: gone through for what lies outside, left alone for loopback.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use crate::support;
use crate::support::{LabProcess, succeed, tool};

const HOST: &str = "oidc.eks.us-west-2.amazonaws.com";

/// A proxy that knows where the lab's issuer is, and tells what it was asked for.
fn proxy(issuer: &(String, String)) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = channel();
    let to: SocketAddr = format!("{}:{}", issuer.0, issuer.1).parse().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let tell = tell.clone();
            std::thread::spawn(move || tunnel(client, to, &tell));
        }
    });
    (address, told)
}

fn tunnel(client: TcpStream, to: SocketAddr, tell: &std::sync::mpsc::Sender<String>) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut asked = String::new();
    reader.read_line(&mut asked).ok()?;
    let mut line = String::new();
    while reader.read_line(&mut line).ok()? > 2 {
        line.clear();
    }
    tell.send(asked.trim().to_owned()).ok()?;
    let mut client = client;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
    let server = TcpStream::connect(to).ok()?;
    let (mut up, mut down) = (server.try_clone().ok()?, client.try_clone().ok()?);
    std::thread::spawn(move || std::io::copy(&mut reader, &mut up));
    std::io::copy(&mut &server, &mut down).ok()?;
    None
}

#[test]
fn issuers_are_asked_through_it_and_loopback_is_not() {
    let lab = LabProcess::up(&[]);
    let rollout = ["rollout", "status", "daemonset/aws-node", "-n", "kube-system", "--timeout=60s"];
    succeed(lab.command(tool("kubectl")).args(rollout));
    let (address, told) = proxy(&lab.address_of(HOST));
    let url = format!("http://{address}");
    // Without the rule that says where the issuer is, only the proxy knows.
    let mut diagnose = lab.command(env!("CARGO_BIN_EXE_trustwalk"));
    diagnose.env("HTTPS_PROXY", &url).env_remove("TRUSTWALK_CONNECT_TO");
    let out = diagnose.args(["diagnose", "daemonset/aws-node", "-n", "kube-system"]).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    assert_eq!(out.status.code(), Some(0), "{text}");
    let asked: Vec<String> = told.try_iter().collect();
    assert!(!asked.is_empty() && asked.iter().all(|a| *a == format!("CONNECT {HOST}:443 HTTP/1.1")), "{asked:?}");

    let mut excepted = lab.command(env!("CARGO_BIN_EXE_trustwalk"));
    excepted.env("HTTPS_PROXY", &url).env("NO_PROXY", "amazonaws.com");
    assert_eq!(
        excepted.args(["diagnose", "daemonset/aws-node", "-n", "kube-system"]).status().unwrap().code(),
        Some(0)
    );
    assert_eq!(told.try_iter().count(), 0, "what is excepted goes direct");
}

#[test]
fn a_proxy_of_another_kind_is_refused_in_words() {
    let mut run = support::trustwalk();
    let out = run.env("HTTPS_PROXY", "socks5://127.0.0.1:9").args(["thumbprint", "issuer.example"]).output().unwrap();
    assert_eq!(out.status.code(), Some(1));
    let said = String::from_utf8(out.stderr).unwrap();
    assert!(said.contains("`HTTPS_PROXY` or `ALL_PROXY` names a proxy of the kind `socks5`"), "{said}");
}
