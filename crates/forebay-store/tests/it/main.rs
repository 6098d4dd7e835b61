//! The promises of the store crate, at its public boundary.
//!
//! `contract` holds what every store promises; the other files hold what the local store promises beyond that.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bench;
mod brakes;
mod budget;
mod contract;
mod expiring;
mod freshness;
mod listing;
mod local;
mod names;
mod origin;
mod remote_store;
mod resume;
mod root;
mod sandbox;
mod scripted;
mod shelf;
mod walk;
mod web;
mod writing;
