//! The service: note the time, watch the request body if there is one.

use std::fmt::Display;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use tokio::time::Instant;
use tower_service::Service;

use super::{Progress, RequestBody, ResponseBody, ResponseFuture};
use crate::body::EndBody;
use crate::refusal::Form;

/// Calls the inner service and drops its future when the head is late.
#[derive(Clone, Debug)]
pub struct Deadline<S> {
    pub(super) inner: S,
    pub(super) limit: Duration,
}

impl<S, B, R> Service<Request<B>> for Deadline<S>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    B: Body,
    B::Error: Display,
    R: Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let start = Instant::now();
        let form = Form::asked(request.headers());
        let progress = (!request.body().is_end_stream()).then(|| Progress::starting(start));
        let request = request.map(|body| EndBody::new(body, progress.clone()));
        ResponseFuture::new(self.inner.call(request), start, self.limit, progress, form)
    }
}
