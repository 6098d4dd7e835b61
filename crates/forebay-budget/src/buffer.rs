//! Buffers of one size that are paid for while they are used, and kept, paid for too, while they are not.
//!
//! A buffer carries its lease: through filling, through [`PooledBuf::freeze`] into [`Bytes`], through every
//! slice of them, until the last is dropped. Then the lease goes back to its class, and the memory either to the
//! shelf, if [`Class::IdleBuffers`] can pay for it there, or to the allocator. So the sum of what is used and
//! what is kept stays within the plan, and a burst does not leave its high-water mark behind.

use std::{
    collections::VecDeque,
    fmt,
    ops::{Deref, DerefMut},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::time::Instant;

use crate::{class::Class, lease::Lease, ledger::Ledger, refused::Refused, size::ByteSize};

/// A buffer that nobody has wanted for so long goes back to the allocator.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// A source of buffers of one size. Cheap to clone; clones share the shelf.
#[derive(Clone)]
pub struct BufferPool {
    shelf: Arc<Shelf>,
}

/// A buffer whose memory is leased. Its content is whatever the last user left: write before you freeze.
pub struct PooledBuf {
    memory: Box<[u8]>,
    /// Pays for `memory` while it is in use.
    lease: Lease,
    shelf: Arc<Shelf>,
}

struct Shelf {
    ledger: Ledger,
    class: Class,
    buffer_size: ByteSize,
    keep_max: usize,
    /// The longest kept in front; the last put back is the next to go out, since its memory is warm.
    kept: Mutex<VecDeque<Kept>>,
    allocated: AtomicU64,
    reused: AtomicU64,
}

/// What a pool did and keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PoolStats {
    /// Buffers that lie ready for the next user.
    pub kept: u64,
    /// Buffers that came from the allocator since the start.
    pub allocated_total: u64,
    /// Buffers that were used again since the start.
    pub reused_total: u64,
}

/// Memory that nobody uses and the lease that pays for it meanwhile.
struct Kept {
    memory: Box<[u8]>,
    since: Instant,
    _lease: Lease,
}

/// What [`Bytes`] own after a freeze.
struct Frozen {
    buf: PooledBuf,
    len: usize,
}

impl BufferPool {
    /// A pool of buffers of `buffer_size`, leased from `class`, of which at most `keep_max` are kept for the
    /// next user (and only as many as [`Class::IdleBuffers`] has room for).
    pub fn new(ledger: Ledger, class: Class, buffer_size: ByteSize, keep_max: usize) -> Self {
        let kept = Mutex::new(VecDeque::new());
        let (allocated, reused) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { shelf: Arc::new(Shelf { ledger, class, buffer_size, keep_max, kept, allocated, reused }) }
    }

    /// The size of every buffer.
    pub fn buffer_size(&self) -> ByteSize {
        self.shelf.buffer_size
    }

    /// What the pool did and keeps.
    pub fn stats(&self) -> PoolStats {
        PoolStats {
            kept: self.shelf.kept.lock().len() as u64,
            allocated_total: self.shelf.allocated.load(Ordering::Relaxed),
            reused_total: self.shelf.reused.load(Ordering::Relaxed),
        }
    }

    /// Gives back to the allocator what nobody has wanted for `idle`. A pool in use does this by itself, after half
    /// a minute; one that rests has to be told.
    pub fn trim(&self, idle: Duration) {
        while self.shelf.take_idle(idle).is_some() {}
    }

    /// A buffer now.
    ///
    /// # Errors
    ///
    /// [`Refused`] if the class has no room for it.
    pub fn try_get(&self) -> Result<PooledBuf, Refused> {
        let lease = self.shelf.ledger.try_acquire(self.shelf.class, self.shelf.buffer_size.as_u64())?;
        Ok(self.paid_by(lease))
    }

    /// A buffer, waiting in turn for at most `patience`.
    ///
    /// # Errors
    ///
    /// As [`Ledger::acquire`].
    pub async fn get(&self, patience: Duration) -> Result<PooledBuf, Refused> {
        let size = self.shelf.buffer_size.as_u64();
        let lease = self.shelf.ledger.acquire(self.shelf.class, size, patience).await?;
        Ok(self.paid_by(lease))
    }

    fn paid_by(&self, lease: Lease) -> PooledBuf {
        let kept = self.shelf.kept.lock().pop_back();
        let count = if kept.is_some() { &self.shelf.reused } else { &self.shelf.allocated };
        count.fetch_add(1, Ordering::Relaxed);
        let memory = match kept {
            Some(kept) => kept.memory,
            None => vec![0; self.shelf.buffer_size.as_usize()].into_boxed_slice(),
        };
        PooledBuf { memory, lease, shelf: Arc::clone(&self.shelf) }
    }
}

impl PooledBuf {
    /// The first `len` bytes as [`Bytes`], without a copy. The whole buffer stays leased until the last of them
    /// is dropped: a short slice pins all of it.
    ///
    /// `len` is cut to the buffer's length.
    pub fn freeze(self, len: usize) -> Bytes {
        let len = len.min(self.memory.len());
        if len == 0 {
            return Bytes::new();
        }
        Bytes::from_owner(Frozen { buf: self, len })
    }

    /// The bytes that the ledger counts for this buffer.
    pub fn leased(&self) -> u64 {
        self.lease.bytes()
    }
}

impl Shelf {
    /// Keeps `memory` if there is place and somebody to pay for it, else lets the allocator have it.
    fn put_back(&self, memory: Box<[u8]>) {
        drop(self.take_idle(IDLE_MAX));
        if memory.is_empty() || self.kept.lock().len() >= self.keep_max {
            return;
        }
        let paid = self.ledger.try_acquire_aside(Class::IdleBuffers, self.buffer_size.as_u64());
        let Some(lease) = paid else { return };
        let mut kept = self.kept.lock();
        if kept.len() < self.keep_max {
            kept.push_back(Kept { memory, since: Instant::now(), _lease: lease });
        }
    }

    /// The longest kept, if that is at least `idle`.
    fn take_idle(&self, idle: Duration) -> Option<Kept> {
        self.kept.lock().pop_front_if(|kept| kept.since.elapsed() >= idle)
    }
}

impl Deref for PooledBuf {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.memory
    }
}

impl DerefMut for PooledBuf {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.memory
    }
}

impl AsRef<[u8]> for Frozen {
    fn as_ref(&self) -> &[u8] {
        &self.buf.memory[..self.len]
    }
}

impl Drop for PooledBuf {
    fn drop(&mut self) {
        self.shelf.put_back(std::mem::take(&mut self.memory));
    }
}

impl fmt::Debug for PooledBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PooledBuf").field("len", &self.memory.len()).field("lease", &self.lease).finish()
    }
}

impl fmt::Debug for BufferPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufferPool")
            .field("class", &self.shelf.class)
            .field("buffer_size", &self.shelf.buffer_size)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
