//! Asking again, without making things worse.
//!
//! A failure that passes is met by asking again; many callers who do so at once keep a server down that had only stumbled. So there are
//! three brakes. Each caller waits longer each time, by chance (`delay`). All callers of one [`Peer`] together may ask again only so
//! many times a second (`bucket`). And a peer that has answered nobody for a while is left alone but for one probe at a time
//! (`breaker`): callers learn at once, and how long it will last.
//!
//! ```no_run
//! # use forebay_net::retry::{Peer, PeerOptions, RetryPolicy, Trouble};
//! # async fn attempt() -> Result<(), Trouble> { Ok(()) }
//! # async fn example(peer: &Peer) -> Result<(), Box<dyn std::error::Error>> {
//! let mut retry = peer.start(RetryPolicy::default());
//! loop {
//!     retry.admit()?;
//!     match attempt().await {
//!         Ok(()) => break retry.succeeded(),
//!         Err(trouble) => match retry.again(trouble) {
//!             Some(wait) => tokio::time::sleep(wait).await,
//!             None => return Err("given up".into()),
//!         },
//!     }
//! }
//! # Ok(()) }
//! ```

mod breaker;
mod bucket;
mod delay;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use breaker::{Admission, Breaker};
use bucket::Bucket;
pub use delay::{RetryPolicy, Trouble, TroubleKind};

/// Whom requests go to, and what is known of his health. One per destination; clones share it.
#[derive(Clone, Debug)]
pub struct Peer(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    bucket: Bucket,
    breaker: Breaker,
    stats: PeerStats,
}

/// The brakes that all callers of a peer share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerOptions {
    /// Retries that may happen at once after a quiet time. Default: 100.
    pub burst: u32,
    /// Retries a second from then on, of all callers together. Default: 10.
    pub per_second: u32,
    /// Failures in a row, of all callers together, before the peer is left alone. Default: 20.
    pub failures_min: u32,
    /// For how long nothing but failures must have come: a hundred requests that break together are one event. Default: 5 s.
    pub failing_for: Duration,
    /// How long the peer is left alone at first; the time doubles while probes fail. Default: 2 s.
    pub rest_min: Duration,
    /// How long at most. Default: 30 s.
    pub rest_max: Duration,
}

impl Default for PeerOptions {
    fn default() -> Self {
        Self {
            burst: 100,
            per_second: 10,
            failures_min: 20,
            failing_for: Duration::from_secs(5),
            rest_min: Duration::from_secs(2),
            rest_max: Duration::from_secs(30),
        }
    }
}

/// The peer is left alone for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it has answered nobody for a while; the next try is in {wait:?}")]
pub struct LeftAlone {
    /// Ask again then: one caller will be let through.
    pub wait: Duration,
    /// Since when it has answered nobody.
    pub since: Instant,
}

/// What became of the requests to a peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerStats {
    /// Requests that were sent again.
    pub retries_total: u64,
    /// Failures that were not followed by a retry.
    pub given_up_total: u64,
    /// Requests that were not sent because the peer was left alone.
    pub left_alone_total: u64,
    /// Times that it was decided to leave the peer alone.
    pub rests_total: u64,
}

/// The tries of one request.
#[derive(Debug)]
#[must_use = "it does nothing by itself: ask it before each try, and tell it what came of it"]
pub struct Retry {
    peer: Peer,
    policy: RetryPolicy,
    /// Failures since the last success.
    failed: u32,
    /// This caller's try is the one that is to show whether the peer is well again.
    probes: bool,
}

impl Peer {
    /// A peer of whom nothing bad is known.
    pub fn new(options: PeerOptions) -> Self {
        let bucket = Bucket::new(options.burst, options.per_second, Instant::now());
        let stats = PeerStats::default();
        Self(Arc::new(Mutex::new(State { bucket, breaker: Breaker::new(options), stats })))
    }

    /// Begins a request.
    pub fn start(&self, policy: RetryPolicy) -> Retry {
        self.resume(policy, 0)
    }

    /// Goes on with a request that has failed so often before, perhaps in another process.
    pub fn resume(&self, policy: RetryPolicy, failed: u32) -> Retry {
        Retry { peer: self.clone(), policy, failed, probes: false }
    }

    /// What became of the requests so far.
    pub fn stats(&self) -> PeerStats {
        self.0.lock().stats
    }

    /// Whether it is left alone now, but for one probe at a time.
    pub fn is_left_alone(&self) -> bool {
        self.0.lock().breaker.is_open()
    }
}

impl Default for Peer {
    fn default() -> Self {
        Self::new(PeerOptions::default())
    }
}

impl Retry {
    /// The tries of another request to the same peer, as patient as these.
    pub fn anew(&self) -> Self {
        self.peer.start(self.policy)
    }

    /// Whether to try now. Ask before each try.
    ///
    /// # Errors
    ///
    /// [`LeftAlone`] says when to ask again. Whoever has no time should fail at once.
    pub fn admit(&mut self) -> Result<(), LeftAlone> {
        self.put_down_probe();
        let mut state = self.peer.0.lock();
        match state.breaker.admit(Instant::now()) {
            Admission::Free => Ok(()),
            Admission::Probe => {
                self.probes = true;
                Ok(())
            }
            Admission::Rest(wait, since) => {
                state.stats.left_alone_total += 1;
                Err(LeftAlone { wait, since })
            }
        }
    }

    /// The try succeeded, made progress, or got an answer that asking again would not change: the peer is well, and earlier failures
    /// are forgiven.
    pub fn succeeded(&mut self) {
        self.failed = 0;
        self.probes = false;
        self.peer.0.lock().breaker.succeeded();
    }

    /// The try failed. How long to wait before the next; `None` to give up.
    pub fn again(&mut self, trouble: Trouble) -> Option<Duration> {
        self.failed = self.failed.saturating_add(1);
        let now = Instant::now();
        let mut state = self.peer.0.lock();
        match trouble.kind {
            // It answers: it is not dead.
            TroubleKind::Throttled => state.breaker.succeeded(),
            TroubleKind::Transient => {
                let rests = state.breaker.failed(now);
                state.stats.rests_total += u64::from(rests);
            }
            TroubleKind::Ours if self.probes => state.breaker.put_down_probe(),
            TroubleKind::Ours => {}
        }
        self.probes = false;
        let wait = self.policy.wait(self.failed, trouble, delay::roll());
        let wait = wait.and_then(|wait| state.bucket.take(now, wait, self.policy.wait_max));
        let count =
            if wait.is_some() { &mut state.stats.retries_total } else { &mut state.stats.given_up_total };
        *count += 1;
        wait
    }

    fn put_down_probe(&mut self) {
        if std::mem::take(&mut self.probes) {
            self.peer.0.lock().breaker.put_down_probe();
        }
    }
}

/// A probe that nobody waits for any more has shown nothing: the next caller probes.
impl Drop for Retry {
    fn drop(&mut self) {
        self.put_down_probe();
    }
}

#[cfg(test)]
mod tests;
