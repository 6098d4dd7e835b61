//! One binary for all integration tests: linking is the slow part.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accept;
mod conditional;
mod disposition;
mod path;
mod range;
