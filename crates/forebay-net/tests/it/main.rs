//! The crate at its boundary: bytes over real sockets, compared one by one.
#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod admission;
mod bytes;
mod client_body;
mod client_kit;
mod client_leaks;
mod client_pool;
mod client_tls;
mod client_wire;
mod cold;
mod cost;
mod growth;
mod heads;
mod http2;
mod limits;
mod server;
mod streams;
mod syscalls;
mod tls;
mod trouble;
mod vanish;
