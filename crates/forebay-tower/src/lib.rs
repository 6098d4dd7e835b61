//! Layers for services with large bodies: limits that are held to the true end of a body, and an access
//! log that never reads the upload.
//!
//! Every layer works alone on any `tower` or `axum` service; none needs the others. They share one idea:
//! a response is not over when its head is sent, so permits, leases, counts and log records ride *in the
//! body* and are settled when it is complete, failed or abandoned ([`body::EndBody`]).
//!
//! # Layout
//!
//! | module | what it bounds or tells |
//! |---|---|
//! | [`body`] | the wrappers that see a body to its end, and hold what it costs |
//! | [`client_ip`] | who the client is: the peer, or what a trusted proxy says |
//! | [`limit`] | requests in flight, requests per second and bytes per second, per client and in total |
//! | [`shed`] | a queue with a length and a time before the in-flight limit |
//! | [`size`] | the largest request body, chunked ones included |
//! | [`deadline`] | how long a response head may take |
//! | [`stall`] | how long a body may stand still, and how slow it may be |
//! | [`access_log`] | one JSON line per request, with bounded captures of both bodies |
//! | [`refusal`] | what a layer says when it says no |
//!
//! # Order
//!
//! From the outside in: `ClientIp`, `AccessLog` (so that refusals are logged too), `RequestRate`,
//! `LoadShed` or `InFlight`, `Deadline`, `BodyCeiling`, `Stall`, `Bandwidth`, the service. What counts per
//! client needs `ClientIp` outside of it: requests whose client nobody named share one bucket.

pub mod access_log;
pub mod body;
pub mod client_ip;
pub mod deadline;
pub mod limit;
pub mod refusal;
pub mod shed;
pub mod size;
pub mod stall;

mod keys;
#[cfg(test)]
mod testing;

pub use access_log::{AccessLog, AccessLogLayer, AccessLogOptions, LogQueue};
pub use client_ip::{Client, ClientAddr, ClientIp, ClientIpLayer};
pub use deadline::{Deadline, DeadlineLayer};
pub use limit::bandwidth::{Bandwidth, BandwidthLayer};
pub use limit::in_flight::{InFlight, InFlightLayer};
pub use limit::request_rate::{RequestRate, RequestRateLayer};
pub use refusal::Refusal;
pub use shed::{LoadShed, LoadShedLayer};
pub use size::{BodyCeiling, BodyCeilingLayer};
pub use stall::{Stall, StallLayer};
