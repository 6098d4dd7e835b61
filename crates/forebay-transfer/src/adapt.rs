//! How many requests at once: as many as make it faster.
//!
//! More connections help until something is full: the link, the disk, our processor, the server. Beyond that they only queue, and a server
//! that is asked by many at once begins to refuse. Neither limit is known before, and both move.
//!
//! So it climbs a hill. It looks at rounds of equal work: as many finished pieces as there are connections. A step up has paid if the
//! rate rose by a third of what it would rise if nothing were full. While steps pay, it doubles; the first that does not is taken back, and from
//! then on it tries a quarter more, keeps that if it pays and takes it back if not, each time resting twice as many rounds before the
//! next try (up to 16). A rate below half of the best for two rounds means that the world has changed: the best is forgotten.
//! Being told to slow down halves the number at once, at most once a round, and one connection is always left.
//!
//! Time is handed in, so that the whole of it is a function that tests drive.

use std::time::Duration;

/// The share of the gain that a step would have if nothing were full, at which it has paid.
const WORTH: f64 = 1.0 / 3.0;
/// Rounds between two tries at most.
const REST_MAX: u32 = 16;

/// Decides how many requests may be under way.
#[derive(Debug, Clone)]
pub struct Adapt {
    now: u32,
    most: u32,
    climbing: bool,
    /// The best rate of any round, in bytes a second.
    best: f64,
    /// What the last try added; taken back if the round was not worth it.
    tried: u32,
    rest: u32,
    rest_next: u32,
    slow_rounds: u32,
    round: Round,
}

#[derive(Debug, Clone, Copy, Default)]
struct Round {
    began: Duration,
    pieces: u32,
    bytes: u64,
    throttled: bool,
}

impl Adapt {
    /// Begins with 8, or with fewer if `most` is less.
    pub fn new(most: u32) -> Self {
        let most = most.max(1);
        let now = most.min(8);
        Self {
            now,
            most,
            climbing: true,
            best: 0.0,
            tried: 0,
            rest: 0,
            rest_next: 1,
            slow_rounds: 0,
            round: Round::default(),
        }
    }

    /// As many as this, whatever is measured; throttling still halves it.
    pub fn fixed(count: u32) -> Self {
        let count = count.max(1);
        Self { now: count, climbing: false, rest: u32::MAX, ..Self::new(count) }
    }

    /// How many requests may be under way.
    pub const fn allowed(&self) -> u32 {
        self.now
    }

    /// A piece of `bytes` was finished at `now`, a moment on any clock that goes forward.
    pub fn finished(&mut self, bytes: u64, now: Duration) {
        self.round.pieces += 1;
        self.round.bytes += bytes;
        if self.round.pieces >= self.now {
            self.end_round(now);
        }
    }

    /// The other side asked for fewer requests.
    pub fn throttled(&mut self, now: Duration) {
        if self.round.throttled {
            return;
        }
        self.now = (self.now / 2).max(1);
        (self.climbing, self.tried, self.best, self.rest) = (false, 0, 0.0, REST_MAX.max(self.rest));
        self.round = Round { began: now, throttled: true, ..Round::default() };
    }

    fn end_round(&mut self, now: Duration) {
        let took = now.saturating_sub(self.round.began).as_secs_f64();
        let rate = if took > 0.0 { self.round.bytes as f64 / took } else { f64::MAX };
        self.round = Round { began: now, ..Round::default() };
        let step = f64::from(self.tried) / f64::from(self.now - self.tried);
        let faster = rate > self.best * (1.0 + step * WORTH);
        if self.climbing {
            self.climb(faster);
        } else if self.tried > 0 {
            self.judge(faster);
        } else if self.rest > 0 {
            self.rest = self.rest.saturating_sub(u32::from(self.rest != u32::MAX));
        } else {
            self.tried = (self.now / 4).max(1).min(self.most - self.now);
            self.now += self.tried;
        }
        self.slow_rounds = if rate * 2.0 < self.best { self.slow_rounds + 1 } else { 0 };
        self.best = if self.slow_rounds >= 2 { rate } else { self.best.max(rate) };
    }

    fn climb(&mut self, faster: bool) {
        let doubled = self.now.saturating_mul(2).min(self.most);
        if faster && doubled > self.now {
            self.tried = doubled - self.now;
            self.now = doubled;
        } else {
            self.climbing = false;
            if !faster {
                self.now -= self.tried;
            }
            (self.tried, self.rest) = (0, self.rest_next);
        }
    }

    fn judge(&mut self, faster: bool) {
        if faster {
            self.rest_next = 1;
        } else {
            self.now -= self.tried;
            self.rest_next = (self.rest_next * 2).min(REST_MAX);
        }
        (self.tried, self.rest) = (0, self.rest_next);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A server and a link: each connection carries `each` bytes a second, all together `link`.
    struct World {
        each: f64,
        link: f64,
    }

    impl World {
        fn rate(&self, connections: u32) -> f64 {
            (f64::from(connections) * self.each).min(self.link)
        }

        /// Moves `pieces` pieces of 10 MiB; the numbers of connections over time.
        fn run(&self, adapt: &mut Adapt, clock: &mut Duration, pieces: u32) -> Vec<u32> {
            (0..pieces)
                .map(|_| {
                    let bytes = 10u64 << 20;
                    *clock += Duration::from_secs_f64(bytes as f64 / self.rate(adapt.allowed()));
                    adapt.finished(bytes, *clock);
                    adapt.allowed()
                })
                .collect()
        }
    }

    #[test]
    fn it_finds_what_a_link_takes_and_does_not_go_far_beyond() {
        let mut clock = Duration::ZERO;
        for (each, link, enough, most) in [(10e6, 1e9, 64, 64), (10e6, 160e6, 16, 40), (500e6, 500e6, 1, 18)]
        {
            let mut adapt = Adapt::new(64);
            World { each, link }.run(&mut adapt, &mut clock, 2_000);
            assert!((enough..=most).contains(&adapt.allowed()), "{each} {link}: {}", adapt.allowed());
        }
    }

    #[test]
    fn a_link_that_becomes_faster_is_noticed() {
        let (mut clock, mut adapt) = (Duration::ZERO, Adapt::new(64));
        World { each: 10e6, link: 80e6 }.run(&mut adapt, &mut clock, 500);
        let before = adapt.allowed();
        World { each: 10e6, link: 1e9 }.run(&mut adapt, &mut clock, 10_000);
        assert!(before <= 16 && adapt.allowed() > 32, "{before} {}", adapt.allowed());
    }

    #[test]
    fn being_told_to_slow_down_halves_it_once_a_round_and_leaves_one() {
        let (mut clock, mut adapt) = (Duration::ZERO, Adapt::fixed(16));
        adapt.throttled(clock);
        adapt.throttled(clock);
        assert_eq!(adapt.allowed(), 8);
        let world = World { each: 1e6, link: 1e9 };
        for _ in 0..10 {
            world.run(&mut adapt, &mut clock, 16);
            adapt.throttled(clock);
        }
        assert_eq!(adapt.allowed(), 1);
    }

    #[test]
    fn a_fixed_number_stays() {
        let (mut clock, mut adapt) = (Duration::ZERO, Adapt::fixed(5));
        assert!(World { each: 1e6, link: 1e9 }.run(&mut adapt, &mut clock, 500).iter().all(|now| *now == 5));
    }

    proptest! {
        #[test]
        fn it_stays_within_its_bounds_whatever_happens(
            most in 0u32..200,
            events in proptest::collection::vec((any::<bool>(), 0u64..1 << 34, 0u64..10_000), 0..2_000),
        ) {
            let (mut clock, mut adapt) = (Duration::ZERO, Adapt::new(most));
            for (throttled, bytes, millis) in events {
                clock += Duration::from_millis(millis);
                if throttled { adapt.throttled(clock) } else { adapt.finished(bytes, clock) }
                prop_assert!((1..=most.max(1)).contains(&adapt.allowed()));
            }
        }
    }
}
