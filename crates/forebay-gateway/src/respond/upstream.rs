//! Bodies that come from across a network while they are sent.
//!
//! A chunk is asked for when the connection has room for it, and there is one at a time: a client that reads slowly is read for
//! slowly, up to the kernel's buffers on both sides, and costs the plan what was leased for it before the head went out. A broken
//! connection to the store is continued below ([`ResumableBody`]); what cannot be continued ends the client's connection. Less than was
//! promised is never presented as all.
//!
//! Of many ranges the first is asked for before the head, each other when its turn has come.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use forebay_budget::Lease;
use forebay_store::remote::{RemoteSpan, ResumableBody};
use forebay_store::{StoreError, StoreErrorKind};
use futures_core::future::BoxFuture;
use http_body::{Frame, SizeHint};

use crate::error::broken;
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
                        self.metrics.received(bytes.len());
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

impl http_body::Body for Upstream {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let next = ready!(self.poll_bytes(cx));
        Poll::Ready(match next {
            None => {
                self.now = Now::Over;
                None
            }
            Some(Ok(bytes)) => {
                self.left = self.left.map(|left| left.saturating_sub(bytes.len() as u64));
                Some(Ok(Frame::data(bytes)))
            }
            Some(Err(error)) => {
                (self.now, self.rest) = (Now::Over, VecDeque::new());
                self.metrics.failed(error.kind());
                tracing::warn!(%error, "an answer under way could not be completed");
                Some(Err(broken(error)))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0) || matches!(self.now, Now::Over)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        if let Now::Flowing(body) = &self.now {
            self.metrics.continued(body.continued());
        }
    }
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
