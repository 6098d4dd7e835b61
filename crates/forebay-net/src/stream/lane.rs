//! What a stream's task, its bytes in hyper's hands, the sweeper and the operator share.

use std::any::Any;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::Waker;

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;

use crate::verdict::Reason;
use crate::verdict::stream::StreamMemory;

/// One stream, as everybody but hyper sees it.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    /// Response bytes that hyper was given and the connection's I/O has not taken.
    waiting: AtomicU64,
    /// The task wants to be woken when that falls to zero.
    settling: AtomicBool,
    /// Why the stream is to be ended: a reason's discriminant + 1, or 0.
    end: AtomicU8,
    task: AtomicWaker,
    kept: Mutex<Kept>,
    /// The sweeper's.
    pub(crate) memory: Mutex<Option<StreamMemory>>,
}

/// A body that hyper has finished with and whose bytes it still holds.
#[derive(Debug, Default)]
enum Kept {
    /// The stream's task is gone: nothing is kept any more.
    #[default]
    Closed,
    Open,
    Holding {
        _body: Box<dyn Any + Send>,
    },
}

impl Lane {
    pub(crate) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::SeqCst)
    }

    /// hyper was given `bytes`.
    pub(crate) fn hand(&self, bytes: u64) {
        self.waiting.fetch_add(bytes, Ordering::SeqCst);
    }

    /// `bytes` have left hyper's hands, into the connection's I/O or into nothing. Called under hyper's
    /// locks: it runs no foreign code but a wake-up.
    pub(crate) fn release(&self, bytes: u64) {
        let left = self.waiting.fetch_sub(bytes, Ordering::SeqCst).saturating_sub(bytes);
        if left == 0 && self.settling.load(Ordering::SeqCst) {
            self.task.wake();
        }
    }

    /// Whether nothing is in hyper's hands; if something is, the task is woken when nothing is any more.
    pub(crate) fn is_settled(&self) -> bool {
        // Said first, looked at afterwards: the last byte leaves either before the look, or after what
        // was said.
        self.settling.store(true, Ordering::SeqCst);
        self.waiting() == 0
    }

    pub(crate) fn register(&self, task: &Waker) {
        self.task.register(task);
    }

    /// Asks the stream's task to end it.
    pub(crate) fn end(&self, reason: Reason) {
        let first = self.end.compare_exchange(0, reason as u8 + 1, Ordering::AcqRel, Ordering::Acquire);
        if first.is_ok() {
            self.task.wake();
        }
    }

    pub(crate) fn ended(&self) -> Option<Reason> {
        let code = self.end.load(Ordering::Acquire);
        Reason::ALL.get(usize::from(code).checked_sub(1)?).copied()
    }

    /// From here on there is a task, which lets go of what is kept.
    pub(crate) fn open(&self) {
        *self.kept.lock() = Kept::Open;
    }

    /// Keeps a body until its bytes have left hyper's hands, or drops it if nobody could let it go.
    pub(crate) fn keep(&self, body: Box<dyn Any + Send>) {
        let mut kept = self.kept.lock();
        if matches!(*kept, Kept::Open) {
            *kept = Kept::Holding { _body: body };
            return;
        }
        // A body runs foreign code as it is dropped, so never under the lock.
        drop(kept);
        drop(body);
    }

    pub(crate) fn close(&self) {
        let kept = std::mem::take(&mut *self.kept.lock());
        drop(kept);
    }
}
