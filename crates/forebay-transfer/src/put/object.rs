//! An upload of known length: of a file, or of another place's object.

use std::path::Path;
use std::sync::Arc;

use super::again::again;
use super::bytes::{From, LocalFile};
use super::parts::Uploading;
use super::{Destination, Put, PutOptions, settle};
use crate::blocking::blocking;
use crate::engine::{Engine, Shared, Source};
use crate::journal::{Head, Identity};
use crate::parts::Parts;
use crate::verify::{Algorithm, Proof};
use crate::{Progress, TransferError, TransferErrorKind};

/// Up to here an object goes up in one request: the price of a multipart upload is two more.
const ONE_REQUEST: u64 = 16 << 20;

impl Engine {
    /// Uploads a file. Parts are read when they are sent, and as often as they have to be.
    ///
    /// Cancel safe: dropped, it leaves either nothing or what the next call goes on with.
    ///
    /// # Errors
    ///
    /// Every kind; `Changed` if the file changed under way. Nothing is published then, but by a store that compares no digests, which takes a
    /// small file's bytes as they come.
    /// [`TransferError::left`] says what is left.
    pub async fn put_file(
        &self,
        path: &Path,
        to: &Destination,
        options: &PutOptions,
        progress: &Progress,
    ) -> Result<Put, TransferError> {
        let at = path.to_path_buf();
        let local = blocking(move || LocalFile::open(&at)).await?;
        if let Some(expected) = &options.digest {
            local.is(expected).await?;
        }
        let len = local.len;
        let parts = plan(len, options)?;
        let from = Identity::of_file(path);
        let target = Identity::of_object(to.bucket.place(), &to.key);
        let head = Head::new(from, target, &local.pin, parts, local.inode)
            .storing(&options.attributes, options.checksum.kind());
        let beside = Some((path.to_path_buf(), head));
        self.put_object(From::File(local), parts, beside, to, options, progress).await
    }

    /// Copies an object from one place to another, a part at a time: what one connection brings, the other takes away.
    ///
    /// # Errors
    ///
    /// As [`put_file`](Engine::put_file); `Invalid` if the source does not say how long it is, or if a digest of the caller's is to be
    /// compared: its parts pass in no order.
    pub async fn put_remote(
        &self,
        source: &Source,
        to: &Destination,
        options: &PutOptions,
        progress: &Progress,
    ) -> Result<Put, TransferError> {
        let source = source.watched(self.shared(), progress);
        let name = source.name();
        let facts = source.facts(&source.pin, self.shared().tenacity).await;
        let facts = facts.map_err(|error| TransferError::of_store(&name, error))?;
        let len = facts.len.ok_or_else(|| {
            let what = format!("{name}: the server does not say how long it is: get it to a file first");
            TransferError::new(TransferErrorKind::Invalid, what)
        })?;
        if options.digest.is_some() {
            let what =
                format!("{name}: a digest cannot be taken of what passes through: get it to a file first");
            return Err(TransferError::new(TransferErrorKind::Invalid, what));
        }
        let parts = plan(len, options)?;
        let pin = source.pin.clone().narrowed(&facts);
        let from = From::Object(Source { pin, ..source });
        self.put_object(from, parts, None, to, options, progress).await
    }

    async fn put_object(
        &self,
        from: From,
        parts: Parts,
        beside: Option<(std::path::PathBuf, Head)>,
        to: &Destination,
        options: &PutOptions,
        progress: &Progress,
    ) -> Result<Put, TransferError> {
        let len = parts.len();
        progress.expect(len);
        let put = if parts.count() <= 1 {
            self.put_at_once(&from, len, to, options, progress).await?
        } else {
            let shared = Arc::clone(self.shared());
            let mut uploading = Uploading::begin(shared, from, parts, beside, to, options, progress).await?;
            uploading.send_all().await?
        };
        progress.object_is_whole();
        Ok(put)
    }

    async fn put_at_once(
        &self,
        from: &From,
        len: u64,
        to: &Destination,
        options: &PutOptions,
        progress: &Progress,
    ) -> Result<Put, TransferError> {
        let shared = self.shared();
        let slot = shared.slots.take().await;
        let whole = Parts::one(len).range(0);
        let first = from.ready(whole, options.checksum, shared).await?;
        let (digest, known) = (Arc::clone(&first.digest), first.known.clone());
        let seen = Arc::new(parking_lot::Mutex::new(digest));
        let mut first = Some(first);
        // From here on the store refuses other bytes, if it compares digests.
        from.check().await?;
        let ask = settle::ask(to, options, known);
        let asked = again(shared, &*to.bucket, progress, || {
            let (ready, ask, seen) = (first.take(), &ask, Arc::clone(&seen));
            async move {
                let ready = match ready {
                    Some(ready) => ready,
                    None => remake(from, whole, options.checksum, shared).await?,
                };
                *seen.lock() = Arc::clone(&ready.digest);
                to.bucket.put(ask, ready.payload).await
            }
        });
        let answer = asked.await;
        let digest = seen.lock().lock().so_far();
        let stored = match answer {
            Ok(stored) => stored,
            Err(failed) => settle::heard(to, failed, len, Some(&digest), &options.condition).await?,
        };
        let proof = settle::proof(&stored, Some(&digest), []);
        if proof == Proof::LENGTH {
            from.check().await?;
        }
        slot.finished(len);
        progress.moved(len);
        Ok(Put { stored, len, resumed: 0, proof })
    }
}

/// The same bytes for another try, whose failure is that of the try.
pub(super) async fn remake(
    from: &From,
    range: forebay_store::ByteRange,
    algorithm: Algorithm,
    shared: &Shared,
) -> Result<super::bytes::Ready, forebay_store::StoreError> {
    let kind = forebay_store::StoreErrorKind::Changed;
    from.ready(range, algorithm, shared)
        .await
        .map_err(|error| forebay_store::StoreError::with_cause(kind, error))
}

fn plan(len: u64, options: &PutOptions) -> Result<Parts, TransferError> {
    let parts = Parts::for_put(len, options.part_size)
        .map_err(|error| TransferError::new(TransferErrorKind::Invalid, error.to_string()))?;
    let at_once = options.part_size.map_or(ONE_REQUEST, |size| size.as_u64());
    Ok(if len <= at_once { Parts::one(len) } else { parts })
}

/// Whoever moves many objects does so in tasks, which any thread may run.
const _: fn(&Engine, &Source, &Path, &Destination, &PutOptions, &Progress) =
    |engine, source, path, to, options, progress| {
        fn is_send(_: impl Send) {}
        is_send(engine.put_file(path, to, options, progress));
        is_send(engine.put_remote(source, to, options, progress));
        is_send(engine.put_pipe(tokio::io::empty(), to, options, progress));
    };
