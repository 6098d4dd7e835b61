//! The bytes of a body whose length is declared, taken from the socket without hyper between.
//!
//! Most bodies are of this kind, and for them hyper has nothing left to do once the head is read: it hands the connection over, with
//! the bytes that came along with the head. Exactly the declared length is taken, and then the connection is between two exchanges.

use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{BufMut, Bytes, BytesMut};
use http_body::Body;
use hyper::body::Incoming;
use tokio::io::AsyncReadExt;

use super::error::{ClientError, ClientErrorKind};
use super::exchange::Exchange;
use super::link::Link;

pub(super) struct Counted {
    link: Link,
    /// What came along with the head; no more than is left.
    early: VecDeque<Bytes>,
    left: u64,
    buffer: BytesMut,
    buffer_size: usize,
    after: After,
}

/// What becomes of the connection when the body has ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    Shelve,
    Close,
}

impl Counted {
    /// Takes the connection from hyper. `incoming` and the exchange hold what hyper has read of the body so far.
    pub(super) fn take_over(
        mut incoming: Incoming,
        exchange: Exchange,
        len: u64,
        after: After,
        buffer_size: usize,
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
            after = After::Close;
        }
        early.push_back(rest);
        early.retain(|bytes| !bytes.is_empty());
        Self { link, early, left: len, buffer: BytesMut::new(), buffer_size, after }
    }

    /// Bytes that are declared and not yet taken.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// The next bytes; at least one. Not to be called when nothing is left.
    pub(super) fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, ClientError>> {
        if let Some(bytes) = self.early.pop_front() {
            self.left = self.left.saturating_sub(bytes.len() as u64);
            return Poll::Ready(Ok(bytes));
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(self.buffer_size);
        // Gets the last chunk's memory back if its reader is done with it.
        self.buffer.reserve(most);
        let mut target = (&mut self.buffer).limit(most);
        let read = ready!(pin!(self.link.read_buf(&mut target)).poll(cx));
        Poll::Ready(match read {
            Ok(0) => Err(ClientError::new(ClientErrorKind::Short)),
            Ok(read) => {
                self.left -= read as u64;
                Ok(self.buffer.split().freeze())
            }
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                Err(ClientError::with_cause(ClientErrorKind::Short, error))
            }
            Err(error) => Err(ClientError::with_cause(ClientErrorKind::Reset, error)),
        })
    }

    /// Takes and forgets all that is left.
    pub(super) fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ClientError>> {
        while self.left > 0 {
            ready!(self.poll_bytes(cx))?;
        }
        Poll::Ready(Ok(()))
    }

    /// Nothing is left: the connection goes back, or is closed.
    pub(super) fn finish(self) {
        if let (After::Shelve, Some(pool)) = (self.after, self.link.pool.upgrade()) {
            pool.shelve(self.link);
        }
    }

    /// Whether the connection would be of use once its body has been taken.
    pub(super) fn is_worth_draining(&self) -> bool {
        self.after == After::Shelve
    }

    pub(super) fn pool(&self) -> Option<Arc<super::pool::Pool>> {
        self.link.pool.upgrade()
    }
}
