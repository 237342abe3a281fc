//! Files and standard output without a thread in between, for a runtime of one thread.
//!
//! Tokio hands each read of a file and each write to standard output to another thread and back, which
//! costs a short run more than its network does. A regular file never waits; standard output waits
//! only when its reader does, and then nothing else has to go on: data that arrives meanwhile is kept
//! by the kernel, and a time limit is looked at only after it.

use std::io::{Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is read or written on the spot.
#[derive(Debug)]
pub(crate) struct Direct<T>(pub(crate) T);

impl<T: Read + Unpin> AsyncRead for Direct<T> {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let read = self.get_mut().0.read(buf.initialize_unfilled())?;
        buf.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl<T: Write + Unpin> AsyncWrite for Direct<T> {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, data: &[u8]) -> Poll<std::io::Result<usize>> {
        Poll::Ready(self.get_mut().0.write(data))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(self.get_mut().0.flush())
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.poll_flush(cx)
    }
}
