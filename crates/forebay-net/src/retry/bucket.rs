//! How often all callers together may ask again.
//!
//! Tokens come back with time, at a fixed rate, up to a burst. A caller who finds none reserves the next: he waits until it has come, if
//! that is soon enough. So a thousand transfers that fail together come back ten a second instead of all at once, and those who
//! would have to wait for too long are told so.

use std::time::Duration;

use tokio::time::Instant;

#[derive(Debug)]
pub(super) struct Bucket {
    /// The time that one token takes to come.
    each: Duration,
    /// The burst, as the time that it takes to come.
    burst: Duration,
    /// When the last token that was handed out has come, had all been there to begin with.
    paid_until: Instant,
}

impl Bucket {
    pub(super) fn new(burst: u32, per_second: u32, now: Instant) -> Self {
        let each = Duration::from_secs(1) / per_second.max(1);
        let burst = each * burst.max(1);
        Self { each, burst, paid_until: now.checked_sub(burst).unwrap_or(now) }
    }

    /// Takes a token for a retry after `wait`, and says how long to wait for both; nothing if the token comes more than `late_max` later.
    pub(super) fn take(&mut self, now: Instant, wait: Duration, late_max: Duration) -> Option<Duration> {
        let full = now.checked_sub(self.burst).unwrap_or(now);
        let paid_until = self.paid_until.max(full) + self.each;
        let token = paid_until.saturating_duration_since(now);
        if token > wait + late_max {
            return None;
        }
        self.paid_until = paid_until;
        Some(wait.max(token))
    }
}
