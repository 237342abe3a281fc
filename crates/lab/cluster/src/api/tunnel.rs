//! Ports of a pod as `kubectl port-forward` asks for them: SPDY through a WebSocket (`SPDY/3.1+portforward.k8s.io`).
//! Each connection that a client takes is a pair of streams, one for bytes and one for what goes wrong
//! (`k8s.io/client-go/tools/portforward`).

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use futures_util::{SinkExt, StreamExt, stream::SplitSink};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    task::JoinSet,
};
use tokio_tungstenite::tungstenite::Message;

use super::{
    spdy::{Connection, Frame, data, pong},
    upgrade::Socket,
};

/// Bytes of one frame towards the client.
const FRAME_BYTES: usize = 16 << 10;
/// Frames that wait for a slow side before the other has to.
const WAITING_FRAMES: usize = 16;
/// Streams at a time; a browser opens some tens of pairs.
const MOST_STREAMS: usize = 512;

/// Where the pod's program listens for a port, if it does.
pub(super) type Listener = Arc<dyn Fn(u16) -> Option<SocketAddr> + Send + Sync>;

/// A pair that is not whole yet.
#[derive(Default)]
struct Pair {
    port: u16,
    data: Option<u32>,
    error: Option<u32>,
}

/// Forwards until the client goes.
pub(super) async fn run(socket: Socket, listener: Listener, who: String) {
    let (sink, mut source) = socket.split();
    let (frames, queue) = mpsc::channel::<Vec<u8>>(WAITING_FRAMES);
    let mut tasks = JoinSet::new();
    tasks.spawn(write(sink, queue));
    let mut connection = Connection::new();
    let mut pairs: BTreeMap<String, Pair> = BTreeMap::new();
    let mut inlets: BTreeMap<u32, mpsc::Sender<Vec<u8>>> = BTreeMap::new();
    while let Some(Ok(message)) = source.next().await {
        let Message::Binary(bytes) = message else { continue };
        connection.feed(&bytes);
        loop {
            let frame = match connection.next() {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(_) => return,
            };
            match frame {
                Frame::Open { stream, headers } => {
                    if pairs.len() + inlets.len() >= MOST_STREAMS {
                        return;
                    }
                    let _ = frames.send(connection.reply(stream)).await;
                    if let Some(pair) = paired(&mut pairs, stream, &headers) {
                        let (inlet, outlet) = mpsc::channel(WAITING_FRAMES);
                        inlets.retain(|_, inlet| !inlet.is_closed());
                        inlets.insert(pair.0, inlet);
                        let address = listener(pair.2);
                        tasks.spawn(forward(pair, address, outlet, frames.clone(), who.clone()));
                    }
                }
                Frame::Data { stream, bytes, last } => {
                    if let Some(inlet) = inlets.get(&stream) {
                        // A program that has ended takes no more; what is sent to it is lost, as on TCP.
                        let _ = inlet.send(bytes).await;
                    }
                    if last {
                        inlets.remove(&stream);
                    }
                }
                Frame::Reset { stream } => drop(inlets.remove(&stream)),
                Frame::Ping { number } => drop(frames.send(pong(number)).await),
                Frame::Leave => return,
                Frame::Other => {}
            }
        }
    }
}

/// Notes a stream; data, error and port of its pair once that is whole.
fn paired(
    pairs: &mut BTreeMap<String, Pair>,
    stream: u32,
    headers: &BTreeMap<String, String>,
) -> Option<(u32, u32, u16)> {
    let text = |name: &str| headers.get(name).map_or("", String::as_str);
    let request = text("requestid").to_owned();
    let pair = pairs.entry(request.clone()).or_default();
    pair.port = text("port").parse().unwrap_or(pair.port);
    match text("streamtype") {
        "error" => pair.error = Some(stream),
        _ => pair.data = Some(stream),
    }
    let whole = (pair.data?, pair.error?, pair.port);
    pairs.remove(&request);
    Some(whole)
}

/// One connection, from its first byte to its last.
async fn forward(
    (stream, errors, port): (u32, u32, u16),
    address: Option<SocketAddr>,
    mut outlet: mpsc::Receiver<Vec<u8>>,
    frames: mpsc::Sender<Vec<u8>>,
    who: String,
) {
    let connected = match address {
        Some(address) => TcpStream::connect(address).await.ok(),
        None => None,
    };
    if let Some(tcp) = connected {
        // Each frame is an answer somebody waits for.
        let _ = tcp.set_nodelay(true);
        let (mut from, mut to) = tcp.into_split();
        let up = async {
            while let Some(bytes) = outlet.recv().await {
                if to.write_all(&bytes).await.is_err() {
                    break;
                }
            }
            let _ = to.shutdown().await;
        };
        let down = async {
            let mut buffer = vec![0; FRAME_BYTES];
            while let Ok(count @ 1..) = from.read(&mut buffer).await {
                let bytes = buffer.get(..count).unwrap_or_default();
                if frames.send(data(stream, bytes, false)).await.is_err() {
                    break;
                }
            }
        };
        // The program's end is the connection's; the client may end its half before.
        tokio::pin!(up, down);
        tokio::select! {
            () = &mut down => {}
            () = &mut up => down.await,
        }
    } else {
        let why =
            format!("error forwarding port {port} to {who}: dial tcp4 127.0.0.1:{port}: connect: connection refused");
        let _ = frames.send(data(errors, why.as_bytes(), false)).await;
    }
    for stream in [errors, stream] {
        let _ = frames.send(data(stream, &[], true)).await;
    }
}

async fn write(mut sink: SplitSink<Socket, Message>, mut queue: mpsc::Receiver<Vec<u8>>) {
    while let Some(frame) = queue.recv().await {
        if sink.send(Message::Binary(frame.into())).await.is_err() {
            return;
        }
    }
}
