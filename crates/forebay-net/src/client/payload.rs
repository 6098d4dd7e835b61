//! The body of a request.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::BoxError;

/// The body of a request.
pub struct Payload(Option<Inner>);

enum Inner {
    Bytes(Bytes),
    Body(Pin<Box<dyn Body<Data = Bytes, Error = BoxError> + Send>>),
}

impl Payload {
    /// No body.
    pub const fn empty() -> Self {
        Self(None)
    }

    /// Bytes in memory, paid for by whoever made them.
    pub fn bytes(bytes: Bytes) -> Self {
        Self((!bytes.is_empty()).then_some(Inner::Bytes(bytes)))
    }

    /// Whatever the body yields. Its size hint says whether a length is announced.
    pub fn body(body: impl Body<Data = Bytes, Error = BoxError> + Send + 'static) -> Self {
        Self(Some(Inner::Body(Box::pin(body))))
    }

    /// The same body once more, unless it can be had only once.
    pub(super) fn copy(&self) -> Option<Self> {
        match &self.0 {
            None => Some(Self(None)),
            Some(Inner::Bytes(bytes)) => Some(Self(Some(Inner::Bytes(bytes.clone())))),
            Some(Inner::Body(_)) => None,
        }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Some(Inner::Body(body)) => body.as_mut().poll_frame(cx),
            Some(Inner::Bytes(bytes)) => {
                let bytes = std::mem::take(bytes);
                self.0 = None;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Some(Inner::Body(body)) => body.is_end_stream(),
            Some(Inner::Bytes(_)) => false,
            None => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Some(Inner::Body(body)) => body.size_hint(),
            Some(Inner::Bytes(bytes)) => SizeHint::with_exact(bytes.len() as u64),
            None => SizeHint::with_exact(0),
        }
    }
}

impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Payload").field(&self.size_hint()).finish()
    }
}
