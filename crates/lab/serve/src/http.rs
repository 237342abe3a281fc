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
            run(connection, idle, http1::UpgradeableConnection::graceful_shutdown).await;
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
            run(connection, idle, http2::Connection::graceful_shutdown).await;
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http_body_util::Full;
    use hyper::body::Bytes;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
        sync::Semaphore,
        task::JoinHandle,
        time::Instant,
    };

    use super::*;

    /// What the pipe between client and server holds.
    const PIPE: usize = 1024;
    /// Larger than pipe and buffers together.
    const LARGE: usize = 4 * 1024 * 1024;

    async fn serve(version: Version) -> (DuplexStream, JoinHandle<()>) {
        let place = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
        let (client, server) = duplex(PIPE);
        let answers = speak(server, Slot::of(place), version, |request: Request<Incoming>| async move {
            match request.uri().path() {
                "/slow" => tokio::time::sleep(IDLE * 10).await,
                "/never" => panic!("a handler gives up"),
                _ => {}
            }
            let bytes = if request.uri().path() == "/large" { LARGE } else { 2 };
            Response::new(Full::new(Bytes::from(vec![b'x'; bytes])))
        });
        (client, tokio::spawn(answers))
    }

    async fn closed_after_sending(bytes: &[u8]) -> Duration {
        let start = Instant::now();
        let (mut client, served) = serve(Version::One).await;
        client.write_all(bytes).await.unwrap();
        served.await.unwrap();
        start.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_or_never_ends_is_cut_off() {
        for bytes in [&b""[..], b"GET / HTTP/1.1\r\nhost: x\r\n", b"GET /\r\n"] {
            assert!(closed_after_sending(bytes).await <= IDLE + LAST_WORDS, "{bytes:?}");
        }
        let (mut client, served) = serve(Version::One).await;
        let start = Instant::now();
        client.write_all(b"GET / HTTP/1.1\r\nx: ").await.unwrap();
        // A letter now and then is no request either.
        while client.write_all(b"a").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        served.await.unwrap();
        assert!(start.elapsed() <= IDLE + LAST_WORDS * 2);
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_http2_connection_is_cut_off() {
        let start = Instant::now();
        let (client, served) = serve(Version::Two).await;
        let io = TokioIo::new(client);
        let (sender, connection) =
            hyper::client::conn::http2::handshake::<_, _, Full<Bytes>>(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        served.await.unwrap();
        drop(sender);
        assert!(start.elapsed() <= IDLE + LAST_WORDS);
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_is_cut_off_and_who_waits_is_not() {
        assert!(closed_after_sending(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await <= UNREAD + LAST_WORDS);
        let (mut client, served) = serve(Version::One).await;
        client.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut answer = vec![0; 15];
        client.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, b"HTTP/1.1 200 OK");
        drop(client);
        served.await.unwrap();
    }

    #[tokio::test]
    async fn a_head_without_end_is_refused() {
        let (client, served) = serve(Version::One).await;
        let (mut from, mut to) = tokio::io::split(client);
        let flood = async {
            let line = format!("x: {}\r\n", "y".repeat(PIPE));
            let _ = to.write_all(b"GET / HTTP/1.1\r\n").await;
            while to.write_all(line.as_bytes()).await.is_ok() {}
        };
        let mut answer = Vec::new();
        let ((), read) = tokio::join!(flood, from.read_to_end(&mut answer));
        assert!(read.is_err() || answer.starts_with(b"HTTP/1.1 431"));
        served.await.unwrap();
    }

    #[tokio::test]
    async fn a_panic_ends_its_connection_alone() {
        let (mut client, served) = serve(Version::One).await;
        client.write_all(b"GET /never HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        assert!(served.await.unwrap_err().is_panic());
    }
}
