//! The response, with its body paced.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::Body;

use super::PacedBody;
use super::layer::Account;

pin_project_lite::pin_project! {
    /// The inner response; its body waits for the account.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        account: Option<Account>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) const fn new(inner: F, account: Option<Account>) -> Self {
        Self { inner, account }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body<Data = Bytes>,
{
    type Output = Result<Response<PacedBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.inner.poll(cx))?;
        let account = this.account.take();
        Poll::Ready(Ok(response.map(|body| PacedBody::new(body, account))))
    }
}
