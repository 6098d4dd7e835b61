//! One URL on one edge: what is asked, in which order, and what came of it.
//!
//! A purge is one request. A warm asks first, where that costs the origin nothing, whether there is anything to do; then it fetches the
//! object to nowhere; then it asks the edge whether it has it now. A refresh purges, proves the object absent, and warms it. Each request
//! is let in by the edge's governor and tried again under its brakes; nothing is held while waiting for either.
//!
//! - [`Worker`], [`WorkOptions`]: an edge at work; [`Wishes`]: what one job has otherwise;
//! - `request`: what is sent; `tries`: until when; `body`: objects to nowhere;
//! - `purging`, `probing`, `warming`, `refreshing`: the steps.

mod body;
mod probing;
mod purging;
mod refreshing;
mod request;
mod tries;
mod warming;
mod wishes;
mod worker;

pub use request::{Variant, VariantError};
pub use wishes::{VARIANTS_MAX, WishError, Wishes};
pub use worker::{Clients, Progress, Proof, Seen, WorkOptions, Worker};
