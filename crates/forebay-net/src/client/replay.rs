//! Sending a request a second time, when the connection that it went over turns out to have died on the shelf.
//!
//! 1. The server closes an idle connection. 2. We take it from the shelf. 3. Its end arrives.
//!
//! No watch closes this gap, so the request goes out once more, over a new connection, if that can do no harm (RFC 9110 §9.2.2): not
//! a byte of an answer came, the body is still at hand, and either the method may be repeated or not a byte was sent.

use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{Method, Request};

use super::error::ClientErrorKind;
use super::exchange::Failure;
use super::payload::Payload;

/// A second request like the first, if its body can be had twice.
pub(super) fn copy(request: &Request<Payload>) -> Option<Request<Payload>> {
    let mut copy = Request::new(request.body().copy()?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}

pub(super) fn is_safe(request: &Request<Payload>, failure: &Failure) -> bool {
    // A repeated write whose condition the first one has changed would report its own success as a conflict.
    let is_conditional = [IF_MATCH, IF_NONE_MATCH].iter().any(|name| request.headers().contains_key(name));
    let may_repeat = match *request.method() {
        Method::GET | Method::HEAD | Method::OPTIONS => true,
        Method::PUT | Method::DELETE => !is_conditional,
        _ => false,
    };
    failure.error.kind() == ClientErrorKind::Reset
        && failure.nothing_came
        && (may_repeat || failure.nothing_left)
}
