//! The queue in a directory, through its public face.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod crash;
mod fleet;
mod fleet_server;
mod fleet_trouble;
mod histories;
mod leases;
mod life;
mod model;
mod order;
mod schedule;
mod stock;
mod submit;
mod telling;
mod tiers;
mod trouble;
mod waiting;
mod world;
