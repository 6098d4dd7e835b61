//! Where an upload's bytes come from, a part at a time and as often as it takes.
//!
//! A part of a file is read twice: once for its digest, which the store is told before the bytes and checks them against, and once when the
//! socket can take them. The second time it is in the page cache. What is in flight is one buffer for each connection, which the
//! connection's line of the plan pays for. A part of another place's object is not held at all: it passes from one connection to the
//! other, and is asked for again if either breaks.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use forebay_net::Pace;
use forebay_net::client::Payload;
use forebay_store::ByteRange;
use forebay_store::remote::{Checksum, Pin, ReadAsk, ResumableBody};
use futures_util::stream;
use parking_lot::Mutex;

use crate::blocking::blocking;
use crate::engine::{Shared, Source};
use crate::page_cache::let_go;
use crate::verify::{Algorithm, Expected, Running};
use crate::{TransferError, TransferErrorKind};

/// One read for the socket.
const CHUNK: u64 = 64 << 10;
/// Read without a pause for a digest of all bytes: whoever gives it up waits for no more.
const AT_A_TIME: u64 = 64 << 20;

/// What is uploaded. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) enum From {
    File(LocalFile),
    /// An object, with the pin that all of its parts are read with.
    Object(Source),
}

/// A file, as it was when the upload began.
#[derive(Debug, Clone)]
pub(super) struct LocalFile {
    file: Arc<File>,
    name: Arc<str>,
    pub(super) len: u64,
    pub(super) inode: u64,
    pub(super) pin: Pin,
}

/// A part, ready to be sent once.
pub(super) struct Ready {
    pub(super) payload: Payload,
    /// Its digest: known before for a file, and when it has passed for an object.
    pub(super) digest: Arc<Mutex<Running>>,
    /// Whether it is known before.
    pub(super) known: Option<Checksum>,
}

impl LocalFile {
    /// Opens a regular file. Blocks.
    pub(super) fn open(path: &Path) -> Result<Self, TransferError> {
        let failed = |error| TransferError::of_file(format!("cannot read {}", path.display()), error);
        let file = File::open(path).map_err(failed)?;
        let found = file.metadata().map_err(failed)?;
        if !found.is_file() {
            let what = format!("{} is not a regular file: name one, or - for standard input", path.display());
            return Err(TransferError::new(TransferErrorKind::Local, what));
        }
        let name = path.display().to_string().into();
        let (len, inode, pin) = (found.len(), found.ino(), pin(&found));
        Ok(Self { file: Arc::new(file), name, len, inode, pin })
    }

    /// Whether it is what it was. Blocks.
    fn check(&self) -> Result<(), TransferError> {
        let found = self.file.metadata().map_err(|error| self.failed(error))?;
        if pin(&found) == self.pin {
            return Ok(());
        }
        Err(self.changed())
    }

    fn changed(&self) -> TransferError {
        let what = format!("{} changed while it was being uploaded: upload it again", self.name);
        TransferError::new(TransferErrorKind::Changed, what)
    }

    fn failed(&self, error: io::Error) -> TransferError {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => self.changed(),
            _ => TransferError::of_file(format!("cannot read {}", self.name), error),
        }
    }

    /// Takes a digest of a part further. Blocks.
    fn read(&self, range: ByteRange, mut digest: Running) -> Result<Running, TransferError> {
        let mut buffer = vec![0; CHUNK as usize];
        let mut at = range.start();
        while at < range.end() {
            let most = (range.end() - at).min(CHUNK) as usize;
            self.file.read_exact_at(&mut buffer[..most], at).map_err(|error| self.failed(error))?;
            digest.update(&buffer[..most]);
            at += most as u64;
        }
        Ok(digest)
    }

    /// The digest of a part.
    pub(super) async fn digest(&self, range: ByteRange, digest: Running) -> Result<Running, TransferError> {
        let local = self.clone();
        blocking(move || local.read(range, digest)).await
    }

    /// Whether all of it is what somebody says it is.
    pub(super) async fn is(&self, expected: &Expected) -> Result<(), TransferError> {
        let mut digest = Running::from(expected.algorithm());
        let mut at = 0;
        while at < self.len {
            let end = self.len.min(at + AT_A_TIME);
            digest = self.digest(ByteRange::new(at, end).unwrap_or(ByteRange::whole(0)), digest).await?;
            at = end;
        }
        expected.check(&digest.so_far(), &self.name)
    }
}

fn pin(found: &Metadata) -> Pin {
    Pin { len: Some(found.len()), modified: found.modified().ok(), ..Pin::default() }
}

impl From {
    /// Whether the source is still what it was when the upload began.
    pub(super) async fn check(&self) -> Result<(), TransferError> {
        match self {
            Self::File(local) => {
                let local = local.clone();
                blocking(move || local.check()).await
            }
            Self::Object(_) => Ok(()),
        }
    }

    /// Leaves the pages of a part that has arrived to others.
    pub(super) async fn let_go(&self, range: ByteRange) {
        if let Self::File(local) = self {
            let file = Arc::clone(&local.file);
            // It can only fail because the program is ending.
            let _ = tokio::task::spawn_blocking(move || let_go(&file, range)).await;
        }
    }

    /// A part, to be sent once.
    pub(super) async fn ready(
        &self,
        range: ByteRange,
        algorithm: Algorithm,
        shared: &Shared,
    ) -> Result<Ready, TransferError> {
        let digest = Running::from(algorithm);
        match self {
            Self::File(local) => {
                let (local, pace) = (local.clone(), shared.pace.clone());
                let digest = local.digest(range, digest).await?;
                let known = Some(digest.so_far());
                Ok(Ready {
                    payload: of_file(local, range, pace),
                    digest: Arc::new(Mutex::new(digest)),
                    known,
                })
            }
            Self::Object(source) => {
                let ask = ReadAsk {
                    key: source.key.clone(),
                    range: Some(range).filter(|range| !range.is_empty()),
                    pin: Some(source.pin.clone()),
                };
                let opened = ResumableBody::open(Arc::clone(&source.remote), ask, shared.tenacity).await;
                let body = opened.map_err(|error| TransferError::of_store(&source.name(), error))?;
                let digest = Arc::new(Mutex::new(digest));
                let payload = of_object(body, range.len(), Arc::clone(&digest), shared.pace.clone());
                Ok(Ready { payload, digest, known: None })
            }
        }
    }
}

fn of_file(local: LocalFile, range: ByteRange, pace: Pace) -> Payload {
    let read = move |at: u64| {
        let (local, pace) = (local.clone(), pace.clone());
        async move {
            let most = (range.end() - at).min(CHUNK);
            if most == 0 {
                return Ok(None);
            }
            let mut buffer = BytesMut::zeroed(most as usize);
            local.file.read_exact_at(&mut buffer, at)?;
            pace.pay(most).await;
            Ok::<_, forebay_net::BoxError>(Some((buffer.freeze(), at + most)))
        }
    };
    Payload::stream(range.len(), stream::try_unfold(range.start(), read))
}

fn of_object(body: ResumableBody, len: u64, digest: Arc<Mutex<Running>>, pace: Pace) -> Payload {
    let next = move |mut body: ResumableBody| {
        let (digest, pace) = (Arc::clone(&digest), pace.clone());
        async move {
            let Some(bytes) = body.chunk().await else { return Ok(None) };
            let bytes: Bytes = bytes?;
            digest.lock().update(&bytes);
            pace.pay(bytes.len() as u64).await;
            Ok::<_, forebay_net::BoxError>(Some((bytes, body)))
        }
    };
    Payload::stream(len, stream::try_unfold(body, next))
}
