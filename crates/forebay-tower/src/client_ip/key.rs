//! What counts as one client in a table of limits.

use std::net::IpAddr;

/// One client: an IPv4 address, or the /64 of an IPv6 address, since every host may use all of its /64.
/// Requests whose client is not known share one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ClientKey {
    /// An IPv4 address.
    V4(u32),
    /// The upper half of an IPv6 address.
    V6(u64),
    /// No server and no layer told the address.
    #[default]
    Unknown,
}

impl From<IpAddr> for ClientKey {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self::V4(v4.to_bits()),
            IpAddr::V6(v6) => Self::V6((v6.to_bits() >> 64) as u64),
        }
    }
}

impl ClientKey {
    /// The key of a request's client.
    pub(crate) fn of(extensions: &http::Extensions) -> Self {
        super::client(extensions, None).map_or(Self::Unknown, Self::from)
    }
}
