//! When one stream of an HTTP/2 connection has had its time, beside others that move.
//!
//! Each stream is judged like a connection of its own, but two things are not its client's fault:
//!
//! - **Others come first.** Streams take turns at the socket, so one that waits behind others is judged
//!   only when its turn must have come: the connection has sent as much since the last judgement as waits in
//!   all its streams together, or has had the time for that at the minimum rate (below which the connection
//!   itself is cut). A stream that then has not moved has a window that is closed.
//! - **They share one link.** Of `n` streams that move, each owes an `n`th of the minimum rate.

use tokio::time::Instant;

use super::{ConnLimits, Memory, Phase, Reason, Sample, verdict};

/// What one stream was seen to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamSample {
    pub(crate) phase: Phase,
    pub(crate) sent: u64,
    pub(crate) received: u64,
}

impl StreamSample {
    fn among(self, around: Around) -> Sample {
        let Self { phase, sent, received } = self;
        Sample { phase, sent, received, requests: 0, pressure: false, sharing: around.streams }
    }
}

/// The connection around a stream, seen at one tick.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Around {
    /// Bytes that the socket took, of all streams.
    pub(crate) sent: u64,
    /// Response bytes of all streams that it has not taken.
    pub(crate) waiting: u64,
    /// Streams whose client is to take or to give.
    pub(crate) streams: u32,
}

/// What the sweeper remembers of a stream between two judgements.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamMemory {
    memory: Memory,
    /// What the connection had sent at the last judgement.
    around_sent: u64,
}

impl StreamMemory {
    pub(crate) fn new(now: Instant, seen: StreamSample, around: Around, limits: &ConnLimits) -> Self {
        let mut memory = Memory::new(now, limits);
        // No time has passed: this only says what it begins with.
        let _begins = verdict(&mut memory, now, seen.among(around), limits);
        Self { memory, around_sent: around.sent }
    }

    fn turn_has_come(&self, now: Instant, around: Around, limits: &ConnLimits) -> bool {
        around.sent.wrapping_sub(self.around_sent) >= around.waiting
            || now.saturating_duration_since(self.memory.tick) >= limits.min_rate.time_for(around.waiting)
    }
}

/// Takes what was seen into the memory and says whether the stream's time is over.
pub(crate) fn stream_verdict(
    memory: &mut StreamMemory,
    now: Instant,
    seen: StreamSample,
    around: Around,
    limits: &ConnLimits,
) -> Option<Reason> {
    if seen.phase == Phase::Sending && !memory.turn_has_come(now, around, limits) {
        return None;
    }
    memory.around_sent = around.sent;
    verdict(&mut memory.memory, now, seen.among(around), limits)
}

#[cfg(test)]
mod tests;
