//! What may go wrong with one request, as a value: scripted, or drawn by lot.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::gate::Gate;

/// A fault of one answer. Bytes are those of the answer's body; [`ANYWHERE`] stands for an offset drawn by lot.
#[derive(Clone, Debug)]
pub enum Fault {
    /// An error instead of the answer. S3 wraps `code` in its XML.
    Refuse {
        /// The status code.
        status: u16,
        /// S3's word for it.
        code: &'static str,
        /// Seconds in `Retry-After`.
        retry_after: Option<u32>,
    },
    /// A redirect instead of the answer.
    Redirect {
        /// The status code.
        status: u16,
        /// `Location`, if any (S3's own redirects have none).
        location: Option<String>,
        /// `x-amz-bucket-region`.
        region: Option<String>,
    },
    /// Nothing is answered until the gate opens.
    Hang(Gate),
    /// The connection ends without an answer, and nothing was done.
    HangUp(Cut),
    /// All is done as asked, and the connection ends before the answer.
    LoseAnswer(Cut),
    /// The answer's body ends early.
    Short {
        /// After so many bytes.
        after: u64,
        /// In which way.
        how: Cut,
    },
    /// So many bytes more than the head declares follow the answer's body.
    Long(u64),
    /// The answer's body has no end.
    Endless,
    /// The answer's body stands still until the gate opens.
    Stall {
        /// After so many bytes.
        after: u64,
        /// Until then.
        gate: Gate,
    },
    /// The body comes a few bytes at a time.
    Drip {
        /// So many at once.
        bytes: usize,
        /// So often.
        every: Duration,
    },
    /// One bit of the body is wrong.
    Flip {
        /// Of the byte at this offset of the body.
        at: u64,
    },
    /// Something happens while the body is under way (the object is replaced, say).
    Meanwhile {
        /// When so many bytes were sent.
        after: u64,
        /// What.
        action: Action,
    },
    /// `Range` is ignored: the whole object comes, with 200.
    IgnoreRange,
    /// `Content-Range` is off by so much, the body is as it was asked for.
    WrongRange {
        /// Added to the first offset.
        first: i64,
        /// Added to the last.
        last: i64,
        /// Added to the total.
        total: i64,
    },
    /// A field of the answer is set, or left out.
    Field(&'static str, Option<String>),
    /// The body's end is told in another way.
    Framing(Framing),
    /// An error in the body of a 200: what S3 does when completing fails after it has begun to answer. Nothing is completed.
    ErrorInside(&'static str),
    /// The upload is cut off.
    ShortUpload {
        /// After so many bytes were taken.
        after: u64,
        /// In which way.
        how: Cut,
    },
    /// The upload is taken a few bytes at a time.
    DripUpload {
        /// So many at once.
        bytes: usize,
        /// So often.
        every: Duration,
    },
    /// Something happens while the upload is under way.
    MeanwhileUpload {
        /// When so many bytes were taken.
        after: u64,
        /// What.
        action: Action,
    },
    /// The upload is not read any further until the gate opens.
    StallUpload {
        /// After so many bytes were taken.
        after: u64,
        /// Until then.
        gate: Gate,
    },
}

/// An offset drawn by lot within the body.
pub const ANYWHERE: u64 = u64::MAX;

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// With an orderly end (FIN, over TLS with `close_notify`), as if all had been sent.
    Clean,
    /// With a reset.
    Reset,
}

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// By `Content-Length`.
    #[default]
    Length,
    /// In chunks.
    Chunked,
    /// By the end of the connection.
    UntilClose,
}

/// Something that happens.
#[derive(Clone)]
pub struct Action(Arc<dyn Fn() + Send + Sync>);

impl Action {
    /// Does this.
    pub fn new(what: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(what))
    }

    pub(crate) fn run(&self) {
        (self.0)();
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Action")
    }
}

impl Fault {
    /// `503 SlowDown`, with `Retry-After` if given.
    #[must_use]
    pub const fn slow_down(retry_after: Option<u32>) -> Self {
        Self::Refuse { status: 503, code: "SlowDown", retry_after }
    }

    /// `500 InternalError`.
    #[must_use]
    pub const fn internal_error() -> Self {
        Self::refuse(500, "InternalError")
    }

    /// `400 ExpiredToken`.
    #[must_use]
    pub const fn expired_token() -> Self {
        Self::refuse(400, "ExpiredToken")
    }

    /// `403 AccessDenied`.
    #[must_use]
    pub const fn access_denied() -> Self {
        Self::refuse(403, "AccessDenied")
    }

    /// `404 NoSuchBucket`.
    #[must_use]
    pub const fn no_such_bucket() -> Self {
        Self::refuse(404, "NoSuchBucket")
    }

    /// `403 RequestTimeTooSkewed`: the client's clock is off.
    #[must_use]
    pub const fn time_too_skewed() -> Self {
        Self::refuse(403, "RequestTimeTooSkewed")
    }

    /// Any other error.
    #[must_use]
    pub const fn refuse(status: u16, code: &'static str) -> Self {
        Self::Refuse { status, code, retry_after: None }
    }

    /// The bucket is in another region: S3's 301, without a `Location`.
    #[must_use]
    pub fn other_region(region: &str) -> Self {
        Self::Redirect { status: 301, location: None, region: Some(region.to_owned()) }
    }

    /// A redirect to this URL.
    #[must_use]
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::Redirect { status, location: Some(location.to_owned()), region: None }
    }

    /// The body is cut by a reset after so many bytes.
    #[must_use]
    pub const fn reset_after(after: u64) -> Self {
        Self::Short { after, how: Cut::Reset }
    }

    /// The body is cut by an orderly end after so many bytes.
    #[must_use]
    pub const fn short_after(after: u64) -> Self {
        Self::Short { after, how: Cut::Clean }
    }

    /// The body stands still after so many bytes until the gate opens.
    #[must_use]
    pub fn stall_after(after: u64, gate: &Gate) -> Self {
        Self::Stall { after, gate: gate.clone() }
    }

    /// Something happens after so many bytes.
    pub fn meanwhile(after: u64, what: impl Fn() + Send + Sync + 'static) -> Self {
        Self::Meanwhile { after, action: Action::new(what) }
    }
}
