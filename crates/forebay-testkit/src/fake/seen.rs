//! What a fake was asked, and what it really sent: the other half of an assertion.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};

use parking_lot::{Mutex, RwLock};
use tokio::io::AsyncWrite;

use super::head::RequestHead;
use super::verb::{Target, Verb};

/// A request as it stood when it was looked at.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Requests before it.
    pub serial: u64,
    /// The connection it came on, counted from 0.
    pub connection: u64,
    /// What it was for.
    pub target: Target,
    /// Its head.
    pub head: RequestHead,
    /// The status that was answered; 0 if none was.
    pub status: u16,
    /// Bytes of body taken from the client.
    pub taken: u64,
    /// Bytes of body given to the socket.
    pub sent: u64,
}

/// A request under way.
#[derive(Debug)]
pub(crate) struct Entry {
    serial: u64,
    connection: u64,
    target: Target,
    head: RequestHead,
    pub(crate) status: AtomicU16,
    pub(crate) taken: AtomicU64,
    sent: AtomicU64,
    given: Arc<Given>,
}

/// Bytes given to sockets, for all requests.
#[derive(Debug, Default)]
struct Given {
    sent: AtomicU64,
    /// Shared by those who give bytes away until they have counted them, and taken by whoever looks at a count: who has received bytes finds
    /// them counted.
    uncounted: RwLock<()>,
}

/// The last requests, and how many there were.
#[derive(Debug, Default)]
pub(crate) struct Log {
    state: Mutex<State>,
    given: Arc<Given>,
    under_way: AtomicU64,
    under_way_most: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<Arc<Entry>>,
    requests: u64,
    connections: u64,
    of: HashMap<Verb, u64>,
}

/// All requests since the start, remembered or not, as numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests whose head came.
    pub requests: u64,
    /// Connections that were taken.
    pub connections: u64,
    /// Requests of each verb.
    pub of: HashMap<Verb, u64>,
    /// Requests that are not answered to the end now.
    pub under_way: u64,
    /// The most of those that there were at once.
    pub under_way_most: u64,
    /// Bytes of bodies given to sockets.
    pub sent: u64,
}

/// A request between its head and the end of its answer.
#[derive(Debug)]
pub(crate) struct UnderWay<'a>(&'a Log);

/// Requests remembered: a soak asks by the million.
const REMEMBERED: usize = 20_000;

impl Log {
    pub(crate) fn connection(&self) -> u64 {
        let mut state = self.state.lock();
        state.connections += 1;
        state.connections - 1
    }

    pub(crate) fn begin(&self, connection: u64, target: &Target, head: &RequestHead) -> Arc<Entry> {
        let mut state = self.state.lock();
        if state.entries.len() == REMEMBERED {
            state.entries.pop_front();
        }
        let entry = Arc::new(Entry {
            serial: state.requests,
            connection,
            target: target.clone(),
            head: head.clone(),
            status: AtomicU16::new(0),
            taken: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            given: Arc::clone(&self.given),
        });
        state.requests += 1;
        *state.of.entry(target.verb).or_default() += 1;
        state.entries.push_back(Arc::clone(&entry));
        entry
    }

    /// Counts a request as under way as long as the value lives.
    pub(crate) fn enter(&self) -> UnderWay<'_> {
        let now = self.under_way.fetch_add(1, Relaxed) + 1;
        self.under_way_most.fetch_max(now, Relaxed);
        UnderWay(self)
    }

    pub(crate) fn tally(&self) -> Tally {
        let _counted = self.given.uncounted.write();
        let state = self.state.lock();
        Tally {
            requests: state.requests,
            connections: state.connections,
            of: state.of.clone(),
            under_way: self.under_way.load(Relaxed),
            under_way_most: self.under_way_most.load(Relaxed),
            sent: self.given.sent.load(Relaxed),
        }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        let _counted = self.given.uncounted.write();
        self.state.lock().entries.iter().map(|entry| entry.snapshot()).collect()
    }

    /// Requests and connections since the start.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let state = self.state.lock();
        (state.requests, state.connections)
    }

    pub(crate) fn forget(&self) {
        self.state.lock().entries.clear();
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Relaxed);
    }
}

impl Entry {
    /// Gives bytes to a socket, as many as it takes, and counts them.
    pub(crate) fn poll_give(
        &self,
        cx: &mut Context<'_>,
        io: Pin<&mut impl AsyncWrite>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let _uncounted = self.given.uncounted.read();
        let polled = io.poll_write(cx, bytes);
        if let Poll::Ready(Ok(n)) = polled {
            self.sent.fetch_add(n as u64, Relaxed);
            self.given.sent.fetch_add(n as u64, Relaxed);
        }
        polled
    }

    fn snapshot(&self) -> Seen {
        Seen {
            serial: self.serial,
            connection: self.connection,
            target: self.target.clone(),
            head: self.head.clone(),
            status: self.status.load(Relaxed),
            taken: self.taken.load(Relaxed),
            sent: self.sent.load(Relaxed),
        }
    }
}

impl Seen {
    /// Whether it was this verb on this key.
    #[must_use]
    pub fn is(&self, verb: Verb, key: &str) -> bool {
        self.target.verb == verb && self.target.key == key
    }

    /// The first and the last offset of its `Range`, if it had one with both.
    #[must_use]
    pub fn range(&self) -> Option<(u64, u64)> {
        let (first, last) = self.head.field("range")?.strip_prefix("bytes=")?.split_once('-')?;
        Some((first.parse().ok()?, last.parse().ok()?))
    }
}
