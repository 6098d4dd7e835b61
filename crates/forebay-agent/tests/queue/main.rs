//! The queue in a directory, through its public face.

mod histories;
mod leases;
mod life;
mod model;
mod order;
mod schedule;
mod submit;
mod tiers;
mod waiting;
mod world;
