//! What a service may know about the connection a request came on.

use std::net::SocketAddr;
use std::sync::Arc;

/// A request extension: who is at the other end, and how we speak with them. Cheap to clone.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConnInfo {
    /// The connection's number in this process.
    pub id: u64,
    /// The address at the other end of the socket. A proxy, if there is one.
    pub peer: SocketAddr,
    /// Our end of the socket.
    pub local: SocketAddr,
    /// What TLS agreed on; `None` on a plain connection.
    pub tls: Option<TlsInfo>,
    /// The protocol spoken.
    pub protocol: Protocol,
    /// Whether file bodies of this connection go out without being read ahead (HTTP/1.1, with or
    /// without TLS). Where it is false, a file body needs its read window.
    pub zero_copy: bool,
}

/// What the TLS handshake agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsInfo {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: &'static str,
    /// The cipher suite, by its IANA name.
    pub cipher: &'static str,
    /// The server name that the client asked for.
    pub server_name: Option<Arc<str>>,
}

/// The protocol of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// HTTP/1.1 (or 1.0).
    Http1,
    /// HTTP/2, over TLS or by prior knowledge.
    Http2,
}

impl Protocol {
    /// As RFC 9110 writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http1 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
        }
    }
}
