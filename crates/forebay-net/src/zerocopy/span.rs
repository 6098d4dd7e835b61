//! A range of an open file, and the pieces a body is made of.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use forebay_budget::FdLease;

/// An open file together with what its descriptor was leased with: a slow download outlives whatever
/// cache the file was taken from, and the descriptor is open for as long.
#[derive(Debug)]
pub struct LeasedFile {
    file: File,
    _lease: Option<FdLease>,
}

impl LeasedFile {
    /// The lease is returned when the file is closed.
    pub fn new(file: File, lease: FdLease) -> Self {
        Self { file, _lease: Some(lease) }
    }

    /// A file that nobody leased: for services without a descriptor ledger.
    pub fn unleased(file: File) -> Self {
        Self { file, _lease: None }
    }
}

impl Deref for LeasedFile {
    type Target = File;

    fn deref(&self) -> &File {
        &self.file
    }
}

impl AsFd for LeasedFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// `len` bytes of an open file from `offset`. Read by position only: the file's own cursor is neither
/// used nor moved, so any number of spans may share one descriptor.
#[derive(Debug, Clone)]
pub struct FileSpan {
    /// The open file. What is sent is this file, even if its name is removed or replaced under way.
    pub file: Arc<LeasedFile>,
    /// In bytes from the start of the file.
    pub offset: u64,
    /// In bytes. If the file is shorter when its turn comes, the connection is aborted.
    pub len: u64,
}

impl FileSpan {
    /// A range of an open file.
    pub fn new(file: Arc<LeasedFile>, offset: u64, len: u64) -> Self {
        Self { file, offset, len }
    }

    /// The whole of an open file, as long as it is now.
    ///
    /// # Errors
    /// If the file's length cannot be read, or it is not a regular file (a device or a pipe has no
    /// length to promise).
    pub fn whole(file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        Ok(Self { file: Arc::new(LeasedFile::unleased(file)), offset: 0, len: metadata.len() })
    }

    /// Opens a file on the blocking pool and takes the whole of it.
    ///
    /// # Errors
    /// As [`File::open`] and [`FileSpan::whole`].
    pub async fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        tokio::task::spawn_blocking(move || Self::whole(File::open(path)?)).await.map_err(io::Error::other)?
    }
}

/// A piece of a body.
#[derive(Debug, Clone)]
pub enum Segment {
    /// Bytes in memory: a multipart boundary, a small file.
    Bytes(Bytes),
    /// A range of a file.
    File(FileSpan),
}

impl Segment {
    /// In bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(span) => span.len,
        }
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<Bytes> for Segment {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<FileSpan> for Segment {
    fn from(span: FileSpan) -> Self {
        Self::File(span)
    }
}
