//! What the rest of the process lends to the operator's interface.
//!
//! This crate knows the budget and nothing else of the house. What it needs from the network and the log it
//! asks for through traits that are small enough to be implemented in the wiring, and figures that are plain
//! numbers: a source counts, this crate names.

use std::{fmt, sync::Arc, time::Duration};

use forebay_budget::{BufferPool, FdLedger, Ledger, Plan};
use prometheus_client::registry::Registry;
use tokio::sync::watch;

/// Everything that [`router`](crate::router) shows or changes.
pub struct AdminSources {
    /// Which program this is.
    pub about: About,
    /// The plan that the process was started with.
    pub plan: Arc<Plan>,
    /// The memory ledger; requests to this interface lease from it too.
    pub ledger: Ledger,
    /// The descriptor ledger.
    pub fds: FdLedger,
    /// Pools of buffers that outlive their users.
    pub pools: Vec<BufferPool>,
    /// The queue of requests that wait for their turn, where requests under way are limited.
    pub turns: Option<Arc<dyn Turns>>,
    /// What it needs beside itself: without it, it is not ready.
    pub needs: Option<Arc<dyn Needs>>,
    /// Where the process is in its life: `/readyz` says yes only while it serves.
    pub phase: watch::Receiver<Phase>,
    /// What is on its way now.
    pub transfers: Arc<dyn Transfers>,
    /// What the sockets did.
    pub network: Arc<dyn Network>,
    /// What the log lets through.
    pub log_level: Arc<dyn LogLevel>,
    /// The configuration in effect, as a tree. Secrets are hidden here, by the names of their keys.
    pub config: serde_json::Value,
    /// Metrics of other crates, already registered. This crate adds its own.
    pub registry: Registry,
}

/// What program is running, for the console and the metric `forebay_build_info`.
#[derive(Clone, Debug)]
pub struct About {
    /// The version of the program.
    pub version: &'static str,
    /// What it serves, in words: a directory, a bucket, an origin; no secrets.
    pub serves: String,
    /// The addresses that it serves on.
    pub addresses: Vec<String>,
}

/// Where a process is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// It does not accept yet.
    Starting,
    /// It accepts.
    Serving,
    /// It finishes what it has and accepts nothing new.
    Draining,
}

/// What the process needs beside itself.
pub trait Needs: Send + Sync + 'static {
    /// What is missing now, in words.
    fn missing(&self) -> Option<&'static str>;
}

/// What is on its way now.
pub trait Transfers: Send + Sync + 'static {
    /// Calls `visit` with every live transfer, in any order. There may be as many as connections, so the caller
    /// keeps only what it shows.
    fn visit(&self, visit: &mut dyn FnMut(TransferView));

    /// Aborts the transfer and its connection. False if there is none of this id (any more).
    fn end(&self, id: u64) -> bool;
}

/// One transfer as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferView {
    /// Its name for [`Transfers::end`].
    pub id: u64,
    /// The client's address.
    pub client: String,
    /// The request's method.
    pub method: String,
    /// What was asked for, without secrets.
    pub target: String,
    /// The protocol: `HTTP/1.1`, `HTTP/2.0`, with or without TLS.
    pub protocol: String,
    /// Since the head was read.
    pub age: Duration,
    /// Bytes of the response body that the socket took.
    pub sent: u64,
    /// Bytes of the request body that were received.
    pub received: u64,
    /// Bytes per second now, both directions.
    pub rate: u64,
    /// Who is to move next, if nothing moves.
    pub stalled_on: Option<Party>,
}

/// Who holds up a transfer that does not move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// The client neither takes nor gives bytes.
    Client,
    /// The store or origin gives none.
    Upstream,
    /// The transfer waits for its share of the budget.
    Budget,
}

/// What the sockets did.
pub trait Network: Send + Sync + 'static {
    /// The figures now. Called at every scrape, on a blocking thread.
    fn figures(&self) -> NetworkFigures;
}

/// Figures of the network since the start, except those that say "now". Amounts are in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkFigures {
    /// Connections accepted.
    pub accepted: u64,
    /// Connections open now.
    pub active: u64,
    /// Transfers under way now.
    pub transfers: u64,
    /// Transfers that do not move now and wait for their client.
    pub stalled_on_client: u64,
    /// Transfers that do not move now and wait for the store or origin.
    pub stalled_on_upstream: u64,
    /// Transfers that do not move now and wait for their share of the budget.
    pub stalled_on_budget: u64,
    /// Connections that a limit ended, by the limit.
    pub ended: Vec<(&'static str, u64)>,
    /// HTTP/2 streams that a limit ended while their connection lived on, by the limit.
    pub streams_ended: Vec<(&'static str, u64)>,
    /// TLS handshakes that failed or were given up.
    pub tls_failures: u64,
    /// Times that accepting paused because there was no descriptor left.
    pub accept_pauses: u64,
    /// Bytes that sockets took.
    pub sent: u64,
    /// Bytes that came from sockets.
    pub received: u64,
    /// File bytes sent, by the way they went (`sendfile`, `late_read`, `relayed`, `read`).
    pub file_bytes: Vec<(&'static str, u64)>,
    /// Zero-copy responses aborted because the queue and the body disagreed. Anything but 0 is a bug.
    pub desyncs: u64,
    /// Responses aborted because a file became shorter under way.
    pub truncations: u64,
}

/// The queue before the requests under way.
pub trait Turns: Send + Sync + 'static {
    /// The figures now.
    fn figures(&self) -> TurnFigures;
}

/// Figures of a queue before a fixed number of places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TurnFigures {
    /// Places taken now.
    pub in_use: u64,
    /// Places in all.
    pub places: u64,
    /// Requests that wait for one now.
    pub waiting: u64,
    /// How many may wait.
    pub waiting_max: u64,
    /// The sum of all finished waits, whichever way they ended.
    pub waited: Duration,
    /// Requests that were refused since the start: as many waited as may, or it took too long.
    pub refused: u64,
    /// A newcomer would probably be refused: the queue is full, or its first has waited too long.
    pub saturated: bool,
}

/// What the log lets through, as directives of `tracing-subscriber`'s `EnvFilter` (`info`, `info,forebay=debug`).
pub trait LogLevel: Send + Sync + 'static {
    /// The directives in effect.
    fn current(&self) -> String;

    /// Puts other directives into effect.
    ///
    /// # Errors
    ///
    /// What is wrong with them, in words for the operator.
    fn replace(&self, directives: &str) -> Result<(), String>;
}

impl Phase {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Serving => "serving",
            Self::Draining => "draining",
        }
    }
}

impl Party {
    /// The word in metrics and views.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Upstream => "upstream",
            Self::Budget => "budget",
        }
    }
}

impl fmt::Debug for AdminSources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminSources").field("about", &self.about).finish_non_exhaustive()
    }
}
