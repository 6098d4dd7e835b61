//! A body that may not be longer than its ceiling.
//!
//! A declared length is judged before the first byte; this wrapper is for the bodies that declare none
//! (chunked, HTTP/2 without a length), and for the ones that lie.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};

use super::{BoxError, Fault};
use crate::size::BodyTooLarge;

pin_project_lite::pin_project! {
    /// A body that fails with [`BodyTooLarge`] at the first byte over its ceiling.
    #[derive(Debug)]
    pub struct CountedBody<B> {
        #[pin]
        inner: B,
        ceiling: u64,
        left: Option<u64>,
        fault: Option<Fault>,
    }
}

impl<B> CountedBody<B> {
    pub(crate) const fn new(inner: B, ceiling: u64, fault: Option<Fault>) -> Self {
        Self { inner, ceiling, left: Some(ceiling), fault }
    }
}

impl<B> Body for CountedBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.project();
        let Some(left) = *this.left else { return Poll::Ready(None) };
        let Some(frame) = ready!(this.inner.poll_frame(cx)) else { return Poll::Ready(None) };
        let frame = frame.map_err(Into::into)?;
        let length = frame.data_ref().map_or(0, Buf::remaining) as u64;
        *this.left = left.checked_sub(length);
        if this.left.is_some() {
            return Poll::Ready(Some(Ok(frame)));
        }
        let error = BodyTooLarge { ceiling: *this.ceiling };
        if let Some(fault) = this.fault {
            fault.set(error.into());
        }
        Poll::Ready(Some(Err(error.into())))
    }

    fn is_end_stream(&self) -> bool {
        // A body that was cut must not look like one that has ended.
        self.left.is_some() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
