//! `/healthz` and `/readyz`: two questions that orchestrators must not confuse.
//!
//! *Alive* is true whenever it can be said at all; a process that is merely full must not be killed for it.
//! *Ready* is false while the process starts, while it drains, while something is missing that it needs, and while a queue is saturated: one for memory, the one
//! for descriptors, or the one of requests that wait for their turn. The answer says which. A balancer that looks
//! elsewhere for a second is the cheapest form of back-pressure.

use std::{borrow::Cow, sync::Arc};

use axum::extract::State;
use http::StatusCode;

use crate::{Phase, routes::Admin};

/// `GET /healthz`
pub(crate) async fn alive() -> &'static str {
    "alive\n"
}

/// `GET /readyz`
pub(crate) async fn ready(State(admin): State<Arc<Admin>>) -> (StatusCode, Cow<'static, str>) {
    match obstacle(&admin) {
        None => (StatusCode::OK, "ready\n".into()),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, why),
    }
}

/// Why the process should get no new requests now, if so.
fn obstacle(admin: &Admin) -> Option<Cow<'static, str>> {
    let phase = *admin.sources.phase.borrow();
    match phase {
        Phase::Starting => Some("starting\n".into()),
        Phase::Draining => Some("draining\n".into()),
        Phase::Serving => missing(admin).or_else(|| saturated(admin)),
    }
}

/// What is needed and not there.
fn missing(admin: &Admin) -> Option<Cow<'static, str>> {
    let missing = admin.sources.needs.as_ref()?.missing()?;
    Some(format!("missing: {missing}\n").into())
}

/// The first queue that a newcomer would probably not get through.
fn saturated(admin: &Admin) -> Option<Cow<'static, str>> {
    let sources = &admin.sources;
    if let Some(class) = sources.ledger.saturated() {
        return Some(format!("saturated: memory for {class} is waited for\n").into());
    }
    if sources.fds.saturated() {
        return Some("saturated: file descriptors are waited for\n".into());
    }
    let is_full = sources.turns.as_ref().is_some_and(|turns| turns.figures().saturated);
    is_full.then(|| "saturated: requests wait for their turn\n".into())
}
