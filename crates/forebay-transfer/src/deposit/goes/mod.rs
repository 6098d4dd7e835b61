//! Objects that arrive in several goes, with hours, a restart or another machine between them.
//!
//! An upload is three things in the bucket, none of which a key can name, so that nobody is served or shown them: a *record*, the *parts* of an
//! S3 upload, and a *tail*, which is what came behind the last whole part. What must stay true:
//!
//! 1. **The record is the truth.** It says which parts count, and which tail. Whatever is there and is not in the record does not count, and
//!    whatever is told to a client is in the record. It is written after what it speaks of.
//! 2. **Each go owns the record, until the next one does.** A record is only ever replaced by somebody who says which one he replaces
//!    (`If-Match`). A go begins by writing its name into it; a go that finds another's name has lost, whatever machine it is on.
//! 3. **A late part cannot do harm.** A go that has lost may have a part under way, which then replaces one that counts. Part numbers must have
//!    no gaps where digests are kept (S3), so a number cannot be retired. Instead the record keeps the digest of all that counts; before the
//!    object is published the bucket's own list is compared with it, and where it differs the upload goes back to where it was still right. As a
//!    rule it does not differ: the same client sends the same bytes.
//! 4. **What a go found stays until it ends.** It can be taken back to there: the tail that it began with is removed when it ends.
//!
//! While a go is under way the record is written about once a second, so that a kill costs no more than that and the parts in flight.
//!
//! | file | what it holds |
//! |---|---|
//! | `record`, `mark` | what the record says |
//! | `book` | the record in the bucket: read, and replaced by its owner |
//! | `going` | one go |
//! | `tail` | what came behind the last whole part |
//! | `finish` | publishing, and proving the parts before |
//! | `seats` | whose go it is in this process; a later one takes over |
//! | `left` | uploads that are not complete: listed, given up |

mod book;
mod finish;
mod going;
mod left;
mod mark;
mod record;
mod seats;
mod tail;

use std::sync::Arc;

use bytes::Bytes;
use forebay_store::remote::Stored;
use forebay_store::{
    Answer, Begun, Key, NewUpload, Resumable, Resumed, StoreError, StoreErrorKind, UploadId,
};

use super::{BucketStore, Inner};
use book::Book;
use record::Record;
use seats::Taken;

pub(super) use seats::Seats;

/// What a client may have said of an upload.
const NOTE_MAX: usize = 4 << 10;

impl Resumable for BucketStore {
    fn begin<'a>(&'a self, ask: &'a NewUpload) -> Answer<'a, Begun> {
        Answer::later(begin(&self.inner, ask))
    }

    fn find<'a>(&'a self, key: &'a Key, id: &'a UploadId) -> Answer<'a, Begun> {
        Answer::later(async move {
            self.inner.seats.end(id).await;
            let book = Book::open(&self.inner, key, id).await?;
            book.is_alive().await?;
            book.begun()
        })
    }

    fn resume<'a>(&'a self, key: &'a Key, id: &'a UploadId) -> Answer<'a, Box<dyn Resumed>> {
        Answer::later(async move {
            let taken = Seats::take(&self.inner, key, id).await?;
            Ok(Box::new(taken) as Box<dyn Resumed>)
        })
    }

    fn terminate<'a>(&'a self, key: &'a Key, id: &'a UploadId) -> Answer<'a, ()> {
        Answer::later(async move {
            self.inner.seats.stop(id).await;
            left::terminate(&self.inner, key, id).await
        })
    }

    fn uploads<'a>(&'a self, after: Option<&'a (Key, UploadId)>) -> Answer<'a, Vec<Begun>> {
        Answer::later(left::uploads(&self.inner, after))
    }
}

async fn begin(inner: &Arc<Inner>, ask: &NewUpload) -> Result<Begun, StoreError> {
    if ask.note.len() > NOTE_MAX {
        let what = format!("what is to be told again has {} bytes, and may have {NOTE_MAX}", ask.note.len());
        return Err(StoreError::with_cause(StoreErrorKind::Invalid, what));
    }
    let sizes = inner.sizes(ask.object.len)?;
    inner.check(&ask.object.key, &ask.object.condition).await?;
    let record = Record::new(ask, sizes.first())?;
    Book::begin(inner, record).await?.begun()
}

impl Resumed for Taken {
    fn begun(&self) -> &Begun {
        &self.begun
    }

    fn write<'a>(&'a mut self, bytes: Bytes) -> Answer<'a, ()> {
        Answer::later(self.seat().write(bytes))
    }

    fn keep<'a>(&'a mut self) -> Answer<'a, u64> {
        Answer::later(async move { self.seat().going().await?.keep().await })
    }

    fn take_back<'a>(&'a mut self) -> Answer<'a, ()> {
        Answer::later(async move { self.seat().going().await?.take_back().await })
    }

    fn set_len<'a>(&'a mut self, len: u64) -> Answer<'a, ()> {
        Answer::later(async move { self.seat().going().await?.set_len(len).await })
    }

    fn publish<'a>(&'a mut self) -> Answer<'a, Stored> {
        Answer::later(async move { self.seat().going().await?.publish().await })
    }
}
