//! Leaving a peer alone who answers nobody.
//!
//! It takes many failures in a row *and* some time without anything else: requests that share a link break together, and that is one
//! event. After a rest one caller is let through, the probe; what comes of it decides for everybody. A probe that is given up decides
//! nothing, and the next caller takes its place.

use std::time::Duration;

use tokio::time::Instant;

use super::PeerOptions;

#[derive(Debug)]
pub(super) struct Breaker {
    options: PeerOptions,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Well,
    /// Nothing but failures since then.
    Failing {
        failures: u32,
        since: Instant,
    },
    Resting {
        until: Instant,
        rest: Duration,
        since: Instant,
    },
    Probing {
        rest: Duration,
        since: Instant,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    Free,
    /// On trial: say what came of it.
    Probe,
    /// So long; there have been nothing but failures since then.
    Rest(Duration, Instant),
}

/// How long others wait for a probe's result before they ask again.
const PROBE_PATIENCE: Duration = Duration::from_millis(500);

impl Breaker {
    pub(super) const fn new(options: PeerOptions) -> Self {
        Self { options, state: State::Well }
    }

    pub(super) fn admit(&mut self, now: Instant) -> Admission {
        match self.state {
            State::Well | State::Failing { .. } => Admission::Free,
            State::Resting { until, since, .. } if now < until => Admission::Rest(until - now, since),
            State::Resting { rest, since, .. } => {
                self.state = State::Probing { rest, since };
                Admission::Probe
            }
            State::Probing { since, .. } => Admission::Rest(PROBE_PATIENCE, since),
        }
    }

    pub(super) const fn is_open(&self) -> bool {
        matches!(self.state, State::Resting { .. } | State::Probing { .. })
    }

    pub(super) fn succeeded(&mut self) {
        self.state = State::Well;
    }

    /// Whether that begins a rest.
    pub(super) fn failed(&mut self, now: Instant) -> bool {
        let PeerOptions { failures_min, failing_for, rest_min, rest_max, .. } = self.options;
        let next = match self.state {
            State::Well => State::Failing { failures: 1, since: now },
            State::Failing { failures, since } => {
                let failures = failures.saturating_add(1);
                if failures >= failures_min && now.saturating_duration_since(since) >= failing_for {
                    State::Resting { until: now + rest_min, rest: rest_min, since }
                } else {
                    State::Failing { failures, since }
                }
            }
            State::Probing { rest, since } => {
                let rest = rest.saturating_mul(2).min(rest_max);
                State::Resting { until: now + rest, rest, since }
            }
            // Begun before the rest: nothing new.
            resting @ State::Resting { .. } => resting,
        };
        let begins = matches!(next, State::Resting { .. }) && next != self.state;
        self.state = next;
        begins
    }

    /// The caller on trial has gone without a result.
    pub(super) fn put_down_probe(&mut self) {
        if let State::Probing { rest, since } = self.state {
            self.state = State::Resting { until: Instant::now(), rest, since };
        }
    }
}
