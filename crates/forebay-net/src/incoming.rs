//! The request body as services see it: hyper's, plus a count of what came and who is waited for.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::transfer::Transfer;

/// A request body. Dropping it unread is fine: hyper drains a short rest or closes the connection.
#[derive(Debug)]
pub struct RequestBody {
    inner: Incoming,
    transfer: Transfer,
}

impl RequestBody {
    pub(crate) fn new(inner: Incoming, transfer: Transfer) -> Self {
        Self { inner, transfer }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = &mut *self;
        this.transfer.set_asking(true);
        let frame = ready!(Pin::new(&mut this.inner).poll_frame(cx));
        this.transfer.set_asking(false);
        if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()).and_then(Frame::data_ref) {
            this.transfer.add_received(data.len() as u64);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        self.transfer.set_asking(false);
    }
}
