//! Where a connection leads, which decides who may use it again.

use std::fmt;
use std::sync::Arc;

use http::Uri;
use http::uri::Scheme;

use super::error::{ClientError, ClientErrorKind};
use super::proxy::{Proxies, Proxy};

/// The other end of a connection: two requests with equal destinations may share one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Destination {
    pub(super) security: Security,
    pub(super) way: Way,
    /// Lower case, without the brackets of an IPv6 address. Behind a proxy for plain requests: the proxy's.
    pub(super) host: Arc<str>,
    pub(super) port: u16,
    /// Whose certificate is asked for and believed, where that is not the host's.
    pub(super) tls_name: Option<Arc<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Security {
    Plain,
    Tls,
}

/// How it is reached.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Way {
    Direct,
    /// The proxy is asked for whole URLs, and its connection serves any of them.
    Asked(Arc<Proxy>),
    /// The proxy connects us (`CONNECT`), and sees TLS.
    Through(Arc<Proxy>),
}

impl Destination {
    /// Where a request for this URI goes.
    pub(super) fn of(uri: &Uri, proxies: &Proxies) -> Result<Self, ClientError> {
        let direct = Self::direct(uri)?;
        let Self { security, ref host, port, .. } = direct;
        Ok(match (proxies.choose(security, host, port), security) {
            (None, _) => direct,
            (Some(proxy), Security::Tls) => Self { way: Way::Through(proxy), ..direct },
            (Some(proxy), Security::Plain) => {
                Self { host: proxy.host.as_ref().into(), port: proxy.port, way: Way::Asked(proxy), ..direct }
            }
        })
    }

    /// The server of this URI itself.
    pub(super) fn direct(uri: &Uri) -> Result<Self, ClientError> {
        let invalid = |what: &str| ClientError::with_cause(ClientErrorKind::Invalid, what.to_owned());
        let security = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => Security::Plain,
            Some(scheme) if *scheme == Scheme::HTTPS => Security::Tls,
            Some(_) => return Err(invalid("the scheme is neither http nor https")),
            None => return Err(invalid("the URL has no scheme")),
        };
        let authority = uri.authority().ok_or_else(|| invalid("the URL has no host"))?;
        let host = bare(authority.host());
        if host.is_empty() {
            return Err(invalid("the URL has no host"));
        }
        let port = authority.port_u16().unwrap_or(security.port());
        Ok(Self { security, way: Way::Direct, host: host.into(), port, tls_name: None })
    }
}

impl Security {
    const fn port(self) -> u16 {
        match self {
            Self::Plain => 80,
            Self::Tls => 443,
        }
    }
}

/// A host as it is compared and resolved: lower case, an IPv6 address without its brackets.
pub(super) fn bare(host: &str) -> Box<str> {
    host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase().into()
}

/// For messages: no credentials, no path.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.security {
            Security::Plain => "http",
            Security::Tls => "https",
        };
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(f, "{scheme}://{open}{}{close}:{}", self.host, self.port)?;
        match &self.way {
            Way::Direct => Ok(()),
            Way::Asked(_) => f.write_str(" (proxy)"),
            Way::Through(proxy) => write!(f, " through proxy {proxy}"),
        }
    }
}
