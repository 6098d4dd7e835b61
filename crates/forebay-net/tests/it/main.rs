//! The crate at its boundary: bytes over real sockets, compared one by one.
#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod bytes;
mod server;
mod syscalls;
mod trouble;
