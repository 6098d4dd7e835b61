//! What was done on an edge, as numbers. They are read where they are shown and counted nowhere else.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::failure::FailureClass;
use crate::outcome::{Outcome, Verdict};
use crate::task::Action;

/// Six ways to succeed, and all to fail.
const RESULTS_LEN: usize = 6 + FailureClass::ALL.len();

/// Successes, in the order of [`Verdict`], then failures by class.
const RESULTS: [&str; RESULTS_LEN] = results();

/// The upper ends of the classes of time to first byte, in seconds.
pub const TTFB_BOUNDS: [f64; 8] = [0.005, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// The figures of an edge since the start.
#[derive(Debug)]
pub struct EdgeFigures {
    done: [[AtomicU64; RESULTS_LEN]; Action::ALL.len()],
    ttfb: [AtomicU64; TTFB_BOUNDS.len() + 1],
    ttfb_micros: AtomicU64,
}

/// How many ended in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// What was to be done.
    pub action: Action,
    /// What came of it: the word of a verdict, or of a failure's class.
    pub result: &'static str,
    /// How often. A row that is tried again counts again.
    pub count: u64,
}

impl Default for EdgeFigures {
    fn default() -> Self {
        Self {
            done: std::array::from_fn(|_| std::array::from_fn(|_| AtomicU64::new(0))),
            ttfb: std::array::from_fn(|_| AtomicU64::new(0)),
            ttfb_micros: AtomicU64::new(0),
        }
    }
}

impl EdgeFigures {
    pub(super) fn note(&self, action: Action, outcome: &Outcome) {
        let result = outcome.verdict.failure().map_or(outcome.verdict.name(), |why| why.class.name());
        let place = |all: &[&str], word: &str| all.iter().position(|it| *it == word);
        let action = Action::ALL.iter().position(|it| *it == action);
        if let Some(count) = action
            .and_then(|action| self.done.get(action))
            .zip(place(&RESULTS, result))
            .and_then(|(results, at)| results.get(at))
        {
            count.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(ttfb) = outcome.ttfb {
            let at = TTFB_BOUNDS.iter().position(|bound| ttfb.as_secs_f64() <= *bound);
            if let Some(count) = self.ttfb.get(at.unwrap_or(TTFB_BOUNDS.len())) {
                count.fetch_add(1, Ordering::Relaxed);
            }
            let micros = u64::try_from(ttfb.as_micros()).unwrap_or(u64::MAX);
            self.ttfb_micros.fetch_add(micros, Ordering::Relaxed);
        }
    }

    /// What ended, without what never happened.
    pub fn done(&self) -> impl Iterator<Item = Done> {
        Action::ALL.into_iter().zip(&self.done).flat_map(|(action, results)| {
            let counts =
                RESULTS.into_iter().zip(results).map(|(result, n)| (result, n.load(Ordering::Relaxed)));
            counts.filter(|(_, count)| *count > 0).map(move |(result, count)| Done { action, result, count })
        })
    }

    /// Objects by their time to the first byte, the last of them beyond [`TTFB_BOUNDS`], and the sum of those times.
    pub fn ttfb(&self) -> ([u64; TTFB_BOUNDS.len() + 1], Duration) {
        let counts = std::array::from_fn(|at| self.ttfb.get(at).map_or(0, |n| n.load(Ordering::Relaxed)));
        (counts, Duration::from_micros(self.ttfb_micros.load(Ordering::Relaxed)))
    }
}

const fn results() -> [&'static str; RESULTS_LEN] {
    let mut all = [""; 6 + FailureClass::ALL.len()];
    let successes = [
        Verdict::Removed.name(),
        Verdict::Absent.name(),
        Verdict::Purged.name(),
        Verdict::Warmed.name(),
        Verdict::Present.name(),
        Verdict::Refreshed.name(),
    ];
    let mut at = 0;
    while at < all.len() {
        all[at] =
            if at < successes.len() { successes[at] } else { FailureClass::ALL[at - successes.len()].name() };
        at += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;
    use crate::outcome::Held;

    #[test]
    fn what_was_done_is_counted_by_what_came_of_it() {
        let figures = EdgeFigures::default();
        let note = |verdict, ttfb: Option<u64>| {
            let (before, after) = (Held::Unknown, Held::Unknown);
            let (ttfb, took) = (ttfb.map(Duration::from_millis), Duration::ZERO);
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
        let done: Vec<_> = figures.done().map(|done| (done.result, done.count)).collect();
        assert_eq!(done, [("warmed", 2), ("short", 1)]);
        let (counts, sum) = figures.ttfb();
        assert_eq!(counts, [1, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(sum, Duration::from_millis(60_003));
    }
}
