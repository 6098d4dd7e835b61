//! From one socket to another: a body whose bytes come from a connection of ours and leave without entering user space.
//!
//! A placeholder names bytes that *are there already*: the body moves what its upstream has into a pipe, and only then yields
//! a name for exactly as many. So whatever can go wrong upstream goes wrong in the body, where it can be mended (another
//! connection continues at the same offset) or told; by the time a name is in hyper's queue, its bytes cannot fail to come.
//!
//! The next pipe is filled when the last is empty, never before: nothing is asked of the upstream that the client has not made room
//! for, and an upstream that waits for a slow client is not taken for a stalled one.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::net::TcpStream;

use super::offer::{FileOffer, Terms};
use super::queue::SpanQueue;
use super::region::SLOT_BYTES;
use crate::BoxError;
use crate::client::Pool;
use crate::pipe::Pipe;

/// Where the bytes of a [`RelayBody`] come from.
pub trait RelaySource: Send + 'static {
    /// How many bytes are still to come; `None` if nobody knows.
    fn remaining(&self) -> Option<u64>;

    /// The next bytes, in memory that somebody pays for; `None` at the true end.
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>>;

    /// At most `max` of the next bytes, in a pipe.
    fn poll_splice(&mut self, cx: &mut Context<'_>, max: usize) -> Poll<Result<Spliced, BoxError>>;
}

/// What became of an attempt to move bytes without reading them.
#[derive(Debug)]
pub enum Spliced {
    /// They are in this pipe, which is not empty.
    Held(HeldPipe),
    /// The next bytes have to be read: they are here already, or encrypted, or there are none, or no pipe.
    Unable,
}

/// Bytes in a pipe, on their way to a socket. Empty, it goes back to the client that it came from.
#[derive(Debug)]
pub struct HeldPipe {
    pipe: Option<Pipe>,
    home: Weak<Pool>,
}

impl HeldPipe {
    pub(crate) fn new(pipe: Pipe, home: Weak<Pool>) -> Self {
        Self { pipe: Some(pipe), home }
    }

    /// How many bytes are in it.
    pub fn held(&self) -> u64 {
        self.pipe.as_ref().map_or(0, Pipe::held)
    }

    fn drain(&mut self, to: &TcpStream, max: usize) -> io::Result<usize> {
        self.pipe.as_mut().map_or(Ok(0), |pipe| pipe.drain(to, max))
    }
}

impl Drop for HeldPipe {
    fn drop(&mut self) {
        if let (Some(pipe), Some(home)) = (self.pipe.take(), self.home.upgrade()) {
            home.pipes.put(pipe);
        }
    }
}

/// One span's pipe, filled by the body and drained by the connection's I/O.
#[derive(Debug)]
pub(crate) struct RelayPipe {
    pipe: Mutex<HeldPipe>,
    /// Woken when the last byte has left.
    drained: AtomicWaker,
}

/// A response body that passes on what a connection of ours receives.
///
/// Under [`serve`](crate::serve), HTTP/1.1 without TLS, and with a length that is known, the bytes are spliced; everywhere else
/// they are read.
///
/// # Errors
/// A frame fails if the source does, or ends before its length; the connection is then aborted, so that a short body is
/// never taken for a whole one.
pub struct RelayBody {
    source: Box<dyn RelaySource>,
    terms: Option<Arc<Terms>>,
    mode: Mode,
}

enum Mode {
    /// Not yet polled: the connection may still arm it.
    Undecided,
    /// With the last span's pipe, until it is empty.
    Spliced(Arc<SpanQueue>, Option<Arc<RelayPipe>>),
    Reading,
}

impl RelayPipe {
    /// Ready when nothing is inside.
    fn poll_empty(&self, cx: &Context<'_>) -> Poll<()> {
        if self.pipe.lock().held() == 0 {
            return Poll::Ready(());
        }
        self.drained.register(cx.waker());
        if self.pipe.lock().held() == 0 { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Moves at most `max` bytes to the client's socket.
    pub(crate) fn drain(&self, to: &TcpStream, max: usize) -> io::Result<usize> {
        let mut pipe = self.pipe.lock();
        let moved = pipe.drain(to, max)?;
        if pipe.held() == 0 {
            self.drained.wake();
        }
        Ok(moved)
    }
}

impl RelayBody {
    /// A body of what `source` yields.
    pub fn new(source: impl RelaySource) -> Self {
        Self { source: Box::new(source), terms: None, mode: Mode::Undecided }
    }

    /// The offer to put into the response's extensions. `None` for a body whose length is not known.
    pub fn offer(&mut self) -> Option<FileOffer> {
        let offer = FileOffer::of_pipe(self.source.remaining()?);
        self.terms = Some(offer.terms());
        Some(offer)
    }

    /// The first poll decides, once.
    fn decide(&mut self) {
        if !matches!(self.mode, Mode::Undecided) {
            return;
        }
        let carried = self.terms.as_ref().and_then(|terms| terms.carried());
        self.mode = match carried.and_then(|carried| carried.queue.clone()) {
            Some(queue) => Mode::Spliced(queue, None),
            None => Mode::Reading,
        };
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        self.decide();
        let left = self.source.remaining();
        if left == Some(0) {
            return Poll::Ready(None);
        }
        if let Mode::Spliced(queue, last) = &mut self.mode {
            if let Some(pipe) = last {
                ready!(pipe.poll_empty(cx));
                *last = None;
            }
            let max = usize::try_from(left.unwrap_or(u64::MAX)).unwrap_or(usize::MAX).min(SLOT_BYTES);
            if let Spliced::Held(pipe) = ready!(self.source.poll_splice(cx, max))? {
                let len = usize::try_from(pipe.held()).unwrap_or(usize::MAX);
                let pipe = Arc::new(RelayPipe { pipe: Mutex::new(pipe), drained: AtomicWaker::new() });
                *last = Some(Arc::clone(&pipe));
                return Poll::Ready(Some(Ok(queue.push_piped(pipe, len))));
            }
        }
        match ready!(self.source.poll_chunk(cx)) {
            None => Poll::Ready(ended(left).err().map(Err)),
            chunk => Poll::Ready(chunk),
        }
    }
}

/// Whether a source may end with so much left.
fn ended(left: Option<u64>) -> Result<(), BoxError> {
    match left {
        None | Some(0) => Ok(()),
        Some(_) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the upstream ended early").into()),
    }
}

impl Body for RelayBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.poll_chunk(cx).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.source.remaining() == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.source.remaining().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl fmt::Debug for RelayBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelayBody").field("remaining", &self.source.remaining()).finish_non_exhaustive()
    }
}
