//! The service: both bodies get the account of the request's client.

use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use std::sync::Arc;
use tower_service::Service;

use super::layer::Shared;
use super::{Direction, PacedBody, ResponseFuture};
use crate::client_ip::ClientKey;

/// Wraps request and response bodies so that they keep to the rates.
#[derive(Clone, Debug)]
pub struct Bandwidth<S> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared>,
}

impl<S, B, R> Service<Request<B>> for Bandwidth<S>
where
    S: Service<Request<PacedBody<B>>, Response = Response<R>>,
    R: Body<Data = Bytes>,
{
    type Response = Response<PacedBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let account = self.shared.account(ClientKey::of(request.extensions()));
        let counts = |directions: [Direction; 2]| {
            account.clone().filter(|_| directions.contains(&self.shared.direction))
        };
        let incoming = counts([Direction::In, Direction::Both]);
        let outgoing = counts([Direction::Out, Direction::Both]);
        ResponseFuture::new(self.inner.call(request.map(|body| PacedBody::new(body, incoming))), outgoing)
    }
}
