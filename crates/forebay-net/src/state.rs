//! What one connection is doing, in a form that others may look at while it works.
//!
//! The connection's own task writes these with plain stores and never reads a clock; the sweeper looks
//! once a second, keeps its own memory here and gives orders through [`Order`]. So a limit costs a
//! request nothing, and a million requests arm no timer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};

use futures_util::task::AtomicWaker;
use http::{Method, Uri};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::info::Protocol;
use crate::stats::Counters;
use crate::stream::lane::Lane;
use crate::transfer::Transfer;
use crate::verdict::stream::{Around, StreamMemory, StreamSample, stream_verdict};
use crate::verdict::{ConnLimits, Memory, Phase, Reason, Sample};

/// File bytes one connection may send in one turn of its task, so that a fast reader whose socket is
/// always writable cannot keep a worker from the others.
pub(crate) const TURN_BYTES: usize = 2 << 20;

/// One live connection.
#[derive(Debug)]
pub(crate) struct ConnState {
    pub(crate) id: u64,
    /// The serve loop that accepted it.
    pub(crate) fleet: u64,
    pub(crate) peer: SocketAddr,
    pub(crate) local: SocketAddr,
    pub(crate) counters: Arc<Counters>,
    pub(crate) sent: AtomicU64,
    pub(crate) received: AtomicU64,
    /// The last write found the socket full.
    pub(crate) blocked: AtomicBool,
    /// The connection ended badly: the socket is to be reset, not closed politely.
    pub(crate) cut: AtomicBool,
    /// The socket's buffers are larger than they began, on a lease.
    pub(crate) grown: AtomicBool,
    /// Part of that lease is from places that other connections may need.
    pub(crate) borrowed: AtomicBool,
    /// The sweeper asks for that lease back.
    pub(crate) shrink: AtomicBool,
    /// 0 while shaking hands, then 1 or 2 for the protocol.
    protocol: AtomicU8,
    requests: AtomicU64,
    /// `received` when all that had come was known to belong to requests that have ended: anything above
    /// it is part of the next head.
    received_mark: AtomicU64,
    /// The last bytes that came do not end a head.
    pub(crate) tail_open: AtomicBool,
    order: AtomicU8,
    waker: AtomicWaker,
    turn_left: AtomicUsize,
    transfers: Mutex<Vec<Transfer>>,
    memory: Mutex<Memory>,
    next_transfer: Arc<AtomicU64>,
}

/// What the sweeper, an operator or a shutdown wants of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Order {
    Carry = 0,
    /// Finish what is under way and close.
    Drain = 1,
    /// Stop now.
    Cut = 2,
}

/// Which connection: its number, its serve loop and the two ends of its socket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) id: u64,
    pub(crate) fleet: u64,
    pub(crate) peer: SocketAddr,
    pub(crate) local: SocketAddr,
}

impl ConnState {
    pub(crate) fn new(
        ends: Ends,
        counters: Arc<Counters>,
        next_transfer: Arc<AtomicU64>,
        limits: &ConnLimits,
    ) -> Self {
        Self {
            id: ends.id,
            fleet: ends.fleet,
            peer: ends.peer,
            local: ends.local,
            counters,
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            blocked: AtomicBool::new(false),
            cut: AtomicBool::new(false),
            grown: AtomicBool::new(false),
            borrowed: AtomicBool::new(false),
            shrink: AtomicBool::new(false),
            protocol: AtomicU8::new(0),
            requests: AtomicU64::new(0),
            received_mark: AtomicU64::new(0),
            tail_open: AtomicBool::new(false),
            order: AtomicU8::new(Order::Carry as u8),
            waker: AtomicWaker::new(),
            turn_left: AtomicUsize::new(TURN_BYTES),
            transfers: Mutex::new(Vec::new()),
            memory: Mutex::new(Memory::new(Instant::now(), limits)),
            next_transfer,
        }
    }

    pub(crate) fn speaks(&self, protocol: Protocol) {
        let code = match protocol {
            Protocol::Http1 => 1,
            Protocol::Http2 => 2,
        };
        self.protocol.store(code, Ordering::Relaxed);
    }

    /// Bytes that came during the TLS handshake are no part of a request head.
    pub(crate) fn protocol(&self) -> Option<Protocol> {
        match self.protocol.load(Ordering::Relaxed) {
            1 => Some(Protocol::Http1),
            2 => Some(Protocol::Http2),
            _ => None,
        }
    }

    // Orders.

    pub(crate) fn order(&self, order: Order) {
        self.order.fetch_max(order as u8, Ordering::Release);
        self.waker.wake();
    }

    pub(crate) fn ordered(&self) -> Order {
        match self.order.load(Ordering::Acquire) {
            0 => Order::Carry,
            1 => Order::Drain,
            _ => Order::Cut,
        }
    }

    /// Ends the connection for this reason, counted once.
    pub(crate) fn end(&self, reason: Reason) {
        let order = if reason.is_polite() { Order::Drain } else { Order::Cut };
        if self.ordered() < order {
            self.counters.killed(reason);
        }
        self.order(order);
    }

    /// The connection's task begins a turn.
    pub(crate) fn begin_turn(&self, waker: &std::task::Waker) -> Order {
        self.waker.register(waker);
        self.turn_left.store(TURN_BYTES, Ordering::Relaxed);
        self.ordered()
    }

    pub(crate) fn turn_left(&self) -> usize {
        self.turn_left.load(Ordering::Relaxed)
    }

    // The socket's side.

    /// The socket took `bytes`, and `pending` more had been offered with them.
    pub(crate) fn wrote(&self, bytes: usize, pending: usize) {
        self.blocked.store(false, Ordering::Relaxed);
        add(&self.sent, bytes as u64);
        self.turn_left.store(self.turn_left().saturating_sub(bytes), Ordering::Relaxed);
        if self.protocol() != Some(Protocol::Http1) {
            return;
        }
        let mut pending = pending as u64;
        for transfer in self.transfers.lock().iter().rev() {
            pending = transfer.settle_sent(pending);
        }
    }

    pub(crate) fn read(&self, bytes: usize) {
        add(&self.received, bytes as u64);
    }

    // The service's side.

    pub(crate) fn begin(self: &Arc<Self>, method: &Method, uri: &Uri) -> TransferGuard {
        let id = self.next_transfer.fetch_add(1, Ordering::Relaxed);
        let lane = (self.protocol() == Some(Protocol::Http2)).then(Box::<Lane>::default);
        let transfer = Transfer::new(id, method, uri, lane);
        add(&self.requests, 1);
        self.transfers.lock().push(transfer.clone());
        TransferGuard { state: Arc::clone(self), transfer, has_body: false }
    }

    // The watcher's side.

    pub(crate) fn transfers(&self) -> Vec<Transfer> {
        self.transfers.lock().clone()
    }

    pub(crate) fn find_transfer(&self, id: u64) -> Option<Transfer> {
        self.transfers.lock().iter().find(|transfer| transfer.id() == id).cloned()
    }

    pub(crate) fn phase(&self) -> Phase {
        if self.protocol().is_none() {
            return Phase::Handshake;
        }
        if self.blocked.load(Ordering::Relaxed) {
            return Phase::Sending;
        }
        let transfers = self.transfers.lock();
        if transfers.is_empty() {
            let received = self.received.load(Ordering::Relaxed);
            // Over HTTP/2 what comes between requests is mostly control frames, no part of a head.
            let between = self.requests.load(Ordering::Relaxed) > 0
                && (self.protocol() == Some(Protocol::Http2)
                    || received == self.received_mark.load(Ordering::Relaxed));
            return if between { Phase::Idle } else { Phase::Head };
        }
        let any = |phase| transfers.iter().any(|transfer| transfer.phase() == phase);
        [Phase::Sending, Phase::Receiving].into_iter().find(|&phase| any(phase)).unwrap_or(Phase::Serving)
    }

    /// One tick of the sweeper. Returns how many of its transfers stand still for their client.
    pub(crate) fn sweep(&self, now: Instant, limits: &ConnLimits, tick: Tick) -> u64 {
        let sample = Sample {
            phase: self.phase(),
            sent: self.sent.load(Ordering::Relaxed),
            received: self.received.load(Ordering::Relaxed),
            requests: self.requests.load(Ordering::Relaxed),
            pressure: tick.pressure,
            sharing: 1,
        };
        let mut memory = self.memory.lock();
        let reason = crate::verdict::verdict(&mut memory, now, sample, limits);
        let quiet = match sample.phase {
            Phase::Sending | Phase::Receiving => memory.stalled_for(),
            Phase::Idle | Phase::Head | Phase::Serving | Phase::Handshake => memory.phase_for(),
        };
        drop(memory);
        if let Some(reason) = reason {
            self.end(reason);
        }
        if self.protocol() == Some(Protocol::Http2) && self.ordered() < Order::Cut {
            self.sweep_streams(now, limits, sample.sent);
        }
        let is_quiet = quiet >= tick.shrink_after && self.grown.load(Ordering::Relaxed);
        if is_quiet || (tick.pressure && self.borrowed.load(Ordering::Relaxed)) {
            self.shrink.store(true, Ordering::Relaxed);
            self.waker.wake();
        }
        self.transfers
            .lock()
            .iter()
            .filter(|transfer| transfer.sweep(tick.elapsed_ms) && transfer.stalled_on().is_some())
            .count() as u64
    }
}

impl ConnState {
    /// Judges each stream by itself: one that stands still beside others that move is ended alone.
    fn sweep_streams(&self, now: Instant, limits: &ConnLimits, sent: u64) {
        let streams: Vec<_> = self.transfers().into_iter().map(|each| (each.phase(), each)).collect();
        let moving = streams.iter().filter(|(phase, _)| *phase != Phase::Serving).count();
        let waiting = streams.iter().map(|(_, each)| each.waiting()).sum();
        let around = Around { sent, waiting, streams: u32::try_from(moving).unwrap_or(u32::MAX) };
        for (phase, transfer) in &streams {
            let Some(lane) = transfer.lane() else { continue };
            let seen = StreamSample { phase: *phase, sent: transfer.sent(), received: transfer.received() };
            let mut memory = lane.memory.lock();
            let memory = memory.get_or_insert_with(|| StreamMemory::new(now, seen, around, limits));
            if let Some(reason) = stream_verdict(memory, now, seen, around, limits) {
                transfer.end(reason);
            }
        }
    }
}

/// What is the same for every connection in one tick.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tick {
    pub(crate) pressure: bool,
    pub(crate) elapsed_ms: u64,
    /// A connection that has been quiet for this long gives its socket growth back.
    pub(crate) shrink_after: std::time::Duration,
}

/// A transfer is live from the request's head until its response's last byte is in the socket, or until
/// the connection dies: whoever holds this last decides.
#[derive(Debug)]
pub(crate) struct TransferGuard {
    state: Arc<ConnState>,
    pub(crate) transfer: Transfer,
    /// The request has a body: the last bytes that came may be its.
    pub(crate) has_body: bool,
}

impl Drop for TransferGuard {
    fn drop(&mut self) {
        let state = &self.state;
        state.transfers.lock().retain(|live| live.id() != self.transfer.id());
        if self.has_body || !state.tail_open.load(Ordering::Relaxed) {
            state.received_mark.store(state.received.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }
}

/// These counters have one writer, the connection's task: no locked instruction is needed.
fn add(counter: &AtomicU64, n: u64) {
    counter.store(counter.load(Ordering::Relaxed) + n, Ordering::Relaxed);
}
