//! The body of a response, which is its connection.
//!
//! It is polled by nobody but its reader. What nobody reads stays in the kernel, within the bounds of the receive buffer, and slows the
//! sender down; what becomes of the body becomes of the connection.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Weak;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::future::poll_fn;
use http::response;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::counted::Counted;
use super::drain;
use super::error::{ClientError, ClientErrorKind};
use super::exchange::Exchange;
use super::framed::Framed;
use super::options::ClientOptions;
use super::pool::Pool;
use super::reuse;
use super::stall::Stall;
use crate::pipe::Pipe;

/// The body of a response, which is its connection.
pub struct ClientBody {
    pub(super) flow: Flow,
    remaining: Option<u64>,
    /// Taken and not delivered: cut off at somebody's limit, or refused by a full file.
    pub(super) held_back: VecDeque<Bytes>,
    /// The same in a pipe, behind `held_back`.
    pub(super) pipe: Option<Pipe>,
    pub(super) splice: Splice,
    pub(super) stall: Stall,
    pub(super) pool: Weak<Pool>,
    is_overrun: bool,
}

/// Whether pipes are of use to this body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Splice {
    May,
    Not,
}

pub(super) enum Flow {
    Counted(Box<Counted>),
    Framed(Box<Framed>),
    /// The end was seen, or an error was reported.
    Over,
    /// Bytes are on their way to a file, or were when somebody lost patience.
    Lost,
}

impl ClientBody {
    pub(super) fn new(
        head: &response::Parts,
        incoming: Incoming,
        exchange: Exchange,
        pool: Weak<Pool>,
        options: &ClientOptions,
    ) -> Self {
        let remaining = if incoming.is_end_stream() { Some(0) } else { incoming.size_hint().exact() };
        let after = reuse::after(head, remaining);
        let flow = match remaining {
            Some(len) if exchange.progress.is_sent() => {
                Flow::Counted(Box::new(Counted::take_over(incoming, exchange, len, after, options.sizes)))
            }
            _ => Flow::Framed(Box::new(Framed { incoming, exchange, after })),
        };
        let mut body = Self {
            flow,
            remaining,
            held_back: VecDeque::new(),
            pipe: None,
            splice: Splice::May,
            stall: Stall::new(options.stall_timeout),
            pool,
            is_overrun: false,
        };
        body.finish_if_taken();
        body
    }

    /// Bytes that are declared and not yet delivered; `None` if no length was declared.
    pub fn remaining(&self) -> Option<u64> {
        self.remaining
    }

    /// Whether more came than was declared, as far as it had come when the declared length was taken. Whoever sends it cannot count, or
    /// means it as the answer to another request; the connection is not used again.
    pub fn is_overrun(&self) -> bool {
        self.is_overrun
    }

    /// The next bytes; `None` at the true end.
    ///
    /// Cancel safe: what arrived is delivered by the next call.
    ///
    /// # Errors
    ///
    /// `Stalled`, `Reset`, `Short` or `Malformed`. Nothing follows an error.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, ClientError>> {
        poll_fn(|cx| self.poll_chunk(cx)).await
    }

    /// Takes and forgets some of the body: at least a byte unless it is at its end, at most `max`. Where the length is declared and
    /// nothing is encrypted, the kernel drops the bytes and copies nothing. Returns how many; 0 at the true end.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`chunk`](Self::chunk).
    pub async fn discard(&mut self, max: u64) -> Result<u64, ClientError> {
        poll_fn(|cx| self.poll_discard(cx, max)).await
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, ClientError>>> {
        let next = ready!(self.poll_next(cx));
        if let Some(Ok(bytes)) = &next {
            self.delivered(bytes.len() as u64);
        }
        Poll::Ready(next)
    }

    /// The next bytes, taken but not yet delivered.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, ClientError>>> {
        if let Some(bytes) = self.held_back.pop_front() {
            return Poll::Ready(Some(Ok(bytes)));
        }
        if let Some(pipe) = self.pipe.as_mut().filter(|pipe| pipe.held() > 0) {
            return Poll::Ready(Some(pipe.read()));
        }
        let polled = match &mut self.flow {
            Flow::Over => return Poll::Ready(None),
            Flow::Lost => Poll::Ready(Some(Err(ClientError::with_cause(
                ClientErrorKind::Reset,
                "given up in the middle of a write",
            )))),
            Flow::Counted(counted) => counted.poll_bytes(cx).map(Some),
            Flow::Framed(framed) => framed.poll_bytes(cx),
        };
        let next = match polled {
            Poll::Ready(next) => next,
            Poll::Pending => Some(Err(ready!(self.stall.poll(cx)))),
        };
        self.stall.moved();
        match &next {
            None => self.end(),
            Some(Ok(_)) => self.finish_if_taken(),
            Some(Err(_)) => self.flow = Flow::Over,
        }
        Poll::Ready(next)
    }

    fn poll_discard(&mut self, cx: &mut Context<'_>, max: u64) -> Poll<Result<u64, ClientError>> {
        let holds = !self.held_back.is_empty() || self.pipe.as_ref().is_some_and(|pipe| pipe.held() > 0);
        let pool = self.pool.upgrade();
        let counted = match (&mut self.flow, holds) {
            (Flow::Counted(counted), false) if counted.socket().is_some() => Some(counted),
            _ => None,
        };
        let (Some(counted), Some(pool)) = (counted, pool) else {
            let Some(mut bytes) = ready!(self.poll_next(cx)).transpose()? else { return Poll::Ready(Ok(0)) };
            let most = usize::try_from(max).unwrap_or(usize::MAX).min(bytes.len());
            let rest = bytes.split_off(most);
            if !rest.is_empty() {
                self.held_back.push_front(rest);
            }
            self.delivered(most as u64);
            return Poll::Ready(Ok(most as u64));
        };
        let result = match counted.poll_discard(cx, &pool.scratch, max) {
            Poll::Ready(result) => result,
            Poll::Pending => Err(ready!(self.stall.poll(cx))),
        };
        self.stall.moved();
        match &result {
            Ok(discarded) => {
                self.delivered(*discarded);
                self.finish_if_taken();
            }
            Err(_) => self.flow = Flow::Over,
        }
        Poll::Ready(result)
    }

    pub(super) fn delivered(&mut self, bytes: u64) {
        self.remaining = self.remaining.map(|left| left.saturating_sub(bytes));
    }

    /// With its last byte taken, the connection goes back at once, not when somebody asks for more.
    pub(super) fn finish_if_taken(&mut self) {
        if matches!(&self.flow, Flow::Counted(counted) if counted.left() == 0) {
            self.end();
        }
    }

    fn end(&mut self) {
        match std::mem::replace(&mut self.flow, Flow::Over) {
            Flow::Counted(counted) => self.is_overrun = counted.finish(),
            Flow::Framed(framed) => framed.finish(),
            Flow::Over | Flow::Lost => {}
        }
    }
}

impl Drop for ClientBody {
    fn drop(&mut self) {
        match std::mem::replace(&mut self.flow, Flow::Over) {
            Flow::Counted(rest) => drain::settle(*rest),
            Flow::Framed(_) => {
                if let Some(pool) = self.pool.upgrade() {
                    pool.counters.closed_unread.add(1);
                }
            }
            Flow::Over | Flow::Lost => {}
        }
    }
}

impl Body for ClientBody {
    type Data = Bytes;
    type Error = ClientError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ClientError>>> {
        self.poll_chunk(cx).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.flow, Flow::Over)
            && self.held_back.is_empty()
            && self.pipe.as_ref().is_none_or(|pipe| pipe.held() == 0)
    }

    fn size_hint(&self) -> SizeHint {
        self.remaining.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl std::fmt::Debug for ClientBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientBody").field("remaining", &self.remaining).finish_non_exhaustive()
    }
}
