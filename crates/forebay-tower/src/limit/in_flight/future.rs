//! The response: the slot moves from the future into the body.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;

use super::{ResponseBody, Slot};
use crate::body::{Answer, EndBody, Held};
use crate::refusal::{Form, Refusal};

pin_project_lite::pin_project! {
    /// The inner response with a slot in it, or a refusal.
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
        Granted { #[pin] inner: F, slot: Option<Slot> },
        Refused { refusal: Option<(Refusal, Form)> },
    }
}

impl<F> ResponseFuture<F> {
    pub(super) const fn granted(inner: F, slot: Slot) -> Self {
        Self { state: State::Granted { inner, slot: Some(slot) } }
    }

    pub(super) const fn refused(refusal: Refusal, form: Form) -> Self {
        Self { state: State::Refused { refusal: Some((refusal, form)) } }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            Projected::Granted { inner, slot } => {
                let response = ready!(inner.poll(cx))?;
                let slot = slot.take().expect("polled after it was ready");
                Poll::Ready(Ok(response.map(|body| Answer::service(EndBody::new(body, Held::new(slot))))))
            }
            Projected::Refused { refusal } => {
                let (refusal, form) = refusal.take().expect("polled after it was ready");
                Poll::Ready(Ok(refusal.into_response(form)))
            }
        }
    }
}
