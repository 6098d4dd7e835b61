//! What the log keeps of a request's head: one owned buffer with the first half of the record in it.
//!
//! A `HeaderValue` or a `Uri` is a slice of the server's read buffer and keeps all of it alive. Kept for
//! the length of a download, the user agent of a stalled client would cost 8 KiB. So the head is escaped
//! and redacted at once, into a buffer of exactly its size, which the end of the request copies as it is.

use std::net::IpAddr;
use std::ops::Range;
use std::time::SystemTime;

use http::header::{RANGE, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Uri, Version, request};

use super::format::{Escaper, field, string_field, timestamp, with_scratch};
use super::{AccessLogOptions, Redaction, RequestTrace, WhiteSpace};
use crate::client_ip;

/// Bounds of the fields, in escaped bytes.
const TARGET_MAX: usize = 2048;
const USER_AGENT_MAX: usize = 512;
const HEADER_MAX: usize = 256;

/// The first half of a record, from `trace_id` to the last header.
#[derive(Debug)]
pub(super) struct Head {
    text: Box<[u8]>,
    target: Range<usize>,
    pub(super) method: Method,
}

impl Head {
    pub(super) fn of(
        parts: &request::Parts,
        trace: &RequestTrace,
        start: SystemTime,
        options: &AccessLogOptions,
    ) -> Self {
        let client = client_ip::client(&parts.extensions, options.peer_from);
        with_scratch(|out| {
            identity(out, trace, start, client);
            let target = request_line(out, parts, &options.redaction);
            for (name, header, max) in
                [("user_agent", USER_AGENT, USER_AGENT_MAX), ("range", RANGE, HEADER_MAX)]
            {
                if let Some(value) = parts.headers.get(header) {
                    string_field(out, name, value.as_bytes(), max);
                }
            }
            if !options.headers.is_empty() {
                chosen_headers(out, parts, options);
            }
            Self { text: Box::from(out.as_slice()), target, method: parts.method.clone() }
        })
    }

    /// The target as it is logged.
    pub(super) fn target(&self) -> &str {
        std::str::from_utf8(&self.text[self.target.clone()]).unwrap_or_default()
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }
}

fn identity(out: &mut Vec<u8>, trace: &RequestTrace, start: SystemTime, client: Option<IpAddr>) {
    plain_field(out, "trace_id", trace.trace_id.as_str());
    plain_field(out, "span_id", trace.span_id.as_str());
    if let Some(parent) = trace.parent_id {
        plain_field(out, "parent_id", parent.as_str());
    }
    plain_field(out, "request_id", trace.request_id.as_str());
    field(out, "start");
    out.push(b'"');
    timestamp(out, start);
    out.push(b'"');
    if let Some(client) = client {
        use std::io::Write;
        field(out, "client");
        let _ = write!(out, "\"{client}\"");
    }
}

/// Method, target and version; says where the target is.
fn request_line(out: &mut Vec<u8>, parts: &request::Parts, redaction: &Redaction) -> Range<usize> {
    plain_field(out, "method", parts.method.as_str());
    field(out, "uri");
    out.push(b'"');
    let begin = out.len();
    let mut escaper = Escaper::new(out, TARGET_MAX, WhiteSpace::Keep);
    target(&parts.uri, redaction, &mut escaper);
    if escaper.is_cut() {
        out.extend_from_slice("…".as_bytes());
    }
    let end = out.len();
    out.push(b'"');
    plain_field(out, "protocol", protocol(parts.version));
    begin..end
}

fn target(uri: &Uri, redaction: &Redaction, escaper: &mut Escaper<'_>) {
    if let Some(scheme) = uri.scheme_str() {
        escaper.push(scheme);
        escaper.push("://");
    }
    if let Some(authority) = uri.authority() {
        match authority.as_str().rsplit_once('@') {
            Some((_user, host)) => {
                escaper.push("[redacted]@");
                escaper.push(host);
            }
            None => escaper.push(authority.as_str()),
        }
    }
    escaper.push(uri.path());
    if let Some(query) = uri.query() {
        escaper.push("?");
        redaction.form(query, |piece| escaper.push(piece));
    }
}

fn chosen_headers(out: &mut Vec<u8>, parts: &request::Parts, options: &AccessLogOptions) {
    field(out, "request_headers");
    let begin = out.len();
    for name in &options.headers {
        if let Some(value) = parts.headers.get(name) {
            header(out, name, value, &options.redaction);
        }
    }
    // The first field's comma opens the object.
    match out.get_mut(begin) {
        Some(comma) => *comma = b'{',
        None => out.push(b'{'),
    }
    out.push(b'}');
}

fn header(out: &mut Vec<u8>, name: &HeaderName, value: &HeaderValue, redaction: &Redaction) {
    if redaction.is_secret(name.as_str()) || value.is_sensitive() {
        plain_field(out, name.as_str(), "[redacted]");
    } else {
        string_field(out, name.as_str(), value.as_bytes(), HEADER_MAX);
    }
}

/// A field whose value needs no escape.
fn plain_field(out: &mut Vec<u8>, name: &str, value: &str) {
    field(out, name);
    out.push(b'"');
    out.extend_from_slice(value.as_bytes());
    out.push(b'"');
}

const fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "HTTP/0.9",
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_3 => "HTTP/3",
        _ => "HTTP/1.1",
    }
}
