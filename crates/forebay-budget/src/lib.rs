//! Ledgers, leases, buffers, the plan, units and the limits of the process.
//!
//! The law of the house is that everything in flight has an owner: bytes and descriptors are granted before
//! the work begins, travel inside what they pay for, and go back when that is dropped. This crate is where they
//! come from.
//!
//! - [`ByteSize`], [`Rate`]: units, and the text that people write them in.
//! - [`Plan`]: what there is, as a sum of named lines, one or more per [`Class`].
//! - [`Ledger`] and [`Lease`]: the plan as accounts, and what was drawn on them; a fair queue before each.
//! - [`BufferPool`] and [`PooledBuf`]: memory with its payer, which becomes [`Bytes`](bytes::Bytes) and is used again.
//! - [`FdLedger`] and [`FdLease`]: the same for file descriptors; [`raise_nofile`].
//! - [`cgroup_memory_limit`], [`MemoryFacts`]: what the kernel lets us have.
//!
//! It knows nothing of sockets or HTTP.
//!
//! ```
//! use forebay_budget::{ByteSize, Class, Ledger};
//!
//! let ledger = Ledger::new([(Class::Reads, ByteSize::mib(1))]);
//! let mut lease = ledger.try_acquire(Class::Reads, 1 << 20)?;
//! let refused = ledger.try_acquire(Class::Reads, 1).unwrap_err();
//! assert_eq!(refused.to_string(), "reads: 1 B asked, 0 B free of 1 MiB: not enough is free");
//!
//! let half = lease.split(1 << 19);
//! drop(lease);
//! assert_eq!(ledger.usage(Class::Reads).in_use, 1 << 19);
//! drop(half);
//! assert!(ledger.idle());
//! # Ok::<(), forebay_budget::Refused>(())
//! ```

mod buffer;
mod cgroup;
mod class;
mod fds;
mod gate;
mod lease;
mod ledger;
#[cfg(test)]
mod model;
mod patience;
mod plan;
mod refused;
mod size;
mod sync;

pub use buffer::{BufferPool, PoolStats, PooledBuf};
pub use cgroup::{MemoryLimit, cgroup_memory_limit, cgroup_memory_limit_under};
pub use class::{Class, WhenFull};
pub use fds::{FdLease, FdLedger, NofileLimits, raise_nofile};
pub use lease::Lease;
pub use ledger::{Ledger, Usage, WAITERS_MAX_DEFAULT};
pub use plan::{
    AgentAsk, AgentPlan, CONNECTIONS_MIN, EdgeAsk, FdPlan, LanePlan, Limits, Line, MEMORY_DEFAULT_MAX,
    MemoryFacts, Plan, PlanError, ServicePlan, Sizes, TransferAsk, TransferPlan, UpstreamSizes, Work,
};
pub use refused::{FdRefused, Refused, Why};
pub use size::{ByteSize, ParseUnitError, Rate};
