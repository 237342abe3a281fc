//! A gate before an API: it holds a chosen request until it is let go, or breaks connections at chosen pieces.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex};

use serde_json::Value;

use super::LabProcess;

/// What the gate holds, and whether it does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    Nothing,
    Waits,
    Holds,
}

/// A gate before an API: the first request that is meant stays in it until it is let go.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) address: SocketAddr,
    state: Arc<(Mutex<Held>, Condvar)>,
}

impl Gate {
    pub(crate) fn before(url: &str, meant: impl Fn(&[u8]) -> bool + Send + Sync + Clone + 'static) -> Self {
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
                        true
                    });
                });
                std::thread::spawn(move || pass(from_server, to_client, |_| true));
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
    pub(crate) fn wait(&self, run: &mut Child) {
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

    pub(crate) fn open(&self) {
        let (state, changed) = &*self.state;
        *state.lock().unwrap() = Held::Nothing;
        changed.notify_all();
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, goes: impl Fn(&[u8]) -> bool) {
    let mut piece = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        if !goes(&piece[..length]) || to.write_all(&piece[..length]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

/// A relay before an API, which asks about every piece of a request and of an answer whether it goes on; a piece that
/// does not ends its connection.
pub(crate) fn relay(url: &str, goes: impl Fn(&[u8], bool) -> bool + Send + Sync + Clone + 'static) -> SocketAddr {
    let upstream = url.split_once("://").unwrap().1.trim_end_matches('/').to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(server) = TcpStream::connect(&upstream) else { continue };
            for (answer, from, to) in [(false, &client, &server), (true, &server, &client)] {
                let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else { continue };
                let goes = goes.clone();
                std::thread::spawn(move || pass(from, to, |piece| goes(piece, answer)));
            }
        }
    });
    address
}

/// A kubeconfig of the lab whose server is behind an address.
pub(crate) fn kubeconfig(lab: &LabProcess, address: SocketAddr) -> std::path::PathBuf {
    let config = std::fs::read(&lab.env["KUBECONFIG"]).unwrap();
    let mut config: Value = serde_json::from_slice(&config).unwrap();
    config["clusters"][0]["cluster"]["server"] = format!("https://{address}").into();
    let path = lab.dir.path().join("gated");
    std::fs::write(&path, config.to_string()).unwrap();
    path
}

/// The API server's address in the lab's own kubeconfig.
pub(crate) fn server(lab: &LabProcess) -> String {
    let config = std::fs::read(&lab.env["KUBECONFIG"]).unwrap();
    let config: Value = serde_json::from_slice(&config).unwrap();
    config["clusters"][0]["cluster"]["server"].as_str().unwrap().to_owned()
}

pub(crate) fn has(piece: &[u8], text: &str) -> bool {
    piece.windows(text.len()).any(|w| w == text.as_bytes())
}

/// The gate before the account, with one action in it.
pub(crate) fn account_gate(lab: &LabProcess, action: &'static str) -> Gate {
    Gate::before(&lab.env["AWS_ENDPOINT_URL"], move |piece| has(piece, &format!("Action={action}")))
}

pub(crate) fn last_state(path: &Path) -> Option<String> {
    let receipt: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    Some(receipt["entries"].as_array()?.last()?["state"].as_str()?.to_owned())
}
