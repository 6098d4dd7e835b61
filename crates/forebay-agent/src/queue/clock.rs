//! Time that survives the process.
//!
//! Leases, schedules and retention are written down and compared after a restart, so they are in the wall clock's time and not in the
//! kernel's. That clock may be set, so nobody sleeps for long by it: who waits looks again at least once a minute.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_core::future::BoxFuture;
use serde::{Deserialize, Serialize};

/// The longest sleep before the clock is looked at again.
const SLEEP_MAX: Duration = Duration::from_secs(60);
/// The last moment that has a year of four digits; what comes later is as good as never.
const MILLIS_MAX: u64 = 253_402_300_799_000;

/// A point in time, in milliseconds since 1970 (UTC).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(pub i64);

/// Where a queue has its time from.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The time.
    fn now(&self) -> Moment;

    /// Sleeps until then, or for a while: the caller looks at the clock again.
    fn sleep_until(&self, moment: Moment) -> BoxFuture<'_, ()>;
}

/// The clock of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct WallClock;

impl Moment {
    /// Before everything.
    pub const PAST: Self = Self(0);
    /// After everything.
    pub const NEVER: Self = Self(i64::MAX);

    /// So much later.
    #[must_use]
    pub fn after(self, by: Duration) -> Self {
        Self(self.0.saturating_add(millis(by)))
    }

    /// So much earlier.
    #[must_use]
    pub fn before(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(millis(by)))
    }

    /// From `earlier` until this one; nothing if it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// As RFC 3339 has it, to the millisecond.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = u64::try_from(self.0).unwrap_or_default().min(MILLIS_MAX);
        humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(millis)).fmt(f)
    }
}

impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        Self(time.duration_since(UNIX_EPOCH).map_or(0, millis))
    }
}

impl Clock for WallClock {
    fn now(&self) -> Moment {
        SystemTime::now().into()
    }

    fn sleep_until(&self, moment: Moment) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(moment.since(self.now()).min(SLEEP_MAX)))
    }
}
