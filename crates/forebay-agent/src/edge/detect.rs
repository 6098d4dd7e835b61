//! Which kind of cache an edge is, from an answer of its own.
//!
//! The question is `OPTIONS` with `Max-Forwards: 0` (RFC 9110 §7.6.2): the first cache that honours it answers by itself, and where it is
//! passed on it does no harm. A guess is only good enough for reading answers. Where a wrong guess would send a purge to the origin,
//! nothing is guessed: whoever is not recognised is not purged until somebody says what it is.

use http::header::{SERVER, VIA};

use super::answer::Answer;
use super::kind::EdgeKind;

/// The kind of the cache nearest to us; `None` if it does not show.
pub(crate) fn detect(answer: &Answer<'_>) -> Option<EdgeKind> {
    let server = answer.value(SERVER.as_str()).unwrap_or_default().to_ascii_lowercase();
    let status = answer.value("cache-status").and_then(|line| line.rsplit(',').next()).unwrap_or_default();
    // Each cache adds itself at the end.
    let via = answer.values(&VIA).next_back().and_then(|line| line.rsplit(',').next());
    let via = via.unwrap_or_default().to_ascii_lowercase();
    if answer.headers.contains_key("forebay-vcl") {
        return Some(EdgeKind::VarnishForebay);
    }
    if server.starts_with("forebay") || status.trim_start().starts_with("forebay") {
        return Some(EdgeKind::Forebay);
    }
    let by_via =
        [("trafficserver", EdgeKind::Ats), ("varnish", EdgeKind::Varnish), ("squid", EdgeKind::Squid)];
    if let Some((_, kind)) = by_via.into_iter().find(|(word, _)| via.contains(word)) {
        return Some(kind);
    }
    let by_server = [("ats/", EdgeKind::Ats), ("squid", EdgeKind::Squid), ("varnish", EdgeKind::Varnish)];
    if let Some((_, kind)) = by_server.into_iter().find(|(word, _)| server.starts_with(word)) {
        return Some(kind);
    }
    if answer.headers.contains_key("x-varnish") {
        return Some(EdgeKind::Varnish);
    }
    // Behind any of the above its name may be seen too, so it is asked for last, and only without another cache in between.
    (via.is_empty() && (server.starts_with("nginx") || server.starts_with("openresty")))
        .then_some(EdgeKind::Nginx)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

    use super::*;

    #[test]
    fn the_cache_nearest_to_us_is_the_one_that_counts() {
        let kind = |fields: &[(&'static str, &'static str)]| {
            let headers: HeaderMap = fields
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect();
            detect(&Answer { status: StatusCode::OK, reason: "", headers: &headers, len: None })
        };
        assert_eq!(kind(&[("server", "ATS/9.2.9")]), Some(EdgeKind::Ats));
        assert_eq!(
            kind(&[("via", "1.1 v (Varnish/7.1), http/1.1 e (ApacheTrafficServer/9.2.9)")]),
            Some(EdgeKind::Ats)
        );
        assert_eq!(
            kind(&[("server", "nginx"), ("via", "1.1 varnish (Varnish/7.1)")]),
            Some(EdgeKind::Varnish)
        );
        assert_eq!(kind(&[("server", "squid/5.7")]), Some(EdgeKind::Squid));
        assert_eq!(kind(&[("server", "nginx"), ("x-varnish", "12 13")]), Some(EdgeKind::Varnish));
        assert_eq!(kind(&[("server", "nginx/1.22.1")]), Some(EdgeKind::Nginx));
        assert_eq!(kind(&[("server", "forebay")]), Some(EdgeKind::Forebay));
        assert_eq!(
            kind(&[("server", "Varnish"), ("x-varnish", "12"), ("forebay-vcl", "1")]),
            Some(EdgeKind::VarnishForebay)
        );
        assert_eq!(kind(&[("server", "nginx"), ("via", "1.1 unknown")]), None);
        assert_eq!(kind(&[("server", "Apache")]), None);
        assert_eq!(kind(&[]), None);
    }
}
