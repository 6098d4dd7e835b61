//! What was done on an edge, as numbers. They are read where they are shown and counted nowhere else.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::failure::FailureClass;
use crate::outcome::{Outcome, Verdict};
use crate::spread::{Spread, Times};
use crate::task::{Action, Lane};

/// Six ways to succeed, and all to fail.
const RESULTS_LEN: usize = 6 + FailureClass::ALL.len();

/// Successes, in the order of [`Verdict`], then failures by class.
const RESULTS: [Came; RESULTS_LEN] = results();

/// Upper ends of the classes of times, in seconds: until the first byte of an object, and until all of the work on a row was done.
const FIRST_BYTE: [f64; 8] = [0.005, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];
const WORK: [f64; 8] = [0.002, 0.01, 0.05, 0.25, 1.0, 10.0, 60.0, 600.0];

/// The figures of an edge since the start.
#[derive(Debug)]
pub struct EdgeFigures {
    done: [[AtomicU64; RESULTS_LEN]; Action::ALL.len()],
    first_byte: Spread,
    work: [Spread; Lane::ALL.len()],
}

/// What came of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Came {
    /// The word of the verdict.
    pub outcome: &'static str,
    /// Of a failure, its class.
    pub class: Option<&'static str>,
}

/// How many ended in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// What was to be done.
    pub action: Action,
    /// What came of it.
    pub came: Came,
    /// How often. A row that is tried again counts again.
    pub count: u64,
}

impl Default for EdgeFigures {
    fn default() -> Self {
        Self {
            done: [const { [const { AtomicU64::new(0) }; RESULTS_LEN] }; Action::ALL.len()],
            first_byte: Spread::new(&FIRST_BYTE),
            work: [const { Spread::new(&WORK) }; Lane::ALL.len()],
        }
    }
}

impl EdgeFigures {
    pub(super) fn note(&self, action: Action, outcome: &Outcome) {
        let came = Came {
            outcome: outcome.verdict.name(),
            class: outcome.verdict.failure().map(|failure| failure.class.name()),
        };
        let action_at = Action::ALL.iter().position(|it| *it == action);
        if let Some(count) = action_at
            .and_then(|at| self.done.get(at))
            .zip(RESULTS.iter().position(|it| *it == came))
            .and_then(|(results, at)| results.get(at))
        {
            count.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(ttfb) = outcome.ttfb {
            self.first_byte.note(ttfb);
        }
        for (lane, work) in Lane::ALL.into_iter().zip(&self.work) {
            if lane == action.lane() {
                work.note(outcome.took);
            }
        }
    }

    /// What ended, without what never happened.
    pub fn done(&self) -> impl Iterator<Item = Done> {
        Action::ALL.into_iter().zip(&self.done).flat_map(|(action, results)| {
            let counts = RESULTS.into_iter().zip(results).map(|(came, n)| (came, n.load(Ordering::Relaxed)));
            counts.filter(|(_, count)| *count > 0).map(move |(came, count)| Done { action, came, count })
        })
    }

    /// Objects by their time to the first byte.
    pub fn first_byte(&self) -> Times {
        self.first_byte.seen()
    }

    /// Rows by the time that was spent on them, by [`Lane::ALL`].
    pub fn work(&self) -> [Times; Lane::ALL.len()] {
        self.work.each_ref().map(Spread::seen)
    }
}

const fn results() -> [Came; RESULTS_LEN] {
    let successes = [
        Verdict::Removed.name(),
        Verdict::Absent.name(),
        Verdict::Purged.name(),
        Verdict::Warmed.name(),
        Verdict::Present.name(),
        Verdict::Refreshed.name(),
    ];
    let mut all = [Came { outcome: "failed", class: None }; RESULTS_LEN];
    let mut at = 0;
    while at < all.len() {
        if at < successes.len() {
            all[at].outcome = successes[at];
        } else {
            all[at].class = Some(FailureClass::ALL[at - successes.len()].name());
        }
        at += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::failure::Failure;
    use crate::outcome::Held;

    #[test]
    fn what_was_done_is_counted_by_what_came_of_it() {
        let figures = EdgeFigures::default();
        let note = |verdict, ttfb: Option<u64>| {
            let (before, after) = (Held::Unknown, Held::Unknown);
            let (ttfb, took) = (ttfb.map(Duration::from_millis), Duration::from_secs(20));
            let outcome = Outcome {
                verdict,
                status: None,
                bytes: 0,
                ttfb,
                took,
                before,
                after,
                attempts: 1,
                digest: None,
            };
            figures.note(Action::Warm, &outcome);
        };
        note(Verdict::Warmed, Some(3));
        note(Verdict::Warmed, Some(60_000));
        note(Verdict::Failed(Failure::new(FailureClass::Short, "")), None);
        let done: Vec<_> =
            figures.done().map(|done| (done.came.outcome, done.came.class, done.count)).collect();
        assert_eq!(done, [("warmed", None, 2), ("failed", Some("short"), 1)]);
        let first_byte = figures.first_byte();
        assert_eq!(first_byte.classes.map(|(_, count)| count), [1, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(first_byte.sum, Duration::from_millis(60_003));
        let [control, bulk] = figures.work();
        assert_eq!((control.count(), bulk.count(), bulk.classes[6].1), (0, 3, 3));
    }

    /// There may be thousands of edges.
    #[test]
    fn the_figures_of_an_edge_take_a_kibibyte() {
        assert!(size_of::<EdgeFigures>() <= 1024, "{}", size_of::<EdgeFigures>());
    }
}
