//! Which requests go through a proxy, by the rules that `http_proxy`, `https_proxy` and `no_proxy` have come to mean.
//!
//! The values are given as text by whoever reads the environment; nothing here does. Credentials are kept as the header that they
//! become and appear in no message.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Uri};
use percent_encoding::percent_decode_str;

use super::destination::{Security, bare};

/// Proxies by scheme, and who is reached without one. The default is none.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    plain: Option<Arc<Proxy>>,
    tls: Option<Arc<Proxy>>,
    exempt: Arc<[Exempt]>,
}

/// A proxy server. Its text is its address: never the credentials.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Proxy {
    pub(super) host: Box<str>,
    pub(super) port: u16,
    /// The value of `Proxy-Authorization`.
    pub(super) authorization: Option<HeaderValue>,
}

/// A proxy's URL cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// It is not a URL with a host.
    #[error("not a proxy URL: write it as http://host:port")]
    Malformed,
    /// Only plain proxies are spoken to (they carry TLS all the same).
    #[error("the proxy URL must begin with http://")]
    Scheme,
}

/// Who is reached without a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Exempt {
    Everybody,
    Address(IpAddr),
    Network(IpAddr, u8),
    /// The host and all below it, on any port or on one.
    Host(Box<str>, Option<u16>),
}

impl Proxies {
    /// Reads the three values as programs usually find them in their environment. `no_proxy` is a list separated by commas of host
    /// names (which stand for all below them too), addresses, networks such as `10.0.0.0/8`, or `*`.
    ///
    /// # Errors
    ///
    /// [`ProxyError`] if a proxy's URL cannot be used. Entries of `no_proxy` that are no address are host names.
    pub fn parse(
        http: Option<&str>,
        https: Option<&str>,
        no_proxy: Option<&str>,
    ) -> Result<Self, ProxyError> {
        let proxy = |text: Option<&str>| match text.map(str::trim) {
            None | Some("") => Ok(None),
            Some(url) => Proxy::parse(url).map(|proxy| Some(Arc::new(proxy))),
        };
        let entries =
            no_proxy.unwrap_or_default().split(',').map(str::trim).filter(|entry| !entry.is_empty());
        Ok(Self { plain: proxy(http)?, tls: proxy(https)?, exempt: entries.map(Exempt::parse).collect() })
    }

    /// The proxy for a host in its [bare] form.
    pub(super) fn choose(&self, security: Security, host: &str, port: u16) -> Option<Arc<Proxy>> {
        let proxy = match security {
            Security::Plain => self.plain.as_ref(),
            Security::Tls => self.tls.as_ref(),
        }?;
        let exempt = self.exempt.iter().any(|exempt| exempt.covers(host, port));
        (!exempt).then(|| Arc::clone(proxy))
    }
}

impl Proxy {
    fn parse(text: &str) -> Result<Self, ProxyError> {
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let uri: Uri = with_scheme.parse().map_err(|_| ProxyError::Malformed)?;
        if uri.scheme_str() != Some("http") {
            return Err(ProxyError::Scheme);
        }
        let authority = uri.authority().ok_or(ProxyError::Malformed)?;
        let authorization = match authority.as_str().rsplit_once('@') {
            None => None,
            Some((credentials, _)) => Some(basic(credentials).ok_or(ProxyError::Malformed)?),
        };
        if authority.host().is_empty() {
            return Err(ProxyError::Malformed);
        }
        Ok(Self { host: bare(authority.host()), port: authority.port_u16().unwrap_or(80), authorization })
    }
}

/// `Basic` credentials (RFC 7617) from the part of a URL before `@`.
fn basic(credentials: &str) -> Option<HeaderValue> {
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    let mut plain: Vec<u8> = percent_decode_str(user).collect();
    plain.push(b':');
    plain.extend(percent_decode_str(password));
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(plain))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl Exempt {
    fn parse(entry: &str) -> Self {
        if entry == "*" {
            return Self::Everybody;
        }
        if let Ok(address) = bare(entry).parse() {
            return Self::Address(address);
        }
        if let Some((address, bits)) = entry.split_once('/')
            && let (Ok(address), Ok(bits)) = (address.parse(), bits.parse())
        {
            return Self::Network(address, bits);
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) if port.parse::<u16>().is_ok() => (host, port.parse().ok()),
            _ => (entry, None),
        };
        Self::Host(bare(host.trim_start_matches("*.").trim_start_matches('.')), port)
    }

    fn covers(&self, host: &str, port: u16) -> bool {
        match self {
            Self::Everybody => true,
            Self::Address(address) => host.parse() == Ok(*address),
            Self::Network(network, bits) => {
                host.parse().is_ok_and(|address: IpAddr| same_network(*network, address, *bits))
            }
            Self::Host(name, only) => {
                let below =
                    host.strip_suffix(&**name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                below && only.is_none_or(|only| only == port)
            }
        }
    }
}

fn same_network(network: IpAddr, address: IpAddr, bits: u8) -> bool {
    let (a, b, width) = match (network, address) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
        _ => return false,
    };
    let beyond = width - u32::from(bits).min(width);
    (a ^ b).checked_shr(beyond).unwrap_or(0) == 0
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(proxies: &Proxies, security: Security, host: &str) -> Option<String> {
        proxies.choose(security, host, 443).map(|proxy| proxy.to_string())
    }

    #[test]
    fn each_scheme_has_its_proxy_and_the_exempt_have_none() {
        let no = "internal.example, .corp.example,10.0.0.0/8,192.0.2.7,[fd00::1],other.example:8443";
        let proxies = Proxies::parse(Some("a:3128"), Some("http://b"), Some(no)).unwrap();
        assert_eq!(chosen(&proxies, Security::Plain, "example.com").unwrap(), "a:3128");
        assert_eq!(chosen(&proxies, Security::Tls, "example.com").unwrap(), "b:80");
        for host in
            ["internal.example", "x.internal.example", "y.corp.example", "10.9.8.7", "192.0.2.7", "fd00::1"]
        {
            assert_eq!(chosen(&proxies, Security::Tls, host), None, "{host}");
        }
        for host in ["notinternal.example", "11.0.0.1", "192.0.2.8", "other.example", "fd00::2"] {
            assert!(chosen(&proxies, Security::Tls, host).is_some(), "{host}");
        }
        assert!(proxies.choose(Security::Tls, "other.example", 8443).is_none());
        let nobody = Proxies::parse(Some("a"), Some("a"), Some("*")).unwrap();
        assert_eq!(chosen(&nobody, Security::Plain, "example.com"), None);
    }

    #[test]
    fn credentials_are_decoded_once_and_shown_never() {
        let proxies = Proxies::parse(Some("http://us%40er:pa%3Ass@proxy:1"), None, None).unwrap();
        let proxy = proxies.choose(Security::Plain, "h", 80).unwrap();
        let header = proxy.authorization.clone().unwrap();
        assert_eq!(STANDARD.decode(&header.as_bytes()["Basic ".len()..]).unwrap(), b"us@er:pa:ss");
        let shown = format!("{proxies:?} {proxy:?} {proxy} {header:?}");
        assert!(!shown.contains("ss") && !shown.contains("us%40") && !shown.contains("Basic"), "{shown}");
    }

    #[test]
    fn what_is_no_proxy_is_refused_and_nothing_is_no_proxy() {
        assert_eq!(Proxies::parse(Some("socks5://h"), None, None).unwrap_err(), ProxyError::Scheme);
        assert_eq!(Proxies::parse(None, Some("http://"), None).unwrap_err(), ProxyError::Malformed);
        assert_eq!(chosen(&Proxies::parse(Some(" "), None, None).unwrap(), Security::Plain, "h"), None);
    }
}
