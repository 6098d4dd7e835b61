//! File descriptors are the second ledger: the same gate, counted in descriptors.
//!
//! A process that runs out of descriptors fails in every place at once, and first in `accept`. So sockets and
//! files lease their descriptors like memory, from a share of the limit that the plan leaves to them; what the
//! runtime, the log and the administration listener need stays outside of it.

use std::{fmt, future::Future, io, sync::Arc, time::Duration};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Serialize;

use crate::{
    gate::{Gate, Hold},
    ledger::{Usage, WAITERS_MAX_DEFAULT},
    patience,
    refused::{FdRefused, Why},
};

/// The account of file descriptors. Cheap to clone; clones share it.
#[derive(Clone)]
pub struct FdLedger {
    gate: Arc<Gate>,
}

/// A granted number of descriptors, given back on drop. Keep it beside the descriptor that it pays for.
#[derive(Debug)]
#[must_use = "a lease that is not kept gives its descriptors back at once"]
pub struct FdLease {
    hold: Hold,
}

/// The limits on open descriptors of this process (`RLIMIT_NOFILE`); [`u64::MAX`] where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct NofileLimits {
    /// The soft limit that the process was started with.
    pub soft_before: u64,
    /// The soft limit now: what `open` and `accept` are measured against.
    pub soft: u64,
    /// How far the soft limit may be raised without privileges.
    pub hard: u64,
}

impl FdLedger {
    /// A ledger of `capacity` descriptors.
    pub fn new(capacity: u64) -> Self {
        Self { gate: Arc::new(Gate::new(capacity, WAITERS_MAX_DEFAULT)) }
    }

    /// Takes `n` descriptors now.
    ///
    /// # Errors
    ///
    /// [`FdRefused`] if not as many are free, or if others wait for them already.
    pub fn try_acquire(&self, n: u64) -> Result<FdLease, FdRefused> {
        match self.gate.try_hold(n) {
            Ok(hold) => Ok(FdLease { hold }),
            Err(denied) => Err(FdRefused::count(&self.gate, n, denied.into())),
        }
    }

    /// Takes `n` descriptors, waiting in turn for at most `patience`. Fairness, cancelling and the need for a
    /// timer are as in [`Ledger::acquire`](crate::Ledger::acquire).
    ///
    /// # Errors
    ///
    /// [`FdRefused`] at once if there can never be as many or too many wait already, and when `patience` has
    /// run out.
    pub fn acquire(
        &self,
        n: u64,
        patience: Duration,
    ) -> impl Future<Output = Result<FdLease, FdRefused>> + Send + use<> {
        let gate = Arc::clone(&self.gate);
        async move { lease(&gate, n, patience::hold(Arc::clone(&gate), n, patience).await) }
    }

    /// As [`FdLedger::acquire`], for a thread that may block (never a worker of the runtime).
    ///
    /// # Errors
    ///
    /// As [`FdLedger::acquire`].
    pub fn acquire_blocking(&self, n: u64, patience: Duration) -> Result<FdLease, FdRefused> {
        lease(&self.gate, n, patience::hold_blocking(&self.gate, n, patience))
    }

    /// The state of the account, in descriptors.
    pub fn usage(&self) -> Usage {
        self.gate.counts().into()
    }

    /// True if a newcomer would probably be turned away, as [`Ledger::saturated`](crate::Ledger::saturated) has it.
    pub fn saturated(&self) -> bool {
        self.gate.is_saturated()
    }

    /// True if nothing is held and nobody waits.
    pub fn idle(&self) -> bool {
        let usage = self.usage();
        usage.in_use == 0 && usage.waiting == 0
    }
}

fn lease(gate: &Gate, n: u64, held: Result<Hold, Why>) -> Result<FdLease, FdRefused> {
    held.map(|hold| FdLease { hold }).map_err(|why| FdRefused::count(gate, n, why))
}

impl FdLease {
    /// The number of descriptors held.
    pub fn count(&self) -> u64 {
        self.hold.amount()
    }

    /// Cuts `n` off into a lease of their own; `None`, and nothing changed, if this one holds fewer.
    pub fn split(&mut self, n: u64) -> Option<Self> {
        Some(Self { hold: self.hold.split(n)? })
    }

    /// Joins another lease of the same ledger to this one.
    ///
    /// # Errors
    ///
    /// Hands `other` back if it is of another ledger.
    pub fn merge(&mut self, other: Self) -> Result<(), Self> {
        self.hold.merge(other.hold).map_err(|hold| Self { hold })
    }
}

/// Raises the soft limit on open descriptors to the hard one and says what it was and is.
///
/// A limit that the kernel does not let us raise is left as it is: the plan is made for what there is.
///
/// # Errors
///
/// The kernel's, if the limits cannot be read.
pub fn raise_nofile() -> io::Result<NofileLimits> {
    let before = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: before.maximum, maximum: before.maximum };
    if before.current != before.maximum {
        setrlimit(Resource::Nofile, raised).unwrap_or(());
    }
    Ok(NofileLimits { soft_before: number(before.current), ..NofileLimits::now() })
}

impl NofileLimits {
    /// The limits as they are. For a library, which has no business to raise those of its program.
    pub fn now() -> Self {
        let now = getrlimit(Resource::Nofile);
        Self { soft_before: number(now.current), soft: number(now.current), hard: number(now.maximum) }
    }
}

fn number(limit: Option<u64>) -> u64 {
    limit.unwrap_or(u64::MAX)
}

impl fmt::Debug for FdLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usage = self.usage();
        f.debug_struct("FdLedger")
            .field("in_use", &usage.in_use)
            .field("capacity", &usage.capacity)
            .finish_non_exhaustive()
    }
}
