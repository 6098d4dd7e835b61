//! The ledgers, the buffers, the control groups and the plan, as their users see them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod buffers;
mod cgroups;
mod descriptors;
mod ledger;
mod plan;
mod properties;
mod transfers;
mod wire;
