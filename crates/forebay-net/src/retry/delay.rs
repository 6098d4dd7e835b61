//! How long one caller waits: full jitter, longer where the server asks for it.
//!
//! The wait is drawn evenly from nothing to a bound that doubles, since callers who failed together must not come back together. A
//! server that throttles is given ten times as much as a connection that broke.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// How often, and how soon, a request is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Failures in a row before it is given up. Default: 6.
    pub failures_max: u32,
    /// The bound of the first wait after a failure that passes. Default: 100 ms.
    pub transient_base: Duration,
    /// The bound of the first wait after "slow down". Default: 1 s.
    pub throttled_base: Duration,
    /// The bound of any wait of our own. Default: 5 s.
    pub wait_max: Duration,
    /// The longest wait that a server may ask for; one who asks for more is not asked again. Default: 30 s.
    pub retry_after_max: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            failures_max: 6,
            transient_base: Duration::from_millis(100),
            throttled_base: Duration::from_secs(1),
            wait_max: Duration::from_secs(5),
            retry_after_max: Duration::from_secs(30),
        }
    }
}

/// A failure that may pass. One that does not pass needs no retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What kind.
    pub kind: TroubleKind,
    /// How long the server asked to be left alone (`Retry-After`), if it did.
    pub retry_after: Option<Duration>,
}

/// What a failure says about the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    /// No answer, a broken one, or a 5xx.
    Transient,
    /// It has too much to do: 429, 503 with `SlowDown`.
    Throttled,
    /// Nothing was sent: what was wanted of our own (a connection, memory) was not free. It says nothing about the peer.
    Ours,
}

impl Trouble {
    /// No answer, or a broken one.
    pub const TRANSIENT: Self = Self { kind: TroubleKind::Transient, retry_after: None };
    /// "Slow down."
    pub const THROTTLED: Self = Self { kind: TroubleKind::Throttled, retry_after: None };
    /// Nothing was sent.
    pub const OURS: Self = Self { kind: TroubleKind::Ours, retry_after: None };
}

impl RetryPolicy {
    /// The wait after the `failed`th failure in a row; `None` to give up. `roll` is drawn evenly from 0 to 1.
    pub(super) fn wait(&self, failed: u32, trouble: Trouble, roll: f64) -> Option<Duration> {
        let asked = trouble.retry_after.unwrap_or_default();
        if failed >= self.failures_max || asked > self.retry_after_max {
            return None;
        }
        let base = match trouble.kind {
            TroubleKind::Transient | TroubleKind::Ours => self.transient_base,
            TroubleKind::Throttled => self.throttled_base,
        };
        let doubled = base.saturating_mul(1 << failed.saturating_sub(1).min(16));
        // Those who were told the same time do not all come at that time.
        Some(asked + doubled.min(self.wait_max).mul_f64(roll.clamp(0.0, 1.0)))
    }
}

/// Evenly from 0 to 1. Every `RandomState` has keys of its own, which is all the chance that is needed here.
pub(super) fn roll() -> f64 {
    let bits = RandomState::new().build_hasher().finish() >> 11;
    bits as f64 / (1_u64 << 53) as f64
}
