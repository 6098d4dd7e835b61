//! One version of an object.
//!
//! An object is pinned when it is opened: a file by its descriptor, a small file by its bytes, one across a network by what tells its
//! version. A file that is
//! replaced by rename, or removed, is read to its end as it was; all ranges of one `Object` are of one version.
//! What no reader can prevent is a writer that overwrites a file in place under an open descriptor. The
//! length that was announced then stands, a file that shrinks ends the transfer, and changed bytes within the
//! length are the writer's: publish by rename.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use forebay_net::{FileSpan, LeasedFile};

use crate::remote::{Effort, Placed, RemoteSpan};
use crate::{Access, ByteRange, Kind, Meta, StoreError, StoreErrorKind};

/// One version of an object, pinned. Cheap to clone.
#[derive(Clone)]
pub struct Object {
    inner: Arc<Inner>,
}

struct Inner {
    meta: Meta,
    source: Source,
}

/// Where the bytes of this version are.
pub(crate) enum Source {
    /// There are none: it is a directory.
    Directory,
    /// In memory that is paid for by whoever made them.
    Bytes(Bytes),
    /// In an open file, together with the lease of its descriptor.
    File(Arc<LeasedFile>),
    /// Across a network, at a place that is asked for each range.
    Remote(Arc<Placed>),
}

/// Bytes of an object on their way out.
#[derive(Debug, Clone)]
pub enum Content {
    /// A span of an open file, which the connection may send without reading it.
    File(FileSpan),
    /// Bytes in memory.
    Bytes(Bytes),
    /// Bytes across a network, asked for when the object was opened or not yet.
    Remote(RemoteSpan),
}

impl Object {
    pub(crate) fn new(meta: Meta, source: Source) -> Self {
        Self { inner: Arc::new(Inner { meta, source }) }
    }

    /// What is known about this version.
    pub fn meta(&self) -> &Meta {
        &self.inner.meta
    }

    /// The bytes of `range`, of this version.
    ///
    /// # Errors
    ///
    /// `Invalid` if it is a directory or the range ends beyond the object.
    pub fn read(&self, range: ByteRange) -> Result<Content, StoreError> {
        if range.end() > self.inner.meta.len {
            return Err(StoreError::with_cause(
                StoreErrorKind::Invalid,
                format!("bytes {range} of an object of {}", self.inner.meta.len),
            ));
        }
        match &self.inner.source {
            Source::Directory => {
                Err(StoreError::with_cause(StoreErrorKind::Invalid, "a directory has no bytes"))
            }
            _ if range.is_empty() => Ok(Content::Bytes(Bytes::new())),
            Source::Bytes(bytes) => Ok(Content::Bytes(slice(bytes, range))),
            Source::File(file) => {
                Ok(Content::File(FileSpan::new(Arc::clone(file), range.start(), range.len())))
            }
            Source::Remote(placed) => Ok(Content::Remote(RemoteSpan::of(placed, range, self.inner.meta.len))),
        }
    }

    /// All bytes of this version, also where nobody knows how many they are.
    ///
    /// # Errors
    ///
    /// `Invalid` if it is a directory.
    pub fn read_all(&self) -> Result<Content, StoreError> {
        match (&self.inner.source, self.inner.meta.access) {
            (Source::Remote(placed), Access::Unmeasured) => {
                Ok(Content::Remote(RemoteSpan::unmeasured(placed)))
            }
            _ => self.read(ByteRange::whole(self.inner.meta.len)),
        }
    }

    /// Whether reading it asks somebody across a network.
    pub fn is_remote(&self) -> bool {
        matches!(self.inner.source, Source::Remote(_))
    }

    /// What it took so far of the place across a network that it is from.
    pub fn effort(&self) -> Option<&Effort> {
        match &self.inner.source {
            Source::Remote(placed) => Some(placed.effort()),
            Source::Directory | Source::Bytes(_) | Source::File(_) => None,
        }
    }

    pub(crate) fn source(&self) -> &Source {
        &self.inner.source
    }

    /// Whether it keeps a descriptor open.
    pub(crate) fn holds_descriptor(&self) -> bool {
        matches!(self.inner.source, Source::File(_))
    }
}

/// `range` lies within `bytes`, so both ends fit `usize`.
fn slice(bytes: &Bytes, range: ByteRange) -> Bytes {
    bytes.slice(range.start() as usize..range.end() as usize)
}

impl Content {
    /// How many bytes; `None` if only reading them tells.
    pub fn len(&self) -> Option<u64> {
        match self {
            Self::File(span) => Some(span.len),
            Self::Bytes(bytes) => Some(bytes.len() as u64),
            Self::Remote(span) => span.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = match self.inner.source {
            Source::Directory => "nothing",
            Source::Bytes(_) => "bytes",
            Source::File(_) => "descriptor",
            Source::Remote(_) => "a name",
        };
        f.debug_struct("Object").field("meta", &self.inner.meta).field("holds", &held).finish()
    }
}

impl Kind {
    /// Whether it can be read.
    pub const fn is_file(self) -> bool {
        matches!(self, Self::File)
    }
}
