//! When the issuer's keys are fetched again.
//!
//! Anybody can make up a token by a key that does not exist. One of them in a while is a reason to ask the issuer; whoever meets it
//! fetches, and others with unknown keys wait for what comes of it instead of being told that they are wrong. All further ones are told so.

use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use super::JwtError;

/// The usual shortest time between two reasons to fetch the keys.
pub const FETCH_EVERY_DEFAULT: Duration = Duration::from_secs(60);
/// A fetch that has not ended by now has been given up.
const FETCH_MAX: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Rotation {
    every: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    asked: Option<SystemTime>,
    is_under_way: bool,
}

impl Rotation {
    pub(super) fn new(every: Duration) -> Self {
        Self { every, state: Mutex::default() }
    }

    /// What a token by an unknown key is told.
    pub(super) fn want(&self, now: SystemTime) -> JwtError {
        let mut state = self.state.lock();
        // A time in the future is from before the clock was set back.
        let since = state.asked.and_then(|asked| now.duration_since(asked).ok());
        match since {
            Some(since) if state.is_under_way && since < FETCH_MAX => JwtError::Fetching,
            Some(since) if since < self.every => JwtError::UnknownKey,
            Some(_) | None => {
                *state = State { asked: Some(now), is_under_way: true };
                JwtError::Fetch
            }
        }
    }

    pub(super) fn settle(&self) {
        self.state.lock().is_under_way = false;
    }
}
