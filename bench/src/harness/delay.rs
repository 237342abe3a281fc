//! A wire that is longer than loopback: a proxy that holds every byte back, both ways.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// Bytes taken at a time.
const CHUNK: usize = 16 * 1024;

/// Listens on loopback and passes on to `to` as if a round trip took this long. Lives as long as the process.
pub(crate) fn delayed(to: SocketAddr, round_trip: Duration) -> Result<SocketAddr> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let here = listener.local_addr()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    std::thread::spawn(move || runtime.block_on(serve(listener, to, round_trip)));
    Ok(here)
}

async fn serve(listener: std::net::TcpListener, to: SocketAddr, round_trip: Duration) -> Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (near, _) = listener.accept().await?;
        // A connection that fails is the competitor's to report.
        tokio::spawn(async move { join(near, to, round_trip).await.ok() });
    }
}

async fn join(near: TcpStream, to: SocketAddr, round_trip: Duration) -> Result<()> {
    let far = TcpStream::connect(to).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    // The kernel said yes at once; on a long wire nothing could have been sent for one round trip.
    let open = Instant::now() + round_trip;
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    tokio::join!(pass(near_in, far_out, open, round_trip / 2), pass(far_in, near_out, open, round_trip / 2));
    Ok(())
}

/// Passes on what comes one way, each piece after its time on the wire.
async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, open: Instant, one_way: Duration) {
    let (sender, mut receiver) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let read = async move {
        let mut buffer = vec![0; CHUNK];
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            let due = Instant::now().max(open) + one_way;
            if sender.send((due, buffer.iter().take(read).copied().collect())).is_err() {
                break;
            }
        }
    };
    let write = async move {
        while let Some((due, bytes)) = receiver.recv().await {
            sleep_until(due).await;
            if to.write_all(&bytes).await.is_err() {
                break;
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(read, write);
}
