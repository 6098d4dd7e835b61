//! The record in the bucket: read, and replaced by its owner alone.
//!
//! Every write says which record it replaces. So a write whose answer was lost, or that was given up half-way and arrives later, does no harm:
//! whoever writes next finds that the record is another, looks whose it is, and goes on if it is his own.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use forebay_net::client::Payload;
use forebay_store::remote::{
    Attributes, Condition, ObjectKey, PutAsk, ReadAsk, Remote, ResumableBody, Upload, persist,
};
use forebay_store::{Begun, Key, StoreError, StoreErrorKind, UploadId, Validator};

use super::record::{Record, Tail};
use crate::deposit::Inner;
use crate::journal::hex;

/// What no record exceeds: a note, what is stored beside the object, and a few marks.
const RECORD_MAX: usize = 256 << 10;
/// Writes of one's own that may have overtaken each other.
const OVERTAKEN_MAX: usize = 4;

/// An upload's record.
pub(super) struct Book {
    pub(super) inner: Arc<Inner>,
    pub(super) id: UploadId,
    pub(super) name: ObjectKey,
    /// Of the record as it is, as far as we know.
    tag: Option<Validator>,
    pub(super) record: Record,
    /// Who we are.
    writer: Box<str>,
}

impl Book {
    /// The record of a new upload.
    pub(super) async fn begin(inner: &Arc<Inner>, record: Record) -> Result<Self, StoreError> {
        let id = UploadId::of(u128::from_ne_bytes(random()?));
        let name = inner.record(&id)?;
        let writer = hex(&random::<8>()?);
        let mut book = Self { inner: Arc::clone(inner), id, name, tag: None, record, writer };
        book.write(|_| {}).await?;
        Ok(book)
    }

    /// The record of an upload for this key, by a new reader.
    pub(super) async fn open(inner: &Arc<Inner>, key: &Key, id: &UploadId) -> Result<Self, StoreError> {
        let book = Self::read(inner, id).await?;
        // Whoever may write another object must not learn that this upload exists.
        if book.record.key()? == *key { Ok(book) } else { Err(StoreErrorKind::NotFound.into()) }
    }

    pub(super) async fn read(inner: &Arc<Inner>, id: &UploadId) -> Result<Self, StoreError> {
        let name = inner.record(id)?;
        let (record, tag) = fetch(inner, &name).await?;
        let (inner, id, writer) = (Arc::clone(inner), id.clone(), hex(&random::<8>()?));
        Ok(Self { inner, id, name, tag, record, writer })
    }

    /// Replaces the record by a changed one.
    ///
    /// `Changed` if it is somebody else's by now; `NotFound` if it is gone.
    pub(super) async fn write(&mut self, change: impl FnOnce(&mut Record)) -> Result<(), StoreError> {
        let mut next = self.record.clone();
        change(&mut next);
        next.writer = self.writer.clone();
        next.serial += 1;
        for _ in 0..OVERTAKEN_MAX {
            match self.replace(&next).await {
                Ok(tag) => {
                    (self.record, self.tag) = (next, tag);
                    return Ok(());
                }
                Err(error) if error.kind() == StoreErrorKind::Precondition => {}
                Err(error) => return Err(error),
            }
            let (found, tag) = fetch(&self.inner, &self.name).await?;
            if found.writer != self.writer {
                return Err(taken_over());
            }
            self.tag = tag;
            if found.serial == next.serial {
                self.record = next;
                return Ok(());
            }
            next.serial = found.serial + 1;
        }
        Err(StoreError::with_cause(StoreErrorKind::Unavailable, "the record of the upload is being written"))
    }

    async fn replace(&self, next: &Record) -> Result<Option<Validator>, StoreError> {
        let json = serde_json::to_vec(next)
            .map_err(|error| StoreError::with_cause(StoreErrorKind::Invalid, error))?;
        let json = Bytes::from(json);
        let condition = self.tag.clone().map_or(Condition::Absent, Condition::Matches);
        let ask = words(self.name.clone(), condition);
        let put = || self.inner.bucket.put(&ask, Payload::bytes(json.clone()));
        Ok(persist(self.inner.tries(), put).await?.validator)
    }

    /// Why something that the record speaks of is not there.
    pub(super) async fn why_gone(&self, gone: StoreError) -> StoreError {
        match fetch(&self.inner, &self.name).await {
            Err(error) => error,
            Ok((found, _)) if found.writer != self.writer => taken_over(),
            Ok(_) => StoreError::with_cause(StoreErrorKind::Unavailable, gone),
        }
    }

    /// What is told of the upload.
    pub(super) fn begun(&self) -> Result<Begun, StoreError> {
        self.record.begun(&self.id)
    }

    /// The upload of its parts, once there is one.
    pub(super) fn upload(&self) -> Result<Option<Upload>, StoreError> {
        let Some(id) = self.record.upload.clone() else { return Ok(None) };
        Ok(Some(Upload { key: self.inner.name(&self.record.key()?)?, id }))
    }

    /// Whether the bucket still has the upload of its parts: some end those that are old. Where the object may have been published, that is why.
    pub(super) async fn is_alive(&self) -> Result<(), StoreError> {
        let (Some(upload), false) = (self.upload()?, self.record.publishing) else { return Ok(()) };
        let after = self.record.state.mark.parts.saturating_sub(1);
        persist(self.inner.tries(), || self.inner.bucket.parts(&upload, after)).await.map(drop)
    }

    /// The object of a tail.
    pub(super) fn tail(&self, tail: &Tail) -> Result<ObjectKey, StoreError> {
        self.beside(&tail.name)
    }

    /// The object of this name beside the record.
    pub(super) fn beside(&self, name: &str) -> Result<ObjectKey, StoreError> {
        ObjectKey::new(format!("{}.{name}", self.name.as_str()))
            .map_err(|error| StoreError::with_cause(StoreErrorKind::Invalid, error))
    }

    /// Who we are: in names that nobody else may write.
    pub(super) fn writer(&self) -> &str {
        &self.writer
    }
}

/// Its name is the upload's identity, which is in no log.
impl fmt::Debug for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Book").field("state", &self.record.state).finish_non_exhaustive()
    }
}

pub(super) fn taken_over() -> StoreError {
    StoreError::with_cause(StoreErrorKind::Changed, "a later go has taken over")
}

/// What to write where, with nothing beside it.
pub(super) fn words(key: ObjectKey, condition: Condition) -> PutAsk {
    PutAsk { key, attributes: Attributes::default(), condition, checksum: None, checksum_kind: None }
}

async fn fetch(inner: &Inner, name: &ObjectKey) -> Result<(Record, Option<Validator>), StoreError> {
    let ask = ReadAsk { key: name.clone(), range: None, pin: None };
    let remote = Arc::clone(&inner.bucket) as Arc<dyn Remote>;
    let mut body = ResumableBody::open(remote, ask, inner.shared().tenacity).await?;
    let mut json = Vec::new();
    while let Some(bytes) = body.chunk().await {
        json.extend_from_slice(&bytes?);
        if json.len() > RECORD_MAX {
            return Err(StoreError::with_cause(
                StoreErrorKind::Unavailable,
                "the record of an upload is too long",
            ));
        }
    }
    Ok((Record::parse(&json)?, body.facts().validator.clone()))
}

fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| StoreError::with_cause(StoreErrorKind::Unavailable, error))?;
    Ok(bytes)
}
