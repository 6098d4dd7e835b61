//! The body of a response, which is its connection.
//!
//! It is polled by nobody but its reader. What nobody reads stays in the kernel, within the bounds of the receive buffer, and slows the
//! sender down; what becomes of the body becomes of the connection.

use std::pin::Pin;
use std::sync::Weak;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::poll_fn;
use http::response;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep};

use super::counted::Counted;
use super::drain;
use super::error::{ClientError, ClientErrorKind};
use super::exchange::Exchange;
use super::framed::Framed;
use super::options::ClientOptions;
use super::pool::Pool;
use super::reuse;

/// The body of a response, which is its connection.
pub struct ClientBody {
    flow: Flow,
    remaining: Option<u64>,
    stall: Stall,
    pool: Weak<Pool>,
}

enum Flow {
    Counted(Box<Counted>),
    Framed(Box<Framed>),
    /// The end was seen, or an error was reported.
    Over,
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
                let buffer = options.sizes.buffer.as_usize();
                Flow::Counted(Box::new(Counted::take_over(incoming, exchange, len, after, buffer)))
            }
            _ => Flow::Framed(Box::new(Framed { incoming, exchange, after })),
        };
        let mut body = Self { flow, remaining, stall: Stall::new(options.stall_timeout), pool };
        body.finish_if_whole();
        body
    }

    /// Bytes that are declared and not yet delivered; `None` if no length was declared.
    pub fn remaining(&self) -> Option<u64> {
        self.remaining
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

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, ClientError>>> {
        let polled = match &mut self.flow {
            Flow::Over => return Poll::Ready(None),
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
            Some(Ok(bytes)) => {
                self.remaining = self.remaining.map(|left| left.saturating_sub(bytes.len() as u64));
                self.finish_if_whole();
            }
            Some(Err(_)) => self.flow = Flow::Over,
        }
        Poll::Ready(next)
    }

    /// At the declared end the connection goes back at once, not when somebody asks for more.
    fn finish_if_whole(&mut self) {
        if self.remaining == Some(0) && matches!(self.flow, Flow::Counted(_)) {
            self.end();
        }
    }

    fn end(&mut self) {
        match std::mem::replace(&mut self.flow, Flow::Over) {
            Flow::Counted(counted) => counted.finish(),
            Flow::Framed(framed) => framed.finish(),
            Flow::Over => {}
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
            Flow::Over => {}
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

/// How long nothing has come although somebody waited for it.
struct Stall {
    limit: Duration,
    /// Made when first needed: most bodies are there before anybody has to wait.
    timer: Option<Pin<Box<Sleep>>>,
    is_counting: bool,
}

impl Stall {
    fn new(limit: Duration) -> Self {
        Self { limit, timer: None, is_counting: false }
    }

    fn moved(&mut self) {
        self.is_counting = false;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ClientError> {
        let limit = self.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(limit)));
        if !self.is_counting {
            self.is_counting = true;
            timer.as_mut().reset(Instant::now() + limit);
        }
        timer.as_mut().poll(cx).map(|()| ClientError::new(ClientErrorKind::Stalled))
    }
}
