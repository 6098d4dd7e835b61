//! When in the day a job may work.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Moment;

const DAY: i64 = 24 * 60;
const MINUTE: i64 = 60_000;

/// The part of each day in which a job may work, in minutes after midnight (UTC). It may lead over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "(u16, u16)", into = "(u16, u16)")]
pub struct Window {
    from: u16,
    until: u16,
}

/// Two times that make no window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a window of the day: its two ends must differ and lie between 00:00 and 24:00")]
pub struct WindowError;

impl Window {
    /// From the first minute to before the second.
    ///
    /// # Errors
    ///
    /// They are the same, or no minutes of a day.
    pub fn new(from: u16, until: u16) -> Result<Self, WindowError> {
        let is_fine = i64::from(from) < DAY && i64::from(until) <= DAY && from != until;
        if is_fine { Ok(Self { from, until }) } else { Err(WindowError) }
    }

    /// The first and the last minute.
    pub const fn minutes(self) -> (u16, u16) {
        (self.from, self.until)
    }

    /// The earliest moment, not before `now`, at which it is open.
    pub fn opens(self, now: Moment) -> Moment {
        let minute = now.0.div_euclid(MINUTE).rem_euclid(DAY);
        let (from, until) = (i64::from(self.from), i64::from(self.until));
        let is_open =
            if from < until { (from..until).contains(&minute) } else { minute >= from || minute < until };
        if is_open {
            return now;
        }
        let wait = (from - minute).rem_euclid(DAY);
        Moment(now.0.div_euclid(MINUTE) * MINUTE).after(Duration::from_secs(wait.unsigned_abs() * 60))
    }
}

impl TryFrom<(u16, u16)> for Window {
    type Error = WindowError;

    fn try_from((from, until): (u16, u16)) -> Result<Self, WindowError> {
        Self::new(from, until)
    }
}

impl From<Window> for (u16, u16) {
    fn from(window: Window) -> Self {
        window.minutes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(hour: i64, minute: i64) -> Moment {
        Moment((20_000 * DAY + hour * 60 + minute) * MINUTE + 7)
    }

    #[test]
    fn a_window_opens_at_its_first_minute_also_over_midnight() {
        let day = Window::new(2 * 60, 14 * 60).unwrap();
        assert_eq!(day.opens(at(2, 0)), at(2, 0));
        assert_eq!(day.opens(at(13, 59)), at(13, 59));
        assert_eq!(day.opens(at(14, 0)), Moment(at(26, 0).0 - 7));
        assert_eq!(day.opens(at(1, 59)), Moment(at(2, 0).0 - 7));
        let night = Window::new(22 * 60, 6 * 60).unwrap();
        assert_eq!(night.opens(at(23, 0)), at(23, 0));
        assert_eq!(night.opens(at(5, 59)), at(5, 59));
        assert_eq!(night.opens(at(6, 0)), Moment(at(22, 0).0 - 7));
        assert_eq!(Window::new(60, 60), Err(WindowError));
        assert_eq!(Window::new(1440, 10), Err(WindowError));
    }

    proptest! {
        #[test]
        fn when_it_opens_it_is_open(from in 0..1440_u16, until in 0..=1440_u16, now in 0..i64::MAX / 2) {
            if let Ok(window) = Window::new(from, until) {
                let opens = window.opens(Moment(now));
                prop_assert!(opens.0 >= now && opens.0 - now <= DAY * MINUTE);
                prop_assert_eq!(window.opens(opens), opens);
            }
        }
    }
}
