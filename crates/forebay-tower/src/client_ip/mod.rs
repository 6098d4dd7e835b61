//! Who the client is: the peer of the connection, or what a *trusted* proxy says about it.
//!
//! `Forwarded` (RFC 7239) and `X-Forwarded-For` are claims that anybody can write. They are believed from
//! right to left, as long as the one who made the claim is in the list of trusted proxies; the first
//! address outside of that list is the client. If both headers are there and name different clients, a
//! proxy wrote one of them and passed the other on unread: neither is believed then, and the client is the
//! address that spoke to us.

mod forwarded;
mod key;
mod layer;
mod service;
mod trust;

use std::net::{IpAddr, SocketAddr};

pub use key::ClientKey;
pub use layer::ClientIpLayer;
pub use service::ClientIp;
pub use trust::{Network, NetworkError, Trust};

/// The peer of the connection, as a request extension that the server sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddr(pub SocketAddr);

/// The client that the limits count and the log names, as a request extension that [`ClientIp`] sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Client(pub IpAddr);

/// Finds the peer's address among the extensions of a request, for servers that do not set [`ClientAddr`].
pub type PeerFrom = fn(&http::Extensions) -> Option<SocketAddr>;

pub(crate) fn peer(extensions: &http::Extensions, from: Option<PeerFrom>) -> Option<IpAddr> {
    let named = extensions.get::<ClientAddr>().map(|peer| peer.0);
    named.or_else(|| from.and_then(|from| from(extensions))).map(|peer| peer.ip().to_canonical())
}

/// The client, if any layer or server told: [`Client`], else the peer.
pub(crate) fn client(extensions: &http::Extensions, from: Option<PeerFrom>) -> Option<IpAddr> {
    extensions.get::<Client>().map(|client| client.0).or_else(|| peer(extensions, from))
}

#[cfg(test)]
mod tests;
