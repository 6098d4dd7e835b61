//! The agent at work on a queue: beside edges that are slow, dead or wrong.

mod away;
mod rig;
mod working;
