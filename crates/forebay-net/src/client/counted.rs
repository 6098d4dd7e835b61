//! The bytes of a body whose length is declared, taken from the socket without hyper between.
//!
//! Most bodies are of this kind, and for them hyper has nothing left to do once the head is read: it hands the connection over, with
//! the bytes that came along with the head. Exactly the declared length is taken, and then the connection is between two exchanges.

use std::collections::VecDeque;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{BufMut, Bytes, BytesMut};
use forebay_budget::UpstreamSizes;
use http_body::Body;
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt, Interest};
use tokio::net::TcpStream;

use super::error::{ClientError, ClientErrorKind};
use super::exchange::Exchange;
use super::link::Link;
use super::low_water::LowWater;
use super::scratch::Scratch;
use super::wire::Wire;
use crate::pipe::{Pipe, Pipes};

pub(super) struct Counted {
    link: Link,
    /// What came along with the head; no more than is left.
    early: VecDeque<Bytes>,
    left: u64,
    buffer: BytesMut,
    buffer_size: usize,
    after: After,
    low_water: LowWater,
}

/// What becomes of the connection when the body has ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    Shelve,
    Close,
    /// More came than was declared.
    Overrun,
}

impl Counted {
    /// Takes the connection from hyper. `incoming` and the exchange hold what hyper has read of the body so far.
    pub(super) fn take_over(
        mut incoming: Incoming,
        exchange: Exchange,
        len: u64,
        after: After,
        sizes: UpstreamSizes,
    ) -> Self {
        let mut early = VecDeque::new();
        let mut cx = Context::from_waker(std::task::Waker::noop());
        while let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut incoming).poll_frame(&mut cx) {
            early.extend(frame.into_data());
        }
        let (link, mut rest) = exchange.into_link();
        let given: u64 = early.iter().map(|bytes| bytes.len() as u64).sum();
        let due = usize::try_from(len.saturating_sub(given)).unwrap_or(usize::MAX);
        let mut after = after;
        if rest.len() > due {
            // Bytes that nobody asked for: whose answer would the next one be?
            rest.truncate(due);
            after = After::Overrun;
        }
        early.push_back(rest);
        early.retain(|bytes| !bytes.is_empty());
        let low_water = LowWater::new(sizes.receive.as_u64());
        let buffer_size = sizes.buffer.as_usize();
        Self { link, early, left: len, buffer: BytesMut::new(), buffer_size, after, low_water }
    }

    /// Bytes that are declared and not yet taken.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// The next bytes; at least one. Not to be called when nothing is left.
    pub(super) fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, ClientError>> {
        self.lower_water();
        if let Some(bytes) = self.early.pop_front() {
            self.left = self.left.saturating_sub(bytes.len() as u64);
            return Poll::Ready(Ok(bytes));
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(self.buffer_size);
        // Gets the last chunk's memory back if its reader is done with it.
        self.buffer.reserve(most);
        let mut target = (&mut self.buffer).limit(most);
        let read = ready!(pin!(self.link.read_buf(&mut target)).poll(cx));
        Poll::Ready(self.took(read).map(|_| self.buffer.split().freeze()))
    }

    /// The socket whose next bytes are the body's, if they can be taken from it as they are.
    pub(super) fn socket(&self) -> Option<&TcpStream> {
        match &self.link.wire {
            Wire::Plain(tcp) if self.early.is_empty() => Some(tcp),
            Wire::Plain(_) | Wire::Tls(_) => None,
        }
    }

    /// Moves bytes from the socket into a pipe. `None` if that cannot be done.
    pub(super) fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        pipes: &Pipes,
        most: u64,
    ) -> Poll<Result<Option<Pipe>, ClientError>> {
        let most = most.min(self.left);
        self.lower_water();
        let Some(tcp) = self.socket() else { return Poll::Ready(Ok(None)) };
        let mut taken = None;
        let filled = poll_socket(cx, tcp, || {
            let pipe = match &mut taken {
                Some(pipe) => pipe,
                None => taken.insert(pipes.take().ok_or(io::ErrorKind::Unsupported)?),
            };
            pipe.fill(tcp, most)
        });
        match (filled, taken) {
            (Poll::Pending, pipe) => {
                if let Some(pipe) = pipe {
                    pipes.put(pipe);
                }
                Poll::Pending
            }
            (Poll::Ready(Err(error)), _) if is_unsupported(&error) => Poll::Ready(Ok(None)),
            (Poll::Ready(filled), pipe) => Poll::Ready(self.took(filled).map(|_| pipe)),
        }
    }

    /// Takes and forgets at least one byte; where there is a [socket](Self::socket), at most `most`.
    pub(super) fn poll_discard(
        &mut self,
        cx: &mut Context<'_>,
        scratch: &Scratch,
        most: u64,
    ) -> Poll<Result<u64, ClientError>> {
        let most = most.min(self.left);
        let Some(tcp) = self.socket() else {
            let bytes = ready!(self.poll_bytes(cx))?;
            return Poll::Ready(Ok(bytes.len() as u64));
        };
        let dropped = match poll_socket(cx, tcp, || scratch.drop_from(tcp, most)) {
            Poll::Ready(dropped) => dropped,
            Poll::Pending => ready!(self.poll_below_mark(cx, scratch, most)),
        };
        let dropped = self.took(dropped)?;
        if let Wire::Plain(tcp) = &self.link.wire {
            self.low_water.took(tcp, dropped, self.left);
        }
        Poll::Ready(Ok(dropped))
    }

    /// Takes what has come and is not enough to be told of.
    fn poll_below_mark(
        &mut self,
        cx: &mut Context<'_>,
        scratch: &Scratch,
        most: u64,
    ) -> Poll<io::Result<usize>> {
        ready!(self.low_water.poll_look(cx));
        let Wire::Plain(tcp) = &self.link.wire else { return Poll::Pending };
        self.low_water.lower(tcp);
        match scratch.drop_from(tcp, most) {
            // Readiness was asked for before the mark was lowered.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                poll_socket(cx, tcp, || scratch.drop_from(tcp, most))
            }
            taken => Poll::Ready(taken),
        }
    }

    /// From here on bytes are wanted as they come.
    fn lower_water(&mut self) {
        if let Wire::Plain(tcp) = &self.link.wire {
            self.low_water.lower(tcp);
        }
    }

    /// Counts bytes that were taken from the connection. None means that it ended before its time.
    fn took(&mut self, result: io::Result<usize>) -> Result<u64, ClientError> {
        match result {
            Ok(0) => Err(ClientError::new(ClientErrorKind::Short)),
            Ok(taken) => {
                self.left = self.left.saturating_sub(taken as u64);
                Ok(taken as u64)
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(ClientError::with_cause(ClientErrorKind::Short, error))
            }
            Err(error) => Err(ClientError::with_cause(ClientErrorKind::Reset, error)),
        }
    }

    /// Nothing is left: the connection goes back, or is closed. Whether more has come than was declared.
    pub(super) fn finish(mut self) -> bool {
        self.lower_water();
        let is_overrun = match self.after {
            After::Overrun => true,
            After::Close => false,
            After::Shelve => self.link.wire.has_more(),
        };
        if let (After::Shelve, false, Some(pool)) = (self.after, is_overrun, self.link.pool.upgrade()) {
            pool.shelve(self.link);
        }
        is_overrun
    }

    /// Whether the connection would be of use once its body has been taken.
    pub(super) fn is_worth_draining(&self) -> bool {
        self.after == After::Shelve
    }

    pub(super) fn pool(&self) -> Option<Arc<super::pool::Pool>> {
        self.link.pool.upgrade()
    }
}

/// Tries until the kernel says that there is nothing, and then waits for it to say otherwise.
fn poll_socket(
    cx: &mut Context<'_>,
    tcp: &TcpStream,
    mut call: impl FnMut() -> io::Result<usize>,
) -> Poll<io::Result<usize>> {
    loop {
        ready!(tcp.poll_read_ready(cx))?;
        match tcp.try_io(Interest::READABLE, &mut call) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            result => return Poll::Ready(result),
        }
    }
}

fn is_unsupported(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput)
}
