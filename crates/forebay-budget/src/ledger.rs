//! The memory ledger: one account per class, and leases drawn on it.
//!
//! The ledger counts; it does not allocate. It is right because leases are asked for *before* the memory is
//! used and travel inside the value that uses it. A clone of a ledger is the same ledger.

use std::{array, fmt, future::Future, sync::Arc, time::Duration};

use serde::{Serialize, Serializer};

use crate::{
    class::Class,
    gate::{Counts, Gate},
    lease::Lease,
    patience,
    plan::Plan,
    refused::{Refused, Why},
    size::ByteSize,
};

/// How many may wait for a class at once, unless [`Ledger::with_queue`] says otherwise.
pub const WAITERS_MAX_DEFAULT: usize = 1024;

/// The accounts of all classes. Cheap to clone; clones share the accounts.
#[derive(Clone)]
pub struct Ledger {
    accounts: Arc<[Arc<Gate>; Class::ALL.len()]>,
}

/// The state of one account. Amounts are in bytes (in a descriptor ledger: in descriptors).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Held now.
    pub in_use: u64,
    /// The most that was ever held at once.
    pub peak: u64,
    /// The most that may be held at once.
    pub capacity: u64,
    /// How many wait now.
    pub waiting: u64,
    /// How many requests were granted since the start.
    pub granted_total: u64,
    /// How many requests were refused since the start.
    pub refused_total: u64,
    /// The sum of all finished waits, granted or not. Serialised in seconds.
    #[serde(rename = "waited_seconds", serialize_with = "seconds")]
    pub waited: Duration,
}

impl Ledger {
    /// A ledger in which each class has the given capacity; a class that is named twice has the sum, one
    /// that is not named has nothing and refuses everything but leases of zero bytes.
    pub fn new(capacities: impl IntoIterator<Item = (Class, ByteSize)>) -> Self {
        Self::with_queue(capacities, WAITERS_MAX_DEFAULT)
    }

    /// As [`Ledger::new`], with at most `waiters_max` waiting for each class.
    pub fn with_queue(capacities: impl IntoIterator<Item = (Class, ByteSize)>, waiters_max: usize) -> Self {
        let mut sums = [ByteSize::ZERO; Class::ALL.len()];
        for (class, capacity) in capacities {
            sums[class.index()] = sums[class.index()] + capacity;
        }
        let account = |place: usize| Arc::new(Gate::new(sums[place].as_u64(), waiters_max));
        Self { accounts: Arc::new(array::from_fn(account)) }
    }

    /// The ledger that a plan describes.
    pub fn from_plan(plan: &Plan) -> Self {
        Self::new(plan.lines.iter().map(|line| (line.class, line.total)))
    }

    /// Takes `bytes` of `class` now.
    ///
    /// # Errors
    ///
    /// [`Refused`] if not as much is free, or if others wait for it already.
    pub fn try_acquire(&self, class: Class, bytes: u64) -> Result<Lease, Refused> {
        let gate = self.account(class);
        match gate.try_hold(bytes) {
            Ok(hold) => Ok(Lease::new(class, hold)),
            Err(denied) => Err(Refused::count(gate, class, bytes, denied.into())),
        }
    }

    /// As [`Ledger::try_acquire`] for what is taken on the side: a refusal is nobody's loss and is not counted.
    pub(crate) fn try_acquire_aside(&self, class: Class, bytes: u64) -> Option<Lease> {
        Some(Lease::new(class, self.account(class).try_hold(bytes).ok()?))
    }

    /// Takes `bytes` of `class`, waiting in turn for at most `patience`.
    ///
    /// First come, first served: nobody overtakes. The future takes its place in the queue when it is first
    /// polled, borrows nothing, and may be dropped at any time: its place is given up, and a grant that was
    /// on its way goes back.
    /// It needs tokio's timer, unless `patience` is zero. Do not wait while holding a lease of the same class.
    ///
    /// # Errors
    ///
    /// [`Refused`] at once if the class can never hold as much or too many wait already, and when `patience`
    /// has run out.
    pub fn acquire(
        &self,
        class: Class,
        bytes: u64,
        patience: Duration,
    ) -> impl Future<Output = Result<Lease, Refused>> + Send + use<> {
        let gate = Arc::clone(self.account(class));
        async move {
            let held = patience::hold(Arc::clone(&gate), bytes, patience).await;
            lease(&gate, class, bytes, held)
        }
    }

    /// As [`Ledger::acquire`], for a thread that may block (never a worker of the runtime).
    ///
    /// # Errors
    ///
    /// As [`Ledger::acquire`].
    pub fn acquire_blocking(&self, class: Class, bytes: u64, patience: Duration) -> Result<Lease, Refused> {
        let gate = self.account(class);
        lease(gate, class, bytes, patience::hold_blocking(gate, bytes, patience))
    }

    /// The state of one class.
    pub fn usage(&self, class: Class) -> Usage {
        self.account(class).counts().into()
    }

    /// The state of every class, in the order of the plan.
    pub fn usages(&self) -> Vec<(Class, Usage)> {
        Class::ALL.into_iter().map(|class| (class, self.usage(class))).collect()
    }

    /// True if nothing is in flight: no class but the standing ones ([`Class::is_standing`]) holds anything, and
    /// nobody waits.
    pub fn idle(&self) -> bool {
        self.usages()
            .iter()
            .all(|(class, usage)| usage.waiting == 0 && (class.is_standing() || usage.in_use == 0))
    }

    /// The first class of which a newcomer would probably get nothing: its queue is full, or its first has waited for
    /// more than a second.
    pub fn saturated(&self) -> Option<Class> {
        Class::ALL.into_iter().find(|class| self.account(*class).is_saturated())
    }

    fn account(&self, class: Class) -> &Arc<Gate> {
        &self.accounts[class.index()]
    }
}

fn lease(
    gate: &Gate,
    class: Class,
    bytes: u64,
    held: Result<crate::gate::Hold, Why>,
) -> Result<Lease, Refused> {
    held.map(|hold| Lease::new(class, hold)).map_err(|why| Refused::count(gate, class, bytes, why))
}

impl Usage {
    /// Capacity that is not held.
    pub fn free(&self) -> u64 {
        self.capacity.saturating_sub(self.in_use)
    }
}

impl From<Counts> for Usage {
    fn from(counts: Counts) -> Self {
        Self {
            in_use: counts.in_use,
            peak: counts.peak,
            capacity: counts.capacity,
            waiting: counts.waiting,
            granted_total: counts.granted,
            refused_total: counts.refused,
            waited: counts.waited,
        }
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.usages().into_iter().filter(|(_, usage)| usage.capacity > 0);
        f.debug_map()
            .entries(held.map(|(class, usage)| (class.name(), (usage.in_use, usage.capacity))))
            .finish()
    }
}

fn seconds<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(time.as_secs_f64())
}
