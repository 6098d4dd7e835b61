//! The service: call now, later or never.

use std::mem;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::queue::{Admission, Queue};
use super::{ResponseBody, ResponseFuture};
use crate::refusal::Form;

/// Calls the inner service once there is a slot for the request.
#[derive(Clone, Debug)]
pub struct LoadShed<S> {
    pub(super) inner: S,
    pub(super) queue: Queue,
}

impl<S, B, R> Service<Request<B>> for LoadShed<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    R: Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, Request<B>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.queue.admit() {
            Admission::Now(slot) => ResponseFuture::calling(self.inner.call(request), slot),
            Admission::Later(wait) => {
                // The service that was polled ready goes with the request; the clone stays for the next.
                let clone = self.inner.clone();
                let ready = mem::replace(&mut self.inner, clone);
                ResponseFuture::waiting(wait, Form::asked(request.headers()), ready, request)
            }
            Admission::Never(error) => ResponseFuture::refused(error, Form::asked(request.headers())),
        }
    }
}
