//! The body of an archive: walks, opens, reads and writes one step each time it is asked.
//!
//! There is no task and no channel behind it: when the client stops reading, the walk stops, holding
//! what it has leased and at most one open file. Chunks carry a share of the lease, so that it is not
//! returned while one of them waits for the socket.

use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use flate2::Crc;
use forebay_budget::{BufferPool, Lease, PooledBuf};
use forebay_store::remote::{RemoteSpan, ResumableBody};
use forebay_store::{Access, ByteRange, Content, Kind, Object, Store, StoreErrorKind, Walk};
use futures_util::stream::try_unfold;
use http_body::Frame;
use http_body_util::StreamBody;

use super::zip::Checksum;
use super::zip_directory::Directory;
use super::{CHUNK_BYTES, Member, tar, zip};
use crate::body::Body;
use crate::error::broken;
use crate::gateway::Shared;
use crate::query::Archive;

/// The archive of a walk. Everything in it is put below `folder`, so that unpacking makes one folder.
pub(super) fn body(shared: &Shared, walk: Walk, form: Archive, folder: &[u8], mut lease: Lease) -> Body {
    let form = match form {
        Archive::Tar => Form::Tar,
        Archive::Zip => Form::Zip(Directory::new(&mut lease)),
    };
    let prefix = if folder.is_empty() { Vec::new() } else { [folder, b"/"].concat() };
    let (store, chunks) = (shared.store.clone(), shared.chunks.clone());
    let lease = Arc::new(lease);
    let writer = Writer { store, chunks, walk, form, prefix, step: Step::Between, offset: 0, lease };
    let frames = try_unfold(Box::new(writer), |mut writer| async move {
        Ok::<_, io::Error>(writer.next().await?.map(|bytes| (Frame::data(bytes), writer)))
    });
    Body::stream(StreamBody::new(frames))
}

struct Writer {
    store: Arc<dyn Store>,
    chunks: BufferPool,
    walk: Walk,
    form: Form,
    prefix: Vec<u8>,
    step: Step,
    /// Bytes written so far.
    offset: u64,
    /// Pays for the chunks under way; each holds a share.
    lease: Arc<Lease>,
}

enum Form {
    Tar,
    Zip(Directory),
}

enum Step {
    /// The next thing is the next entry of the walk.
    Between,
    /// A file of more than one chunk is being read.
    Within(Box<Long>),
    /// Nothing but the end of the archive is left.
    Ending,
    Done,
}

/// A file of more than one chunk.
struct Long {
    path: Vec<u8>,
    object: Object,
    modified: u64,
    read: u64,
    crc: Crc,
    /// Where it comes from across a network, once that was asked for it.
    upstream: Option<ResumableBody>,
}

impl Writer {
    /// The next piece; `None` at the end.
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            let piece = match &mut self.step {
                Step::Between => self.enter().await?,
                Step::Within(_) => self.go_on().await?,
                Step::Ending => self.ending()?,
                Step::Done => return Ok(None),
            };
            if !piece.is_empty() {
                self.offset += piece.len() as u64;
                return Ok(Some(piece));
            }
        }
    }

    /// The next entry: all of it if it is short, its header if it is long.
    async fn enter(&mut self) -> io::Result<Bytes> {
        let Some(walked) = self.walk.next().await.map_err(broken)? else {
            self.step = Step::Ending;
            return Ok(Bytes::new());
        };
        let mut path = [&self.prefix, walked.path()].concat();
        if walked.entry.kind == Kind::Directory {
            path.push(b'/');
            let member = Member { path: &path, len: 0, modified: seconds(walked.entry.modified) };
            return self.whole(&member, &[]);
        }
        let object = match self.store.open_to_read(&walked.key, None).await {
            Ok(object) if object.meta().kind == Kind::File => object,
            // Gone, or something else by now: as if it had gone before the walk came by.
            Ok(_) => return Ok(Bytes::new()),
            Err(error) if matches!(error.kind(), StoreErrorKind::NotFound | StoreErrorKind::Denied) => {
                return Ok(Bytes::new());
            }
            Err(error) => return Err(broken(error)),
        };
        if object.meta().access == Access::Unmeasured {
            return Err(broken("a file without a length cannot be archived"));
        }
        let (len, modified) = (object.meta().len, seconds(object.meta().modified));
        let member = Member { path: &path, len, modified };
        // Half a chunk: for a moment its bytes are there twice, beside a chunk on its way.
        if len <= CHUNK_BYTES as u64 / 2 {
            let bytes = self.read(&object, 0, len).await?;
            return self.whole(&member, &bytes);
        }
        let header = match self.form {
            Form::Tar => tar::header(&member),
            Form::Zip(_) => zip::local(&member, Checksum::Follows),
        };
        let long = Long { path, object, modified, read: 0, crc: Crc::new(), upstream: None };
        self.step = Step::Within(Box::new(long));
        Ok(self.piece(header))
    }

    /// A directory or a short file, in one piece.
    fn whole(&mut self, member: &Member<'_>, bytes: &[u8]) -> io::Result<Bytes> {
        let piece = match &mut self.form {
            Form::Tar => {
                let mut piece = tar::header(member);
                let padding = tar::padding(member.len);
                piece.reserve_exact(bytes.len() + padding);
                piece.extend_from_slice(bytes);
                piece.resize(piece.len() + padding, 0);
                piece
            }
            Form::Zip(directory) => {
                let mut crc = Crc::new();
                crc.update(bytes);
                let known = Checksum::Known(crc.sum());
                directory.push(member, known, crc.sum())?;
                let mut piece = zip::local(member, known);
                piece.extend_from_slice(bytes);
                piece
            }
        };
        Ok(self.piece(piece))
    }

    /// The next chunk of a long file, or what follows its last.
    async fn go_on(&mut self) -> io::Result<Bytes> {
        let Step::Within(long) = &self.step else { return Ok(Bytes::new()) };
        let (len, at) = (long.object.meta().len, long.read);
        if at < len {
            let chunk = if long.object.is_remote() {
                self.receive().await?
            } else {
                let object = long.object.clone();
                self.read(&object, at, (len - at).min(CHUNK_BYTES as u64)).await?
            };
            let Step::Within(long) = &mut self.step else { return Ok(chunk) };
            long.read += chunk.len() as u64;
            if matches!(self.form, Form::Zip(_)) {
                long.crc.update(&chunk);
            }
            return Ok(chunk);
        }
        let piece = match &mut self.form {
            Form::Tar => vec![0; tar::padding(len)],
            Form::Zip(directory) => {
                let member = Member { path: &long.path, len, modified: long.modified };
                let crc = long.crc.sum();
                directory.push(&member, Checksum::Follows, crc)?;
                zip::descriptor(len, crc)
            }
        };
        self.step = Step::Between;
        Ok(self.piece(piece))
    }

    fn ending(&mut self) -> io::Result<Bytes> {
        let end = match &mut self.form {
            Form::Tar => tar::END.to_vec(),
            Form::Zip(directory) => match directory.take_records() {
                Some(records) => return Ok(self.piece(records)),
                None => directory.end(self.offset)?,
            },
        };
        self.step = Step::Done;
        Ok(self.piece(end))
    }

    /// `len` bytes at `at`, at most a chunk. A file that has become shorter is an error.
    async fn read(&mut self, object: &Object, at: u64, len: u64) -> io::Result<Bytes> {
        let range = ByteRange::new(at, at + len).unwrap_or(ByteRange::whole(0));
        let span = match object.read(range).map_err(broken)? {
            // What a store has in memory is the store's to pay for.
            Content::Bytes(bytes) => return Ok(bytes),
            Content::File(span) => span,
            Content::Remote(span) => return self.gather(span).await,
        };
        // Paid until the read has ended, whoever waits for it.
        let mut buffer = self.buffer(span.len as usize);
        let read = tokio::task::spawn_blocking(move || {
            let len = span.len as usize;
            span.file.read_exact_at(&mut buffer[..len], span.offset)?;
            Ok(buffer.freeze(len))
        });
        read.await.map_err(broken)?
    }

    /// The next chunk of a long file from across a network: one request for all of it, continued where it breaks.
    async fn receive(&mut self) -> io::Result<Bytes> {
        let Step::Within(long) = &mut self.step else { return Ok(Bytes::new()) };
        if long.upstream.is_none()
            && let Content::Remote(span) = long.object.read_all().map_err(broken)?
        {
            long.upstream = Some(span.open().await.map_err(broken)?);
        }
        let chunk = match &mut long.upstream {
            Some(body) => body.chunk().await,
            None => None,
        };
        chunk.ok_or_else(|| broken("the store sent less than it promised"))?.map_err(broken)
    }

    /// All of a short file from across a network, in a buffer of its length.
    async fn gather(&mut self, span: RemoteSpan) -> io::Result<Bytes> {
        let mut body = span.open().await.map_err(broken)?;
        let len = usize::try_from(span.len().unwrap_or(0)).map_err(broken)?;
        let mut bytes = Vec::with_capacity(len);
        while let Some(chunk) = body.chunk().await {
            bytes.extend_from_slice(&chunk.map_err(broken)?);
        }
        if bytes.len() != len {
            return Err(broken("the store sent another length than it promised"));
        }
        Ok(self.piece(bytes))
    }

    /// A whole chunk's memory is used again; less than that is cheap, and would cost a whole one.
    fn buffer(&self, len: usize) -> PooledBuf<Arc<Lease>> {
        let lease = Arc::clone(&self.lease);
        if len == self.chunks.buffer_size().as_usize() {
            self.chunks.take(lease)
        } else {
            PooledBuf::alone(len, lease)
        }
    }

    fn piece(&self, bytes: Vec<u8>) -> Bytes {
        Bytes::from_owner(Piece { bytes, _lease: Arc::clone(&self.lease) })
    }
}

fn seconds(modified: Option<std::time::SystemTime>) -> u64 {
    modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0, |since| since.as_secs())
}

/// Bytes under way, and a share of what pays for them.
struct Piece {
    bytes: Vec<u8>,
    _lease: Arc<Lease>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
