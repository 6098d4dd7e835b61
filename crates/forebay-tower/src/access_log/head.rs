//! What the log keeps of a request's head: one owned buffer with the first half of the record in it.
//!
//! A `HeaderValue` or a `Uri` is a slice of the server's read buffer and keeps all of it alive. Kept for
//! the length of a download, the user agent of a stalled client would cost 8 KiB. So the head is escaped
//! and redacted at once, into a buffer of exactly its size, which the end of the request copies as it is.
//!
//! A head of up to [`HEAD_BYTES`] is part of what a connection costs, so that an ordinary request takes nothing
//! from the ledger. A longer one leases the rest ([`Class::LogHeads`]); where there is none, its target, user
//! agent and headers are cut until it fits, and the record says that it is `shortened`.

use std::net::IpAddr;
use std::ops::Range;
use std::time::SystemTime;

use forebay_budget::{Class, Lease, Ledger};
use http::header::{RANGE, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Uri, Version, request};

use super::form::{Fields, LogForm};
use super::format::{Escaper, with_scratch};
use super::{AccessLogOptions, Redaction, RequestTrace, WhiteSpace};
use crate::client_ip;

/// What every request under way may keep without a lease, in bytes.
pub const HEAD_BYTES: usize = 1024;

/// Bounds of the fields, in escaped bytes.
struct Bounds {
    target: usize,
    user_agent: usize,
    header: usize,
}

const WIDE: Bounds = Bounds { target: 2048, user_agent: 512, header: 256 };
/// With these, and without the headers that were chosen, a head is no longer than [`HEAD_BYTES`].
const NARROW: Bounds = Bounds { target: 256, user_agent: 128, header: 64 };

/// Methods longer than this are nobody's: they are cut.
const METHOD_MAX: usize = 24;

/// The first half of a record, from the client to the last header.
#[derive(Debug)]
pub(super) struct Head {
    text: Box<[u8]>,
    target: Range<usize>,
    /// The fields, in the form of the record.
    fields: Range<usize>,
    pub(super) method: Method,
    /// Pays for what is longer than [`HEAD_BYTES`].
    _lease: Option<Lease>,
}

/// What a head is made of.
pub(super) struct About<'a> {
    pub(super) parts: &'a request::Parts,
    pub(super) trace: &'a RequestTrace,
    pub(super) start: SystemTime,
    pub(super) options: &'a AccessLogOptions,
    pub(super) form: LogForm,
}

impl Head {
    pub(super) fn of(about: &About<'_>, ledger: &Ledger) -> Self {
        with_scratch(|out| {
            let mut lease = None;
            let mut target = about.write(out, &WIDE);
            if let Some(more) = out.len().checked_sub(HEAD_BYTES).filter(|more| *more > 0) {
                lease = ledger.try_acquire(Class::LogHeads, more as u64).ok();
                if lease.is_none() {
                    out.clear();
                    target = about.write(out, &NARROW);
                }
            }
            let fields = match about.form {
                LogForm::Json => 0..out.len(),
                LogForm::Text => target.end..out.len(),
            };
            let text = Box::from(out.as_slice());
            Self { text, target, fields, method: short(&about.parts.method), _lease: lease }
        })
    }

    /// The target as it is logged.
    pub(super) fn target(&self) -> &str {
        std::str::from_utf8(&self.text[self.target.clone()]).unwrap_or_default()
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    pub(super) fn fields(&self) -> &[u8] {
        &self.text[self.fields.clone()]
    }
}

impl About<'_> {
    /// Writes the head; says where the target is. Text has method, target and status in its message, and so does
    /// not repeat them: there the target comes first, for the message to find.
    fn write(&self, out: &mut Vec<u8>, bounds: &Bounds) -> Range<usize> {
        let mut fields = Fields::new(out, self.form);
        match self.form {
            LogForm::Json => {
                self.identity(&mut fields);
                fields.time("start", self.start);
                self.client(&mut fields);
                fields.plain("method", short(&self.parts.method).as_str());
                fields.name("uri");
                fields.raw("\"");
                let target = self.target(&mut fields, bounds);
                fields.raw("\"");
                self.rest(&mut fields, bounds);
                target
            }
            LogForm::Text => {
                let target = self.target(&mut fields, bounds);
                self.client(&mut fields);
                self.rest(&mut fields, bounds);
                self.identity(&mut fields);
                target
            }
        }
    }

    fn identity(&self, fields: &mut Fields<'_>) {
        fields.plain("trace_id", self.trace.trace_id.as_str());
        fields.plain("span_id", self.trace.span_id.as_str());
        if let Some(parent) = self.trace.parent_id {
            fields.plain("parent_id", parent.as_str());
        }
        fields.plain("request_id", self.trace.request_id.as_str());
    }

    fn client(&self, fields: &mut Fields<'_>) {
        let client: Option<IpAddr> = client_ip::client(&self.parts.extensions, self.options.peer_from);
        if let Some(client) = client {
            fields.plain("client", &client.to_string());
        }
    }

    fn target(&self, fields: &mut Fields<'_>, bounds: &Bounds) -> Range<usize> {
        let begin = fields.out.len();
        let mut escaper = Escaper::new(fields.out, bounds.target, WhiteSpace::Keep);
        target(&self.parts.uri, &self.options.redaction, &mut escaper);
        if escaper.is_cut() {
            fields.raw("…");
        }
        begin..fields.out.len()
    }

    fn rest(&self, fields: &mut Fields<'_>, bounds: &Bounds) {
        fields.plain("protocol", protocol(self.parts.version));
        for (name, header, max) in
            [("user_agent", USER_AGENT, bounds.user_agent), ("range", RANGE, bounds.header)]
        {
            if let Some(value) = self.parts.headers.get(header) {
                fields.string(name, value.as_bytes(), max);
            }
        }
        if bounds.target < WIDE.target {
            fields.name("shortened");
            fields.raw("true");
        } else if !self.options.headers.is_empty() {
            self.chosen_headers(fields, bounds);
        }
    }

    fn chosen_headers(&self, fields: &mut Fields<'_>, bounds: &Bounds) {
        if self.form == LogForm::Json {
            fields.name("request_headers");
        }
        let begin = fields.out.len();
        for name in &self.options.headers {
            if let Some(value) = self.parts.headers.get(name) {
                header(fields, name, value, &self.options.redaction, bounds.header);
            }
        }
        if self.form == LogForm::Text {
            return;
        }
        // The first field's comma opens the object.
        match fields.out.get_mut(begin) {
            Some(comma) => *comma = b'{',
            None => fields.raw("{"),
        }
        fields.raw("}");
    }
}

/// A method for the record: one that a client made up may be as long as its head.
fn short(method: &Method) -> Method {
    match method.as_str().as_bytes().get(..METHOD_MAX) {
        // A part of a token is a token.
        Some(cut) => Method::from_bytes(cut).unwrap_or_default(),
        None => method.clone(),
    }
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

fn header(
    fields: &mut Fields<'_>,
    name: &HeaderName,
    value: &HeaderValue,
    redaction: &Redaction,
    max: usize,
) {
    if redaction.is_secret(name.as_str()) || value.is_sensitive() {
        fields.plain(name.as_str(), "[redacted]");
    } else {
        fields.string(name.as_str(), value.as_bytes(), max);
    }
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
