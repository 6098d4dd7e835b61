//! Writing to files from a worker, as long as the disk keeps up.
//!
//! A write to the page cache is a copy, quicker than the way to another thread and back. It becomes a wait when the kernel makes writers
//! pay for what they have dirtied. So a turn runs on the worker until one takes too long; from then on all turns of the client go to the
//! blocking pool, until many in a row were quick. One slow turn is the price of finding out.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::task::JoinError;
use tokio::time::Instant;

/// A turn of at most a mebibyte takes about half a millisecond from socket to page cache.
const SLOW: Duration = Duration::from_millis(10);
const QUICK: Duration = Duration::from_millis(2);
/// So many quick turns, and it is trusted again.
const QUICK_RUNS: u32 = 64;

#[derive(Default)]
pub(super) struct Disk {
    /// Quick turns that are yet to be seen; 0 while it is trusted.
    distrust: AtomicU32,
}

impl Disk {
    /// Runs a turn where it does no harm. If the future is dropped, the turn may still run to its end.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        turn: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let timed = move || {
            let began = Instant::now();
            let result = turn();
            (result, began.elapsed())
        };
        let distrust = self.distrust.load(Ordering::Relaxed);
        let (result, took) = match distrust {
            0 => timed(),
            _ => tokio::task::spawn_blocking(timed).await?,
        };
        if took > SLOW {
            self.distrust.store(QUICK_RUNS, Ordering::Relaxed);
        } else if distrust > 0 && took < QUICK {
            self.distrust.store(distrust - 1, Ordering::Relaxed);
        }
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use std::thread::{ThreadId, current};

    use super::*;

    /// A turn that takes its time, and says where.
    fn turn(time: Duration) -> impl FnOnce() -> ThreadId + Send + 'static {
        move || {
            let began = Instant::now();
            while began.elapsed() < time {
                std::hint::spin_loop();
            }
            current().id()
        }
    }

    #[tokio::test]
    async fn a_slow_turn_sends_the_next_ones_off_the_worker_until_many_were_quick() {
        let (disk, worker) = (Disk::default(), current().id());
        assert_eq!(disk.run(turn(Duration::ZERO)).await.unwrap(), worker);
        assert_eq!(disk.run(turn(SLOW * 2)).await.unwrap(), worker, "the price of finding out");
        let mut elsewhere = 0;
        while disk.run(turn(Duration::ZERO)).await.unwrap() != worker {
            elsewhere += 1;
        }
        assert!(elsewhere >= QUICK_RUNS, "{elsewhere}");
    }
}
