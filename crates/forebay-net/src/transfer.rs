//! One request and its response, as the socket sees them.
//!
//! A layer that counts body frames knows what was *offered*; only the connection knows what the client's
//! socket took. The two differ by everything that sits in buffers when a connection dies, so the access
//! log and the operator's view ask here.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use http::{Method, Uri};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::stream::lane::Lane;
use crate::verdict::{Phase, Reason};

/// Longer targets are cut for the view: it is for eyes, and each costs its bytes per live transfer.
const TARGET_MAX: usize = 256;

/// A handle to one transfer; found in the request's extensions, and cheap to clone.
#[derive(Clone)]
pub struct Transfer(Arc<Inner>);

struct Inner {
    id: u64,
    method: Method,
    /// The path as it was asked for, without its query (which may carry secrets), or what
    /// [`Transfer::set_target`] put there.
    target: Mutex<Box<str>>,
    begun: Instant,
    /// Response body bytes handed to the connection.
    yielded: AtomicU64,
    /// Those of them that the socket took.
    sent: AtomicU64,
    /// Request body bytes that came from the socket.
    received: AtomicU64,
    /// What the service said it waits for ([`Party`] + 1, 0 for nothing).
    waiting: AtomicU8,
    /// The response body has more to give and waits to be asked: the client is to take.
    offered: AtomicBool,
    /// The service waits for request body bytes: the client is to give.
    asking: AtomicBool,
    /// `sent + received` at the last sweep, and bytes per second between the last two.
    swept: AtomicU64,
    rate: AtomicU64,
    /// Since when nothing has moved, in sweeps.
    still_sweeps: AtomicU64,
    /// Over HTTP/2: what is known of the stream beside this.
    lane: Option<Box<Lane>>,
}

/// Who is to move next in a transfer that does not move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Party {
    /// The client does not take, or does not give, bytes.
    Client,
    /// A store, an origin, or the service itself has not produced bytes.
    Upstream,
    /// The transfer waits for its share of the budget.
    Budget,
}

impl Party {
    /// The name that metrics and views use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Upstream => "upstream",
            Self::Budget => "budget",
        }
    }
}

impl Transfer {
    /// `lane`: where the transfer is an HTTP/2 stream.
    pub(crate) fn new(id: u64, method: &Method, uri: &Uri, lane: Option<Box<Lane>>) -> Self {
        Self(Arc::new(Inner {
            id,
            method: method.clone(),
            target: Mutex::new(shortened(uri.path())),
            begun: Instant::now(),
            yielded: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            waiting: AtomicU8::new(0),
            offered: AtomicBool::new(false),
            asking: AtomicBool::new(false),
            swept: AtomicU64::new(0),
            rate: AtomicU64::new(0),
            still_sweeps: AtomicU64::new(0),
            lane,
        }))
    }

    /// Its name for [`Watch::end`](crate::Watch::end); unique in the process's life.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Response body bytes that the client's socket took.
    pub fn sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    /// Request body bytes that came from the client's socket and were read by the service.
    pub fn received(&self) -> u64 {
        self.0.received.load(Ordering::Relaxed)
    }

    /// When its head had been read.
    pub fn begun(&self) -> Instant {
        self.0.begun
    }

    /// The request's method.
    pub fn method(&self) -> &Method {
        &self.0.method
    }

    /// What the operator's view shows: the path, or what [`Transfer::set_target`] said.
    pub fn target(&self) -> String {
        self.0.target.lock().to_string()
    }

    /// Replaces the path in the operator's view, for services that put secrets into paths.
    pub fn set_target(&self, redacted: &str) {
        *self.0.target.lock() = shortened(redacted);
    }

    /// Says what the service waits for, so that a stalled transfer is blamed on the right one.
    pub fn set_waiting(&self, on: Party) {
        self.0.waiting.store(on as u8 + 1, Ordering::Relaxed);
    }

    /// The service waits for nothing any more.
    pub fn clear_waiting(&self) {
        self.0.waiting.store(0, Ordering::Relaxed);
    }

    /// Whom the transfer waits for right now, if it does not move.
    pub fn waits_for(&self) -> Party {
        if self.phase() != Phase::Serving {
            return Party::Client;
        }
        match self.0.waiting.load(Ordering::Relaxed) {
            1 => Party::Client,
            3 => Party::Budget,
            _ => Party::Upstream,
        }
    }

    /// Bytes per second, both directions, between the last two sweeps.
    pub fn rate(&self) -> u64 {
        self.0.rate.load(Ordering::Relaxed)
    }

    /// Who is to move: the client in one direction or the other, or the service.
    pub(crate) fn phase(&self) -> Phase {
        if self.0.offered.load(Ordering::Relaxed) || self.waiting() > 0 {
            Phase::Sending
        } else if self.0.asking.load(Ordering::Relaxed) {
            Phase::Receiving
        } else {
            Phase::Serving
        }
    }

    pub(crate) fn lane(&self) -> Option<&Lane> {
        self.0.lane.as_deref()
    }

    /// Over HTTP/2: response bytes in hyper's hands.
    pub(crate) fn waiting(&self) -> u64 {
        self.lane().map_or(0, Lane::waiting)
    }

    /// Asks for the end of this transfer alone. `false` where it can only end with its connection.
    pub(crate) fn end(&self, reason: Reason) -> bool {
        self.lane().inspect(|lane| lane.end(reason)).is_some()
    }

    pub(crate) fn set_offered(&self, offered: bool) {
        self.0.offered.store(offered, Ordering::Relaxed);
    }

    pub(crate) fn set_asking(&self, asking: bool) {
        self.0.asking.store(asking, Ordering::Relaxed);
    }

    pub(crate) fn add_yielded(&self, bytes: u64) {
        self.0.yielded.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn add_received(&self, bytes: u64) {
        self.0.received.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Of everything the connection was handed, `pending` bytes are not yet in the socket. Returns
    /// how many of those must belong to transfers before this one.
    pub(crate) fn settle_sent(&self, pending: u64) -> u64 {
        let yielded = self.0.yielded.load(Ordering::Relaxed);
        let mine = pending.min(yielded);
        self.0.sent.fetch_max(yielded - mine, Ordering::Relaxed);
        pending - mine
    }

    /// hyper was given response bytes of this stream.
    pub(crate) fn hand(&self, bytes: u64) {
        self.lane().inspect(|lane| lane.hand(bytes));
    }

    /// The connection's I/O has taken some of them.
    pub(crate) fn took(&self, bytes: u64) {
        self.0.sent.fetch_add(bytes, Ordering::Relaxed);
        self.lane().inspect(|lane| lane.release(bytes));
    }

    /// Nobody will take these: the stream or the connection has ended.
    pub(crate) fn lost(&self, bytes: u64) {
        if bytes > 0 {
            self.lane().inspect(|lane| lane.release(bytes));
        }
    }

    /// Called once per sweep. Returns whether the transfer has moved nothing since the last one.
    pub(crate) fn sweep(&self, elapsed_ms: u64) -> bool {
        let moved = self.sent() + self.received();
        let before = self.0.swept.swap(moved, Ordering::Relaxed);
        let delta = moved.saturating_sub(before);
        self.0.rate.store(delta * 1000 / elapsed_ms.max(1), Ordering::Relaxed);
        if delta > 0 {
            self.0.still_sweeps.store(0, Ordering::Relaxed);
        } else {
            self.0.still_sweeps.fetch_add(1, Ordering::Relaxed);
        }
        delta == 0
    }

    /// Who holds it up, if it has moved nothing for at least one whole sweep.
    pub(crate) fn stalled_on(&self) -> Option<Party> {
        (self.0.still_sweeps.load(Ordering::Relaxed) >= 2).then(|| self.waits_for())
    }
}

impl fmt::Debug for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transfer")
            .field("id", &self.0.id)
            .field("method", &self.0.method)
            .field("sent", &self.sent())
            .field("received", &self.received())
            .finish_non_exhaustive()
    }
}

fn shortened(target: &str) -> Box<str> {
    let end = (0..=TARGET_MAX.min(target.len())).rev().find(|&at| target.is_char_boundary(at)).unwrap_or(0);
    target[..end].into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sent_is_what_was_handed_over_less_what_is_still_pending() {
        let transfer = Transfer::new(1, &Method::GET, &Uri::from_static("/a?secret=1"), None);
        transfer.add_yielded(1000);
        assert_eq!(transfer.settle_sent(1200), 200, "the head's bytes belong to nobody's body");
        assert_eq!(transfer.sent(), 0);
        assert_eq!(transfer.settle_sent(300), 0);
        assert_eq!(transfer.sent(), 700);
        assert_eq!(transfer.settle_sent(0), 0);
        assert_eq!(transfer.sent(), 1000);
    }

    #[test]
    fn the_view_shows_no_query_and_no_endless_path() {
        let transfer = Transfer::new(1, &Method::GET, &Uri::from_static("/a?secret=1"), None);
        assert_eq!(transfer.target(), "/a");
        transfer.set_target(&"é".repeat(400));
        assert_eq!(transfer.target().len(), TARGET_MAX);
    }

    #[test]
    fn a_transfer_that_does_not_move_says_whom_it_waits_for() {
        let transfer = Transfer::new(1, &Method::GET, &Uri::from_static("/"), None);
        assert_eq!(transfer.stalled_on(), None);
        transfer.sweep(1000);
        transfer.sweep(1000);
        assert_eq!(transfer.stalled_on(), Some(Party::Upstream));
        transfer.set_waiting(Party::Budget);
        assert_eq!(transfer.stalled_on(), Some(Party::Budget));
        transfer.set_offered(true);
        assert_eq!(transfer.stalled_on(), Some(Party::Client));
        transfer.add_received(10);
        transfer.sweep(1000);
        assert_eq!((transfer.stalled_on(), transfer.rate()), (None, 10));
    }
}
