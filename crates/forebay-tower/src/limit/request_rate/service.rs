//! The service: ask the client's bucket first.

use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{RequestRateLayer, ResponseBody, ResponseFuture};
use crate::client_ip::ClientKey;
use crate::refusal::Form;

/// Calls the inner service for clients within their rate.
#[derive(Clone, Debug)]
pub struct RequestRate<S> {
    pub(super) inner: S,
    pub(super) layer: RequestRateLayer,
}

impl<S, B, R> Service<Request<B>> for RequestRate<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.layer.check(ClientKey::of(request.extensions())) {
            Ok(()) => ResponseFuture::granted(self.inner.call(request)),
            Err(error) => ResponseFuture::refused(error.into(), Form::asked(request.headers())),
        }
    }
}
