//! Uploads that are not complete: listed, and given up.

use std::sync::Arc;

use forebay_store::remote::{KeyEntry, KeysAsk, ObjectKey, persist};
use forebay_store::{Begun, Key, StoreError, StoreErrorKind, TEMP_PREFIX, UploadId};
use futures_util::{StreamExt as _, stream};

use super::book::Book;
use crate::deposit::Inner;

/// How many are told at once.
const PAGE: usize = 1_000;
/// Records that are read at a time.
const AT_A_TIME: usize = 8;
/// Behind every name that begins with a record's.
const LAST: char = char::MAX;

impl Inner {
    /// Where records are: no key can name it.
    fn records(&self) -> String {
        format!("{}{TEMP_PREFIX}uploads/", self.prefix)
    }

    /// The name of an upload's record, with which those of its tails begin.
    pub(super) fn record(&self, id: &UploadId) -> Result<ObjectKey, StoreError> {
        ObjectKey::new(format!("{}{id}", self.records()))
            .map_err(|error| StoreError::with_cause(StoreErrorKind::Invalid, error))
    }
}

/// Frees all that an upload holds: its parts, its tails, and last its record, so that who is interrupted can be asked again.
pub(super) async fn terminate(inner: &Arc<Inner>, key: &Key, id: &UploadId) -> Result<(), StoreError> {
    let book = match Book::open(inner, key, id).await {
        Err(gone) if gone.kind() == StoreErrorKind::NotFound => return Ok(()),
        book => book?,
    };
    if let Some(upload) = book.upload()? {
        persist(inner.tries(), || inner.bucket.abort(&upload)).await?;
    }
    remove(inner, id).await
}

/// Removes the tails of an upload, and its record.
pub(super) async fn remove(inner: &Arc<Inner>, id: &UploadId) -> Result<(), StoreError> {
    let record = inner.record(id)?;
    let mut ask = KeysAsk { prefix: format!("{}.", record.as_str()).into(), ..KeysAsk::default() };
    loop {
        let page = persist(inner.tries(), || inner.bucket.keys(&ask)).await?;
        let tails: Vec<_> = page.entries.into_iter().filter_map(object).collect();
        delete(inner, &tails).await?;
        match page.next {
            Some(next) => ask.continuation = Some(next),
            None => return delete(inner, &[record]).await,
        }
    }
}

async fn delete(inner: &Inner, names: &[ObjectKey]) -> Result<(), StoreError> {
    if names.is_empty() {
        return Ok(());
    }
    let failed = persist(inner.tries(), || inner.bucket.delete(names)).await?;
    failed.into_iter().next().map_or(Ok(()), |(_, error)| Err(error))
}

fn object(entry: KeyEntry) -> Option<ObjectKey> {
    match entry {
        KeyEntry::Object { key, .. } => Some(key),
        KeyEntry::Prefix(_) => None,
    }
}

/// A page of those that are not complete.
pub(super) async fn uploads(
    inner: &Arc<Inner>,
    after: Option<&(Key, UploadId)>,
) -> Result<Vec<Begun>, StoreError> {
    let records = inner.records();
    let mut ask = KeysAsk {
        prefix: records.as_str().into(),
        start_after: after.map(|(_, id)| format!("{records}{id}{LAST}").into()),
        ..KeysAsk::default()
    };
    let mut begun = Vec::new();
    loop {
        let page = persist(inner.tries(), || inner.bucket.keys(&ask)).await?;
        let ids = page.entries.into_iter().filter_map(object);
        let ids: Vec<_> =
            ids.filter_map(|key| UploadId::parse(key.as_str().strip_prefix(&records)?).ok()).collect();
        let mut read = stream::iter(ids)
            .map(|id| async move { Book::read(inner, &id).await?.begun() })
            .buffered(AT_A_TIME);
        while let Some(found) = read.next().await {
            match found {
                Ok(found) => begun.push(found),
                // Published or given up meanwhile.
                Err(gone) if gone.kind() == StoreErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            if begun.len() == PAGE {
                return Ok(begun);
            }
        }
        match page.next {
            Some(next) => ask.continuation = Some(next),
            None => return Ok(begun),
        }
    }
}
