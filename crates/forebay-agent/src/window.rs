//! A time of the day: when an edge may be filled, or a job may work. At night their clients need it less.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::queue::Moment;

/// Minutes of a day, and milliseconds of a minute.
const DAY: u16 = 24 * 60;
const MINUTE: i64 = 60_000;

/// A daily time, in UTC, over midnight if its end is not after its beginning. Its text is `02:00-06:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Window {
    from: u16,
    until: u16,
}

/// What is no daily time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time of day: write it as 02:00-06:00, in UTC")]
pub struct WindowError;

impl Window {
    /// From the first minute after midnight to before the second.
    ///
    /// # Errors
    ///
    /// They are the same, or no minutes of a day.
    pub fn new(from: u16, until: u16) -> Result<Self, WindowError> {
        let is_fine = from < DAY && until < DAY && from != until;
        if is_fine { Ok(Self { from, until }) } else { Err(WindowError) }
    }

    /// Its two ends, in minutes after midnight.
    pub const fn minutes(self) -> (u16, u16) {
        (self.from, self.until)
    }

    /// How long it is until it is open; nothing if it is.
    pub fn opens_in(self, now: SystemTime) -> Duration {
        let now = Moment::from(now);
        self.opens(now).since(now)
    }

    /// The earliest moment, not before `now`, at which it is open.
    pub fn opens(self, now: Moment) -> Moment {
        let day = i64::from(DAY);
        let minute = now.0.div_euclid(MINUTE).rem_euclid(day);
        let (from, until) = (i64::from(self.from), i64::from(self.until));
        let is_open =
            if from < until { (from..until).contains(&minute) } else { minute >= from || minute < until };
        if is_open {
            return now;
        }
        let wait = (from - minute).rem_euclid(day);
        Moment(now.0.div_euclid(MINUTE) * MINUTE).after(Duration::from_secs(wait.unsigned_abs() * 60))
    }
}

impl FromStr for Window {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Self, WindowError> {
        let minute = |text: &str| {
            let (hours, minutes) = text.trim().split_once(':')?;
            let digits = |part: &str| {
                let is_number = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
                is_number.then(|| part.parse::<u16>().ok()).flatten()
            };
            let (hours, minutes) = (digits(hours)?, digits(minutes)?);
            (minutes < 60).then_some(hours * 60 + minutes)
        };
        let (from, until) = text.split_once('-').ok_or(WindowError)?;
        Self::new(minute(from).ok_or(WindowError)?, minute(until).ok_or(WindowError)?)
    }
}

impl TryFrom<String> for Window {
    type Error = WindowError;

    fn try_from(text: String) -> Result<Self, WindowError> {
        text.parse()
    }
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        window.to_string()
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, until } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, until / 60, until % 60)
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use proptest::prelude::*;

    use super::*;

    fn at(text: &str, hours: u64, minutes: u64, seconds: u64) -> u64 {
        let now = UNIX_EPOCH + Duration::from_secs(86_400 * 20_000 + hours * 3600 + minutes * 60 + seconds);
        text.parse::<Window>().unwrap().opens_in(now).as_secs()
    }

    #[test]
    fn it_is_open_from_its_beginning_until_before_its_end() {
        assert_eq!(at("02:00-06:00", 2, 0, 0), 0);
        assert_eq!(at("02:00-06:00", 5, 59, 59), 0);
        assert_eq!(at("02:00-06:00", 6, 0, 0), 20 * 3600);
        assert_eq!(at("02:00-06:00", 1, 59, 50), 10);
        assert_eq!(at("22:30-01:15", 23, 0, 0), 0);
        assert_eq!(at("22:30-01:15", 0, 30, 0), 0);
        assert_eq!(at("22:30-01:15", 1, 15, 0), 21 * 3600 + 15 * 60);
        assert_eq!(at("22:00-00:00", 23, 59, 59), 0);
        assert_eq!(at("22:00-00:00", 0, 0, 0), 22 * 3600);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2-6",
            "02:00",
            "24:00-01:00",
            "02:60-03:00",
            "02:00-02:00",
            "-1:00-02:00",
            "02:00-06:00Z",
            "02:00-24:00",
            "+2:00-03:00",
        ] {
            assert_eq!(text.parse::<Window>(), Err(WindowError), "{text}");
        }
        assert_eq!("02:00-06:05".parse::<Window>().unwrap().to_string(), "02:00-06:05");
        assert_eq!(Window::new(60, 60), Err(WindowError));
        assert_eq!(Window::new(1440, 10), Err(WindowError));
    }

    proptest! {
        #[test]
        fn when_it_opens_it_is_open(from in 0..1440_u16, until in 0..=1440_u16, now in 0..i64::MAX / 2) {
            if let Ok(window) = Window::new(from, until) {
                let opens = window.opens(Moment(now));
                prop_assert!(opens.0 >= now && opens.0 - now <= i64::from(DAY) * MINUTE);
                prop_assert_eq!(window.opens(opens), opens);
                prop_assert_eq!(window.to_string().parse(), Ok(window));
            }
        }
    }
}
