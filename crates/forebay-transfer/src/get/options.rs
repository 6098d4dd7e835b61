//! How a download is to be done, and what became of it.

use forebay_budget::ByteSize;
use forebay_store::remote::Facts;

use crate::PageCache;
use crate::verify::{Demand, Proof};

/// How to download to a file.
#[derive(Debug, Clone, Default)]
pub struct GetOptions {
    /// The size of the pieces, if not what follows from the object's.
    pub part_size: Option<ByteSize>,
    /// How far the bytes are to be proven.
    pub demand: Demand,
    /// Whether the file is on the disk when it is done.
    pub durability: Durability,
    /// What becomes of a file that is there already.
    pub existing: Existing,
    /// What becomes of directories that are missing.
    pub parents: Parents,
    /// Whether space is taken before the first byte.
    pub space: Space,
    /// What becomes of the page cache.
    pub page_cache: PageCache,
    /// What the file's modification time is.
    pub modified: Modified,
}

/// Whether the file is on the disk when it is done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// File and directory are synced: it survives a power cut.
    #[default]
    Synced,
    /// The kernel writes it when it likes.
    Unsynced,
}

/// What becomes of a file that is there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Existing {
    /// It is replaced, at once and as a whole, when the new one is complete. Its permissions stay.
    #[default]
    Replaced,
    /// It stays, and the transfer is refused.
    Kept,
}

/// What becomes of directories that are missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Parents {
    /// The transfer is refused.
    #[default]
    Required,
    /// They are made.
    Made,
}

/// Whether space is taken before the first byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Space {
    /// All of it, so that a disk that is too small is known before.
    #[default]
    Reserved,
    /// As bytes come: zeros that were never written take none where the file system allows it.
    AsWritten,
}

/// What the file's modification time is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Modified {
    /// The object's, if it is known.
    #[default]
    Source,
    /// When it was written here.
    Now,
}

/// A download that is done.
#[derive(Debug, Clone)]
pub struct Got {
    /// What the place says of the object.
    pub facts: Facts,
    /// Its length.
    pub len: u64,
    /// Bytes of it that an earlier run had fetched.
    pub resumed: u64,
    /// What was proven.
    pub proof: Proof,
}
