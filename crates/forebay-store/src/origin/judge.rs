//! What an answer is worth, from its head alone.

use std::time::SystemTime;

use forebay_net::client::ClientBody;
use http::header::{CONTENT_RANGE, HeaderMap};
use http::{Response, StatusCode};

use super::{content_range::ContentRange, facts};
use crate::remote::{Facts, Pin, RangeIgnored, retry_after};
use crate::{ByteRange, StoreError, StoreErrorKind};

/// An answer that is what was asked for.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) facts: Facts,
    /// The bytes that come; `None` without a length.
    pub(super) range: Option<ByteRange>,
}

/// Whether the refusal of a `HEAD` says nothing about a `GET`. (A URL that was signed for `GET` is a 403 for `HEAD`.)
pub(super) fn may_answer_get(status: StatusCode) -> bool {
    matches!(status, StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED | StatusCode::FORBIDDEN)
}

/// An answer to `HEAD`.
pub(super) fn head(
    what: &str,
    response: &Response<ClientBody>,
    pin: Option<&Pin>,
) -> Result<Facts, StoreError> {
    let headers = response.headers();
    match response.status() {
        StatusCode::OK => {
            let facts = facts::facts(headers, facts::length(headers), facts::offers_ranges(headers));
            checked(facts, pin)
        }
        status => Err(refusal(what, status, headers)),
    }
}

/// An answer to a `GET` of the first byte, of which the head is all that is wanted.
pub(super) fn first_byte(
    what: &str,
    response: &Response<ClientBody>,
    pin: Option<&Pin>,
) -> Result<Facts, StoreError> {
    let headers = response.headers();
    let empty = matches!(content_range(headers), Some(ContentRange::Unsatisfied { len: 0 }));
    if response.status() == StatusCode::RANGE_NOT_SATISFIABLE && empty {
        return checked(facts::facts(headers, Some(0), true), pin);
    }
    Ok(read(what, response, ByteRange::new(0, 1), pin)?.facts)
}

/// An answer to a `GET` of `asked`.
pub(super) fn read(
    what: &str,
    response: &Response<ClientBody>,
    asked: Option<ByteRange>,
    pin: Option<&Pin>,
) -> Result<Judged, StoreError> {
    let headers = response.headers();
    match (response.status(), asked) {
        (StatusCode::PARTIAL_CONTENT, Some(asked)) => partial(what, headers, asked, pin),
        (StatusCode::OK, asked) => whole(what, headers, asked, pin),
        (StatusCode::RANGE_NOT_SATISFIABLE, Some(asked)) => Err(unsatisfied(what, headers, asked, pin)),
        (status, _) => Err(refusal(what, status, headers)),
    }
}

fn partial(
    what: &str,
    headers: &HeaderMap,
    asked: ByteRange,
    pin: Option<&Pin>,
) -> Result<Judged, StoreError> {
    let Some(ContentRange::Bytes { range, len }) = content_range(headers) else {
        return Err(unavailable(format!("{what}: 206 without a valid Content-Range")));
    };
    let facts = checked(facts::facts(headers, len.or(pin.and_then(|pin| pin.len)), true), pin)?;
    let declared = facts::length(headers).is_none_or(|length| length == range.len());
    if range.start() != asked.start() || range.end() > asked.end() || !declared {
        return Err(unavailable(format!("{what}: asked for bytes {asked}, and {range} came")));
    }
    Ok(Judged { facts, range: Some(range) })
}

fn whole(
    what: &str,
    headers: &HeaderMap,
    asked: Option<ByteRange>,
    pin: Option<&Pin>,
) -> Result<Judged, StoreError> {
    let len = facts::length(headers);
    let ranges = asked.is_none() && facts::offers_ranges(headers);
    let facts = checked(facts::facts(headers, len, ranges), pin)?;
    match asked {
        Some(asked) if asked.start() > 0 => Err(StoreError::with_cause(
            StoreErrorKind::Unavailable,
            RangeIgnored { what: what.into(), start: asked.start() },
        )),
        _ => Ok(Judged { facts, range: len.map(ByteRange::whole) }),
    }
}

fn unsatisfied(what: &str, headers: &HeaderMap, asked: ByteRange, pin: Option<&Pin>) -> StoreError {
    let len = match content_range(headers) {
        Some(ContentRange::Unsatisfied { len }) => Some(len),
        _ => None,
    };
    let pinned = pin.and_then(|pin| pin.len);
    match (len, pinned) {
        (Some(len), Some(pinned)) if len != pinned => {
            StoreError::with_cause(StoreErrorKind::Changed, format!("{what}: its length is another"))
        }
        _ => StoreError::with_cause(
            StoreErrorKind::Invalid,
            format!("{what}: bytes {asked} lie beyond the end of the object"),
        ),
    }
}

fn checked(facts: Facts, pin: Option<&Pin>) -> Result<Facts, StoreError> {
    match pin {
        Some(pin) => pin.check(&facts).map(|()| facts),
        None => Ok(facts),
    }
}

/// The field, if there is one and one only.
fn content_range(headers: &HeaderMap) -> Option<ContentRange> {
    let mut lines = headers.get_all(CONTENT_RANGE).iter();
    let line = lines.next()?;
    lines.next().is_none().then(|| ContentRange::parse(line.as_bytes()).ok())?
}

/// What a status that is no answer means to the caller.
fn refusal(what: &str, status: StatusCode, headers: &HeaderMap) -> StoreError {
    let wait = retry_after(headers, SystemTime::now());
    let kind = match status.as_u16() {
        404 | 410 => StoreErrorKind::NotFound,
        401 | 403 | 407 => StoreErrorKind::Denied,
        412 => StoreErrorKind::Changed,
        429 => StoreErrorKind::Throttled,
        503 if wait.is_some() => StoreErrorKind::Throttled,
        408 | 425 | 500..=599 => StoreErrorKind::Unavailable,
        _ => StoreErrorKind::Invalid,
    };
    StoreError::with_cause(kind, format!("{what}: {status}")).with_retry_after(wait)
}

fn unavailable(cause: String) -> StoreError {
    StoreError::with_cause(StoreErrorKind::Unavailable, cause)
}
