//! What came behind the last whole part.
//!
//! It is written when a go pauses, to an object of its own whose name nobody else may write, and is read again when more bytes follow. In between
//! it takes no memory.

use std::sync::Arc;

use forebay_net::client::Payload;
use forebay_store::remote::{Condition, PutAsk, ReadAsk, Remote, ResumableBody, persist};
use forebay_store::{StoreError, StoreErrorKind};

use super::book::words;
use super::going::Going;
use super::record::Tail;
use crate::put::filling::Filled;

impl Going {
    /// Makes the part that is being filled durable as it is. Afterwards it is not held here any more.
    pub(super) async fn keep_tail(&mut self) -> Result<Option<Tail>, StoreError> {
        match self.sink.take_part() {
            Some(part) => self.store_tail(&part.finish()).await.map(Some),
            None => Ok(None),
        }
    }

    /// The bytes are nowhere else until this is done.
    pub(super) async fn store_tail(&mut self, part: &Filled) -> Result<Tail, StoreError> {
        self.is_broken = true;
        // What is given up half-way may arrive later, and must not be what another tail is.
        let name = format!("{}.{}", self.book.writer(), self.tails.len()).into();
        let tail = Tail { name, len: part.bytes.len() as u64 };
        self.tails.push(tail.clone());
        let ask = PutAsk {
            checksum: Some(part.digest.clone()),
            checksum_kind: Some(part.digest.kind),
            ..words(self.book.tail(&tail)?, Condition::Always)
        };
        let inner = Arc::clone(&self.book.inner);
        persist(inner.tries(), || inner.bucket.put(&ask, Payload::bytes(part.bytes.clone()))).await?;
        (self.is_broken, self.unread) = (false, Some(tail.clone()));
        Ok(tail)
    }

    /// Takes up the tail where more is to follow it.
    pub(super) async fn read_tail(&mut self) -> Result<(), StoreError> {
        let Some(tail) = self.unread.clone() else { return Ok(()) };
        // Given up half-way, half of it would be there.
        self.is_broken = true;
        let name = self.book.tail(&tail)?;
        let remote = Arc::clone(&self.book.inner.bucket) as Arc<dyn Remote>;
        let (ask, tenacity) =
            (ReadAsk { key: name, range: None, pin: None }, self.book.inner.shared().tenacity);
        // Memory first: a connection is not held while others are waited for.
        self.sink.with_room().await?;
        let mut body = match ResumableBody::open(remote, ask, tenacity).await {
            Ok(body) => body,
            // It is removed by a later go, or with the upload.
            Err(gone) if gone.kind() == StoreErrorKind::NotFound => {
                return Err(self.book.why_gone(gone).await);
            }
            Err(error) => return Err(error),
        };
        let mut came = 0;
        while let Some(bytes) = body.chunk().await {
            let bytes = bytes?;
            came += bytes.len() as u64;
            self.sink.write(bytes).await?;
        }
        if came != tail.len {
            let what = format!("{came} bytes were kept where {} should be", tail.len);
            return Err(StoreError::with_cause(StoreErrorKind::Unavailable, what));
        }
        (self.is_broken, self.unread) = (false, None);
        Ok(())
    }
}
