//! Warming and purging edge caches.
//!
//! A cache at the edge is told to forget an object ([`Action::Purge`]), to fetch it before anybody asks ([`Action::Warm`]), or both in turn
//! ([`Action::Refresh`]). Whoever does this at a high rate has three duties, and this crate is built around them: a body that is wanted only
//! for its side effect takes no memory, whatever its size; an edge is never hurt by its own warmer; and what is reported was seen, not
//! hoped.
//!
//! - [`Target`], [`Action`], [`Lane`]: what is to be done;
//! - [`Outcome`], [`FailureClass`]: what came of it;
//! - [`edge`]: who an edge is, and what its answers mean;
//! - [`governor`]: care for an edge; [`Window`]: at what times of day;
//! - [`work`]: one URL on one edge;
//! - [`list`]: URLs by the million; [`fleet`]: all of them, on many edges;
//! - [`queue`]: jobs that survive the process; [`service`]: the agent that works on them; [`api`]: asking it to; [`metrics`]: watching it;
//! - [`hook`]: telling others that it was done.
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod api;
pub mod edge;
mod failure;
pub mod fleet;
pub mod governor;
pub mod hook;
pub mod list;
pub mod metrics;
mod outcome;
pub mod queue;
mod retry_after;
pub mod service;
mod spread;
mod target;
mod task;
mod window;
pub mod work;

pub use failure::{Failure, FailureClass};
pub use outcome::{Held, Outcome, Sha256Digest, Verdict};
pub use spread::{BOUNDS_LEN, Spread, Times};
pub use target::{Target, TargetError};
pub use task::{Action, Lane, UnknownAction};
pub use window::{Window, WindowError};
