//! tokio's clock for governor, so that tests can pause it.

use std::time::Duration;

use governor::clock::Clock;
use tokio::time::Instant;

/// The time since the limiter was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct TokioClock {
    epoch: Instant,
}

impl TokioClock {
    pub(super) fn start() -> Self {
        Self { epoch: Instant::now() }
    }
}

impl Clock for TokioClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }
}
