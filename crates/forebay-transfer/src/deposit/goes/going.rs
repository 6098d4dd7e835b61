//! One go.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use forebay_store::{Begun, Key, StoreError, StoreErrorKind, UploadId};
use tokio::time::Instant;

use super::book::Book;
use super::mark::{DIGEST, Mark};
use super::record::{State, Tail};
use crate::deposit::Inner;
use crate::put::sink::{Sink, half};
use crate::put::sizes::Sizes;
use crate::{Progress, PutOptions, TransferError};

/// How often the record is written while parts arrive: what a kill costs.
const EVERY: Duration = Duration::from_secs(1);

/// One go of an upload.
#[derive(Debug)]
pub(super) struct Going {
    pub(super) book: Book,
    /// What was there when it began.
    base: State,
    /// Up to where parts have arrived, without a gap.
    pub(super) mark: Mark,
    pub(super) sink: Sink,
    /// What is durable and not in the sink: it is read when more bytes follow it.
    pub(super) unread: Option<Tail>,
    written: Instant,
    /// Tails that this go has made.
    pub(super) tails: Vec<Tail>,
    /// Bytes were lost here: nothing behind what is durable counts.
    pub(super) is_broken: bool,
    /// What the record says is not known: nothing that it may speak of is removed.
    is_unsure: bool,
}

impl Going {
    /// Takes over from the go that was the last.
    pub(super) async fn open(inner: &Arc<Inner>, key: &Key, id: &UploadId) -> Result<Self, StoreError> {
        let mut book = Book::open(inner, key, id).await?;
        book.is_alive().await?;
        let base = book.record.state.clone();
        book.write(super::record::Record::remember).await?;
        let (mark, unread) = (base.mark.clone(), base.tail.clone());
        let sink = sink(&book, &mark)?;
        let (tails, is_broken, is_unsure) = (Vec::new(), false, false);
        Ok(Self { book, base, mark, sink, unread, written: Instant::now(), tails, is_broken, is_unsure })
    }

    pub(super) fn begun(&self) -> Result<Begun, StoreError> {
        self.book.begun()
    }

    /// Bytes that are there, durable or not.
    pub(super) fn offset(&self) -> u64 {
        match self.unread {
            Some(_) => self.book.record.state.offset(),
            None => self.sink.len(),
        }
    }

    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        self.is_usable()?;
        let (end, len) = (self.offset() + bytes.len() as u64, self.book.record.len);
        if let Some(len) = len.filter(|len| end > *len) {
            let what = format!("{end} bytes came, and {len} were announced");
            return Err(StoreError::with_cause(StoreErrorKind::Invalid, what));
        }
        if bytes.is_empty() {
            return Ok(());
        }
        self.read_tail().await?;
        let written = self.sink.write(bytes).await;
        self.heed(written)?;
        self.look()?;
        let is_due = self.mark.parts > self.book.record.state.mark.parts && self.written.elapsed() >= EVERY;
        if is_due { self.commit(State { mark: self.mark.clone(), tail: None }, false).await } else { Ok(()) }
    }

    /// Makes durable what there is, and says up to where. What a failure has left is kept too.
    pub(super) async fn keep(&mut self) -> Result<u64, StoreError> {
        let had_failed = self.is_broken;
        let arrived = self.arrive().await;
        let kept = match (self.is_broken, &self.unread) {
            (false, None) => self.keep_tail().await,
            _ => Ok(None),
        };
        let tail = kept.as_ref().ok().cloned().flatten();
        self.commit(State { mark: self.mark.clone(), tail }, false).await?;
        // A failure that was told before is not told again.
        if !had_failed {
            arrived.and(kept)?;
        }
        Ok(self.book.record.state.offset())
    }

    /// Back to where it began.
    pub(super) async fn take_back(&mut self) -> Result<(), StoreError> {
        // No part of it may arrive when the next go has its number.
        if let Some(sending) = self.sink.sending() {
            sending.quiet().await;
        }
        if self.book.record.state != self.base {
            let base = self.base.clone();
            let written = self.book.write(|record| record.state = base).await;
            self.sure(written)?;
        }
        self.begin_at(self.base.clone())
    }

    /// Says how long the whole will be.
    pub(super) async fn set_len(&mut self, len: u64) -> Result<(), StoreError> {
        let what = match self.book.record.len {
            Some(known) if known == len => return Ok(()),
            Some(known) => format!("it has {known} bytes, as was said before"),
            None if len < self.offset() => format!("{} bytes are there already", self.offset()),
            None => {
                let sizes = sizes(&self.book, Some(len))?;
                let written = self.book.write(|record| record.len = Some(len)).await;
                self.sure(written)?;
                self.sink.resize(sizes);
                return Ok(());
            }
        };
        Err(StoreError::with_cause(StoreErrorKind::Conflict, what))
    }

    /// Goes on from here, whatever was under way.
    pub(super) fn begin_at(&mut self, state: State) -> Result<(), StoreError> {
        self.sink = sink(&self.book, &state.mark)?;
        (self.mark, self.unread, self.is_broken) = (state.mark, state.tail, false);
        Ok(())
    }

    /// Waits for all that is under way, and tells the first failure.
    pub(super) async fn arrive(&mut self) -> Result<(), StoreError> {
        let mut first = Ok(());
        while let Some(sending) = self.sink.sending() {
            match sending.arrival().await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => first = first.and(Err(error)),
            }
        }
        let first = self.heed(first);
        self.advance();
        first
    }

    fn look(&mut self) -> Result<(), StoreError> {
        let seen = self.sink.sending().map_or(Ok(()), |sending| sending.look());
        let seen = self.heed(seen);
        self.advance();
        seen
    }

    /// Counts the parts that have arrived without a gap.
    fn advance(&mut self) {
        let Some(sending) = self.sink.sending() else { return };
        sending.there.sort_unstable_by_key(|(part, _)| part.number);
        let mut counted = 0;
        for (part, digest) in &sending.there {
            if part.number != self.mark.parts + 1 {
                break;
            }
            self.mark = self.mark.then(part, digest.as_ref());
            counted += 1;
        }
        sending.there.drain(..counted);
    }

    /// Writes down what is there, unless the record says more, and whether the object may be published from here.
    pub(super) async fn commit(&mut self, state: State, publishing: bool) -> Result<(), StoreError> {
        let known = &self.book.record;
        let is_less = state.offset() < known.state.offset();
        if !publishing && (is_less || state == known.state) {
            return Ok(());
        }
        let upload = self.sink.sending().map(|sending| {
            // From now on the record may speak of it, whether we hear of that or not.
            sending.begun.keep();
            sending.begun.upload().id.clone()
        });
        let written = self.book.write(|record| {
            (record.state, record.upload, record.publishing) =
                (state, upload, publishing | record.publishing);
            record.touch(SystemTime::now());
        });
        let written = written.await;
        let is_lost = written.as_ref().is_err_and(|error| error.kind() == StoreErrorKind::Changed);
        if let Some(sending) = self.sink.sending()
            && is_lost
            && self.book.record.upload.is_none()
        {
            sending.begun.disown();
        }
        self.sure(written)?;
        self.written = Instant::now();
        Ok(())
    }

    pub(super) fn sure<T>(&mut self, written: Result<T, StoreError>) -> Result<T, StoreError> {
        (self.is_broken, self.is_unsure) =
            (self.is_broken | written.is_err(), self.is_unsure | written.is_err());
        written
    }

    /// After a failure there may be a hole.
    pub(super) fn heed<T>(&mut self, outcome: Result<T, TransferError>) -> Result<T, StoreError> {
        self.is_broken |= outcome.is_err();
        Ok(outcome?)
    }

    pub(super) fn is_usable(&self) -> Result<(), StoreError> {
        match self.is_broken {
            true => Err(StoreError::with_cause(StoreErrorKind::Unavailable, "this go has failed before")),
            false => Ok(()),
        }
    }
}

/// How long its parts are, if the whole has this length.
fn sizes(book: &Book, len: Option<u64>) -> Result<Sizes, StoreError> {
    let inner = &book.inner;
    let (first, half) = (book.record.part_size(), half(inner.shared()));
    let sizes = Sizes::of_goes(len, first, half, inner.bucket.wants_equal_parts());
    inner.fit(sizes.map_err(crate::deposit::too_long)?)
}

/// Where the next parts go.
fn sink(book: &Book, mark: &Mark) -> Result<Sink, StoreError> {
    let (inner, record) = (&book.inner, &book.record);
    let sizes = sizes(book, record.len)?;
    let to = inner.to(inner.name(&record.key()?)?);
    let options = options(book);
    let sink = Sink::new(inner.shared(), &to, &options, &Progress::new(), sizes, inner.hold());
    Ok(sink.going_on(mark.parts + 1, mark.offset, book.upload()?))
}

/// How the object is to be stored.
pub(super) fn options(book: &Book) -> PutOptions {
    PutOptions {
        attributes: book.record.attributes.clone(),
        condition: book.record.condition(),
        checksum: DIGEST,
        ..PutOptions::default()
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        if self.is_unsure {
            return;
        }
        let now = self.book.record.state.tail.take();
        let useless =
            self.tails.drain(..).chain(self.base.tail.take()).filter(|tail| now.as_ref() != Some(tail));
        let names: Result<Vec<_>, _> = useless.map(|tail| self.book.tail(&tail)).collect();
        let Some(names) = names.ok().filter(|names| !names.is_empty()) else { return };
        let bucket = Arc::clone(&self.book.inner.bucket);
        let remove = async move { bucket.delete(&names).await.is_ok_and(|failed| failed.is_empty()) };
        self.book.inner.shared().leaving.spawn(remove);
    }
}
