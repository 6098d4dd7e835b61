//! Whether an edge is there.
//!
//! While it is away, one row at a time is tried, first soon and then ever later, so that what waits for it is neither worn out by tries
//! that cannot succeed nor forgotten. Any answer at all, of whatever kind, means that it is back.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// Until the first try after it went away, and between later ones at most.
const REST_MIN: Duration = Duration::from_secs(1);
const REST_MAX: Duration = Duration::from_secs(30);

/// Whether an edge answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// As far as is known.
    #[default]
    Here,
    /// It answers nobody.
    Away {
        /// Since then.
        since: Instant,
        /// It is tried again then.
        next: Instant,
    },
}

/// What is known of an edge's presence.
#[derive(Debug, Default)]
pub(super) struct Watched {
    state: watch::Sender<Presence>,
}

impl Watched {
    pub(super) fn now(&self) -> Presence {
        *self.state.borrow()
    }

    /// Changes from here on.
    pub(super) fn changes(&self) -> watch::Receiver<Presence> {
        self.state.subscribe()
    }

    /// For how long it has been away.
    pub(super) fn away_for(&self) -> Option<Duration> {
        match self.now() {
            Presence::Here => None,
            Presence::Away { since, .. } => Some(since.elapsed()),
        }
    }

    /// It answered.
    pub(super) fn answered(&self) {
        self.state.send_if_modified(|state| std::mem::take(state) != Presence::Here);
    }

    /// It could not be asked: if it was away, it may still be.
    pub(super) fn still_unknown(&self) {
        if self.now() != Presence::Here {
            self.was_away();
        }
    }

    /// It could not be reached. What had been under way when it went away says nothing new.
    pub(super) fn was_away(&self) {
        let now = Instant::now();
        self.state.send_if_modified(|state| {
            let since = match *state {
                Presence::Here => now,
                Presence::Away { next, .. } if now < next => return false,
                Presence::Away { since, .. } => since,
            };
            let rest = (now - since).clamp(REST_MIN, REST_MAX);
            *state = Presence::Away { since, next: now + rest };
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_edge_that_stays_away_is_tried_ever_more_rarely_and_is_back_at_its_first_answer() {
        let (watched, begun) = (Watched::default(), Instant::now());
        let away = |next: Duration| Presence::Away { since: begun, next: begun + next };
        watched.was_away();
        assert_eq!(watched.now(), away(Duration::from_secs(1)));
        watched.was_away();
        assert_eq!(watched.now(), away(Duration::from_secs(1)), "that had been under way");
        tokio::time::advance(Duration::from_secs(4)).await;
        watched.was_away();
        assert_eq!(watched.now(), away(Duration::from_secs(8)));
        tokio::time::advance(Duration::from_secs(96)).await;
        watched.was_away();
        assert_eq!(watched.now(), away(Duration::from_secs(130)));
        assert_eq!(watched.away_for(), Some(Duration::from_secs(100)));
        watched.answered();
        assert_eq!(watched.now(), Presence::Here);
    }
}
