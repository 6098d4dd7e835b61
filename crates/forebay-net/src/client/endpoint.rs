//! A server that is asked for URLs that are not its own: a cache in front of somebody else's host.

use std::sync::Arc;

use http::Uri;

use super::destination::{Destination, bare};
use super::error::ClientError;
use super::target::TargetForm;

/// Where requests go, whatever their URLs say. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub(super) destination: Destination,
    pub(super) form: TargetForm,
}

impl Endpoint {
    /// The server at the scheme, host and port of `address`; no proxy is asked about it.
    ///
    /// # Errors
    ///
    /// `Invalid`: no host, or neither `http` nor `https`.
    pub fn new(address: &Uri, form: TargetForm) -> Result<Self, ClientError> {
        Ok(Self { destination: Destination::direct(address)?, form })
    }

    /// The same; over TLS it has to prove that it is `name` (SNI and certificate), not its own address. Connections that proved another
    /// name are not used.
    #[must_use]
    pub fn named(&self, name: &str) -> Self {
        let mut named = self.clone();
        named.destination.tls_name = Some(Arc::from(bare(name)));
        named
    }
}
