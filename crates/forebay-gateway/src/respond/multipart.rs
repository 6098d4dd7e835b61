//! `multipart/byteranges` (RFC 9110 §14.6): the text between the ranges.
//!
//! Only this text is in memory, at most a few hundred bytes for each of at most
//! [`RANGES_MAX`](crate::range::RANGES_MAX) parts; the ranges themselves stay spans of the object, and
//! go out by name like any other. The whole length is known before a byte is read, so a HEAD costs
//! arithmetic.

use std::fmt::Write as _;
use std::hash::{BuildHasher, Hasher, RandomState};

use bytes::Bytes;
use http::HeaderValue;

use crate::range::Span;

/// A multipart body without its ranges.
#[derive(Debug)]
pub struct Multipart {
    boundary: String,
    heads: Vec<Bytes>,
    spans: Vec<Span>,
    end: Bytes,
}

impl Multipart {
    /// The parts of an object of `len` bytes and this content type.
    #[must_use]
    pub fn new(spans: Vec<Span>, len: u64, content_type: Option<&HeaderValue>) -> Self {
        Self::with_boundary(random_boundary(), spans, len, content_type)
    }

    /// As [`Multipart::new`], with a boundary that must not occur in the object. Random ones do not.
    #[must_use]
    pub fn with_boundary(
        boundary: String,
        spans: Vec<Span>,
        len: u64,
        content_type: Option<&HeaderValue>,
    ) -> Self {
        let kind = content_type.and_then(|value| value.to_str().ok());
        let heads = spans.iter().enumerate().map(|(at, span)| {
            let mut head = String::with_capacity(192);
            let _ = write!(head, "{}--{boundary}\r\n", if at == 0 { "" } else { "\r\n" });
            if let Some(kind) = kind {
                let _ = write!(head, "Content-Type: {kind}\r\n");
            }
            let _ = write!(head, "Content-Range: bytes {}-{}/{len}\r\n\r\n", span.first, span.last);
            Bytes::from(head)
        });
        let heads = heads.collect();
        let end = Bytes::from(format!("\r\n--{boundary}--\r\n"));
        Self { boundary, heads, spans, end }
    }

    /// The value of `Content-Type`.
    #[must_use]
    pub fn content_type(&self) -> HeaderValue {
        HeaderValue::try_from(format!("multipart/byteranges; boundary={}", self.boundary))
            .unwrap_or(HeaderValue::from_static("multipart/byteranges"))
    }

    /// The ranges, in order.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The length of the whole body in bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it has at least its closing boundary")]
    pub fn len(&self) -> u64 {
        let heads: usize = self.heads.iter().map(Bytes::len).sum();
        let ranges: u64 = self.spans.iter().map(Span::len).sum();
        heads as u64 + ranges + self.end.len() as u64
    }

    /// The text before each range, and the text after the last.
    #[must_use]
    pub fn into_text(self) -> (Vec<Bytes>, Bytes) {
        (self.heads, self.end)
    }
}

/// 128 bits that no object contains by accident and no uploader can guess.
fn random_boundary() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}
