//! From an outcome to what the queue is told.
//!
//! An edge that cannot be reached at all has not been asked anything: its rows wait, untried, until it is back, for as long as
//! [`Patience::away_max`]. What failed otherwise and may pass is tried again, each time later, so often and no more. All else is final.

use std::time::Duration;

use crate::failure::FailureClass;
use crate::outcome::Outcome;

/// How long and how often rows are tried before they are given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Tries of a row whose failures may pass. Default: 8.
    pub attempts_max: u32,
    /// Until the second try; each further one comes twice as late. Default: 5 s.
    pub wait_min: Duration,
    /// At most. Default: 10 min.
    pub wait_max: Duration,
    /// How long an edge may be away before its rows are given up. Default: 7 days.
    pub away_max: Duration,
}

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// That was it.
    Final,
    /// Once more, so much later.
    Again(FailureClass, Duration),
    /// The edge was not there to be asked.
    Untried,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts_max: 8,
            wait_min: Duration::from_secs(5),
            wait_max: Duration::from_mins(10),
            away_max: Duration::from_hours(7 * 24),
        }
    }
}

impl Patience {
    /// What becomes of a row that ended so, at its `attempts`-th try, on an edge that has been away for so long, if it is.
    pub(super) fn judge(&self, outcome: &Outcome, attempts: u32, away_for: Option<Duration>) -> Ending {
        let Some(failure) = outcome.verdict.failure() else { return Ending::Final };
        match failure.class {
            class if is_away(class) => match away_for {
                Some(so_long) if so_long >= self.away_max => Ending::Final,
                _ => Ending::Untried,
            },
            class if class.is_passing() && attempts < self.attempts_max => {
                Ending::Again(class, self.wait(attempts))
            }
            _ => Ending::Final,
        }
    }

    fn wait(&self, attempts: u32) -> Duration {
        let doubled = 1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
        self.wait_min.saturating_mul(doubled).min(self.wait_max)
    }
}

/// Whether a failure says that the edge is not there.
pub(super) const fn is_away(class: FailureClass) -> bool {
    matches!(class, FailureClass::Resolve | FailureClass::Connect | FailureClass::Down)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;
    use crate::outcome::{Held, Verdict};

    fn ended(verdict: Verdict) -> Outcome {
        let (before, after) = (Held::Unknown, Held::Unknown);
        let took = Duration::ZERO;
        Outcome {
            verdict,
            status: None,
            bytes: 0,
            ttfb: None,
            took,
            before,
            after,
            attempts: 1,
            digest: None,
        }
    }

    fn failed(class: FailureClass) -> Outcome {
        ended(Verdict::Failed(Failure::new(class, "")))
    }

    #[test]
    fn what_may_pass_is_tried_again_each_time_later_and_not_for_ever() {
        let patience = Patience::default();
        let judge = |attempts| patience.judge(&failed(FailureClass::Server), attempts, None);
        assert_eq!(judge(1), Ending::Again(FailureClass::Server, Duration::from_secs(5)));
        assert_eq!(judge(3), Ending::Again(FailureClass::Server, Duration::from_secs(20)));
        assert_eq!(judge(8), Ending::Final);
        let patience = Patience { attempts_max: u32::MAX, ..patience };
        let late = patience.judge(&failed(FailureClass::Server), 1_000_000, None);
        assert_eq!(late, Ending::Again(FailureClass::Server, Duration::from_mins(10)));
    }

    #[test]
    fn an_edge_that_is_away_costs_no_tries() {
        let patience = Patience::default();
        let judge = |away| patience.judge(&failed(FailureClass::Connect), 1000, away);
        assert_eq!(judge(None), Ending::Untried);
        assert_eq!(judge(Some(Duration::from_hours(24))), Ending::Untried);
        assert_eq!(judge(Some(Duration::from_hours(8 * 24))), Ending::Final);
    }

    #[test]
    fn what_will_not_pass_is_not_tried_again() {
        let patience = Patience::default();
        for outcome in [ended(Verdict::Removed), failed(FailureClass::Refused), failed(FailureClass::Status)]
        {
            assert_eq!(patience.judge(&outcome, 1, None), Ending::Final);
        }
    }
}
