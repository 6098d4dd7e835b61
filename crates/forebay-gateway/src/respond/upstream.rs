//! Bodies that come from across a network while they are sent.
//!
//! A chunk is asked for when the connection has room for it, and there is one at a time: a client that reads slowly is read for
//! slowly, up to the kernel's buffers on both sides, and costs the plan what was leased for it before the head went out. A broken
//! connection to the store is continued below ([`ResumableBody`]); what cannot be continued ends the client's connection. Less than was
//! promised is never presented as all.
//!
//! Where both sides are plain HTTP/1.1 the bytes go from socket to socket ([`RelayBody`](forebay_net::RelayBody)).
//!
//! Of many ranges the first is asked for before the head, each other when its turn has come.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use forebay_budget::Lease;
use forebay_net::{BoxError, RelaySource, Spliced};
use forebay_store::remote::{Effort, RemoteSpan, ResumableBody};
use forebay_store::{StoreError, StoreErrorKind};
use forebay_tower::access_log::{Behind, BehindHandle};
use futures_core::future::BoxFuture;
use http::Response;

use crate::body::Body;
use crate::upstream_metrics::UpstreamMetrics;

/// One part of what is sent.
pub(crate) enum Piece {
    Text(Bytes),
    Span(RemoteSpan),
    /// A span that was asked for already.
    Open(Box<ResumableBody>),
}

/// A body whose bytes come from across a network.
pub(crate) struct Upstream {
    now: Now,
    rest: VecDeque<Piece>,
    /// Promised and not sent; `None` if no length was promised.
    left: Option<u64>,
    metrics: UpstreamMetrics,
    /// Pay for the chunk under way and for text.
    _leases: Vec<Lease>,
}

enum Now {
    Between,
    Asking(BoxFuture<'static, Result<ResumableBody, StoreError>>),
    Flowing(Box<ResumableBody>),
    Over,
}

impl Upstream {
    /// All of one body.
    pub(crate) fn one(body: Box<ResumableBody>, metrics: UpstreamMetrics, leases: Vec<Lease>) -> Self {
        let left = body.remaining();
        Self { now: Now::Flowing(body), rest: VecDeque::new(), left, metrics, _leases: leases }
    }

    /// These pieces, which have `len` bytes together.
    pub(crate) fn many(
        rest: VecDeque<Piece>,
        len: u64,
        metrics: UpstreamMetrics,
        leases: Vec<Lease>,
    ) -> Self {
        Self { now: Now::Between, rest, left: Some(len), metrics, _leases: leases }
    }

    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, StoreError>>> {
        loop {
            self.now = match &mut self.now {
                Now::Over => return Poll::Ready(None),
                Now::Between => match self.rest.pop_front() {
                    None if self.left.unwrap_or(0) > 0 => return Poll::Ready(Some(Err(self.short()))),
                    None => return Poll::Ready(None),
                    Some(Piece::Text(text)) => return Poll::Ready(Some(Ok(text))),
                    Some(Piece::Span(span)) => Now::Asking(Box::pin(async move { span.open().await })),
                    Some(Piece::Open(body)) => Now::Flowing(body),
                },
                Now::Asking(answer) => match ready!(answer.as_mut().poll(cx)) {
                    Ok(body) => Now::Flowing(Box::new(body)),
                    Err(error) => return Poll::Ready(Some(Err(error))),
                },
                Now::Flowing(body) => match ready!(body.poll_chunk(cx)) {
                    Some(Ok(bytes)) => {
                        self.metrics.received(bytes.len() as u64);
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                    Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                    None => {
                        self.metrics.continued(body.continued());
                        Now::Between
                    }
                },
            };
        }
    }

    fn short(&self) -> StoreError {
        let cause = format!("the store sent {} bytes fewer than it promised", self.left.unwrap_or(0));
        StoreError::with_cause(StoreErrorKind::Unavailable, cause)
    }
}

impl Upstream {
    /// The end, whatever comes.
    fn give_up(&mut self, error: StoreError) -> BoxError {
        (self.now, self.rest) = (Now::Over, VecDeque::new());
        self.metrics.failed(error.kind());
        tracing::warn!(%error, "an answer under way could not be completed");
        error.into()
    }

    fn passed(&mut self, bytes: u64) {
        self.left = self.left.map(|left| left.saturating_sub(bytes));
    }
}

impl RelaySource for Upstream {
    fn remaining(&self) -> Option<u64> {
        if matches!(self.now, Now::Over) { Some(0) } else { self.left }
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        let next = ready!(self.poll_bytes(cx));
        Poll::Ready(match next {
            None => {
                self.now = Now::Over;
                None
            }
            Some(Ok(bytes)) => {
                self.passed(bytes.len() as u64);
                Some(Ok(bytes))
            }
            Some(Err(error)) => Some(Err(self.give_up(error))),
        })
    }

    fn poll_splice(&mut self, cx: &mut Context<'_>, max: usize) -> Poll<Result<Spliced, BoxError>> {
        let Now::Flowing(body) = &mut self.now else { return Poll::Ready(Ok(Spliced::Unable)) };
        Poll::Ready(match ready!(body.poll_splice(cx, max as u64)) {
            Ok(Some(pipe)) => {
                self.metrics.received(pipe.held());
                self.passed(pipe.held());
                Ok(Spliced::Held(pipe))
            }
            Ok(None) => Ok(Spliced::Unable),
            Err(error) => Err(self.give_up(error)),
        })
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        if let Now::Flowing(body) = &self.now {
            self.metrics.continued(body.continued());
        }
    }
}

/// What the access log says of an object from across a network.
#[derive(Debug)]
struct Asked(Effort);

impl Behind for Asked {
    fn place(&self) -> &str {
        self.0.place()
    }

    fn requests(&self) -> u32 {
        self.0.requests()
    }

    fn first_answer(&self) -> Option<Duration> {
        self.0.answered_after()
    }

    fn continued(&self) -> u32 {
        self.0.continued()
    }
}

/// Gives an answer what its record says of the store.
pub(crate) fn noted(mut answer: Response<Body>, effort: Option<Effort>) -> Response<Body> {
    if let Some(effort) = effort {
        answer.extensions_mut().insert(BehindHandle(Arc::new(Asked(effort))));
    }
    answer
}

/// Asks for a span, so that what is wrong with it is known before the head goes out.
pub(crate) async fn open(
    span: &RemoteSpan,
    metrics: &UpstreamMetrics,
) -> Result<Box<ResumableBody>, StoreError> {
    match Box::pin(span.open()).await {
        Ok(body) => Ok(Box::new(body)),
        Err(error) => {
            metrics.failed(error.kind());
            Err(error)
        }
    }
}
