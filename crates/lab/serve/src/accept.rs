//! The loop that takes connections.

use std::{future::Future, io, pin::pin, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};

/// Wait after a first failed accept. Each further failure in a row doubles it (as Go's `net/http.Server.Serve` does).
const FIRST_PAUSE: Duration = Duration::from_millis(5);
/// Longest wait between two attempts: descriptors that come free are noticed within a second.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Where connections come from.
pub trait Listen {
    /// A connection.
    type Stream: Send + 'static;

    /// The next connection, or why there was none. A failure says nothing about the one after it: the client may be
    /// gone already (ECONNABORTED) or the machine out of descriptors or memory (EMFILE, ENFILE, ENOBUFS, ENOMEM).
    fn next(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Listen for TcpListener {
    type Stream = TcpStream;

    async fn next(&self) -> io::Result<TcpStream> {
        let (stream, _) = self.accept().await?;
        // Each answer is one somebody waits for: with Nagle's algorithm it would wait 40 ms for an acknowledgement.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }
}

/// A place among the connections of a listener, free again once all its copies are gone. What outlives its
/// connection, such as a WebSocket, keeps one.
#[derive(Debug, Clone)]
pub struct Slot {
    _place: Arc<OwnedSemaphorePermit>,
}

impl Slot {
    pub(crate) fn of(place: OwnedSemaphorePermit) -> Self {
        Self { _place: Arc::new(place) }
    }
}

/// Takes connections until `shutdown` completes, at most `most` at a time; further ones wait in the system's queue.
/// Each is served by a task of its own, whose panic ends it alone. What is connected at the end is cut off.
pub async fn accept<L, F>(
    listener: L,
    most: usize,
    shutdown: impl Future<Output = ()>,
    mut serve: impl FnMut(L::Stream, Slot) -> F,
) where
    L: Listen,
    F: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(most));
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    let mut pause = FIRST_PAUSE;
    loop {
        // Taken before the connection: what cannot be served does not cost a descriptor.
        let taken = async {
            let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
            Ok((listener.next().await?, Slot::of(place)))
        };
        let taken: io::Result<_> = tokio::select! {
            () = &mut shutdown => return,
            Some(_) = connections.join_next() => continue,
            taken = taken => taken,
        };
        if let Ok((stream, slot)) = taken {
            pause = FIRST_PAUSE;
            connections.spawn(serve(stream, slot));
            continue;
        }
        tokio::select! {
            () = &mut shutdown => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::{sync::mpsc, time::Instant};

    use super::*;

    /// Gives what a script says, one after the other, then nothing more.
    struct Script {
        answers: Mutex<Vec<io::Result<u8>>>,
        asked: mpsc::UnboundedSender<Instant>,
    }

    impl Listen for Script {
        type Stream = u8;

        async fn next(&self) -> io::Result<u8> {
            let answer = self.answers.lock().unwrap().pop();
            let Some(answer) = answer else { return std::future::pending().await };
            self.asked.send(Instant::now()).unwrap();
            answer
        }
    }

    /// EMFILE on every Unix.
    const OUT_OF_DESCRIPTORS: i32 = 24;

    fn script(mut answers: Vec<io::Result<u8>>) -> (Script, mpsc::UnboundedReceiver<Instant>) {
        answers.reverse();
        let (asked, times) = mpsc::unbounded_channel();
        (Script { answers: Mutex::new(answers), asked }, times)
    }

    #[tokio::test(start_paused = true)]
    async fn failures_end_nothing_and_wait_longer_each_time() {
        let failure = || Err(io::Error::from_raw_os_error(OUT_OF_DESCRIPTORS));
        let mut answers: Vec<_> = (0..20).map(|_| failure()).collect();
        answers.push(Ok(1));
        answers.push(failure());
        answers.push(Err(io::ErrorKind::ConnectionAborted.into()));
        answers.push(Ok(2));
        let (listener, mut times) = script(answers);
        let (served, mut seen) = mpsc::unbounded_channel();
        tokio::spawn(accept(listener, 4, std::future::pending(), move |stream, _slot| {
            served.send(stream).unwrap();
            async {}
        }));
        assert_eq!((seen.recv().await, seen.recv().await), (Some(1), Some(2)));
        let mut all = Vec::new();
        while let Ok(at) = times.try_recv() {
            all.push(at);
        }
        let waits: Vec<Duration> = all.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(waits[..20].is_sorted() && waits[0] >= FIRST_PAUSE, "{waits:?}");
        assert_eq!(waits[19], LONGEST_PAUSE);
        assert_eq!(waits[21], FIRST_PAUSE, "a success starts anew");
        assert_eq!(all.len(), 24, "one attempt per answer, no spinning");
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_served_at_a_time_than_allowed_and_a_panic_frees_its_place() {
        let (listener, mut times) = script((0..3).map(Ok).collect());
        let (ends, mut waiting) = mpsc::unbounded_channel();
        tokio::spawn(accept(listener, 2, std::future::pending(), move |stream, slot| {
            let (end, ended) = tokio::sync::oneshot::channel::<bool>();
            ends.send((stream, end)).unwrap();
            async move {
                let _slot = slot;
                assert!(ended.await.unwrap(), "as told");
            }
        }));
        let (_, first) = waiting.recv().await.unwrap();
        let _second = waiting.recv().await.unwrap();
        tokio::time::advance(LONGEST_PAUSE * 10).await;
        tokio::task::yield_now().await;
        assert!(waiting.try_recv().is_err(), "the third waits");
        first.send(false).unwrap();
        assert_eq!(waiting.recv().await.unwrap().0, 2);
        assert_eq!(std::iter::from_fn(|| times.try_recv().ok()).count(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn what_outlives_its_connection_keeps_its_place() {
        let (listener, _times) = script((0..2).map(Ok).collect());
        let (slots, mut kept) = mpsc::unbounded_channel();
        tokio::spawn(accept(listener, 1, std::future::pending(), move |_, slot| {
            slots.send(slot).unwrap();
            async {}
        }));
        let socket = kept.recv().await.unwrap();
        tokio::time::advance(LONGEST_PAUSE).await;
        tokio::task::yield_now().await;
        assert!(kept.try_recv().is_err());
        drop(socket);
        assert!(kept.recv().await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_is_noticed_while_nothing_can_be_accepted() {
        let answers = (0..1000).map(|_| Err(io::Error::from_raw_os_error(OUT_OF_DESCRIPTORS))).collect();
        let (listener, _times) = script(answers);
        let end = tokio::time::sleep(LONGEST_PAUSE * 3);
        accept(listener, 1, end, |_, _| async {}).await;
    }
}
