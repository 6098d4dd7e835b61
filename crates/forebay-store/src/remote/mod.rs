//! Places across a network, and the verbs that they answer.
//!
//! [`Remote`] is what can be read: a bucket, a web server. [`Bucket`] adds what changes it. Both speak of keys, facts, pins and
//! ranges; whether an answer was a 206 with the right `Content-Range` is settled below this line, so that what a caller gets is
//! the version and the range that it asked for, or an error.
//!
//! These verbs neither retry nor continue: one call is one request. [`ResumableBody`] continues a read whose connection broke, of
//! the same version and from the same byte; for what is written, that is the transfer engine's. Whoever asks again does so by
//! [`Tries`], under brakes that all callers of a place share.

mod attributes;
mod bucket;
mod checksum;
mod effort;
mod facts;
mod failure;
mod freshness;
mod keys;
mod object_key;
mod pin;
mod resume;
mod retry_after;
mod span;
mod tries;
mod versions;

pub use attributes::Attributes;
pub use bucket::{
    Bucket, Condition, CopyAsk, Doomed, Part, PartAsk, PutAsk, Stored, Upload, UploadEntry, UploadsAsk,
    UploadsPage,
};
pub use checksum::{Checksum, ChecksumKind, Coverage};
pub use effort::Effort;
pub use facts::{Facts, Reading};
pub use freshness::{Expiry, Freshness};
pub use keys::{KeyEntry, KeysAsk, KeysPage};
pub use object_key::{ObjectKey, ObjectKeyError};
pub use pin::Pin;
pub use resume::{PlaceError, ReadAsk, ResumableBody, See};
pub use retry_after::retry_after;
pub use span::RemoteSpan;
pub use tries::{Tenacity, Tries, persist};
pub use versions::{Version, VersionContent, VersionEntry, VersionsAsk, VersionsMark, VersionsPage};

pub(crate) use span::Placed;

use std::fmt;

use forebay_net::retry::Peer;

use crate::{Answer, ByteRange};

/// A server sent all of an object when it was asked for a range that begins beyond its start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: the server ignores ranges (200 to one that begins at {start})")]
pub struct RangeIgnored {
    pub(crate) what: Box<str>,
    pub(crate) start: u64,
}

/// A place that can be read. Kept as `Arc<dyn Remote>`.
pub trait Remote: fmt::Debug + Send + Sync + 'static {
    /// Its name in messages, such as `s3://bucket` or `https://host`: never with credentials or a query.
    fn place(&self) -> &str;

    /// Its health, as all who ask it have found it: whoever asks again shares its brakes ([`Tries`]).
    fn peer(&self) -> &Peer;

    /// Whether it can be listed. A place that cannot has names with slashes, and answers for its directories itself.
    fn lists(&self) -> bool {
        true
    }

    /// What is known about the object, without its bytes. With a pin, of that version only.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Changed` (the pin does not match), `Denied`, `Throttled`, `Unavailable`, `Invalid`.
    fn head<'a>(&'a self, key: &'a ObjectKey, pin: Option<&'a Pin>) -> Answer<'a, Facts>;

    /// What is stored beside the bytes, the tags with it, which [`head`](Remote::head) leaves out.
    ///
    /// # Errors
    ///
    /// As [`head`](Remote::head).
    fn attributes<'a>(&'a self, key: &'a ObjectKey, pin: Option<&'a Pin>) -> Answer<'a, Attributes> {
        Answer::later(async move { Ok(self.head(key, pin).await?.attributes) })
    }

    /// The bytes of `range`, or all of them. With a pin, of that version only.
    ///
    /// The range may end beyond the object: what comes is cut to its length, and `Reading::range` says so. A server that
    /// ignores ranges is found out: if the range began beyond 0 that is `Unavailable` because of [`RangeIgnored`]; if it began at 0 the
    /// reading says so by `range`, and `facts.ranges` is false.
    ///
    /// # Errors
    ///
    /// Those of [`head`](Remote::head); `Invalid` also where the range begins beyond the end.
    fn read<'a>(
        &'a self,
        key: &'a ObjectKey,
        range: Option<ByteRange>,
        pin: Option<&'a Pin>,
    ) -> Answer<'a, Reading>;

    /// A page of keys in the order of their bytes.
    ///
    /// # Errors
    ///
    /// `Invalid` where the place cannot be listed (a plain web server), else as [`head`](Remote::head).
    fn keys<'a>(&'a self, ask: &'a KeysAsk) -> Answer<'a, KeysPage>;
}
