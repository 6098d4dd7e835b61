//! The service: it names the client and passes on.

use std::task::{Context, Poll};

use http::Request;
use tower_service::Service;

use super::{Client, ClientIpLayer, forwarded, peer};

/// Sets the [`Client`] extension and calls the inner service.
#[derive(Clone, Debug)]
pub struct ClientIp<S> {
    pub(super) inner: S,
    pub(super) layer: ClientIpLayer,
}

impl<S, B> Service<Request<B>> for ClientIp<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        if let Some(peer) = peer(request.extensions(), self.layer.peer_from) {
            let client = forwarded::client(peer, request.headers(), &self.layer.trust);
            request.extensions_mut().insert(Client(client));
        }
        self.inner.call(request)
    }
}
