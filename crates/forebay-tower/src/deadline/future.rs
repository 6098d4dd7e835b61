//! The response, or the refusal when it is late.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::Response;
use tokio::time::{Instant, Sleep, sleep_until};

use super::{HeadLate, Progress, ResponseBody};
use crate::body::Answer;
use crate::refusal::{Form, Refusal};

pin_project_lite::pin_project! {
    /// The inner response, if it comes in time.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        start: Instant,
        limit: Duration,
        progress: Option<Progress>,
        form: Form,
        // Made when the service is not ready at once: most answers never need a timer.
        timer: Option<Pin<Box<Sleep>>>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) const fn new(
        inner: F,
        start: Instant,
        limit: Duration,
        progress: Option<Progress>,
        form: Form,
    ) -> Self {
        Self { inner, start, limit, progress, form, timer: None }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(response) = this.inner.poll(cx) {
            return Poll::Ready(response.map(|response| response.map(Answer::service)));
        }
        let due =
            |progress: &Option<Progress>| progress.as_ref().map_or(*this.start, Progress::last) + *this.limit;
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(due(this.progress))));
        loop {
            ready!(timer.as_mut().poll(cx));
            let due = due(this.progress);
            if due <= timer.deadline() {
                let refusal = Refusal::from(HeadLate { limit: *this.limit });
                return Poll::Ready(Ok(refusal.into_response(*this.form)));
            }
            timer.as_mut().reset(due);
        }
    }
}
