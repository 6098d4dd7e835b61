//! The body of every answer: nothing, bytes, a file, a stream that is written as it goes, or what another connection brings.
//!
//! One enum and not a boxed trait object, because the first three are the hot path. It reports exact
//! lengths wherever they are known: the server writes `Content-Length` from them, and takes a file by
//! name only if they still match what was offered.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use forebay_net::{FileBody, RelayBody};
use http_body::{Frame, SizeHint};

use crate::error::broken;

/// The body of an answer of the gateway.
pub struct Body(Inner);

enum Inner {
    Empty,
    Bytes(Bytes),
    File(FileBody),
    Stream(Stream),
    Relay(RelayBody),
}

type Stream = Pin<Box<dyn http_body::Body<Data = Bytes, Error = io::Error> + Send>>;

impl Body {
    /// No bytes.
    #[must_use]
    pub const fn empty() -> Self {
        Self(Inner::Empty)
    }

    /// Bytes of unknown number, written as they are asked for. It holds what it costs.
    pub fn stream(body: impl http_body::Body<Data = Bytes, Error = io::Error> + Send + 'static) -> Self {
        Self(Inner::Stream(Box::pin(body)))
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(if bytes.is_empty() { Inner::Empty } else { Inner::Bytes(bytes) })
    }
}

impl From<RelayBody> for Body {
    fn from(body: RelayBody) -> Self {
        Self(Inner::Relay(body))
    }
}

impl From<FileBody> for Body {
    fn from(body: FileBody) -> Self {
        Self(Inner::File(body))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match &mut self.0 {
            Inner::Empty => Poll::Ready(None),
            Inner::Bytes(bytes) => {
                let bytes = std::mem::take(bytes);
                self.0 = Inner::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Inner::File(body) => Pin::new(body).poll_frame(cx),
            Inner::Stream(body) => body.as_mut().poll_frame(cx),
            Inner::Relay(body) => {
                Pin::new(body).poll_frame(cx).map(|frame| frame.map(|frame| frame.map_err(broken)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::Empty => true,
            Inner::Bytes(_) => false,
            Inner::File(body) => body.is_end_stream(),
            Inner::Stream(body) => body.is_end_stream(),
            Inner::Relay(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Empty => SizeHint::with_exact(0),
            Inner::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Inner::File(body) => body.size_hint(),
            Inner::Stream(body) => body.size_hint(),
            Inner::Relay(body) => body.size_hint(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.0 {
            Inner::Empty => "empty",
            Inner::Bytes(_) => "bytes",
            Inner::File(_) => "file",
            Inner::Stream(_) => "stream",
            Inner::Relay(_) => "relay",
        };
        write!(f, "Body({kind})")
    }
}
