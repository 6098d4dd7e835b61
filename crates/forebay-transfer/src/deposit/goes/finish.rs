//! Publishing what arrived in several goes.
//!
//! A process that is killed here may have published the object, and not have heard of it. So the record says before that it is tried, and the
//! next who tries looks whether the object is there, with our length and our digest.

use std::sync::Arc;

use forebay_store::remote::{Condition, Part, Stored, Upload, persist};
use forebay_store::{StoreError, StoreErrorKind};

use super::going::{Going, options};
use super::left::remove;
use super::mark::{DIGEST, Listed};
use super::record::State;
use crate::Progress;
use crate::put::again::{Failed, again};
use crate::put::filling::{Filled, Filling};
use crate::put::sending::put_at_once;
use crate::put::settle;

/// As often as a late part may come between the list and the end.
const LATE_MAX: u32 = 4;

impl Going {
    pub(super) async fn publish(&mut self) -> Result<Stored, StoreError> {
        self.is_usable()?;
        let (offset, len) = (self.offset(), self.book.record.len);
        if len != Some(offset) {
            let len = len.map_or_else(|| String::from("an unknown number"), |len| len.to_string());
            let what = format!("{offset} of {len} bytes are there");
            return Err(StoreError::with_cause(StoreErrorKind::Conflict, what));
        }
        let tried = self.book.record.publishing;
        self.read_tail().await?;
        let is_small = self.sink.is_at_first();
        let stored = match is_small {
            true => self.publish_small(tried).await?,
            false => self.publish_parts(tried).await?,
        };
        // Nothing follows. What cannot be removed now is removed as an upload that has expired.
        self.is_broken = true;
        if let Some(taken_back) = self.book.upload()?.filter(|_| is_small) {
            let _ = self.book.inner.bucket.abort(&taken_back).await;
        }
        let _ = remove(&self.book.inner, &self.book.id).await;
        Ok(stored)
    }

    /// An object that fills no part goes up in one request.
    async fn publish_small(&mut self, tried: bool) -> Result<Stored, StoreError> {
        let whole = self.sink.take_part().map_or_else(|| Filled::nothing(DIGEST), Filling::finish);
        let to = self.book.inner.to(self.book.inner.name(&self.book.record.key()?)?);
        let (inner, options) = (Arc::clone(&self.book.inner), options(&self.book));
        self.is_broken = true;
        // Without a condition it can be written again.
        if options.condition != Condition::Always && !tried {
            let written = self.book.write(|record| record.publishing = true).await;
            self.sure(written)?;
        }
        let put = put_at_once(inner.shared(), &whole, &to, &options, &Progress::new()).await;
        let error = match put {
            Ok(put) => return Ok(put.stored),
            Err(error) => StoreError::from(error),
        };
        let error = if tried {
            let len = whole.bytes.len() as u64;
            let failed = Failed { error, unheard: true };
            match settle::heard(&to, failed, len, Some(&whole.digest), &options.condition).await {
                Ok(stored) => return Ok(stored),
                Err(error) => error.into(),
            }
        } else {
            error
        };
        // What came in this go is nowhere else.
        if !whole.bytes.is_empty() {
            let tail = Some(self.store_tail(&whole).await?);
            self.commit(State { mark: self.mark.clone(), tail }, false).await?;
        }
        self.is_broken = false;
        Err(error)
    }

    async fn publish_parts(&mut self, tried: bool) -> Result<Stored, StoreError> {
        let flushed = self.sink.flush().await;
        self.heed(flushed)?;
        self.arrive().await?;
        self.commit(State { mark: self.mark.clone(), tail: None }, true).await?;
        let Some(upload) = self.book.upload()? else { return Err(StoreErrorKind::NotFound.into()) };
        let (to, options) = (self.book.inner.to(upload.key.clone()), options(&self.book));
        let (whole, len) = (self.mark.whole(), self.mark.offset);
        let ask = settle::ask(&to, &options, Some(whole.clone()));
        let mut tries = 1..=LATE_MAX;
        let failed = loop {
            let parts = match self.proven(&upload).await {
                Ok(parts) => parts,
                Err(error) if error.kind() == StoreErrorKind::NotFound => {
                    break Failed { error, unheard: tried };
                }
                Err(error) => return Err(error),
            };
            let (inner, progress) = (&self.book.inner, Progress::new());
            let completed = again(inner.shared(), &*inner.bucket, &progress, || {
                inner.bucket.complete(&upload, &ask, &parts)
            });
            tries.next();
            match completed.await {
                Ok(stored) => return Ok(stored),
                // A late part came after the list was made.
                Err(failed) if failed.error.kind() == StoreErrorKind::Invalid && !tries.is_empty() => {}
                Err(failed) => break Failed { unheard: failed.unheard | tried, ..failed },
            }
        };
        Ok(settle::heard(&to, failed, len, Some(&whole), &options.condition).await?)
    }

    /// The parts as the bucket lists them, if they are those that were sent. If not, the upload goes back to where they were.
    async fn proven(&mut self, upload: &Upload) -> Result<Vec<Part>, StoreError> {
        let count = self.mark.parts;
        let (mut parts, mut listed, mut right) = (Vec::new(), Listed::default(), Vec::new());
        while listed.parts() < count {
            let inner = &self.book.inner;
            let page = persist(inner.tries(), || inner.bucket.parts(upload, listed.parts())).await?;
            let before = listed.parts();
            for part in page {
                if part.number != listed.parts() + 1 || part.number > count {
                    break;
                }
                listed.then(&part);
                parts.push(part);
                right.extend(self.book.record.marks().find(|mark| listed.is(mark)).cloned());
            }
            if listed.parts() == before {
                break;
            }
        }
        if listed.is(&self.mark) {
            return Ok(parts);
        }
        let written = self.book.write(|record| record.back_to(|mark| right.contains(mark))).await;
        self.sure(written)?;
        self.begin_at(self.book.record.state.clone())?;
        let what = format!("parts were replaced by others: {} bytes are left", self.mark.offset);
        Err(StoreError::with_cause(StoreErrorKind::Changed, what))
    }
}
