//! What a web server has at a path, and how much it lets on about it.

use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::fake::{Content, Framing};
use crate::pattern::Pattern;

/// Something at a path.
#[derive(Clone, Debug)]
pub struct Page {
    pub(crate) content: Content,
    pub(crate) etag: Option<String>,
    pub(crate) modified: Option<SystemTime>,
    pub(crate) ranges: Ranges,
    pub(crate) framing: Framing,
    pub(crate) fields: Vec<(String, String)>,
    /// Answered instead of all that.
    pub(crate) redirect: Option<(u16, String)>,
}

/// What the server does about `Range`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ranges {
    /// It answers them, and says that it can.
    Answered,
    /// It answers them and never says so.
    Unannounced,
    /// It sends everything.
    Ignored,
}

/// A moment that every page was written at unless it says otherwise: the same in every run.
const WRITTEN: Duration = Duration::from_secs(1_700_000_000);

impl Page {
    /// These bytes, with a strong entity tag, a date and ranges.
    #[must_use]
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let tag = crate::digest::of_bytes(&bytes);
        Self::new(Content::from(bytes), format!("\"{}\"", &tag[..16]))
    }

    /// The first `len` bytes of a pattern, likewise.
    #[must_use]
    pub fn pattern(pattern: Pattern, len: u64) -> Self {
        let tag = crate::digest::of_bytes(&pattern.bytes(0, 64));
        Self::new(Content::pattern(pattern, len), format!("\"{}-{len:x}\"", &tag[..16]))
    }

    fn new(content: Content, etag: String) -> Self {
        Self {
            content,
            etag: Some(etag),
            modified: Some(SystemTime::UNIX_EPOCH + WRITTEN),
            ranges: Ranges::Answered,
            framing: Framing::Length,
            fields: Vec::new(),
            redirect: None,
        }
    }

    /// A redirect to this URL.
    #[must_use]
    pub fn redirect(status: u16, location: &str) -> Self {
        Self { redirect: Some((status, location.to_owned())), ..Self::bytes("moved\n") }
    }

    /// With this entity tag, quotes (and `W/`) included.
    #[must_use]
    pub fn etag(self, etag: &str) -> Self {
        Self { etag: Some(etag.to_owned()), ..self }
    }

    /// Without an entity tag.
    #[must_use]
    pub fn without_etag(self) -> Self {
        Self { etag: None, ..self }
    }

    /// Written then.
    #[must_use]
    pub fn modified(self, at: SystemTime) -> Self {
        Self { modified: Some(at), ..self }
    }

    /// Without `Last-Modified`.
    #[must_use]
    pub fn without_date(self) -> Self {
        Self { modified: None, ..self }
    }

    /// With this way of treating ranges.
    #[must_use]
    pub fn ranges(self, ranges: Ranges) -> Self {
        Self { ranges, ..self }
    }

    /// With this way of telling where a body ends.
    #[must_use]
    pub fn framing(self, framing: Framing) -> Self {
        Self { framing, ..self }
    }

    /// With this field (its name in lower case): `cache-control`, `expires`, a `content-encoding` that nobody asked for.
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }
}
