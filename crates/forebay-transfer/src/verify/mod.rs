//! How well it is proven that the bytes that arrived are those that were stored.
//!
//! "Verified" is not one thing, so it is reported as a level and never as a word. A CRC of the whole object can be had from ranges
//! that arrive in any order, because CRCs combine; a SHA-256 cannot, and needs the bytes once more in order. Bytes that the kernel moved from
//! a socket to a file were never seen by us: their level is *length* unless they are read back.

mod crc;
mod digest;
mod file;

pub use crc::{Crc, CrcKind, PieceCrc};
pub use digest::{Algorithm, Expected, ExpectedError, UnknownAlgorithm};
pub(crate) use digest::{Running, from_hex};
pub use file::digest_of_file;

use std::fmt;

use forebay_store::remote::{Checksum, ChecksumKind, Coverage, Facts};

/// How far it is proven. Ordered: a later level includes the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Not at all: the source did not even say how long it is.
    None,
    /// All bytes that were announced came, of the one pinned version, over connections with TCP's checksums or TLS.
    Length,
    /// The other side confirmed a digest of each part as it was sent.
    PerPart,
    /// A digest of all bytes is the one that the store, or the user, says it is.
    FullObject,
}

/// How far a caller wants it proven.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Demand {
    /// As far as costs nothing: what passes through our hands is checked, what the kernel moves is counted.
    #[default]
    Free,
    /// Every digest that the store keeps is checked, and having none is a failure.
    Full,
    /// Exactly these bytes.
    Digest(Expected),
}

/// What was proven, and by what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// How far.
    pub level: Level,
    /// The algorithm, where a digest was compared.
    pub by: Option<ChecksumKind>,
}

impl Level {
    /// The word in output and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Length => "length",
            Self::PerPart => "per-part",
            Self::FullObject => "full-object",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Proof {
    pub(crate) const LENGTH: Self = Self { level: Level::Length, by: None };
    pub(crate) const NOTHING: Self = Self { level: Level::None, by: None };

    pub(crate) const fn full(by: ChecksumKind) -> Self {
        Self { level: Level::FullObject, by: Some(by) }
    }
}

/// The digest of the whole object that its place keeps, if it is of a kind that we can check.
pub(crate) fn stored_digest(facts: &Facts) -> Option<&Checksum> {
    facts.checksum.as_ref().filter(|sum| {
        sum.coverage == Coverage::FullObject
            && (CrcKind::of(sum.kind).is_some() || sum.kind == ChecksumKind::Sha256)
    })
}
