//! One binary for all integration tests: linking is the slow part.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accept;
mod answers;
mod asking;
mod buffers;
mod bytes;
mod client;
mod conditional;
mod decode;
mod disposition;
mod doors;
mod folders;
mod front;
mod holding;
mod path;
mod range;
mod site;
mod transports;
mod upload;
mod upstream;
