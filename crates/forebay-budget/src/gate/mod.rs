//! A counter that never passes its capacity, with a fair queue before it.
//!
//! The usual case costs two atomic operations and no lock: a taker adds to `in_use` if the sum fits and nobody
//! waits, a holder subtracts when it is dropped. The queue is touched only when there is one.
//!
//! The queue is strictly first come, first served. A large request at its head is not starved by small ones:
//! while anybody waits, the quick way is closed, so everything that is given back is kept for the head. The
//! price is that small requests wait behind a large one although they would fit; the queue's bounded length and
//! the waiters' bounded patience keep that price small.
//!
//! The race that loses wake-ups, and what closes it:
//!
//! 1. W finds the gate full. 2. H gives back; it sees no waiter and goes. 3. W enters the queue and sleeps for
//!    ever.
//!
//! W announces itself in `waiting` *before* it looks at `in_use` once more, H subtracts from `in_use` *before*
//! it looks at `waiting`; all four are sequentially consistent, so at least one of the two sees the other.

mod hold;
mod wait;

use std::{collections::VecDeque, sync::Arc, task::Waker, time::Duration};

use super::sync::{AtomicU64, AtomicUsize, Mutex, Ordering};
pub(crate) use hold::Hold;
use wait::Ticket;
pub(crate) use wait::Wait;

/// A first waiter that is older than this says that the queue does not keep up.
const STUCK_AFTER: Duration = Duration::from_secs(1);

/// Where everybody who takes an amount passes.
#[derive(Debug)]
pub(crate) struct Gate {
    capacity: u64,
    /// How many may wait; whoever comes after them is refused at once.
    waiters_max: usize,
    in_use: AtomicU64,
    /// The length of `queue`, readable without its lock.
    waiting: AtomicUsize,
    peak: AtomicU64,
    granted: AtomicU64,
    refused: AtomicU64,
    waited_nanos: AtomicU64,
    queue: Mutex<VecDeque<Arc<Ticket>>>,
}

/// Why the quick way did not grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// More than the whole capacity: waiting cannot help.
    TooLarge,
    /// Not enough is free now, or others wait for it already.
    Full,
    /// As `Full`, and as many wait as may.
    QueueFull,
}

/// What the gate counted, at one moment (each number for itself).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) in_use: u64,
    pub(crate) peak: u64,
    pub(crate) capacity: u64,
    pub(crate) waiting: u64,
    pub(crate) granted: u64,
    pub(crate) refused: u64,
    pub(crate) waited: Duration,
}

impl Gate {
    pub(crate) fn new(capacity: u64, waiters_max: usize) -> Self {
        Self {
            capacity,
            waiters_max,
            in_use: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            peak: AtomicU64::new(0),
            granted: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            waited_nanos: AtomicU64::new(0),
            queue: Mutex::new(VecDeque::new()),
        }
    }

    /// Takes `amount` now or not at all.
    pub(crate) fn try_hold(self: &Arc<Self>, amount: u64) -> Result<Hold, Denied> {
        self.try_pass(amount)?;
        Ok(Hold::taken(Arc::clone(self), amount))
    }

    /// Takes a place in the queue, or refuses if there is none. The place is given up by dropping it.
    pub(crate) fn queue_up(self: &Arc<Self>, amount: u64) -> Result<Wait, Denied> {
        if amount > self.capacity {
            return Err(Denied::TooLarge);
        }
        let ticket = Arc::new(Ticket::new(amount));
        {
            let mut queue = self.queue.lock();
            if queue.len() >= self.waiters_max {
                return Err(Denied::QueueFull);
            }
            queue.push_back(Arc::clone(&ticket));
            self.waiting.store(queue.len(), Ordering::SeqCst);
        }
        let wait = Wait::new(Arc::clone(self), ticket);
        // Step 3 of the race above: what was given back before the announcement is seen here.
        self.admit();
        Ok(wait)
    }

    /// The quick way: open only while nobody waits.
    fn try_pass(&self, amount: u64) -> Result<(), Denied> {
        if amount > self.capacity {
            return Err(Denied::TooLarge);
        }
        if self.waiting.load(Ordering::SeqCst) > 0 || !self.take(amount) {
            return Err(Denied::Full);
        }
        self.granted.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Adds to `in_use` if the sum fits.
    fn take(&self, amount: u64) -> bool {
        let before = self.in_use.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |in_use| {
            in_use.checked_add(amount).filter(|after| *after <= self.capacity)
        });
        let Ok(before) = before else { return false };
        let after = before + amount;
        if after > self.peak.load(Ordering::Relaxed) {
            self.peak.fetch_max(after, Ordering::Relaxed);
        }
        true
    }

    /// Gives `amount` back and lets in whoever can now pass.
    fn give_back(&self, amount: u64) {
        if amount == 0 {
            return;
        }
        self.in_use.fetch_sub(amount, Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.admit();
        }
    }

    /// Lets waiters in, in their order, as long as the first of them fits. Wakes outside the lock: a waker may
    /// run code that comes back here.
    fn admit(&self) {
        while let Some(waker) = self.admit_first() {
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    fn admit_first(&self) -> Option<Option<Waker>> {
        let mut queue = self.queue.lock();
        let first = queue.front()?;
        if !self.take(first.amount()) {
            return None;
        }
        let first = queue.pop_front()?;
        self.waiting.store(queue.len(), Ordering::SeqCst);
        self.granted.fetch_add(1, Ordering::Relaxed);
        self.count_wait(&first);
        Some(first.grant())
    }

    /// Ends a wait that nobody will collect: out of the queue, or, if the grant was on its way, given back.
    fn leave(&self, ticket: &Arc<Ticket>) {
        let was_queued = {
            let mut queue = self.queue.lock();
            let place = queue.iter().position(|queued| Arc::ptr_eq(queued, ticket));
            if let Some(place) = place {
                queue.remove(place);
                self.waiting.store(queue.len(), Ordering::SeqCst);
            }
            place.is_some()
        };
        if was_queued {
            self.count_wait(ticket);
            // Those behind may fit although this one did not.
            self.admit();
        } else {
            self.give_back(ticket.amount());
        }
    }

    fn count_wait(&self, ticket: &Ticket) {
        let nanos = u64::try_from(ticket.waited().as_nanos()).unwrap_or(u64::MAX);
        self.waited_nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Counts a refusal that the caller has decided on.
    pub(crate) fn count_refusal(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a newcomer would probably be turned away: the queue is full, or does not move.
    pub(crate) fn is_saturated(&self) -> bool {
        let waiting = self.waiting.load(Ordering::Relaxed);
        waiting > 0 && (waiting >= self.waiters_max || self.first_waits_for() > STUCK_AFTER)
    }

    /// How long the first in the queue has been waiting.
    fn first_waits_for(&self) -> Duration {
        self.queue.lock().front().map_or(Duration::ZERO, |first| first.waited())
    }

    pub(crate) fn capacity(&self) -> u64 {
        self.capacity
    }

    pub(crate) fn free(&self) -> u64 {
        self.capacity.saturating_sub(self.in_use.load(Ordering::Relaxed))
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            in_use: self.in_use.load(Ordering::SeqCst),
            peak: self.peak.load(Ordering::Relaxed),
            capacity: self.capacity,
            waiting: self.waiting.load(Ordering::SeqCst) as u64,
            granted: self.granted.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            waited: Duration::from_nanos(self.waited_nanos.load(Ordering::Relaxed)),
        }
    }
}
