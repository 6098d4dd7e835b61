//! The response: the service's, or the refusal.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;

use super::ResponseBody;
use crate::body::Answer;
use crate::refusal::{Form, Refusal};

pin_project_lite::pin_project! {
    /// The inner response, or a refusal.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project_lite::pin_project! {
    #[project = Projected]
    #[derive(Debug)]
    enum State<F> {
        Granted { #[pin] inner: F },
        Refused { refusal: Option<(Refusal, Form)> },
    }
}

impl<F> ResponseFuture<F> {
    pub(super) const fn granted(inner: F) -> Self {
        Self { state: State::Granted { inner } }
    }

    pub(super) const fn refused(refusal: Refusal, form: Form) -> Self {
        Self { state: State::Refused { refusal: Some((refusal, form)) } }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            Projected::Granted { inner } => Poll::Ready(Ok(ready!(inner.poll(cx))?.map(Answer::service))),
            Projected::Refused { refusal } => {
                let (refusal, form) = refusal.take().expect("polled after it was ready");
                Poll::Ready(Ok(refusal.into_response(form)))
            }
        }
    }
}
