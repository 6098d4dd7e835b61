//! Preconditions in the order of RFC 9110 §13.2.2, and `If-Range` (§13.1.5).
//!
//! Pure: the header fields of a request and what is known of the representation go in, a verdict
//! comes out. The caller acts.
//!
//! A date in `If-Range` counts only as a strong validator (§8.8.2.2): it must equal the
//! `Last-Modified` that we send, to the second, and that second must be over. A file can change
//! twice within one second, and resuming across such a change would join two files into one.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::etag::{EntityTag, list_matches};

/// What conditions are evaluated against: the selected representation.
#[derive(Clone, Copy, Debug)]
pub struct Validators<'a> {
    /// The entity tag that this response would carry; without one, nothing but `*` matches.
    pub etag: Option<EntityTag<'a>>,
    /// When the object last changed, if its store knows.
    pub modified: Option<SystemTime>,
}

/// The verdict of §13.2.2 steps 1 to 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Perform the request.
    Proceed,
    /// 304: the client has it.
    NotModified,
    /// 412: the client's idea of the object is out of date.
    Failed,
}

/// The header fields that make a GET anything but plain, gathered in one pass.
///
/// Most requests have none of them: one walk over the few headers there are is cheaper than seven
/// look-ups that fail.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conditions<'a> {
    headers: Option<&'a HeaderMap>,
    if_match: bool,
    if_none_match: bool,
    if_modified_since: Option<&'a HeaderValue>,
    if_unmodified_since: Option<&'a HeaderValue>,
    if_range: Option<&'a HeaderValue>,
    range: Option<&'a HeaderValue>,
}

impl<'a> Conditions<'a> {
    /// Notes which conditions a request carries.
    #[must_use]
    pub fn of(headers: &'a HeaderMap) -> Self {
        let mut found = Self::default();
        for (name, value) in headers {
            match *name {
                header::IF_MATCH => found.if_match = true,
                header::IF_NONE_MATCH => found.if_none_match = true,
                header::IF_MODIFIED_SINCE => found.if_modified_since = Some(value),
                header::IF_UNMODIFIED_SINCE => found.if_unmodified_since = Some(value),
                header::IF_RANGE => found.if_range = Some(value),
                header::RANGE => found.range = Some(value),
                _ => continue,
            }
            found.headers = Some(headers);
        }
        found
    }

    /// None of them: the plain GET.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.headers.is_none()
    }

    /// The `Range` field, if the request has one.
    #[must_use]
    pub fn range(&self) -> Option<&'a [u8]> {
        self.range.map(HeaderValue::as_bytes)
    }

    /// Asks for exact bytes (`Range`, `If-Match`): such a request is answered with a representation
    /// that has a strong validator, never with one compressed on the way.
    #[must_use]
    pub const fn wants_exact_bytes(&self) -> bool {
        self.range.is_some() || self.if_match
    }

    /// Without those that are for methods that only read (§13.1.3).
    #[must_use]
    pub const fn of_a_change(self) -> Self {
        Self { if_modified_since: None, ..self }
    }

    /// Whether it has `If-Match`.
    #[must_use]
    pub const fn wants_match(&self) -> bool {
        self.if_match
    }

    /// Whether it has `If-None-Match`.
    #[must_use]
    pub const fn wants_none_match(&self) -> bool {
        self.if_none_match
    }

    /// Whether it is meant for one version only, or for all but some: what counts for a method that changes something.
    #[must_use]
    pub const fn depends_on_version(&self) -> bool {
        self.if_match || self.if_none_match || self.if_unmodified_since.is_some()
    }

    /// Whether the client may well have the object already, or depends on a version: its answer needs the head more than bytes.
    #[must_use]
    pub const fn wants_head_first(&self) -> bool {
        self.if_none_match || self.if_modified_since.is_some() || self.if_range.is_some()
    }

    /// Steps 1 to 4 of §13.2.2 for a safe method.
    #[must_use]
    pub fn evaluate(&self, selected: &Validators<'_>) -> Verdict {
        if self.if_match {
            if !self.lists(&header::IF_MATCH, |tag| selected.etag.is_some_and(|own| own.strong_eq(&tag))) {
                return Verdict::Failed;
            }
        } else if let (Some(date), Some(modified)) = (date(self.if_unmodified_since), selected.modified)
            && seconds(modified) > seconds(date)
        {
            return Verdict::Failed;
        }
        if self.if_none_match {
            if self.lists(&header::IF_NONE_MATCH, |tag| selected.etag.is_some_and(|own| own.weak_eq(&tag))) {
                return Verdict::NotModified;
            }
        } else if let (Some(date), Some(modified)) = (date(self.if_modified_since), selected.modified)
            && seconds(modified) <= seconds(date)
        {
            return Verdict::NotModified;
        }
        Verdict::Proceed
    }

    /// Step 5: whether the `Range` field is to be applied. Without `If-Range` it is.
    #[must_use]
    pub fn range_applies(&self, selected: &Validators<'_>, now: SystemTime) -> bool {
        let Some(field) = self.if_range.map(HeaderValue::as_bytes) else { return true };
        if let Some(tag) = EntityTag::parse(field) {
            return selected.etag.is_some_and(|own| own.strong_eq(&tag));
        }
        match (date(self.if_range), selected.modified) {
            (Some(date), Some(modified)) => {
                seconds(date) == seconds(modified) && seconds(modified) < seconds(now)
            }
            _ => false,
        }
    }

    fn lists(&self, name: &HeaderName, mut matches: impl FnMut(EntityTag<'_>) -> bool) -> bool {
        self.headers.is_some_and(|headers| {
            headers.get_all(name).iter().any(|field| list_matches(field.as_bytes(), &mut matches))
        })
    }
}

/// A date that cannot be read is a field that is not there (§13.1.3, §13.1.4).
fn date(field: Option<&HeaderValue>) -> Option<SystemTime> {
    httpdate::parse_http_date(field?.to_str().ok()?).ok()
}

/// HTTP dates have whole seconds; what lies before 1970 counts as 1970.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}
