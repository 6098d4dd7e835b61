//! How long things took: how many in each class, and the sum. Counted from any thread, and read beside that.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Classes that have an upper end.
pub const BOUNDS_LEN: usize = 8;

/// Times by their length.
#[derive(Debug)]
pub struct Spread {
    /// The upper ends of the classes, in seconds; one class more is beyond the last.
    bounds: &'static [f64; BOUNDS_LEN],
    counts: [AtomicU64; BOUNDS_LEN + 1],
    micros: AtomicU64,
}

/// A moment of a [`Spread`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Times {
    /// The upper end of each class, in seconds, and how many fell into it. The last has no end, which [`f64::INFINITY`] says.
    pub classes: [(f64, u64); BOUNDS_LEN + 1],
    /// The sum of all.
    pub sum: Duration,
}

impl Spread {
    pub(crate) const fn new(bounds: &'static [f64; BOUNDS_LEN]) -> Self {
        Self { bounds, counts: [const { AtomicU64::new(0) }; BOUNDS_LEN + 1], micros: AtomicU64::new(0) }
    }

    pub(crate) fn note(&self, time: Duration) {
        let at = self.bounds.iter().position(|bound| time.as_secs_f64() <= *bound);
        if let Some(count) = self.counts.get(at.unwrap_or(BOUNDS_LEN)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.micros.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// What was counted so far.
    pub fn seen(&self) -> Times {
        let mut classes = [(f64::INFINITY, 0); BOUNDS_LEN + 1];
        for (class, bound) in classes.iter_mut().zip(self.bounds) {
            class.0 = *bound;
        }
        for (class, count) in classes.iter_mut().zip(&self.counts) {
            class.1 = count.load(Ordering::Relaxed);
        }
        Times { classes, sum: Duration::from_micros(self.micros.load(Ordering::Relaxed)) }
    }
}

impl Times {
    /// How many there were.
    pub fn count(&self) -> u64 {
        self.classes.iter().map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_is_in_the_class_whose_end_it_does_not_exceed() {
        let spread = Spread::new(&[0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0]);
        for ms in [1, 100, 101, 60_000, 60_001] {
            spread.note(Duration::from_millis(ms));
        }
        let seen = spread.seen();
        assert_eq!(seen.classes.map(|(_, count)| count), [2, 1, 0, 0, 0, 0, 0, 1, 1]);
        assert_eq!((seen.count(), seen.sum), (5, Duration::from_millis(120_203)));
        assert_eq!((seen.classes[0].0, seen.classes[BOUNDS_LEN].0), (0.1, f64::INFINITY));
    }
}
