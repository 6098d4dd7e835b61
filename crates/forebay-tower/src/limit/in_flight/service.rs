//! The service: no slot, no call.

use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{ResponseBody, ResponseFuture, Slots, TooManyInFlight};
use crate::refusal::Form;

/// Takes a slot for each request and hands it to the response body.
#[derive(Clone, Debug)]
pub struct InFlight<S> {
    pub(super) inner: S,
    pub(super) slots: Slots,
}

impl<S, B, R> Service<Request<B>> for InFlight<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        // Ready even when full: refusing is the answer, and back-pressure here would hide it.
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.slots.try_take() {
            Some(slot) => ResponseFuture::granted(self.inner.call(request), slot),
            None => {
                let refusal = TooManyInFlight { total: self.slots.total() }.into();
                ResponseFuture::refused(refusal, Form::asked(request.headers()))
            }
        }
    }
}
