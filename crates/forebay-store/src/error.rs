//! What can go wrong, as kinds that a caller acts on.
//!
//! The kind decides the status, the retry and the log level; the cause is for the log of whoever handles it and
//! never reaches a client. `NotFound` is also the answer for everything that exists but is none of the
//! client's business: a device, a temporary upload, a link that leaves the root. Telling them apart would tell
//! what is there.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// A failure of a store.
pub struct StoreError {
    kind: StoreErrorKind,
    cause: Option<Box<dyn Error + Send + Sync>>,
    retry_after: Option<Duration>,
    is_ours: bool,
}

/// What a caller can do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoreErrorKind {
    /// There is no such object, or none that may be served.
    NotFound,
    /// The object is no longer the version that was pinned.
    Changed,
    /// A condition of the request does not hold.
    Precondition,
    /// The store knows the object and this process may not read it.
    Denied,
    /// The store asks for fewer requests.
    Throttled,
    /// No answer now (no descriptor, no memory, an I/O error): the same request may succeed later.
    Unavailable,
    /// What is there stands in the way: a directory under an object's name, a file on the way to it, a directory that is missing or not empty.
    Conflict,
    /// There is no room: a full disk, a quota that is used up.
    Full,
    /// The request makes no sense to this store and never will: a bad cursor, a range beyond the end.
    Invalid,
}

impl StoreError {
    /// A failure without more to say.
    pub const fn new(kind: StoreErrorKind) -> Self {
        Self { kind, cause: None, retry_after: None, is_ours: false }
    }

    /// A failure and what led to it.
    pub fn with_cause(kind: StoreErrorKind, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, cause: Some(cause.into()), retry_after: None, is_ours: false }
    }

    /// The same, and how long the store asked to be left alone (`Retry-After`), if it did.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    /// The same, and whether it is ours: nothing was sent, since a connection, memory or a descriptor was not free in time. It
    /// says nothing about the place.
    #[must_use]
    pub const fn with_ours(mut self, is_ours: bool) -> Self {
        self.is_ours = is_ours;
        self
    }

    /// What a caller can do about it.
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// What led to it, for whoever knows the store: its own error type is found by `downcast_ref`.
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.cause.as_deref()
    }

    /// How long the store asked to be left alone, if it did.
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Whether nothing was sent, for want of something of our own.
    pub const fn is_ours(&self) -> bool {
        self.is_ours
    }
}

impl StoreErrorKind {
    /// The word in logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotFound => "not found",
            Self::Changed => "changed",
            Self::Precondition => "precondition failed",
            Self::Denied => "denied",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Conflict => "in conflict",
            Self::Full => "full",
            Self::Invalid => "invalid",
        }
    }
}

impl fmt::Display for StoreErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Some(cause) => write!(f, "{}: {cause}", self.kind),
            None => self.kind.fmt(f),
        }
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreError({self})")
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // Display already shows the cause itself; the chain goes on behind it.
        self.cause.as_ref().and_then(|cause| cause.source())
    }
}

impl From<StoreErrorKind> for StoreError {
    fn from(kind: StoreErrorKind) -> Self {
        Self::new(kind)
    }
}
