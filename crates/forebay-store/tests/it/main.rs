//! The promises of the store crate, at its public boundary.
//!
//! `contract` holds what every store promises; the other files hold what the local store promises beyond that.

mod bench;
mod budget;
mod contract;
mod freshness;
mod listing;
mod local;
mod names;
mod root;
mod sandbox;
mod walk;
