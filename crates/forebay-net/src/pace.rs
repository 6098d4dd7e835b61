//! A limit on bytes per second that many transfers share, and that can be changed while they run.
//!
//! Whoever has moved a piece pays for it and waits until it is paid off; the average is exact, and a piece is what flows in an eighth
//! of a second, so the flow is smooth. Payments form a line: each is due when all bytes before it and its own have flowed. Time that
//! nobody used is not saved up beyond a quarter of a second.
//!
//! The place in the line is counted in bytes and not in time, so a new rate moves everybody's turn at once. (The limit for clients of a
//! server, `forebay-tower`'s, keeps one point in time per client instead: there are thousands of them, and none waits for long.)

use std::sync::Arc;
use std::time::Duration;

use forebay_budget::Rate;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

/// What an idle line saves up, as time at the full rate.
const BURST: Duration = Duration::from_millis(250);
/// What flows in this time is a piece.
const PIECE: Duration = Duration::from_millis(125);
/// Smaller pieces cost more than they smooth.
const PIECE_MIN: u64 = 16 << 10;
/// Larger ones make nothing faster.
const PIECE_MAX: u64 = 4 << 20;

/// A bandwidth that is shared. Cheap to clone; clones share it.
#[derive(Clone, Debug)]
pub struct Pace(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    line: Mutex<Line>,
    changed: Notify,
}

#[derive(Debug)]
struct Line {
    rate: Option<Rate>,
    /// Bytes that had flowed, by the rates until then, at `since`.
    flowed: u64,
    since: Instant,
    /// Bytes that were paid for: the end of the line.
    end: u64,
}

impl Pace {
    /// No limit, until one is set.
    pub fn unlimited() -> Self {
        Self::new(None)
    }

    /// At most this much in a second.
    pub fn at(rate: Rate) -> Self {
        Self::new(Some(rate))
    }

    fn new(rate: Option<Rate>) -> Self {
        let line = Line { rate, flowed: 0, since: Instant::now(), end: 0 };
        Self(Arc::new(Shared { line: Mutex::new(line), changed: Notify::new() }))
    }

    /// The limit now.
    pub fn rate(&self) -> Option<Rate> {
        self.0.line.lock().rate
    }

    /// Sets another limit, or none, for all who wait and who come.
    pub fn set(&self, rate: Option<Rate>) {
        {
            let mut line = self.0.line.lock();
            line.settle(Instant::now());
            line.rate = rate;
        }
        self.0.changed.notify_waiters();
    }

    /// How many bytes to move before the next payment, so that the flow is smooth.
    pub fn piece(&self) -> u64 {
        self.rate().map_or(PIECE_MAX, |rate| rate.bytes_in(PIECE).clamp(PIECE_MIN, PIECE_MAX))
    }

    /// Pays for bytes that were moved, and waits until they may have been.
    ///
    /// Dropped early, the bytes stay paid for: those behind wait for them.
    pub async fn pay(&self, bytes: u64) {
        let turn = {
            let mut line = self.0.line.lock();
            line.settle(Instant::now());
            line.end += bytes;
            line.end
        };
        loop {
            // Listening before looking: a change in between is not missed.
            let changed = self.0.changed.notified();
            let wait = self.0.line.lock().until(turn, Instant::now());
            if wait.is_zero() {
                return;
            }
            tokio::select! {
                () = sleep(wait) => {}
                () = changed => {}
            }
        }
    }
}

impl Line {
    /// Brings `flowed` up to now. What nobody used is forgotten, but for a burst.
    fn settle(&mut self, now: Instant) {
        let Some(rate) = self.rate else {
            (self.flowed, self.since) = (self.end, now);
            return;
        };
        let elapsed = now.saturating_duration_since(self.since);
        let flowed = rate.bytes_in(elapsed);
        let most = self.end.saturating_add(rate.bytes_in(BURST));
        self.flowed = self.flowed.saturating_add(flowed);
        if self.flowed > most {
            (self.flowed, self.since) = (most, now);
        } else {
            // The part of a byte that is under way is not lost.
            self.since += rate.time_for(flowed).min(elapsed);
        }
    }

    /// How long it takes until everything up to `turn` has flowed.
    fn until(&self, turn: u64, now: Instant) -> Duration {
        let Some(rate) = self.rate else { return Duration::ZERO };
        let left = turn.saturating_sub(self.flowed);
        let due = rate.time_for(left).min(Duration::from_secs(86_400));
        due.saturating_sub(now.saturating_duration_since(self.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn time<T>(work: impl Future<Output = T>) -> Duration {
        let began = Instant::now();
        work.await;
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn many_share_one_rate_and_none_waits_longer_than_the_others() {
        let pace = Pace::at(Rate::mib(1));
        let one = async || {
            for _ in 0..16 {
                pace.pay(64 << 10).await;
            }
        };
        let both = time(async { tokio::join!(time(one()), time(one())) });
        let took = both.await;
        // 2 MiB at 1 MiB/s; nothing had been saved up.
        assert!(took.abs_diff(Duration::from_secs(2)) < Duration::from_millis(5), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_saves_up_a_quarter_of_a_second_and_no_more() {
        let pace = Pace::at(Rate::mib(1));
        sleep(Duration::from_secs(60)).await;
        let took = time(pace.pay(1 << 20)).await;
        assert!(took.abs_diff(Duration::from_millis(750)) < Duration::from_millis(5), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_rate_holds_for_those_who_wait_already() {
        let pace = Pace::at(Rate::kib(1));
        let waits = time(pace.pay(4 << 20));
        let change = async {
            sleep(Duration::from_secs(1)).await;
            pace.set(Some(Rate::mib(4)));
            sleep(Duration::from_millis(500)).await;
            pace.set(None);
        };
        let (took, ()) = tokio::join!(waits, change);
        assert!(took.abs_diff(Duration::from_millis(1500)) < Duration::from_millis(5), "{took:?}");
        assert!(time(pace.pay(1 << 40)).await.is_zero(), "without a limit nobody waits");
    }

    #[tokio::test(start_paused = true)]
    async fn small_payments_of_many_add_up_to_the_rate() {
        let pace = Pace::at(Rate::b(1000));
        let one = async || {
            for _ in 0..300 {
                pace.pay(3).await;
            }
        };
        let took = time(async { tokio::join!(one(), one(), one()) }).await;
        assert!(took.abs_diff(Duration::from_millis(2700)) < Duration::from_millis(20), "{took:?}");
    }

    #[test]
    fn a_piece_is_an_eighth_of_a_second_within_bounds() {
        assert_eq!(Pace::at(Rate::mib(8)).piece(), 1 << 20);
        assert_eq!(Pace::at(Rate::b(1)).piece(), PIECE_MIN);
        assert_eq!(Pace::unlimited().piece(), PIECE_MAX);
    }
}
