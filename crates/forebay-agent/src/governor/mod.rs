//! Care for an edge: what it is asked at once, how often, and how fast.
//!
//! Two doors, because they are measured differently: *control* lets short requests in, *bulk* those whose answer is an object. A thousand
//! purges never wait behind a body, and a slow body never looks like a slow edge. Bulk has further bounds: bytes in flight, bandwidth, and
//! times of day. What is held back is held back before it is asked for: a cache that is asked fills itself at its own speed, whatever
//! its client does.
//!
//! - `adaptive`, `gate`: how many at once, learnt from the time to the first byte;
//! - `flight`: how many bytes at once.

mod adaptive;
mod flight;
mod gate;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use forebay_budget::{ByteSize, Rate};
use forebay_net::Pace;
use forebay_net::retry::{Peer, PeerOptions, PeerStats};
use tokio::sync::watch;

use crate::failure::{Failure, FailureClass};
use crate::task::Lane;
use crate::window::Window;
pub(crate) use flight::Aboard;
use flight::Flight;
use gate::Gate;
pub(crate) use gate::Place;

/// With how many at once an edge is first asked; what it bears is learnt from there.
const START: u32 = 8;

/// What may be asked of an edge at most.
#[derive(Clone, Debug)]
pub struct EdgeLimits {
    /// Short requests at once. Default: 32.
    pub control: u32,
    /// Objects at once. Default: 16.
    pub bulk: u32,
    /// Requests a second, of both kinds together. Default: no limit.
    pub requests_per_second: Option<NonZeroU32>,
    /// Bytes that have been asked for and have not come. Default: no limit.
    pub bytes_in_flight: Option<ByteSize>,
    /// Bytes a second of all bodies. Default: no limit.
    pub bandwidth: Option<Rate>,
    /// Times of day at which objects may be fetched. Default: any.
    pub windows: Vec<Window>,
    /// Pieces of work under way at once, with those that wait at the door. Default: 96.
    pub under_way: u32,
    /// Retries and the breaker.
    pub peer: PeerOptions,
}

impl Default for EdgeLimits {
    fn default() -> Self {
        Self {
            control: 32,
            bulk: 16,
            requests_per_second: None,
            bytes_in_flight: None,
            bandwidth: None,
            windows: Vec::new(),
            under_way: 96,
            peer: PeerOptions::default(),
        }
    }
}

/// The care for one edge. Cheap to clone; clones share it.
#[derive(Clone, Debug)]
pub struct Governor {
    control: Gate,
    bulk: Gate,
    flight: Flight,
    requests: Option<Pace>,
    pub(crate) bandwidth: Pace,
    windows: Vec<Window>,
    pub(crate) peer: Peer,
    limits: Most,
    closed: Arc<watch::Sender<bool>>,
}

/// What is asked at most.
#[derive(Clone, Copy, Debug)]
struct Most {
    control: u32,
    bulk: u32,
    under_way: u32,
}

/// What an edge is given now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GovernorStats {
    /// Short requests that may be under way, and that are.
    pub control: (u32, u32),
    /// Objects that may be under way, and that are.
    pub bulk: (u32, u32),
    /// Bytes that have been asked for and have not come.
    pub bytes_in_flight: u64,
    /// Retries, and how often it was left alone.
    pub peer: PeerStats,
    /// Whether it is left alone, because it has answered nobody for a while.
    pub is_left_alone: bool,
}

impl Governor {
    /// Within these limits.
    pub fn new(limits: &EdgeLimits) -> Self {
        let requests = limits.requests_per_second.map(|count| Pace::at(Rate::b(count.get().into())));
        Self {
            control: Gate::new(START, limits.control),
            bulk: Gate::new(START, limits.bulk),
            flight: Flight::new(limits.bytes_in_flight.map(ByteSize::as_u64)),
            requests,
            bandwidth: limits.bandwidth.map_or_else(Pace::unlimited, Pace::at),
            windows: limits.windows.clone(),
            peer: Peer::new(limits.peer),
            limits: Most { control: limits.control, bulk: limits.bulk, under_way: limits.under_way },
            closed: Arc::new(watch::Sender::new(false)),
        }
    }

    /// From now on nothing is begun: who waits to purge or to fetch is told so. What is under way goes on to its end, with its proof.
    pub fn close(&self) {
        self.closed.send_replace(true);
    }

    /// How much work is worth having under way: what may ever be let in, and some that waits at the door.
    pub fn width(&self, lane: Lane) -> usize {
        let Most { control, bulk, under_way } = self.limits;
        let inside = match lane {
            Lane::Control => control,
            Lane::Bulk => bulk,
        };
        (inside + inside / 2 + 1).min(under_way.max(1)) as usize
    }

    /// Waits until a request may go out that begins something.
    ///
    /// # Errors
    ///
    /// `Stopped`, if nothing is begun any more.
    pub(crate) async fn begin(&self, lane: Lane) -> Result<Place, Failure> {
        self.unless_closed(self.enter(lane)).await
    }

    /// Waits until a request may go out.
    pub(crate) async fn enter(&self, lane: Lane) -> Place {
        if let Some(requests) = &self.requests {
            requests.pay(1).await;
        }
        match lane {
            Lane::Control => self.control.enter().await,
            Lane::Bulk => self.bulk.enter().await,
        }
    }

    /// Waits until another object may be asked for, with nothing in hand.
    ///
    /// # Errors
    ///
    /// `Stopped`, if nothing is begun any more.
    pub(crate) async fn board(&self) -> Result<Aboard, Failure> {
        self.unless_closed(async {
            loop {
                let wait = self.opens_in(SystemTime::now());
                if wait.is_zero() {
                    return self.flight.board().await;
                }
                // Not to sleep over a clock that is set.
                tokio::time::sleep(wait.min(Duration::from_secs(60))).await;
            }
        })
        .await
    }

    async fn unless_closed<T>(&self, let_in: impl Future<Output = T>) -> Result<T, Failure> {
        let mut closed = self.closed.subscribe();
        tokio::select! {
            biased;
            // Its sender is our own: it does not go while we wait.
            _ = closed.wait_for(|closed| *closed) => {
                Err(Failure::new(FailureClass::Stopped, "told to stop before it was asked for"))
            }
            let_in = let_in => Ok(let_in),
        }
    }

    /// How long it is until objects may be fetched.
    pub fn opens_in(&self, now: SystemTime) -> Duration {
        self.windows.iter().map(|window| window.opens_in(now)).min().unwrap_or_default()
    }

    /// Whether there are times of day at which nothing may be fetched.
    pub fn has_windows(&self) -> bool {
        !self.windows.is_empty()
    }

    /// Changes the bandwidth, for what is under way too.
    pub fn set_bandwidth(&self, rate: Option<Rate>) {
        self.bandwidth.set(rate);
    }

    /// What it gives now.
    pub fn stats(&self) -> GovernorStats {
        GovernorStats {
            control: self.control.usage(),
            bulk: self.bulk.usage(),
            bytes_in_flight: self.flight.bytes(),
            peer: self.peer.stats(),
            is_left_alone: self.peer.is_left_alone(),
        }
    }
}
