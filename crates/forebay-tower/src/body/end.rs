//! The end of a body, seen by one wrapper: complete, failed or abandoned.
//!
//! The end becomes *known* at the last frame and is *settled* when the body is dropped. A server drops a
//! response body once it is done with it: right after the last frame where the frame was copied out, or
//! later where the bytes still wait to be sent (zero-copy servers park the body until the socket has taken
//! them). Settling in `Drop` holds the permit for as long as it pays for something, and makes cancellation
//! the same path as every other end.

use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// Every byte that was promised, or the end of the stream, has passed.
    Complete,
    /// The body itself failed.
    Failed,
    /// Dropped before its end: the other side went away, or lost interest.
    Abandoned,
}

impl End {
    /// The name used in logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
        }
    }
}

/// What [`EndBody`] tells about the body that it wraps.
pub trait Tap {
    /// Data is about to pass. Only look at it: the frame goes on unchanged. For data that is not
    /// contiguous, [`Buf::chunk`] shows the first piece and [`Buf::remaining`] the whole length.
    fn data(&mut self, _data: &impl Buf) {}

    /// The body failed with this error, which goes on to the reader.
    fn failed(&mut self, _error: &dyn Display) {}

    /// The body has ended. Called exactly once, from `Drop`.
    fn end(&mut self, _end: End) {}
}

impl<T: Tap> Tap for Option<T> {
    fn data(&mut self, data: &impl Buf) {
        if let Some(tap) = self {
            tap.data(data);
        }
    }

    fn failed(&mut self, error: &dyn Display) {
        if let Some(tap) = self {
            tap.failed(error);
        }
    }

    fn end(&mut self, end: End) {
        if let Some(tap) = self {
            tap.end(end);
        }
    }
}

pin_project_lite::pin_project! {
    /// A body that tells its [`Tap`] what passes and how it ends.
    #[derive(Debug)]
    pub struct EndBody<B: Body, T: Tap> {
        #[pin]
        inner: B,
        tap: T,
        // Bytes still owed before the body counts as whole; `None` where only its last frame can tell.
        owed: Option<u64>,
        known: Option<End>,
    }

    impl<B: Body, T: Tap> PinnedDrop for EndBody<B, T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let whole = *this.owed == Some(0) || this.inner.is_end_stream();
            let end = this.known.unwrap_or(if whole { End::Complete } else { End::Abandoned });
            this.tap.end(end);
        }
    }
}

// ===== impl EndBody =====

impl<B: Body, T: Tap> EndBody<B, T> {
    /// Wraps `inner`, whose exact size hint, if it has one, is what it owes.
    pub fn new(inner: B, tap: T) -> Self {
        let owed = inner.size_hint().exact();
        Self { inner, tap, owed, known: None }
    }

    /// Wraps a body whose length is promised elsewhere: by a `Content-Length` that the service wrote, or
    /// zero for an answer to HEAD, whose body nobody polls.
    pub fn promising(inner: B, tap: T, bytes: u64) -> Self {
        Self { inner, tap, owed: Some(bytes), known: None }
    }

    /// The tap.
    pub fn tap(&self) -> &T {
        &self.tap
    }
}

impl<B, T> Body for EndBody<B, T>
where
    B: Body,
    B::Error: Display,
    T: Tap,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    this.tap.data(data);
                    *this.owed = this.owed.map(|owed| owed.saturating_sub(data.remaining() as u64));
                }
            }
            Some(Err(error)) => {
                *this.known = Some(End::Failed);
                this.tap.failed(error);
            }
            None => *this.known = this.known.or(Some(End::Complete)),
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
