//! Ordinary reads for a file body that does not go by name: a window of at most so many bytes between
//! the file and whoever takes them, paid by a lease.
//!
//! A chunk's bytes stay charged to the window until the last clone of the chunk is dropped, wherever
//! it has gone to; the next read waits for that. So whatever buffers sit behind the body, no more than
//! the window is ever in flight, and a stalled client costs its window and not its file. A chunk's memory comes
//! from a pool if the window was given one, so that the next body need not ask the allocator for it.

use std::fs::File;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use forebay_budget::{BufferPool, ByteSize, Class, Lease, Ledger, PooledBuf, Refused};
use futures_util::task::AtomicWaker;
use tokio::task::JoinHandle;

use super::cold::{self, ColdPages, Now};
use super::span::FileSpan;
use crate::stats::Counters;

/// Larger chunks cost fewer calls; two must fit into the window, so that one is read while one is sent.
const CHUNK_BYTES_MAX: usize = 64 << 10;
const CHUNK_BYTES_MIN: usize = 4 << 10;

/// What a file body may read ahead, and who pays for it.
#[derive(Debug)]
pub struct ReadWindow {
    payment: Payment,
    pool: Option<BufferPool>,
}

#[derive(Debug)]
enum Payment {
    Held(Lease),
    OnDemand { ledger: Ledger, size: ByteSize, patience: Duration },
}

impl ReadWindow {
    /// A lease of [`Class::Reads`] acquired before the response was decided: its bytes are the window.
    /// It is returned at once where the body goes by name.
    pub fn held(lease: Lease) -> Self {
        Self { payment: Payment::Held(lease), pool: None }
    }

    /// Asks the ledger for `size` bytes of [`Class::Reads`] when the first byte is read, and waits
    /// for at most `patience`; if it is refused, the body fails. Costs nothing where the body goes
    /// by name.
    pub fn on_demand(ledger: Ledger, size: ByteSize, patience: Duration) -> Self {
        Self { payment: Payment::OnDemand { ledger, size, patience }, pool: None }
    }

    /// Takes the memory of chunks from `pool` where its buffers are as long as the window's chunks: half of the window,
    /// at most 64 KiB.
    #[must_use]
    pub fn with_buffers(self, pool: BufferPool) -> Self {
        Self { pool: Some(pool), ..self }
    }
}

type Acquire = Pin<Box<dyn Future<Output = Result<Lease, Refused>> + Send>>;

/// Reads one body's spans, a chunk at a time.
pub(crate) struct Reader {
    step: Step,
    /// For the window that is still to be paid.
    pool: Option<BufferPool>,
    counters: Option<Arc<Counters>>,
    cold: ColdPages,
}

enum Step {
    Acquiring(Acquire),
    Idle(Arc<Window>),
    OffWorker(Arc<Window>, JoinHandle<(Chunk, io::Result<usize>)>),
    Spent,
}

impl Reader {
    pub(crate) fn new(window: ReadWindow, counters: Option<Arc<Counters>>, cold: ColdPages) -> Self {
        let mut pool = window.pool;
        let step = match window.payment {
            Payment::Held(lease) => Step::Idle(Window::new(lease, pool.take())),
            Payment::OnDemand { ledger, size, patience } => Step::Acquiring(Box::pin(async move {
                ledger.acquire(Class::Reads, size.as_u64(), patience).await
            })),
        };
        Self { step, pool, counters, cold }
    }

    /// One that fails when it is asked: stands in while a body changes its mode.
    pub(crate) fn spent() -> Self {
        Self { step: Step::Spent, pool: None, counters: None, cold: ColdPages::Trust }
    }

    /// The next bytes of the span, at most a chunk.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, span: &FileSpan) -> Poll<io::Result<Bytes>> {
        loop {
            match &mut self.step {
                Step::Acquiring(acquire) => {
                    let lease = ready!(acquire.as_mut().poll(cx)).map_err(io::Error::other)?;
                    self.step = Step::Idle(Window::new(lease, self.pool.take()));
                }
                Step::Idle(window) => {
                    let window = Arc::clone(window);
                    let chunk = ready!(window.poll_chunk(cx));
                    match self.read_or_hop(window, chunk, span)? {
                        Some(chunk) => return Poll::Ready(Ok(chunk)),
                        None => continue,
                    }
                }
                Step::OffWorker(window, read) => {
                    let (chunk, read) = ready!(Pin::new(read).poll(cx)).map_err(io::Error::other)?;
                    let window = Arc::clone(window);
                    self.step = Step::Idle(window);
                    return Poll::Ready(self.finish(chunk, read?));
                }
                Step::Spent => return Poll::Ready(Err(io::Error::other("this body has no reader"))),
            }
        }
    }

    /// Reads what is in memory, or sends the buffer to the blocking pool for it.
    fn read_or_hop(
        &mut self,
        window: Arc<Window>,
        mut chunk: Chunk,
        span: &FileSpan,
    ) -> io::Result<Option<Bytes>> {
        let len = span.len.min(window.chunk as u64) as usize;
        match self.cold.read_now(&span.file, &mut chunk[..len], span.offset)? {
            Now::Read(n) => self.finish(chunk, n).map(Some),
            Now::Cold => {
                if let Some(counters) = &self.counters {
                    counters.cold_fetches.add(1);
                }
                let (file, offset) = (Arc::clone(&span.file), span.offset);
                // The charge, which pays, goes with its buffer: whoever leaves, the read ends later.
                let read = tokio::task::spawn_blocking(move || {
                    let read = read_off_worker(&file, &mut chunk[..len], offset);
                    (chunk, read)
                });
                self.step = Step::OffWorker(window, read);
                Ok(None)
            }
        }
    }

    fn finish(&self, chunk: Chunk, read: usize) -> io::Result<Bytes> {
        if read == 0 {
            if let Some(counters) = &self.counters {
                counters.truncations.add(1);
            }
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file is shorter than promised"));
        }
        if let Some(counters) = &self.counters {
            counters.pread_bytes.add(read as u64);
        }
        Ok(chunk.freeze(read))
    }
}

fn read_off_worker(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let read = cold::read_at(file, buffer, offset)?;
    cold::note_touched(file);
    Ok(read)
}

/// The bytes a body may have in flight.
struct Window {
    chunk: usize,
    size: usize,
    outstanding: AtomicUsize,
    /// Woken when a chunk comes back.
    body: AtomicWaker,
    pool: Option<BufferPool>,
    _lease: Lease,
}

/// A chunk in flight.
type Chunk = PooledBuf<Charge>;

/// A chunk's share of its window.
struct Charge(Arc<Window>);

impl Window {
    fn new(lease: Lease, pool: Option<BufferPool>) -> Arc<Self> {
        let size = usize::try_from(lease.bytes()).unwrap_or(usize::MAX).max(1);
        let chunk = (size / 2).clamp(CHUNK_BYTES_MIN, CHUNK_BYTES_MAX).min(size);
        Arc::new(Self {
            chunk,
            size,
            outstanding: AtomicUsize::new(0),
            body: AtomicWaker::new(),
            pool: pool.filter(|pool| pool.buffer_size().as_usize() == chunk),
            _lease: lease,
        })
    }

    /// A buffer of one chunk, when the window has room for it. Its bytes are charged from here on.
    fn poll_chunk(self: &Arc<Self>, cx: &mut Context<'_>) -> Poll<Chunk> {
        if !self.try_charge() {
            self.body.register(cx.waker());
            // A chunk may have come back between the look and the registration.
            if !self.try_charge() {
                return Poll::Pending;
            }
        }
        let charge = Charge(Arc::clone(self));
        Poll::Ready(match &self.pool {
            Some(pool) => pool.take(charge),
            None => PooledBuf::alone(self.chunk, charge),
        })
    }

    fn try_charge(&self) -> bool {
        let charge = |outstanding: usize| {
            let after = outstanding + self.chunk;
            (after <= self.size).then_some(after)
        };
        self.outstanding.fetch_update(Ordering::AcqRel, Ordering::Acquire, charge).is_ok()
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.0.outstanding.fetch_sub(self.0.chunk, Ordering::AcqRel);
        self.0.body.wake();
    }
}
