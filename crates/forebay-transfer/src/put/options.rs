//! How an upload is to be done, and what became of it.

use std::sync::Arc;

use forebay_budget::ByteSize;
use forebay_store::remote::{Attributes, Bucket, Condition, ObjectKey, Stored};

use crate::PageCache;
use crate::verify::{Algorithm, Expected, Proof};

/// Where an object goes.
#[derive(Debug, Clone)]
pub struct Destination {
    /// The place.
    pub bucket: Arc<dyn Bucket>,
    /// Its name there.
    pub key: ObjectKey,
}

/// How to upload.
#[derive(Debug, Clone, Default)]
pub struct PutOptions {
    /// The size of the parts, if not what follows from the object's.
    pub part_size: Option<ByteSize>,
    /// What to store beside the bytes.
    pub attributes: Attributes,
    /// When to write at all. It decides when the object is published, not before.
    pub condition: Condition,
    /// What becomes of parts that arrived, if the others do not.
    pub on_failure: OnFailure,
    /// What becomes of the page cache where a file is read.
    pub page_cache: PageCache,
    /// The digest that is sent along, checked by the store and kept by it, where it keeps any.
    pub checksum: Algorithm,
    /// What the bytes must be. A file is read once more for it, before anything is sent; what comes in order is compared before it is
    /// published.
    pub digest: Option<Expected>,
}

/// What becomes of parts that arrived, if the others do not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// They stay where that is of use: a journal beside the source file says what there is, and the next run goes on. They cost storage
    /// until then.
    #[default]
    Kept,
    /// They are given up.
    GivenUp,
}

/// An upload that is done.
#[derive(Debug, Clone)]
pub struct Put {
    /// What the place says of the object that is there now.
    pub stored: Stored,
    /// Its length.
    pub len: u64,
    /// Bytes of it that an earlier run had brought there.
    pub resumed: u64,
    /// What was proven.
    pub proof: Proof,
}

impl Destination {
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.bucket.place(), self.key)
    }
}
