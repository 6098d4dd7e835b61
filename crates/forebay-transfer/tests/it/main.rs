//! Transfers at their boundary: a server in this process, faults by script, files in a directory of their own.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod copy;
mod deposit;
mod deposit_change;
mod get;
mod get_ends;
mod get_killed;
mod get_memory;
mod get_ordered;
mod goes;
mod goes_any;
mod goes_contested;
mod page_cache;
mod put;
mod put_digest;
mod put_left;
mod world;
