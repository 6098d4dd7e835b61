//! `/healthz` and `/readyz`: two questions that orchestrators must not confuse.
//!
//! *Alive* is true whenever it can be said at all; a process that is merely full must not be killed for it.
//! *Ready* is false while the process starts, while it drains, and while a queue of the budget is saturated:
//! a balancer that looks elsewhere for a second is the cheapest form of back-pressure.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use crate::{Phase, routes::Admin};

/// `GET /healthz`
pub(crate) async fn alive() -> &'static str {
    "alive\n"
}

/// `GET /readyz`
pub(crate) async fn ready(State(admin): State<Arc<Admin>>) -> (StatusCode, &'static str) {
    match obstacle(&admin) {
        None => (StatusCode::OK, "ready\n"),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, why),
    }
}

/// Why the process should get no new requests now, if so.
fn obstacle(admin: &Admin) -> Option<&'static str> {
    let phase = *admin.sources.phase.borrow();
    match phase {
        Phase::Starting => Some("starting\n"),
        Phase::Draining => Some("draining\n"),
        Phase::Serving if admin.sources.ledger.saturated() => Some("saturated: requests wait for memory\n"),
        Phase::Serving => None,
    }
}
