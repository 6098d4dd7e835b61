//! Buffers of one size that outlive their users: kept, and paid for, until the next one wants them.
//!
//! A buffer in use is paid for by whoever asked for it, with a lease that was granted for its work as a whole (a window
//! of reads, an archive): the pool takes that *payer* into the buffer, where it stays through filling, through
//! [`PooledBuf::freeze`] into [`Bytes`], through every slice of them, until the last is dropped. Then the memory goes
//! to the shelf, if [`Class::IdleBuffers`] can pay for it there, or else to the allocator, and only then the payer is
//! dropped. So the sum of what is used and what is kept stays within the plan, and a burst does not leave its
//! high-water mark behind.

use std::{
    collections::VecDeque,
    convert::Infallible,
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
use tokio::time::{Instant, MissedTickBehavior};

use crate::{class::Class, lease::Lease, ledger::Ledger, size::ByteSize};

/// A buffer that nobody has wanted for so long goes back to the allocator.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// A source of buffers of one size. Cheap to clone; clones share the shelf.
#[derive(Clone)]
pub struct BufferPool {
    shelf: Arc<Shelf>,
}

/// A buffer, and what pays for it: `P` holds a lease of at least the buffer's size. Its content is whatever the last
/// user left: write before you freeze.
pub struct PooledBuf<P> {
    memory: Box<[u8]>,
    /// Where the memory goes afterwards; without one, to the allocator.
    shelf: Option<Arc<Shelf>>,
    /// Dropped after the memory has gone.
    _payer: P,
}

struct Shelf {
    name: &'static str,
    ledger: Ledger,
    buffer_size: ByteSize,
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
struct Frozen<P> {
    buf: PooledBuf<P>,
    len: usize,
}

impl BufferPool {
    /// A pool of buffers of `buffer_size`, of which as many are kept for the next user as [`Class::IdleBuffers`] of
    /// `ledger` has room for. The name is for metrics.
    pub fn new(name: &'static str, ledger: Ledger, buffer_size: ByteSize) -> Self {
        let kept = Mutex::new(VecDeque::new());
        let (allocated, reused) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { shelf: Arc::new(Shelf { name, ledger, buffer_size, kept, allocated, reused }) }
    }

    /// Its name in metrics.
    pub fn name(&self) -> &'static str {
        self.shelf.name
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

    /// A buffer that `payer` has paid for.
    pub fn take<P>(&self, payer: P) -> PooledBuf<P> {
        let kept = self.shelf.kept.lock().pop_back();
        let count = if kept.is_some() { &self.shelf.reused } else { &self.shelf.allocated };
        count.fetch_add(1, Ordering::Relaxed);
        let memory = match kept {
            Some(kept) => kept.memory,
            None => vec![0; self.shelf.buffer_size.as_usize()].into_boxed_slice(),
        };
        PooledBuf { memory, shelf: Some(Arc::clone(&self.shelf)), _payer: payer }
    }

    /// Gives back to the allocator what nobody has wanted for `idle`. A pool in use does this by itself, after half
    /// a minute; one that rests has to be told.
    pub fn trim(&self, idle: Duration) {
        while self.shelf.take_idle(idle).is_some() {}
    }

    /// Tells it, for as long as this is polled. Needs tokio's timer.
    pub async fn keep_trimmed(&self) -> Infallible {
        let mut tick = tokio::time::interval(IDLE_MAX);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            self.trim(IDLE_MAX);
        }
    }
}

impl<P> PooledBuf<P> {
    /// A buffer of another size than any pool's: it comes from the allocator and goes back there.
    pub fn alone(size: usize, payer: P) -> Self {
        Self { memory: vec![0; size].into_boxed_slice(), shelf: None, _payer: payer }
    }
}

impl<P: Send + 'static> PooledBuf<P> {
    /// The first `len` bytes as [`Bytes`], without a copy. The whole buffer stays paid for until the last of them
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
}

impl Shelf {
    /// Keeps `memory` if somebody pays for it, else lets the allocator have it.
    fn put_back(&self, memory: Box<[u8]>) {
        drop(self.take_idle(IDLE_MAX));
        let paid = self.ledger.try_acquire_aside(Class::IdleBuffers, self.buffer_size.as_u64());
        if let Some(lease) = paid {
            self.kept.lock().push_back(Kept { memory, since: Instant::now(), _lease: lease });
        }
    }

    /// The longest kept, if that is at least `idle`.
    fn take_idle(&self, idle: Duration) -> Option<Kept> {
        self.kept.lock().pop_front_if(|kept| kept.since.elapsed() >= idle)
    }
}

impl<P> Deref for PooledBuf<P> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.memory
    }
}

impl<P> DerefMut for PooledBuf<P> {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.memory
    }
}

impl<P> AsRef<[u8]> for Frozen<P> {
    fn as_ref(&self) -> &[u8] {
        &self.buf.memory[..self.len]
    }
}

impl<P> Drop for PooledBuf<P> {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        if let Some(shelf) = &self.shelf {
            shelf.put_back(memory);
        }
    }
}

impl<P> fmt::Debug for PooledBuf<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PooledBuf").field("len", &self.memory.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for BufferPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufferPool")
            .field("name", &self.shelf.name)
            .field("buffer_size", &self.shelf.buffer_size)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
