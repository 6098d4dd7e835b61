//! The service: both bodies are watched.

use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{Pace, RequestBody, ResponseBody, ResponseFuture};
use crate::body::{Answer, BoxError, Fault};
use crate::refusal::Form;

/// Calls the inner service with a watched body, and watches the answer's.
#[derive(Clone, Debug)]
pub struct Stall<S> {
    pub(super) inner: S,
    pub(super) request: Pace,
    pub(super) response: Pace,
}

impl<S, B, R> Service<Request<B>> for Stall<S>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    B: Body,
    B::Error: Into<BoxError>,
    R: Body,
    R::Error: Into<BoxError>,
{
    type Response = Response<Answer<ResponseBody<R>>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let fault = (!request.body().is_end_stream()).then(Fault::default);
        let form = fault.as_ref().map_or(Form::Text, |_| Form::asked(request.headers()));
        let request = request.map(|body| RequestBody::new(body, self.request, fault.clone()));
        ResponseFuture::new(self.inner.call(request), self.response, fault, form)
    }
}
