//! An object on its way to the disk.
//!
//! Bytes are gathered into pieces of 256 KiB, and one piece is written while the next is gathered: a trip to another thread for each packet
//! would cost more than the packet. What is gathered is leased; whoever gets no lease writes as the bytes come, and its client waits for the disk.

use std::fmt;
use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use forebay_budget::{Class, Lease};
use tokio::task::JoinHandle;

use super::super::Inner;
use super::super::fault::no_worker;
use super::super::open::descriptors;
use super::in_turn;
use super::new_file::NewFile;
use super::place::Place;
use super::room::Claim;
use crate::remote::{Condition, Stored};
use crate::writable::{Incoming, NewObject};
use crate::{Answer, StoreError, StoreErrorKind};

/// So much is written at once.
const PIECE: usize = 256 << 10;

/// An object that is being written.
pub(super) struct Arriving {
    inner: Arc<Inner>,
    condition: Condition,
    gathered: Gathered,
    /// Where what was gathered goes.
    offset: u64,
    file: State,
}

/// Bytes that wait for the disk, and what pays for them.
#[derive(Debug, Default)]
struct Gathered {
    chunks: Vec<Bytes>,
    len: usize,
    leases: Option<Lease>,
}

/// Where the file is.
#[derive(Debug)]
enum State {
    Idle(Written),
    /// On the blocking pool.
    Writing(JoinHandle<Result<Written, StoreError>>),
    /// Something failed: nothing more can be written.
    Failed,
}

/// A file, and the room that it may still take.
#[derive(Debug)]
struct Written {
    file: NewFile,
    claim: Claim,
}

/// Finds the place and begins the file.
pub(super) async fn create(inner: &Arc<Inner>, ask: &NewObject) -> Result<Arriving, StoreError> {
    // The directory and the file; a walk by hand may hold one more on the way.
    let fds = descriptors(inner, inner.resolver.fds() + 1).await?;
    let shared = Arc::clone(inner);
    let (key, condition, len) = (ask.key.clone(), ask.condition.clone(), ask.len);
    let written = in_turn(&inner.writing.turns, move || {
        let mut fds = fds;
        let for_the_walk = fds.count().checked_sub(2).and_then(|surplus| fds.split(surplus));
        let place = Place::find(&shared, &key, fds)?;
        drop(for_the_walk);
        place.there()?.admit(&condition, shared.options.settle)?;
        let claim = Claim::new(&shared.writing.room, &place.dir, len)?;
        let file = NewFile::create(&Arc::new(place))?;
        Ok(Written { file, claim })
    })
    .await?;
    Ok(Arriving {
        inner: Arc::clone(inner),
        condition: ask.condition.clone(),
        gathered: Gathered::default(),
        offset: 0,
        file: State::Idle(written),
    })
}

impl Incoming for Arriving {
    fn write<'a>(&'a mut self, bytes: Bytes) -> Answer<'a, ()> {
        if bytes.is_empty() {
            return Answer::now(Ok(()));
        }
        let is_paid = self.gathered.pay(&self.inner, bytes.len());
        self.gathered.len += bytes.len();
        self.gathered.chunks.push(bytes);
        if is_paid && self.gathered.len < PIECE {
            return Answer::now(Ok(()));
        }
        Answer::later(async move {
            self.begin_writing().await?;
            if is_paid {
                return Ok(());
            }
            // What nobody pays for belongs to the connection, which must not read on before it is gone.
            self.settle().await.map(drop)
        })
    }

    fn publish<'a>(&'a mut self) -> Answer<'a, Stored> {
        Answer::later(async move {
            if !self.gathered.chunks.is_empty() {
                self.begin_writing().await?;
            }
            let Written { mut file, claim } = self.take().await?;
            let (inner, condition) = (Arc::clone(&self.inner), self.condition.clone());
            in_turn(&self.inner.writing.turns, move || {
                let stored = file.publish(&inner, &condition);
                drop(claim);
                stored
            })
            .await
        })
    }
}

impl Arriving {
    /// Waits for the piece before, and begins to write what was gathered.
    async fn begin_writing(&mut self) -> Result<(), StoreError> {
        let Written { file, mut claim } = self.take().await?;
        let Gathered { chunks, len, leases } = mem::take(&mut self.gathered);
        let offset = self.offset;
        self.offset += len as u64;
        let inner = Arc::clone(&self.inner);
        let job = async move {
            in_turn(&inner.writing.turns, move || {
                claim.take(&file.place().dir, len as u64)?;
                file.write_at(&chunks, offset)?;
                drop((chunks, leases));
                Ok(Written { file, claim })
            })
            .await
        };
        self.file = State::Writing(tokio::spawn(job));
        Ok(())
    }

    /// Waits until nothing is being written.
    async fn settle(&mut self) -> Result<(), StoreError> {
        let written = self.take().await?;
        self.file = State::Idle(written);
        Ok(())
    }

    /// Takes the file, when nobody writes it. Cancelled, it has failed.
    async fn take(&mut self) -> Result<Written, StoreError> {
        match mem::replace(&mut self.file, State::Failed) {
            State::Idle(written) => Ok(written),
            State::Writing(job) => job.await.map_err(no_worker)?,
            State::Failed => {
                Err(StoreError::with_cause(StoreErrorKind::Unavailable, "an earlier write has failed"))
            }
        }
    }
}

impl fmt::Debug for Arriving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arriving")
            .field("offset", &self.offset)
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

impl Gathered {
    /// Whether the plan pays for so many bytes more.
    fn pay(&mut self, inner: &Inner, len: usize) -> bool {
        match &mut self.leases {
            Some(lease) => lease.try_grow(len as u64).is_ok(),
            None => match inner.options.ledger.try_acquire(Class::Arrivals, len as u64) {
                Ok(lease) => {
                    self.leases = Some(lease);
                    true
                }
                Err(_) => false,
            },
        }
    }
}
