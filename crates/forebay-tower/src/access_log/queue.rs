//! The bounded queue of records, and the one thread that writes them.
//!
//! Requests append to a buffer under a lock that is held for one copy; the thread swaps the buffer for an
//! empty one and writes it in one call. Nobody waits for the writer: a record that finds no room is
//! dropped and counted, and when the writer is back the log says how many are missing.
//!
//! Memory: two buffers, each of at most half the capacity, grown in steps that [`Class::LogQueue`] grants
//! first, and given back when the queue is empty. Wake-ups: the thread lingers a moment to collect a
//! batch, so that ten thousand records a second are not ten thousand wake-ups.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use forebay_budget::{ByteSize, Class, Lease, Ledger};
use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::sync::watch;

use super::LogForm;

/// The smallest step in which a buffer grows.
const STEP: usize = 16 * 1024;
/// How long the thread waits for company before it writes a record.
const LINGER: Duration = Duration::from_millis(20);

/// Where records go. Clones share the queue; when the last one is dropped, the thread writes what is left
/// and ends.
#[derive(Clone, Debug)]
pub struct LogQueue {
    handle: Arc<Handle>,
}

/// What became of the records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogQueueStats {
    /// Bytes waiting to be written.
    pub queued_bytes: u64,
    /// Records taken into the queue since the start.
    pub accepted_total: u64,
    /// Records lost since the start: no room, no budget, or an error of the writer.
    pub dropped_total: u64,
    /// Errors of the writer since the start.
    pub write_errors_total: u64,
}

#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    form: LogForm,
    ledger: Ledger,
    /// Most bytes that wait in one buffer.
    half: usize,
    state: Mutex<State>,
    wake: Condvar,
    flushed: watch::Sender<u64>,
    accepted: AtomicU64,
    dropped: AtomicU64,
    write_errors: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    filling: Paid,
    spare: Paid,
    /// The thread sleeps until somebody wakes it.
    parked: bool,
    flush_asked: u64,
    closed: bool,
}

/// A buffer and the leases for its capacity.
#[derive(Debug, Default)]
struct Paid {
    bytes: Vec<u8>,
    records: u64,
    leases: Vec<Lease>,
    leased: usize,
}

// ===== impl LogQueue =====

impl LogQueue {
    /// Starts the thread that writes to `writer`. At most `capacity` bytes of records wait; `ledger` must
    /// have room for them in [`Class::LogQueue`].
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn start(
        writer: impl Write + Send + 'static,
        ledger: &Ledger,
        capacity: ByteSize,
    ) -> std::io::Result<Self> {
        Self::start_as(LogForm::Json, writer, ledger, capacity)
    }

    /// As [`LogQueue::start`], for records of this form.
    ///
    /// # Errors
    /// As there.
    pub fn start_as(
        form: LogForm,
        writer: impl Write + Send + 'static,
        ledger: &Ledger,
        capacity: ByteSize,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            form,
            ledger: ledger.clone(),
            half: usize::try_from(capacity.as_u64() / 2).unwrap_or(usize::MAX),
            state: Mutex::default(),
            wake: Condvar::new(),
            flushed: watch::Sender::new(0),
            accepted: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            write_errors: AtomicU64::new(0),
        });
        let drain = shared.clone();
        std::thread::Builder::new().name("access-log".to_owned()).spawn(move || drain.run(writer))?;
        Ok(Self { handle: Arc::new(Handle { shared }) })
    }

    /// Appends one record, or drops it. Never waits for the writer.
    pub fn push(&self, record: &[u8]) {
        let shared = &self.handle.shared;
        let mut state = shared.state.lock();
        let before = state.filling.bytes.len();
        let fits = before + record.len() <= shared.half && state.filling.grow(record.len(), shared);
        if !fits {
            drop(state);
            shared.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        state.filling.bytes.extend_from_slice(record);
        state.filling.records += 1;
        let after = state.filling.bytes.len();
        let full = before < shared.half / 2 && after >= shared.half / 2;
        let wake = std::mem::take(&mut state.parked) || full;
        drop(state);
        shared.accepted.fetch_add(1, Ordering::Relaxed);
        if wake {
            shared.wake.notify_one();
        }
    }

    /// Waits until everything that was pushed before has been handed to the writer and flushed. A writer
    /// that stands still makes this wait for ever: give it a time limit at shutdown.
    pub async fn flush(&self) {
        let shared = &self.handle.shared;
        let mut flushed = shared.flushed.subscribe();
        let ticket = {
            let mut state = shared.state.lock();
            state.flush_asked += 1;
            state.flush_asked
        };
        shared.wake.notify_one();
        // The sender lives in `shared`, so the wait ends with the flush and not with an error.
        let _ = flushed.wait_for(|done| *done >= ticket).await;
    }

    /// The counters.
    #[must_use]
    pub fn stats(&self) -> LogQueueStats {
        let shared = &self.handle.shared;
        LogQueueStats {
            queued_bytes: shared.state.lock().filling.bytes.len() as u64,
            accepted_total: shared.accepted.load(Ordering::Relaxed),
            dropped_total: shared.dropped.load(Ordering::Relaxed),
            write_errors_total: shared.write_errors.load(Ordering::Relaxed),
        }
    }

    pub(super) fn form(&self) -> LogForm {
        self.handle.shared.form
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.handle.shared.ledger
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.state.lock().closed = true;
        self.shared.wake.notify_one();
    }
}

// ===== impl Paid =====

impl Paid {
    /// Makes room for `more` bytes: first the lease, then the memory.
    fn grow(&mut self, more: usize, shared: &Shared) -> bool {
        let need = self.bytes.len() + more;
        if need > self.leased {
            let target = need.next_multiple_of(STEP).max(self.leased * 2).min(shared.half.max(need));
            let step = target - self.leased;
            let Ok(lease) = shared.ledger.try_acquire(Class::LogQueue, step as u64) else { return false };
            self.leases.push(lease);
            self.leased = target;
        }
        if need > self.bytes.capacity() {
            self.bytes.reserve_exact(self.leased - self.bytes.len());
        }
        true
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.records = 0;
    }
}

// ===== impl Shared =====

impl Shared {
    /// The thread: wait, collect, write; until the last handle is gone and nothing is left.
    fn run(&self, mut writer: impl Write) {
        let mut told = 0;
        loop {
            let (mut batch, flush, closed) = self.next();
            let last = closed && batch.bytes.is_empty();
            self.write(&mut writer, &batch);
            told = self.tell_dropped(&mut writer, told);
            batch.clear();
            self.done(batch, flush);
            if last {
                return;
            }
        }
    }

    /// Waits for records, for a flush, or for the end.
    fn next(&self) -> (Paid, u64, bool) {
        let mut state = self.state.lock();
        while state.is_quiet(*self.flushed.borrow()) {
            state.parked = true;
            self.wake.wait(&mut state);
        }
        state.parked = false;
        let urgent = |state: &MutexGuard<'_, State>| {
            state.closed
                || state.flush_asked > *self.flushed.borrow()
                || state.filling.bytes.len() >= self.half / 2
        };
        if !urgent(&state) {
            self.wake.wait_for(&mut state, LINGER);
        }
        let spare = std::mem::take(&mut state.spare);
        let batch = std::mem::replace(&mut state.filling, spare);
        (batch, state.flush_asked, state.closed)
    }

    fn write(&self, writer: &mut impl Write, batch: &Paid) {
        if let Err(_error) = writer.write_all(&batch.bytes).and_then(|()| writer.flush()) {
            // Nobody is left to tell: the counters do.
            self.write_errors.fetch_add(1, Ordering::Relaxed);
            self.dropped.fetch_add(batch.records, Ordering::Relaxed);
        }
    }

    /// Writes one record about those that are missing.
    fn tell_dropped(&self, writer: &mut impl Write, told: u64) -> u64 {
        let dropped = self.dropped.load(Ordering::Relaxed);
        if dropped > told {
            let record = super::record::dropped(dropped - told, dropped, self.form);
            if writer.write_all(&record).and_then(|()| writer.flush()).is_err() {
                return told;
            }
        }
        dropped
    }

    /// Keeps the written buffer for the next batch, or gives its memory back if there is none.
    fn done(&self, batch: Paid, flush: u64) {
        let mut state = self.state.lock();
        if state.filling.bytes.is_empty() {
            state.filling = Paid::default();
            state.spare = Paid::default();
            drop(batch);
        } else {
            state.spare = batch;
        }
        drop(state);
        self.flushed.send_replace(flush);
    }
}

impl State {
    fn is_quiet(&self, flushed: u64) -> bool {
        self.filling.bytes.is_empty() && !self.closed && self.flush_asked <= flushed
    }
}

#[cfg(test)]
mod tests;
