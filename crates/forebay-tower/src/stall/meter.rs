//! The judgement, without a body and without a clock of its own.

use std::time::Duration;

use tokio::time::Instant;

use super::{Pace, Party, Stalled};

/// What one side has moved, and how long it was waited for.
#[derive(Debug)]
pub(super) struct Meter {
    pace: Pace,
    bytes: u64,
    charged: Duration,
}

impl Meter {
    pub(super) const fn new(pace: Pace) -> Self {
        Self { pace, bytes: 0, charged: Duration::ZERO }
    }

    pub(super) const fn moved(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    pub(super) fn charge(&mut self, time: Duration) {
        self.charged += time;
    }

    /// How much more charged time is allowed at the minimum rate; `None` without one.
    fn credit(&self) -> Option<Duration> {
        let rate = self.pace.min_rate?.as_u64().max(1);
        let earned = Duration::from_secs_f64(self.bytes as f64 / rate as f64);
        Some((self.pace.grace + earned).saturating_sub(self.charged))
    }

    /// Whether the minimum rate is broken.
    pub(super) fn too_slow(&self, party: Party) -> Option<Stalled> {
        let broken = self.credit()?.is_zero();
        broken.then_some(Stalled::TooSlow { party, min_rate: self.pace.min_rate? })
    }

    /// When a wait that began at `since` is over.
    pub(super) fn idle_until(&self, since: Instant) -> Instant {
        since + self.pace.idle
    }

    /// When a wait that began at `since` breaks one of the two limits.
    pub(super) fn wait_until(&self, since: Instant) -> Instant {
        since + self.credit().map_or(self.pace.idle, |credit| credit.min(self.pace.idle))
    }

    /// Which limit a wait has broken that began at `since`, if any.
    pub(super) fn verdict(&self, party: Party, since: Instant, now: Instant) -> Option<Stalled> {
        if now >= self.idle_until(since) {
            return Some(Stalled::Idle { party, idle: self.pace.idle });
        }
        let min_rate = self.pace.min_rate?;
        (now >= self.wait_until(since)).then_some(Stalled::TooSlow { party, min_rate })
    }
}
