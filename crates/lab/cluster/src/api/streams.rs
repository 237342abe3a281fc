//! `exec`: a command's input and output as a stream; and of which container a stream is.

use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use hyper::{Request, body::Incoming};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};
use trustwalk_lab_serve::PATIENCE;

use crate::{
    api::{
        reply::Reply,
        request::{Call, Target},
        shared::Shared,
        upgrade::{self, Socket},
    },
    contract::ExecResult,
    objects::{address::Key, errors::ApiError, json as j},
};

/// Longest a command may take with its input, which a person types: a kubelet closes what is idle for four hours
/// (`streamingConnectionIdleTimeout`), and the lab's commands end at once.
const LONGEST_SESSION: Duration = Duration::from_hours(1);
/// Most bytes of input: commands of the lab read little of it.
const LARGEST_INPUT: usize = 3 * 1024 * 1024;

/// The container a call is about: named, or the pod's first.
pub(super) fn container(call: &Call, pod: &Value) -> Result<String, ApiError> {
    let names: Vec<&str> = ["/spec/containers", "/spec/initContainers", "/spec/ephemeralContainers"]
        .iter()
        .flat_map(|list| j::items(pod, list))
        .map(|c| j::text(c, "/name"))
        .collect();
    let main = j::items(pod, "/spec/containers");
    let chosen = call.param("container");
    if !chosen.is_empty() {
        return if names.contains(&chosen) {
            Ok(chosen.to_owned())
        } else {
            Err(ApiError::bad_request(format!("container {chosen} is not valid for pod {}", j::name(pod))))
        };
    }
    let annotated = j::text(pod, "/metadata/annotations/kubectl.kubernetes.io~1default-container");
    if names.contains(&annotated) {
        return Ok(annotated.to_owned());
    }
    if main.len() > 1 {
        let choices: Vec<&str> = main.iter().map(|c| j::text(c, "/name")).collect();
        return Err(ApiError::bad_request(format!(
            "a container name must be specified for pod {}, choose one of: [{}]",
            j::name(pod),
            choices.join(" ")
        )));
    }
    Ok(main.first().map_or("", |c| j::text(c, "/name")).to_owned())
}

pub(super) fn pod_of(shared: &Shared, key: &Key) -> Result<Arc<Value>, ApiError> {
    shared.store.get(key).ok_or_else(|| ApiError::not_found(&key.gvr, &key.name))
}

/// Channel numbers of the remote-command protocol (Kubernetes source,
/// `k8s.io/apimachinery/pkg/util/remotecommand`).
mod channel {
    pub(super) const STDIN: u8 = 0;
    pub(super) const STDOUT: u8 = 1;
    pub(super) const STDERR: u8 = 2;
    pub(super) const ERROR: u8 = 3;
    pub(super) const CLOSE: u8 = 255;
}

/// Versions we speak, best first.
const PROTOCOLS: [&str; 2] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

/// `…/pods/{name}/exec` as a WebSocket.
pub(crate) fn exec(
    shared: &Arc<Shared>,
    call: &Call,
    target: &Target,
    request: Request<Incoming>,
) -> Result<Reply, ApiError> {
    let pod = pod_of(shared, &target.key()?)?;
    let container = container(call, &pod)?;
    let (reply, pending, _) = upgrade::websocket(request, &PROTOCOLS)?;
    let command: Vec<String> =
        call.query.iter().filter(|(name, _)| name == "command").map(|(_, value)| value.clone()).collect();
    let session = Session {
        shared: Arc::clone(shared),
        pod,
        container,
        command,
        stdin: call.flag("stdin"),
        tty: call.flag("tty"),
    };
    tokio::spawn(async move {
        if let Some((socket, _place)) = pending.socket().await {
            // What a client neither sends nor reads in that time is not waited for.
            let _cut_off = tokio::time::timeout(LONGEST_SESSION, session.run(socket)).await;
        }
    });
    Ok(reply)
}

struct Session {
    shared: Arc<Shared>,
    pod: Arc<Value>,
    container: String,
    command: Vec<String>,
    stdin: bool,
    tty: bool,
}

impl Session {
    async fn run(self, mut socket: Socket) {
        let input = if self.stdin { Some(self.read_stdin(&mut socket).await) } else { None };
        let runtime = Arc::clone(&self.shared.config.runtime);
        let (pod, container, command) = (self.pod, self.container, self.command);
        // A runtime may block (it is a synchronous trait): keep it off the reactor.
        let ran = tokio::task::spawn_blocking(move || runtime.exec(&pod, &container, &command, input));
        let result = ran.await.unwrap_or_else(|_| ExecResult {
            stderr: b"the runtime gave up\n".to_vec(),
            code: 137,
            ..ExecResult::default()
        });
        let ExecResult { mut stdout, mut stderr, code } = result;
        if self.tty {
            // A terminal has one output.
            stdout.append(&mut stderr);
        }
        for (number, bytes) in [(channel::STDOUT, stdout), (channel::STDERR, stderr)] {
            if !bytes.is_empty() {
                let _ = socket.send(frame(number, &bytes)).await;
            }
        }
        let _ = socket.send(frame(channel::ERROR, exit_status(code).to_string().as_bytes())).await;
        // Clients report any other code, and none, as an error.
        let normal = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        let _ = socket.close(Some(normal)).await;
        // Reading on lets the closing handshake complete.
        let closing = async { while let Some(Ok(_)) = socket.next().await {} };
        let _unanswered = tokio::time::timeout(PATIENCE, closing).await;
    }

    /// Everything the client sends until it closes its end. A terminal never
    /// does: its first line is all that is waited for.
    async fn read_stdin(&self, socket: &mut Socket) -> Vec<u8> {
        let mut input = Vec::new();
        while let Some(Ok(message)) = socket.next().await {
            let Message::Binary(bytes) = message else {
                continue;
            };
            match bytes.split_first() {
                Some((&channel::STDIN, rest)) => {
                    let room = LARGEST_INPUT.saturating_sub(input.len());
                    input.extend_from_slice(rest.get(..room.min(rest.len())).unwrap_or_default());
                    if self.tty && rest.iter().any(|b| matches!(b, b'\n' | b'\r' | 4)) {
                        break;
                    }
                }
                Some((&channel::CLOSE, [channel::STDIN, ..])) => break,
                _ => {}
            }
        }
        input
    }
}

fn frame(number: u8, bytes: &[u8]) -> Message {
    let mut data = vec![number];
    data.extend_from_slice(bytes);
    Message::Binary(data.into())
}

/// How the error channel says an exit code (v4 and later).
fn exit_status(code: i32) -> Value {
    if code == 0 {
        return json!({"metadata": {}, "status": "Success"});
    }
    json!({
        "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
        "message": format!("command terminated with non-zero exit code: exit code {code}"),
        "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
    })
}
