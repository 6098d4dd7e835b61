//! Every address of the interface, and what all of them share.

use std::{fmt, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    middleware,
    routing::{get, post},
};
use prometheus_client::registry::Registry;
use tokio::sync::Semaphore;

use crate::{
    AdminSources, admission, config, console, cpu, health,
    heap::{self, Heap},
    log_level, memory, metrics, transfers,
};

/// What the handlers share.
pub(crate) struct Admin {
    pub(crate) sources: AdminSources,
    pub(crate) registry: Registry,
    /// How many requests may still be admitted.
    pub(crate) gate: Semaphore,
    /// One profile at a time, of either kind: each costs memory and slows the process a little.
    pub(crate) profiling: Arc<Semaphore>,
    pub(crate) heap: Heap,
}

/// The interface over these sources.
///
/// The router holds no task and no thread; it may be served by anything that serves an [`axum::Router`].
pub fn router(mut sources: AdminSources) -> Router {
    let mut registry = std::mem::take(&mut sources.registry);
    metrics::register(&mut registry, &sources);
    let admin = Arc::new(Admin {
        registry,
        gate: Semaphore::new(admission::REQUESTS_MAX),
        profiling: Arc::new(Semaphore::new(1)),
        heap: Heap::new(),
        sources,
    });
    let gated = Router::new()
        .route("/", get(console::show))
        .route("/metrics", get(metrics::scrape))
        .route("/memory", get(memory::show))
        .route("/transfers", get(transfers::show))
        .route("/transfers/{id}", post(transfers::end).delete(transfers::end))
        .route("/log-level", get(log_level::show).put(log_level::replace).post(log_level::choose))
        .route("/config", get(config::show))
        .route("/debug/pprof/", get(console::profiles))
        .route("/debug/pprof/heap", get(heap::serve))
        .route("/debug/pprof/active", get(heap::show_active).put(heap::set_active))
        .route("/debug/pprof/profile", get(cpu::serve))
        .layer(DefaultBodyLimit::max(admission::BODY_BYTES_MAX))
        .layer(middleware::from_fn(admission::refuse_foreign_pages))
        .layer(middleware::from_fn_with_state(Arc::clone(&admin), admission::gate));
    // Outside of the gate: an orchestrator that gets no answer kills the process.
    let health = Router::new().route("/healthz", get(health::alive)).route("/readyz", get(health::ready));
    gated.merge(health).with_state(admin)
}

/// The time a request has: profiles last as long as they were asked to, and then need to be named and written.
pub(crate) fn deadline(request: &Request) -> Duration {
    if request.uri().path().starts_with("/debug/pprof/") {
        crate::profile::SECONDS_MAX + crate::profile::REPORT_TIME
    } else {
        admission::DEADLINE
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").field("sources", &self.sources).finish_non_exhaustive()
    }
}
