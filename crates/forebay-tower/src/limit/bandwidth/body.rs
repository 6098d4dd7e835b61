//! The body that waits for its account.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::layer::Account;

pin_project_lite::pin_project! {
    /// A body that passes each frame at once and then waits until it is paid for.
    #[derive(Debug)]
    pub struct PacedBody<B> {
        #[pin]
        inner: B,
        account: Option<Account>,
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
        Self { inner, account, wait: Wait::Unasked }
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

impl<B: Body> Body for PacedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.project();
        let Some(account) = this.account else { return this.inner.poll_frame(cx) };
        ready!(this.wait.poll(account, cx));
        let frame = ready!(this.inner.poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            *this.wait = Wait::until(account.debit(data.remaining() as u64));
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
