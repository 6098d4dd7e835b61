//! When a connection has had its time: a pure function of what was seen at one tick.
//!
//! Limits are on stalls, never on size: a client that takes a terabyte at a decent rate is welcome, one
//! that takes nothing is not. Whoever is *on the hook* is judged: while the socket is full, the client;
//! while a request body is awaited, the client; while the service itself thinks or waits for an upstream
//! or for budget, nobody here (those have their own deadlines).
//!
//! The minimum rate is a bucket of credit, in bytes. It starts with `grace × min_rate`; every second on
//! the hook takes `min_rate` from it, every byte moved puts one back, up to where it started. So a slow
//! start and short pauses are forgiven, and a fast first gigabyte does not pay for an hour of trickle.

pub(crate) mod stream;

use std::time::Duration;

use forebay_budget::Rate;
use tokio::time::Instant;

/// How long a connection may take over what, in both directions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnLimits {
    /// From the first byte of a request head (or from accept, for the first) to its end.
    pub head: Duration,
    /// Keep-alive without a request.
    pub idle: Duration,
    /// A transfer that waits for its client and moves no byte.
    pub stall: Duration,
    /// The slowest that a client may take or give a body over a longer time.
    pub min_rate: Rate,
    /// How long a client may be slower than `min_rate` before it counts.
    pub grace: Duration,
    /// The TLS handshake.
    pub handshake: Duration,
    /// After shutdown was asked for: how long transfers may take to finish.
    pub drain: Duration,
}

impl Default for ConnLimits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            stall: Duration::from_secs(30),
            min_rate: Rate::kib(1),
            grace: Duration::from_secs(20),
            handshake: Duration::from_secs(10),
            drain: Duration::from_secs(30),
        }
    }
}

/// Why a connection was ended by us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The request head did not come in time.
    Head,
    /// Keep-alive without a request for too long. Closed politely.
    Idle,
    /// No byte moved for too long while the client was to move one.
    Stall,
    /// The client was slower than the minimum rate for longer than the grace.
    MinRate,
    /// The TLS handshake did not end in time.
    Handshake,
    /// It outlived the drain at shutdown.
    Drain,
    /// An operator ended it.
    Operator,
    /// It sat idle while others waited for its place. Closed politely.
    Pressure,
}

impl Reason {
    /// All reasons, in the order of their discriminants.
    pub const ALL: [Self; 8] = [
        Self::Head,
        Self::Idle,
        Self::Stall,
        Self::MinRate,
        Self::Handshake,
        Self::Drain,
        Self::Operator,
        Self::Pressure,
    ];

    /// The name that metrics and logs use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Idle => "idle",
            Self::Stall => "stall",
            Self::MinRate => "min_rate",
            Self::Handshake => "handshake",
            Self::Drain => "drain",
            Self::Operator => "operator",
            Self::Pressure => "pressure",
        }
    }

    /// An idle connection is closed with a FIN after its last answer; the others are cut by a reset,
    /// which also frees what the kernel still holds for them.
    pub(crate) const fn is_polite(self) -> bool {
        matches!(self, Self::Idle | Self::Pressure)
    }
}

/// What the connection is doing, as far as its limits are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// TLS is shaking hands.
    Handshake,
    /// A request head is under way, or the first one is awaited.
    Head,
    /// Between requests.
    Idle,
    /// The client is to take bytes.
    Sending,
    /// The client is to give bytes.
    Receiving,
    /// The service, an upstream or the budget is to move.
    Serving,
}

/// One connection, seen at one tick.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) phase: Phase,
    pub(crate) sent: u64,
    pub(crate) received: u64,
    /// Requests begun so far: a new one restarts the clock of the phase.
    pub(crate) requests: u64,
    /// Connections wait for a place.
    pub(crate) pressure: bool,
    /// How many share the link: each owes its part of the minimum rate. 1 for a whole connection.
    pub(crate) sharing: u32,
}

/// What the sweeper remembers of a connection between two ticks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    phase: Phase,
    /// When this phase began.
    entered: Instant,
    /// When a byte last moved, or nobody was on the hook.
    moved: Instant,
    tick: Instant,
    sent: u64,
    received: u64,
    requests: u64,
    /// In bytes × 1000, so that a millisecond of a slow rate still counts.
    credit: i128,
}

impl Memory {
    pub(crate) fn new(now: Instant, limits: &ConnLimits) -> Self {
        Self {
            phase: Phase::Handshake,
            entered: now,
            moved: now,
            tick: now,
            sent: 0,
            received: 0,
            requests: 0,
            credit: full_credit(limits),
        }
    }

    /// How long nothing has moved while the client was to move something.
    pub(crate) fn stalled_for(&self) -> Duration {
        self.tick.saturating_duration_since(self.moved)
    }

    /// How long the connection has been in its phase.
    pub(crate) fn phase_for(&self) -> Duration {
        self.tick.saturating_duration_since(self.entered)
    }
}

/// Takes the sample into the memory and says whether the connection's time is over.
pub(crate) fn verdict(
    memory: &mut Memory,
    now: Instant,
    sample: Sample,
    limits: &ConnLimits,
) -> Option<Reason> {
    let elapsed = now.saturating_duration_since(memory.tick);
    let moved = match sample.phase {
        Phase::Sending => Some(sample.sent.wrapping_sub(memory.sent)),
        Phase::Receiving => Some(sample.received.wrapping_sub(memory.received)),
        Phase::Handshake | Phase::Head | Phase::Idle | Phase::Serving => None,
    };
    if sample.phase != memory.phase || sample.requests != memory.requests {
        // The TLS handshake and the first head share nothing: each has its own clock.
        memory.entered = now;
        memory.moved = now;
    }
    match moved {
        Some(0) => {}
        Some(_) | None => memory.moved = now,
    }
    if let Some(moved) = moved {
        let owed = i128::from(limits.min_rate.as_u64()) * elapsed.as_millis() as i128;
        memory.credit = (memory.credit + i128::from(moved) * 1000 * i128::from(sample.sharing) - owed)
            .min(full_credit(limits));
    }
    memory.phase = sample.phase;
    memory.tick = now;
    memory.sent = sample.sent;
    memory.received = sample.received;
    memory.requests = sample.requests;
    judge(memory, sample, limits)
}

fn judge(memory: &Memory, sample: Sample, limits: &ConnLimits) -> Option<Reason> {
    match sample.phase {
        Phase::Handshake => (memory.phase_for() >= limits.handshake).then_some(Reason::Handshake),
        Phase::Head => (memory.phase_for() >= limits.head).then_some(Reason::Head),
        // It was asked politely and is still here: a peer that answers no GOAWAY.
        Phase::Idle if memory.phase_for() >= limits.idle.saturating_add(limits.stall) => Some(Reason::Stall),
        Phase::Idle if memory.phase_for() >= limits.idle => Some(Reason::Idle),
        Phase::Idle => {
            (sample.pressure && memory.phase_for() >= Duration::from_secs(1)).then_some(Reason::Pressure)
        }
        Phase::Sending | Phase::Receiving if memory.stalled_for() >= limits.stall => Some(Reason::Stall),
        Phase::Sending | Phase::Receiving => (memory.credit < 0).then_some(Reason::MinRate),
        Phase::Serving => None,
    }
}

fn full_credit(limits: &ConnLimits) -> i128 {
    i128::from(limits.min_rate.as_u64()) * limits.grace.as_millis() as i128
}

#[cfg(test)]
mod tests;
