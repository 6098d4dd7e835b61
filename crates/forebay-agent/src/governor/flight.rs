//! Bytes that an edge has been asked for and has not yet sent.
//!
//! How long an object is, only the head of its answer says. Until then an admission counts as the mean of those before it; then as what
//! it is. So the sum may exceed its cap by what the latest few turned out to be; who comes after them waits until it has fallen.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// Cheap to clone; clones share the cap.
#[derive(Clone, Debug)]
pub(crate) struct Flight(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    cap: Option<u64>,
    state: Mutex<State>,
    fell: Notify,
}

#[derive(Debug, Default)]
struct State {
    bytes: u64,
    mean: u64,
}

/// The bytes of one object.
#[derive(Debug)]
pub(crate) struct Aboard {
    flight: Flight,
    left: u64,
}

impl Flight {
    pub(crate) fn new(cap: Option<u64>) -> Self {
        Self(Arc::new(Shared { cap, state: Mutex::default(), fell: Notify::new() }))
    }

    /// Waits until fewer bytes than the cap are in flight.
    pub(crate) async fn board(&self) -> Aboard {
        loop {
            // Listening before looking: a change in between is not missed.
            let fell = self.0.fell.notified();
            if let Some(aboard) = self.try_board() {
                return aboard;
            }
            fell.await;
        }
    }

    fn try_board(&self) -> Option<Aboard> {
        let mut state = self.0.state.lock();
        if self.0.cap.is_some_and(|cap| state.bytes >= cap) {
            return None;
        }
        let left = state.mean;
        state.bytes += left;
        Some(Aboard { flight: self.clone(), left })
    }

    /// How many there are.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.state.lock().bytes
    }
}

impl Aboard {
    /// So long it is.
    pub(crate) fn is_known(&mut self, len: u64) {
        {
            let mut state = self.flight.0.state.lock();
            state.mean = if state.mean == 0 { len } else { state.mean - state.mean / 8 + len / 8 };
            state.bytes = state.bytes - self.left + len;
        }
        self.left = len;
        self.flight.0.fell.notify_one();
    }

    /// So many have come.
    pub(crate) fn came(&mut self, bytes: u64) {
        let bytes = bytes.min(self.left);
        self.left -= bytes;
        self.flight.0.state.lock().bytes -= bytes;
        if self.flight.0.cap.is_some() {
            self.flight.0.fell.notify_one();
        }
    }
}

impl Drop for Aboard {
    fn drop(&mut self) {
        self.flight.0.state.lock().bytes -= self.left;
        self.flight.0.fell.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::poll;

    use super::*;

    #[tokio::test]
    async fn who_comes_waits_until_the_sum_is_below_the_cap() {
        let flight = Flight::new(Some(1000));
        let mut first = flight.board().await;
        first.is_known(1500);
        let mut next = Box::pin(flight.board());
        assert!(poll!(&mut next).is_pending());
        first.came(400);
        assert!(poll!(&mut next).is_pending(), "1100 are left");
        first.came(200);
        assert!(poll!(&mut next).is_ready());
    }

    #[tokio::test]
    async fn what_is_left_half_way_is_in_flight_no_more() {
        let flight = Flight::new(Some(1000));
        let mut first = flight.board().await;
        first.is_known(5000);
        first.came(10);
        drop(first);
        assert_eq!(flight.bytes(), 0);
        // What is not yet known counts as the mean of what was.
        let second = flight.board().await;
        assert_eq!(flight.bytes(), 5000);
        drop(second);
    }

    #[tokio::test]
    async fn more_may_come_than_was_said() {
        let flight = Flight::new(None);
        let mut aboard = flight.board().await;
        aboard.is_known(10);
        aboard.came(25);
        assert_eq!(flight.bytes(), 0);
    }
}
