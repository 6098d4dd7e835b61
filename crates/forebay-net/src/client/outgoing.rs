//! A request's body on its way, with its progress noted.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::payload::Payload;
use super::progress::Progress;
use crate::BoxError;

pub(super) struct Outgoing {
    payload: Payload,
    /// Bytes that were announced and not yet yielded.
    left: Option<u64>,
    progress: Arc<Progress>,
}

impl Outgoing {
    pub(super) fn new(payload: Payload, progress: Arc<Progress>) -> Self {
        let left = payload.size_hint().exact();
        if payload.is_end_stream() {
            progress.source_ended();
        }
        Self { payload, left, progress }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = Pin::new(&mut self.payload).poll_frame(cx);
        self.progress.source_waits(polled.is_pending());
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let (Some(left), Some(data)) = (self.left, frame.data_ref())
        {
            self.left = Some(left.saturating_sub(data.len() as u64));
        }
        // hyper does not ask again when the announced length is reached.
        if matches!(polled, Poll::Ready(None)) || self.left == Some(0) || self.payload.is_end_stream() {
            self.progress.source_ended();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.payload.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.payload.size_hint()
    }
}
