//! An upload of unknown length: from a pipe, or from whatever can be read only once.
//!
//! A part that has to be sent again cannot be read again, so it is held until the store has it: in a buffer that the plan pays for, leased
//! before it is filled. Half of the plan's windows may be one part, so that one is filled while another is sent. Parts grow as their number
//! nears 10,000, as far as that half allows and the store takes parts of different lengths; where they cannot, a pipe that goes on beyond what
//! 10,000 parts hold is refused with the numbers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use forebay_budget::{ByteSize, Class, Lease, PooledBuf};
use forebay_net::Pace;
use forebay_net::client::Payload;
use forebay_store::remote::{Checksum, Part, PartAsk};
use futures_util::stream;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::task::JoinSet;

use super::again::again;
use super::begun::Begun;
use super::settle::{self, Sent};
use super::{Destination, Put, PutOptions};
use crate::engine::{Engine, Shared};
use crate::parts::{PART_MIN, PARTS_MAX, growing, growing_total};
use crate::verify::{Algorithm, Expected, Running};
use crate::{Progress, TransferError, TransferErrorKind};

/// The first part, where the plan has room for two of them.
const FIRST: ByteSize = ByteSize::mib(8);
/// How long to wait for a buffer that other transfers hold.
const PATIENCE: Duration = Duration::from_secs(60);

/// A part that was read.
struct Filled {
    bytes: Bytes,
    digest: Checksum,
    is_last: bool,
}

/// Where parts are filled from, and what the whole must be.
struct Intake<R> {
    reader: R,
    algorithm: Algorithm,
    /// A digest that the caller brought, and the same of what was read so far.
    expected: Option<(Expected, Running)>,
}

/// Parts on their way.
struct Sending<'a> {
    shared: Arc<Shared>,
    to: &'a Destination,
    progress: &'a Progress,
    begun: Begun,
    tasks: JoinSet<Result<(Part, Checksum), TransferError>>,
    there: Vec<Sent>,
}

impl Engine {
    /// Uploads what `reader` yields until its end.
    ///
    /// Nothing of it is published before the end, and nothing is left at the store if it fails or is dropped.
    ///
    /// # Errors
    ///
    /// `Memory` if the plan has no room for a part; `Local` if the reader fails; `Integrity` if what came is not what the caller
    /// said, in which case nothing is published; else as [`put_file`](Engine::put_file).
    pub async fn put_pipe(
        &self,
        reader: impl AsyncRead + Send + Unpin,
        to: &Destination,
        options: &PutOptions,
        progress: &Progress,
    ) -> Result<Put, TransferError> {
        let shared = self.shared();
        let half = ByteSize::b(shared.ledger.usage(Class::Windows).capacity / 2);
        let size = options.part_size.unwrap_or(FIRST.min(half)).max(PART_MIN);
        let most = if to.bucket.wants_equal_parts() { size } else { half.max(size) };
        let mut intake = Intake::new(reader, options);
        let first = intake.fill(lease(shared, size).await?).await?;
        progress.expect(first.bytes.len() as u64);
        let put = if first.is_last {
            intake.check()?;
            self.put_bytes(first, to, options, progress).await?
        } else {
            self.put_growing(first, &mut intake, (size, most), to, options, progress).await?
        };
        progress.object_is_whole();
        Ok(put)
    }

    async fn put_bytes(
        &self,
        whole: Filled,
        to: &Destination,
        options: &PutOptions,
        progress: &Progress,
    ) -> Result<Put, TransferError> {
        let shared = self.shared();
        let slot = shared.slots.take().await;
        let ask = settle::ask(to, options, Some(whole.digest.clone()));
        let put = again(shared, &*to.bucket, progress, || {
            to.bucket.put(&ask, paced(whole.bytes.clone(), &shared.pace))
        })
        .await;
        let len = whole.bytes.len() as u64;
        let stored = match put {
            Ok(stored) => stored,
            Err(failed) => settle::heard(to, failed, len, Some(&whole.digest), &options.condition).await?,
        };
        slot.finished(len);
        progress.moved(len);
        let proof = settle::proof(&stored, Some(&whole.digest), []);
        Ok(Put { stored, len, resumed: 0, proof })
    }

    async fn put_growing(
        &self,
        first: Filled,
        intake: &mut Intake<impl AsyncRead + Send + Unpin>,
        (size, most): (ByteSize, ByteSize),
        to: &Destination,
        options: &PutOptions,
        progress: &Progress,
    ) -> Result<Put, TransferError> {
        let shared = Arc::clone(self.shared());
        let ask = settle::ask(to, options, None);
        let begun = Begun::begin(&shared, to, &ask, progress).await?;
        let (tasks, there) = (JoinSet::new(), Vec::new());
        let mut sending = Sending { shared, to, progress, begun, tasks, there };
        let sent = sending.send_all(first, intake, size, most).await;
        sending.tasks.shutdown().await;
        let published = match sent {
            Ok(()) => match intake.check() {
                Ok(()) => sending.publish(options).await,
                Err(other) => Err(other),
            },
            Err(error) => Err(error),
        };
        match published {
            Ok(put) => {
                sending.begun.keep();
                Ok(put)
            }
            Err(error) => {
                sending.begun.give_up().await;
                Err(error)
            }
        }
    }
}

impl Sending<'_> {
    async fn send_all(
        &mut self,
        first: Filled,
        intake: &mut Intake<impl AsyncRead + Send + Unpin>,
        size: ByteSize,
        most: ByteSize,
    ) -> Result<(), TransferError> {
        let mut next = Some(first);
        let mut number = 1;
        while let Some(filled) = next.take() {
            let is_last = filled.is_last;
            self.send(number, filled).await?;
            if is_last {
                break;
            }
            number += 1;
            if u64::from(number) > PARTS_MAX {
                return Err(too_long(size, most));
            }
            let room = self.room(growing(size, number, most)).await?;
            let filled = intake.fill(room).await?;
            self.progress.expect(filled.bytes.len() as u64);
            next = Some(filled).filter(|filled| !filled.bytes.is_empty());
        }
        while let Some(ended) = self.tasks.join_next().await {
            self.take(ended)?;
        }
        Ok(())
    }

    /// Room for the next part. Our own parts give theirs back when they have arrived, however slow the way is: patience is for what other
    /// transfers hold.
    async fn room(&mut self, size: ByteSize) -> Result<Lease, TransferError> {
        loop {
            let shared = Arc::clone(&self.shared);
            tokio::select! {
                leased = lease(&shared, size) => match leased {
                    Err(_) if !self.tasks.is_empty() => {}
                    other => return other,
                },
                Some(ended) = self.tasks.join_next() => self.take(ended)?,
            }
        }
    }

    async fn send(&mut self, number: u32, filled: Filled) -> Result<(), TransferError> {
        while let Some(ended) = self.tasks.try_join_next() {
            self.take(ended)?;
        }
        let slot = self.shared.slots.take().await;
        let (shared, to, upload) = (Arc::clone(&self.shared), self.to.clone(), self.begun.upload().clone());
        let progress = self.progress.clone();
        self.tasks.spawn(async move {
            let ask = PartAsk { number, checksum: Some(filled.digest.clone()) };
            let bytes = filled.bytes;
            let sent = again(&shared, &*to.bucket, &progress, || {
                to.bucket.put_part(&upload, &ask, paced(bytes.clone(), &shared.pace))
            });
            let part = sent.await.map_err(|failed| TransferError::of_store(&to.name(), failed.error))?;
            let len = bytes.len() as u64;
            drop(bytes);
            slot.finished(len);
            progress.moved(len);
            Ok((part, filled.digest))
        });
        Ok(())
    }

    fn take(
        &mut self,
        ended: Result<Result<(Part, Checksum), TransferError>, tokio::task::JoinError>,
    ) -> Result<(), TransferError> {
        let (part, digest) = ended.map_err(|gone| {
            TransferError::new(TransferErrorKind::Local, "the program is ending").because(gone)
        })??;
        settle::stored_as_sent(self.to, &part, &digest)?;
        self.there.push((part, Some(digest)));
        Ok(())
    }

    async fn publish(&mut self, options: &PutOptions) -> Result<Put, TransferError> {
        self.there.sort_unstable_by_key(|(part, _)| part.number);
        let whole = settle::whole(&self.there);
        let ask = settle::ask(self.to, options, whole.clone());
        let parts = settle::listed(&self.there);
        let (to, upload) = (self.to, self.begun.upload());
        let completed =
            again(&self.shared, &*to.bucket, self.progress, || to.bucket.complete(upload, &ask, &parts))
                .await;
        let len = parts.iter().map(|part| part.len).sum();
        let stored = match completed {
            Ok(stored) => stored,
            Err(failed) => settle::heard(to, failed, len, whole.as_ref(), &options.condition).await?,
        };
        let proof = settle::proof(&stored, whole.as_ref(), &self.there);
        Ok(Put { stored, len, resumed: 0, proof })
    }
}

async fn lease(shared: &Shared, size: ByteSize) -> Result<Lease, TransferError> {
    Ok(shared.ledger.acquire(Class::Windows, size.as_u64(), PATIENCE).await?)
}

/// A part, as fast as it may go. Where nothing limits it, it goes as it is.
fn paced(bytes: Bytes, pace: &Pace) -> Payload {
    if pace.rate().is_none() {
        return Payload::bytes(bytes);
    }
    let next = |(mut rest, pace): (Bytes, Pace)| async move {
        let piece =
            rest.split_to(usize::try_from(pace.piece()).map_or(rest.len(), |most| rest.len().min(most)));
        pace.pay(piece.len() as u64).await;
        Ok::<_, forebay_net::BoxError>((!piece.is_empty()).then_some((piece, (rest, pace))))
    };
    Payload::stream(bytes.len() as u64, stream::try_unfold((bytes, pace.clone()), next))
}

impl<R: AsyncRead + Unpin> Intake<R> {
    fn new(reader: R, options: &PutOptions) -> Self {
        let expected = options.digest.clone().map(|expected| {
            let running = Running::from(expected.algorithm());
            (expected, running)
        });
        Self { reader, algorithm: options.checksum, expected }
    }

    /// Reads until the buffer is full or the reader at its end.
    async fn fill(&mut self, lease: Lease) -> Result<Filled, TransferError> {
        let size = usize::try_from(lease.bytes()).unwrap_or(usize::MAX);
        let mut buffer = PooledBuf::alone(size, lease);
        let mut digest = Running::from(self.algorithm);
        let mut len = 0;
        while len < size {
            let read = self.reader.read(&mut buffer[len..]).await;
            match read.map_err(|error| TransferError::of_file("cannot read what is to be uploaded", error))? {
                0 => break,
                more => {
                    digest.update(&buffer[len..len + more]);
                    if let Some((_, running)) = &mut self.expected {
                        running.update(&buffer[len..len + more]);
                    }
                    len += more;
                }
            }
        }
        Ok(Filled { bytes: buffer.freeze(len), digest: digest.so_far(), is_last: len < size })
    }

    /// Whether all that came is what it should be.
    fn check(&self) -> Result<(), TransferError> {
        let Some((expected, running)) = &self.expected else { return Ok(()) };
        expected.check(&running.so_far(), "what was read")
    }
}

fn too_long(size: ByteSize, most: ByteSize) -> TransferError {
    let holds = growing_total(size, most);
    let what = format!(
        "what is to be uploaded goes on beyond {holds}, which is all that 10000 parts of at most {most} hold: set \
         --part-size or --memory higher"
    );
    TransferError::new(TransferErrorKind::Invalid, what)
}
