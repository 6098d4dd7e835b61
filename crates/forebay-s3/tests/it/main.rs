//! A bucket over S3, against servers that others wrote and one that does what it is told.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod contract;
mod credentials;
mod failures;
mod probes;
mod requests;
mod servers;
mod streams;
