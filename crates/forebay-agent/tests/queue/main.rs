//! The queue in a directory, through its public face.

mod leases;
mod life;
mod order;
mod schedule;
mod submit;
mod tiers;
mod waiting;
mod world;
