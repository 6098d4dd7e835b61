//! A token bucket that can be in debt, as one point in time: when the debt will be repaid.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// One bucket. Its rate is given with each debit, so that it can change.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// When everything taken so far is paid for; `None` before the first debit.
    paid_at: Mutex<Option<Instant>>,
}

impl Bucket {
    /// Takes `bytes` at `rate` bytes per second and says when they are paid for. After a pause, `burst`
    /// worth of bytes is free.
    pub(super) fn debit(&self, now: Instant, bytes: u64, rate: u64, burst: Duration) -> Instant {
        let price = Duration::from_secs_f64(bytes as f64 / rate.max(1) as f64);
        let free_from = now.checked_sub(burst).unwrap_or(now);
        let mut paid_at = self.paid_at.lock();
        let from = paid_at.map_or(free_from, |paid_at| paid_at.max(free_from));
        let at = from + price.min(Duration::from_secs(86_400));
        *paid_at = Some(at);
        at
    }

    /// When the bucket owes nothing.
    pub(super) fn paid_at(&self) -> Option<Instant> {
        *self.paid_at.lock()
    }

    /// Whether the bucket is as good as new.
    pub(super) fn is_full(&self, now: Instant, burst: Duration) -> bool {
        self.paid_at().is_none_or(|paid_at| paid_at + burst <= now)
    }
}
