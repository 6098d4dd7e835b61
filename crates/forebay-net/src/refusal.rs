//! Request heads that no service sees.
//!
//! hyper parses; it does not ask for a `Host`, and over HTTP/2 it bounds the bytes of a head, not the number of its
//! fields. Both are answered here. Two readers that disagree about the host of a request are a way around
//! whoever stands between them (RFC 9112 §3.2), and each field costs about a hundred bytes, however short it is.

use http::header::HOST;
use http::request::Parts;
use http::{HeaderMap, StatusCode, Version};

/// Fields in the head of an HTTP/2 request. hyper takes 100 over HTTP/1.1; with the 97th, the map of the fields
/// would double.
const FIELDS_MAX: usize = 96;

/// What is wrong with a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Host,
    Fields,
}

impl Fault {
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Host => StatusCode::BAD_REQUEST,
            Self::Fields => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        }
    }

    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Host => "One valid Host field is needed.\n",
            Self::Fields => "Too many header fields.\n",
        }
    }
}

/// What keeps this request from being served.
pub(crate) fn fault(head: &Parts) -> Option<Fault> {
    if head.version >= Version::HTTP_2 {
        return (head.headers.len() > FIELDS_MAX).then_some(Fault::Fields);
    }
    (!has_host(&head.headers, head.version)).then_some(Fault::Host)
}

fn has_host(headers: &HeaderMap, version: Version) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => version < Version::HTTP_11,
        (Some(host), None) => is_host(host.as_bytes()),
        (Some(_), Some(_)) => false,
    }
}

/// RFC 9110 §7.2: `uri-host [ ":" port ]`, where both may be empty.
fn is_host(value: &[u8]) -> bool {
    let end = match value {
        [b'[', ..] => match value.iter().position(|&byte| byte == b']') {
            Some(end) if value[1..end].iter().all(|&byte| is_in_literal(byte)) => end + 1,
            _ => return false,
        },
        _ => value.iter().position(|&byte| !is_in_name(byte)).unwrap_or(value.len()),
    };
    match &value[end..] {
        [] => true,
        [b':', port @ ..] => port.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// RFC 3986 §3.2.2, `reg-name`; an escape is not taken apart.
const fn is_in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%')
        || matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=')
}

const fn is_in_literal(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_and_perhaps_a_port() {
        for good in ["h", "example.org", "example.org:8080", "h:", "", "127.0.0.1:80", "[::1]", "[::1]:443"] {
            assert!(is_host(good.as_bytes()), "{good:?}");
        }
        for bad in
            ["a b", "a/b", "user@h", "h:80:80", "h:8o", "[::1", "[::1]h", "::1", "a,b c", "h\u{e9}", "h#"]
        {
            assert!(!is_host(bad.as_bytes()), "{bad:?}");
        }
    }
}
