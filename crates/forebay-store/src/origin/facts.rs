//! What the fields of an answer say of an object.

use std::time::SystemTime;

use http::header::{
    ACCEPT_RANGES, AGE, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE,
    CONTENT_LENGTH, CONTENT_TYPE, DATE, ETAG, EXPIRES, HeaderMap, HeaderName, LAST_MODIFIED,
};

use crate::Validator;
use crate::remote::{Attributes, Facts};

/// The facts of an answer whose object has this length.
pub(super) fn facts(headers: &HeaderMap, len: Option<u64>, ranges: bool) -> Facts {
    Facts {
        len,
        validator: validator(headers),
        version: None,
        modified: date(headers, LAST_MODIFIED),
        date: date(headers, DATE),
        age_s: text(headers, AGE).and_then(|age| age.parse().ok()),
        ranges,
        checksum: None,
        attributes: Attributes {
            content_type: text(headers, CONTENT_TYPE),
            cache_control: list(headers, CACHE_CONTROL),
            content_disposition: text(headers, CONTENT_DISPOSITION),
            content_encoding: list(headers, CONTENT_ENCODING).filter(|coding| !is_identity(coding)),
            content_language: list(headers, CONTENT_LANGUAGE),
            expires: text(headers, EXPIRES),
            ..Attributes::default()
        },
    }
}

/// The entity tag. One that is not well formed is none: it could not be sent back.
pub(super) fn validator(headers: &HeaderMap) -> Option<Validator> {
    Validator::parse(headers.get(ETAG)?.as_bytes())
}

/// `Content-Length`. Several that agree were made one by whoever read the head; several that do not ended the connection.
pub(super) fn length(headers: &HeaderMap) -> Option<u64> {
    text(headers, CONTENT_LENGTH)?.parse().ok()
}

/// Whether the server says that it serves ranges.
pub(super) fn offers_ranges(headers: &HeaderMap) -> bool {
    list(headers, ACCEPT_RANGES)
        .is_some_and(|units| units.split(',').any(|unit| unit.trim().eq_ignore_ascii_case("bytes")))
}

fn date(headers: &HeaderMap, name: HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<Box<str>> {
    Some(headers.get(name)?.to_str().ok()?.trim().into())
}

/// A field that may come in several lines, as one.
fn list(headers: &HeaderMap, name: HeaderName) -> Option<Box<str>> {
    let lines: Vec<&str> = headers.get_all(name).iter().filter_map(|line| line.to_str().ok()).collect();
    (!lines.is_empty()).then(|| lines.join(", ").into())
}

fn is_identity(coding: &str) -> bool {
    coding.trim().is_empty() || coding.trim().eq_ignore_ascii_case("identity")
}
