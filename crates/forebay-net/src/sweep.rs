//! The sweeper: one task per serve loop that looks at every connection once a second.
//!
//! A timer per request, or per read and write, costs every request for the sake of the few that stall.
//! Here the connections only count, and the one who judges also keeps the time. The price is that a
//! limit is kept to within one tick.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::state::Tick;
use crate::verdict::ConnLimits;
use crate::watch::Watch;

/// Ticks a connection must be quiet before its socket growth is asked back.
const QUIET_TICKS: u32 = 2;

/// Looks at one serve loop's connections for ever; ends by being dropped.
pub(crate) async fn sweep(watch: &Watch, fleet: u64, limits: &ConnLimits, every: Duration) {
    let every = every.max(Duration::from_millis(1));
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = ticks.tick().await;
    let mut stalled = Stalled { watch, count: 0 };
    loop {
        let now: Instant = ticks.tick().await;
        let elapsed_ms = u64::try_from(now.saturating_duration_since(last).as_millis()).unwrap_or(u64::MAX);
        let tick = Tick { pressure: watch.under_pressure(), elapsed_ms, shrink_after: every * QUIET_TICKS };
        stalled.count = watch.sweep(fleet, now, limits, tick, stalled.count);
        last = now;
    }
}

/// The loop's share of the watch's stalled transfers, taken back when the loop ends.
struct Stalled<'a> {
    watch: &'a Watch,
    count: u64,
}

impl Drop for Stalled<'_> {
    fn drop(&mut self) {
        self.watch.forget_stalled(self.count);
    }
}
