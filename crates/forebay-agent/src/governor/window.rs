//! The times of day at which an edge may be filled: at night its clients need it less.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

const DAY: u64 = 24 * 60;

/// A daily time, in UTC, over midnight if its end is not after its beginning. Its text is `02:00-06:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Window {
    from: u16,
    to: u16,
}

/// A text that is no window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time of day: write it as 02:00-06:00, in UTC")]
pub struct WindowError;

impl Window {
    /// Its two ends, in minutes after midnight.
    pub const fn minutes(&self) -> (u16, u16) {
        (self.from, self.to)
    }

    /// How long it is until this window is open; nothing if it is.
    pub fn opens_in(&self, now: SystemTime) -> Duration {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (minute, rest) = (since.as_secs() / 60 % DAY, since.as_secs() % 60);
        let (from, to) = (u64::from(self.from), u64::from(self.to));
        let is_open = if from < to { (from..to).contains(&minute) } else { minute >= from || minute < to };
        if is_open {
            return Duration::ZERO;
        }
        Duration::from_secs((from + DAY - minute) % DAY * 60 - rest)
    }
}

impl FromStr for Window {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Self, WindowError> {
        let minute = |text: &str| {
            let (hours, minutes) = text.trim().split_once(':')?;
            let digits = |part: &str| (part.len() == 2).then(|| part.parse::<u16>().ok()).flatten();
            let (hours, minutes) = (digits(hours)?, digits(minutes)?);
            (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
        };
        let (from, to) = text.split_once('-').ok_or(WindowError)?;
        let (from, to) = (minute(from).ok_or(WindowError)?, minute(to).ok_or(WindowError)?);
        if from == to { Err(WindowError) } else { Ok(Self { from, to }) }
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
        let Self { from, to } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

#[cfg(test)]
mod tests {
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
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in
            ["", "2-6", "02:00", "24:00-01:00", "02:60-03:00", "02:00-02:00", "-1:00-02:00", "02:00-06:00Z"]
        {
            assert_eq!(text.parse::<Window>(), Err(WindowError), "{text}");
        }
        assert_eq!("02:00-06:05".parse::<Window>().unwrap().to_string(), "02:00-06:05");
    }
}
