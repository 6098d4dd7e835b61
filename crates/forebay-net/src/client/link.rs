//! A connection and everything that it holds: socket, memory, descriptor, its place among the others.
//!
//! Whoever has the link has the connection; dropped, the socket is closed first and what paid for it goes back after that.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use forebay_budget::{FdLease, Lease};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::destination::Destination;
use super::pool::Pool;
use super::progress::Progress;
use super::wire::Wire;

pub(super) struct Link {
    pub(super) wire: Wire,
    pub(super) progress: Arc<Progress>,
    pub(super) destination: Destination,
    /// Whose it is. A client that is gone takes no connection back.
    pub(super) pool: Weak<Pool>,
    /// When it was made.
    pub(super) born: Instant,
    /// One of the destination's connections; none while on the shelf.
    pub(super) turn: Option<OwnedSemaphorePermit>,
    /// Dropped after the socket.
    pub(super) _rights: Rights,
}

/// What must be granted before anybody dials.
pub(super) struct Rights {
    /// One of all connections.
    pub(super) _place: OwnedSemaphorePermit,
    pub(super) _fd: FdLease,
    pub(super) _memory: Lease,
}

impl AsyncRead for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.wire).poll_read(cx, buf))?;
        self.progress.did_read(buf.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Link {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.wire).poll_write(cx, buf))?;
        self.progress.did_write(written);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.wire).poll_write_vectored(cx, bufs))?;
        self.progress.did_write(written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.wire).poll_flush(cx))?;
        self.progress.did_flush();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}
