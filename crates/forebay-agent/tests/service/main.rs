//! The agent at work on a queue: beside edges that are slow, dead or wrong.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod away;
mod figures;
mod rig;
mod working;
