//! `portforward`: a pod's ports over one WebSocket, in the channel protocol kubelets speak
//! (Kubernetes source, `k8s.io/kubelet/pkg/cri/streaming/portforward`): the port at
//! position n has channel 2n for data and 2n + 1 for errors, and the server opens each with
//! the port's number in two bytes, the lower first.
//!
//! kubectl tunnels SPDY through the socket instead: see `tunnel`.

use std::{net::SocketAddr, sync::Arc};

use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use hyper::{Request, body::Incoming};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    task::JoinSet,
};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use crate::{
    api::{
        reply::Reply,
        request::{Call, Target},
        shared::Shared,
        tunnel,
        upgrade::{self, Socket},
    },
    objects::{address::Gvr, errors::ApiError, json as j, selector::matches_label_selector},
};

/// The version kubelets speak over a socket of this kind.
const PROTOCOLS: [&str; 2] = [TUNNEL, "v4.channel.k8s.io"];
/// SPDY in a socket.
const TUNNEL: &str = "SPDY/3.1+portforward.k8s.io";
/// Ports in one call: channels are numbered in one byte, two for each port.
const MOST_PORTS: usize = 128;
/// Bytes of one frame towards the client.
const FRAME_BYTES: usize = 16 << 10;
/// Frames that wait for a slow client before the pod has to.
const WAITING_FRAMES: usize = 16;

/// One port asked for.
struct Forward {
    port: u16,
    /// Where the pod's program really listens.
    listener: Option<SocketAddr>,
}

/// `…/pods/{name}/portforward` as a WebSocket.
pub(crate) fn open(
    shared: &Arc<Shared>,
    call: &Call,
    target: &Target,
    request: Request<Incoming>,
) -> Result<Reply, ApiError> {
    let key = target.key()?;
    let pod = shared.store.get(&key).ok_or_else(|| ApiError::not_found(&key.gvr, &key.name))?;
    if j::text(&pod, "/spec/nodeName").is_empty() {
        return Err(ApiError::bad_request(format!("pod {} does not have a host assigned", key.name)));
    }
    // Which protocol it is comes first: SPDY names its ports elsewhere.
    let (reply, pending, protocol) = upgrade::websocket(request, &PROTOCOLS)?;
    let who = format!("pod {}, uid {}", key.name, j::uid(&pod));
    if protocol == TUNNEL {
        let shared = Arc::clone(shared);
        let find: tunnel::Listener = Arc::new(move |port| listener(&shared, &pod, port));
        tokio::spawn(async move {
            if let Some((socket, _place)) = pending.socket().await {
                tunnel::run(socket, find, who).await;
            }
        });
        return Ok(reply);
    }
    let ports = ports(call)?;
    let forwards: Vec<Forward> =
        ports.into_iter().map(|port| Forward { port, listener: listener(shared, &pod, port) }).collect();
    tokio::spawn(async move {
        if let Some((socket, _place)) = pending.socket().await {
            run(socket, &forwards, &who).await;
        }
    });
    Ok(reply)
}

/// `ports`, as often as given and as lists.
fn ports(call: &Call) -> Result<Vec<u16>, ApiError> {
    let given = call.query.iter().filter(|(name, _)| name == "ports").flat_map(|(_, value)| value.split(','));
    let read = |text: &str| match text.parse() {
        Ok(0) | Err(_) => Err(ApiError::bad_request(format!("unable to parse \"{text}\" as a port"))),
        Ok(port) => Ok(port),
    };
    let ports: Vec<u16> = given.map(read).collect::<Result<_, _>>()?;
    match ports.len() {
        0 => Err(ApiError::bad_request("query parameter \"ports\" is required")),
        1..=MOST_PORTS => Ok(ports),
        more => Err(ApiError::bad_request(format!("{more} ports are more than {MOST_PORTS}"))),
    }
}

/// The listener behind a pod's port, as the service that selects the pod leads to it.
fn listener(shared: &Shared, pod: &Value, port: u16) -> Option<SocketAddr> {
    let namespace = j::namespace(pod);
    let labels = j::at(pod, "/metadata/labels");
    let (_, services) = shared.store.list(&Gvr::core("services"), Some(namespace));
    services.iter().find_map(|service| {
        let selector = j::at(service, "/spec/selector");
        // A service without a selector selects nothing.
        if selector.as_object().is_none_or(serde_json::Map::is_empty)
            || !matches_label_selector(&json!({"matchLabels": selector}), labels)
        {
            return None;
        }
        let own = j::items(service, "/spec/ports").iter().find(|p| leads_to(p, pod, port))?;
        let number = u16::try_from(j::int(own, "/port")?).ok()?;
        shared.config.resolver.resolve(namespace, j::name(service), number).map(|(address, _)| address)
    })
}

/// Whether a service's port ends at this one of the pod: by number or by the name a
/// container gives it.
fn leads_to(service_port: &Value, pod: &Value, port: u16) -> bool {
    match j::at(service_port, "/targetPort") {
        Value::String(name) => {
            let all = j::items(pod, "/spec/containers").iter().flat_map(|c| j::items(c, "/ports"));
            all.filter(|p| j::text(p, "/name") == name).any(|p| j::int(p, "/containerPort") == Some(port.into()))
        }
        Value::Number(number) => number.as_u64() == Some(port.into()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            j::int(service_port, "/port") == Some(port.into())
        }
    }
}

async fn run(socket: Socket, forwards: &[Forward], who: &str) {
    let (sink, source) = socket.split();
    let (frames, queue) = mpsc::channel(WAITING_FRAMES);
    let mut tasks = JoinSet::new();
    tasks.spawn(write(sink, queue));
    let mut inlets = Vec::new();
    for (forward, data) in forwards.iter().zip((0_u8..).step_by(2)) {
        let (port, errors) = (forward.port, data.saturating_add(1));
        for channel in [data, errors] {
            let _ = frames.send(frame(channel, &port.to_le_bytes())).await;
        }
        let connected = match forward.listener {
            Some(address) => TcpStream::connect(address).await.ok(),
            None => None,
        };
        if let Some(tcp) = connected {
            // Each frame is an answer somebody waits for.
            let _ = tcp.set_nodelay(true);
            let (from, to) = tcp.into_split();
            tasks.spawn(read(data, from, frames.clone()));
            inlets.push(Some(to));
        } else {
            let why = format!(
                "error forwarding port {port} to {who}: dial tcp4 127.0.0.1:{port}: connect: connection refused"
            );
            let _ = frames.send(frame(errors, why.as_bytes())).await;
            inlets.push(None);
        }
    }
    // The writer ends, and with it the socket, once no port has anything more to say.
    drop(frames);
    feed(source, inlets).await;
}

/// The client's bytes to the ports, until the socket is closed.
async fn feed(mut source: SplitStream<Socket>, mut inlets: Vec<Option<OwnedWriteHalf>>) {
    while let Some(Ok(message)) = source.next().await {
        let Message::Binary(bytes) = message else {
            continue;
        };
        let Some((channel, data)) = bytes.split_first() else {
            continue;
        };
        let inlet = inlets.get_mut(usize::from(channel / 2)).filter(|_| channel % 2 == 0);
        if let Some(place) = inlet
            && let Some(to) = place
            && to.write_all(data).await.is_err()
        {
            // The program has closed its end; what else is sent to it is lost, as on TCP.
            *place = None;
        }
    }
}

async fn read(channel: u8, mut from: OwnedReadHalf, frames: mpsc::Sender<Message>) {
    let mut buffer = vec![0; FRAME_BYTES];
    while let Ok(count) = from.read(&mut buffer).await {
        let bytes = buffer.get(..count).unwrap_or_default();
        if bytes.is_empty() || frames.send(frame(channel, bytes)).await.is_err() {
            return;
        }
    }
}

async fn write(mut sink: SplitSink<Socket, Message>, mut queue: mpsc::Receiver<Message>) {
    while let Some(message) = queue.recv().await {
        if sink.send(message).await.is_err() {
            return;
        }
    }
    let normal = CloseFrame { code: CloseCode::Normal, reason: "".into() };
    let _ = sink.send(Message::Close(Some(normal))).await;
}

fn frame(channel: u8, bytes: &[u8]) -> Message {
    let mut data = vec![channel];
    data.extend_from_slice(bytes);
    Message::Binary(data.into())
}
