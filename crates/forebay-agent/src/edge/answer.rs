//! An answer of an edge, as far as its meaning depends on it.

use http::header::{AGE, HeaderMap, HeaderName};
use http::{StatusCode, response};
use hyper::ext::ReasonPhrase;

/// The head of an answer, and what is known of its body without reading it.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// Its status.
    pub status: StatusCode,
    /// The words after it, if they are not the usual ones.
    pub reason: &'a str,
    /// Its fields.
    pub headers: &'a HeaderMap,
    /// The body's length, where one is declared.
    pub len: Option<u64>,
}

impl<'a> Answer<'a> {
    /// What the head says; `len` is the declared length of the body.
    pub fn of(head: &'a response::Parts, len: Option<u64>) -> Self {
        let reason = head.extensions.get::<ReasonPhrase>();
        let reason =
            reason.and_then(|reason| std::str::from_utf8(reason.as_bytes()).ok()).unwrap_or_default();
        Self { status: head.status, reason, headers: &head.headers, len }
    }

    /// The values of a field, in order, as text.
    pub(crate) fn values(&self, name: &HeaderName) -> impl DoubleEndedIterator<Item = &'a str> {
        self.headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok())
    }

    /// For how many seconds the object has been in caches, if it says.
    pub(crate) fn age(&self) -> Option<u64> {
        self.value(AGE.as_str())?.trim().parse().ok()
    }

    /// The first value of a field.
    pub(crate) fn value(&self, name: &'static str) -> Option<&'a str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
