//! The layer.

use std::fmt;
use std::sync::Arc;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::{Quota, RateLimiter};
use tower_layer::Layer;

use super::clock::TokioClock;
use super::store::{Arrivals, Clients};
use super::{RateExceeded, RequestRate, RequestRateOptions};
use crate::client_ip::ClientKey;

type Limiter = RateLimiter<ClientKey, Clients, TokioClock, NoOpMiddleware<<TokioClock as Clock>::Instant>>;

/// Refuses requests of clients that ask too often. Clones share the buckets.
#[derive(Clone)]
pub struct RequestRateLayer {
    limiter: Arc<Limiter>,
    clients: Clients,
}

impl RequestRateLayer {
    /// The same limit for each client.
    #[must_use]
    pub fn new(options: RequestRateOptions) -> Self {
        let clock = TokioClock::start();
        let quota = Quota::per_second(options.per_second).allow_burst(options.burst);
        let clients = Clients(Arc::new(Arrivals::new(options.clients_max, clock)));
        Self { limiter: Arc::new(RateLimiter::new(quota, clients.clone(), clock)), clients }
    }

    /// Clients remembered now.
    #[must_use]
    pub fn clients(&self) -> usize {
        self.clients.0.len()
    }

    pub(super) fn check(&self, key: ClientKey) -> Result<(), RateExceeded> {
        self.limiter.check_key(&key).map_err(|not_until| RateExceeded {
            retry_after: not_until.wait_time_from(self.limiter.clock().now()),
        })
    }
}

impl fmt::Debug for RequestRateLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestRateLayer").field("clients", &self.clients()).finish_non_exhaustive()
    }
}

impl<S> Layer<S> for RequestRateLayer {
    type Service = RequestRate<S>;

    fn layer(&self, inner: S) -> RequestRate<S> {
        RequestRate { inner, layer: self.clone() }
    }
}
