//! Who may ask, how many at once, for how long, and for how much memory.
//!
//! The interface is without a password, on a listener that defaults to loopback. Two things follow. A flood of
//! scrapes must not take memory or threads from the data path: [`gate`] lets a handful in, and [`Draft`] leases
//! an answer's memory before it is built and holds it until the last byte has left. And a web page that the
//! operator happens to look at must not be able to change anything here by a form that posts to loopback, nor by
//! a name that it points to loopback (DNS rebinding): [`refuse_foreign_pages`].

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use forebay_budget::{Class, Lease};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::routes::Admin;

/// Requests that are answered at once, health checks aside.
pub(crate) const REQUESTS_MAX: usize = 8;
/// The time an ordinary request has.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);
/// The most that a request body may have.
pub(crate) const BODY_BYTES_MAX: usize = 4096;
/// The room that an answer is given unless its handler knows better.
pub(crate) const ANSWER_BYTES_MAX: u64 = 128 * 1024;

/// A page of ours may use its own styles and send its own forms, and be shown in nobody's frame: a button that ends
/// a transfer must not lie under something else.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// An answer being written, paid for in advance. Writing more than was leased fails.
pub(crate) struct Draft {
    text: String,
    lease: Lease,
}

/// An answer on its way: its memory goes back when the last reference to its bytes does.
pub(crate) struct Paid {
    pub(crate) bytes: Vec<u8>,
    pub(crate) _lease: Lease,
}

/// Why a request was not answered, as plain text that says what to do.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

/// Lets [`REQUESTS_MAX`] requests in at a time and gives each its time.
pub(crate) async fn gate(State(admin): State<Arc<Admin>>, request: Request, next: Next) -> Response {
    let Ok(_permit) = admin.gate.try_acquire() else {
        return Refusal::busy("too many requests to this interface at once; try again in a second")
            .into_response();
    };
    let deadline = crate::routes::deadline(&request);
    match tokio::time::timeout(deadline, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Refusal::busy("the answer took too long; try again later").into_response(),
    }
}

/// Refuses to change anything for a page of another origin, or under a name that may be anyone's.
pub(crate) async fn refuse_foreign_pages(request: Request, next: Next) -> Response {
    if changes(&request) && is_foreign(request.headers()) {
        return Refusal::new(
            StatusCode::FORBIDDEN,
            "a browser may change things here only from this page itself, opened by address or as localhost",
        )
        .into_response();
    }
    next.run(request).await
}

/// Profiles count: one switches sampling on, and each takes the only turn.
fn changes(request: &Request) -> bool {
    let profiles = matches!(request.uri().path(), "/debug/pprof/heap" | "/debug/pprof/profile");
    profiles || !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Only browsers send `Origin` or `Sec-Fetch-Site`; a request with neither comes from a tool and is let through.
fn is_foreign(headers: &HeaderMap) -> bool {
    let word = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = word("sec-fetch-site");
    let origin = word("origin");
    if site.is_none() && origin.is_none() {
        return false;
    }
    let host = word("host").unwrap_or_default();
    let same_site = site.is_none_or(|site| matches!(site, "same-origin" | "none"));
    let same_origin = origin.is_none_or(|origin| origin.strip_prefix("http://") == Some(host));
    !(same_site && same_origin && is_address(host))
}

fn is_address(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok()
}

impl Draft {
    /// Room for an answer of at most `bytes_max`.
    pub(crate) fn new(admin: &Admin, bytes_max: u64) -> Result<Self, Refusal> {
        let lease = admin.sources.ledger.try_acquire(Class::Admin, bytes_max).map_err(|refused| {
            Refusal::busy(&format!("no memory for an answer now ({refused}); try again in a second"))
        })?;
        Ok(Self { text: String::new(), lease })
    }

    /// The answer that was written.
    pub(crate) fn send(self, content_type: &'static str) -> Response {
        Self::respond(self.text.into_bytes(), self.lease, content_type)
    }

    /// An answer that was built elsewhere, of at most the leased size.
    pub(crate) fn send_bytes(self, bytes: Vec<u8>, content_type: &'static str) -> Response {
        Self::respond(bytes, self.lease, content_type)
    }

    fn respond(mut bytes: Vec<u8>, mut lease: Lease, content_type: &'static str) -> Response {
        bytes.shrink_to_fit();
        let size = bytes.len() as u64;
        if size > lease.bytes() {
            return Refusal::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the answer is larger than its share of memory",
            )
            .into_response();
        }
        lease.shrink_to(size);
        respond(Bytes::from_owner(Paid { bytes, _lease: lease }).into(), content_type)
    }
}

/// An answer, with what every one of them tells a browser.
pub(crate) fn respond(body: Body, content_type: &'static str) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    response
}

impl fmt::Write for Draft {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if (self.text.len() + text.len()) as u64 > self.lease.bytes() {
            return Err(fmt::Error);
        }
        self.text.push_str(text);
        Ok(())
    }
}

impl AsRef<[u8]> for Paid {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    /// 503: it may work later.
    pub(crate) fn busy(text: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, text)
    }
}

impl From<fmt::Error> for Refusal {
    fn from(_: fmt::Error) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer is larger than its share of memory")
    }
}

impl From<tokio::task::JoinError> for Refusal {
    fn from(error: tokio::task::JoinError) -> Self {
        tracing::error!(%error, "an admin request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be made; the log says why")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, format!("{}\n", self.text)).into_response();
        if matches!(self.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(of: &[(&'static str, &'static str)]) -> HeaderMap {
        of.iter().map(|&(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_tool_may_change_things_under_any_name() {
        assert!(!is_foreign(&headers(&[("host", "admin.internal:9090")])));
    }

    #[test]
    fn a_page_may_change_things_only_at_its_own_address() {
        let own = [
            ("host", "127.0.0.1:9090"),
            ("origin", "http://127.0.0.1:9090"),
            ("sec-fetch-site", "same-origin"),
        ];
        assert!(!is_foreign(&headers(&own)));
        assert!(!is_foreign(&headers(&[("host", "localhost:9090"), ("origin", "http://localhost:9090")])));
        assert!(!is_foreign(&headers(&[("host", "[::1]:9090"), ("origin", "http://[::1]:9090")])));
    }

    #[test]
    fn a_foreign_page_and_a_rebound_name_are_refused() {
        assert!(is_foreign(&headers(&[("host", "127.0.0.1:9090"), ("origin", "http://evil.test")])));
        assert!(is_foreign(&headers(&[("host", "127.0.0.1:9090"), ("sec-fetch-site", "cross-site")])));
        assert!(is_foreign(&headers(&[("host", "evil.test:9090"), ("origin", "http://evil.test:9090")])));
        assert!(is_foreign(&headers(&[("host", "127.0.0.1:9090"), ("origin", "null")])));
    }
}
