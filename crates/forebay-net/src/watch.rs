//! The register of live connections: for the operator's view, for metrics, and for whoever must end one.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use http::Method;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::info::Protocol;
use crate::state::{ConnState, Ends, Tick};
use crate::stats::{Counters, NetStats};
use crate::transfer::{Party, Transfer};
use crate::verdict::{ConnLimits, Reason};

/// Sees every connection and transfer of the serve loops it was given to. Cheap to clone.
#[derive(Clone, Default)]
pub struct Watch(Arc<Inner>);

#[derive(Default)]
struct Inner {
    conns: Mutex<HashMap<u64, Arc<ConnState>>>,
    counters: Arc<Counters>,
    next_conn: AtomicU64,
    next_transfer: Arc<AtomicU64>,
    next_fleet: AtomicU64,
    /// Accept loops that wait for a place.
    waiting: AtomicUsize,
    /// Transfers that stood still for their client at the last sweep, per serve loop summed.
    stalled: AtomicU64,
}

/// One live transfer, for eyes and machines.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TransferView {
    /// For [`Watch::end`].
    pub id: u64,
    /// The other end of the socket.
    pub client: SocketAddr,
    /// The request's method.
    pub method: Method,
    /// The path, or what the service put in its place.
    pub target: String,
    /// What is spoken.
    pub protocol: Protocol,
    /// Since the request's head had been read.
    pub age: Duration,
    /// Response body bytes in the client's socket.
    pub sent: u64,
    /// Request body bytes read.
    pub received: u64,
    /// Bytes per second, both directions, between the last two sweeps.
    pub rate: u64,
    /// Whom it waits for, if it has not moved for at least one whole sweep.
    pub stalled_on: Option<Party>,
}

impl Watch {
    /// An empty register.
    pub fn new() -> Self {
        Self::default()
    }

    /// The live transfers, oldest first.
    pub fn list(&self) -> Vec<TransferView> {
        let mut views = Vec::new();
        self.visit(|view| views.push(view));
        views.sort_by_key(|view| view.id);
        views
    }

    /// Calls `see` with every live transfer, one at a time and in no order.
    pub fn visit(&self, mut see: impl FnMut(TransferView)) {
        let conns: Vec<_> = self.0.conns.lock().values().cloned().collect();
        let now = Instant::now();
        for conn in &conns {
            conn.transfers().iter().for_each(|transfer| see(view(conn, transfer, now)));
        }
    }

    /// Ends one transfer. Over HTTP/1.1 its connection is cut. Over HTTP/2 its stream is reset alone,
    /// except where the whole answer is short (16 KiB) and waits for a window: then the connection is
    /// cut too. Says whether there was such a transfer.
    pub fn end(&self, transfer: u64) -> bool {
        let find = |conn: &Arc<ConnState>| Some((conn.find_transfer(transfer)?, Arc::clone(conn)));
        let found = self.0.conns.lock().values().find_map(find);
        let Some((transfer, conn)) = found else { return false };
        if !transfer.end(Reason::Operator) {
            conn.end(Reason::Operator);
        }
        true
    }

    /// What the sockets have done so far.
    pub fn stats(&self) -> NetStats {
        let conns = self.0.conns.lock();
        // Under the lock: who leaves is moved from one figure to the other under it.
        let mut stats = self.0.counters.snapshot();
        stats.active = conns.len() as u64;
        stats.stalled = self.0.stalled.load(Ordering::Relaxed);
        for conn in conns.values() {
            stats.sent_bytes += conn.sent.load(Ordering::Relaxed);
            stats.received_bytes += conn.received.load(Ordering::Relaxed);
        }
        stats
    }

    pub(crate) fn counters(&self) -> &Arc<Counters> {
        &self.0.counters
    }

    pub(crate) fn next_fleet(&self) -> u64 {
        self.0.next_fleet.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn enrol(
        &self,
        fleet: u64,
        peer: SocketAddr,
        local: SocketAddr,
        limits: &ConnLimits,
    ) -> Arc<ConnState> {
        let id = self.0.next_conn.fetch_add(1, Ordering::Relaxed) + 1;
        let ends = Ends { id, fleet, peer, local };
        let counters = Arc::clone(&self.0.counters);
        let state = Arc::new(ConnState::new(ends, counters, Arc::clone(&self.0.next_transfer), limits));
        self.0.counters.accepted.add(1);
        self.0.conns.lock().insert(id, Arc::clone(&state));
        state
    }

    pub(crate) fn leave(&self, state: &ConnState) {
        let mut conns = self.0.conns.lock();
        conns.remove(&state.id);
        self.0.counters.sent_bytes.add(state.sent.load(Ordering::Relaxed));
        self.0.counters.received_bytes.add(state.received.load(Ordering::Relaxed));
    }

    /// The connections of one serve loop.
    pub(crate) fn fleet(&self, fleet: u64) -> Vec<Arc<ConnState>> {
        self.0.conns.lock().values().filter(|conn| conn.fleet == fleet).cloned().collect()
    }

    /// One tick over one serve loop's connections. `stalled_before` is what the loop's last tick said.
    pub(crate) fn sweep(
        &self,
        fleet: u64,
        now: Instant,
        limits: &ConnLimits,
        tick: Tick,
        stalled_before: u64,
    ) -> u64 {
        let stalled = self.fleet(fleet).iter().map(|conn| conn.sweep(now, limits, tick)).sum::<u64>();
        self.0.stalled.fetch_add(stalled.wrapping_sub(stalled_before), Ordering::Relaxed);
        stalled
    }

    pub(crate) fn forget_stalled(&self, count: u64) {
        self.0.stalled.fetch_sub(count, Ordering::Relaxed);
    }

    /// While this lives, idle connections give up their places.
    pub(crate) fn press(&self) -> Pressure {
        self.0.waiting.fetch_add(1, Ordering::Relaxed);
        Pressure(self.clone())
    }

    pub(crate) fn under_pressure(&self) -> bool {
        self.0.waiting.load(Ordering::Relaxed) > 0
    }
}

/// An accept loop waits for a place.
pub(crate) struct Pressure(Watch);

impl Drop for Pressure {
    fn drop(&mut self) {
        self.0.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

fn view(conn: &ConnState, transfer: &Transfer, now: Instant) -> TransferView {
    TransferView {
        id: transfer.id(),
        client: conn.peer,
        method: transfer.method().clone(),
        target: transfer.target(),
        protocol: conn.protocol().unwrap_or(Protocol::Http1),
        age: now.saturating_duration_since(transfer.begun()),
        sent: transfer.sent(),
        received: transfer.received(),
        rate: transfer.rate(),
        stalled_on: transfer.stalled_on(),
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("active", &self.0.conns.lock().len()).finish_non_exhaustive()
    }
}
