//! Connections between two exchanges.
//!
//! Nobody polls them, and yet the other side's close must be seen at once: a socket that it closed would otherwise stand in
//! `CLOSE_WAIT` until the shelf is next looked at. So whoever puts a connection here asks its socket to wake the *tender*, the one
//! task that looks after all of them. Putting one on the shelf wakes nobody.

use std::collections::HashMap;
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::time::Instant;

use super::destination::Destination;
use super::link::Link;

#[derive(Default)]
pub(super) struct Shelf {
    /// Last put, last in the list: it goes out first, and what is at the front ages.
    idle: HashMap<Destination, Vec<Idle>>,
    /// The tender's, once it has been here.
    waker: Option<Waker>,
}

pub(super) struct Idle {
    pub(super) link: Link,
    pub(super) since: Instant,
}

/// What the tender found. Dropping the links closes them.
pub(super) struct Seen {
    pub(super) ended: Vec<Link>,
    pub(super) old: Vec<Link>,
    /// When the next one gets too old.
    pub(super) next: Option<Instant>,
}

enum State {
    Ended,
    Old,
    Well(Instant),
}

impl Shelf {
    pub(super) fn len(&self) -> u64 {
        self.idle.values().map(|idle| idle.len() as u64).sum()
    }

    /// Hands the connection back if the other side has ended it.
    pub(super) fn put(&mut self, idle: Idle) -> Option<Link> {
        if let Some(waker) = &self.waker {
            if !idle.link.wire.watch(&mut Context::from_waker(waker)) {
                return Some(idle.link);
            }
            if self.idle.is_empty() {
                // The tender sleeps without a limit as long as there is nothing to grow old.
                waker.wake_by_ref();
            }
        }
        self.idle.entry(idle.link.destination.clone()).or_default().push(idle);
        None
    }

    pub(super) fn take(&mut self, destination: &Destination) -> Option<Idle> {
        let idle = self.idle.get_mut(destination)?;
        let last = idle.pop();
        if idle.is_empty() {
            self.idle.remove(destination);
        }
        last
    }

    pub(super) fn take_all(&mut self, destination: &Destination) -> Vec<Idle> {
        self.idle.remove(destination).unwrap_or_default()
    }

    /// The one that has been idle for the longest.
    pub(super) fn take_oldest(&mut self) -> Option<Link> {
        let first = |idle: &Vec<Idle>| idle.first().map(|idle| idle.since);
        let destination = self.idle.iter().min_by_key(|(_, idle)| first(idle))?.0.clone();
        let idle = self.idle.get_mut(&destination)?;
        let oldest = (!idle.is_empty()).then(|| idle.remove(0));
        if idle.is_empty() {
            self.idle.remove(&destination);
        }
        oldest.map(|idle| idle.link)
    }

    pub(super) fn look(&mut self, waker: &Waker, idle_timeout: Duration, life_max: Duration) -> Seen {
        if !self.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
            self.waker = Some(waker.clone());
        }
        let (mut ended, mut old, mut next) = (Vec::new(), Vec::new(), None::<Instant>);
        let now = Instant::now();
        for idle in self.idle.values_mut() {
            let mut kept = Vec::with_capacity(idle.len());
            for one in idle.drain(..) {
                match one.state(waker, now, idle_timeout, life_max) {
                    State::Ended => ended.push(one.link),
                    State::Old => old.push(one.link),
                    State::Well(until) => {
                        next = Some(next.map_or(until, |next| next.min(until)));
                        kept.push(one);
                    }
                }
            }
            *idle = kept;
        }
        self.idle.retain(|_, idle| !idle.is_empty());
        Seen { ended, old, next }
    }
}

impl Idle {
    fn state(&self, waker: &Waker, now: Instant, idle_timeout: Duration, life_max: Duration) -> State {
        let until = (self.since + idle_timeout).min(self.link.born + life_max);
        if !self.link.wire.watch(&mut Context::from_waker(waker)) {
            State::Ended
        } else if until <= now {
            State::Old
        } else {
            State::Well(until)
        }
    }
}
