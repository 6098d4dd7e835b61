//! The body that waits for its account.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::layer::Account;

pin_project_lite::pin_project! {
    /// A body that passes a piece of a frame at once and then waits until it is paid for.
    #[derive(Debug)]
    pub struct PacedBody<B> {
        #[pin]
        inner: B,
        account: Option<Account>,
        // What is left of the frame that is being passed.
        rest: Bytes,
        wait: Wait,
    }
}

#[derive(Debug)]
enum Wait {
    /// Nothing has passed: others of the same client may have left a debt.
    Unasked,
    No,
    Until(Pin<Box<Sleep>>),
}

impl<B> PacedBody<B> {
    pub(super) const fn new(inner: B, account: Option<Account>) -> Self {
        Self { inner, account, rest: Bytes::new(), wait: Wait::Unasked }
    }
}

impl Wait {
    fn until(deadline: Option<Instant>) -> Self {
        deadline.map_or(Self::No, |deadline| Self::Until(Box::pin(sleep_until(deadline))))
    }

    fn poll(&mut self, account: &Account, cx: &mut Context<'_>) -> Poll<()> {
        if matches!(self, Self::Unasked) {
            *self = Self::until(account.debt());
        }
        if let Self::Until(sleep) = self {
            ready!(sleep.as_mut().poll(cx));
            *self = Self::No;
        }
        Poll::Ready(())
    }
}

impl<B: Body<Data = Bytes>> Body for PacedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.project();
        let Some(account) = this.account else { return this.inner.poll_frame(cx) };
        ready!(this.wait.poll(account, cx));
        if this.rest.is_empty() {
            let frame = match ready!(this.inner.poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                end => return Poll::Ready(end),
            };
            match frame.into_data() {
                Ok(data) => *this.rest = data,
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            }
        }
        let piece = this.rest.split_to(account.piece().min(this.rest.len()));
        *this.wait = Wait::until(account.debit(piece.len() as u64));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (inner, rest) = (self.inner.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(inner.lower() + rest);
        hint
    }
}
