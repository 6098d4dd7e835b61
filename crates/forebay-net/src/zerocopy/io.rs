//! The I/O type under hyper: a socket that knows placeholders.
//!
//! hyper hands over a list of slices: the response's head, then body chunks. Real slices go out as they
//! are. At the first slice that lies in the [`region`], the real ones before it are sent with `MSG_MORE`
//! and the span it names follows by `sendfile` in the same turn, so that head and body leave together.
//! Above TLS the span is read at that moment, when the stream holds nothing unsent, into a buffer that
//! belongs to the worker and is free again when the call returns.
//!
//! Every disagreement between placeholder and queue, and every file that ends early, is an error from
//! here; hyper then drops the connection, and the socket is reset, so that nobody takes it for whole.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::JoinHandle;

use super::calls::{Head, lacks_sendfile, poll_head, poll_sendfile, poll_writable};
use super::cold::{self, ColdPages, Pages, WARM_BYTES};
use super::queue::{Desync, Due, Owed, PipedDue, SpanQueue};
use super::region;
use super::socket::Socket;
use crate::grow::Growth;
use crate::heads::Tail;
use crate::outgoing::Settle;
use crate::preface::Prefix;
use crate::sockopt;
use crate::state::{ConnState, Order};

/// What a TLS connection that has not proved its speed gets per read: one record.
const TLS_PIECE: usize = 16 << 10;
/// And one that has: two records in one system call. Twice this is what a stalled one may hold.
pub(crate) const TLS_PIECE_FAST: usize = 32 << 10;
/// Above TLS, a head up to this long is encrypted together with the file's first bytes.
const TLS_HEAD_MAX: usize = 4 << 10;

thread_local! {
    /// Holds file bytes between a read and the TLS stream, within one call: one per worker is enough.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// One connection's I/O.
pub(crate) struct SpanIo {
    socket: Socket,
    state: Arc<ConnState>,
    queue: Arc<SpanQueue>,
    park: Arc<dyn Settle>,
    prefix: Prefix,
    growth: Growth,
    tail: Tail,
    cold: ColdPages,
    /// Of the span with this serial, everything before this offset of its file is in memory.
    warm: (u64, u64),
    fetch: Option<JoinHandle<io::Result<()>>>,
    /// This file system has no `sendfile`: spans are read instead.
    reads: bool,
}

pub(crate) struct Setup {
    pub(crate) socket: Socket,
    pub(crate) state: Arc<ConnState>,
    pub(crate) queue: Arc<SpanQueue>,
    pub(crate) park: Arc<dyn Settle>,
    pub(crate) prefix: Prefix,
    pub(crate) growth: Growth,
    pub(crate) cold: ColdPages,
}

impl SpanIo {
    pub(crate) fn new(setup: Setup) -> Self {
        let Setup { socket, state, queue, park, prefix, growth, cold } = setup;
        Self {
            socket,
            state,
            queue,
            park,
            prefix,
            growth,
            tail: Tail::default(),
            cold,
            warm: (u64::MAX, 0),
            fetch: None,
            reads: false,
        }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if self.queue.is_poisoned() {
            return Poll::Ready(Err(self.desync(Desync::Poisoned)));
        }
        let Some(at) = slices.iter().position(|slice| region::locate(slice).is_some()) else {
            return match &mut self.socket {
                Socket::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, slices),
                Socket::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, slices),
            };
        };
        let (real, names) = slices.split_at(at);
        let owed = match self.queue.due(&names[0]) {
            Ok(owed) => owed,
            Err(desync) => return Poll::Ready(Err(self.desync(desync))),
        };
        if self.state.turn_left() == 0 {
            // Others on this worker come first; this task is at the back of the line.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let mut due = match owed {
            Owed::File(due) => due,
            Owed::Piped(due) => return self.poll_send_piped(cx, real, &due),
        };
        due.len = due.len.min(self.state.turn_left());
        match self.poll_warm(cx, &due) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            // The head need not wait for the disk.
            Poll::Pending if !real.is_empty() => return self.poll_send_real(cx, real),
            Poll::Pending => return Poll::Pending,
        }
        // No further than was probed: an earlier turn may have probed less than is due now.
        let warm = self.warm.1.saturating_sub(due.offset);
        due.len = due.len.min(usize::try_from(warm).unwrap_or(usize::MAX));
        match &self.socket {
            Socket::Plain(_) if !self.reads => self.poll_send_plain(cx, real, &due),
            Socket::Plain(_) | Socket::Tls(_) => self.poll_send_read(cx, real, &due),
        }
    }

    fn poll_send_real(&mut self, cx: &mut Context<'_>, real: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match &mut self.socket {
            Socket::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, real),
            Socket::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, real),
        }
    }

    /// The real slices with `MSG_MORE`, then `sendfile`, in one turn.
    fn poll_send_plain(
        &mut self,
        cx: &mut Context<'_>,
        real: &[IoSlice<'_>],
        due: &Due,
    ) -> Poll<io::Result<usize>> {
        let Socket::Plain(tcp) = &self.socket else { return Poll::Ready(Ok(0)) };
        let head = match ready!(poll_head(tcp, cx, real))? {
            Head::Whole(head) => head,
            Head::Cut(sent) => return Poll::Ready(Ok(sent)),
        };
        match poll_sendfile(tcp, cx, due) {
            Poll::Ready(Ok(0)) => Poll::Ready(Err(self.truncated())),
            Poll::Ready(Ok(sent)) => {
                self.queue.sent(due.serial, sent);
                self.state.counters.zero_copy_bytes.add(sent as u64);
                self.state.counters.zero_copy_calls.add(1);
                Poll::Ready(Ok(head + sent))
            }
            Poll::Ready(Err(error)) if lacks_sendfile(&error) => {
                self.reads = true;
                if head > 0 { Poll::Ready(Ok(head)) } else { self.poll_send_read(cx, real, due) }
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending if head > 0 => Poll::Ready(Ok(head)),
            Poll::Pending => Poll::Pending,
        }
    }

    /// The real slices with `MSG_MORE`, then what the pipe holds.
    fn poll_send_piped(
        &mut self,
        cx: &mut Context<'_>,
        real: &[IoSlice<'_>],
        due: &PipedDue,
    ) -> Poll<io::Result<usize>> {
        let Socket::Plain(tcp) = &self.socket else {
            return Poll::Ready(Err(self.desync(Desync::Unknown)));
        };
        let head = match ready!(poll_head(tcp, cx, real))? {
            Head::Whole(head) => head,
            Head::Cut(sent) => return Poll::Ready(Ok(sent)),
        };
        let len = due.len.min(self.state.turn_left());
        match poll_writable(tcp, cx, || due.pipe.drain(tcp, len)) {
            Poll::Ready(Ok(0)) => Poll::Ready(Err(self.truncated())),
            Poll::Ready(Ok(sent)) => {
                self.queue.sent(due.serial, sent);
                self.state.counters.relayed_bytes.add(sent as u64);
                Poll::Ready(Ok(head + sent))
            }
            Poll::Pending if head > 0 => Poll::Ready(Ok(head)),
            other => other,
        }
    }

    /// Late read: only when the stream below holds nothing, so that a stalled client holds a file
    /// position and at most one piece of ciphertext.
    fn poll_send_read(
        &mut self,
        cx: &mut Context<'_>,
        real: &[IoSlice<'_>],
        due: &Due,
    ) -> Poll<io::Result<usize>> {
        if let Socket::Tls(tls) = &mut self.socket
            && tls.get_ref().1.wants_write()
        {
            ready!(Pin::new(tls).poll_flush(cx))?;
        }
        let head: usize = real.iter().map(|slice| slice.len()).sum();
        if head > TLS_HEAD_MAX {
            return self.poll_send_real(cx, real);
        }
        let piece = if self.growth.is_fast() { TLS_PIECE_FAST } else { TLS_PIECE };
        let len = due.len.min(piece - head);
        let written = SCRATCH.with_borrow_mut(|scratch| {
            scratch.resize(TLS_PIECE_FAST, 0);
            let mut filled = 0;
            for slice in real {
                scratch[filled..filled + slice.len()].copy_from_slice(slice);
                filled += slice.len();
            }
            let read = cold::read_at(&due.file, &mut scratch[filled..filled + len], due.offset)?;
            if read == 0 {
                return Err(self.truncated());
            }
            Ok(match &mut self.socket {
                Socket::Plain(tcp) => Pin::new(tcp).poll_write(cx, &scratch[..filled + read]),
                Socket::Tls(tls) => Pin::new(tls).poll_write(cx, &scratch[..filled + read]),
            })
        })?;
        let written = ready!(written)?;
        let from_file = written.saturating_sub(head);
        if from_file > 0 {
            self.queue.sent(due.serial, from_file);
            self.state.counters.late_read_bytes.add(from_file as u64);
        }
        Poll::Ready(Ok(written))
    }

    /// Ready when the pages that are next can be sent without sleeping.
    fn poll_warm(&mut self, cx: &mut Context<'_>, due: &Due) -> Poll<io::Result<()>> {
        if let Some(fetch) = &mut self.fetch {
            let fetched = ready!(Pin::new(fetch).poll(cx)).map_err(io::Error::other)?;
            self.fetch = None;
            fetched?;
        }
        if self.warm.0 == due.serial && self.warm.1 > due.offset {
            return Poll::Ready(Ok(()));
        }
        let len = (due.len as u64).min(WARM_BYTES);
        let pages = self.cold.probe(&due.file, due.offset, len);
        // Either it is warm, or it will be when the fetch has ended.
        self.warm = (due.serial, due.offset + len);
        if pages == Pages::Warm {
            return Poll::Ready(Ok(()));
        }
        self.state.counters.cold_fetches.add(1);
        let (file, offset) = (Arc::clone(&due.file), due.offset);
        let mut fetch = tokio::task::spawn_blocking(move || cold::fetch(&file, offset, len));
        let polled = Pin::new(&mut fetch).poll(cx);
        match polled {
            Poll::Ready(fetched) => Poll::Ready(fetched.map_err(io::Error::other)?),
            Poll::Pending => {
                self.fetch = Some(fetch);
                Poll::Pending
            }
        }
    }

    fn desync(&self, desync: Desync) -> io::Error {
        self.queue.poison();
        self.state.counters.desyncs.add(1);
        tracing::error!(connection = self.state.id, %desync, "connection aborted");
        io::Error::other(desync)
    }

    fn truncated(&self) -> io::Error {
        self.state.counters.truncations.add(1);
        io::Error::new(io::ErrorKind::UnexpectedEof, "the file is shorter than promised")
    }

    fn maybe_shrink(&mut self) -> io::Result<()> {
        if self.state.shrink.load(Ordering::Relaxed) && self.state.shrink.swap(false, Ordering::Relaxed) {
            let socket = SockRef::from(self.socket.tcp());
            self.growth.shrink(&socket, &self.state)?;
        }
        Ok(())
    }
}

impl AsyncWrite for SpanIo {
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.maybe_shrink()?;
        let offered: usize = slices.iter().map(|slice| slice.len()).sum();
        let sent = this.poll_send(cx, slices);
        match &sent {
            Poll::Pending => {
                let full = this.fetch.is_none() && this.state.turn_left() > 0;
                if full {
                    this.growth.full();
                }
                this.state.blocked.store(full, Ordering::Relaxed);
            }
            Poll::Ready(Ok(n)) => {
                if *n < offered {
                    this.growth.full();
                }
                this.state.wrote(*n, offered.saturating_sub(*n));
                this.growth.wrote(*n, &SockRef::from(this.socket.tcp()), &this.state);
            }
            Poll::Ready(Err(_)) => this.state.cut.store(true, Ordering::Relaxed),
        }
        sent
    }

    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Socket::Tls(tls) = &mut this.socket {
            let flushed = Pin::new(tls).poll_flush(cx);
            this.state.blocked.store(flushed.is_pending(), Ordering::Relaxed);
            ready!(flushed)?;
        }
        this.park.settled();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().socket {
            Socket::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Socket::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

impl AsyncRead for SpanIo {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.maybe_shrink()?;
        let before = buffer.filled().len();
        if !this.prefix.is_empty() {
            buffer.put_slice(this.prefix.take(buffer.remaining()));
        }
        // These were counted when they came.
        let counted = buffer.filled().len() - before;
        let read = match &mut this.socket {
            Socket::Plain(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Socket::Tls(tls) => Pin::new(tls).poll_read(cx, buffer),
        };
        let came = &buffer.filled()[before..];
        let bytes = came.len();
        if bytes == 0 {
            return read;
        }
        this.state.tail_open.store(!this.tail.ends_a_head(came), Ordering::Relaxed);
        this.state.read(bytes - counted);
        this.growth.read(bytes, &SockRef::from(this.socket.tcp()), &this.state);
        Poll::Ready(Ok(()))
    }
}

impl Drop for SpanIo {
    fn drop(&mut self) {
        // Before the bodies go: they look at what was sent, and that is final now.
        let abort = self.queue.is_poisoned() || self.state.cut.load(Ordering::Relaxed);
        if abort || self.state.ordered() == Order::Cut {
            sockopt::reset_on_close(&SockRef::from(self.socket.tcp()));
        }
        self.park.closed();
    }
}
