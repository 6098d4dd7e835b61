//! The layer.

use std::sync::Arc;

use tower_layer::Layer;

use super::{ClientIp, PeerFrom, Trust};

/// Sets the [`super::Client`] extension on every request.
#[derive(Clone, Debug, Default)]
pub struct ClientIpLayer {
    pub(super) trust: Arc<Trust>,
    pub(super) peer_from: Option<PeerFrom>,
}

impl ClientIpLayer {
    /// Believes the networks in `trust`, and nobody else.
    #[must_use]
    pub fn new(trust: Trust) -> Self {
        Self { trust: Arc::new(trust), peer_from: None }
    }

    /// How to find the peer where the server does not set [`super::ClientAddr`].
    #[must_use]
    pub const fn peer_from(mut self, from: PeerFrom) -> Self {
        self.peer_from = Some(from);
        self
    }
}

impl<S> Layer<S> for ClientIpLayer {
    type Service = ClientIp<S>;

    fn layer(&self, inner: S) -> ClientIp<S> {
        ClientIp { inner, layer: self.clone() }
    }
}
