//! HTTP on one connection, with an end for whoever sends or reads too slowly.

use std::{
    convert::Infallible,
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
};
use tokio_io_timeout::TimeoutStream;

use crate::Slot;

/// A connection without a request under way is closed after this long; a head that never ends is none. A
/// `kube-apiserver` waits 90 seconds, at which clients give up an idle connection themselves
/// (`k8s.io/apiserver`, `secure_serving.go`); the lab has fewer connections to spare.
pub const IDLE: Duration = Duration::from_secs(30);
/// Longest a TLS handshake or a request's body may take: clients are next door.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// Longest that a client may take none of what is sent to it.
const UNREAD: Duration = Duration::from_secs(30);
/// What is under way when a connection is closed has this long to end.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// Largest head: hyper's default is some 400 KiB, clients of the lab send a token and a dozen lines.
const LARGEST_HEAD: usize = 64 * 1024;
/// The same for HTTP/2, which counts fields after decompression.
const LARGEST_FIELDS: u32 = 64 * 1024;
/// Requests at a time on one connection: a `kube-apiserver`'s default (`--http2-max-streams-per-connection`).
const STREAMS: u32 = 100;
/// Bytes of answers held for each of them while the client does not read.
const UNSENT: usize = 64 * 1024;

/// The protocol, as TLS agreed on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.1, with upgrades.
    One,
    /// HTTP/2.
    Two,
}

/// Serves one connection until it ends, is idle, or its client does not read. Requests carry their [`Slot`] as an
/// extension, for what outlives the connection.
pub async fn speak<S, H, F, B>(stream: S, slot: Slot, version: Version, handle: H)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
    H: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Error = Infallible> + Send + Unpin + 'static,
    B::Data: Send,
{
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(UNREAD));
    let io = TokioIo::new(Box::pin(stream));
    let busy = watch::Sender::new(0_usize);
    let idle = quiet(busy.subscribe());
    let service = service_fn(move |mut request: Request<Incoming>| {
        let under_way = UnderWay::new(&busy);
        request.extensions_mut().insert(slot.clone());
        let answer = handle(request);
        async move { Ok::<_, Infallible>(answer.await.map(|body| Counted { body, _under_way: under_way })) }
    });
    match version {
        Version::One => {
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(IDLE).max_buf_size(LARGEST_HEAD);
            let connection = pin!(http.serve_connection(io, service).with_upgrades());
            run(connection, idle, |c| c.graceful_shutdown()).await;
        }
        Version::Two => {
            let mut http = http2::Builder::new(TokioExecutor::new());
            http.timer(TokioTimer::new())
                .keep_alive_interval(IDLE)
                .keep_alive_timeout(IDLE)
                .max_concurrent_streams(STREAMS)
                .max_header_list_size(LARGEST_FIELDS)
                .max_send_buf_size(UNSENT);
            let connection = pin!(http.serve_connection(io, service));
            run(connection, idle, |c| c.graceful_shutdown()).await;
        }
    }
}

/// Drives a connection until it ends, or is idle and has had time for its last words. A client that breaks off
/// loses only its own answers.
async fn run<C: Future>(mut connection: Pin<&mut C>, idle: impl Future<Output = ()>, close: impl FnOnce(Pin<&mut C>)) {
    tokio::select! {
        _ = &mut connection => return,
        () = idle => close(connection.as_mut()),
    }
    let _ended = tokio::time::timeout(LAST_WORDS, connection).await;
}

/// Completes once no request has been under way for [`IDLE`].
async fn quiet(mut busy: watch::Receiver<usize>) {
    loop {
        if busy.wait_for(|number| *number == 0).await.is_err() {
            // The service is gone, and the connection with it.
            return std::future::pending().await;
        }
        // Any change, as a short request may be over when this is looked at.
        if tokio::time::timeout(IDLE, busy.changed()).await.is_err() {
            return;
        }
    }
}

/// Counts a request from its arrival to the last byte of its answer.
struct UnderWay(watch::Sender<usize>);

impl UnderWay {
    fn new(busy: &watch::Sender<usize>) -> Self {
        busy.send_modify(|number| *number += 1);
        Self(busy.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|number| *number = number.saturating_sub(1));
    }
}

/// A body that is under way for as long as it exists.
struct Counted<B> {
    body: B,
    _under_way: UnderWay,
}

impl<B: Body + Unpin> Body for Counted<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
