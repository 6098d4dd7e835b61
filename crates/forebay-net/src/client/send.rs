//! One request, one head.

use std::sync::Arc;

use http::header::PROXY_AUTHORIZATION;
use http::{Request, Response};

use super::body::ClientBody;
use super::destination::{Destination, Way};
use super::endpoint::Endpoint;
use super::error::ClientError;
use super::exchange::{Failure, exchange};
use super::options::ClientOptions;
use super::payload::Payload;
use super::pool::{Origin, Pool, Want};
use super::replay;
use super::stats::ClientStats;
use super::target::{self, TargetForm};

/// Sends requests over connections that it owns. Cheap to clone; clones share the connections.
#[derive(Clone, Debug)]
pub struct Client(Arc<Pool>);

impl Client {
    /// A client within these bounds.
    pub fn new(options: ClientOptions) -> Self {
        Self(Arc::new(Pool::new(options)))
    }

    /// Sends a request with an absolute URI; the answer is there when its head is.
    ///
    /// A request that can be sent twice (a body that is empty or in memory, a method that allows it) is sent once more, over a new
    /// connection, if one from the shelf died before any of the answer came. Dropping the future closes the connection.
    ///
    /// # Errors
    ///
    /// See [`ClientErrorKind`](super::ClientErrorKind). An answer with a status of 4xx or 5xx is an answer.
    pub async fn send(&self, mut request: Request<Payload>) -> Result<Response<ClientBody>, ClientError> {
        let destination = Destination::of(request.uri(), &self.0.options.proxies)?;
        let is_asked = matches!(destination.way, Way::Asked(_));
        target::prepare(&mut request, if is_asked { TargetForm::Absolute } else { TargetForm::Origin })?;
        if let Way::Asked(proxy) = &destination.way
            && let Some(credentials) = &proxy.authorization
        {
            request.headers_mut().insert(PROXY_AUTHORIZATION, credentials.clone());
        }
        self.over(&destination, request).await
    }

    /// As [`send`](Self::send), to a server that the URL does not name.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_to(
        &self,
        endpoint: &Endpoint,
        mut request: Request<Payload>,
    ) -> Result<Response<ClientBody>, ClientError> {
        target::prepare(&mut request, endpoint.form)?;
        self.over(&endpoint.destination, request).await
    }

    async fn over(
        &self,
        destination: &Destination,
        request: Request<Payload>,
    ) -> Result<Response<ClientBody>, ClientError> {
        let pool = &self.0;
        let (link, origin) = pool.checkout(destination, Want::Any).await?;
        let copy = (origin == Origin::Shelf).then(|| replay::copy(&request)).flatten();
        match (self.once(link, request).await, copy) {
            (Err(failure), Some(copy)) if replay::is_safe(&copy, &failure) => {
                pool.counters.replayed.add(1);
                let (link, _) = pool.checkout(destination, Want::Fresh).await?;
                self.once(link, copy).await.map_err(|failure| failure.error)
            }
            (answered, _) => answered.map_err(|failure| failure.error),
        }
    }

    /// What it holds now, and what it did.
    pub fn stats(&self) -> ClientStats {
        self.0.stats()
    }

    async fn once(
        &self,
        link: super::link::Link,
        request: Request<Payload>,
    ) -> Result<Response<ClientBody>, Failure> {
        let options = &self.0.options;
        let (response, exchange) = exchange(link, request, options).await?;
        let (head, incoming) = response.into_parts();
        let body = ClientBody::new(&head, incoming, exchange, Arc::downgrade(&self.0), options);
        Ok(Response::from_parts(head, body))
    }
}
