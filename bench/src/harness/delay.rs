//! A wire that is longer than loopback: a proxy that holds every byte back, both ways.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::Result;

/// Bytes taken at a time.
const CHUNK: usize = 16 * 1024;

/// Listens on loopback and passes on to `to` as if a round trip took this long. Lives as long as the process.
pub(crate) fn delayed(to: SocketAddr, round_trip: Duration) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let here = listener.local_addr()?;
    std::thread::spawn(move || {
        for near in listener.incoming().filter_map(Result::ok) {
            // A connection that fails is the competitor's to report.
            let _ = join(near, to, round_trip);
        }
    });
    Ok(here)
}

fn join(near: TcpStream, to: SocketAddr, round_trip: Duration) -> Result<()> {
    let far = TcpStream::connect(to)?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    // The kernel said yes at once; on a long wire nothing could have been sent for one round trip.
    let open = Instant::now() + round_trip;
    pass(near.try_clone()?, far.try_clone()?, open, round_trip / 2);
    pass(far, near, open, round_trip / 2);
    Ok(())
}

fn pass(mut from: TcpStream, to: TcpStream, open: Instant, one_way: Duration) {
    let (sender, receiver): (Sender<(Instant, Vec<u8>)>, _) = channel();
    std::thread::spawn(move || {
        let mut buffer = vec![0; CHUNK];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            let due = Instant::now().max(open) + one_way;
            if sender.send((due, buffer.iter().take(read).copied().collect())).is_err() {
                break;
            }
        }
    });
    std::thread::spawn(move || write(&receiver, to));
}

fn write(receiver: &Receiver<(Instant, Vec<u8>)>, mut to: TcpStream) {
    for (due, bytes) in receiver {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
