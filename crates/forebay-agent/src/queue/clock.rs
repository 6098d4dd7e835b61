//! Time that survives the process.
//!
//! Leases, schedules and retention are written down and compared after a restart, so they are in the wall clock's time and not in the
//! kernel's. That clock may be set, so nobody sleeps for long by it: who waits looks again at least once a minute.

use std::fmt;
use std::str::FromStr;
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

/// A text that is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time: write it as 2030-01-31T02:00:00Z")]
pub struct MomentError;

/// RFC 3339, with any offset. What was before 1970 is as good as 1970.
impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, MomentError> {
        let text = text.to_ascii_uppercase();
        let (local, offset) = match text.len().checked_sub(6).and_then(|at| text.split_at_checked(at)) {
            Some((local, offset)) if offset.starts_with(['+', '-']) => (local, minutes(offset)?),
            _ => (text.strip_suffix('Z').unwrap_or(&text), 0),
        };
        let (year, rest) = local.split_at_checked(4).ok_or(MomentError)?;
        let is_old = year.bytes().all(|byte| byte.is_ascii_digit()) && year < "1970";
        // Any leap year does for the rest of what is too old to be counted.
        let known = if is_old { format!("1972{rest}") } else { local.to_owned() };
        let at = humantime::parse_rfc3339_weak(&known).map_err(|_| MomentError)?;
        Ok(if is_old { Self::PAST } else { Self(Self::from(at).0.saturating_sub(offset * 60_000).max(0)) })
    }
}

/// How far a local time is ahead of UTC.
fn minutes(offset: &str) -> Result<i64, MomentError> {
    let digits = |part: Option<&str>| -> Option<i64> {
        part.filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
    };
    let is_spaced = offset.get(3..4) == Some(":");
    match (digits(offset.get(1..3)), digits(offset.get(4..6))) {
        (Some(hours @ 0..24), Some(minutes @ 0..60)) if is_spaced => {
            let ahead = hours * 60 + minutes;
            Ok(if offset.starts_with('-') { -ahead } else { ahead })
        }
        _ => Err(MomentError),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_the_standard_writes_them() {
        let read = |text: &str| text.parse::<Moment>().map(|moment| moment.to_string());
        for (text, same) in [
            ("2030-01-31T02:00:00Z", "2030-01-31T02:00:00.000Z"),
            ("2030-01-31t02:00:00.25z", "2030-01-31T02:00:00.250Z"),
            ("2030-01-31T02:00:00+05:30", "2030-01-30T20:30:00.000Z"),
            ("2029-12-31T23:00:00-02:00", "2030-01-01T01:00:00.000Z"),
            ("2030-01-31 02:00:00", "2030-01-31T02:00:00.000Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000Z"),
            ("1901-02-28T02:00:00Z", "1970-01-01T00:00:00.000Z"),
            ("0000-02-29T02:00:00-23:59", "1970-01-01T00:00:00.000Z"),
            ("9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(same), "{text}");
        }
        for wrong in [
            "",
            "soon",
            "2030-13-31T02:00:00Z",
            "2030-01-31T02:00:00+5:30",
            "2030-01-31T02:00:00+24:00",
            "2030",
        ] {
            assert_eq!(wrong.parse::<Moment>(), Err(MomentError), "{wrong}");
        }
    }
}
