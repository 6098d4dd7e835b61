//! The body of a request.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
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

    /// `len` bytes, as the stream yields them. A stream that ends early or goes on beyond fails the request.
    pub fn stream(len: u64, stream: impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static) -> Self {
        Self::body(Measured { stream: Box::pin(stream), left: len })
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

/// A stream of which the length is known.
struct Measured {
    stream: Pin<Box<dyn Stream<Item = Result<Bytes, BoxError>> + Send>>,
    left: u64,
}

impl Body for Measured {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(match ready!(self.stream.as_mut().poll_next(cx)) {
            None => Err("the bytes ended before their announced length".into()),
            Some(Err(error)) => Err(error),
            Some(Ok(bytes)) => match self.left.checked_sub(bytes.len() as u64) {
                None => Err("there are more bytes than were announced".into()),
                Some(left) => {
                    self.left = left;
                    Ok(Frame::data(bytes))
                }
            },
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
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
