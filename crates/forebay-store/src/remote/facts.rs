//! What a response's head says of an object, once its words are understood.

use std::time::{Duration, SystemTime};

use forebay_net::client::ClientBody;

use super::{Attributes, Checksum, Pin};
use crate::{ByteRange, Strength, Validator};

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

/// How much older than the answer a date must be to tell versions apart: two writes within it may have the same one, and clocks
/// differ (RFC 9110 §8.8.2.2).
const SETTLED: Duration = Duration::from_secs(60);

impl Facts {
    /// Whether a range of the same version can be asked for later: the place serves ranges, the length is known, and something
    /// tells this version from every other (a version, a strong entity tag, or a date that was settled when it was told).
    pub fn is_continuable(&self) -> bool {
        let tag = self.validator.as_ref().is_some_and(|tag| tag.strength() == Strength::Strong);
        self.ranges && self.len.is_some() && (tag || self.version.is_some() || self.has_settled_date())
    }

    fn has_settled_date(&self) -> bool {
        match (self.modified, self.date) {
            (Some(modified), Some(date)) => date.duration_since(modified).is_ok_and(|age| age >= SETTLED),
            _ => false,
        }
    }

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
