//! The service: judge the declared length, count the rest.

use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{BodyTooLarge, RequestBody, ResponseBody, ResponseFuture};
use crate::body::{BoxError, CountedBody, Fault};
use crate::refusal::Form;

/// Calls the inner service with a body that cannot be longer than the ceiling.
#[derive(Clone, Debug)]
pub struct BodyCeiling<S> {
    pub(super) inner: S,
    pub(super) ceiling: u64,
}

impl<S, B, R> Service<Request<B>> for BodyCeiling<S>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    B: Body,
    B::Error: Into<BoxError>,
    R: Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let length = request.body().size_hint();
        if length.lower() > self.ceiling {
            let error = BodyTooLarge { ceiling: self.ceiling };
            return ResponseFuture::refused(error.into(), Form::asked(request.headers()));
        }
        // A length that is known and small enough needs no one to listen for a fault.
        let fault = length.upper().is_none_or(|upper| upper > self.ceiling).then(Fault::default);
        let form = fault.as_ref().map_or(Form::Text, |_| Form::asked(request.headers()));
        let request = request.map(|body| CountedBody::new(body, self.ceiling, fault.clone()));
        ResponseFuture::granted(self.inner.call(request), fault, form)
    }
}
