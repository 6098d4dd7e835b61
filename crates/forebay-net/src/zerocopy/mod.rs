//! Sending files by name: zero-copy under an unmodified hyper.
//!
//! 1. A handler answers with a [`FileBody`](body::FileBody) and, in the response's extensions, the
//!    [`FileOffer`](offer::FileOffer) that goes with it.
//! 2. Outside of all layers, the connection arms the body if nothing has replaced it.
//! 3. As hyper polls it, the armed body pushes spans on the connection's [`queue`] and yields
//!    placeholders: slices of the untouched [`region`], whose address names the span.
//! 4. hyper queues the placeholder's address behind the head and asks the connection's [`io`] to write
//!    both at once; the I/O sends the head with `MSG_MORE` and then calls `sendfile` (or, above TLS,
//!    reads the file at that very moment).
//!
//! Bytes that come from a socket of ours are named in the same way once they are in a pipe ([`relay`]).
//!
//! Whatever does not fit this picture (HTTP/2, another server, a layer that reads the bytes) gets the
//! same body by ordinary reads, through a window that a lease pays for.

pub(crate) mod body;
mod calls;
pub(crate) mod cold;
#[cfg(test)]
mod faults;
pub(crate) mod io;
pub(crate) mod offer;
pub(crate) mod queue;
pub(crate) mod reader;
pub(crate) mod region;
pub(crate) mod relay;
#[cfg(test)]
mod relayed;
pub(crate) mod socket;
pub(crate) mod span;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod turn;
