//! How many requests an edge is given at once, from how soon it begins to answer.
//!
//! More are added one at a time while answers begin as soon as they used to; when they begin markedly later, or the edge says that it has
//! too much to do, a tenth less is asked. What counts is the time to the first byte, never the time to the last: the length of an object
//! would look like trouble. Compared is the mean of one round of requests with the mean of those before it, and what counts as markedly
//! later is so many times their usual deviation (the rule of Vector's adaptive concurrency, with `AIMD` of TCP behind it).

use std::time::Duration;

use tokio::time::Instant;

/// How much a new round counts in the mean of the past.
const WEIGHT: f64 = 0.4;
/// So many deviations above the mean are markedly later.
const DEVIATIONS: f64 = 2.5;
/// What is left after a decrease.
const DECREASE: f64 = 0.9;
/// What is left after the edge said that it has too much to do.
const THROTTLED: f64 = 0.5;
/// A round is not shorter than this: answers within a machine begin in less time than a clock of the kernel ticks.
const ROUND_MIN: Duration = Duration::from_millis(1);

/// The state of the rule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Adaptive {
    limit: u32,
    max: u32,
    past: Option<Past>,
    round: Round,
    round_ends: Instant,
}

/// The rounds before.
#[derive(Clone, Copy, Debug)]
struct Past {
    mean: f64,
    variance: f64,
}

/// The round that is under way.
#[derive(Clone, Copy, Debug, Default)]
struct Round {
    sum: f64,
    count: u32,
    was_full: bool,
    was_throttled: bool,
}

/// What was seen of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sample {
    /// The answer began after so long.
    Began(Duration),
    /// There was no answer, or it said to slow down.
    TooMuch,
}

impl Adaptive {
    pub(crate) fn new(start: u32, max: u32, now: Instant) -> Self {
        let max = max.max(1);
        let limit = start.clamp(1, max);
        Self { limit, max, past: None, round: Round::default(), round_ends: now }
    }

    /// How many at once.
    pub(crate) const fn limit(&self) -> u32 {
        self.limit
    }

    /// Learns from one request. `in_use` is how many were under way, this one included.
    pub(crate) fn learn(&mut self, sample: Sample, in_use: u32, now: Instant) {
        self.round.was_full |= in_use >= self.limit;
        match sample {
            Sample::Began(after) => {
                self.round.sum += after.as_secs_f64();
                self.round.count += 1;
            }
            Sample::TooMuch => self.round.was_throttled = true,
        }
        if now >= self.round_ends {
            self.end_round(now);
        }
    }

    fn end_round(&mut self, now: Instant) {
        let round = std::mem::take(&mut self.round);
        let mean = (round.count > 0).then(|| round.sum / f64::from(round.count));
        self.limit = self.judged(round, mean);
        if let Some(mean) = mean {
            self.past = Some(Past::with(self.past, mean));
        }
        let length = Duration::try_from_secs_f64(mean.unwrap_or_default()).unwrap_or_default();
        self.round_ends = now + length.max(ROUND_MIN);
    }

    fn judged(&self, round: Round, mean: Option<f64>) -> u32 {
        let less = |part: f64| ((f64::from(self.limit) * part) as u32).max(1);
        if round.was_throttled {
            return less(THROTTLED);
        }
        match (self.past, mean) {
            (Some(past), Some(mean)) if mean > past.mean + DEVIATIONS * past.deviation() => less(DECREASE),
            (_, Some(_)) if round.was_full => (self.limit + 1).min(self.max),
            _ => self.limit,
        }
    }
}

impl Past {
    fn with(past: Option<Self>, mean: f64) -> Self {
        let Some(past) = past else { return Self { mean, variance: 0.0 } };
        let off = mean - past.mean;
        let step = WEIGHT * off;
        Self { mean: past.mean + step, variance: (1.0 - WEIGHT) * (past.variance + off * step) }
    }

    /// Not less than a tenth of the mean: what is that close is the same.
    fn deviation(&self) -> f64 {
        self.variance.max(0.0).sqrt().max(self.mean * 0.1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An edge that begins to answer after 10 ms as long as at most `room` are asked of it, and later in proportion beyond that.
    fn settle(room: u32, max: u32, rounds: u32) -> (u32, u32) {
        let begun = Instant::now();
        let mut rule = Adaptive::new(4, max, begun);
        let mut now = begun;
        let mut most = 0;
        for _ in 0..rounds {
            let at_once = rule.limit();
            most = most.max(at_once);
            let slower = f64::from(at_once) / f64::from(room);
            let after = Duration::from_secs_f64(0.010 * slower.max(1.0).powi(2));
            now += after;
            for _ in 0..at_once {
                rule.learn(Sample::Began(after), at_once, now);
            }
        }
        (rule.limit(), most)
    }

    #[test]
    fn a_fast_edge_is_given_as_many_as_allowed() {
        assert_eq!(settle(1000, 64, 500).0, 64);
    }

    #[tokio::test(start_paused = true)]
    async fn an_edge_that_slows_down_at_once_is_given_less() {
        let begun = Instant::now();
        let mut rule = Adaptive::new(64, 64, begun);
        let mut now = begun;
        let round = |rule: &mut Adaptive, now: &mut Instant, ms: u64| {
            *now += Duration::from_millis(ms);
            for _ in 0..rule.limit() {
                rule.learn(Sample::Began(Duration::from_millis(ms)), rule.limit(), *now);
            }
        };
        for _ in 0..10 {
            round(&mut rule, &mut now, 10);
        }
        assert_eq!(rule.limit(), 64);
        for ms in [40, 80, 160] {
            round(&mut rule, &mut now, ms);
        }
        assert!(rule.limit() < 64, "{}", rule.limit());
    }

    #[test]
    fn being_told_to_slow_down_halves_it_and_one_is_always_left() {
        let begun = Instant::now();
        let mut rule = Adaptive::new(64, 64, begun);
        let mut now = begun;
        let mut seen = Vec::new();
        for _ in 0..8 {
            now += Duration::from_millis(5);
            rule.learn(Sample::TooMuch, rule.limit(), now);
            seen.push(rule.limit());
        }
        assert_eq!(seen, [32, 16, 8, 4, 2, 1, 1, 1]);
    }

    #[test]
    fn what_is_not_used_is_not_raised() {
        let begun = Instant::now();
        let mut rule = Adaptive::new(4, 64, begun);
        for ms in 1..200_u64 {
            rule.learn(Sample::Began(Duration::from_millis(1)), 2, begun + Duration::from_millis(ms * 2));
        }
        assert_eq!(rule.limit(), 4);
    }

    proptest! {
        #[test]
        fn the_limit_stays_within_its_bounds(
            max in 1_u32..300,
            steps in prop::collection::vec((0_u64..5000, any::<bool>(), 0_u32..400), 0..300),
        ) {
            let mut now = Instant::now();
            let mut rule = Adaptive::new(4, max, now);
            for (ms, fine, in_use) in steps {
                now += Duration::from_millis(ms);
                let sample = if fine { Sample::Began(Duration::from_millis(ms)) } else { Sample::TooMuch };
                rule.learn(sample, in_use, now);
                prop_assert!((1..=max).contains(&rule.limit()));
            }
        }
    }
}
