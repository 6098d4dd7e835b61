//! The response with a watched body, or what its request body ran into.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;

use super::{Pace, ResponseBody};
use crate::body::{Answer, Fault};
use crate::refusal::Form;

pin_project_lite::pin_project! {
    /// The inner response, or 408.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        pace: Pace,
        fault: Option<Fault>,
        form: Form,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) const fn new(inner: F, pace: Pace, fault: Option<Fault>, form: Form) -> Self {
        Self { inner, pace, fault, form }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
{
    type Output = Result<Response<Answer<ResponseBody<R>>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.inner.poll(cx))?;
        if let Some(refusal) = this.fault.as_ref().and_then(Fault::get) {
            return Poll::Ready(Ok(refusal.into_response(*this.form)));
        }
        Poll::Ready(Ok(response.map(|body| Answer::service(ResponseBody::new(body, *this.pace)))))
    }
}
