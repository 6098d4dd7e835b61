//! `/metrics`: OpenMetrics text, names and all.
//!
//! Names are an interface: dashboards and alerts stand on them. Every name that this crate writes is in
//! `docs/metrics.md`, and a test compares the two. Nothing is counted here: each figure is read at the scrape from
//! the one that counts (the ledger, the network, the kernel), so that there is one truth per number.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use prometheus_client::{encoding::text, registry::Registry};

use crate::{AdminSources, admission::Refusal, routes::Admin, sheets::Sheets};

mod budget;
mod diag;
mod family;
mod heap;
mod kernel;
mod network;
pub(crate) mod process;
mod queues;
mod sockets;

/// The content type that OpenMetrics 1.0 demands.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Adds what this crate knows how to measure.
pub(crate) fn register(registry: &mut Registry, sources: &AdminSources) {
    registry.register_collector(Box::new(budget::Budget {
        version: sources.about.version,
        ledger: sources.ledger.clone(),
        fds: sources.fds.clone(),
        plan: Arc::clone(&sources.plan),
    }));
    registry.register_collector(Box::new(queues::Pools(sources.pools.clone())));
    if let Some(turns) = &sources.turns {
        registry.register_collector(Box::new(queues::Turn(Arc::clone(turns))));
    }
    registry.register_collector(Box::new(network::Sockets(Arc::clone(&sources.network))));
    registry.register_collector(Box::new(kernel::Kernel));
    registry.register_collector(Box::new(heap::Allocator));
}

/// `GET /metrics`
pub(crate) async fn scrape(State(admin): State<Arc<Admin>>) -> Result<Response, Refusal> {
    let mut sheets = Sheets::new(admin.sources.ledger.clone());
    // The figures of the kernel are files, and some of them are long.
    let scrape = tokio::task::spawn_blocking(move || {
        let written = text::encode(&mut sheets, &admin.registry);
        sheets.send(written, OPEN_METRICS)
    });
    scrape.await?
}
