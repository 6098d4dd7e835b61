//! What a response's head says of an object, once its words are understood.

use std::time::SystemTime;

use forebay_net::client::ClientBody;

use super::{Attributes, Checksum};
use crate::{ByteRange, Validator};

/// One version of an object, as its place describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its length in bytes; `None` if the server does not say.
    pub len: Option<u64>,
    /// Its entity tag.
    pub validator: Option<Validator>,
    /// Its version, where the bucket keeps versions.
    pub version: Option<Box<str>>,
    /// `Last-Modified`.
    pub modified: Option<SystemTime>,
    /// `Date` of the answer: the server's clock.
    pub date: Option<SystemTime>,
    /// Seconds that a cache held the answer (`Age`).
    pub age_s: Option<u64>,
    /// Whether ranges of it can be read, as far as is known. S3 always can.
    pub ranges: bool,
    /// The digest that the store keeps, if it told.
    pub checksum: Option<Checksum>,
    /// What is stored beside it.
    pub attributes: Attributes,
}

/// Which version a read must be of. Empty pins match anything, and are not safe to continue with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pin {
    /// Sent as `If-Match` if it is strong.
    pub validator: Option<Validator>,
    /// The version to ask for.
    pub version: Option<Box<str>>,
    /// Sent as `If-Unmodified-Since` where there is no strong tag.
    pub modified: Option<SystemTime>,
    /// The length that the whole object must have.
    pub len: Option<u64>,
}

/// An answer with bytes.
#[derive(Debug)]
pub struct Reading {
    /// The object that the bytes are of. `len` is that of the whole object, where it was told.
    pub facts: Facts,
    /// The bytes that come; `None` if the length is not known (all of it, until the true end).
    pub range: Option<ByteRange>,
    /// The bytes. Dropping them drains a short rest or closes the connection.
    pub body: ClientBody,
}

impl Facts {
    /// What later reads must match so that they are of the same version.
    pub fn pin(&self) -> Pin {
        Pin {
            validator: self.validator.clone(),
            version: self.version.clone(),
            modified: self.modified,
            len: self.len,
        }
    }
}
